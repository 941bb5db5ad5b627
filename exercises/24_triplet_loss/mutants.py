"""Plausible wrong answers for the triplet loss."""

import numpy as np
from solution import triplet_gradients, triplet_loss

from nnscratch.learn import wrong


def _squares(a, b):
    return ((a - b) ** 2).sum(axis=1)


def _hinge(x):
    return np.maximum(0.0, x)


# -- the loss -------------------------------------------------------------------------------------


@wrong("triplet_loss", hint=1)
def margin_missing(a, p, n, margin=0.2):
    """The margin is missing.

    Without it a triplet costs nothing as soon as the negative is slightly farther than the
    positive, and equal encodings cost nothing at all. The cost is max(0, ap - an + margin).
    """
    return triplet_loss(a, p, n, 0.0)


@wrong("triplet_loss", hint=1)
def margin_subtracted(a, p, n, margin=0.2):
    """The margin is subtracted.

    The negative should be farther by the margin, so a triplet still costs something while an < ap +
    margin: add the margin to ap - an.
    """
    return triplet_loss(a, p, n, -margin)


@wrong("triplet_loss", hint=1)
def positive_is_negative(a, p, n, margin=0.2):
    """Positive and negative are exchanged.

    You have an - ap + margin, which moves the negative near and the positive away. It is ap - an +
    margin.
    """
    return triplet_loss(a, n, p, margin)


@wrong("triplet_loss", hint=2)
def maximum_of_mean(a, p, n, margin=0.2):
    """The mean is taken before the maximum.

    Then easy triplets reduce the cost of the others: a very far negative in one offsets a near one
    in another. First the maximum with 0 for each triplet, then the mean.
    """
    return _hinge((_squares(a, p) - _squares(a, n)).mean() + margin)


@wrong("triplet_loss", hint=2)
def maximum_of_features(a, p, n, margin=0.2):
    """The squares are not summed before the maximum.

    ap and an are sums over the features, one number for a triplet. You take the maximum of every (a
    - p)^2 - (a - n)^2 + margin separately, and the mean of these.
    """
    return _hinge((a - p) ** 2 - (a - n) ** 2 + margin).mean()


@wrong("triplet_loss", hint=2)
def summed_before_maximum(a, p, n, margin=0.2):
    """All axes are summed before the maximum.

    Without an axis, .sum() adds up the whole batch, and there is one maximum for all triplets. Sum
    over axis 1 only: one distance for each triplet.
    """
    return _hinge(((a - p) ** 2).sum() - ((a - n) ** 2).sum() + margin) / len(a)


@wrong("triplet_loss", hint=1)
def never_clipped(a, p, n, margin=0.2):
    """The maximum with 0 is missing.

    A triplet that is right by more than the margin costs 0, not less. Without the maximum the loss
    can always fall further by moving far negatives even farther away.
    """
    return (_squares(a, p) - _squares(a, n) + margin).mean()


@wrong("triplet_loss", hint=1)
def roots_taken(a, p, n, margin=0.2):
    """The distances are not squared.

    You took the roots. In that loss the margin has another meaning; here the distances are the sums
    of squares.
    """
    return _hinge(np.sqrt(_squares(a, p)) - np.sqrt(_squares(a, n)) + margin).mean()


@wrong("triplet_loss", hint=1)
def positive_to_negative(a, p, n, margin=0.2):
    """The second distance is measured from the positive.

    You compare |a - p|^2 with |p - n|^2. Both distances are measured from the anchor.
    """
    return _hinge(_squares(a, p) - _squares(p, n) + margin).mean()


@wrong("triplet_loss", hint=2)
def summed_over_triplets(a, p, n, margin=0.2):
    """The triplets are summed, not averaged.

    The loss is the mean over the N triplets, so that it does not grow with the batch.
    """
    return triplet_loss(a, p, n, margin) * len(a)


@wrong("triplet_loss", hint=2)
def mean_of_active(a, p, n, margin=0.2):
    """The mean is taken over the active triplets only.

    That is another convention, used in the next exercise. Here the loss is divided by N, which
    includes the triplets that cost nothing.
    """
    costs = _hinge(_squares(a, p) - _squares(a, n) + margin)
    return costs.sum() / max(1, (costs > 0).sum())


