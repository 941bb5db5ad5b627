"""Weights of a VGG in the layout of an older file, and the pixels they want."""

import numpy as np


def convert(arrays, names):
    """NAME/kernel (kH, kW, I, O), NAME/bias (O,) -> {name: (weight (O, I, kH, kW), bias (O,))}."""
    raise NotImplementedError


def prepare(images, mean):
    """RGB images (N, 3, H, W) in [0, 1], mean (3,) of B, G, R -> pixels (N, 3, H, W)."""
    raise NotImplementedError
