"""A convolution as one matrix product."""

import numpy as np


def conv1d_by_matmul(x, w, stride=1):
    """x (N, C, L), w (O, C, K) -> columns (N L', C K), matrix (C K, O), y (N, O, L')."""
    out, _, kernel = w.shape
    starts = np.arange(0, x.shape[2] - kernel + 1, stride)
    windows = x[:, :, starts[:, None] + np.arange(kernel)]  # (N, C, L', K)
    columns = windows.swapaxes(1, 2).reshape(len(x) * len(starts), -1)
    matrix = w.reshape(out, -1).T
    y = (columns @ matrix).reshape(len(x), len(starts), out).swapaxes(1, 2)
    return columns, matrix, y
