"""From the gradient of a sum, mean or maximum to the gradient of its input."""

import numpy as np


def reduction_backward(kind, x, g, axis=None, keepdims=False):
    """kind "sum", "mean" or "max"; x; g = dL/dy of y = x.sum(axis, ...) -> dL/dx, shape of x."""
    shape = x.sum(axis=axis, keepdims=True).shape
    spread = np.broadcast_to(g.reshape(shape), x.shape)
    if kind == "sum":
        return spread.copy()
    if kind == "mean":
        return spread * g.size / x.size
    winners = x == x.max(axis=axis, keepdims=True)
    return spread * winners / winners.sum(axis=axis, keepdims=True)
