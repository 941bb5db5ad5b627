"""The receptive field of each layer, computed from its windows."""

import numpy as np


def receptive_field(kinds, kernels, strides, paddings, dilations):
    """kinds, kernels, strides, paddings, dilations (L,) -> field, jump, start (L,) each."""
    raise NotImplementedError


def seen(field, jump, start, places, size):
    """places (P,) of one layer, size = number of pixels -> first (P,), last (P,) pixel seen."""
    raise NotImplementedError
