"""From the gradient of a sum, a mean or a maximum to that of what was reduced."""

import numpy as np


def reduction_backward(kind, x, g, axis=None, keepdims=False):
    """kind "sum", "mean" or "max"; x; g = dL/dy of y = x.sum(axis, ...) -> dL/dx, shape of x."""
    kept = x.sum(axis=axis, keepdims=True).shape
    spread = np.broadcast_to(g.reshape(kept), x.shape)
    if kind == "sum":
        return spread.copy()
    if kind == "mean":
        return spread * g.size / x.size
    winners = x == x.max(axis=axis, keepdims=True)
    return spread * winners / winners.sum(axis=axis, keepdims=True)
