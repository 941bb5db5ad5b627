"""From the strongest activations back to the pixels that caused them."""

import numpy as np


def top_patches(images, activations, channel, count, jump, field, start):
    """images (N, K, H, W), activations (N, C, h, w) -> boxes (count, 5), patches."""
    raise NotImplementedError
