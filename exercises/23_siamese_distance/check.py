"""Claims about distances and a shared tower."""

import math

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("unit_rows", "distances", "tower_gradient")
READS = "nnscratch/faces/losses.py"


def _whole_rows(rng, rung):
    """Rows of whole numbers, so that sums are exact in any order; two rows are equal.

    The last size has odd numbers too large for float32, whose squares float64 still represents.
    """
    if rung == 0:
        return np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
    width = 3 if rung == 1 else int(rng.integers(2, 4))
    f = rng.integers(-4, 5, (int(rng.integers(4, 7)), width)).astype(float)
    if rung == 2:
        f = 2.0 * rng.integers(9_000_000, 12_000_000, f.shape) + 1
    f[rng.integers(1, len(f))] = f[0]
    return f


def _loops_of_distances(f, rng, rung):
    if rung == 3:  # the last rung compares words only
        return {}
    rows = _whole_rows(rng, rung)
    return {"D": np.array([[math.dist(a, b) for b in rows] for a in rows])}


def _near(f, rng):
    """Rows close together, far from the origin, where subtracting squares loses all digits."""
    rows = 1e6 + 1e-3 * rng.uniform(0, 4, (int(rng.integers(7, 10)), int(rng.integers(2, 5))))
    right = np.array([[math.dist(a, b) for b in rows] for a in rows])
    d = np.asarray(f.distances(rows))
    return {
        "no NaN": bool(np.isfinite(d).all()),
        "near rows to 1 %": d.shape == right.shape and bool(np.allclose(d, right, 1e-2, 1e-9)),
    }


@claim(
    "distances of all rows, equal and close ones included",
    rungs=4,
    by_hand="D[0,1] = sqrt((0 - 3)^2 + (0 - 4)^2) = sqrt(9 + 16) = 5",
    oracle=_loops_of_distances,
)
def all_distances(f, rng, rung):
    return _near(f, rng) if rung == 3 else {"D": f.distances(_whole_rows(rng, rung))}


def _some_rows(rng, rung):
    if rung == 0:
        return np.array([[3.0, 4.0], [0.0, -2.0]])
    if rung == 1:
        return np.array([[3.0, 4.0], [0.0, 0.0]]) * int(rng.integers(1, 100))
    f = rng.standard_normal((int(rng.integers(7, 10)), int(rng.integers(2, 4))))
    sizes = rng.integers(-3, 4, (len(f), 1))
    sizes[0] = -8  # short, but not 0
    return f * 10.0**sizes


def _loops_of_lengths(f, rng, rung):
    rows = _some_rows(rng, rung)
    return {"rows": np.array([[v / (math.hypot(*row) or 1.0) for v in row] for row in rows])}


@claim(
    "rows of length 1",
    by_hand="rows[0,0] = 3/sqrt(3^2 + 4^2) = 3/sqrt(9 + 16) = 0.6",
    oracle=_loops_of_lengths,
)
def unit(f, rng, rung):
    return {"rows": f.unit_rows(_some_rows(rng, rung))}


def _pairs(rng, rung):
    """x1, x2, w, g; from rung 1 on with a pair of equal inputs."""
    if rung == 0:
        x1, x2 = np.array([[5.0, 4.0]]), np.array([[2.0, 0.0]])
        return x1, x2, np.eye(2), np.array([2.0])
    if rung == 1:
        x1, x2 = np.array([[5.0, 4.0], [1.0, 2.0]]), np.array([[2.0, 0.0], [1.0, 2.0]])
        return x1, x2, np.eye(2), np.array([2.0, 3.0])
    pairs, inputs, outputs = rng.integers(3, 6), rng.integers(2, 5), rng.integers(2, 4)
    x1, x2 = rng.standard_normal((2, pairs, inputs))
    x1[0] = x2[0]
    x1[1] = x2[1] + 1e-3 * x1[1]  # close, but not equal
    return x1, x2, rng.standard_normal((inputs, outputs)), rng.standard_normal(pairs)


def _numeric(f, rng, rung):
    """Central differences of the loss by each element of w."""
    x1, x2, w, g = _pairs(rng, rung)
    slopes = np.zeros_like(w)
    for at in np.ndindex(w.shape):
        losses = []
        for step in (1e-6, -1e-6):
            moved = w.copy()
            moved[at] += step
            d = [math.dist(a @ moved, b @ moved) for a, b in zip(x1, x2, strict=True)]
            losses.append(float(g @ d))
        slopes[at] = (losses[0] - losses[1]) / 2e-6
    return {"dw": slopes}


_loops_of_distances.__name__ = _loops_of_lengths.__name__ = "loops"  # the heading of a column


@claim(
    "both branches of the tower",
    by_hand="dw[0,0] = x1[0]*da[0] + x2[0]*db[0] = 5*2*0.6 - 2*2*0.6 = 3.6",
    oracle=_numeric,
)
def tower(f, rng, rung):
    return {"dw": f.tower_gradient(*_pairs(rng, rung))}
