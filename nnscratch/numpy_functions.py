"""NumPy's functions of Tensors, by NumPy's names: np.mean(x) is x.mean(), with its gradient.

Stands on `operations`. What is not listed here raises TypeError (see `protocols`).
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from nnscratch import operations
from nnscratch.protocols import FUNCTIONS, weak_number
from nnscratch.tensor import Tensor, as_tensor


def _method(name: str) -> Callable[..., Tensor]:
    """np.name(x, *args) as x.name(*args)."""
    return lambda x, *args, **options: getattr(as_tensor(x), name)(*args, **options)


def _operator(function: Callable[[Any, Any], Any]) -> Callable[..., Tensor]:
    """np.name(a, b) as an operator of Tensors; a number on the left stays weak."""

    def apply(a: Any, b: Any) -> Tensor:
        a = weak_number(a)
        return function(a if isinstance(a, (bool, int, float)) else as_tensor(a), b)

    return apply


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function without a gradient, of the values."""

    def values(x: Any) -> Any:
        return x.numpy() if isinstance(x, Tensor) else x

    return lambda *args, **options: function(
        *map(values, args), **{name: values(value) for name, value in options.items()}
    )


def _dot(a: Any, b: Any) -> Tensor:
    """np.dot: a product of numbers, or of matrices and vectors."""
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim > 2 or b.ndim > 2:
        raise ValueError(f"dot: expected at most two axes, got {a.shape} and {b.shape}; use a @ b")
    return a @ b


def _std(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    return as_tensor(x).var(axis, keepdims, ddof).sqrt()


METHODS = (
    *("sum", "mean", "max", "min", "argmax", "argmin", "all", "any", "clip", "astype"),
    *("reshape", "transpose", "swapaxes", "moveaxis", "squeeze", "expand_dims", "broadcast_to"),
)
OPERATORS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "matmul": operator.matmul,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
}
PLAIN = (
    *(np.shape, np.ndim, np.size, np.isnan, np.isinf, np.isfinite, np.isclose, np.allclose),
    *(np.array_equal, np.argsort, np.nonzero, np.count_nonzero, np.result_type, np.array2string),
)

FUNCTIONS.update({name: _method(name) for name in METHODS})
FUNCTIONS.update({name: _operator(function) for name, function in OPERATORS.items()})
FUNCTIONS.update({function.__name__: _plain(function) for function in PLAIN})
FUNCTIONS.update(
    {name: getattr(operations, name) for name in ("exp", "log", "log1p", "sqrt", "sin", "cos")}
)
FUNCTIONS.update(
    tanh=operations.tanh,
    absolute=operations.abs,
    negative=operator.neg,
    positive=operator.pos,
    invert=operator.invert,
    square=lambda x: as_tensor(x) ** 2,
    maximum=operations.maximum,
    minimum=operations.minimum,
    where=operations.where,
    concatenate=operations.concatenate,
    stack=operations.stack,
    einsum=operations.einsum,
    dot=_dot,
    std=_std,
    var=lambda x, axis=None, ddof=0, keepdims=False: as_tensor(x).var(axis, keepdims, ddof),
    amax=FUNCTIONS["max"],
    amin=FUNCTIONS["min"],
    ravel=lambda x: as_tensor(x).flatten(),
)
