"""Same person or not: a logistic regression on the difference of two encodings."""

import numpy as np


def head(a, b, same, w, bias, kind="absolute"):
    """a, b (N, D), same (N,), w (D,), bias -> z (N,), loss, dw (D,), dbias, da (N, D)."""
    raise NotImplementedError
