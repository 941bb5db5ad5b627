"""From the gradient of a sum, mean or maximum to the gradient of its input."""

import numpy as np


def reduction_backward(kind, x, g, axis=None, keepdims=False):
    """kind "sum", "mean" or "max"; x; g = dL/dy of y = x.sum(axis, ...) -> dL/dx, shape of x."""
    shape = x.sum(axis=axis, keepdims=True).shape
    broadcast = np.broadcast_to(g.reshape(shape), x.shape)
    if kind == "sum":
        return broadcast.copy()
    if kind == "mean":
        return broadcast * g.size / x.size
    winners = x == x.max(axis=axis, keepdims=True)
    return broadcast * winners / winners.sum(axis=axis, keepdims=True)
