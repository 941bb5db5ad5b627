"""Batch normalisation in training and evaluation, and its gradient."""

import numpy as np

AXES = (0, 2, 3)  # all but the channels


def batch_norm(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """x (N, C, H, W), other arrays (C,) -> y like x, new running mean and var (C,)."""
    centre, variance = (x.mean(AXES), x.var(AXES)) if training else (mean, var)
    normal = (x - expand(centre)) / np.sqrt(expand(variance) + eps)
    y = expand(gamma) * normal + expand(beta)
    if not training:
        return y, mean.copy(), var.copy()
    count = x.size // x.shape[1]
    new_mean = (1 - momentum) * mean + momentum * centre
    new_var = (1 - momentum) * var + momentum * variance * count / (count - 1)
    return y, new_mean, new_var


def batch_norm_backward(g, normal, gamma, root):
    """g = dL/dy and normal (N, C, H, W), gamma and root (C,) -> dx like g, dgamma, dbeta (C,)."""
    projection = (g * normal).mean(AXES, keepdims=True)
    centred = g - g.mean(AXES, keepdims=True) - normal * projection
    return expand(gamma / root) * centred, (g * normal).sum(AXES), g.sum(AXES)


def expand(values):
    """(C,) -> (C, 1, 1), to broadcast with (N, C, H, W)."""
    return values[:, None, None]
