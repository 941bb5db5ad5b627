"""Four activations, each with its gradient."""

import numpy as np


def activation(kind, x, g, slope=0.01):
    """kind "relu", "leaky", "sigmoid" or "tanh"; x (any shape), g = dL/dy -> y, dx, shape of x."""
    if kind == "relu":
        return np.maximum(x, 0), np.where(x > 0, g, 0)
    if kind == "leaky":
        slopes = np.where(x > 0, 1.0, slope)
        return slopes * x, slopes * g
    if kind == "sigmoid":
        t = np.exp(-np.abs(x))  # from 0 to 1
        y = np.where(x > 0, 1.0, t) / (1 + t)
        return y, g * y * (1 - y)
    y = np.tanh(x)
    return y, g * (1 - y**2)
