"""Convolution and pooling on plain arrays of any number of dimensions, NumPy's or CuPy's.

`plain` defines convolution; the other files are faster ways to the same numbers. This file is the
one place that chooses among them.
"""

import contextlib
import threading
from collections.abc import Iterator
from types import ModuleType

from nnscratch import shapes
from nnscratch.backend import Array
from nnscratch.kernels import im2col, plain, pool
from nnscratch.kernels.pool import max_pick, max_unpool, sum_unpool
from nnscratch.kernels.window import Size, Window, as_tuple, pad, window

ALGORITHMS: dict[str, ModuleType] = {"plain": plain, "im2col": im2col}


class _Forced(threading.local):
    name: str | None = None


_forced = _Forced()


@contextlib.contextmanager
def algorithm(name: str) -> Iterator[None]:
    """Within this block every convolution is computed by algorithm `name`."""
    if name not in ALGORITHMS:
        raise ValueError(f"algorithm: expected one of {tuple(ALGORITHMS)}, got {name!r}")
    before, _forced.name = _forced.name, name
    try:
        yield
    finally:
        _forced.name = before


def conv(x: Array, weight: Array, window: Window, groups: int = 1) -> Array:
    """x (N, C_in, *in), weight (C_out, C_in/groups, *kernel) -> (N, C_out, *out)."""
    return _choose(x, groups).conv(x, weight, window, groups)


def conv_input(g: Array, weight: Array, window: Window, in_size: Size, groups: int = 1) -> Array:
    """The adjoint of `conv` in x: g (N, C_out, *out) -> (N, C_in, *in)."""
    return _choose(g, groups).conv_input(g, weight, window, in_size, groups)


def conv_weight(x: Array, g: Array, window: Window, groups: int = 1) -> Array:
    """The adjoint of `conv` in weight: x, g (N, C_out, *out) -> (C_out, C_in/groups, *kernel)."""
    return _choose(x, groups).conv_weight(x, g, window, groups)


def max_pool(x: Array, window: Window) -> tuple[Array, Array]:
    """x (N, C, *in) -> the maxima (N, C, *out), and the number of the kernel offset of each."""
    return (shapes if isinstance(x, shapes.ShapeOnly) else pool).max_pool(x, window)


def sum_pool(x: Array, window: Window) -> Array:
    """The sum over each window: x (N, C, *in) -> (N, C, *out)."""
    return (shapes if isinstance(x, shapes.ShapeOnly) else pool).sum_pool(x, window)


def _choose(x: Array, groups: int) -> ModuleType:
    """Many groups make many small products: there one product for each offset is better."""
    if isinstance(x, shapes.ShapeOnly):
        return shapes
    if _forced.name is not None:
        return ALGORITHMS[_forced.name]
    return plain if groups > 4 else im2col


__all__ = [
    "ALGORITHMS",
    "Size",
    "Window",
    "algorithm",
    "as_tuple",
    "conv",
    "conv_input",
    "conv_weight",
    "max_pick",
    "max_pool",
    "max_unpool",
    "pad",
    "sum_pool",
    "sum_unpool",
    "window",
]
