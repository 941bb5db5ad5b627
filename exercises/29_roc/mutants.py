"""Plausible wrong answers for the error curve, its area and its best threshold."""

import numpy as np
from solution import at_best, auc, error_curve

from nnscratch.learn import wrong


def _rates(curve):
    return curve[1] / curve[1, -1], curve[2] / curve[2, 0]


def _accepting(distances, same, accepted):
    """The curve of another rule: distances (P,), thresholds (T, 1) -> (T, P)."""
    thresholds = np.append(-np.inf, np.unique(distances))
    is_accepted = accepted(distances, thresholds[:, None])
    one = np.asarray(same) == 1
    return np.stack([thresholds, (is_accepted & ~one).sum(1), (~is_accepted & one).sum(1)])


# -- the curve ------------------------------------------------------------------------------------


@wrong("error_curve", hint=1)
def strictly_below(distances, same):
    """Distances are accepted below the threshold, not at it.

    A pair is accepted if d <= t. With d < t a pair at the threshold is rejected, and the last
    threshold does not accept everything.
    """
    return _accepting(distances, same, np.less)


@wrong("error_curve", hint=1)
def far_ones_accepted(distances, same):
    """Large distances are accepted, small ones rejected.

    d >= t is right for a similarity. A distance is small for the same person: accept where d <= t.
    """
    return _accepting(distances, same, np.greater_equal)


@wrong("error_curve", hint=2)
def ties_apart(distances, same):
    """Equal distances give several steps.

    Sorting and cumulative counts give one entry for each pair. No threshold separates equal
    distances: merge their entries into one, the last of them.
    """
    order = np.argsort(distances, kind="stable")
    one = np.asarray(same)[order]
    accepts = np.append(0, np.cumsum(1 - one))
    rejects = one.sum() - np.append(0, np.cumsum(one))
    return np.stack([np.append(-np.inf, distances[order]), accepts, rejects])


@wrong("error_curve", hint=1)
def errors_swapped(distances, same):
    """False accepts and false rejects are swapped.

    A false accept is a pair of different people with d <= t. Its count grows with the threshold;
    yours falls.
    """
    return error_curve(distances, same)[[0, 2, 1]]


@wrong("error_curve", hint=1)
def labels_inverted(distances, same):
    """Right decisions are counted.

    Your false accepts count pairs of one person, and your false rejects pairs of different people:
    these are no errors. same is 1 for two pictures of one person.
    """
    return error_curve(distances, 1 - np.asarray(same))


@wrong("error_curve", hint=1)
def accepts_twice(distances, same):
    """The third row counts true accepts, not false rejects.

    A false reject is a pair of one person with d > t. You count those with d <= t.
    """
    thresholds, accepts, rejects = error_curve(distances, same)
    return np.stack([thresholds, accepts, rejects[0] - rejects])


@wrong("error_curve", hint=2)
def start_missing(distances, same):
    """The threshold that accepts nothing is missing.

    The curve begins at -infinity, with no false accept and every pair of one person rejected.
    Without it the ROC curve does not begin at (0, 0).
    """
    return error_curve(distances, same)[:, 1:]


@wrong("error_curve", hint=2)
def thresholds_falling(distances, same):
    """The thresholds are in descending order.

    That is the usual order for similarities. Here they are ascending, from -infinity to the largest
    distance.
    """
    return error_curve(distances, same)[:, ::-1]


@wrong("error_curve", hint=3)
def shares_returned(distances, same):
    """The rows hold rates, not counts.

    FAR and FRR are the next step. The curve holds counts, so that the numbers of pairs are known.
    """
    curve = error_curve(distances, same)
    return np.stack([curve[0], *_rates(curve)])


@wrong("error_curve", hint=1)
def labels_not_used(distances, same):
    """All accepted pairs are counted as errors, and all rejected ones.

    The label decides whether it is an error: a false accept is a pair of different people, a false
    reject a pair of one person.
    """
    thresholds = np.append(-np.inf, np.unique(distances))
    accepted = distances <= thresholds[:, None]
    return np.stack([thresholds, accepted.sum(1), (~accepted).sum(1)])


@wrong("error_curve", hint=1)
def rejected_at_the_threshold(distances, same):
    """A pair at the threshold is accepted and rejected.

    It is accepted, d <= t. So a false reject is a pair with d > t, not d >= t.
    """
    thresholds, accepts, _ = error_curve(distances, same)
    rejects = ((distances >= thresholds[:, None]) & (same == 1)).sum(1)
    return np.stack([thresholds, accepts, rejects])


@wrong("error_curve", hint=1)
def accepted_below_rejected_beyond(distances, same):
    """A pair at the threshold is neither accepted nor rejected.

    Every pair is one of the two: accepted where d <= t, rejected where d > t.
    """
    thresholds, _, rejects = error_curve(distances, same)
    accepts = ((distances < thresholds[:, None]) & (same == 0)).sum(1)
    return np.stack([thresholds, accepts, rejects])


