"""Weights of a VGG in the layout of an older file, and the pixels for this network."""

import numpy as np


def convert(arrays, names):
    """NAME/kernel (kH, kW, I, O), NAME/bias (O,) -> {name: (weight (O, I, kH, kW), bias (O,))}."""
    raise NotImplementedError


def prepare(images, mean):
    """RGB images (N, 3, H, W) in [0, 1], BGR mean (3,) -> pixels (N, 3, H, W)."""
    raise NotImplementedError