@wrong("triplet_loss", hint=2)
def features_averaged(a, p, n, margin=0.2):
    """The distances are means over the features.

    With .mean(axis=1) a distance is D times too small in relation to the margin. It is the sum of
    squares.
    """
    return _hinge((_squares(a, p) - _squares(a, n)) / a.shape[1] + margin).mean()


# -- the gradients --------------------------------------------------------------------------------


def _gated(a, p, n, active):
    """The right slopes in the rows marked as active."""
    slopes = (2.0 / len(a) * (y - x) for x, y in ((p, n), (a, p), (n, a)))
    return tuple(np.where(active[:, None], slope, 0.0) for slope in slopes)


@wrong("triplet_gradients", hint=3)
def easy_ones_push(a, p, n, margin=0.2):
    """Triplets that cost nothing have a gradient.

    Where ap - an + margin is below 0 the loss is 0, and stays 0 for small changes: the gradient of
    these rows is 0. Multiply by the mask of the active rows.
    """
    return _gated(a, p, n, np.ones(len(a), bool))


@wrong("triplet_gradients", hint=3)
def gate_without_margin(a, p, n, margin=0.2):
    """The margin is missing in the test for active triplets.

    A triplet with ap < an < ap + margin still costs something and has a gradient. Active means ap -
    an + margin > 0.
    """
    return _gated(a, p, n, _squares(a, p) > _squares(a, n))


@wrong("triplet_gradients", hint=3)
def one_gate_for_all(a, p, n, margin=0.2):
    """All triplets share one test for active.

    Each row is active or not on its own. You test once, with the mean of ap - an + margin, for all
    rows.
    """
    slack = _squares(a, p) - _squares(a, n) + margin
    return _gated(a, p, n, np.full(len(a), slack.mean() > 0))


@wrong("triplet_gradients", hint=3)
def gradients_not_averaged(a, p, n, margin=0.2):
    """The 1/N of the mean is missing in the gradients.

    The loss is a mean over N triplets, so each of them has 1/N of its slope.
    """
    return tuple(len(a) * slope for slope in triplet_gradients(a, p, n, margin))


@wrong("triplet_gradients", hint=3)
def divided_by_active(a, p, n, margin=0.2):
    """The gradients are divided by the number of active triplets.

    The loss is divided by N, all of them, so its gradients are too.
    """
    active = max(1, (_squares(a, p) - _squares(a, n) + margin > 0).sum())
    return tuple(len(a) / active * slope for slope in triplet_gradients(a, p, n, margin))


@wrong("triplet_gradients", hint=3)
def two_forgotten(a, p, n, margin=0.2):
    """The factor 2 of the squares is missing.

    The slope of x^2 is 2x: the gradient of |a - p|^2 by a is 2*(a - p).
    """
    return tuple(0.5 * slope for slope in triplet_gradients(a, p, n, margin))


@wrong("triplet_gradients", hint=3)
def anchor_misses_negative(a, p, n, margin=0.2):
    """da has only the part of the positive.

    The anchor is in both distances: 2*(a - p) from one, minus 2*(a - n) from the other. Together
    2*(n - p).
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return -dp, dp, dn


@wrong("triplet_gradients", hint=3)
def anchor_the_other_way(a, p, n, margin=0.2):
    """da has the wrong sign.

    2*(a - p) - 2*(a - n) is 2*(n - p): the two anchors cancel, and n minus p remains.
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return -da, dp, dn


