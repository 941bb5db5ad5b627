"""The error curve of a threshold on distances, its area and its best threshold."""

import numpy as np


def error_curve(distances, same):
    """distances (P,), same (P,) -> (3, T): thresholds, false accepts, false rejects."""
    raise NotImplementedError


def auc(curve):
    """curve (3, T) -> area under the ROC curve, a number."""
    raise NotImplementedError


def at_best(train, test):
    """train (3, T), test (3, U), two curves -> best threshold of train, its FAR, FRR on test."""
    raise NotImplementedError
