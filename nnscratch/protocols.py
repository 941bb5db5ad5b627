"""What Python and NumPy ask of an array, and the names that PyTorch's Tensor has.

Stands on NumPy. A function of NumPy returns a Tensor with its gradient or raises an error
with the remedy; `numpy_functions` lists those that Tensors have.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import numpy as np

from nnscratch import notebook

# By NumPy's name: what computes the function on Tensors.
FUNCTIONS: dict[str, Callable[..., Any]] = {}

# By PyTorch's name: what it is called here.
OTHER_NAMES = {
    "clone": "Tensor(x.data.copy())",
    "cpu": 'to("cpu")',
    "cuda": 'to("cuda")',
    "expand": "broadcast_to(shape)",
    "float": "astype(np.float32)",
    "norm": "(x * x).sum().sqrt()",
    "numel": "size",
    "permute": "transpose(*axes)",
    "pow": "x ** exponent",
    "std": "var(axis).sqrt()",
    "unsqueeze": "expand_dims(axis)",
    "view": "reshape(*shape)",
}


P = ParamSpec("P")
R = TypeVar("R")


def with_axis(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, which says `axis` and `keepdims` where PyTorch says `dim` and `keepdim`."""

    @functools.wraps(function)
    def compute(*args: P.args, **kwargs: P.kwargs) -> R:
        for theirs, ours in (("dim", "axis"), ("keepdim", "keepdims")):
            if theirs in kwargs:
                raise TypeError(
                    f"{function.__name__}: got {theirs!r}, which is PyTorch's name; write "
                    f"{ours}={kwargs[theirs]!r}"
                )
        return function(*args, **kwargs)

    return compute


class _ArrayUfunc:
    """`__array_ufunc__`: a method for NumPy, which looks it up in the class.

    CuPy looks it up in the object: None there lets cupy_array * tensor reach Tensor.__rmul__.
    """

    def __get__(self, tensor: Any, owner: type) -> Callable | None:
        return _call_ufunc if tensor is None else None


def _call_ufunc(tensor: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    return call(name, inputs, options)


def weak_number(value: Any) -> Any:
    """A NumPy scalar as a Python number, which takes the type of the array beside it."""
    return value.item() if isinstance(value, np.generic) else value


def call(name: str, args: Any, options: Any) -> Any:
    """NumPy's function `name` of Tensors; TypeError where the gradient would be lost."""
    if name not in FUNCTIONS or "out" in options:
        raise TypeError(
            f"numpy.{name}: expected arrays, got a Tensor, whose gradient would be lost; use the "
            "operations of nnscratch and of Tensor, or x.numpy() for the values alone"
        )
    return FUNCTIONS[name](*args, **options)


class ArrayProtocols:
    """The methods of a Tensor that Python and NumPy call, by operations or by the values."""

    __slots__ = ()

    data: Any
    shape: Any
    size: Any
    ndim: Any
    grad: Any
    node: Any
    requires_grad: bool
    op: Any
    is_leaf: Any
    item: Any
    numpy: Any
    __getitem__: Any

    # -- Python ------------------------------------------------------------------------------

    def __repr__(self) -> str:
        op = "" if self.op == "leaf" else f", op={self.op}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        values = np.array2string(self.numpy(), separator=", ", prefix="Tensor(")
        return f"Tensor({values}{op}{grad})"

    def _repr_html_(self) -> str:
        return notebook.text(self, f"shape {self.shape}, {self.dtype}, on {self.device}")

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: a Tensor of shape () has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"bool: a Tensor of shape {self.shape} has no single truth value; "
                "reduce it first, e.g. (x > 0).all()"
            )
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def _refuse_in_place(self, other: Any) -> Any:
        raise TypeError(
            "in-place operation on a Tensor: its old values may be needed by backward; "
            "write x = x + y instead of x += y"
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = _refuse_in_place

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "item assignment on a Tensor: its old values may be needed by backward; "
            "build the new one with where, concatenate or stack"
        )

    def __getstate__(self) -> tuple:
        """What a copy holds: it has no graph, so a result of operations becomes a constant."""
        return self.data, self.grad, self.requires_grad and self.is_leaf

    def __setstate__(self, state: tuple) -> None:
        self.data, self.grad, self.requires_grad = state  # type: ignore[misc]
        self.node = None

    def __getattr__(self, name: str) -> Any:
        other = OTHER_NAMES.get(name)
        raise AttributeError(f"Tensor has no {name!r}" + (f"; use {other}" if other else ""))

    # -- NumPy -------------------------------------------------------------------------------

    __array_ufunc__ = _ArrayUfunc()

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return call(function.__name__, args, options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad or not isinstance(self.data, np.ndarray):
            reason = "requires a gradient" if self.requires_grad else "is on a GPU"
            raise TypeError(
                f"array: this Tensor {reason}, which a NumPy array cannot hold; use x.numpy() for "
                "the values alone"
            )
        return np.array(self.data, dtype=dtype, copy=copy)
