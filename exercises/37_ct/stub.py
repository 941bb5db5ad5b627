"""Filters through a volume, and its measures in millimetres."""

import math

import numpy as np


def conv3d(x, filters, stride):
    """x (C, D, H, W), filters (O, C, K0, K1, K2), stride of 3 -> (O, D', H', W')."""
    raise NotImplementedError


def measure(ct, level, spacing):
    """ct (D, H, W) in HU, spacing of 3 in mm -> millilitres of ct >= level, HU/mm (D, H, W)."""
    raise NotImplementedError
