"""One step of gradient descent with momentum, and one of Adam."""

import numpy as np


def momentum_step(p, g, v, lr, beta):
    """p, gradient g, velocity v, all of one shape -> new p, new v."""
    raise NotImplementedError


def adam_step(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """p, g of one shape, state (m, v, t), t = number of steps so far -> new p, new state."""
    raise NotImplementedError
