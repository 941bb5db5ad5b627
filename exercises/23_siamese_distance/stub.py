"""Rows of length 1, distances, and the gradient of a tower that both branches share."""

import numpy as np


def unit_rows(f):
    """f (B, K) -> (B, K), each row divided by its length; rows of zeros stay zeros."""
    raise NotImplementedError


def distances(f):
    """f (B, K) -> (B, B), distances between all rows, not squared."""
    raise NotImplementedError


def tower_gradient(x1, x2, w, g):
    """x1, x2 (N, C), w (C, K), g = dL/dd (N,) for d = |x1 w - x2 w| -> dw (C, K)."""
    raise NotImplementedError
