"""Collapse: the loss at collapse, the spread of the encodings, and a verdict."""

import numpy as np


def loss_at_collapse(kind, margin):
    """kind "squared", "plain" or "soft" -> triplet loss when all encodings are equal."""
    return float(np.log(2)) if kind == "soft" else margin


def spread(f):
    """f (B, D) -> distance of the rows from their mean in relation to their length, 0 to 1."""
    length = np.sqrt((f**2).sum(axis=1).mean())
    distance = np.sqrt(((f - f.mean(axis=0)) ** 2).sum(axis=1).mean())
    return distance / length if length else 0.0


def verdict(losses, spread):
    """losses, spread of the last batch -> "collapsed", "learning" or "not learning"."""
    if spread < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] < losses[0] else "not learning"
