"""Collapse: where the loss rests, how to see it in the encodings, and what to say of it."""

import numpy as np


def loss_at_collapse(kind, margin):
    """kind "squared", "plain" or "soft" -> the triplet loss when all encodings are equal."""
    return float(np.log(2)) if kind == "soft" else margin


def spread(f):
    """f (B, D) -> how far its rows are from their mean, beside their length: 0 to 1."""
    length = np.sqrt((f**2).sum(axis=1).mean())
    apart = np.sqrt(((f - f.mean(axis=0)) ** 2).sum(axis=1).mean())
    return apart / length if length else 0.0


def verdict(losses, spread):
    """losses of a training, spread of its last batch -> collapsed, learning or not learning."""
    if spread < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] < losses[0] else "not learning"
