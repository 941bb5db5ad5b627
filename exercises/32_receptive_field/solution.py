"""The receptive field of each layer, worked out from its windows."""

import numpy as np


def receptive_field(kinds, kernels, strides, paddings, dilations):
    """Five arrays (L,) -> field (L,), jump (L,), start (L,), after each layer."""
    field, jump, start = 1, 1, 0
    found = []
    for k, s, p, d in zip(kernels, strides, paddings, dilations, strict=True):
        field += (k - 1) * d * jump
        start -= p * jump
        jump *= s
        found.append((field, jump, start))
    return tuple(zip(*found, strict=True))


def seen(field, jump, start, places, size):
    """places (P,) of one layer -> the first (P,) and the last (P,) of `size` pixels they see."""
    first = start + np.asarray(places) * jump
    return np.maximum(first, 0), np.minimum(first + field, size) - 1
