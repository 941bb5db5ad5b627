"""Batch-all: the loss of every valid triplet of a batch."""

import numpy as np


def batch_all(f, labels, margin=0.2):
    """f (B, D), labels (B,) -> mean loss of active triplets; numbers of active, valid triplets."""
    same = labels[:, None] == labels
    pair = same & ~np.eye(len(labels), dtype=bool)
    valid = pair[:, :, None] & ~same[:, None, :]  # [anchor, positive, negative]
    d = ((f[:, None] - f) ** 2).sum(axis=2)
    costs = np.maximum(0.0, d[:, :, None] - d[:, None, :] + margin)[valid]
    active = int((costs > 0).sum())
    return costs.sum() / max(active, 1), active, len(costs)