@wrong("triplet_gradients", hint=3)
def negative_the_other_way(a, p, n, margin=0.2):
    """dn has the wrong sign.

    an is subtracted in the loss. Its slope by n is 2*(n - a), and the minus makes it 2*(a - n).
    With your sign descent moves the negative towards the anchor.
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return da, dp, -dn


@wrong("triplet_gradients", hint=3)
def all_uphill(a, p, n, margin=0.2):
    """All three gradients have the wrong sign.

    Your rows point where the loss falls. A gradient points to where it grows; the optimiser applies
    the minus.
    """
    return tuple(-slope for slope in triplet_gradients(a, p, n, margin))


@wrong("triplet_gradients", hint=3)
def slopes_of_roots(a, p, n, margin=0.2):
    """These are the gradients of plain distances.

    (a - p)/|a - p| has length 1. The squared distance has the slope 2*(a - p).
    """
    active = _squares(a, p) - _squares(a, n) + margin > 0
    scale = active[:, None] / len(a)
    near = scale * (a - p) / np.sqrt(_squares(a, p))[:, None]
    far = scale * (a - n) / np.sqrt(_squares(a, n))[:, None]
    return near - far, -near, far


# -- more that is easily written ------------------------------------------------------------------


@wrong("triplet_loss", hint=1)
def not_averaged(a, p, n, margin=0.2):
    """The result has one loss for each triplet.

    The loss is one number, the mean of the costs of the N triplets.
    """
    return _hinge(_squares(a, p) - _squares(a, n) + margin)


@wrong("triplet_loss", hint=1)
def summed_over_batch(a, p, n, margin=0.2):
    """The squares are summed along the wrong axis.

    Axis 0 counts the triplets, axis 1 the features. A distance sums over the features: axis 1.
    """
    near, far = (((a - b) ** 2).sum(axis=0) for b in (p, n))
    return _hinge(near - far + margin).mean()


@wrong("triplet_gradients", hint=3)
def gate_margin_subtracted(a, p, n, margin=0.2):
    """The margin has the wrong sign in the test for active triplets.

    Active means ap - an + margin > 0, with the margin added, as in the loss.
    """
    return _gated(a, p, n, _squares(a, p) - _squares(a, n) > margin)


@wrong("triplet_gradients", hint=3)
def gate_of_roots(a, p, n, margin=0.2):
    """The test for active triplets uses distances that are not squared.

    The gradients are those of squared distances, but the mask uses their roots. Active means ap -
    an + margin > 0 with the squares.
    """
    return _gated(a, p, n, np.sqrt(_squares(a, p)) - np.sqrt(_squares(a, n)) + margin > 0)


@wrong("triplet_gradients", hint=3)
def all_of_roots(a, p, n, margin=0.2):
    """The distances are not squared.

    Mask and slopes belong to plain distances. With squares, active means ap - an + margin > 0, and
    the slope of ap by a is 2*(a - p), whatever its length.
    """
    near, far = np.sqrt(_squares(a, p))[:, None], np.sqrt(_squares(a, n))[:, None]
    scale = (near - far + margin > 0) / len(a)
    return scale * ((a - p) / near - (a - n) / far), scale * (p - a) / near, scale * (a - n) / far


@wrong("triplet_gradients", hint=3)
def positive_the_other_way(a, p, n, margin=0.2):
    """dp has the wrong sign.

    The slope of ap by p is 2*(p - a). With your sign descent moves the positive away from the
    anchor.
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return da, -dp, dn


@wrong("triplet_gradients", hint=3)
def anchor_parts_added(a, p, n, margin=0.2):
    """The two parts of da are added.

    an is subtracted in the loss, so its part of da is subtracted too: 2*(a - p) - 2*(a - n).
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return dn - dp, dp, dn


@wrong("triplet_loss", hint=1)
def one_maximum_for_all(a, p, n, margin=0.2):
    """One maximum is taken of one sum over the whole batch.

    Without an axis, .sum() adds up all triplets, and the margin is added once. Sum over axis 1: one
    distance, one margin and one maximum for each triplet, and then their mean.
    """
    return _hinge(((a - p) ** 2).sum() - ((a - n) ** 2).sum() + margin)


@wrong("triplet_gradients", hint=3)
def divided_by_all_coordinates(a, p, n, margin=0.2):
    """The gradients are divided by N*D, the size of an array.

    a.size counts coordinates. The mean of the loss is over triplets: divide by N, len(a).
    """
    return tuple(slope / a.shape[1] for slope in triplet_gradients(a, p, n, margin))
