"""A 1-D convolution with stride, padding and dilation."""

import numpy as np


def conv1d(x, w, stride=1, padding=0, dilation=1):
    """x (N, C, L), w (O, C, K) -> (N, O, L')."""
    raise NotImplementedError
