"""A convolution over any number of axes."""

import numpy as np


def conv_nd(x, w, strides, pads):
    """x (N, C, *size), w (O, C, *kernel), strides (D,), pads (2 D,) -> y (N, O, *out)."""
    raise NotImplementedError
