"""A 1-D convolution, by loops."""

import numpy as np


def conv1d(x, w, b):
    """x (N, C, L), w (O, C, K), b (O,) -> (N, O, L - K + 1)."""
    kernel = w.shape[2]
    y = np.zeros((len(x), len(w), x.shape[2] - kernel + 1))
    for n, o, i in np.ndindex(y.shape):
        window = x[n, :, i : i + kernel]  # (C, K), as w[o]
        y[n, o, i] = (window * w[o]).sum() + b[o]
    return y
