"""Claims about the triplet loss."""

import math

import numpy as np

from nnscratch.learn import Kink, claim

FUNCTIONS = ("triplet_loss", "triplet_gradients")
READS = "nnscratch/faces/losses.py"
CORNER = "a triplet lies exactly at the corner of the maximum, where 0 and the full slope are right"


def _triplets(rng, rung):
    """a, p, n, margin; from rung 1 on at least one triplet is active and one is not."""
    if rung == 0:
        a, p = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[2.0, 0.0], [1.0, 2.0]])
        return a, p, np.array([[0.0, 1.0], [4.0, 1.0]]), 1.0
    if rung == 1:  # 9 - 10 + 2, and 2 - 4 + 2: in whole numbers, so exactly at the corner
        a, p = np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([[3.0, 0.0], [1.0, 1.0]])
        n, moved = np.array([[1.0, 3.0], [0.0, 2.0]]), rng.integers(-9, 10, 2)
        return a + moved, p + moved, n + moved, 2.0
    a, p, n = rng.standard_normal((3, int(rng.integers(4, 8)), int(rng.integers(3, 6))))
    p[0], n[1] = a[0] + rng.uniform(2, 4), a[1] + rng.uniform(2, 4)
    n[0], p[1] = a[0] + 0.5 * n[0], a[1] + 0.5 * p[1]
    direction = p[2] / math.hypot(*p[2])  # 9 - 12.25 is less than -margin, 3 - 3.5 is not
    p[2], n[2] = a[2] + 3.0 * direction, a[2] - 3.5 * direction
    return a, p, n, float(rng.uniform(0.6, 1.5))


def _loss_by_loops(a, p, n, margin):
    total = 0.0
    for x, y, z in zip(a, p, n, strict=True):
        total += max(0.0, math.dist(x, y) ** 2 - math.dist(x, z) ** 2 + margin)
    return total / len(a)


def _loops(f, rng, rung):
    return {"loss": _loss_by_loops(*_triplets(rng, rung))}


@claim(
    "the loss",
    by_hand="loss = mean of max(0, ap - an + margin)"
    " = (max(0, 4 - 1 + 1) + max(0, 1 - 9 + 1))/2 = 2",
    oracle=_loops,
)
def loss(f, rng, rung):
    return {"loss": f.triplet_loss(*_triplets(rng, rung))}


def _numeric(f, rng, rung):
    """Central differences of the loss, element by element."""
    a, p, n, margin = _triplets(rng, rung)
    by_name = {}
    for name, array in (("da", a), ("dp", p), ("dn", n)):
        slopes = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            old = array[at]
            array[at] = old + 1e-6
            high = _loss_by_loops(a, p, n, margin)
            array[at] = old - 1e-6
            slopes[at] = (high - _loss_by_loops(a, p, n, margin)) / 2e-6
            array[at] = old
        by_name[name] = slopes
    return {} if rung == 1 else by_name  # at a corner they give half the slope


def _results(result):
    """The three gradients; None for a missing one."""
    parts = result if isinstance(result, (tuple, list)) or np.ndim(result) == 3 else (result,)
    return (*parts, None, None, None)[:3]


@claim("the gradients", by_hand="da[0,0] = 2*(n - p)/N = 2*(0 - 2)/2 = -2", oracle=_numeric)
def gradients(f, rng, rung):
    a, p, n, margin = _triplets(rng, rung)
    results = _results(f.triplet_gradients(a, p, n, margin))
    corner = ((a - p) ** 2).sum(1, keepdims=True) - ((a - n) ** 2).sum(1, keepdims=True) == -margin
    values = {}
    for name, slope, full in zip(("da", "dp", "dn"), results, (n - p, p - a, a - n), strict=True):
        full = 2 / len(a) * full
        values[name] = Kink(slope, corner, np.minimum(0, full), np.maximum(0, full), CORNER)
    return values
