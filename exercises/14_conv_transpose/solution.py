"""The transposed convolution."""

import numpy as np


def conv_transpose1d(y, w, stride=1, padding=0, output_padding=0):
    """y (N, O, L'), w (O, C, K) -> (N, C, (L' - 1)*stride + K + output_padding - 2*padding)."""
    kernel, last = w.shape[2], (y.shape[2] - 1) * stride  # last: start of the last window
    total = np.zeros((len(y), w.shape[1], last + kernel + output_padding))
    for k in range(kernel):
        total[:, :, k : k + last + 1 : stride] += w[:, :, k].T @ y
    return total[:, :, padding : total.shape[2] - padding]
