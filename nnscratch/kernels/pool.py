"""Maximum and sum over windows, and their adjoints.

Stands on `window`: the loop over kernel offsets that also makes a convolution. Where the maximum
sits is kept as the number of its kernel offset; scattering to that place (`max_unpool`) and
reading from it (`max_pick`) are each other's derivative, as `sum_pool` and `sum_unpool` are.
"""

import math

import numpy as np

from nnscratch.backend import Array, array_module
from nnscratch.kernels.window import Size, Window, pad


def max_pool(x: Array, window: Window) -> tuple[Array, Array]:
    """x (N, C, *in) -> the maxima (N, C, *out), and the number of the kernel offset of each.

    Padding counts as −inf, the first maximum wins, NaN passes through.
    """
    xp = array_module(x)
    in_size, out_size = x.shape[2:], window.out_size(x.shape[2:])
    x = pad(x, window.padding, -np.inf)
    y = xp.full((*x.shape[:2], *out_size), -np.inf, dtype=x.dtype)
    winner = xp.zeros(y.shape, dtype=np.min_scalar_type(math.prod(window.size)))
    winner[...] = _first_inside(x, in_size, window, out_size)
    for number, (_, view) in enumerate(window.views(out_size)):
        seen = x[view]
        winner[(seen > y) | (seen != seen)] = number  # NaN is the one value unequal to itself
        y = xp.maximum(y, seen)
    return y, winner


def _first_inside(x: Array, in_size: Size, window: Window, out_size: Size) -> Array:
    """The number of the first kernel offset of each output that is no padding (1, 1, *out).

    It is the maximum where all that a window sees is −inf.
    """
    xp = array_module(x)
    inside = pad(xp.ones((1, 1, *in_size), dtype=bool), window.padding, False)
    first = xp.zeros((1, 1, *out_size), dtype=int)
    for number, (_, view) in reversed(list(enumerate(window.views(out_size)))):
        first = xp.where(inside[view], number, first)
    return first


def max_unpool(g: Array, winner: Array, window: Window, in_size: Size) -> Array:
    """Each g (N, C, *out) added where its maximum sat -> (N, C, *in)."""
    xp = array_module(g)
    x = xp.zeros((*g.shape[:2], *window.padded_size(in_size)), dtype=g.dtype)
    for number, (_, view) in enumerate(window.views(g.shape[2:])):
        x[view] += xp.where(winner == number, g, 0)
    return x[window.crop(in_size)]


def max_pick(x: Array, winner: Array, window: Window) -> Array:
    """x (N, C, *in) read where each maximum sat -> (N, C, *out): the adjoint of max_unpool."""
    xp = array_module(x)
    x = pad(x, window.padding)
    y = xp.zeros(winner.shape, dtype=x.dtype)
    for number, (_, view) in enumerate(window.views(winner.shape[2:])):
        y = xp.where(winner == number, x[view], y)
    return y


def sum_pool(x: Array, window: Window) -> Array:
    """The sum over each window: x (N, C, *in) -> (N, C, *out)."""
    out_size = window.out_size(x.shape[2:])
    x = pad(x, window.padding)
    y = array_module(x).zeros((*x.shape[:2], *out_size), dtype=x.dtype)
    for _, view in window.views(out_size):
        y += x[view]
    return y


def sum_unpool(g: Array, window: Window, in_size: Size) -> Array:
    """Each g (N, C, *out) added to all its window -> (N, C, *in): the adjoint of sum_pool."""
    x = array_module(g).zeros((*g.shape[:2], *window.padded_size(in_size)), dtype=g.dtype)
    for _, view in window.views(g.shape[2:]):
        x[view] += g
    return x[window.crop(in_size)]
