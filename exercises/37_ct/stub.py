"""A 3-D convolution, and volume and steepness of a CT scan in millimetres."""

import math

import numpy as np


def conv3d(x, filters, stride):
    """x (C, D, H, W), filters (O, C, K0, K1, K2), stride (3 ints) -> (O, D', H', W')."""
    raise NotImplementedError


def measure(ct, level, spacing):
    """ct (D, H, W) in HU, spacing (3,) in mm -> ml of ct >= level, steepness (D, H, W) in HU/mm."""
    raise NotImplementedError
