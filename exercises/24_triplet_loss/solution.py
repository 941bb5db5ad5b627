"""The triplet loss with squared distances, and its gradients."""

import numpy as np


def triplet_loss(a, p, n, margin=0.2):
    """Anchors a, positives p, negatives n, (N, D) each -> mean loss of the triplets, a number."""
    return np.maximum(0.0, _slack(a, p, n, margin)).mean()


def triplet_gradients(a, p, n, margin=0.2):
    """Anchors a, positives p, negatives n, (N, D) each -> da, dp, dn, (N, D) each."""
    active = _slack(a, p, n, margin)[:, None] > 0
    slopes = n - p, p - a, a - n
    return tuple(np.where(active, 2.0 / len(a) * slope, 0.0) for slope in slopes)


def _slack(a, p, n, margin):
    """ap - an + margin (N,), before the maximum."""
    return ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
