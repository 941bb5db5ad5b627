"""Batch-hard: each anchor's farthest positive and nearest negative, and their loss."""

import numpy as np


def hardest(f, labels):
    """f (B, D), labels (B,) -> (T, 3) ints, rows (anchor, positive, negative)."""
    raise NotImplementedError


def triplet_loss(f, triplets, margin=0.2):
    """f (B, D), triplets (T, 3) -> mean loss of the triplets, and its gradient by f (B, D)."""
    raise NotImplementedError
