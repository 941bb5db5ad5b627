"""Plausible wrong answers for batch-all mining."""

import numpy as np
from solution import batch_all

from nnscratch.learn import wrong


def _distances(f):
    return ((f[:, None] - f) ** 2).sum(axis=2)


def _pairs(labels):
    """same (B, B): rows with equal labels; different: different rows."""
    return labels[:, None] == labels, ~np.eye(len(labels), dtype=bool)


def _slack(d, margin):
    return d[:, :, None] - d[:, None, :] + margin


def _mean(slack, valid):
    """The right mean and the right counts for a given mask."""
    costs = np.maximum(0.0, slack)[valid]
    active = int((costs > 0).sum())
    return costs.sum() / max(active, 1), active, len(costs)


def _valid(labels):
    same, different = _pairs(labels)
    return (same & different)[:, :, None] & ~same[:, None, :]


# -- who is in it ---------------------------------------------------------------------------------


@wrong("batch_all", hint=1)
def anchor_is_positive(f, labels, margin=0.2):
    """A row is its own positive.

    labels[i] == labels[j] is true for i = j as well. A row has distance 0 to itself and is no
    positive of itself: require i != j as well.
    """
    same, _ = _pairs(labels)
    return _mean(_slack(_distances(f), margin), same[:, :, None] & ~same[:, None, :])


@wrong("batch_all", hint=1)
def negative_of_same_label(f, labels, margin=0.2):
    """The negative may have the anchor's label.

    You require that i, j and k are three different rows. The negative must have a different label,
    which makes it a different row too.
    """
    same, different = _pairs(labels)
    distinct = different[:, :, None] & different[:, None, :] & different[None]
    return _mean(_slack(_distances(f), margin), distinct & same[:, :, None])


@wrong("batch_all", hint=1)
def negative_may_be_anyone(f, labels, margin=0.2):
    """The label of the negative is not tested.

    You accept every k, including the anchor and the positive. Only rows with a label different from
    the anchor's are negatives.
    """
    same, different = _pairs(labels)
    anyone = np.ones((1, 1, len(f)), dtype=bool)
    return _mean(_slack(_distances(f), margin), (same & different)[:, :, None] & anyone)


@wrong("batch_all", hint=1)
def positive_may_be_anyone(f, labels, margin=0.2):
    """The label of the positive is not tested.

    i != j is not enough: the positive has the anchor's label.
    """
    same, different = _pairs(labels)
    return _mean(_slack(_distances(f), margin), different[:, :, None] & ~same[:, None, :])


@wrong("batch_all", hint=1)
def each_pair_once(f, labels, margin=0.2):
    """Each pair is taken once, with i < j.

    (i, j, k) and (j, i, k) are two triplets: the negative is measured from different anchors. Both
    orders are valid.
    """
    upper = np.triu(np.ones((len(f), len(f)), dtype=bool), 1)
    return _mean(_slack(_distances(f), margin), _valid(labels) & upper[:, :, None])


@wrong("batch_all", hint=1)
def mask_from_distances(f, labels, margin=0.2):
    """The mask uses distances to test for different rows.

    D[i,j] > 0 excludes a row as its own positive. But two rows may have equal encodings; if all are
    equal, no triplet is left, and the loss is 0. Use i != j.
    """
    d = _distances(f)
    same, _ = _pairs(labels)
    return _mean(_slack(d, margin), (same & (d > 0))[:, :, None] & ~same[:, None, :])


@wrong("batch_all", hint=2)
def masked_before_margin(f, labels, margin=0.2):
    """Masked places still cost the margin.

    (ap - an) * valid + margin is the margin where valid is 0, so every place without a valid
    triplet is active. Mask the costs, after the maximum.
    """
    valid = _valid(labels)
    costs = np.maximum(0.0, _slack(_distances(f), 0.0) * valid + margin)
    active = int((costs > 0).sum())
    return costs.sum() / max(active, 1), active, int(valid.sum())


# -- what it costs --------------------------------------------------------------------------------


@wrong("batch_all", hint=2)
def margin_missing(f, labels, margin=0.2):
    """The margin is missing.

    A triplet costs max(0, ap - an + margin). Without the margin equal encodings cost nothing.
    """
    return batch_all(f, labels, 0.0)


@wrong("batch_all", hint=2)
def margin_subtracted(f, labels, margin=0.2):
    """The margin is subtracted.

    The negative should be farther by the margin, so a triplet still costs something while an < ap +
    margin: add the margin to ap - an.
    """
    return batch_all(f, labels, -margin)


@wrong("batch_all", hint=2)
def positive_is_negative(f, labels, margin=0.2):
    """Positive and negative are exchanged.

    You have D[i,k] - D[i,j] + margin, which moves the negative near and the positive away.
    """
    return _mean(2 * margin - _slack(_distances(f), margin), _valid(labels))


@wrong("batch_all", hint=2)
def roots_taken(f, labels, margin=0.2):
    """The distances are not squared.

    You took the roots. Here D[i,j] = |f_i - f_j|^2, the sum of squares.
    """
    return _mean(_slack(np.sqrt(_distances(f)), margin), _valid(labels))


@wrong("batch_all", hint=2)
def never_clipped(f, labels, margin=0.2):
    """The maximum with 0 is missing.

    A triplet that is right by more than the margin costs 0, not less. You also add up negative
    numbers.
    """
    _, active, valid = batch_all(f, labels, margin)
    slack = _slack(_distances(f), margin)[_valid(labels)]
    return slack.sum() / max(active, 1), active, valid


# -- the mean -------------------------------------------------------------------------------------


