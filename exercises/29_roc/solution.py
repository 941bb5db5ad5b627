"""How often a threshold on distances errs, and which threshold to take."""

import numpy as np


def error_curve(distances, same):
    """distances (P,), same (P,) -> (3, T): thresholds, false accepts, false rejects."""
    one = np.asarray(same) == 1
    thresholds = np.append(-np.inf, np.unique(distances))
    accepted = distances <= thresholds[:, None]  # (T, P)
    return np.stack([thresholds, (accepted & ~one).sum(1), (~accepted & one).sum(1)])


def auc(curve):
    """curve (3, T) -> the area under the ROC."""
    far, frr = _rates(curve)
    return np.trapezoid(1 - frr, far)


def at_best(train, test):
    """Curves (3, T), (3, U) -> the best threshold of train, and its FAR and FRR on test."""
    threshold = train[0, np.argmin(sum(_rates(train)))]
    place = np.searchsorted(test[0], threshold, side="right") - 1
    far, frr = _rates(test)
    return threshold, far[place], frr[place]


def _rates(curve):
    """FAR (T,) and FRR (T,): the last threshold accepts all pairs, the first one none."""
    return curve[1] / curve[1, -1], curve[2] / curve[2, 0]
