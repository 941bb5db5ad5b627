"""The sum of each channel over images and positions: the gradient of a bias.

Stands on `parallel`.
"""

import numpy as np

from nnscratch.backend import Array
from nnscratch.host import parallel

FOLD = 32  # pixels side by side: a row of few channels is too short for NumPy's inner loop


def channel_sums(g: Array) -> Array:
    """g (N, C, *size) -> (C,)."""
    axes = (0, *range(2, g.ndim))
    last = g.transpose(*axes, 1)
    if type(g) is not np.ndarray or not last.flags.c_contiguous or g.size < 2**16:
        return g.sum(axes)
    rows = last.reshape(-1, g.shape[1])
    whole = len(rows) - len(rows) % FOLD
    folded = rows[:whole].reshape(-1, FOLD * g.shape[1])
    parts = parallel.gather(lambda share: folded[share].sum(0), parallel.shares(len(folded)))
    total = sum(parts[1:], parts[0]).reshape(FOLD, -1).sum(0)
    return total + rows[whole:].sum(0)
