"""Other right answers for windows as a view."""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnscratch.learn import right


@right("windows")
def every_place_of_every_window(x, size, stride=1, dilation=1):
    """Wide windows at every place, then slices for stride and dilation."""
    items, channels, length = x.shape
    span = dilation * (size - 1) + 1
    if length < span:
        raise ValueError("the signal is too short")
    last = x.strides[2]
    wide = as_strided(x, (items, channels, length - span + 1, span), (*x.strides, last))
    v = wide[:, :, ::stride, ::dilation].transpose(0, 2, 1, 3)
    v.flags.writeable = False
    return v


@right("windows")
def axis_by_axis(x, size, stride=1, dilation=1):
    """Axes moved first, then a new last axis."""
    count = (x.shape[-1] - dilation * (size - 1) - 1) // stride + 1
    if count < 1:
        raise ValueError("no window fits")
    moved = np.moveaxis(x, 2, 1)  # (N, L, C)
    a, b, c = moved.strides
    return as_strided(
        moved, (len(x), count, x.shape[1], size), (a, b * stride, c, b * dilation), writeable=False
    )
