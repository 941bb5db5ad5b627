"""Claims about the gradients of reductions."""

import numpy as np

from nnscratch.learn import Kink, claim

FUNCTIONS = ("reduction_backward",)
READS = "nnscratch/tensor.py"
RUNGS = 9


def _case(rng, rung):
    """x without equal values, axis, keepdims and g."""
    if rung == 0:
        return np.array([[1.0, 4.0], [3.0, 2.0]]), 1, False, np.array([10.0, 20.0])
    n = int(rng.integers(2, 4))
    shape, axis, keepdims = (
        ((n, n), -1, False),
        ((n, n), 0, False),
        ((2, n + 1), None, False),
        ((n, 3), -2, True),
        (tuple(rng.integers(2, 5, 3)), int(rng.integers(-3, 3)), bool(rng.integers(2))),
        (tuple(rng.integers(2, 5, 3)), ((0, -1), (-1, 0), (2, 1), (-3, 1))[rng.integers(4)], False),
        ((2, n, 2), ((0, 2), (1, -1))[rng.integers(2)], True),
        ((2, n, 2), None, True),
    )[rung - 1]
    x = rng.standard_normal(shape)
    return x, axis, keepdims, rng.standard_normal(x.sum(axis=axis, keepdims=keepdims).shape)


def _numeric(reduce):
    """Central differences of sum(g * reduce(x)) by each element of x."""

    def numeric(f, rng, rung, step=1e-5):
        x, axis, keepdims, g = _case(rng, rung)
        dx = np.zeros_like(x)
        for at in np.ndindex(x.shape):
            ends = []
            for moved in (x[at] + step, x[at] - step):
                near = x.copy()
                near[at] = moved
                ends.append((g * reduce(near, axis=axis, keepdims=keepdims)).sum())
            dx[at] = (ends[0] - ends[1]) / (2 * step)
        return {"dx": dx}

    return numeric


@claim("the sum", RUNGS, by_hand="dx[0,1] = g[0] * 1 = 10 * 1 = 10", oracle=_numeric(np.sum))
def total(f, rng, rung):
    x, axis, keepdims, g = _case(rng, rung)
    return {"dx": f.reduction_backward("sum", x, g, axis, keepdims)}


@claim("the mean", RUNGS, by_hand="dx[0,1] = g[0] / 2 = 10 / 2 = 5", oracle=_numeric(np.mean))
def average(f, rng, rung):
    x, axis, keepdims, g = _case(rng, rung)
    return {"dx": f.reduction_backward("mean", x, g, axis, keepdims)}


@claim(
    "the maximum without ties",
    RUNGS,
    by_hand="dx[0,1] = g[0] * 1, as 4 is the largest of its row = 10 * 1 = 10",
    oracle=_numeric(np.max),
)
def largest(f, rng, rung):
    x, axis, keepdims, g = _case(rng, rung)
    return {"dx": f.reduction_backward("max", x, g, axis, keepdims)}


# -- ties -----------------------------------------------------------------------------------------


def _ties(rng, rung):
    """x with equal largest values in some columns or in the whole array, its axis, and g."""
    if rung == 0:
        return np.array([5.0, 1.0, 5.0]), None, np.array(6.0)
    x = rng.integers(0, 3, (4, int(rng.integers(3, 6)))).astype(float)
    x[rng.permutation(4)[:2], 0] = 3.0
    axis = 0 if rung == 1 else None
    return x, axis, rng.uniform(-2, 2, x.max(axis=axis).shape)


@claim(
    "the maximum with ties: g is shared, not copied",
    by_hand="sum of dx = g * (one share + the other) = 6 * (0.5 + 0.5) = 6",
)
def ties(f, rng, rung):
    x, axis, g = _ties(rng, rung)
    dx = f.reduction_backward("max", x, g, axis)
    added = dx.sum(axis=axis) if np.shape(dx) == x.shape else None
    among = x == x.max(axis=axis, keepdims=True)
    shared = among & (among.sum(axis=axis, keepdims=True) > 1)
    low, high = np.minimum(g, 0.0), np.maximum(g, 0.0)
    why = "the shares of equal largest values are not unique"
    return {"dx": Kink(dx, shared, low, high, why), "sum of dx": added}
