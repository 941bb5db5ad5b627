"""Operations as functions: of several Tensors, and the methods of one under NumPy's names.

Stands on `tensor`, which has `where` as well. All take Tensors, arrays or numbers.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from numpy.lib.array_utils import normalize_axis_index

from nnscratch.backend import array_module
from nnscratch.tensor import Tensor, as_tensor, common_module, operands
from nnscratch.tensor import where as where


def exp(x: Any) -> Tensor:
    """e to the power of each element."""
    return as_tensor(x).exp()


def log(x: Any) -> Tensor:
    """The natural logarithm."""
    return as_tensor(x).log()


def log1p(x: Any) -> Tensor:
    """log(1 + x), exact for small x."""
    return as_tensor(x).log1p()


def sqrt(x: Any) -> Tensor:
    """The square root; its slope at 0 is infinite."""
    return as_tensor(x).sqrt()


def sin(x: Any) -> Tensor:
    """The sine."""
    return as_tensor(x).sin()


def cos(x: Any) -> Tensor:
    """The cosine."""
    return as_tensor(x).cos()


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return as_tensor(x).tanh()


def abs(x: Any) -> Tensor:
    """The absolute value; the gradient at 0 is 0."""
    return as_tensor(x).abs()


def clip(x: Any, low: float | None = None, high: float | None = None) -> Tensor:
    """Values limited to [low, high]; the gradient passes where x lies in that range."""
    return as_tensor(x).clip(low, high)


def matmul(a: Any, b: Any) -> Tensor:
    """Matrix product, NumPy's rules: a (..., M, K), b (..., K, N) -> (..., M, N)."""
    return as_tensor(a) @ b


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of the two, element by element; equal ones share the gradient."""
    return _extreme_of("maximum", a, b)


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of the two, element by element; equal ones share the gradient."""
    return _extreme_of("minimum", a, b)


def _extreme_of(op: str, a: Any, b: Any) -> Tensor:
    a, b = operands(a, b)
    xp = common_module(a, b)

    def share(x: Tensor, g: Tensor, y: Tensor) -> Tensor:
        weight = xp.where(a.data == b.data, 0.5, x.data == y.data)
        return g * weight.astype(g.dtype)

    return Tensor.from_op(
        op,
        getattr(xp, op)(a.data, b.data),
        (a, lambda g, y: share(a, g, y)),
        (b, lambda g, y: share(b, g, y)),
    )


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join along an existing axis."""
    parts = [as_tensor(x) for x in tensors]
    if not parts:
        raise ValueError("concatenate: expected at least one Tensor, got none")
    axis = normalize_axis_index(axis, parts[0].ndim)
    data = array_module(*(x.data for x in parts)).concatenate([x.data for x in parts], axis)
    ends = list(itertools.accumulate(x.shape[axis] for x in parts))

    def part(start: int, stop: int) -> Callable[[Tensor], Tensor]:
        return lambda g: g[(slice(None),) * axis + (slice(start, stop),)]

    edges = [(x, part(end - x.shape[axis], end)) for x, end in zip(parts, ends, strict=True)]
    return Tensor.from_op("concatenate", data, *edges)


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join along a new axis."""
    return concatenate([as_tensor(x).expand_dims(axis) for x in tensors], axis)
