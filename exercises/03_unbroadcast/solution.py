"""The gradient of a broadcast operand: sum over the repeated axes."""

import numpy as np


def unbroadcast(g, shape):
    """g (any shape that `shape` broadcasts to), shape (tuple of ints) -> array of this shape."""
    lead = g.ndim - len(shape)
    stretched = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return np.sum(g, axis=(*range(lead), *stretched)).reshape(shape)
