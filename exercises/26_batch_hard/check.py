"""Claims about batch-hard mining."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("hardest", "triplet_loss")
READS = "nnscratch/faces/mining.py"

NO_CHOICE = ([3, 3, 3], [5, 6, 7], [2, 2])  # labels among which there is no triplet


def _batch(rng, rung):
    """f, labels; from rung 1 on with a label that occurs once."""
    if rung == 0:
        return np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([0, 0, 1, 1])
    if rung == 1:
        f = np.array([[0.0], [1.0], [3.0], [7.0], [12.0], [20.0]])
        return f + float(rng.integers(-9, 10)), np.array([0, 1, 0, 0, 1, 2])
    if rung == 2:
        labels = NO_CHOICE[rng.integers(3)]
        return np.array([0.0, 1.0, 3.0])[: len(labels), None] + rng.integers(9), np.array(labels)
    names = rng.permutation(20)[:4]
    labels = rng.permutation(np.repeat(names, [1, 2, 3, int(rng.integers(2, 5))]))
    return rng.standard_normal((len(labels), int(rng.integers(2, 5)))), labels


def _chosen_by_loops(f, rng, rung):
    rows, labels = _batch(rng, rung)
    d = [[((a - b) ** 2).sum() for b in rows] for a in rows]
    everyone, triplets = range(len(rows)), []
    for i in everyone:
        near = [j for j in everyone if labels[j] == labels[i] and j != i]
        other = [k for k in everyone if labels[k] != labels[i]]
        if near and other:
            triplets.append([i, max(near, key=d[i].__getitem__), min(other, key=d[i].__getitem__)])
    return {"triplets": np.array(triplets).reshape(-1, 3)}


_chosen_by_loops.__name__ = "loops"  # the heading of a column


@claim("the hardest triplet of each anchor", rungs=4, oracle=_chosen_by_loops)
def choice(f, rng, rung):
    triplets = f.hardest(*_batch(rng, rung))
    if np.size(triplets) == 0 and triplets is not None:
        return {"triplets": np.zeros((0, 3)), "rows are ints": True}
    return {"triplets": triplets, "rows are ints": np.asarray(triplets).dtype.kind in "iu"}


def _with_repeats(rng, rung):
    """f, triplets, margin; some rows occur several times."""
    if rung == 0:
        f = np.array([[0.0], [1.0], [3.0], [7.0]])
        return f, np.array([[0, 1, 2], [1, 0, 2], [2, 3, 1], [3, 2, 1]]), 4.0
    if rung == 1:
        return rng.standard_normal((3, 2)), np.zeros((0, 3), dtype=int), 0.5
    size, count = int(rng.integers(5, 8)), int(rng.integers(7, 12))
    f = rng.standard_normal((size, int(rng.integers(2, 5))))
    triplets = np.array([rng.permutation(size)[:3] for _ in range(count)])
    return f, triplets, float(rng.uniform(0.2, 1.5))


def _loss(f, triplets, margin):
    total = 0.0
    for i, j, k in triplets:
        total += max(0.0, ((f[i] - f[j]) ** 2).sum() - ((f[i] - f[k]) ** 2).sum() + margin)
    return total / max(len(triplets), 1)


def _numeric(f, rng, rung):
    """The loss by loops; central differences of it, element by element."""
    rows, triplets, margin = _with_repeats(rng, rung)
    slopes = np.zeros_like(rows)
    for at in np.ndindex(rows.shape):
        losses = []
        for step in (1e-6, -1e-6):
            moved = rows.copy()
            moved[at] += step
            losses.append(_loss(moved, triplets, margin))
        slopes[at] = (losses[0] - losses[1]) / 2e-6
    return {"loss": _loss(rows, triplets, margin), "df": slopes}


@claim(
    "the loss of given triplets, and its gradient",
    by_hand="loss = (max(0, 1 - 9 + 4) + max(0, 1 - 4 + 4) + max(0, 16 - 4 + 4)"
    " + max(0, 16 - 36 + 4))/4 = 4.25",
    oracle=_numeric,
)
def loss(f, rng, rung):
    value, df = f.triplet_loss(*_with_repeats(rng, rung))
    return {"loss": value, "df": df}
