"""A convolution over any number of axes."""

import numpy as np


def conv_nd(x, w, strides, pads):
    """x (N, C, *size), w (O, C, *kernel), strides (D,), pads (2 D,) -> y (N, O, *out)."""
    rank = x.ndim - 2
    kernel = w.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)))
    axes = zip(padded.shape[2:], kernel, strides, strict=True)
    out = tuple((n - k) // s + 1 for n, k, s in axes)
    y = np.zeros((len(x), len(w), *out))
    for place in np.ndindex(kernel):
        view = tuple(slice(k, k + m * s, s) for k, m, s in zip(place, out, strides, strict=True))
        y += np.einsum("nc...,oc->no...", padded[:, :, *view], w[:, :, *place])
    return y
