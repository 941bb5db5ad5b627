"""The receptive field of each layer, worked out from its windows."""

import numpy as np


def receptive_field(kinds, kernels, strides, paddings, dilations):
    """Five arrays (L,) -> field (L,), jump (L,), start (L,), after each layer."""
    raise NotImplementedError


def seen(field, jump, start, places, size):
    """places (P,) of one layer -> the first (P,) and the last (P,) of `size` pixels they see."""
    raise NotImplementedError
