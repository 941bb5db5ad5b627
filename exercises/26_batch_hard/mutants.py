"""Plausible wrong answers for batch-hard mining."""

import numpy as np
from solution import hardest, triplet_loss

from nnscratch.learn import wrong

# -- the choice -----------------------------------------------------------------------------------


def _parts(f, labels):
    """Squared distances, who is a positive, who is a negative."""
    d = ((f[:, None] - f) ** 2).sum(axis=2)
    same = labels[:, None] == labels
    return d, same & ~np.eye(len(f), dtype=bool), ~same


def _farthest(d, mask):
    return np.where(mask, d, -np.inf).argmax(axis=1)


def _nearest(d, mask):
    return np.where(mask, d, np.inf).argmin(axis=1)


def _rows(positive, negative, kept):
    anchor = np.flatnonzero(kept)
    return np.stack([anchor, positive[anchor], negative[anchor]], axis=1)


def _complete(near, other):
    return near.any(axis=1) & other.any(axis=1)


@wrong("hardest", hint=1)
def minimum_finds_the_mask(f, labels):
    """The nearest negative is a row that was masked away.

    D * mask is 0 where a row may not be chosen, and 0 is the smallest of all. Put infinity there
    before the minimum: np.where(mask, D, np.inf).
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), (d * other).argmin(axis=1), _complete(near, other))


@wrong("hardest", hint=1)
def negative_is_any_other_row(f, labels):
    """The nearest negative may have the anchor's label.

    You take the nearest row but the anchor itself. A negative has another label.
    """
    d, near, other = _parts(f, labels)
    anyone = ~np.eye(len(f), dtype=bool)
    return _rows(_farthest(d, near), _nearest(d, anyone), _complete(near, other))


@wrong("hardest", hint=1)
def positive_is_anyone(f, labels):
    """The farthest positive is looked for among all rows.

    The farthest row of the batch is mostly a negative. Look among the rows of the anchor's label.
    """
    d, near, other = _parts(f, labels)
    return _rows(d.argmax(axis=1), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=2)
def anchor_is_positive(f, labels):
    """A row that has no positive becomes its own.

    If a label stands alone in the batch, the only row with it is the anchor itself, at distance 0.
    Leave the anchor out of its positives, and such anchors out of the triplets.
    """
    d, near, other = _parts(f, labels)
    near = near | np.eye(len(f), dtype=bool)
    return _rows(_farthest(d, near), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=2)
def lone_labels_stay(f, labels):
    """Anchors that have no positive stay in.

    The maximum over nothing is -infinity, and its place is row 0, which means nothing. Leave out
    anchors without a positive, and those without a negative.
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), _nearest(d, other), np.ones(len(f), dtype=bool))


