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

    Without it a triplet costs nothing as soon as the negative is a hair farther than the positive,
    and all encodings equal is a perfect answer. It is max(0, ap - an + margin).
    """
    return triplet_loss(a, p, n, 0.0)


@wrong("triplet_loss", hint=1)
def margin_subtracted(a, p, n, margin=0.2):
    """The margin is subtracted.

    The negative is to be farther by the margin, so a triplet still costs something while
    an < ap + margin: the margin is added to ap - an.
    """
    return triplet_loss(a, p, n, -margin)


@wrong("triplet_loss", hint=1)
def positive_is_negative(a, p, n, margin=0.2):
    """Positive and negative have changed places.

    You have an - ap + margin, which wants the negative near and the positive far. It is
    ap - an + margin.
    """
    return triplet_loss(a, n, p, margin)


@wrong("triplet_loss", hint=2)
def maximum_of_mean(a, p, n, margin=0.2):
    """The mean is taken before the maximum.

    Then easy triplets pay for the others: a far negative in one makes up for a near one in another.
    First the maximum with 0 for each triplet, then the mean.
    """
    return _hinge((_squares(a, p) - _squares(a, n)).mean() + margin)


@wrong("triplet_loss", hint=2)
def maximum_of_features(a, p, n, margin=0.2):
    """The squares are not summed before the maximum.

    ap and an are sums over the features, one number for a triplet. You take the maximum of every
    (a - p)^2 - (a - n)^2 + margin on its own, and the mean of all of these.
    """
    return _hinge((a - p) ** 2 - (a - n) ** 2 + margin).mean()


@wrong("triplet_loss", hint=2)
def summed_before_maximum(a, p, n, margin=0.2):
    """All axes are summed before the maximum.

    Without an axis, .sum() adds up the whole batch, and one maximum is left for all triplets. Sum
    over axis 1 only: one distance for each triplet.
    """
    return _hinge(((a - p) ** 2).sum() - ((a - n) ** 2).sum() + margin) / len(a)


@wrong("triplet_loss", hint=1)
def never_clipped(a, p, n, margin=0.2):
    """The maximum with 0 is missing.

    A triplet that is right by more than the margin costs 0, not less. Without the maximum the
    network gains without end by pushing far negatives still farther.
    """
    return (_squares(a, p) - _squares(a, n) + margin).mean()


@wrong("triplet_loss", hint=1)
def roots_taken(a, p, n, margin=0.2):
    """The distances are not squared.

    You took the roots. That is another loss, for which the margin means something else; the one
    asked here has the sums of squares as they are.
    """
    return _hinge(np.sqrt(_squares(a, p)) - np.sqrt(_squares(a, n)) + margin).mean()


@wrong("triplet_loss", hint=1)
def positive_to_negative(a, p, n, margin=0.2):
    """The second distance goes from the positive.

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
    """The mean is taken over the active triplets alone.

    That is a convention too, and the next exercise has it. Here the loss is divided by N, the
    triplets that cost nothing included.
    """
    each = _hinge(_squares(a, p) - _squares(a, n) + margin)
    return each.sum() / max(1, (each > 0).sum())


@wrong("triplet_loss", hint=2)
def features_averaged(a, p, n, margin=0.2):
    """The distances are means over the features.

    With .mean(axis=1) a distance is D times too small beside the margin. It is the sum of squares.
    """
    return _hinge((_squares(a, p) - _squares(a, n)) / a.shape[1] + margin).mean()


# -- the gradients --------------------------------------------------------------------------------


def _gated(a, p, n, active):
    """The right slopes in the rows that are said to be active."""
    slopes = (2.0 / len(a) * (y - x) for x, y in ((p, n), (a, p), (n, a)))
    return tuple(np.where(active[:, None], slope, 0.0) for slope in slopes)


@wrong("triplet_gradients", hint=3)
def easy_ones_push(a, p, n, margin=0.2):
    """Triplets that cost nothing have a gradient all the same.

    Where ap - an + margin is below 0 the loss is 0, and stays 0 for small moves: the gradient of
    these rows is 0. Multiply by the mask of the active ones.
    """
    return _gated(a, p, n, np.ones(len(a), bool))


@wrong("triplet_gradients", hint=3)
def gate_without_margin(a, p, n, margin=0.2):
    """The margin is forgotten where it is asked who is active.

    A triplet with ap < an < ap + margin still costs something, and pushes. Active means
    ap - an + margin > 0.
    """
    return _gated(a, p, n, _squares(a, p) > _squares(a, n))


