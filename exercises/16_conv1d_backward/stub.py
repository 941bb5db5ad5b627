"""The three gradients of a 1-D convolution."""

import numpy as np


def conv1d_backward(x, w, g, stride=1, padding=0):
    """x (N, C, L), w (O, C, K), g = dL/dy (N, O, L') -> dx (N, C, L), dw (O, C, K), db (O,)."""
    raise NotImplementedError
