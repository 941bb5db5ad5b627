"""Boxes and patches of the pixels with the strongest activations."""

import numpy as np


def top_patches(images, activations, channel, count, jump, field, start):
    """images (N, K, H, W), activations (N, C, h, w) -> boxes (count, 5) ints: image, top, left,
    bottom, right; patches (count, K, field, field).
    """
    raise NotImplementedError
