"""Rows of length 1, distances, and the gradient of a tower that both branches share."""

import numpy as np


def unit_rows(f):
    """f (B, K) -> (B, K), each row divided by its length; rows of zeros stay zeros."""
    lengths = np.sqrt((f * f).sum(axis=1, keepdims=True))
    return f / np.where(lengths == 0, 1.0, lengths)


def distances(f):
    """f (B, K) -> (B, B), distances between all rows, not squared."""
    difference = f[:, None] - f[None]
    return np.sqrt((difference * difference).sum(axis=2))


def tower_gradient(x1, x2, w, g):
    """x1, x2 (N, C), w (C, K), g = dL/dd (N,) for d = |x1 w - x2 w| -> dw (C, K)."""
    difference = x1 @ w - x2 @ w
    direction = unit_rows(difference)  # 0 where both encodings are equal
    da = g[:, None] * direction
    db = -da
    return x1.T @ da + x2.T @ db
