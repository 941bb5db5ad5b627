"""Plausible wrong answers for batch-hard mining."""

import numpy as np
from solution import hardest, triplet_loss

from nnscratch.learn import wrong

# -- the choice -----------------------------------------------------------------------------------


def _parts(f, labels):
    """Squared distances, mask of positives, mask of negatives."""
    d = ((f[:, None] - f) ** 2).sum(axis=2)
    same = labels[:, None] == labels
    return d, same & ~np.eye(len(f), dtype=bool), ~same


def _farthest(d, mask):
    return np.where(mask, d, -np.inf).argmax(axis=1)


def _nearest(d, mask):
    return np.where(mask, d, np.inf).argmin(axis=1)


def _rows(positive, negative, has_triplet):
    anchor = np.flatnonzero(has_triplet)
    return np.stack([anchor, positive[anchor], negative[anchor]], axis=1)


def _complete(near, other):
    return near.any(axis=1) & other.any(axis=1)


@wrong("hardest", hint=1)
def minimum_finds_the_mask(f, labels):
    """The nearest negative is a row that was masked.

    D * mask is 0 where a row may not be selected, and 0 is the smallest value. Set infinity there
    before the minimum: np.where(mask, D, np.inf).
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), (d * other).argmin(axis=1), _complete(near, other))


@wrong("hardest", hint=1)
def negative_is_any_other_row(f, labels):
    """The nearest negative may have the anchor's label.

    You take the nearest row other than the anchor. A negative has a different label.
    """
    d, near, other = _parts(f, labels)
    anyone = ~np.eye(len(f), dtype=bool)
    return _rows(_farthest(d, near), _nearest(d, anyone), _complete(near, other))


@wrong("hardest", hint=1)
def positive_is_anyone(f, labels):
    """The farthest positive is searched among all rows.

    The farthest row of the batch is usually a negative. Search among the rows with the anchor's
    label.
    """
    d, near, other = _parts(f, labels)
    return _rows(d.argmax(axis=1), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=2)
def anchor_is_positive(f, labels):
    """A row that has no positive becomes its own.

    If a label occurs once in the batch, the only row with it is the anchor itself, at distance 0.
    Exclude the anchor from its positives, and such anchors from the triplets.
    """
    d, near, other = _parts(f, labels)
    near = near | np.eye(len(f), dtype=bool)
    return _rows(_farthest(d, near), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=2)
def lone_labels_stay(f, labels):
    """Anchors without a positive are not excluded.

    Their maximum is -infinity, and argmax gives row 0, which is arbitrary. Exclude anchors without
    a positive, and those without a negative.
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), _nearest(d, other), np.ones(len(f), dtype=bool))


@wrong("hardest", hint=2)
def negatives_not_asked_for(f, labels):
    """Anchors without a negative are not excluded.

    In a batch of one label no row has a negative: the minimum is infinity, and argmin gives row 0.
    An anchor needs both.
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), _nearest(d, other), near.any(axis=1))


@wrong("hardest", hint=1)
def nearest_positive(f, labels):
    """The positive is the nearest one.

    That is the easiest positive. The hardest is the farthest from the anchor: the maximum.
    """
    d, near, other = _parts(f, labels)
    return _rows(_nearest(d, near), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=1)
def farthest_negative(f, labels):
    """The negative is the farthest one.

    That is the easiest negative. The hardest is the nearest to the anchor: the minimum.
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), _farthest(d, other), _complete(near, other))


@wrong("hardest", hint=1)
def columns_changed(f, labels):
    """Positive and negative are in the wrong columns.

    A row of the result is (anchor, positive, negative), in this order.
    """
    d, near, other = _parts(f, labels)
    return _rows(_nearest(d, other), _farthest(d, near), _complete(near, other))


@wrong("hardest", hint=1)
def every_pair(f, labels):
    """Every positive gives a triplet.

    You pair each anchor with each of its positives. Batch-hard keeps one triplet for each anchor,
    that with the farthest.
    """
    d, near, other = _parts(f, labels)
    anchor, positive = np.nonzero(near & other.any(axis=1, keepdims=True))
    return np.stack([anchor, positive, _nearest(d, other)[anchor]], axis=1)


@wrong("hardest", hint=1)
def positions_among_the_chosen(f, labels):
    """The positive and the negative are numbers within their group.

    argmax over the distances of the positives alone counts among these: 0 is the first positive,
    not row 0. Translate it to a row number, positives[k], or use the whole row with infinities.
    """
    d, near, other = _parts(f, labels)
    rows = [
        [i, d[i, near[i]].argmax(), d[i, other[i]].argmin()]
        for i in np.flatnonzero(_complete(near, other))
    ]
    return np.array(rows, dtype=int).reshape(-1, 3)


