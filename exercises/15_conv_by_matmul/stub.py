"""A convolution as one matrix product."""

import numpy as np


def conv1d_by_matmul(x, w, stride=1):
    """x (N, C, L), w (O, C, K) -> columns (N L', C K), matrix (C K, O), y (N, O, L')."""
    raise NotImplementedError
