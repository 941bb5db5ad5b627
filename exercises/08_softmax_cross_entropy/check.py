"""Claims about the cross-entropy."""

import numpy as np
from scipy import special

from nnscratch.learn import claim

FUNCTIONS = ("cross_entropy",)
READS = "nnscratch/functional/loss.py"
FORBIDDEN = {
    f"scipy.special.{name}": "the exercise is to write it with exp and log"
    for name in ("softmax", "log_softmax", "logsumexp")
}


def _usual(rng, rung):
    """Scores of usual size; with 4 or more items labels repeat."""
    if rung == 0:
        return np.array([[0.0, 0.0, 0.0], [1.0, 3.0, 2.0]]), np.array([0, 1])
    items, classes = (int(rng.integers(2, 4)), 4) if rung == 1 else (5, int(rng.integers(2, 5)))
    return 2 * rng.standard_normal((items, classes)), rng.integers(0, classes, items)


def _large(rng, rung):
    """Scores up to 10000, and items with low and high scores in one batch."""
    if rung == 0:
        return np.array([[10000.0, 0.0], [0.0, -10000.0]]), np.array([1, 0])
    items, classes = int(rng.integers(3, 5)), int(rng.integers(2, 5))
    x = rng.uniform(-2, 2, (items, classes))
    x[0], x[1], x[2, 0] = x[0] + 10000, x[1] - 10000, -9000
    return x, rng.integers(0, classes, items)


def _scipy(inputs):
    """SciPy's log-softmax, and central differences of the loss computed from it."""

    def scipy(f, rng, rung, step=1e-4):
        x, labels = inputs(rng, rung)

        def loss(x):
            rows = special.log_softmax(x, axis=1)
            return -sum(row[label] for row, label in zip(rows, labels, strict=True)) / len(x)

        dx = np.zeros_like(x)
        for at in np.ndindex(x.shape):
            move = np.zeros_like(x)
            move[at] = step
            dx[at] = (loss(x + move) - loss(x - move)) / (2 * step)
        values = {"logs": special.log_softmax(x, axis=1), "loss": loss(x)}
        return values | ({"dx": dx} if inputs is _usual else {"dx finite": "yes"})

    return scipy


def _named(results):
    """The three results by name; anything but three unchanged."""
    if not isinstance(results, (tuple, list)) or len(results) != 3:
        results = results, results, results
    return dict(zip(("logs", "loss", "dx"), results, strict=True))


def _finite(dx):
    dx = np.asarray(dx)
    return "yes" if dx.dtype.kind in "biuf" and np.isfinite(dx).all() else "no"


@claim(
    "logs, loss and dx of usual scores",
    by_hand="dx[0,0] = (p[0,0] - 1) / N = (1/3 - 1) / 2 = -0.3333",
    oracle=_scipy(_usual),
)
def usual(f, rng, rung):
    return _named(f.cross_entropy(*_usual(rng, rung)))


@claim(
    "scores of 10000",
    by_hand="logs[0,1] = (0 - 10000) - log(exp(0) + exp(-10000)) = -10000 - log(1) = -10000",
    oracle=_scipy(_large),
)
def large(f, rng, rung):
    values = _named(f.cross_entropy(*_large(rng, rung)))
    return values | {"dx finite": _finite(values.pop("dx"))}
