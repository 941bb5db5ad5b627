"""The gradients of both factors of a matrix product."""

import numpy as np


def matmul_backward(a, b, g):
    """a (..., M, K), b (..., K, N), g = dL/dy of y = a @ b -> da (shape of a), db (shape of b)."""
    raise NotImplementedError
