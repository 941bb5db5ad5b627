"""Claims about collapse."""

import math

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("loss_at_collapse", "spread", "verdict")
READS = "nnscratch/faces/monitor.py"
KINDS = ("squared", "plain", "soft")


def _margin(rng, rung):
    return 0.2 if rung == 0 else float(rng.uniform(0.05, 2.0))


def _measured(f, rng, rung):
    """The losses of triplets whose rows are all equal."""
    margin = _margin(rng, rung)
    rows = np.tile(rng.standard_normal(4), (5, 1))
    near, far = ((rows - rows[::-1]) ** 2).sum(1), ((rows - rows[[1, 2, 3, 4, 0]]) ** 2).sum(1)
    return {
        "squared": np.maximum(0, near - far + margin).mean(),
        "plain": np.maximum(0, np.sqrt(near) - np.sqrt(far) + margin).mean(),
        "soft": np.log(1 + np.exp(np.sqrt(near) - np.sqrt(far))).mean(),
    }


@claim(
    "the loss at collapse", rungs=2, by_hand="squared = max(0, 0 - 0 + 0.2) = 0.2", oracle=_measured
)
def prediction(f, rng, rung):
    margin = _margin(rng, rung)
    return {kind: f.loss_at_collapse(kind, margin) for kind in KINDS}


def _batch(rng, rung):
    if rung == 0:
        return np.array([[3.0, 4.0], [-3.0, 4.0]])
    if rung == 1:
        return np.zeros((int(rng.integers(2, 5)), 2))
    if rung == 2:  # all rows equal, in numbers that are exact
        return np.tile(rng.integers(1, 9, 3) / 4.0, (int(rng.integers(2, 5)), 1))
    shape = (int(rng.integers(4, 8)), int(rng.integers(2, 5)))
    f = rng.standard_normal(shape) * rng.uniform(0.2, 2) + rng.standard_normal(shape[1])
    return f * 10.0 ** rng.integers(-4, 5)


def _loops(f, rng, rung):
    rows = _batch(rng, rung).tolist()
    mean = [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
    squares = math.fsum(math.dist(row, mean) ** 2 for row in rows)
    length = math.fsum(math.hypot(*row) ** 2 for row in rows)
    return {"spread": math.sqrt(squares / length) if length else 0.0}


@claim(
    "the spread of a batch",
    rungs=4,
    by_hand="spread = sqrt((3^2 + 3^2)/2) / sqrt((5^2 + 5^2)/2) = sqrt(9)/sqrt(25) = 0.6",
    oracle=_loops,
)
def squares(f, rng, rung):
    return {"spread": f.spread(_batch(rng, rung))}


def _training(rng, rung):
    """One training for each rung: its losses and the spread of its last batch."""
    high, small = int(rng.integers(30, 90)) / 100, int(rng.integers(2, 9))
    losses, spread = [
        ([0.9, 0.4, 0.2, 0.2], 1e-5),  # fell to the margin, and collapsed
        ([high, 0.95, high], 0.4),  # not collapsed, no progress
        ([0.25, 0.2, high, high - 0.01], 0.4),  # rises overall
        ([0.1, high, 0.95], 0.0),  # rose, and collapsed
        ([high, 0.25, 0.2, 0.2], small * 1.25e-3),  # at the margin, not collapsed
        ([high, 0.25, 0.1], small * 1e-4),  # collapsed, but not exactly equal
        ([high, 0.25, 0.1], 1 / 1000),  # at the bound, not below it
    ][rung]
    return losses, spread


def _trainings(rng):
    """Many trainings of all kinds: lengths, ups and downs, spreads from 1e-9 to 1."""
    for _ in range(20):
        losses = (rng.permutation(40)[: rng.integers(2, 7)] / 40 + 0.1).tolist()
        yield losses, float(10.0 ** rng.choice([rng.uniform(-9, -3.2), rng.uniform(-2.8, 0)]))


@claim("the verdict on a training", rungs=8)
def said(f, rng, rung):
    if rung == 7:
        return {"verdicts": [f.verdict(*training) for training in _trainings(rng)]}
    return {"verdict": f.verdict(*_training(rng, rung))}
