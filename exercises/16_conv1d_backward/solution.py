"""The three gradients of a 1-D convolution."""

import numpy as np


def conv1d_backward(x, w, g, stride=1, padding=0):
    """x (N, C, L), w (O, C, K), g = dL/dy (N, O, L') -> dx (N, C, L), dw (O, C, K), db (O,)."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    length = g.shape[2]
    for k in range(w.shape[2]):
        places = slice(k, k + stride * (length - 1) + 1, stride)  # multiplied by w[..., k]
        dw[:, :, k] = np.einsum("noi,nci->oc", g, padded[:, :, places])
        dpadded[:, :, places] += np.einsum("noi,oc->nci", g, w[:, :, k])
    dx = dpadded[:, :, padding : padding + x.shape[2]]
    return dx, dw, g.sum((0, 2))
