"""Tensor: an array that remembers how it was computed, so that gradients can flow back.

Stands on `backend` alone; every operation is written once, for NumPy and CuPy, with its
derivative beside it.

    numbers --> Tensor --> ... --> Tensor --> scalar.backward()

An operation leaves edges `(input, vjp)`. `vjp(g, y)` takes the gradient `g` of the output and
the output `y`, and returns the gradient of that input. It is written in Tensor operations, so
that derivatives of derivatives come for nothing; and since the engine hands `y` in, no closure
holds its own output and no reference cycle arises.
"""

import contextlib
import itertools
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from nnscratch.backend import Array, array_module, is_array, scatter_add, to_device, to_numpy
from nnscratch.host import products

Edge = tuple["Tensor", Callable[["Tensor", "Tensor"], "Tensor | None"]]


class _Mode(threading.local):
    recording = True  # each thread has its own


_mode = _Mode()
_clock = itertools.count()
_NUMBERS = (float, int, bool)
_HOST = (np.ndarray, np.generic)


@contextlib.contextmanager
def _recording(on: bool) -> Iterator[None]:
    before, _mode.recording = _mode.recording, on
    try:
        yield
    finally:
        _mode.recording = before


def no_grad() -> "contextlib._GeneratorContextManager[None]":
    """Within this block (or function, as a decorator) operations leave no edges."""
    return _recording(False)


def enable_grad() -> "contextlib._GeneratorContextManager[None]":
    """Within this block operations leave edges, also inside a no_grad block."""
    return _recording(True)


