"""Tensor: an array that remembers how it was computed.

Stands on `autograd`, which takes gradients back through what is recorded here. Every operation is
written once, for NumPy and CuPy, with its derivative beside it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from nnscratch import autograd, kernels
from nnscratch.backend import Array, array_module, copied_index, is_array, put, to_device, to_numpy
from nnscratch.protocols import ArrayProtocols, weak_number, with_axis

Edge = tuple["Tensor", Callable[..., "Tensor | None"]]  # an input and its vjp

_NUMBERS = (float, int, bool)


class Tensor(ArrayProtocols):
    """An array with a gradient.

    data: an array, whose dtype is kept; a number or (nested) list becomes float32
    requires_grad: whether `backward` leaves a gradient in `.grad`; floats only

    Arithmetic, shapes and reductions read as NumPy's. The data of a Tensor in a graph is never
    written to: in-place operators raise.
    """

    __slots__ = ("data", "grad", "requires_grad", "node", "__weakref__")

    data: Array
    grad: Tensor | None
    node: autograd.Node | None  # how an operation computed it, if a gradient can be asked

    def __init__(self, data: Any, requires_grad: bool = False):
        self.data = _as_data(data)
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(
                f"Tensor: expected floats for requires_grad, got {self.data.dtype}; "
                "convert with .astype(np.float32)"
            )
        self.grad = None
        self.requires_grad = requires_grad
        self.node = None

    @staticmethod
    def from_op(op: str, data: Array, *edges: Edge) -> Tensor:
        """The result `data` of operation `op`, with one edge `(input, vjp)` for each input.

        vjp(g), or vjp(g, y) if it needs the output y, returns the gradient of the input.
        """
        y = Tensor.__new__(Tensor)
        y.data = np.asarray(data) if isinstance(data, np.generic) else data
        y.grad = None
        y.node = autograd.record(op, y.data, edges)
        y.requires_grad = y.node is not None
        return y

    # -- the array ---------------------------------------------------------------------------

    shape = property(attrgetter("data.shape"), doc="The size along each axis.")
    ndim = property(attrgetter("data.ndim"), doc="The number of axes.")
    size = property(attrgetter("data.size"), doc="The number of elements.")
    dtype = property(attrgetter("data.dtype"), doc="The type of the elements.")

    @property
    def device(self) -> str:
        """ "cpu" or "cuda"."""
        return "cpu" if isinstance(self.data, np.ndarray) else "cuda"

    @property
    def op(self) -> str:
        """The name of the operation that computed it; "leaf" if no graph leads to it."""
        return "leaf" if self.node is None else self.node.op

    @property
    def is_leaf(self) -> bool:
        """Whether no graph leads to this tensor."""
        return self.node is None or self.node.leaf is not None

    def item(self) -> float:
        """The one element as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: expected one element, got shape {self.shape}")
        return self.data.item()

    def numpy(self) -> np.ndarray:
        """The values as a host array (shared, not copied, where they already are one)."""
        return to_numpy(self.data)

    def detach(self) -> Tensor:
        """The same values without the graph."""
        return Tensor(self.data)

    def to(self, device: str) -> Tensor:
        """This tensor on "cpu" or "cuda"; gradients move back the other way."""
        home = self.device
        return Tensor.from_op("to", to_device(self.data, device), (self, lambda g: g.to(home)))

    __hash__ = object.__hash__

    # -- the graph ---------------------------------------------------------------------------

    backward = autograd.backward

    def constant(self, value: Any) -> Tensor:
        """`value` as a Tensor without gradient, of this one's library and dtype."""
        other = operands(as_tensor(value), self)[0].detach()
        return other if other.dtype == self.dtype else other.astype(self.dtype)

    # -- arithmetic --------------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        a, b = operands(self, other)
        return Tensor.from_op("add", a.data + b.data, (a, lambda g: g), (b, lambda g: g))

    def __sub__(self, other: Any) -> Tensor:
        return _sub(*operands(self, other))

    def __rsub__(self, other: Any) -> Tensor:
        return _sub(*operands(other, self))

    def __mul__(self, other: Any) -> Tensor:
        a, b = operands(self, other)
        return Tensor.from_op("mul", a.data * b.data, (a, lambda g: g * b), (b, lambda g: g * a))

    def __truediv__(self, other: Any) -> Tensor:
        return _div(*operands(self, other))

    def __rtruediv__(self, other: Any) -> Tensor:
        return _div(*operands(other, self))

    def __pow__(self, other: Any) -> Tensor:
        return _pow(*operands(self, other))

    def __rpow__(self, other: Any) -> Tensor:
        return _pow(*operands(other, self))

    def __matmul__(self, other: Any) -> Tensor:
        return _matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return _matmul(other, self)

    def __pos__(self) -> Tensor:
        return self

    def __neg__(self) -> Tensor:
        return Tensor.from_op("neg", -self.data, (self, lambda g: -g))

    __radd__ = __add__
    __rmul__ = __mul__

    # -- comparisons: Tensors of bool, without a gradient ------------------------------------
    # (Python's own == promises a bool, which is what mypy is told to ignore.)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return _compare(operator.eq, self, other)

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return _compare(operator.ne, self, other)

    def __lt__(self, other: Any) -> Tensor:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Any) -> Tensor:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Any) -> Tensor:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Any) -> Tensor:
        return _compare(operator.ge, self, other)

    def __and__(self, other: Any) -> Tensor:
        return _compare(operator.and_, self, other)

    def __or__(self, other: Any) -> Tensor:
        return _compare(operator.or_, self, other)

    def __invert__(self) -> Tensor:
        return Tensor(~self.data)

    @with_axis
    def all(self, axis: Any = None) -> Tensor:
        """Whether all elements are true."""
        return Tensor(self.data.all(axis))

    @with_axis
    def any(self, axis: Any = None) -> Tensor:
        """Whether any element is true."""
        return Tensor(self.data.any(axis))

    # -- functions of each element -----------------------------------------------------------

    def exp(self) -> Tensor:
        """e to the power of each element."""
        return Tensor.from_op("exp", self._xp.exp(self.data), (self, lambda g, y: g * y))

    def log(self) -> Tensor:
        """The natural logarithm."""
        return Tensor.from_op("log", self._xp.log(self.data), (self, lambda g: g / self))

    def log1p(self) -> Tensor:
        """log(1 + x), exact for small x."""
        y = self._xp.log1p(self.data)
        return Tensor.from_op("log1p", y, (self, lambda g: g / (1.0 + self)))

    def sqrt(self) -> Tensor:
        """The square root; its slope at 0 is infinite."""
        return Tensor.from_op("sqrt", self._xp.sqrt(self.data), (self, lambda g, y: g / (2.0 * y)))

    def sin(self) -> Tensor:
        """The sine."""
        return Tensor.from_op("sin", self._xp.sin(self.data), (self, lambda g: g * self.cos()))

    def cos(self) -> Tensor:
        """The cosine."""
        return Tensor.from_op("cos", self._xp.cos(self.data), (self, lambda g: -g * self.sin()))

    def tanh(self) -> Tensor:
        """The hyperbolic tangent."""
        y = self._xp.tanh(self.data)
        return Tensor.from_op("tanh", y, (self, lambda g, y: g * (1.0 - y * y)))

    def abs(self) -> Tensor:
        """The absolute value; the gradient at 0 is 0."""
        sign = self._xp.sign(self.data)
        return Tensor.from_op("abs", self._xp.absolute(self.data), (self, lambda g: g * sign))

    __abs__ = abs

    def clip(self, low: float | None = None, high: float | None = None) -> Tensor:
        """Values limited to [low, high]; the gradient passes where x lies in that range."""
        if low is None and high is None:
            raise ValueError("clip: expected low, high or both, got neither")
        y = self._xp.clip(self.data, weak_number(low), weak_number(high))
        return Tensor.from_op("clip", y, (self, lambda g: g * (self.data == y).astype(g.dtype)))

    @property
    def _xp(self) -> Any:
        return array_module(self.data)

    # -- reductions --------------------------------------------------------------------------

    @with_axis
    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The sum over `axis`: an axis, a tuple of axes, or all."""
        total = kernels.total(self.data, axis)
        if self.dtype.kind == "f":
            total = total.astype(self.dtype, copy=False)
        data = total if keepdims else total.squeeze(axis)
        kept, shape = total.shape, self.shape
        return Tensor.from_op("sum", data, (self, lambda g: g.reshape(kept).broadcast_to(shape)))

    @with_axis
    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The mean over `axis`."""
        total = kernels.total(self.data, axis)
        count = self.size // max(total.size, 1)
        mean = total / count
        if self.dtype.kind == "f":
            mean = mean.astype(self.dtype, copy=False)
        data = mean if keepdims else mean.squeeze(axis)
        kept, shape = mean.shape, self.shape

        def grad_x(g: Tensor) -> Tensor:
            return (g * (1 / max(count, 1))).reshape(kept).broadcast_to(shape)

        return Tensor.from_op("mean", data, (self, grad_x))

    @with_axis
    def var(self, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
        """The variance; `ddof` is subtracted from the number of elements, as in NumPy.

        Differs from PyTorch: ddof is 0 by default, not 1. Infinite if nothing is left.
        """
        wide = self.astype(np.float32) if self.dtype == np.float16 else self  # squares underflow
        centred = wide - wide.mean(axis, keepdims=True)
        variance = (centred * centred).mean(axis, keepdims)
        count = self.size // max(variance.size, 1)
        if ddof:
            variance = variance * (count / (count - ddof) if count > ddof else math.inf)
        return variance if wide is self else variance.astype(self.dtype)

    @with_axis
    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The largest value; equal ones share the gradient."""
        return _extreme("max", self, axis, keepdims)

    @with_axis
    def min(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The smallest value; equal ones share the gradient."""
        return _extreme("min", self, axis, keepdims)

    @with_axis
    def argmax(self, axis: int | None = None) -> Tensor:
        """The index of the first largest value."""
        return Tensor(self.data.argmax(axis))

    @with_axis
    def argmin(self, axis: int | None = None) -> Tensor:
        """The index of the first smallest value."""
        return Tensor(self.data.argmin(axis))

    # -- shape -------------------------------------------------------------------------------

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return self.transpose()

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape, given as a tuple or as arguments."""
        target = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        before = self.shape
        data = self.data.reshape(target)
        return Tensor.from_op("reshape", data, (self, lambda g: g.reshape(before)))

    def flatten(self) -> Tensor:
        """One axis of all elements."""
        return self.reshape(-1)

    def transpose(self, *axes: Any) -> Tensor:
        """Axes in the given order (as a tuple or as arguments); reversed if none are given."""
        given = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        order = tuple(normalize_axis_index(axis, self.ndim) for axis in given)
        order = order or tuple(reversed(range(self.ndim)))
        if sorted(order) != list(range(self.ndim)):
            raise ValueError(
                f"transpose: expected each of the {self.ndim} axes once, got {given}; "
                "swapaxes exchanges two (PyTorch's transpose)"
            )
        data = self.data.transpose(order)
        back = tuple(order.index(axis) for axis in range(len(order)))
        return Tensor.from_op("transpose", data, (self, lambda g: g.transpose(back)))

    def swapaxes(self, first: int, second: int) -> Tensor:
        """Two axes exchanged."""
        order = list(range(self.ndim))
        first, second = (normalize_axis_index(axis, self.ndim) for axis in (first, second))
        order[first], order[second] = second, first
        return self.transpose(order)

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """An axis, or a tuple of them, moved to another place among the others."""
        moved, places = (normalize_axis_tuple(axes, self.ndim) for axes in (source, destination))
        order = [axis for axis in range(self.ndim) if axis not in moved]
        for place, axis in sorted(zip(places, moved, strict=True)):
            order.insert(place, axis)
        return self.transpose(order)

    @with_axis
    def squeeze(self, axis: Any = None) -> Tensor:
        """Without `axis` (all, if None) of size 1."""
        return self.reshape(self.data.squeeze(axis).shape)

    @with_axis
    def expand_dims(self, axis: int) -> Tensor:
        """With a new axis of size 1 at position `axis`."""
        position = normalize_axis_index(axis, self.ndim + 1)
        return self.reshape(self.shape[:position] + (1,) + self.shape[position:])

    def broadcast_to(self, shape: tuple[int, ...]) -> Tensor:
        """Repeated along axes of size 1 and new leading axes, as NumPy broadcasts."""
        data = array_module(self.data).broadcast_to(self.data, shape)
        return Tensor.from_op("broadcast_to", data, (self, lambda g: g))

    def astype(self, dtype: Any) -> Tensor:
        """The values in another dtype; a gradient passes between floats."""
        data = self.data.astype(dtype, copy=False)
        if data is self.data:
            return self
        edges = ((self, lambda g: g),) if data.dtype.kind == "f" else ()
        return Tensor.from_op("astype", data, *edges)

    def __getitem__(self, index: Any) -> Tensor:
        """Basic and advanced indexing; an element that is taken twice gets both gradients."""
        parts = index if isinstance(index, tuple) else (index,)
        arrays = tuple(part.data if isinstance(part, Tensor) else part for part in parts)
        plain = copied_index(arrays if isinstance(index, tuple) else arrays[0])
        shape = self.shape
        return Tensor.from_op("getitem", self.data[plain], (self, lambda g: _put(g, plain, shape)))


# -- making Tensors -------------------------------------------------------------------------------


def as_tensor(value: Any) -> Tensor:
    """`value` itself where it is a Tensor, else a constant Tensor of it."""
    return value if isinstance(value, Tensor) else Tensor(value)


def _as_data(value: Any) -> Array:
    if isinstance(value, Tensor):
        return value.data
    if _holds_tensor(value):
        raise TypeError("Tensor: expected numbers, got a list of Tensors; use stack(list)")
    dtype_given = is_array(value)
    on_host = not dtype_given or isinstance(value, (np.ndarray, np.generic))
    data = np.asarray(value) if on_host else value  # a matrix would keep its own arithmetic
    if getattr(data.dtype, "kind", None) not in tuple("fiub"):
        raise TypeError(f"Tensor: expected real numbers or bools, got dtype {data.dtype}")
    return data if dtype_given else data.astype(np.float32)


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or (
        isinstance(value, (list, tuple)) and any(map(_holds_tensor, value))
    )


def operands(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Two operands as Tensors; TypeError if their libraries differ.

    Numbers of Python and NumPy are weak, and integers take the float type of their partner, as in
    PyTorch: float32 stays float32.
    """
    a = a if isinstance(a, Tensor) else _weak(a)
    b = b if isinstance(b, Tensor) else _weak(b)
    x, y = a.data, b.data
    if type(x) in _NUMBERS or type(y) in _NUMBERS:
        return a, b
    if type(x) is not type(y):
        common_module(a, b)
    if x.dtype is not y.dtype and (x.dtype.kind == "f") != (y.dtype.kind == "f"):
        return (a, b.astype(x.dtype)) if x.dtype.kind == "f" else (a.astype(y.dtype), b)
    return a, b


def _weak(value: Any) -> Tensor:
    """`value` as an operand: a number becomes a constant without a type of its own.

    NumPy treats a Python number as weak, so that float32 times 2.0 is float32.
    """
    number = weak_number(value)
    if type(number) not in _NUMBERS:
        return Tensor(value)
    constant = Tensor.__new__(Tensor)
    constant.data = number
    constant.requires_grad = False
    return constant


def common_module(*tensors: Tensor) -> Any:
    """The array library of `tensors`, Python numbers left out."""
    return array_module(*(x.data for x in tensors if type(x.data) not in _NUMBERS))


# -- operations of two operands -------------------------------------------------------------------


def _compare(relation: Callable, a: Any, b: Any) -> Tensor:
    a, b = operands(a, b)
    return Tensor(relation(a.data, b.data))


def _sub(a: Tensor, b: Tensor) -> Tensor:
    return Tensor.from_op("sub", a.data - b.data, (a, lambda g: g), (b, lambda g: -g))


def _div(a: Tensor, b: Tensor) -> Tensor:
    return Tensor.from_op(
        "div", a.data / b.data, (a, lambda g: g / b), (b, lambda g, y: -g * y / b)
    )


def _pow(a: Tensor, b: Tensor) -> Tensor:
    """a ** b; where the base is 0 the exponent gets no gradient."""

    def grad_a(g: Tensor) -> Tensor:
        if type(b.data) in (int, float):
            return g * (a ** (b.data - 1) * b.data) if b.data else g * 0.0
        corner = (a.data == 0) & (b.data == 0)  # 0⁰ is flat here; 0 · 0⁻¹ would be NaN
        return g * b * a ** where(corner, 1.0, b - 1)

    def grad_b(g: Tensor, y: Tensor) -> Tensor:
        if type(a.data) in _NUMBERS:
            if a.data == 0:
                return g * 0.0
            return g * y * (math.log(a.data) if a.data > 0 else math.nan)
        return where(a.data == 0, 0.0, g * y * where(a.data == 0, 1.0, a).log())

    return Tensor.from_op("pow", kernels.power(a.data, b.data), (a, grad_a), (b, grad_b))


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    """NumPy's rules: a (..., M, K), b (..., K, N) -> (..., M, N); a vector is a row or a column."""
    a, b = operands(as_tensor(a), as_tensor(b))
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: the last axis of the first operand must equal the last but one of the "
            f"second: {a.shape} @ {b.shape}"
        )
    if a.ndim == 1:
        return _matmul(a.reshape(1, -1), b).squeeze(-2 if b.ndim > 1 else 0)
    if b.ndim == 1:
        return _matmul(a, b.reshape(-1, 1)).squeeze(-1)
    if a.ndim > 2 == b.ndim:  # one product of matrices: no gradient of b for each matrix of a
        rows = a.reshape(-1, a.shape[-1])
        return _matmul(rows, b).reshape(*a.shape[:-1], b.shape[-1])
    if b.ndim > 2 == a.ndim:
        return _matmul(b.swapaxes(-1, -2), a.T).swapaxes(-1, -2)
    return Tensor.from_op(
        "matmul",
        kernels.matmul(a.data, b.data),
        (a, lambda g: g @ b.swapaxes(-1, -2)),
        (b, lambda g: a.swapaxes(-1, -2) @ g),
    )


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """`a` where `condition` holds, else `b`; the three broadcast together."""
    mask = as_tensor(condition)
    a, b = operands(a, b)
    return Tensor.from_op(
        "where",
        common_module(mask, a, b).where(mask.data, a.data, b.data),
        (a, lambda g: where(mask, g, 0.0)),
        (b, lambda g: where(mask, 0.0, g)),
    )


# -- reductions and indices -----------------------------------------------------------------------


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
    reduced = _axes(axis, len(shape))
    return g.reshape(tuple(1 if i in reduced else n for i, n in enumerate(shape)))


def _axes(axis: Any, ndim: int) -> set[int]:
    """None (all), an axis or a tuple of them, as numbers from 0."""
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return {normalize_axis_index(a, ndim) for a in axes} if ndim else set()


def _put(g: Tensor, index: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape` with `g` added at `index`: the adjoint of indexing."""
    return Tensor.from_op("put", put(g.data, index, shape), (g, lambda h: h[index]))
