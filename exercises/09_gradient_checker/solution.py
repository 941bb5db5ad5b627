"""A claimed gradient compared with measured slopes."""

import numpy as np

STEP = 1e-6


def gradient_check(function, gradient, x, g):
    """function(x) -> y, gradient(x, g) -> dx; x (any shape), g (shape of y) -> error, a float."""
    x = np.array(x, dtype=np.float64)  # a copy
    claimed = gradient(x, g)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        old = x[at]
        x[at] = old + STEP
        high = np.sum(function(x) * g)
        x[at] = old - STEP
        low = np.sum(function(x) * g)
        x[at] = old
        slopes[at] = (high - low) / (2 * STEP)
    largest = max(np.abs(claimed).max(), np.abs(slopes).max())
    return float(np.abs(claimed - slopes).max() / largest) if largest else 0.0
