"""A 1-D convolution with stride, padding and dilation."""

import numpy as np


def conv1d(x, w, stride=1, padding=0, dilation=1):
    """x (N, C, L), w (O, C, K) -> (N, O, L')."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    span = dilation * (w.shape[2] - 1) + 1
    length = (padded.shape[2] - span) // stride + 1
    y = np.zeros((len(x), len(w), length))
    for k in range(w.shape[2]):
        first = k * dilation
        last = first + stride * (length - 1)
        y += w[:, :, k] @ padded[:, :, first : last + 1 : stride]
    return y
