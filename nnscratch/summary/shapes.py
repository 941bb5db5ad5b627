"""Arrays that have a shape but no numbers: a network run on them shows its shapes and costs.

Stands on `kernels`. This module is itself the array library of `ShapeOnly`: it has the functions
that operations ask of NumPy or CuPy, and each returns the shape of the answer.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.kernels import Size

takes_all_arrays = True  # also NumPy's: there are no numbers that could be on the wrong device


@dataclass
class Meter:
    """What a run has cost so far."""

    multiply_adds: int = 0


@dataclass(frozen=True)
class Field:
    """The receptive field of one output: pixels per axis, and pixels from one output to the next.

    r ← r + dilation·(k − 1)·j, j ← j·stride.
    Source: Araujo et al. 2019, doi:10.23915/distill.00021.
    """

    size: Size
    jump: Size

    def through(self, window: Any) -> "Field":
        axes = zip(self.size, window.span, self.jump, strict=True)
        size = tuple(r + (span - 1) * j for r, span, j in axes)
        return Field(size, tuple(j * s for j, s in zip(self.jump, window.stride, strict=True)))


class ShapeOnly:
    """A shape, a dtype, and the receptive field of its elements (None: all of the input)."""

    __array_ufunc__ = None  # ndarray @ ShapeOnly reaches __rmatmul__

    def __init__(
        self, shape: Sequence[int], dtype: Any, field: Field | None, meter: Meter | None = None
    ):
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.field = field
        self.meter = Meter() if meter is None else meter

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __array_namespace__(self) -> Any:
        return sys.modules[__name__]

    def _refuse(self) -> Any:
        raise TypeError("summary: the model asks for a value, but it is run on shapes only")

    __bool__ = __float__ = __int__ = item = get = _refuse

    def like(self, shape: Sequence[int], field: Field | None, dtype: Any = None) -> "ShapeOnly":
        return ShapeOnly(shape, self.dtype if dtype is None else dtype, field, self.meter)

    def _numbers(self) -> np.ndarray:
        """Zeros that take no memory: NumPy then knows what indexing or reshaping would give."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)

    def reshape(self, *shape: Any) -> "ShapeOnly":
        shape = self._numbers().reshape(*shape).shape
        return self.like(shape, self.field if len(shape) == self.ndim else None)

    def transpose(self, *axes: Any) -> "ShapeOnly":
        return self.like(self._numbers().transpose(*axes).shape, None)

    def squeeze(self, axis: Any = None) -> "ShapeOnly":
        return self.like(self._numbers().squeeze(axis).shape, None)

    def astype(self, dtype: Any, copy: bool = True) -> "ShapeOnly":
        return self.like(self.shape, self.field, dtype)

    def __getitem__(self, index: Any) -> "ShapeOnly":
        shape = self._numbers()[index].shape
        return self.like(shape, self.field if len(shape) == self.ndim else None)

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> "ShapeOnly":
        given = range(self.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = {a % self.ndim for a in given}
        kept = [1 if i in axes else n for i, n in enumerate(self.shape)]
        shape = kept if keepdims else [n for i, n in enumerate(kept) if i not in axes]
        return self.like(shape, None if axes - {0, 1} or not keepdims else self.field)

    max = min = argmax = argmin = any = all = sum

    def __matmul__(self, other: Any) -> "ShapeOnly":
        return _product(self, other)

    def __rmatmul__(self, other: Any) -> "ShapeOnly":
        return _product(other, self)

    def _combine(self, other: Any) -> "ShapeOnly":
        return _elementwise(self, other)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _combine
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _combine
    __lt__ = __le__ = __gt__ = __ge__ = __and__ = __or__ = _combine
    # element by element as NumPy's, where Python's own promise a bool
    __eq__ = __ne__ = _combine  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __neg__(self) -> "ShapeOnly":
        return self

    __invert__ = __abs__ = __neg__


def _elementwise(*operands: Any, **_: Any) -> ShapeOnly:
    """Any function of elements: shapes broadcast, the widest receptive field counts."""
    shapes = [x for x in operands if isinstance(x, ShapeOnly)]
    shape = np.broadcast_shapes(
        *(np.shape(x) if not hasattr(x, "shape") else x.shape for x in operands)
    )
    fields = [x.field for x in shapes]
    known = [f for f in fields if f is not None]
    widest = max(known, key=lambda f: f.size) if len(known) == len(fields) else None
    return shapes[0].like(shape, widest)


def _product(a: Any, b: Any) -> ShapeOnly:
    """(..., M, K) @ (..., K, N): M·K·N multiply-adds for each matrix."""
    known = a if isinstance(a, ShapeOnly) else b
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    known.meter.multiply_adds += math.prod(shape) * a.shape[-1]
    return known.like(shape, None)


def __getattr__(name: str) -> Any:
    """xp.exp, xp.maximum, ...: what works element by element in NumPy does so here."""
    if name.startswith("_") or not isinstance(getattr(np, name, None), np.ufunc):
        raise AttributeError(f"shapes: no function {name}; it is needed to summarise this model")
    return _elementwise


def where(condition: Any, a: Any, b: Any) -> ShapeOnly:
    return _elementwise(condition, a, b)


def clip(x: ShapeOnly, low: Any, high: Any) -> ShapeOnly:
    return x


def asarray(x: Any, dtype: Any = None) -> np.ndarray:
    return np.asarray(x, dtype)


def broadcast_to(x: Any, shape: Size) -> Any:
    return x.like(shape, x.field) if isinstance(x, ShapeOnly) else np.broadcast_to(x, shape)


def zeros(shape: Size, dtype: Any = None) -> np.ndarray:
    return np.broadcast_to(np.zeros((), dtype), shape)


ones = zeros


def full(shape: Size, value: float, dtype: Any = None) -> np.ndarray:
    return zeros(shape, dtype)


def concatenate(arrays: Sequence[Any], axis: int) -> ShapeOnly:
    shapes = [x for x in arrays if isinstance(x, ShapeOnly)]
    joined = _elementwise(*(x.like((1,), x.field) for x in shapes))
    shape = list(shapes[0].shape)
    shape[axis] = sum(x.shape[axis] for x in arrays)
    return joined.like(shape, joined.field)


# -- kernels on shapes ----------------------------------------------------------------------------


def conv(x: ShapeOnly, weight: Any, window: Any, groups: int, bias: Any = None) -> ShapeOnly:
    """Each output is a sum over C_in/G·K inputs."""
    shape = (len(x), len(weight), *window.out_size(x.shape[2:]))
    x.meter.multiply_adds += math.prod(shape) * math.prod(weight.shape[1:])
    return x.like(shape, x.field and x.field.through(window))


def conv_grad_input(
    x: ShapeOnly, weight: Any, window: Any, in_size: Size, groups: int
) -> ShapeOnly:
    """Each input adds to C_out/G·K outputs; a window of span s sees ceil(s / stride) inputs."""
    shape = (len(x), weight.shape[1] * groups, *in_size)
    x.meter.multiply_adds += x.size * math.prod(weight.shape[1:])
    if x.field is None:
        return x.like(shape, None)
    axes = list(zip(x.field.size, x.field.jump, window.span, window.stride, strict=True))
    size = tuple(r + (-(-span // s) - 1) * j for r, j, span, s in axes)
    return x.like(shape, Field(size, tuple(max(1, j // s) for _, j, _, s in axes)))


def sum_pool(x: Any, window: Any, scale: float = 1) -> Any:
    if not isinstance(x, ShapeOnly):  # counts of elements
        return zeros((*x.shape[:2], *window.out_size(x.shape[2:])), x.dtype)
    shape = (*x.shape[:2], *window.out_size(x.shape[2:]))
    return x.like(shape, x.field and x.field.through(window))


def max_pool(x: ShapeOnly, window: Any) -> tuple[ShapeOnly, None]:
    return sum_pool(x, window), None


KERNELS: dict[str, Callable[..., Any]] = {"conv": conv, "conv_grad_input": conv_grad_input}
KERNELS |= {"sum_pool": sum_pool, "max_pool": max_pool}


def choose(kernel: str, *args: Any, **kwargs: Any) -> Callable[..., Any] | None:
    """The chooser for `choosing`: kernels that are not listed do it by their definitions."""
    return KERNELS.get(kernel)
