"""Memory layouts: copies with channels last, or with the layout of another array.

Stands on `memory` and `parallel`. The axes are always N, C, *size; the fast kernels want the
channels of a pixel side by side in memory, and return arrays that have them so. An array in
another layout is copied once, in bands that stay in the cache.
"""

from typing import Any

import numpy as np

from nnscratch.engines.numpy import memory, parallel

BAND = 32  # rows copied at a time
LEAST = 2**14  # elements; a smaller array is not worth a copy


def channels_last(x: np.ndarray) -> np.ndarray:
    """x (N, C, *size), copied if its channels are not last in memory."""
    last = np.moveaxis(x, 1, -1)
    if last.flags.c_contiguous:
        return x
    copy = memory.result(last.shape, x.dtype)
    rows = BAND if x.ndim > 3 else x.shape[-1]
    bands = [(n, slice(r, r + rows)) for n in range(len(x)) for r in range(0, last.shape[1], rows)]
    parallel.each(lambda band: np.copyto(copy[band], last[band]), bands)
    return np.moveaxis(copy, -1, 1)


def differs(g: Any, strides: tuple[int, ...]) -> bool:
    """Whether g is large and has other strides than these."""
    return type(g) is np.ndarray and g.size >= LEAST and g.strides != strides


def match(g: np.ndarray, strides: tuple[int, ...]) -> np.ndarray:
    """g, copied if its layout differs from that of an array with these strides."""
    axes = memory.order(g.shape, strides)
    if g.strides == strides or g.transpose(axes).flags.c_contiguous:
        return g
    copy = memory.result(tuple(g.shape[axis] for axis in axes), g.dtype)
    _copy(copy, g.transpose(axes))
    return copy.transpose(np.argsort(axes))


def _copy(target: np.ndarray, source: np.ndarray) -> None:
    """target[...] = source, in bands of the first axis that is long enough."""
    axis = next((i for i, n in enumerate(target.shape) if n > 1), 0)
    lead = (slice(None),) * axis
    bands = [(*lead, slice(r, r + BAND)) for r in range(0, target.shape[axis], BAND)]
    parallel.each(lambda band: np.copyto(target[band], source[band]), bands)
