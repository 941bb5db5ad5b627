"""Pooling: the maximum or the sum over each window, and their adjoints.

Stands on `window` and `arrays`. Like convolution, pooling is a loop over the kernel offsets:
through each of them all outputs see one slice of the padded input. `max_pool` also returns the
number of the offset that won. `max_unpool` sends numbers to the winners and `max_gather` reads them
there; each is the derivative of the other, as `sum_pool` and `sum_unpool` are.
"""

import math
from typing import Any

from nnscratch.backend import Array, array_module
from nnscratch.kernels.arrays import sum_type
from nnscratch.kernels.dispatch import kernel
from nnscratch.kernels.window import Size, Window, pad


@kernel
def max_pool(x: Array, window: Window) -> tuple[Array, Any]:
    """x (N, C, *in) -> the maxima (N, C, *out) and the numbers of the winning offsets.

    Padding is −inf and never wins; of equal values the first wins; NaN beats every number.
    """
    xp, in_size = array_module(x), x.shape[2:]
    out_size = window.out_size(in_size)
    padded = pad(x, window.padding, -float("inf"))
    inside = pad(xp.ones((1, 1, *in_size), dtype=bool), window.padding)
    y = xp.full((*x.shape[:2], *out_size), -float("inf"), dtype=x.dtype)
    winners = xp.zeros(y.shape, dtype="int32")
    found = xp.zeros((1, 1, *out_size), dtype=bool)  # whether any offset was inside so far
    for number, (_, view) in enumerate(window.views(out_size)):
        seen = padded[view]
        better = (seen > y) | (seen != seen) | (inside[view] & ~found)
        y = xp.where(better, seen, y)
        winners[better] = number
        found = found | inside[view]
    return y, winners


@kernel
def max_unpool(g: Array, winners: Any, window: Window, in_size: Size) -> Array:
    """Each g (N, C, *out) added where its maximum was -> (N, C, *in)."""
    xp = array_module(g)
    numbers = xp.asarray(winners)  # an engine may hold them in another form
    x = xp.zeros((*g.shape[:2], *window.padded_size(in_size)), dtype=g.dtype)
    for number, (_, view) in enumerate(window.views(g.shape[2:])):
        x[view] += xp.where(numbers == number, g, 0)
    return x[window.crop(in_size)]


@kernel
def max_gather(x: Array, winners: Any, window: Window) -> Array:
    """x (N, C, *in) read where each maximum was -> (N, C, *out): the adjoint of max_unpool."""
    xp = array_module(x)
    numbers = xp.asarray(winners)
    x = pad(x, window.padding)
    y = xp.zeros(numbers.shape, dtype=x.dtype)
    for number, (_, view) in enumerate(window.views(numbers.shape[2:])):
        y += xp.where(numbers == number, x[view], 0)
    return y


@kernel
def sum_pool(x: Array, window: Window, scale: float = 1) -> Array:
    """The sum over each window, times `scale`: x (N, C, *in) -> (N, C, *out)."""
    wide = sum_type(x.dtype, math.prod(window.size))
    if wide != x.dtype:
        return sum_pool(x.astype(wide), window, scale).astype(x.dtype)
    out_size = window.out_size(x.shape[2:])
    x = pad(x, window.padding)
    y = array_module(x).zeros((*x.shape[:2], *out_size), dtype=x.dtype)
    for _, view in window.views(out_size):
        y += x[view]
    return y * scale


@kernel
def sum_unpool(g: Array, window: Window, in_size: Size, scale: float = 1) -> Array:
    """Each g (N, C, *out), times `scale`, added to its whole window -> (N, C, *in)."""
    wide = sum_type(g.dtype, math.prod(window.size))
    if wide != g.dtype:
        return sum_unpool(g.astype(wide), window, in_size, scale).astype(g.dtype)
    x = array_module(g).zeros((*g.shape[:2], *window.padded_size(in_size)), dtype=g.dtype)
    for _, view in window.views(g.shape[2:]):
        x[view] += g * scale
    return x[window.crop(in_size)]
