"""Claims about the error curve, its area and its best threshold."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("error_curve", "auc", "at_best")
READS = "nnscratch/faces/metrics.py"
FORBIDDEN = {
    f"sklearn.metrics.{name}": "count the errors yourself"
    for name in ("roc_curve", "auc", "roc_auc_score", "det_curve")
}


def _pairs(rng, rung):
    """Distances in eighths, with ties; more pairs of different people, with larger distances."""
    if rung == 0:
        return np.array([1.0, 2.0, 2.0, 3.0]), np.array([1, 1, 0, 0])
    one, different = rng.integers(4, 8), rng.integers(9, 15)
    near, far = rng.integers(1, 9, one), rng.integers(4, 14, different)
    distances = np.concatenate([near, far, near[:2]]) / 8 + rng.integers(4)
    order = rng.permutation(len(distances))
    same = np.arange(len(distances)) < one
    return distances[order], same[order].astype(int)


def _curve(distances, same):
    """A right curve as an argument, so that each function is checked separately."""
    thresholds = np.append(-np.inf, np.sort(np.array(list(set(distances)))))
    beyond = distances > thresholds[:, None]
    return np.stack([thresholds, (1 - same) @ ~beyond.T, same @ beyond.T])


def _any_curve(rng):
    """A curve of possible pairs: thresholds in eighths, counts that rise and fall."""
    steps = int(rng.integers(7, 11))
    accepts, rejects = rng.integers(0, 7, steps), rng.integers(0, 4, steps)
    rejects[accepts + rejects == 0] = 1
    thresholds = np.cumsum(rng.integers(1, 5, steps)) / 8
    counts = np.append(0, accepts.cumsum()), np.append(rejects[::-1].cumsum()[::-1], 0)
    return np.stack([np.append(-np.inf, thresholds), *counts])


def _two_curves(rng, rung):
    """Curves of training and test pairs; the first has a unique best threshold, by a margin."""
    if rung == 0:
        train = np.array([[-np.inf, 1, 2, 3], [0, 1, 4, 10], [4, 2, 0, 0]])
        return train, np.array([[-np.inf, 1.25, 2.25, 4], [0, 1, 2, 5], [5, 3, 1, 0]])
    while True:
        train = _any_curve(rng)
        far, frr = train[1] / train[1, -1], train[2] / train[2, 0]
        best, second = np.argsort(far + frr)[:2]
        other_rules = train[1] + train[2], np.abs(far - frr), (far - 1) * (1 - frr)
        alone = best not in [rule.argmin() for rule in other_rules]
        if alone and far[second] + frr[second] - far[best] - frr[best] > 1e-3:
            test = _any_curve(rng)
            test[0] += rng.integers(-6, 7) / 8
            return train, test


def _area_loops(f, rng, rung):
    """The fraction of pairs of pairs in which the pair of one person is nearer."""
    distances, same = _pairs(rng, rung)
    near, far = distances[same == 1], distances[same == 0]
    won = sum((p < q) + 0.5 * (p == q) for p in near for q in far)
    return {"area": won / (len(near) * len(far))}


def _best_loops(f, rng, rung):
    train, test = _two_curves(rng, rung)
    cost = [p / train[1, -1] + q / train[2, 0] for p, q in zip(train[1], train[2], strict=True)]
    t = train[0, cost.index(min(cost))]
    at = [i for i in range(test.shape[1]) if test[0, i] <= t][-1]
    return {"threshold": t, "FAR": test[1, at] / test[1, -1], "FRR": test[2, at] / test[2, 0]}


def _curve_loops(f, rng, rung):
    """One threshold after the other, one pair after the other."""
    distances, same = _pairs(rng, rung)
    accepts, rejects = [], []
    for t in [-np.inf, *sorted(set(distances.tolist()))]:
        decisions = [(d <= t, one == 1) for d, one in zip(distances, same, strict=True)]
        accepts.append(sum(accepted and not one for accepted, one in decisions))
        rejects.append(sum(one and not accepted for accepted, one in decisions))
    return {"false accepts": np.array(accepts), "false rejects": np.array(rejects)}


_area_loops.__name__ = _best_loops.__name__ = _curve_loops.__name__ = "loops"


@claim(
    "the counts at every threshold, ties as one step",
    by_hand="false rejects[1] = pairs of one person - accepted = 2 - 1 = 1",
    oracle=_curve_loops,
)
def counts(f, rng, rung):
    thresholds, accepts, rejects = f.error_curve(*_pairs(rng, rung))
    return {"thresholds": thresholds, "false accepts": accepts, "false rejects": rejects}


@claim(
    "the area under the ROC",
    by_hand="area = two pieces of width 1/2 = 1/2*(1/2 + 1)/2 + 1/2*1 = 0.875",
    oracle=_area_loops,
)
def area(f, rng, rung):
    return {"area": f.auc(_curve(*_pairs(rng, rung)))}


@claim(
    "the best threshold of train, its rates on test",
    by_hand="FRR = false rejects at 1.25 / pairs of one person = 3 / 5 = 0.6",
    oracle=_best_loops,
)
def chosen(f, rng, rung):
    threshold, far, frr = f.at_best(*_two_curves(rng, rung))
    return {"threshold": threshold, "FAR": far, "FRR": frr}
