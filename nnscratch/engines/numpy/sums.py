"""The sum of each channel over images and positions, on all cores.

Stands on `parallel`. It is the gradient of the bias of a convolution.
"""

from typing import Any

import numpy as np

from nnscratch.engines.numpy import parallel

FOLD = 32  # pixels side by side: a row of few channels is too short for NumPy's inner loop
LEAST = 2**16  # elements; fewer are not worth threads


def suits(g: Any) -> bool:
    """Whether g (N, C, *size) is large and has its channels last in memory."""
    return type(g) is np.ndarray and g.size >= LEAST and _channels_last(g).flags.c_contiguous


def channel_sum(g: np.ndarray) -> np.ndarray:
    """g (N, C, *size) -> (C,)."""
    pixels = _channels_last(g).reshape(-1, g.shape[1])
    count = len(pixels) - len(pixels) % FOLD  # the pixels that fill rows of FOLD
    folded = pixels[:count].reshape(-1, FOLD * g.shape[1])
    parts = parallel.gather(lambda share: folded[share].sum(0), parallel.shares(len(folded)))
    total = sum(parts[1:], parts[0]).reshape(FOLD, -1).sum(0)
    return total + pixels[count:].sum(0)


def _channels_last(g: np.ndarray) -> np.ndarray:
    return np.moveaxis(g, 1, -1)
