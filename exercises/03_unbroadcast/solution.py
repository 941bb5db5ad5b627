"""What was repeated by broadcasting is summed on the way back."""

import numpy as np


def unbroadcast(g, shape):
    """g: any array that an array of this shape broadcasts to -> array of this shape."""
    lead = g.ndim - len(shape)
    stretched = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return np.sum(g, axis=(*range(lead), *stretched)).reshape(shape)
