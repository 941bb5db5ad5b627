"""Batch-all: the loss of every triplet that the labels allow."""

import numpy as np


def batch_all(f, labels, margin=0.2):
    """f (B, D), labels (B,) -> mean loss of the active triplets; how many are active, valid."""
    same = labels[:, None] == labels
    pair = same & ~np.eye(len(labels), dtype=bool)
    valid = pair[:, :, None] & ~same[:, None, :]  # [anchor, positive, negative]
    d = ((f[:, None] - f) ** 2).sum(axis=2)
    costs = np.maximum(0.0, d[:, :, None] - d[:, None, :] + margin)[valid]
    active = int((costs > 0).sum())
    return costs.sum() / max(active, 1), active, len(costs)
