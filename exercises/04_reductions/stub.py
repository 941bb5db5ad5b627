"""From the gradient of a sum, mean or maximum to the gradient of its input."""

import numpy as np


def reduction_backward(kind, x, g, axis=None, keepdims=False):
    """kind "sum", "mean" or "max"; x; g = dL/dy of y = x.sum(axis, ...) -> dL/dx, shape of x."""
    raise NotImplementedError
