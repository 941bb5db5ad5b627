"""Rows of length 1, distances, and the gradient of a tower that both branches share."""

import numpy as np


def unit_rows(f):
    """f (B, K) -> (B, K), each row divided by its length; a row of zeros stays one."""
    lengths = np.sqrt((f * f).sum(axis=1, keepdims=True))
    return f / np.where(lengths == 0, 1.0, lengths)


def distances(f):
    """f (B, K) -> (B, B), the distances of all rows, not squared."""
    apart = f[:, None] - f[None]
    return np.sqrt((apart * apart).sum(axis=2))


def tower_gradient(x1, x2, w, g):
    """x1, x2 (N, C), w (C, K), g = dL/dd (N,) for d = |x1 w - x2 w| -> dw (C, K)."""
    apart = x1 @ w - x2 @ w
    direction = unit_rows(apart)  # 0 where the two are equal
    da = g[:, None] * direction
    db = -da
    return x1.T @ da + x2.T @ db
