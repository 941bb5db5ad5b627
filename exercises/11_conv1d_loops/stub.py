"""A 1-D convolution, by loops."""

import numpy as np


def conv1d(x, w, b):
    """x (N, C, L), w (O, C, K), b (O,) -> (N, O, L - K + 1)."""
    raise NotImplementedError
