"""The gradients of both factors of a matrix product."""

import numpy as np


def matmul_backward(a, b, g):
    """a (..., M, K), b (..., K, N), g = dL/dy of y = a @ b -> da (shape of a), db (shape of b)."""
    da = g @ np.swapaxes(b, -1, -2)
    db = np.swapaxes(a, -1, -2) @ g
    return _unbroadcast(da, a.shape), _unbroadcast(db, b.shape)


def _unbroadcast(grad, shape):
    """Sum over the axes along which an array of this shape was repeated."""
    lead = grad.ndim - len(shape)
    ones = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return grad.sum(axis=(*range(lead), *ones)).reshape(shape)
