"""Collapse: the loss at collapse, the spread of the encodings, and a verdict."""

import numpy as np


def loss_at_collapse(kind, margin):
    """kind "squared", "plain" or "soft" -> triplet loss when all encodings are equal."""
    raise NotImplementedError


def spread(f):
    """f (B, D) -> distance of the rows from their mean in relation to their length, 0 to 1."""
    raise NotImplementedError


def verdict(losses, spread):
    """losses, spread of the last batch -> "collapsed", "learning" or "not learning"."""
    raise NotImplementedError