@wrong("error_curve", hint=2)
def labels_not_sorted_along(distances, same):
    """The distances are sorted, the labels are not.

    Then each label belongs to another pair. Sort both by one order, np.argsort(distances), or sort
    neither.
    """
    return error_curve(np.sort(distances), same)


@wrong("error_curve", hint=2)
def begins_at_zero(distances, same):
    """The first threshold is 0, not -infinity.

    A distance of 0 is accepted at 0. Only -infinity accepts nothing.
    """
    result = error_curve(distances, same)
    result[0, 0] = 0.0
    return result


# -- the area -------------------------------------------------------------------------------------


@wrong("auc", hint=3)
def left_rectangles(curve):
    """Each piece is a rectangle with the height at its left end.

    Where a pair of one person and a pair of different people have equal distances, the ROC curve
    has a slope. Rectangles count such ties as 0; the mean of both ends counts one half.
    """
    far, frr = _rates(curve)
    return (np.diff(far) * (1 - frr[:-1])).sum()


@wrong("auc", hint=3)
def right_rectangles(curve):
    """Each piece is a rectangle with the height at its right end.

    Where a pair of one person and a pair of different people have equal distances, the ROC curve
    has a slope. Rectangles count such ties as 1; the mean of both ends counts one half.
    """
    far, frr = _rates(curve)
    return (np.diff(far) * (1 - frr[1:])).sum()


@wrong("auc", hint=3)
def area_of_errors(curve):
    """The area is 1 - AUC.

    Either you use the height FRR instead of 1 - FRR, or the two axes are exchanged: FAR is the
    width.
    """
    return 1 - auc(curve)


@wrong("auc", hint=3)
def widths_ignored(curve):
    """All pieces have the same width.

    The width of a piece is the difference of its two FARs, which is 0 for many of them. You sum the
    heights as if the thresholds were the x axis.
    """
    return np.trapezoid(1 - _rates(curve)[1], dx=1 / (curve.shape[1] - 1))


@wrong("auc", hint=3)
def counts_not_shares(curve):
    """The area is that of the counts.

    Both axes of the ROC curve run from 0 to 1: divide the false accepts by the pairs of different
    people, and the false rejects by those of one person.
    """
    return np.trapezoid(curve[2, 0] - curve[2], curve[1])


@wrong("auc", hint=3)
def shares_of_all_pairs(curve):
    """Both counts are divided by the number of all pairs.

    FAR is a rate among the pairs of different people, FRR among the pairs of one person. Otherwise
    the curve does not reach (1, 1).
    """
    pairs = curve[1, -1] + curve[2, 0]
    return np.trapezoid((curve[2, 0] - curve[2]) / pairs, curve[1] / pairs)


@wrong("auc", hint=3)
def half_forgotten(curve):
    """The area is twice too large.

    The mean height of a piece is (left + right) / 2; you add the two heights and do not halve.
    """
    return 2 * auc(curve)


@wrong("auc", hint=3)
def below_the_errors(curve):
    """The area is negative.

    The x axis is FAR, which rises along the curve, and the y axis is 1 - FRR. Along an axis that
    falls the widths are negative, and so is the area.
    """
    far, frr = _rates(curve)
    return np.trapezoid(far, frr)


@wrong("auc", hint=3)
def first_piece_missing(curve):
    """The first piece is missing.

    The curve begins at (0, 0), at the threshold -infinity, and so does the first piece.
    """
    far, frr = _rates(curve)
    return np.trapezoid((1 - frr)[1:], far[1:])


# -- the threshold --------------------------------------------------------------------------------


@wrong("at_best", hint=4)
def fewest_errors(train, test):
    """The threshold is the one with the fewest errors in total.

    That is the accuracy. If most pairs are of different people, it depends almost only on these;
    divide each count by its own number of pairs first, and add FAR and FRR.
    """
    return _read(train[0, np.argmin(train[1] + train[2])], test)


@wrong("at_best", hint=4)
def chosen_on_test(train, test):
    """The threshold is chosen on the test pairs.

    Then the rates are too optimistic: test pairs measure a choice that was made without them. Take
    the threshold from train.
    """
    return at_best(test, test)


@wrong("at_best", hint=4)
def measured_on_train(train, test):
    """The rates are those of the training pairs.

    The threshold was chosen on these, so the rates are too optimistic. Read FAR and FRR from the
    test curve.
    """
    return at_best(train, train)


@wrong("at_best", hint=4)
def equal_errors(train, test):
    """The threshold is where FAR and FRR are nearest to each other.

    That is the point of the equal error rate. The exercise asks for the smallest sum of the two,
    which is often at another threshold.
    """
    far, frr = _rates(train)
    return _read(train[0, np.argmin(np.abs(far - frr))], test)


