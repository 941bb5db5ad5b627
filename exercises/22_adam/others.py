"""Other right answers for momentum and Adam."""

import math

import numpy as np

from nnscratch.learn import right


@right("momentum_step")
def by_loops(p, g, v, lr, beta):
    """One number at a time."""
    new_p, speed = np.empty(p.shape), np.empty(p.shape)
    for at in np.ndindex(p.shape):
        speed[at] = v[at] * beta + g[at]
        new_p[at] = p[at] - speed[at] * lr
    return new_p, speed


@right("adam_step")
def corrected_step_size(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The corrections in the step size; means updated by a fraction; p shrunk by a factor."""
    m, v, t = state[0] + (1 - beta1) * (g - state[0]), state[1].copy(), state[2] + 1
    v += (1 - beta2) * (np.square(g) - v)
    lack = math.sqrt(1 - beta2**t)
    size = lr * lack / (1 - beta1**t)
    return p * (1 - lr * decay) - size * m / (np.sqrt(v) + eps * lack), (m, v, t)


@right("adam_step")
def adam_by_loops(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """One number at a time, the state a list."""
    m, v, t = np.array(state[0]), np.array(state[1]), state[2] + 1
    new_p = np.array(p)
    for at in np.ndindex(p.shape):
        m[at] = beta1 * m[at] + (1 - beta1) * g[at]
        v[at] = beta2 * v[at] + (1 - beta2) * g[at] * g[at]
        root = (v[at] / (1 - beta2**t)) ** 0.5
        new_p[at] -= lr * (m[at] / (1 - beta1**t) / (root + eps) + decay * p[at])
    return new_p, [m, v, t]
