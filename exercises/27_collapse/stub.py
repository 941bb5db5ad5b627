"""Collapse: where the loss rests, how to see it in the encodings, and what to say of it."""

import numpy as np


def loss_at_collapse(kind, margin):
    """kind "squared", "plain" or "soft" -> the triplet loss when all encodings are equal."""
    raise NotImplementedError


def spread(f):
    """f (B, D) -> how far its rows are from their mean, beside their length: 0 to 1."""
    raise NotImplementedError


def verdict(losses, spread):
    """losses of a training, spread of its last batch -> collapsed, learning or not learning."""
    raise NotImplementedError
