"""Other right answers for the gradients of a 1-D convolution."""

import numpy as np

from nnscratch.learn import right


@right("conv1d_backward")
def by_loops(x, w, g, stride=1, padding=0):
    """One product at a time."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dpadded, dw, db = np.zeros(padded.shape), np.zeros(w.shape), np.zeros(len(w))
    for n, o, i in np.ndindex(g.shape):
        db[o] += g[n, o, i]
        for c in range(w.shape[1]):
            for k in range(w.shape[2]):
                dw[o, c, k] += g[n, o, i] * padded[n, c, i * stride + k]
                dpadded[n, c, i * stride + k] += g[n, o, i] * w[o, c, k]
    return dpadded[:, :, padding : padding + x.shape[2]].copy(), dw, db


@right("conv1d_backward")
def by_matrix(x, w, g, stride=1, padding=0):
    """The forward pass as a matrix product; the gradients from its transpose."""
    n, c, length = x.shape
    o, _, kernel = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    places = np.arange(g.shape[2])[:, None] * stride + np.arange(kernel)  # (L', K)
    columns = padded[:, :, places].transpose(0, 2, 1, 3).reshape(-1, c * kernel)
    rows = g.transpose(0, 2, 1).reshape(-1, o)
    dw = (rows.T @ columns).reshape(w.shape)
    dcolumns = (rows @ w.reshape(o, -1)).reshape(n, len(places), c, kernel).transpose(0, 2, 1, 3)
    dpadded = np.zeros_like(padded)
    np.add.at(dpadded, (slice(None), slice(None), places), dcolumns)
    return dpadded[:, :, padding : padding + length], dw, rows.sum(0)
