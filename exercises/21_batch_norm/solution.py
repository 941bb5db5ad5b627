"""Batch normalisation, while training and afterwards, and its gradient."""

import numpy as np

AXES = (0, 2, 3)  # all but the channels


def batch_norm(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """x (N, C, H, W), all else (C,) -> y like x, and the running mean and var (C,) after it."""
    now, spread = (x.mean(AXES), x.var(AXES)) if training else (mean, var)
    normal = (x - beside(now)) / np.sqrt(beside(spread) + eps)
    y = beside(gamma) * normal + beside(beta)
    if not training:
        return y, mean.copy(), var.copy()
    count = x.size // x.shape[1]
    new_mean = (1 - momentum) * mean + momentum * now
    new_var = (1 - momentum) * var + momentum * spread * count / (count - 1)
    return y, new_mean, new_var


def batch_norm_backward(g, normal, gamma, root):
    """g = dL/dy and normal (N, C, H, W), gamma and root (C,) -> dx like g, dgamma, dbeta (C,)."""
    along = (g * normal).mean(AXES, keepdims=True)
    centred = g - g.mean(AXES, keepdims=True) - normal * along
    return beside(gamma / root) * centred, (g * normal).sum(AXES), g.sum(AXES)


def beside(values):
    """(C,) -> (C, 1, 1), to go with (N, C, H, W)."""
    return values[:, None, None]