@wrong("at_best", hint=4)
def column_of_train(train, test):
    """The test curve is read in the column that was best in train.

    The two curves have different thresholds, so the same column is another threshold. Look for the
    largest threshold of test that is at most t.
    """
    column = np.argmin(sum(_rates(train)))
    return train[0, column], *(rates[min(column, len(rates) - 1)] for rates in _rates(test))


@wrong("at_best", hint=4)
def nearest_threshold(train, test):
    """The test curve is read at its nearest threshold.

    Pairs beyond t are rejected, however near to t they are. The counts at t are those of the
    largest threshold of test that is at most t.
    """
    t = at_best(train, test)[0]
    place = np.argmin(np.abs(test[0] - t))
    return t, *(rates[place] for rates in _rates(test))


@wrong("at_best", hint=4)
def next_threshold(train, test):
    """The test curve is read at its next threshold, beyond t.

    This accepts pairs beyond t. The counts at t are those of the largest threshold of test that is
    at most t; use searchsorted with side="right", minus 1.
    """
    t = at_best(train, test)[0]
    place = min(np.searchsorted(test[0], t), test.shape[1] - 1)
    return t, *(rates[place] for rates in _rates(test))


@wrong("at_best", hint=4)
def read_strictly(train, test):
    """Where test has the threshold t, the one before is read.

    A pair is accepted at d <= t, so the counts of the threshold t are those at t. Use searchsorted
    with side="right", minus 1.
    """
    t = at_best(train, test)[0]
    place = max(np.searchsorted(test[0], t) - 1, 0)
    return t, *(rates[place] for rates in _rates(test))


@wrong("at_best", hint=4)
def interpolated(train, test):
    """The rates are interpolated between thresholds.

    Between two thresholds there is no pair, so the rates are steps: use those of the lower
    threshold.
    """
    t = at_best(train, test)[0]
    known = test[:, 1:]  # there is no slope from -infinity
    return t, *(np.interp(t, known[0], rates[1:]) for rates in _rates(test))


@wrong("at_best", hint=4)
def rates_of_all_pairs(train, test):
    """FAR and FRR are divided by the number of all pairs.

    FAR is a rate among the pairs of different people, FRR among the pairs of one person: divide
    each by its own number, which is at an end of its row of the curve.
    """
    t, far, frr = at_best(train, test)
    pairs = test[1, -1] + test[2, 0]
    return t, far * test[1, -1] / pairs, frr * test[2, 0] / pairs


@wrong("at_best", hint=4)
def counts_returned(train, test):
    """FAR and FRR are counts, not rates.

    The threshold is right. Divide by the number of pairs that can have this error: the ends of the
    curve.
    """
    t = at_best(train, test)[0]
    place = np.searchsorted(test[0], t, side="right") - 1
    return t, test[1, place], test[2, place]


@wrong("at_best", hint=4)
def divided_by_pairs_of_train(train, test):
    """The counts of test are divided by the pairs of train.

    Each curve has its own numbers of pairs, at its own two ends.
    """
    t = at_best(train, test)[0]
    place = np.searchsorted(test[0], t, side="right") - 1
    return t, test[1, place] / train[1, -1], test[2, place] / train[2, 0]


@wrong("at_best", hint=4)
def far_and_frr_swapped(train, test):
    """FAR and FRR are swapped.

    Row 1 of a curve has the false accepts, row 2 the false rejects; FAR comes before FRR.
    """
    t, far, frr = at_best(train, test)
    return t, frr, far


@wrong("at_best", hint=4)
def threshold_of_test(train, test):
    """The threshold returned is one of test.

    The rates are right. But t is the threshold that was chosen on train; the one of test is only
    the place where its curve is read.
    """
    t, far, frr = at_best(train, test)
    return test[0, np.searchsorted(test[0], t, side="right") - 1], far, frr


@wrong("at_best", hint=4)
def column_returned(train, test):
    """The column number is returned, not its threshold.

    argmin gives the column of the best threshold. Return the threshold: train[0, i].
    """
    t, far, frr = at_best(train, test)
    return np.searchsorted(train[0], t), far, frr


def _read(t, test):
    """The test rates at t."""
    place = np.searchsorted(test[0], t, side="right") - 1
    return t, *(rates[place] for rates in _rates(test))


@wrong("at_best", hint=4)
def one_column_too_far(train, test):
    """The test curve is read one column too far.

    searchsorted with side="right" gives the place after the last threshold that is at most t.
    Subtract 1.
    """
    t = at_best(train, test)[0]
    place = min(np.searchsorted(test[0], t, side="right"), test.shape[1] - 1)
    return t, *(rates[place] for rates in _rates(test))


@wrong("at_best", hint=3)
def least_false_accepts(train, test):
    """The threshold is the one with the smallest FAR alone.

    That is -infinity, where nothing is accepted, and every pair of one person is rejected. Both
    rates count: FAR + FRR.
    """
    return train[0, 0], *(rates[0] for rates in _rates(test))