@wrong("triplet_gradients", hint=3)
def one_gate_for_all(a, p, n, margin=0.2):
    """One mask serves all triplets.

    Whether a triplet is active is asked of each row for itself. You ask once, of the mean of
    ap - an + margin, and let all push or none.
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
    """da has the positive's part alone.

    The anchor stands in both distances: 2*(a - p) from the one, minus 2*(a - n) from the other.
    Together 2*(n - p).
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return -dp, dp, dn


@wrong("triplet_gradients", hint=3)
def anchor_the_other_way(a, p, n, margin=0.2):
    """da has the wrong sign.

    2*(a - p) - 2*(a - n) is 2*(n - p): the two anchors cancel, and what is left is n less p.
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return -da, dp, dn


@wrong("triplet_gradients", hint=3)
def negative_the_other_way(a, p, n, margin=0.2):
    """dn has the wrong sign.

    an is subtracted in the loss. Its slope by n is 2*(n - a), and the minus makes it 2*(a - n).
    With yours, descent draws the negative in.
    """
    da, dp, dn = triplet_gradients(a, p, n, margin)
    return da, dp, -dn


@wrong("triplet_gradients", hint=3)
def all_uphill(a, p, n, margin=0.2):
    """All three gradients have the wrong sign.

    These are the directions in which the loss falls. A gradient points to where it grows; the
    optimiser puts the minus in front.
    """
    return tuple(-slope for slope in triplet_gradients(a, p, n, margin))


@wrong("triplet_gradients", hint=3)
def slopes_of_roots(a, p, n, margin=0.2):
    """These are the gradients of plain distances.

    (a - p)/|a - p| has length 1. The squared distance has the slope 2*(a - p).
    """
    active = _squares(a, p) - _squares(a, n) + margin > 0
    each = active[:, None] / len(a)
    near = each * (a - p) / np.sqrt(_squares(a, p))[:, None]
    far = each * (a - n) / np.sqrt(_squares(a, n))[:, None]
    return near - far, -near, far


# -- more that is easily written ------------------------------------------------------------------


@wrong("triplet_loss", hint=1)
def not_averaged(a, p, n, margin=0.2):
    """There is a loss for each triplet, and no mean.

    The loss is one number, the mean of what the N triplets cost.
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
    """The margin has the wrong sign where it is asked who is active.

    Active means ap - an + margin > 0, the margin added, as in the loss.
    """
    return _gated(a, p, n, _squares(a, p) - _squares(a, n) > margin)


@wrong("triplet_gradients", hint=3)
def gate_of_roots(a, p, n, margin=0.2):
    """Plain distances decide who is active.

    The gradients are those of squared distances, but the mask is made from their roots. Active
    means ap - an + margin > 0 with the squares.
    """
    return _gated(a, p, n, np.sqrt(_squares(a, p)) - np.sqrt(_squares(a, n)) + margin > 0)


@wrong("triplet_gradients", hint=3)
def all_of_roots(a, p, n, margin=0.2):
    """The distances are not squared.

    Mask and slopes belong to plain distances. With squares, active means ap - an + margin > 0, and
    the slope of ap by a is 2*(a - p), whatever its length.
    """
    near, far = np.sqrt(_squares(a, p))[:, None], np.sqrt(_squares(a, n))[:, None]
    each = (near - far + margin > 0) / len(a)
    return each * ((a - p) / near - (a - n) / far), each * (p - a) / near, each * (a - n) / far


@wrong("triplet_gradients", hint=3)
def positive_the_other_way(a, p, n, margin=0.2):
    """dp has the wrong sign.

    The slope of ap by p is 2*(p - a). With yours, descent drives the positive off.
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

    Without an axis, .sum() adds up all triplets, and the margin comes in once. Sum over axis 1: one
    distance, one margin and one maximum for each triplet, and then their mean.
    """
    return _hinge(((a - p) ** 2).sum() - ((a - n) ** 2).sum() + margin)


@wrong("triplet_gradients", hint=3)
def divided_by_all_coordinates(a, p, n, margin=0.2):
    """The gradients are divided by N*D, all the numbers of an array.

    a.size counts coordinates. The mean of the loss is over triplets: divide by N, len(a).
    """
    return tuple(slope / a.shape[1] for slope in triplet_gradients(a, p, n, margin))
