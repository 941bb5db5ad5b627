"""max(x, 0) and its gradient, in pieces that stay in the cache, shared out among threads.

Stands on `memory` and `parallel`. Both are one walk through memory: results lie in it as inputs do,
and no mask of the whole array is made in between.
"""

import numpy as np

from nnscratch.backend import Array, array_module
from nnscratch.host import memory, parallel

PIECE = 2**17  # elements at a time


def relu(x: Array) -> Array:
    """max(x, 0) element by element."""
    flat = _flat(x)
    if flat is None:
        return array_module(x).maximum(x, 0)
    y = memory.like(x)
    out = y.transpose(memory.order(y)).reshape(-1)

    def some(piece: slice) -> None:
        np.maximum(flat[piece], 0, out=out[piece])

    parallel.each(some, _pieces(x.size))
    return y


def relu_input(g: Array, y: Array) -> Array:
    """The gradient of x: g where y > 0, else 0."""
    outputs = _flat(y)
    if outputs is None or type(g) is not np.ndarray or g.dtype != y.dtype:
        return g * (y > 0)
    x = memory.like(y)
    if g.strides != x.strides:  # from here on down as y lies
        x[...] = g
        g = x
    given = g.transpose(memory.order(x)).reshape(-1)
    out = x.transpose(memory.order(x)).reshape(-1)

    def some(piece: slice) -> None:
        np.multiply(given[piece], outputs[piece] > 0, out=out[piece])

    parallel.each(some, _pieces(g.size))
    return x


def _flat(x: Array) -> np.ndarray | None:
    """x as one row in the order of its memory, without a copy; None if it is small or has gaps."""
    if type(x) is not np.ndarray or x.size <= PIECE:
        return None
    ordered = x.transpose(memory.order(x))
    return ordered.reshape(-1) if ordered.flags.c_contiguous else None


def _pieces(size: int) -> list[slice]:
    return [slice(start, start + PIECE) for start in range(0, size, PIECE)]
