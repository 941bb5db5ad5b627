"""Claims about the verification head."""

import numpy as np

from nnscratch.learn import Kink, claim

FUNCTIONS = ("head",)
READS = "nnscratch/faces/head.py"
TIES = "where a = b any slope of |a - b| from -1 to 1 is right"
SMALL = 1e-9


def _moderate(rng, rung):
    """Encodings of both signs; from rung 1 on some coordinates are equal."""
    if rung == 0:
        a, b = np.array([[3.0, 1.0], [0.0, 2.0]]), np.array([[1.0, 2.0], [2.0, 5.0]])
        return a, b, np.array([1, 0]), np.array([-2.0, 0.5]), 4.0
    pairs, width = rng.integers(3, 7), rng.integers(2, 6)
    a, b = rng.standard_normal((2, pairs, width))
    b[:, -1] = a[:, -1] + np.where(np.arange(pairs) == 1, 0.0, b[:, -1])
    return a, b, _labels(rng, pairs), rng.standard_normal(width), rng.standard_normal()


def _labels(rng, pairs):
    """Both labels occur, one more often than the other."""
    same = np.zeros(pairs, int)
    same[rng.permutation(pairs)[: 1 + (pairs > 4)]] = 1
    return same if rng.random() < 0.5 else 1 - same


def _not_negative(rng, rung):
    """Encodings without negative coordinates; in some places both are 0, in some one is."""
    if rung == 0:
        a, b = np.array([[3.0, 0.0], [1.0, 6.0]]), np.array([[1.0, 0.0], [4.0, 2.0]])
        return a, b, np.array([1, 0]), np.array([2.0, -1.0]), -1.0
    a, b, same, w, bias = _moderate(rng, rung)
    a, b = np.abs(a), np.abs(b)
    a[0, 0] = b[0, 0] = a[1, 0] = b[2, 0] = 0.0
    return a, b, same, w, bias


def _extreme(rng, rung):
    """Logits far from 0 on either side, with either label."""
    if rung == 0:
        a, b = np.array([[2000.0], [0.0]]), np.array([[0.0], [0.0]])
        return a, b, np.array([0, 1]), np.array([1.0]), -1000.0
    w = rng.uniform(0.5, 1.5, rng.integers(2, 4))
    rows = 4 + rng.integers(3)
    difference = rng.uniform(0, 1, (rows, len(w)))
    difference[:2] += 4000 + 1000 * rng.uniform(size=(2, len(w)))
    difference *= rng.choice([-1, 1], difference.shape)
    b = rng.standard_normal(difference.shape)
    return b + difference, b, np.arange(rows) % 2, w, -2000 * w.sum() + rng.standard_normal()


def _loss(a, b, same, w, bias, kind):
    """One pair after the other, independent of the solution."""
    total, z = 0.0, np.zeros(len(a))
    for n in range(len(a)):
        x = np.abs(a[n] - b[n])
        if kind == "chi-square":
            below = np.abs(a[n] + b[n])  # so that the slope at a = b = 0 is 0
            x = np.array([d * d / s if s else 0.0 for d, s in zip(x, below, strict=True)])
        z[n] = (w * x).sum() + bias
        total += np.logaddexp(0, -z[n] if same[n] else z[n])
    return z, total / len(a)


def _numeric(inputs, kind, wanted):
    def numeric(f, rng, rung):
        a, b, same, w, bias = inputs(rng, rung)
        bias = np.array(bias)
        z, loss = _loss(a, b, same, w, bias, kind)
        results = {"z": z, "loss": loss}
        for name, array in (("dw", w), ("dbias", bias), ("da", a)):
            results[name] = np.zeros_like(array)
            for at in np.ndindex(array.shape):
                old = array[at]
                ends = []
                for step in (1e-6, -1e-6):
                    array[at] = old + step
                    ends.append(_loss(a, b, same, w, bias, kind)[1])
                array[at] = old
                results[name][at] = (ends[0] - ends[1]) / 2e-6
        return {name: results[name] for name in wanted}

    return numeric


@claim(
    "absolute differences: logits, loss and gradients",
    by_hand="z[0] = w*|a-b| + bias = -2*abs(3-1) + 0.5*abs(1-2) + 4 = 0.5",
    oracle=_numeric(_moderate, "absolute", ("z", "loss", "dw", "dbias", "da")),
)
def absolute(f, rng, rung):
    a, b, same, w, bias = _moderate(rng, rung)
    z, loss, dw, dbias, da = f.head(a, b, same, w, bias)
    right = _loss(a, b, same, w, bias, "absolute")[0]
    reach = np.abs(w * (1 / (1 + np.exp(-right)) - same)[:, None] / len(a))
    return {
        "z": z,
        "loss": loss,
        "dw": dw,
        "dbias": dbias,
        "da": Kink(da, a == b, -reach, reach, TIES),
    }


@claim(
    "chi-square differences, also of zeros and of tiny encodings",
    by_hand="z[0] = w*(a-b)^2/(a+b) + bias = 2*(3 - 1)**2/(3 + 1) - 1 = 1",
    oracle=_numeric(_not_negative, "chi-square", ("z", "loss", "dw", "da")),
)
def chi_square(f, rng, rung):
    a, b, same, w, bias = _not_negative(rng, rung)
    small = SMALL * a, SMALL * b
    z, loss, dw, _, da = f.head(a, b, same, w, bias, "chi-square")
    tiny = f.head(*small, same, w, 0.0, "chi-square")[0]
    return {"z": z, "loss": loss, "dw": dw, "da": da, "z at 1e-9*(a, b)": tiny}


@claim(
    "logits of thousands: loss and slopes stay exact",
    by_hand="loss = (z[0] - z[1]) / 2 = (1000 - -1000) / 2 = 1000",
    oracle=_numeric(_extreme, "absolute", ("loss",)),
)
def extreme(f, rng, rung):
    a, b, same, w, bias = _extreme(rng, rung)
    _, loss, dw, dbias, _ = f.head(a, b, same, w, bias)
    return {"loss": loss, "dw": dw, "dbias": dbias}