@wrong("hardest", hint=2)
def positives_further_on(f, labels):
    """Only rows after the anchor can be its positive.

    Your inner loop begins at i + 1, or the mask is an upper triangle. An anchor may have its
    positive before it as well.
    """
    d, near, other = _parts(f, labels)
    near = np.triu(near)
    return _rows(_farthest(d, near), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=2)
def every_row_an_anchor(f, labels):
    """Every row is an anchor, and may be its own positive.

    A row whose label occurs once has no positive, and in a batch of one label there is no negative.
    Exclude the anchor from its positives, and exclude anchors that lack one of the two.
    """
    d, near, other = _parts(f, labels)
    near = near | np.eye(len(f), dtype=bool)
    return _rows(_farthest(d, near), _nearest(d, other), np.ones(len(f), dtype=bool))


@wrong("hardest", hint=2)
def maximum_of_nothing(f, labels):
    """An anchor without a positive or a negative raises an error.

    Python has no maximum of an empty sequence. First test for a positive and a negative; an anchor
    without one of them gives no triplet.
    """
    d, near, other = _parts(f, labels)
    if not _complete(near, other).all():
        raise ValueError("zero-size array")
    return _rows(_farthest(d, near), _nearest(d, other), _complete(near, other))


# -- the loss -------------------------------------------------------------------------------------


def _loss(f, triplets, margin, count=None, gate=None, collect=np.add.at):
    """triplet_loss with another count, another test for active, or another sum over rows."""
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    count = max(len(triplets), 1) if count is None else count(slack)
    active = slack > 0 if gate is None else gate(slack)
    scale = 2.0 / count * active[:, None]
    df = np.zeros_like(f)
    for rows, slopes in zip(triplets.T, (n - p, p - a, a - n), strict=True):
        collect(df, rows, scale * slopes)
    return np.maximum(0.0, slack).sum() / count, df


@wrong("triplet_loss", hint=4)
def rows_counted_once(f, triplets, margin=0.2):
    """A row that occurs several times gets one contribution.

    df[rows] += slopes reads, adds and writes once; of equal rows only the last contribution
    remains. Use np.add.at, or a loop over the triplets.
    """

    def collect(df, rows, slopes):
        df[rows] += slopes

    return _loss(f, triplets, margin, collect=collect)


@wrong("triplet_loss", hint=4)
def last_role_wins(f, triplets, margin=0.2):
    """A row's gradient is assigned, not added to.

    A row may be the anchor of one triplet and the negative of another. With = the last contribution
    replaces the others; add them.
    """

    def collect(df, rows, slopes):
        for row, slope in zip(rows, slopes, strict=True):
            df[row] = slope

    return _loss(f, triplets, margin, collect=collect)


@wrong("triplet_loss", hint=4)
def anchors_only(f, triplets, margin=0.2):
    """Only the anchors get a gradient.

    The positive and the negative are rows of f too, with the gradients 2*(f_p - f_a)/T and 2*(f_a -
    f_n)/T.
    """
    loss, df = triplet_loss(f, triplets, margin)
    a, p, n = f[triplets.T]
    active = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin > 0
    df = np.zeros_like(f)
    np.add.at(df, triplets[:, 0], 2.0 / max(len(triplets), 1) * active[:, None] * (n - p))
    return loss, df


@wrong("triplet_loss", hint=3)
def mean_of_active(f, triplets, margin=0.2):
    """The mean is taken over the active triplets only.

    Batch-all does this. Here T counts all selected triplets, including those that cost nothing.
    """
    return _loss(f, triplets, margin, count=lambda slack: max(int((slack > 0).sum()), 1))


@wrong("triplet_loss", hint=3)
def mean_of_rows(f, triplets, margin=0.2):
    """The sum is divided by the size of the batch.

    Not every row of f is an anchor. Divide by T, the number of triplets.
    """
    return _loss(f, triplets, margin, count=lambda slack: len(f))


@wrong("triplet_loss", hint=3)
def summed(f, triplets, margin=0.2):
    """The triplets are summed, not averaged.

    Both the loss and the gradient have a 1/T.
    """
    return _loss(f, triplets, margin, count=lambda slack: 1)


@wrong("triplet_loss", hint=3)
def gradient_not_averaged(f, triplets, margin=0.2):
    """The gradient lacks the 1/T of the mean.

    The loss is divided by the number of triplets, and its slope is too.
    """
    loss, df = triplet_loss(f, triplets, margin)
    return loss, df * max(len(triplets), 1)


@wrong("triplet_loss", hint=3)
def nothing_by_nothing(f, triplets, margin=0.2):
    """Without a triplet the loss is 0/0.

    A batch may give no triplet. 0/0 is NaN, but the loss must be 0. Divide by at least 1.
    """
    loss, df = triplet_loss(f, triplets, margin)
    return (loss if len(triplets) else np.nan), df


