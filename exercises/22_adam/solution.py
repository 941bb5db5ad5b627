"""One step of gradient descent with momentum, and one of Adam."""

import numpy as np


def momentum_step(p, g, v, lr, beta):
    """p, gradient g, velocity v, all of one shape -> new p, new v."""
    v = beta * v + g
    return p - lr * v, v


def adam_step(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """p, g of one shape, state (m, v, t), t = number of steps so far -> new p, new state."""
    m, v, t = state
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mean, square = m / (1 - beta1**t), v / (1 - beta2**t)  # corrected: both start at 0
    p = p - lr * decay * p - lr * mean / (np.sqrt(square) + eps)
    return p, (m, v, t)
