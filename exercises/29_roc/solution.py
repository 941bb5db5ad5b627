"""The error curve of a threshold on distances, its area and its best threshold."""

import numpy as np


def error_curve(distances, same):
    """distances (P,), same (P,) -> (3, T): thresholds, false accepts, false rejects."""
    one = np.asarray(same) == 1
    thresholds = np.append(-np.inf, np.unique(distances))
    accepted = distances <= thresholds[:, None]  # (T, P)
    return np.stack([thresholds, (accepted & ~one).sum(1), (~accepted & one).sum(1)])


def auc(curve):
    """curve (3, T) -> area under the ROC curve, a number."""
    far, frr = _rates(curve)
    return np.trapezoid(1 - frr, far)


def at_best(train, test):
    """train (3, T), test (3, U), two curves -> best threshold of train, its FAR, FRR on test."""
    threshold = train[0, np.argmin(sum(_rates(train)))]
    place = np.searchsorted(test[0], threshold, side="right") - 1
    far, frr = _rates(test)
    return threshold, far[place], frr[place]


def _rates(curve):
    """FAR (T,) and FRR (T,): the last threshold accepts all pairs, the first none."""
    return curve[1] / curve[1, -1], curve[2] / curve[2, 0]
