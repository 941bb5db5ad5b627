"""The receptive field of each layer, computed from its windows."""

import numpy as np


def receptive_field(kinds, kernels, strides, paddings, dilations):
    """kinds, kernels, strides, paddings, dilations (L,) -> field, jump, start (L,) each."""
    field, jump, start = 1, 1, 0
    rows = []
    for k, s, p, d in zip(kernels, strides, paddings, dilations, strict=True):
        field += (k - 1) * d * jump
        start -= p * jump
        jump *= s
        rows.append((field, jump, start))
    return tuple(zip(*rows, strict=True))


def seen(field, jump, start, places, size):
    """places (P,) of one layer, size = number of pixels -> first (P,), last (P,) pixel seen."""
    first = start + np.asarray(places) * jump
    return np.maximum(first, 0), np.minimum(first + field, size) - 1
