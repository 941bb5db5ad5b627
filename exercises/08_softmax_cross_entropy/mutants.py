"""Plausible wrong answers for the cross-entropy."""

import numpy as np
from solution import cross_entropy

from nnscratch.learn import wrong


def _from_logs(logs, labels):
    """Loss and gradient from logs, as in the solution."""
    rows = np.arange(len(logs))
    dx = np.exp(logs)
    dx[rows, labels] -= 1
    return logs, -logs[rows, labels].mean(), dx / len(logs)


def _shares(labels, classes):
    return np.eye(classes)[labels]


@wrong("cross_entropy", hint=2)
def no_shift(x, labels):
    """Large scores overflow: the maximum is not subtracted.

    exp(10000) is infinity. Subtract the largest score of each row before exp; this divides
    numerator and denominator by the same factor, so p does not change.
    """
    return _from_logs(x - np.log(np.exp(x).sum(1, keepdims=True)), labels)


@wrong("cross_entropy", hint=2)
def overflow_and_log(x, labels):
    """exp(x) is divided by its sum without subtracting the maximum.

    exp(10000) is infinity, and infinity / infinity is NaN. Subtract the largest score of each row
    first, and simplify the logarithm: shifted - log(sum(exp(shifted))).
    """
    e = np.exp(x)
    p = e / e.sum(1, keepdims=True)
    _, loss, dx = _from_logs(np.log(p), labels)
    return np.log(p), loss, (p - _shares(labels, x.shape[1])) / len(x)


@wrong("cross_entropy", hint=2)
def log_of_softmax(x, labels):
    """The logarithm is taken of p, which may be 0.

    A probability of exp(-10000) is 0 in floats, and log(0) is minus infinity, although the answer
    is -10000. Use shifted - log(sum(exp(shifted))), which never takes the logarithm of 0.
    """
    e = np.exp(x - x.max(1, keepdims=True))
    return _from_logs(np.log(e / e.sum(1, keepdims=True)), labels)


@wrong("cross_entropy", hint=2)
def tiny_number_in_log(x, labels):
    """log(p + 1e-12) hides that p is 0.

    This avoids the infinity, but the loss of a very wrong answer is at most 27.6, where it should
    be 10000. Compute log p without p.
    """
    logs, _, dx = cross_entropy(x, labels)
    logs = np.log(np.exp(logs) + 1e-12)
    return logs, -logs[np.arange(len(x)), labels].mean(), dx


@wrong("cross_entropy", hint=2)
def clipped_log(x, labels):
    """p is clipped at 1e-12 before the logarithm.

    This avoids the infinity, but the loss of a very wrong answer is at most 27.6, where it should
    be 10000. Compute log p without p.
    """
    logs, _, dx = cross_entropy(x, labels)
    logs = np.log(np.maximum(np.exp(logs), 1e-12))
    return logs, -logs[np.arange(len(x)), labels].mean(), dx


@wrong("cross_entropy", hint=2)
def loss_from_probabilities(x, labels):
    """The loss takes the logarithm of p although logs is known.

    Where p is 0 its logarithm is minus infinity. Select the loss from logs, which is right there
    too.
    """
    logs, _, dx = cross_entropy(x, labels)
    return logs, -np.log(np.exp(logs)[np.arange(len(x)), labels]).mean(), dx


@wrong("cross_entropy", hint=4)
def gradient_overflows(x, labels):
    """For dx the softmax is computed again, without subtracting the maximum.

    exp(10000) is infinity, and dx is NaN. The probabilities are exp(logs), which is never more than
    1.
    """
    logs, loss, _ = cross_entropy(x, labels)
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    return logs, loss, (p - _shares(labels, x.shape[1])) / len(x)


@wrong("cross_entropy", hint=1)
def one_shift_for_all(x, labels):
    """One maximum of all scores is subtracted, not one of each row.

    If all scores of a row are far below the maximum of the batch, exp gives only zeros there, and
    the logarithm of their sum is minus infinity. Take the maximum along axis 1.
    """
    shifted = x - x.max()
    return _from_logs(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)), labels)


@wrong("cross_entropy", hint=1)
def wrong_axis(x, labels):
    """The softmax runs along the items instead of the classes.

    The probabilities of each row, over the classes of one item, must add up to 1: axis 1.
    """
    shifted = x - x.max(0)
    return _from_logs(shifted - np.log(np.exp(shifted).sum(0)), labels)


@wrong("cross_entropy", hint=1)
def one_sum_for_all(x, labels):
    """The probabilities of the whole batch add up to 1.

    sum() without an axis adds the rows too. Each row has its own sum: axis=1, keepdims=True.
    """
    shifted = x - x.max()
    return _from_logs(shifted - np.log(np.exp(shifted).sum()), labels)


@wrong("cross_entropy", hint=2)
def log_forgotten(x, labels):
    """The logarithm is missing: logs holds the probabilities.

    The loss is minus the mean of log p at the labels, not minus the mean of p.
    """
    logs, _, dx = cross_entropy(x, labels)
    return np.exp(logs), -np.exp(logs)[np.arange(len(x)), labels].mean(), dx


@wrong("cross_entropy", hint=3)
def loss_negative(x, labels):
    """The loss has the wrong sign.

    Logarithms of probabilities are never positive. The loss is minus their mean, and 0 is the best
    loss.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, -loss, dx


@wrong("cross_entropy", hint=4)
def summed(x, labels):
    """Loss and gradient are those of the sum over the batch, not the mean.

    Here the loss is the mean over the items, so that it does not grow with the batch. Divide both
    by N.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, loss * len(x), dx * len(x)


