"""Average pooling, local and global, and LP pooling."""

import numpy as np


def avg_pool(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The mean of each window: x (N, C, H, W), size (KH, KW) -> (N, C, H', W')."""
    raise NotImplementedError


def global_avg_pool(x):
    """The mean of each channel of each item: x (N, C, H, W) -> (N, C)."""
    raise NotImplementedError


def lp_pool(x, p, size, stride):
    """The p-norm of each window: x (N, C, H, W), size (KH, KW) -> (N, C, H', W')."""
    raise NotImplementedError
