"""Other right answers for the gradient of broadcasting."""

import numpy as np

from nnscratch.learn import right


@right("unbroadcast")
def axis_by_axis(g, shape):
    """Front axes one at a time, then those of size 1 with keepdims."""
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


@right("unbroadcast")
def by_counting_places(g, shape):
    """Each number of the operand is marked with its place; g is summed by place."""
    places = np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), g.shape)
    return np.bincount(places.ravel(), g.ravel(), np.prod(shape, dtype=int)).reshape(shape)
