"""A 2-D convolution with groups."""

import numpy as np


def conv2d(x, w, b, stride=1, padding=0, groups=1):
    """x (N, C, H, W), w (O, C/groups, KH, KW), b (O,) -> y (N, O, H', W')."""
    out, per_group, kh, kw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (padded.shape[2] - kh) // stride + 1
    columns = (padded.shape[3] - kw) // stride + 1
    parts = padded.reshape(len(x), groups, per_group, *padded.shape[2:])
    kernels = w.reshape(groups, out // groups, per_group, kh, kw)
    y = np.zeros((len(x), groups, out // groups, rows, columns))
    for down, right in np.ndindex(kh, kw):
        pixels = parts[
            ..., down : down + stride * rows : stride, right : right + stride * columns : stride
        ]
        y += np.einsum("ngcij,goc->ngoij", pixels, kernels[..., down, right])
    return y.reshape(len(x), out, rows, columns) + b[:, None, None]
