"""Other right answers for the error curve, its area and its best threshold."""

import numpy as np

from nnscratch.learn import right


@right("error_curve")
def one_threshold_at_a_time(distances, same):
    """Count anew for each threshold."""
    columns = []
    for t in [-float("inf"), *sorted(set(distances.tolist()))]:
        pairs = list(zip(distances.tolist(), list(same), strict=True))
        accepts = sum(1 for d, s in pairs if d <= t and not s)
        rejects = sum(1 for d, s in pairs if d > t and s)
        columns.append((t, accepts, rejects))
    return tuple(np.array(row) for row in zip(*columns, strict=True))


@right("error_curve")
def by_sorting(distances, same):
    """Cumulative counts, kept at the last of equal distances."""
    order = np.argsort(distances, kind="stable")
    d, one = distances[order], np.asarray(same, float)[order]
    last = np.append(d[1:] > d[:-1], True)
    accepts, rejects = np.cumsum(1 - one)[last], one.sum() - np.cumsum(one)[last]
    return np.array([[-np.inf, *d[last]], [0, *accepts], [one.sum(), *rejects]])


@right("auc")
def step_by_step(curve):
    """A trapezoid for each two neighbouring points, in whole numbers."""
    _, accepts, rejects = curve
    area = 0
    for i in range(1, len(accepts)):
        width = accepts[i] - accepts[i - 1]
        area += width * (2 * rejects[0] - rejects[i] - rejects[i - 1])
    return area / (2 * accepts[-1] * rejects[0])


@right("auc")
def by_comparing(curve):
    """The number of pairs of different people beyond each pair of one person."""
    different, one = np.diff(curve[1], prepend=0), -np.diff(curve[2], prepend=curve[2][0])
    beyond = different.sum() - np.cumsum(different) + different / 2
    return float((one * beyond).sum() / (different.sum() * one.sum()))


@right("at_best")
def by_loop(train, test):
    """Search the smallest sum, then go along the test curve."""
    best, threshold = np.inf, None
    for t, accepts, rejects in np.transpose(train):
        cost = accepts / max(train[1]) + rejects / max(train[2])
        if cost < best:
            best, threshold = cost, t
    at = max(i for i, t in enumerate(test[0]) if t <= threshold)
    return float(threshold), test[1][at] / test[1].max(), test[2][at] / test[2].max()
