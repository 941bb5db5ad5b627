"""Batch-hard: each anchor's farthest positive and nearest negative, and their loss."""

import numpy as np


def hardest(f, labels):
    """f (B, D), labels (B,) -> (T, 3) ints, rows (anchor, positive, negative)."""
    d = ((f[:, None] - f) ** 2).sum(axis=2)
    same = labels[:, None] == labels
    near = same & ~np.eye(len(f), dtype=bool)
    positive = np.where(near, d, -np.inf).argmax(axis=1)
    negative = np.where(same, np.inf, d).argmin(axis=1)
    anchor = np.flatnonzero(near.any(axis=1) & ~same.all(axis=1))
    return np.stack([anchor, positive[anchor], negative[anchor]], axis=1)


def triplet_loss(f, triplets, margin=0.2):
    """f (B, D), triplets (T, 3) -> mean loss of the triplets, and its gradient by f (B, D)."""
    a, p, n = f[triplets.T]  # (T, D) each
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    count = max(len(triplets), 1)
    scale = 2.0 / count * (slack > 0)[:, None]  # (T, 1)
    df = np.zeros_like(f)
    for rows, slopes in zip(triplets.T, (n - p, p - a, a - n), strict=True):
        np.add.at(df, rows, scale * slopes)  # a row may occur several times
    return np.maximum(0.0, slack).sum() / count, df
