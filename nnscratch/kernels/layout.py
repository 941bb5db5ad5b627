"""Channels last in memory, behind the axes N, C, *size.

Stands on `memory` and `parallel`. The fast kernels want a pixel's channels side by side; an array
that comes otherwise is laid out so once, and what they return is so already.
"""

import numpy as np

from nnscratch.backend import Array, array_module
from nnscratch.host import memory, parallel

BAND = 32  # rows copied at a time


def channels_last(x: Array) -> Array:
    """x (N, C, *size), the same values with the channels last in memory; x itself if they are."""
    xp = array_module(x)
    last = xp.moveaxis(x, 1, -1)
    if last.flags.c_contiguous:
        return x
    if xp is not np:
        return xp.moveaxis(xp.ascontiguousarray(last), -1, 1)
    copy = memory.result(last.shape, x.dtype)
    rows = BAND if x.ndim > 3 else x.shape[-1]
    bands = [(n, slice(r, r + rows)) for n in range(len(x)) for r in range(0, last.shape[1], rows)]
    parallel.each(lambda band: np.copyto(copy[band], last[band]), bands)
    return np.moveaxis(copy, -1, 1)
