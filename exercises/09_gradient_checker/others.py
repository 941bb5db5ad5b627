"""Other right answers for the gradient checker."""

import numpy as np

from nnscratch.learn import right


@right("gradient_check")
def by_moved_copies(function, gradient, x, g):
    """A new array for each step; steps in proportion to x."""
    start = x.astype(float)

    def loss(i, move):
        moved = start.flatten()
        moved[i] += move
        return np.vdot(function(moved.reshape(x.shape)), g)

    n = np.empty(x.size)
    for i in range(x.size):
        h = 1e-7 * max(1.0, abs(start.flat[i]))
        n[i] = (loss(i, h) - loss(i, -h)) / (2 * h)
    a = np.ravel(gradient(start, g))
    worst = largest = 0.0
    for one, other in zip(a, n, strict=True):
        worst = max(worst, abs(one - other))
        largest = max(largest, abs(one), abs(other))
    return worst / largest if largest > 0 else 0.0


@right("gradient_check")
def with_unit_vectors(function, gradient, x, g):
    """Differences of y, then times g; each row of a unit matrix is a direction."""
    x = np.asarray(x, np.float64)
    h = 1e-5
    slopes = []
    for unit in np.eye(x.size):
        move = h * unit.reshape(x.shape)
        slopes.append((g * (function(x + move) - function(x - move))).sum() / (h + h))
    both = np.stack([np.reshape(slopes, x.shape), gradient(x.copy(), g)])
    largest = np.abs(both).max()
    return np.abs(np.diff(both, axis=0)).max() / (largest or 1.0)


@right("gradient_check")
def four_points(function, gradient, x, g):
    """A formula of higher order with two steps to each side; x changed in place and restored."""
    x = x if x.dtype == np.float64 else x.astype(np.float64)
    h, n = 4e-6, np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        old, total = x[at], 0.0
        for k, weight in ((2, -1), (1, 8), (-1, -8), (-2, 1)):
            x[at] = old + k * h
            total += weight * np.sum(function(x) * g)
        x[at] = old
        n[at] = total / (12 * h)
    a = np.asarray(gradient(x, g))
    return np.abs(a - n).max() / max(np.abs(a).max(), np.abs(n).max(), 1e-300)
