"""The triplet loss with squared distances, and its gradients."""

import numpy as np


def triplet_loss(a, p, n, margin=0.2):
    """Anchors a, positives p, negatives n, (N, D) each -> mean loss of the triplets, a number."""
    raise NotImplementedError


def triplet_gradients(a, p, n, margin=0.2):
    """Anchors a, positives p, negatives n, (N, D) each -> da, dp, dn, (N, D) each."""
    raise NotImplementedError
