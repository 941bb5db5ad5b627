"""Array operations whose definition is short, and whose speed depends on memory and threads.

Stands on `backend`.
"""

import math
from collections.abc import Callable
from typing import Any

from nnscratch.backend import Array
from nnscratch.kernels.dispatch import kernel

FEW = 16  # terms: float32 loses no digits in their sum


def in_float32(kernel: Callable[..., Array], *args: Any) -> Array:
    """`kernel` of float16 arrays, computed in float32, in which sums of products keep digits."""
    wide = (a.astype("float32") if getattr(a, "dtype", None) == "float16" else a for a in args)
    return kernel(*wide).astype("float16")


@kernel
def matmul(a: Array, b: Array) -> Array:
    """a (..., M, K) @ b (..., K, N) -> (..., M, N)."""
    if a.dtype == b.dtype == "float16":
        return in_float32(matmul, a, b)
    return a @ b


def power(base: Array, exponent: Any) -> Array:
    """base ** exponent, by multiplication where it is 3 or 4: ten times as fast as NumPy's."""
    if type(exponent) not in (int, float) or exponent not in (3, 4) or base.dtype.kind != "f":
        return base**exponent
    square = base * base
    return square * (base if exponent == 3 else square)


@kernel
def total(x: Array, axis: Any = None) -> Array:
    """The sum over `axis` (None: all), which stays with length 1.

    It may stay in the type in which it is added: a sum that overflows may belong to a mean.
    """
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    terms = math.prod(x.shape[a] for a in axes) if x.ndim else 1
    kind = sum_type(x.dtype, terms) if x.dtype.kind == "f" else None
    return x.sum(axis, dtype=kind, keepdims=True)


def sum_type(dtype: Any, terms: int) -> Any:
    """The type in which `terms` numbers of `dtype` keep their digits when they are added."""
    if dtype == "float16" and terms <= FEW:
        return "float32"
    return "float64" if dtype in ("float16", "float32") and terms > FEW else dtype


@kernel
def match_layout(g: Array, strides: tuple[int, ...]) -> Array:
    """g itself; an engine may return a copy in the memory order that `strides` describes."""
    return g
