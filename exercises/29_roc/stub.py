"""How often a threshold on distances errs, and which threshold to take."""

import numpy as np


def error_curve(distances, same):
    """distances (P,), same (P,) -> (3, T): thresholds, false accepts, false rejects."""
    raise NotImplementedError


def auc(curve):
    """curve (3, T) -> the area under the ROC."""
    raise NotImplementedError


def at_best(train, test):
    """Curves (3, T), (3, U) -> the best threshold of train, and its FAR and FRR on test."""
    raise NotImplementedError
