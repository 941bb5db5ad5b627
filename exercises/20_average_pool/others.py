"""Other right answers for average pooling, global pooling and LP pooling."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnscratch.learn import right


@right("avg_pool")
def with_ones(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """Sums of x divided by sums of ones, both over views of windows."""
    p = padding
    border = ((0, 0), (0, 0), (p, p), (p, p))
    values = np.pad(x, border)
    ones = np.pad(np.ones_like(x), border, constant_values=float(count_padding))
    keep = []
    for axis, k in zip((2, 3), size, strict=True):
        n = x.shape[axis]
        starts = np.arange(0, n + 2 * p - k + 1, stride)
        if ceil_mode and starts[-1] + k < n + 2 * p and starts[-1] + stride < n + p:
            starts = np.append(starts, starts[-1] + stride)
        keep.append(starts)
    overhang = ((0, 0), (0, 0), (0, size[0]), (0, size[1]))
    totals = [
        sliding_window_view(np.pad(array, overhang), size, axis=(2, 3))[
            :, :, keep[0][:, None], keep[1]
        ].sum((-2, -1))
        for array in (values, ones)
    ]
    return totals[0] / totals[1]


@right("avg_pool")
def by_matrices(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """A window mean is a mean along each axis: one matrix for the rows, one for the columns."""
    matrices = []
    for n, k in zip(x.shape[2:], size, strict=True):
        rows = []
        start = -padding
        while start + k <= n + padding or (ceil_mode and start < n and not _done(rows, n, padding)):
            places = np.arange(start, start + k)
            inside = places[(places >= 0) & (places < n)]
            padded = places[(places >= -padding) & (places < n + padding)]
            row = np.zeros(n)
            row[inside] = 1 / len(padded if count_padding else inside)
            rows.append((row, start + k))
            start += stride
        matrices.append(np.array([row for row, _ in rows]))
    return np.einsum("ih,jw,nchw->ncij", *matrices, x)


def _done(rows, n, padding):
    """Whether the last window already reaches the end of the padded axis."""
    return bool(rows) and rows[-1][1] >= n + padding


@right("global_avg_pool")
def flattened(x):
    """All pixels on one axis."""
    return x.reshape(*x.shape[:2], -1).sum(-1) / (x.shape[2] * x.shape[3])


@right("lp_pool")
def window_by_window(x, p, size, stride):
    """The norm of each window."""
    windows = sliding_window_view(x, size, axis=(2, 3))[:, :, ::stride, ::stride]
    flat = windows.reshape(*windows.shape[:4], -1)
    return np.linalg.norm(flat, p, axis=-1)