@wrong("batch_all", hint=3)
def mean_of_all_valid(f, labels, margin=0.2):
    """The mean is taken over all valid triplets.

    That is another convention: the easy triplets, which cost 0, make the mean smaller. Divide by
    the number of active ones.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss * active / max(valid, 1), active, valid


@wrong("batch_all", hint=3)
def bare_mean_of_valid(f, labels, margin=0.2):
    """The mean is that of all valid triplets, even if there are none.

    costs[valid].mean() includes the easy triplets, which make it smaller, and it is NaN where no
    triplet is valid. Divide the sum by the number of active ones, and by 1 if there are none.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return (loss * active / valid if valid else np.nan), active, valid


@wrong("batch_all", hint=3)
def mean_of_everything(f, labels, margin=0.2):
    """The sum is divided by all B*B*B places.

    Most places of the array are not valid triplets. Divide by the number of active ones; .mean()
    over the whole array counts everything.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss * active / len(f) ** 3, active, valid


@wrong("batch_all", hint=3)
def mean_of_anchors(f, labels, margin=0.2):
    """The sum is divided by the number of rows.

    An anchor has many triplets. Divide by the number of active triplets.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss * active / len(f), active, valid


@wrong("batch_all", hint=3)
def summed(f, labels, margin=0.2):
    """The costs are summed, not averaged.

    The loss is the sum divided by the number of active triplets.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss * active, active, valid


@wrong("batch_all", hint=3)
def nothing_by_nothing(f, labels, margin=0.2):
    """Without an active triplet the loss is 0/0.

    If all triplets are easy, or all labels are equal, or all differ, sum and count are 0, and the
    loss would be NaN. Divide by at least 1.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return (loss if active else np.nan), active, valid


@wrong("batch_all", hint=3)
def nothing_by_nothing_valid(f, labels, margin=0.2):
    """Without a valid triplet the loss is 0/0.

    If all labels are equal, or all differ, there is no triplet, and the mean of an empty array is
    NaN. Divide by at least 1.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return (loss if valid else np.nan), active, valid


@wrong("batch_all", hint=3)
def corner_counts(f, labels, margin=0.2):
    """Triplets that cost exactly 0 are counted.

    Active means above 0. With >= in place of > a triplet at the corner counts, and the mean gets
    smaller.
    """
    slack = _slack(_distances(f), margin)[_valid(labels)]
    active = int((slack >= 0).sum())
    return np.maximum(0.0, slack).sum() / max(active, 1), active, len(slack)


@wrong("batch_all", hint=3)
def active_without_margin(f, labels, margin=0.2):
    """Active is tested as an < ap.

    A negative that is farther than the positive, but by less than the margin, still costs something
    and is active. Count the costs that are above 0.
    """
    slack = _slack(_distances(f), margin)[_valid(labels)]
    active = int((slack > margin).sum())
    return np.maximum(0.0, slack).sum() / max(active, 1), active, len(slack)


@wrong("batch_all", hint=3)
def all_are_active(f, labels, margin=0.2):
    """All valid triplets are counted as active.

    The second number is the count of costs above 0, and it divides the sum. You count the easy
    triplets as well.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss * active / max(valid, 1), valid, valid


# -- more that is easily written ------------------------------------------------------------------


@wrong("batch_all", hint=1)
def negative_is_another_row(f, labels, margin=0.2):
    """The negative is only required to be another row than the anchor.

    k != i is not enough: the negative must have a label different from the anchor's, which makes it
    a different row too.
    """
    same, different = _pairs(labels)
    return _mean(_slack(_distances(f), margin), (same & different)[:, :, None] & different[:, None])


@wrong("batch_all", hint=2)
def absolute_differences(f, labels, margin=0.2):
    """The distances are sums of absolute differences.

    Here D[i,j] = |f_i - f_j|^2, the sum of the squares of the differences.
    """
    return _mean(_slack(abs(f[:, None] - f).sum(2), margin), _valid(labels))


@wrong("batch_all", hint=2)
def never_clipped_but_zero(f, labels, margin=0.2):
    """The maximum with 0 is missing in the sum.

    A triplet that is right by more than the margin costs 0, not less. You also add up negative
    numbers.
    """
    _, active, valid = batch_all(f, labels, margin)
    slack = _slack(_distances(f), margin)[_valid(labels)]
    return (slack.sum() / active if active else 0.0), active, valid


@wrong("batch_all", hint=3)
def zeros_counted(f, labels, margin=0.2):
    """Every place of the array is counted as active.

    Masked places cost 0, and so do the easy triplets. With cost >= 0 you count all of them; active
    means above 0.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss * active / len(f) ** 3, len(f) ** 3, valid


@wrong("batch_all", hint=3)
def counts_exchanged(f, labels, margin=0.2):
    """The two counts are exchanged.

    First the number of active triplets, then the number of valid ones.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss, valid, active


@wrong("batch_all", hint=3)
def share_returned(f, labels, margin=0.2):
    """The second result is the fraction of active triplets.

    Return their number, not active / valid.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss, active / max(valid, 1), valid


@wrong("batch_all", hint=3)
def valid_forgotten(f, labels, margin=0.2):
    """Where no triplet is active, the number of valid ones is 0.

    Then the loss is 0 and so is the number of active triplets. The number of valid triplets depends
    on the labels alone and does not change.
    """
    loss, active, valid = batch_all(f, labels, margin)
    return loss, active, valid if active else 0


@wrong("batch_all", hint=3)
def only_loss_returned(f, labels, margin=0.2):
    """Only the loss is returned.

    Return three results: the loss, the number of active triplets, and the number of valid ones.
    """
    return batch_all(f, labels, margin)[0]