class Tensor:
    """An array with a gradient.

    data: an array, whose dtype is kept; a number or (nested) list becomes float32
    requires_grad: whether `backward` should leave a gradient in `.grad`; floats only

    Arithmetic, shapes and reductions read as NumPy's. The data of a Tensor in a graph is never
    written to: in-place operators raise.
    """

    __slots__ = ("data", "grad", "requires_grad", "op", "_edges", "_born", "__weakref__")
    __array_ufunc__ = None  # ndarray * tensor reaches Tensor.__rmul__ ...
    __array_priority__ = 1000  # ... and so does a CuPy array's

    data: Array
    grad: "Tensor | None"

    def __init__(self, data: Any, requires_grad: bool = False):
        self.data = _as_data(data)
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(
                f"Tensor: expected floats for requires_grad, got {self.data.dtype}; "
                "convert with .astype(np.float32)"
            )
        self.grad = None
        self.requires_grad = requires_grad
        self.op = "leaf"
        self._edges: Sequence[Edge] | None = ()
        self._born = next(_clock)

    @staticmethod
    def from_op(op: str, data: Array, *edges: Edge) -> "Tensor":
        """The result `data` of operation `op`, with one edge `(input, vjp)` for each input.

        Edges nobody needs are dropped here: an input without gradient costs no gradient work.
        """
        y = Tensor.__new__(Tensor)
        y.data = np.asarray(data) if isinstance(data, np.generic) else data
        y.grad = None
        y.op = op
        y._edges = [edge for edge in edges if edge[0].requires_grad] if _mode.recording else ()
        y.requires_grad = bool(y._edges)
        y._born = next(_clock)
        return y

    # -- the array ---------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    @property
    def device(self) -> str:
        """ "cpu" or "cuda"."""
        return "cpu" if isinstance(self.data, np.ndarray) else "cuda"

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made this tensor (or none that needs a gradient)."""
        return self._edges is not None and not self._edges

    def item(self) -> float:
        """The one element as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: expected one element, got shape {self.shape}")
        return self.data.item()

    def numpy(self) -> np.ndarray:
        """The values as a host array (shared, not copied, where they already are one)."""
        return to_numpy(self.data)

    def detach(self) -> "Tensor":
        """The same values without the graph."""
        return Tensor(self.data)

    def release(self) -> None:
        """Let go of the values and keep shape, dtype and graph.

        For one who holds the only reference and knows that no gradient needs the values: between
        a convolution and its ReLU, say, whose gradient asks for its output alone.
        """
        xp = array_module(self.data)
        self.data = xp.broadcast_to(xp.zeros((), dtype=self.dtype), self.shape)

    def to(self, device: str) -> "Tensor":
        """This tensor on "cpu" or "cuda"; gradients move back the other way."""
        home = self.device
        return Tensor.from_op("to", to_device(self.data, device), (self, lambda g, y: g.to(home)))

    def __repr__(self) -> str:
        note = ", requires_grad=True" if self.requires_grad else ""
        made = "" if self.op == "leaf" else f", op={self.op}"
        return (
            f"Tensor({np.array2string(self.numpy(), separator=', ', prefix='Tensor(')}{made}{note})"
        )

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: a Tensor of shape () has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"bool: the truth of a Tensor of shape {self.shape} is not one answer; "
                "reduce it first, e.g. (x > 0).numpy().all()"
            )
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __format__(self, how: str) -> str:
        return format(self.item(), how) if how else repr(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if not isinstance(self.data, np.ndarray):
            raise TypeError("array: this Tensor is on a GPU; bring it over with .numpy()")
        return np.array(self.data, dtype=dtype, copy=copy)

    __hash__ = object.__hash__

    # -- the graph ---------------------------------------------------------------------------

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add d(self)/d(leaf) to `.grad` of every leaf that requires a gradient.

        gradient: the gradient of `self`, same shape; may be left out where self is one number
        retain_graph: keep the graph for another backward; otherwise it is freed on the way
        """
        if not self.requires_grad:
            raise ValueError(
                "backward: nothing here requires a gradient; "
                "create an input with Tensor(data, requires_grad=True)"
            )
        with no_grad():
            for x, g in _gradients(self, _seed(self, gradient, "backward"), retain_graph):
                if x.is_leaf:
                    x.grad = g if x.grad is None else x.grad + g

    # -- arithmetic --------------------------------------------------------------------------

    def __add__(self, other: Any) -> "Tensor":
        a, b = self, _operand(other, self)
        return Tensor.from_op("add", a.data + b.data, (a, lambda g, y: g), (b, lambda g, y: g))

    def __sub__(self, other: Any) -> "Tensor":
        return _sub(self, _operand(other, self))

    def __rsub__(self, other: Any) -> "Tensor":
        return _sub(_operand(other, self), self)

    def __mul__(self, other: Any) -> "Tensor":
        a, b = self, _operand(other, self)
        return Tensor.from_op(
            "mul", a.data * b.data, (a, lambda g, y: g * b), (b, lambda g, y: g * a)
        )

    def __truediv__(self, other: Any) -> "Tensor":
        return _div(self, _operand(other, self))

    def __rtruediv__(self, other: Any) -> "Tensor":
        return _div(_operand(other, self), self)

    def __pow__(self, other: Any) -> "Tensor":
        return _pow(self, _operand(other, self))

    def __rpow__(self, other: Any) -> "Tensor":
        return _pow(_operand(other, self), self)

    def __matmul__(self, other: Any) -> "Tensor":
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> "Tensor":
        return matmul(other, self)

    def __neg__(self) -> "Tensor":
        return Tensor.from_op("neg", -self.data, (self, lambda g, y: -g))

    def __abs__(self) -> "Tensor":
        return abs(self)

    __radd__ = __add__
    __rmul__ = __mul__

    def _refuse_in_place(self, other: Any) -> "Tensor":
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

    # -- comparisons: Tensors of bool, without a gradient ---------------------------------
    # (Python's own == promises one bool: hence what mypy is told to ignore.)

    def __eq__(self, other: Any) -> "Tensor":  # type: ignore[override]
        return Tensor(self.data == _operand(other, self).data)

    def __ne__(self, other: Any) -> "Tensor":  # type: ignore[override]
        return Tensor(self.data != _operand(other, self).data)

    def __lt__(self, other: Any) -> "Tensor":
        return Tensor(self.data < _operand(other, self).data)

    def __le__(self, other: Any) -> "Tensor":
        return Tensor(self.data <= _operand(other, self).data)

    def __gt__(self, other: Any) -> "Tensor":
        return Tensor(self.data > _operand(other, self).data)

    def __ge__(self, other: Any) -> "Tensor":
        return Tensor(self.data >= _operand(other, self).data)

    # -- reductions --------------------------------------------------------------------------

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        def grad_x(g: "Tensor", y: "Tensor") -> "Tensor":
            return _keep_axes(g, self.shape, axis).broadcast_to(self.shape)

        return Tensor.from_op("sum", self.data.sum(axis=axis, keepdims=keepdims), (self, grad_x))

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        total = self.sum(axis, keepdims)
        return total / (self.size // max(total.size, 1))

    def var(self, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> "Tensor":
        """The variance; `ddof` is subtracted from the number of elements, as in NumPy."""
        centred = self - self.mean(axis, keepdims=True)
        total = (centred * centred).sum(axis, keepdims)
        return total / (self.size // max(total.size, 1) - ddof)

    def max(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """The largest value; equal ones share the gradient."""
        return _extreme("max", self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """The smallest value; equal ones share the gradient."""
        return _extreme("min", self, axis, keepdims)

    def argmax(self, axis: int | None = None) -> "Tensor":
        return Tensor(self.data.argmax(axis))

    def argmin(self, axis: int | None = None) -> "Tensor":
        return Tensor(self.data.argmin(axis))

    # -- shape -------------------------------------------------------------------------------

    @property
    def T(self) -> "Tensor":
        return self.transpose()

    def reshape(self, *shape: Any) -> "Tensor":
        target = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return Tensor.from_op(
            "reshape", self.data.reshape(target), (self, lambda g, y: g.reshape(self.shape))
        )

    def flatten(self) -> "Tensor":
        return self.reshape(-1)

    def transpose(self, *axes: Any) -> "Tensor":
        """Axes in the given order (as a tuple or as arguments); reversed if none are given."""
        given = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        order = tuple(normalize_axis_index(axis, self.ndim) for axis in given)
        order = order or tuple(reversed(range(self.ndim)))
        data = self.data.transpose(order)
        back = tuple(order.index(axis) for axis in range(len(order)))
        return Tensor.from_op("transpose", data, (self, lambda g, y: g.transpose(back)))

    def swapaxes(self, first: int, second: int) -> "Tensor":
        order = list(range(self.ndim))
        order[first], order[second] = order[second], order[first]
        return self.transpose(order)

    def moveaxis(self, source: int, destination: int) -> "Tensor":
        order = list(range(self.ndim))
        axis = order.pop(source)
        order.insert(normalize_axis_index(destination, self.ndim), axis)
        return self.transpose(order)

    def squeeze(self, axis: Any = None) -> "Tensor":
        data = self.data.squeeze(axis)
        return self.reshape(data.shape)

    def expand_dims(self, axis: int) -> "Tensor":
        position = normalize_axis_index(axis, self.ndim + 1)
        return self.reshape(self.shape[:position] + (1,) + self.shape[position:])

    def broadcast_to(self, shape: tuple[int, ...]) -> "Tensor":
        xp = array_module(self.data)
        return Tensor.from_op(
            "broadcast_to", xp.broadcast_to(self.data, shape), (self, lambda g, y: g)
        )

    def astype(self, dtype: Any) -> "Tensor":
        data = self.data.astype(dtype, copy=False)
        edges = ((self, lambda g, y: g),) if data.dtype.kind == "f" else ()
        return Tensor.from_op("astype", data, *edges)

    def __getitem__(self, index: Any) -> "Tensor":
        """Basic and advanced indexing; an element that is taken twice gets both gradients."""
        index = _plain_index(index)
        return Tensor.from_op(
            "getitem", self.data[index], (self, lambda g, y: _put(g, index, self.shape))
        )

    # -- x.exp() reads as exp(x) ---------------------------------------------------------------

    def exp(self) -> "Tensor":
        return exp(self)

    def log(self) -> "Tensor":
        return log(self)

    def sqrt(self) -> "Tensor":
        return sqrt(self)

    def abs(self) -> "Tensor":
        return abs(self)

    def tanh(self) -> "Tensor":
        return tanh(self)

    def clip(self, low: float | None = None, high: float | None = None) -> "Tensor":
        return clip(self, low, high)


# -- making Tensors -----------------------------------------------------------------------------


def as_tensor(value: Any) -> Tensor:
    """`value` itself where it is a Tensor, else a constant Tensor of it."""
    return value if isinstance(value, Tensor) else Tensor(value)


def _as_data(value: Any) -> Array:
    if isinstance(value, Tensor):
        return value.data
    if _holds_tensor(value):
        raise TypeError("Tensor: expected numbers, got a list of Tensors; use stack(list)")
    given = is_array(value)
    # np.asarray: a matrix or another subclass would keep its own arithmetic
    data = value if given and not isinstance(value, _HOST) else np.asarray(value)
    if getattr(data.dtype, "kind", None) not in tuple("fiub"):
        raise TypeError(f"Tensor: expected real numbers or bools, got dtype {data.dtype}")
    return data if given else data.astype(np.float32)


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or (
        isinstance(value, (list, tuple)) and any(map(_holds_tensor, value))
    )


def _operand(value: Any, like: Tensor) -> Tensor:
    """`value` as the partner of `like` in an operation; TypeError if their libraries differ."""
    if type(value) in _NUMBERS:
        return _constant(value)
    other = value if isinstance(value, Tensor) else Tensor(value)
    if type(other.data) is not type(like.data):
        _module(like, other)
    return other


def _constant(value: float) -> Tensor:
    """A Python number in the place of a Tensor.

    NumPy treats it as weak, so that float32 times 2.0 is float32. Only operands are made so.
    """
    constant = Tensor.__new__(Tensor)
    constant.data = value
    constant.requires_grad = False
    return constant


def _pair(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    a = _constant(a) if type(a) in _NUMBERS else as_tensor(a)
    b = _constant(b) if type(b) in _NUMBERS else as_tensor(b)
    return a, b


def _module(*tensors: Tensor) -> Any:
    """The array library of `tensors`, Python numbers left out."""
    return array_module(*(x.data for x in tensors if type(x.data) not in _NUMBERS))


# -- the engine ---------------------------------------------------------------------------------


def _seed(output: Tensor, gradient: Any, caller: str) -> Tensor:
    """The gradient to start from: 1 for a single number, else what the caller gave."""
    if gradient is None:
        if output.size != 1:
            raise ValueError(
                f"{caller}: expected an output of one element, got shape {output.shape}; "
                "reduce it with .sum() or .mean(), or pass the gradient of the output"
            )
        return Tensor(array_module(output.data).ones_like(output.data))
    gradient = _operand(as_tensor(gradient), output)
    if gradient.shape != output.shape:
        raise ValueError(
            f"{caller}: expected a gradient of the output's shape {output.shape}, "
            f"got {gradient.shape}"
        )
    return gradient if gradient.dtype == output.dtype else gradient.astype(output.dtype)


def _subgraph(output: Tensor) -> list[Tensor]:
    """Every tensor on the way from `output` to its leaves, oldest first.

    An output is always younger than its inputs, so age alone is a topological order.
    """
    seen, stack = {output}, [output]
    while stack:
        y = stack.pop()
        if y._edges is None:
            raise ValueError(
                f"backward: the graph behind {y.op!r} {y.shape} was freed by an earlier "
                "backward; pass retain_graph=True to that one, or compute the value again"
            )
        for x, _ in y._edges:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return sorted(seen, key=attrgetter("_born"))


def _leading_to(wanted: Iterable[Tensor], nodes: list[Tensor]) -> set[Tensor]:
    """Those of `nodes` (oldest first) through which a gradient can reach one of `wanted`."""
    reached = set(wanted)
    for y in nodes:
        if any(x in reached for x, _ in y._edges or ()):
            reached.add(y)
    return reached


def _gradients(
    output: Tensor, seed: Tensor, retain_graph: bool, wanted: Iterable[Tensor] | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Each tensor behind `output` with its complete gradient, youngest first."""
    nodes = _subgraph(output)
    useful = None if wanted is None else _leading_to(wanted, nodes)
    gradients = {output: seed}
    while nodes:
        y = nodes.pop()
        g = gradients.pop(y, None)
        if g is None:
            continue
        yield y, g
        for x, vjp in y._edges or ():
            if useful is None or x in useful:
                g_x = vjp(g, y)
                if g_x is None:
                    continue
                g_x = _fit(g_x, x, y)
                # out of place: two edges may hand on one and the same array
                gradients[x] = gradients[x] + g_x if x in gradients else g_x
        if not retain_graph and y._edges:
            y._edges = None


def _fit(g: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The gradient `g` in the shape and dtype of the input `x` of `y`: broadcasting undone."""
    if g.data.shape != x.data.shape:
        g = _sum_to(g, x.shape, y.op)
    return g if g.data.dtype == x.data.dtype else g.astype(x.data.dtype)


def _sum_to(g: Tensor, shape: tuple[int, ...], op: str) -> Tensor:
    """Sum `g` over the axes along which an array of `shape` was broadcast."""
    lead = g.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:], strict=True)):
        raise ValueError(
            f"backward: {op!r} returned a gradient of shape {g.shape} for an input of shape {shape}"
        )
    stretched = tuple(i + lead for i, n in enumerate(shape) if n == 1)
    return g.sum(tuple(range(lead)) + stretched).reshape(shape)


def grad(
    output: Tensor,
    inputs: Tensor | Sequence[Tensor],
    grad_output: Any = None,
    create_graph: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of `output` with respect to `inputs`, as a tuple; `.grad` is left alone.

    grad_output: the gradient of `output`, same shape; may be left out where it is one number
    create_graph: make the result differentiable again, for second and higher derivatives

    Differs from PyTorch: an input that `output` does not depend on gets zeros, and the graph is
    kept.
    """
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for i, x in enumerate(wanted):
        if not x.requires_grad:
            raise ValueError(f"grad: input {i} of shape {x.shape} does not require a gradient")
    seed = _seed(output, grad_output, "grad")
    asked = set(wanted)
    with _recording(create_graph):
        found = {y: g for y, g in _gradients(output, seed, True, wanted) if y in asked}
    return tuple(found[x] if x in found else _zeros_like(x) for x in wanted)


def _zeros_like(x: Tensor) -> Tensor:
    return Tensor(array_module(x.data).zeros_like(x.data))


# -- operations with two operands -----------------------------------------------------------------


def _sub(a: Tensor, b: Tensor) -> Tensor:
    return Tensor.from_op("sub", a.data - b.data, (a, lambda g, y: g), (b, lambda g, y: -g))


def _div(a: Tensor, b: Tensor) -> Tensor:
    return Tensor.from_op(
        "div", a.data / b.data, (a, lambda g, y: g / b), (b, lambda g, y: -g * y / b)
    )


def _pow(a: Tensor, b: Tensor) -> Tensor:
    """a ** b; where the base is 0 the exponent gets no gradient."""

    def grad_a(g: Tensor, y: Tensor) -> Tensor | None:
        if type(b.data) in (int, float):
            return g * (a ** (b.data - 1) * b.data) if b.data else g * 0.0
        corner = (a.data == 0) & (b.data == 0)  # 0⁰ is flat here; 0 · 0⁻¹ would be NaN
        return g * b * a ** where(corner, 1.0, b - 1)

    def grad_b(g: Tensor, y: Tensor) -> Tensor | None:
        if type(a.data) in (int, float):
            return g * y * (math.log(a.data) if a.data > 0 else 0.0 if a.data == 0 else math.nan)
        return g * y * log(where(a.data == 0, 1.0, a))

    return Tensor.from_op("pow", a.data**b.data, (a, grad_a), (b, grad_b))


def matmul(a: Any, b: Any) -> Tensor:
    """Matrix product, NumPy's rules: a (..., M, K), b (..., K, N) -> (..., M, N)."""
    a, b = as_tensor(a), as_tensor(b)
    array_module(a.data, b.data)
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: the last axis of the first operand must equal the last but one of the "
            f"second: {a.shape} @ {b.shape}"
        )
    if a.ndim == 1:
        return matmul(a.reshape(1, -1), b).squeeze(-2 if b.ndim > 1 else 0)
    if b.ndim == 1:
        return matmul(a, b.reshape(-1, 1)).squeeze(-1)
    return Tensor.from_op(
        "matmul",
        _product(a.data, b.data),
        (a, lambda g, y: g @ b.swapaxes(-1, -2)),
        (b, lambda g, y: a.swapaxes(-1, -2) @ g),
    )


def _product(a: Array, b: Array) -> Array:
    return products.matmul(a, b) if type(a) is np.ndarray is type(b) else a @ b


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of the two, element by element; equal ones share the gradient."""
    return _choose("maximum", a, b)


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of the two, element by element; equal ones share the gradient."""
    return _choose("minimum", a, b)


def _choose(op: str, a: Any, b: Any) -> Tensor:
    a, b = _pair(a, b)
    xp = _module(a, b)

    def share(mine: Tensor, g: Tensor, y: Tensor) -> Tensor:
        weight = xp.where(a.data == b.data, 0.5, mine.data == y.data)
        return g * weight.astype(g.dtype)

    return Tensor.from_op(
        op,
        getattr(xp, op)(a.data, b.data),
        (a, lambda g, y: share(a, g, y)),
        (b, lambda g, y: share(b, g, y)),
    )


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """`a` where `condition` holds, else `b`; the three broadcast together."""
    mask = as_tensor(condition)
    a, b = _pair(a, b)
    return Tensor.from_op(
        "where",
        _module(mask, a, b).where(mask.data, a.data, b.data),
        (a, lambda g, y: where(mask, g, 0.0)),
        (b, lambda g, y: where(mask, 0.0, g)),
    )


# -- operations with one operand ------------------------------------------------------------------


def exp(x: Any) -> Tensor:
    x = as_tensor(x)
    return Tensor.from_op("exp", array_module(x.data).exp(x.data), (x, lambda g, y: g * y))


def log(x: Any) -> Tensor:
    """Natural logarithm."""
    x = as_tensor(x)
    return Tensor.from_op("log", array_module(x.data).log(x.data), (x, lambda g, y: g / x))


def log1p(x: Any) -> Tensor:
    """log(1 + x), exact for small x."""
    x = as_tensor(x)
    return Tensor.from_op(
        "log1p", array_module(x.data).log1p(x.data), (x, lambda g, y: g / (1.0 + x))
    )


def sqrt(x: Any) -> Tensor:
    """Square root; its slope at 0 is infinite."""
    x = as_tensor(x)
    return Tensor.from_op(
        "sqrt", array_module(x.data).sqrt(x.data), (x, lambda g, y: g / (2.0 * y))
    )


def sin(x: Any) -> Tensor:
    x = as_tensor(x)
    return Tensor.from_op("sin", array_module(x.data).sin(x.data), (x, lambda g, y: g * cos(x)))


def cos(x: Any) -> Tensor:
    x = as_tensor(x)
    return Tensor.from_op("cos", array_module(x.data).cos(x.data), (x, lambda g, y: -g * sin(x)))


def tanh(x: Any) -> Tensor:
    x = as_tensor(x)
    return Tensor.from_op(
        "tanh", array_module(x.data).tanh(x.data), (x, lambda g, y: g * (1.0 - y * y))
    )


def abs(x: Any) -> Tensor:
    """Absolute value; the gradient at 0 is 0."""
    x = as_tensor(x)
    xp = array_module(x.data)
    return Tensor.from_op("abs", xp.absolute(x.data), (x, lambda g, y: g * xp.sign(x.data)))


def clip(x: Any, low: float | None = None, high: float | None = None) -> Tensor:
    """Values limited to [low, high]; the gradient passes where x lies in that range."""
    x = as_tensor(x)
    if low is None and high is None:
        raise ValueError("clip: expected low, high or both, got neither")
    return Tensor.from_op(
        "clip",
        array_module(x.data).clip(x.data, low, high),
        (x, lambda g, y: g * (x.data == y.data).astype(g.dtype)),
    )


def _extreme(op: str, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    def grad_x(g: Tensor, y: Tensor) -> Tensor:
        top = _keep_axes(y, x.shape, axis).data
        winners = (x.data == top) | (x.data != x.data)  # NaN wins, as in the forward pass
        count = winners.sum(axis=axis, keepdims=True)
        return _keep_axes(g, x.shape, axis) * (winners / count).astype(g.dtype)

    if any(x.shape[a] == 0 for a in _axes(axis, x.ndim)):
        raise ValueError(f"{op}: expected at least one element, got shape {x.shape}")
    data = getattr(x.data, op)(axis=axis, keepdims=keepdims)
    return Tensor.from_op(op, data, (x, grad_x))


def _keep_axes(g: Tensor, shape: tuple[int, ...], axis: Any) -> Tensor:
    """`g`, reduced over `axis` of `shape`, with those axes put back as ones."""
    dropped = _axes(axis, len(shape))
    return g.reshape(tuple(1 if i in dropped else n for i, n in enumerate(shape)))


def _axes(axis: Any, ndim: int) -> set[int]:
    """None (all), an axis or a tuple of them, as numbers from 0."""
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return {normalize_axis_index(a, ndim) for a in axes}


def _put(g: Tensor, index: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape` with `g` added at `index`: the adjoint of indexing."""
    data = array_module(g.data).zeros(shape, dtype=g.dtype)
    if _is_basic(index):
        data[index] = g.data
    else:
        scatter_add(data, index, g.data)
    return Tensor.from_op("put", data, (g, lambda h, y: h[index]))


def _plain_index(index: Any) -> Any:
    """`index` without Tensors; arrays are copied, as backward will need them unchanged."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [part.data if isinstance(part, Tensor) else part for part in parts]
    plain = tuple(part.copy() if is_array(part) else part for part in arrays)
    return plain if isinstance(index, tuple) else plain[0]


def _is_basic(index: Any) -> bool:
    """Whether `index` is made of whole numbers, slices, None and ... only: no element twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, slice)
        or (isinstance(part, (int, np.integer)) and not isinstance(part, bool))
        for part in parts
    )


# -- operations with many operands ----------------------------------------------------------------


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join along an existing axis."""
    parts = [as_tensor(x) for x in tensors]
    if not parts:
        raise ValueError("concatenate: expected at least one Tensor, got none")
    axis = normalize_axis_index(axis, parts[0].ndim)
    data = array_module(*(x.data for x in parts)).concatenate([x.data for x in parts], axis)
    ends = list(itertools.accumulate(x.shape[axis] for x in parts))

    def part(start: int, stop: int) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda g, y: g[(slice(None),) * axis + (slice(start, stop),)]

    edges = [(x, part(end - x.shape[axis], end)) for x, end in zip(parts, ends, strict=True)]
    return Tensor.from_op("concatenate", data, *edges)


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join along a new axis."""
    return concatenate([as_tensor(x).expand_dims(axis) for x in tensors], axis)