@wrong("hardest", hint=2)
def negatives_not_asked_for(f, labels):
    """Anchors that have no negative stay in.

    In a batch of one label nobody has a negative: the minimum over nothing is infinity, and its
    place is row 0. An anchor needs both.
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), _nearest(d, other), near.any(axis=1))


@wrong("hardest", hint=1)
def nearest_positive(f, labels):
    """The positive is the nearest one.

    That is the easiest positive. The hardest is the one that lies farthest from the anchor: the
    maximum.
    """
    d, near, other = _parts(f, labels)
    return _rows(_nearest(d, near), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=1)
def farthest_negative(f, labels):
    """The negative is the farthest one.

    That is the easiest negative. The hardest is the one that lies nearest to the anchor: the
    minimum.
    """
    d, near, other = _parts(f, labels)
    return _rows(_farthest(d, near), _farthest(d, other), _complete(near, other))


@wrong("hardest", hint=1)
def columns_changed(f, labels):
    """Positive and negative have changed columns.

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
    not row 0. Translate it back, positives[k], or keep the whole row and put infinities into it.
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

    Your inner loop begins at i + 1, or the mask is an upper triangle. That is right for pairs; an
    anchor looks at all rows, those before it as well.
    """
    d, near, other = _parts(f, labels)
    near = np.triu(near)
    return _rows(_farthest(d, near), _nearest(d, other), _complete(near, other))


@wrong("hardest", hint=2)
def every_row_an_anchor(f, labels):
    """Every row is an anchor, and may be its own positive.

    A row whose label stands alone has no positive, and in a batch of one label there is no
    negative. Take the anchor out of its positives, and leave out anchors that lack one of the two.
    """
    d, near, other = _parts(f, labels)
    near = near | np.eye(len(f), dtype=bool)
    return _rows(_farthest(d, near), _nearest(d, other), np.ones(len(f), dtype=bool))


@wrong("hardest", hint=2)
def maximum_of_nothing(f, labels):
    """An anchor without a positive or a negative is an error.

    There is no largest of nothing, says Python. Look whether there is a positive and a negative
    first; an anchor that lacks one gives no triplet.
    """
    d, near, other = _parts(f, labels)
    if not _complete(near, other).all():
        raise ValueError("zero-size array")
    return _rows(_farthest(d, near), _nearest(d, other), _complete(near, other))


# -- the loss -------------------------------------------------------------------------------------


def _loss(f, triplets, margin, count=None, gate=None, collect=np.add.at):
    """triplet_loss with another count, other active ones, or other sums over rows."""
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    count = max(len(triplets), 1) if count is None else count(slack)
    active = slack > 0 if gate is None else gate(slack)
    each = 2.0 / count * active[:, None]
    df = np.zeros_like(f)
    for rows, slopes in zip(triplets.T, (n - p, p - a, a - n), strict=True):
        collect(df, rows, each * slopes)
    return np.maximum(0.0, slack).sum() / count, df


@wrong("triplet_loss", hint=4)
def rows_counted_once(f, triplets, margin=0.2):
    """A row that is named several times gets one contribution.

    df[rows] += slopes reads, adds and writes back once; of equal rows the last one wins. Use
    np.add.at, or a loop over the triplets.
    """

    def collect(df, rows, slopes):
        df[rows] += slopes

    return _loss(f, triplets, margin, collect=collect)


@wrong("triplet_loss", hint=4)
def last_role_wins(f, triplets, margin=0.2):
    """A row's gradient is assigned, not added to.

    A row may be an anchor here and a negative there. With = the last of these replaces the others;
    it must be added.
    """

    def collect(df, rows, slopes):
        for row, slope in zip(rows, slopes, strict=True):
            df[row] = slope

    return _loss(f, triplets, margin, collect=collect)


@wrong("triplet_loss", hint=4)
def anchors_only(f, triplets, margin=0.2):
    """Only the anchors get a gradient.

    The positive and the negative are rows of f too. They move as well: 2*(f_p - f_a)/T and
    2*(f_a - f_n)/T.
    """
    loss, df = triplet_loss(f, triplets, margin)
    a, p, n = f[triplets.T]
    active = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin > 0
    df = np.zeros_like(f)
    np.add.at(df, triplets[:, 0], 2.0 / max(len(triplets), 1) * active[:, None] * (n - p))
    return loss, df


@wrong("triplet_loss", hint=3)
def mean_of_active(f, triplets, margin=0.2):
    """The mean is taken over the active triplets alone.

    That is what batch-all does. Here T counts all the chosen ones, those that cost nothing
    included.
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

    A batch may have none to give. The mean of nothing is NaN; the loss of nothing is 0. Divide by
    at least 1.
    """
    loss, df = triplet_loss(f, triplets, margin)
    return (loss if len(triplets) else np.nan), df


@wrong("triplet_loss", hint=3)
def margin_missing(f, triplets, margin=0.2):
    """The margin is missing.

    A triplet costs max(0, ap - an + margin), and it is active by the same number.
    """
    return triplet_loss(f, triplets, 0.0)


@wrong("triplet_loss", hint=3)
def easy_ones_push(f, triplets, margin=0.2):
    """Triplets that cost nothing have a gradient all the same.

    Where ap - an + margin is below 0 the loss does not change, and nothing is added to df.
    """
    return _loss(f, triplets, margin, gate=lambda slack: np.ones(len(slack), dtype=bool))


@wrong("triplet_loss", hint=3)
def roots_taken(f, triplets, margin=0.2):
    """The distances are not squared.

    You took the roots, in the loss and in its slopes. Asked are the squared ones.
    """
    a, p, n = f[triplets.T]
    near, far = (np.sqrt(((a - b) ** 2).sum(axis=1, keepdims=True)) for b in (p, n))
    slack, count = (near - far + margin)[:, 0], max(len(triplets), 1)
    each = (slack > 0)[:, None] / count
    to_p, to_n = each * (a - p) / near, each * (a - n) / far
    df = np.zeros_like(f)
    for rows, slopes in zip(triplets.T, (to_p - to_n, -to_p, to_n), strict=True):
        np.add.at(df, rows, slopes)
    return np.maximum(0.0, slack).sum() / count, df


@wrong("triplet_loss", hint=3)
def margin_subtracted(f, triplets, margin=0.2):
    """The margin is subtracted.

    With - m a triplet is content before the negative is even as far as the positive. The margin
    asks for more, so it is added: max(0, ap - an + m).
    """
    return triplet_loss(f, triplets, -margin)


@wrong("triplet_loss", hint=3)
def margin_always_the_default(f, triplets, margin=0.2):
    """The margin is always 0.2.

    0.2 is what margin is if nobody says anything else. Use the argument, not the number.
    """
    return triplet_loss(f, triplets)


@wrong("triplet_loss", hint=3)
def positive_and_negative_swapped(f, triplets, margin=0.2):
    """Positive and negative are swapped.

    A row of triplets is (anchor, positive, negative). The distance to the positive counts with a
    plus, the one to the negative with a minus.
    """
    return triplet_loss(f, triplets[:, [0, 2, 1]], margin)


@wrong("triplet_loss", hint=3)
def never_below_zero_forgotten(f, triplets, margin=0.2):
    """The loss is not cut off at 0.

    Easy triplets pay for the hard ones, as their numbers are negative. Take the maximum with 0 of
    each triplet, then the mean.
    """
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    return slack.sum() / max(len(triplets), 1), triplet_loss(f, triplets, margin)[1]


@wrong("triplet_loss", hint=3)
def cut_off_nowhere(f, triplets, margin=0.2):
    """Neither the loss nor its gradient is cut off at 0.

    A triplet whose negative is far enough away costs nothing, and moves nothing: max(0, ...).
    """
    a, p, n = f[triplets.T]
    slack = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    loss = slack.sum() / max(len(triplets), 1)
    return loss, _loss(f, triplets, margin, gate=np.ones_like)[1]


@wrong("triplet_loss", hint=3)
def gradient_reversed(f, triplets, margin=0.2):
    """The gradient has the wrong sign.

    It points where the loss grows: 2(f_n - f_p) for the anchor, and so on. Going downhill is the
    business of whoever trains.
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

    The negative is to go away from the anchor as the positive is to come near. Row n gets
    2(f_a - f_n) / T.
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
    """The numbers of the rows are floats.

    They are right, but f[1.0] is an error: whoever takes rows by them needs ints.
    """
    return hardest(f, labels).astype(float)
