"""Convolution and pooling on plain arrays of any number of dimensions, NumPy's or CuPy's.

`plain` defines convolution; the other files are faster ways to the same numbers. This file is the
one place that chooses among them.
"""

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnscratch import shapes
from nnscratch.backend import Array, array_module
from nnscratch.host import memory
from nnscratch.kernels import im2col, plain, pool, winograd
from nnscratch.kernels.layout import channels_last
from nnscratch.kernels.moments import standardise, standardise_input
from nnscratch.kernels.pool import Winners, max_pick, max_unpool, sum_unpool
from nnscratch.kernels.rectify import relu, relu_input
from nnscratch.kernels.sums import channel_sums
from nnscratch.kernels.window import Size, Window, as_tuple, pad, window

# Small tiles are the more accurate ones; left to itself, `winograd` takes what is faster.
_SMALL_TILES = SimpleNamespace(
    conv=partial(winograd.conv, m=2),
    conv_input=partial(winograd.conv_input, m=2),
    conv_weight=partial(winograd.conv_weight, m=2),
)
ALGORITHMS: dict[str, Any] = {
    "plain": plain,
    "im2col": im2col,
    "winograd": winograd,
    "winograd-2x2": _SMALL_TILES,
}


class _Forced(threading.local):
    name: str | None = None


_forced = _Forced()


@contextlib.contextmanager
def algorithm(name: str) -> Iterator[None]:
    """Within this block convolutions are computed by algorithm `name`.

    "winograd" cannot do all of them (kernels of 3 without stride only); the others go as usual.
    "winograd-2x2" saves less and is more accurate: 6e-7 of the largest value, not 4e-6.
    """
    if name not in ALGORITHMS:
        raise ValueError(f"algorithm: expected one of {tuple(ALGORITHMS)}, got {name!r}")
    before, _forced.name = _forced.name, name
    try:
        yield
    finally:
        _forced.name = before


def conv(
    x: Array, weight: Array, window: Window, groups: int = 1, bias: Array | None = None
) -> Array:
    """x (N, C_in, *in), weight (C_out, C_in/groups, *kernel), bias (C_out,) -> (N, C_out, *out)."""
    return _choose(x, weight.shape, window, groups).conv(x, weight, window, groups, bias)


def conv_input(g: Array, weight: Array, window: Window, in_size: Size, groups: int = 1) -> Array:
    """The adjoint of `conv` in x: g (N, C_out, *out) -> (N, C_in, *in)."""
    kernel = _choose(g, weight.shape, window, groups)
    return kernel.conv_input(g, weight, window, in_size, groups)


def conv_weight(x: Array, g: Array, window: Window, groups: int = 1) -> Array:
    """The adjoint of `conv` in weight: x, g (N, C_out, *out) -> (C_out, C_in/groups, *kernel)."""
    weight_shape = (g.shape[1], x.shape[1] // groups, *window.size)
    kernel = _choose(x, weight_shape, window, groups, summed=True)
    return kernel.conv_weight(x, g, window, groups)


def max_pool(x: Array, window: Window) -> tuple[Array, Winners]:
    """x (N, C, *in) -> the maxima (N, C, *out), and for each axis the offsets where they sit."""
    return (shapes if isinstance(x, shapes.ShapeOnly) else pool).max_pool(x, window)


def sum_pool(x: Array, window: Window, scale: float = 1) -> Array:
    """The sum over each window, times `scale`: x (N, C, *in) -> (N, C, *out)."""
    return (shapes if isinstance(x, shapes.ShapeOnly) else pool).sum_pool(x, window, scale)


def laid_out(x: Array, groups: int = 1) -> Array:
    """x in the memory order that `conv` and its adjoints would otherwise copy it into."""
    return x if isinstance(x, shapes.ShapeOnly) or groups > MANY_GROUPS else channels_last(x)


def free() -> None:
    """Give back the memory that fast kernels keep: scratch, results, weights at points."""
    memory.free()
    winograd.free()


FEW_CHANNELS = {2: 64, 3: 16}  # by dimension: with fewer, transforms cost more than they save
MANY_GROUPS = 4  # more make many small products: there one for each kernel offset is better


def _choose(x: Array, weight_shape: Size, window: Window, groups: int, summed: bool = False) -> Any:
    """The fastest algorithm by measurement; summed: over all outputs, to weights."""
    if isinstance(x, shapes.ShapeOnly):
        return shapes
    suits = array_module(x) is np and x.size > 0 and winograd.suits(window, groups, x.dtype)
    if _forced.name is not None and (suits or not _forced.name.startswith("winograd")):
        return ALGORITHMS[_forced.name]
    if groups > MANY_GROUPS:
        return plain
    if not suits:
        return im2col
    axes = len(window.size)
    few = min(weight_shape[:2]) < FEW_CHANNELS[axes]
    if summed:  # the sums at the points are as large as all weights: worth it over many tiles
        few |= axes == 3 or x.size // x.shape[1] < 8 * max(weight_shape[:2])
    return im2col if few else winograd


__all__ = [
    "ALGORITHMS",
    "Size",
    "Window",
    "Winners",
    "algorithm",
    "as_tuple",
    "channel_sums",
    "conv",
    "conv_input",
    "conv_weight",
    "free",
    "laid_out",
    "max_pick",
    "max_pool",
    "max_unpool",
    "pad",
    "relu",
    "relu_input",
    "standardise",
    "standardise_input",
    "sum_pool",
    "sum_unpool",
    "window",
]
