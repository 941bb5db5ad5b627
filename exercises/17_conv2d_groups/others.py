"""Other right answers for a 2-D convolution with groups."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnscratch.learn import right


@right("conv2d")
def by_loops(x, w, b, stride=1, padding=0, groups=1):
    """One window at a time."""
    n, channels, height, width = x.shape
    out, per_in, kh, kw = w.shape
    padded = np.zeros((n, channels, height + 2 * padding, width + 2 * padding))
    padded[:, :, padding : padding + height, padding : padding + width] = x
    rows = (height + 2 * padding - kh) // stride + 1
    columns = (width + 2 * padding - kw) // stride + 1
    y = np.empty((n, out, rows, columns))
    for o in range(out):
        first = o // (out // groups) * per_in
        group = padded[:, first : first + per_in]
        for i in range(rows):
            for j in range(columns):
                window = group[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                y[:, o, i, j] = np.tensordot(window, w[o], 3) + b[o]
    return y


@right("conv2d")
def group_by_group(x, w, b, stride=1, padding=0, groups=1):
    """A view of all windows, and one einsum for each group."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    parts = zip(np.split(windows, groups, axis=1), np.split(w, groups), strict=True)
    y = [np.einsum("ncijkl,ockl->noij", part, kernels) for part, kernels in parts]
    return np.concatenate(y, axis=1) + b.reshape(1, -1, 1, 1)


@right("conv2d")
def as_one_group(x, w, b, stride=1, padding=0, groups=1):
    """Kernels extended with zeros to all channels; windows times one matrix."""
    out, per_in, kh, kw = w.shape
    full = np.zeros((out, x.shape[1], kh, kw))
    for o in range(out):
        first = o * groups // out * per_in
        full[o, first : first + per_in] = w[o]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = np.arange(0, padded.shape[2] - kh + 1, stride)
    columns = np.arange(0, padded.shape[3] - kw + 1, stride)
    at_row = rows[:, None, None, None] + np.arange(kh)[:, None]
    at_column = columns[:, None, None] + np.arange(kw)
    windows = padded[:, :, at_row, at_column]  # (N, C, H', W', KH, KW)
    flat = windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(x), len(rows), len(columns), -1)
    return (flat @ full.reshape(out, -1).T + b).transpose(0, 3, 1, 2)
