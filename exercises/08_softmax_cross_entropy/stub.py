"""Log-softmax, the mean cross-entropy, and its gradient."""

import numpy as np


def cross_entropy(x, labels):
    """x (N, C) scores, labels (N,) ints -> logs (N, C), loss (a number), dx (N, C)."""
    raise NotImplementedError
