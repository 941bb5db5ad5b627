"""Max pooling, forward and backward."""

import numpy as np


def max_pool(x, g, size, stride, padding=0, dilation=1):
    """x (N, C, H, W), g = dL/dy (N, C, H', W'), size (KH, KW) -> y (N, C, H', W'), dx like x."""
    raise NotImplementedError