@wrong("triplet_loss", hint=3)
def margin_missing(f, triplets, margin=0.2):
    """The margin is missing.

    A triplet costs max(0, ap - an + margin), and it is active if this is above 0.
    """
    return triplet_loss(f, triplets, 0.0)


@wrong("triplet_loss", hint=3)
def easy_ones_push(f, triplets, margin=0.2):
    """Triplets that cost nothing have a gradient.

    Where ap - an + margin is below 0 the loss does not change, and nothing is added to df.
    """
    return _loss(f, triplets, margin, gate=lambda slack: np.ones(len(slack), dtype=bool))


@wrong("triplet_loss", hint=3)
def roots_taken(f, triplets, margin=0.2):
    """The distances are not squared.

    You took the roots, in the loss and in its slopes. Here the distances are squared.
    """
    a, p, n = f[triplets.T]
    near, far = (np.sqrt(((a - b) ** 2).sum(axis=1, keepdims=True)) for b in (p, n))
    slack, count = (near - far + margin)[:, 0], max(len(triplets), 1)
    scale = (slack > 0)[:, None] / count
    to_p, to_n = scale * (a - p) / near, scale * (a - n) / far
    df = np.zeros_like(f)
    for rows, slopes in zip(triplets.T, (to_p - to_n, -to_p, to_n), strict=True):
        np.add.at(df, rows, slopes)
    return np.maximum(0.0, slack).sum() / count, df


@wrong("triplet_loss", hint=3)
def margin_subtracted(f, triplets, margin=0.2):
    """The margin is subtracted.

    With - m a triplet costs nothing even if the negative is nearer than the positive. Add the
    margin: max(0, ap - an + m).
    """
    return triplet_loss(f, triplets, -margin)


@wrong("triplet_loss", hint=3)
def margin_always_the_default(f, triplets, margin=0.2):
    """The margin is always 0.2.

    0.2 is only the default. Use the argument.
    """
    return triplet_loss(f, triplets)


@wrong("triplet_loss", hint=3)
def positive_and_negative_swapped(f, triplets, margin=0.2):
    """Positive and negative are swapped.

    A row of triplets is (anchor, positive, negative). The distance to the positive is added, the
    one to the negative subtracted.
    """
    return triplet_loss(f, triplets[:, [0, 2, 1]], margin)


@wrong("triplet_loss", hint=3)
def never_below_zero_forgotten(f, triplets, margin=0.2):
    """The maximum with 0 is missing in the loss.

    Easy triplets reduce the cost of the hard ones, as their numbers are negative. Take the maximum
    with 0 of each triplet, then the mean.
    """
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    return slack.sum() / max(len(triplets), 1), triplet_loss(f, triplets, margin)[1]


@wrong("triplet_loss", hint=3)
def cut_off_nowhere(f, triplets, margin=0.2):
    """The maximum with 0 is missing in loss and gradient.

    A triplet whose negative is far enough away costs nothing and has no gradient: max(0, ...).
    """
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    loss = slack.sum() / max(len(triplets), 1)
    return loss, _loss(f, triplets, margin, gate=np.ones_like)[1]


@wrong("triplet_loss", hint=3)
def gradient_reversed(f, triplets, margin=0.2):
    """The gradient has the wrong sign.

    It points to where the loss grows: 2(f_n - f_p) for the anchor, and so on. The optimiser applies
    the minus.
    """
    loss, df = triplet_loss(f, triplets, margin)
    return loss, -df


@wrong("triplet_loss", hint=3)
def two_forgotten(f, triplets, margin=0.2):
    """The gradient lacks the factor 2.

    It comes from the squares: the derivative of x^2 is 2x.
    """
    loss, df = triplet_loss(f, triplets, margin)
    return loss, df / 2


@wrong("triplet_loss", hint=4)
def negatives_stay(f, triplets, margin=0.2):
    """The negatives get no gradient.

    Row n gets 2(f_a - f_n) / T, so that a descent step moves the negative away from the anchor.
    """
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    loss, df = triplet_loss(f, triplets, margin)
    np.subtract.at(df, triplets[:, 2], 2 / max(len(slack), 1) * (slack > 0)[:, None] * (a - n))
    return loss, df


@wrong("triplet_loss", hint=4)
def anchor_sees_the_positive_only(f, triplets, margin=0.2):
    """The anchor's gradient lacks the negative.

    The anchor is in both distances: 2(f_a - f_p) - 2(f_a - f_n) = 2(f_n - f_p).
    """
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    loss, df = triplet_loss(f, triplets, margin)
    np.add.at(df, triplets[:, 0], 2 / max(len(slack), 1) * (slack > 0)[:, None] * (a - n))
    return loss, df


@wrong("hardest", hint=1)
def numbers_of_rows_as_floats(f, labels):
    """The row numbers are floats.

    The values are right, but f[1.0] is an error: indices must be ints.
    """
    return hardest(f, labels).astype(float)