@wrong("cross_entropy", hint=4)
def gradient_not_averaged(x, labels):
    """dx lacks the factor 1/N of the mean.

    The loss is a mean, so each item contributes 1/N of its own loss, and p - t is divided by N.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, loss, dx * len(x)


@wrong("cross_entropy", hint=3)
def loss_summed(x, labels):
    """The loss is a sum over the batch, but dx is that of the mean.

    dx must be the gradient of the loss. Here the loss is the mean over the items.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, loss * len(x), dx


@wrong("cross_entropy", hint=4)
def averaged_over_classes(x, labels):
    """The mean is taken over all N * C places.

    Only one place in each row counts, that of the label: there are N terms, not N * C.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, loss / x.shape[1], dx / x.shape[1]


@wrong("cross_entropy", hint=4)
def gradient_divided_by_size(x, labels):
    """dx is divided by N * C, the size of x.

    The loss is a mean over N items. p - t is divided by N, len(x), not by x.size.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, loss, dx / x.shape[1]


@wrong("cross_entropy", hint=4)
def gradient_reversed(x, labels):
    """dx has the wrong sign: t - p instead of p - t.

    A higher score of the right class makes the loss smaller, so its slope is negative: p - 1.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, loss, -dx


@wrong("cross_entropy", hint=4)
def logs_in_gradient(x, labels):
    """dx begins with log p instead of p.

    The gradient is (p - t) / N with the probabilities themselves. Apply exp to logs.
    """
    logs, loss, _ = cross_entropy(x, labels)
    return logs, loss, (logs - _shares(labels, x.shape[1])) / len(x)


@wrong("cross_entropy", hint=4)
def label_not_subtracted(x, labels):
    """dx is p / N: the 1 at the label is not subtracted.

    Then a step would lower every score, the right one too. The right class gets p - 1.
    """
    logs, loss, _ = cross_entropy(x, labels)
    return logs, loss, np.exp(logs) / len(x)


@wrong("cross_entropy", hint=4)
def label_divided_late(x, labels):
    """The 1 at the label is subtracted after the division by N.

    You have p / N - t. The 1 belongs inside: (p - t) / N.
    """
    logs, loss, _ = cross_entropy(x, labels)
    return logs, loss, np.exp(logs) / len(x) - _shares(labels, x.shape[1])


@wrong("cross_entropy", hint=4)
def diagonal_only(x, labels):
    """dx is 0 except for the class of the label.

    Each score of a row changes all its probabilities, since all are in the denominator. You use
    dp/dx = p * (1 - p) of the same class alone; the other classes get p / N.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, loss, dx * _shares(labels, x.shape[1])


@wrong("cross_entropy", hint=3)
def loss_of_whole_columns(x, labels):
    """The loss averages whole columns of logs.

    logs[:, labels] takes for every row all classes that occur in labels. The loss needs one number
    of each row: index with two arrays, np.arange(N) and labels.
    """
    logs, _, dx = cross_entropy(x, labels)
    return logs, -logs[:, labels].mean(), dx


@wrong("cross_entropy", hint=3)
def columns_in_gradient(x, labels):
    """In dx, 1 is subtracted from whole columns.

    p[:, labels] -= 1 changes every row at all classes that occur in labels. Change one place of
    each row: index with two arrays, np.arange(N) and labels.
    """
    logs, loss, _ = cross_entropy(x, labels)
    dx = np.exp(logs)
    dx[:, labels] -= 1
    return logs, loss, dx / len(x)


@wrong("cross_entropy", hint=3)
def loss_per_item(x, labels):
    """The loss is an array with one number per item.

    The loss is their mean, one number; dx is its gradient.
    """
    logs, _, dx = cross_entropy(x, labels)
    return logs, -logs[np.arange(len(x)), labels], dx


@wrong("cross_entropy", hint=1)
def both_negative(x, labels):
    """Loss and gradient both have the wrong sign.

    log p is at most 0, and the loss is minus its mean, so at least 0; dx is (p - t) / N, not (t -
    p) / N.
    """
    logs, loss, dx = cross_entropy(x, labels)
    return logs, -loss, -dx


@wrong("cross_entropy", hint=3)
def only_label_divided(x, labels):
    """In dx the 1 at the label is divided by N, p is not.

    dx = (p - t) / N divides both. You have p - t / N.
    """
    logs, loss, dx = cross_entropy(x, labels)
    n = len(x)
    return logs, loss, dx + np.exp(logs) * (1 - 1 / n)


@wrong("cross_entropy", hint=3)
def slope_by_p(x, labels):
    """dx is the slope by the probability, not by the score.

    -1/p at the label is the slope of the loss by p. But every score of an item changes all its
    probabilities; by the chain rule through the softmax the gradient is (p - t) / N.
    """
    logs, loss, dx = cross_entropy(x, labels)
    rows = np.arange(len(x))
    slopes = np.zeros_like(dx)
    slopes[rows, labels] = -1 / np.exp(logs[rows, labels]) / len(x)
    return logs, loss, slopes


@wrong("cross_entropy", hint=4)
def columns_for_places(x, labels):
    """logs[:, labels] takes whole columns, in the loss and in dx.

    In row n only the column labels[n] counts: logs[np.arange(N), labels], and the same places of
    dx.
    """
    logs, loss, dx = cross_entropy(x, labels)
    p = np.exp(logs)
    p[:, labels] -= 1
    return logs, -logs[:, labels].mean(), p / len(x)
