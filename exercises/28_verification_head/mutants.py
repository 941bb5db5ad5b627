"""Plausible wrong answers for the verification head."""

import numpy as np
from solution import head

from nnscratch.learn import wrong


def _absolute(a, b):
    return np.abs(a - b), np.sign(a - b)


def _chi_square(a, b):
    total = a + b
    q = (a - b) / np.where(total > 0, total, 1)
    return q * (a - b), q * (2 - q)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _softplus(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _head(a, b, same, w, bias, kind, **changed):
    """The steps of a head, any of which may be another: absolute, chi_square, loss, slope."""
    features = changed.get("absolute", _absolute)
    if kind == "chi-square":
        features = changed.get("chi_square", _chi_square)
    loss = changed.get("loss", lambda z, t: _softplus(z) - t * z)
    slope = changed.get("slope", lambda z, t: _sigmoid(z) - t)
    x, by_a = features(a, b)
    z = x @ w + bias
    dz = slope(z, same) / len(z)
    return z, loss(z, same).mean(), x.T @ dz, dz.sum(), dz[:, None] * w * by_a


# -- from a and b to x ----------------------------------------------------------------------------


@wrong("head", hint=1)
def no_absolute_value(a, b, same, w, bias, kind="absolute"):
    """The difference a - b keeps its sign.

    Then the answer depends on who comes first: (a, b) and (b, a) get different logits. Take
    |a - b|, coordinate by coordinate.
    """
    return _head(a, b, same, w, bias, kind, absolute=lambda a, b: (a - b, np.ones_like(a)))


@wrong("head", hint=1)
def difference_squared(a, b, same, w, bias, kind="absolute"):
    """The difference is squared instead of made absolute.

    (a - b)^2 is symmetric too, but it is another feature: large differences count for far more.
    Asked for is |a - b|.
    """
    return _head(a, b, same, w, bias, kind, absolute=lambda a, b: ((a - b) ** 2, 2 * (a - b)))


@wrong("head", hint=1)
def distance_summed(a, b, same, w, bias, kind="absolute"):
    """|a - b| is summed before the weights come.

    Each coordinate then has the same weight, the sum of all w, and the head cannot learn which of
    them matter. Multiply by w first: z = sum over d of w[d]*|a[d] - b[d]|.
    """

    def summed(a, b):
        return np.broadcast_to(np.abs(a - b).sum(1, keepdims=True), a.shape), np.sign(a - b)

    z, loss, dw, dbias, da = _head(a, b, same, w, bias, kind, absolute=summed)
    dz = (_sigmoid(z) - same) / len(z)
    return z, loss, dw, dbias, dz[:, None] * w.sum() * np.sign(a - b) if kind[0] == "a" else da


@wrong("head", hint=3)
def sign_forgotten(a, b, same, w, bias, kind="absolute"):
    """da lacks the sign of a - b.

    |a - b| grows with a only where a is the larger one. Where a < b it shrinks, and its slope is
    -1: multiply by the sign of a - b.
    """
    return _head(a, b, same, w, bias, kind, absolute=lambda a, b: (np.abs(a - b), np.ones_like(a)))


@wrong("head", hint=3)
def nan_at_ties(a, b, same, w, bias, kind="absolute"):
    """da is NaN where a equals b.

    (a - b) / |a - b| is the sign, except at 0, where it is 0/0. np.sign gives 0 there, which is
    as good a slope as any from -1 to 1.
    """

    def divided(a, b):
        return np.abs(a - b), (a - b) / np.abs(a - b)

    return _head(a, b, same, w, bias, kind, absolute=divided)


@wrong("head", hint=4)
def chi_zero_by_zero(a, b, same, w, bias, kind="absolute"):
    """chi-square divides 0 by 0.

    Where a and b are both 0 the formula is 0/0, which is NaN, and one NaN spoils the whole logit.
    Two equal coordinates do not differ: x is 0 there.
    """

    def unguarded(a, b):
        q = (a - b) / (a + b)
        return (a - b) ** 2 / (a + b), q * (2 - q)

    return _head(a, b, same, w, bias, kind, chi_square=unguarded)


@wrong("head", hint=4)
def chi_epsilon(a, b, same, w, bias, kind="absolute"):
    """A small number is added below the line of chi-square.

    With a + b + 1e-8 there is no 0/0, but small encodings are now measured against 1e-8, and their
    differences vanish. Treat the one case a = b = 0 by itself, and leave the others alone.
    """

    def with_epsilon(a, b):
        q = (a - b) / (a + b + 1e-8)
        return (a - b) * q, q * (2 - q)

    return _head(a, b, same, w, bias, kind, chi_square=with_epsilon)


@wrong("head", hint=4)
def chi_not_squared(a, b, same, w, bias, kind="absolute"):
    """chi-square has |a - b| above the line, not its square.

    |a - b| / (a + b) is the relative difference, which never exceeds 1. chi-square is
    (a - b)^2 / (a + b).
    """

    def relative(a, b):
        safe = np.where(a + b > 0, a + b, 1)
        return np.abs(a - b) / safe, np.sign(a - b) * 2 * b / safe**2

    return _head(a, b, same, w, bias, kind, chi_square=relative)


@wrong("head", hint=4)
def chi_halved(a, b, same, w, bias, kind="absolute"):
    """chi-square has a factor of one half.

    Some books do define it so, or divide by the mean (a + b)/2 and get twice as much. Here it is
    (a - b)^2 / (a + b), with no factor.
    """
    return _head(
        a, b, same, w, bias, kind, chi_square=lambda a, b: [v / 2 for v in _chi_square(a, b)]
    )


@wrong("head", hint=4)
def chi_below_constant(a, b, same, w, bias, kind="absolute"):
    """The slope of chi-square takes a + b for a constant.

    a stands above the line and below it. Above gives 2*q, with q = (a - b)/(a + b); below gives
    -q^2, which you lack. Together q*(2 - q).
    """

    def constant(a, b):
        x, _ = _chi_square(a, b)
        return x, 2 * (a - b) / np.where(a + b > 0, a + b, 1)

    return _head(a, b, same, w, bias, kind, chi_square=constant)


# -- from z to the loss ---------------------------------------------------------------------------


@wrong("head", hint=2)
def label_inverted(a, b, same, w, bias, kind="absolute"):
    """The labels are taken the other way round.

    same is 1 for two pictures of one person, and a large z says the same. You train it to say so
    of different people.
    """
    return head(a, b, 1 - same, w, bias, kind)


@wrong("head", hint=2)
def loss_summed(a, b, same, w, bias, kind="absolute"):
    """The loss is the sum over the pairs, not the mean.

    Loss and gradients are all N times what is asked. Divide by the number of pairs, once, before
    you go backwards.
    """
    z, loss, *slopes = head(a, b, same, w, bias, kind)
    return z, loss * len(z), *(slope * len(z) for slope in slopes)


@wrong("head", hint=2)
def slopes_not_averaged(a, b, same, w, bias, kind="absolute"):
    """The loss is a mean, its gradients are those of the sum.

    The 1/N of the mean belongs to its slope as well: dz = (sigmoid(z) - same) / N.
    """
    z, loss, *slopes = head(a, b, same, w, bias, kind)
    return z, loss, *(slope * len(z) for slope in slopes)


@wrong("head", hint=2)
def exponential_overflows(a, b, same, w, bias, kind="absolute"):
    """The exponential in the loss overflows.

    e^1000 is infinity to a computer, in log(1 + e^z) as in log(1 + e^-z). Take the large part out
    first: log(1 + e^z) = max(z, 0) + log(1 + e^-|z|).
    """
    return _head(a, b, same, w, bias, kind, loss=lambda z, t: np.log(1 + np.exp(z)) - t * z)


@wrong("head", hint=2)
def log_of_zero(a, b, same, w, bias, kind="absolute"):
    """The logarithm is taken of a probability that is exactly 0.

    For |z| above 40 the sigmoid is rounded to 1, or is too small to matter, and log(1 - p) is
    -infinity. Work with z, not with p: max(z, 0) - z*same + log(1 + e^-|z|).
    """

    def of_probability(z, t):
        p = _sigmoid(z)
        return -t * np.log(p) - (1 - t) * np.log(1 - p)

    return _head(a, b, same, w, bias, kind, loss=of_probability)


@wrong("head", hint=2)
def probability_clipped(a, b, same, w, bias, kind="absolute"):
    """The probability is clipped to [1e-7, 1 - 1e-7].

    No infinity any more, but no pair can cost more than 16 now, however wrong it is. The loss
    of a logit of 1000 with label 0 is 1000; the formula in z gives it without clipping.
    """

    def clipped(z, t):
        p = np.clip(_sigmoid(z), 1e-7, 1 - 1e-7)
        return -t * np.log(p) - (1 - t) * np.log(1 - p)

    return _head(a, b, same, w, bias, kind, loss=clipped)


@wrong("head", hint=2)
def epsilon_in_log(a, b, same, w, bias, kind="absolute"):
    """A small number keeps the logarithm away from 0.

    log(p + 1e-12), or of p clipped at 1e-12, is never below -27.6, so no pair can cost more,
    however wrong it is. The loss of a logit of 1000 with label 0 is 1000; the formula in z needs no
    epsilon.
    """

    def with_epsilon(z, t):
        p = _sigmoid(z)
        return -t * np.log(p + 1e-12) - (1 - t) * np.log(1 - p + 1e-12)

    return _head(a, b, same, w, bias, kind, loss=with_epsilon)


@wrong("head", hint=2)
def sigmoid_overflows(a, b, same, w, bias, kind="absolute"):
    """e^z / (1 + e^z) is infinity over infinity for a large z.

    The loss is fine, its slope is NaN. 1 / (1 + e^-z) is the same number; where e^-z overflows,
    it goes to 0 as it should.
    """
    return _head(a, b, same, w, bias, kind, slope=lambda z, t: np.exp(z) / (1 + np.exp(z)) - t)


@wrong("head", hint=2)
def slope_reversed(a, b, same, w, bias, kind="absolute"):
    """The slope by z has the wrong sign.

    You have same - sigmoid(z), the direction in which to go. The gradient of the loss is
    sigmoid(z) - same; the minus is the optimiser's affair.
    """
    return _head(a, b, same, w, bias, kind, slope=lambda z, t: t - _sigmoid(z))


@wrong("head", hint=2)
def sigmoid_slope_twice(a, b, same, w, bias, kind="absolute"):
    """The slope of the sigmoid is multiplied in once more.

    In the cross-entropy p*(1 - p) cancels: the slope by z is just p - same. The factor
    belongs to a squared error.
    """

    def twice(z, t):
        p = _sigmoid(z)
        return (p - t) * p * (1 - p)

    return _head(a, b, same, w, bias, kind, slope=twice)


@wrong("head", hint=2)
def slope_of_logit(a, b, same, w, bias, kind="absolute"):
    """The label is taken from the logit, not from the probability.

    The slope of the loss by z is sigmoid(z) - same; you have z - same, as a squared error on z
    would.
    """
    return _head(a, b, same, w, bias, kind, slope=lambda z, t: z - t)


@wrong("head", hint=2)
def modulus_forgotten(a, b, same, w, bias, kind="absolute"):
    """The exponent is -z, not -|z|.

    max(z, 0) has taken the large part out, and e^(-|z|) is never above 1. With e^(-z) the formula
    is wrong for every negative z.
    """

    def loss(z, t):
        return np.maximum(z, 0) - z * t + np.log1p(np.exp(-z))

    return _head(a, b, same, w, bias, kind, loss=loss)


@wrong("head", hint=2)
def label_term_added(a, b, same, w, bias, kind="absolute"):
    """z*t is added to the loss, not subtracted.

    For a pair of one person a large z is good: log(1 + e^z) - z falls to 0.
    """
    return _head(a, b, same, w, bias, kind, loss=lambda z, t: _softplus(z) + t * z)


@wrong("head", hint=2)
def logit_clipped(a, b, same, w, bias, kind="absolute"):
    """The logit is clipped before the loss.

    That keeps the numbers finite, but a logit of 1000 for the wrong label costs 1000, and not what
    the bound costs. Nothing has to be clipped with max(z, 0) - z*t + log(1 + e^-|z|).
    """

    def loss(z, t):
        z = np.clip(z, -500, 500)
        return _softplus(z) - t * z

    return _head(a, b, same, w, bias, kind, loss=loss)


@wrong("head", hint=2)
def squared_error(a, b, same, w, bias, kind="absolute"):
    """The loss is the squared error of the probability.

    Where the network is sure and wrong, that has hardly any slope. Asked for is the logarithm of
    the probability, and its slope by z is sigmoid(z) - t.
    """
    return _head(
        a,
        b,
        same,
        w,
        bias,
        kind,
        loss=lambda z, t: (_sigmoid(z) - t) ** 2,
        slope=lambda z, t: 2 * (_sigmoid(z) - t) * _sigmoid(z) * (1 - _sigmoid(z)),
    )


@wrong("head", hint=1)
def probabilities_returned(a, b, same, w, bias, kind="absolute"):
    """The probabilities are returned instead of the logits.

    z is the sum before the sigmoid. What comes out of it is P(same), which is not asked for.
    """
    z, *others = head(a, b, same, w, bias, kind)
    return _sigmoid(z), *others


@wrong("head", hint=1)
def bias_left_out(a, b, same, w, bias, kind="absolute"):
    """The bias is left out.

    z = w*x + bias. Without it two equal encodings would always have the probability one half.
    """
    return head(a, b, same, w, 0.0, kind)


@wrong("head", hint=1)
def kind_not_used(a, b, same, w, bias, kind="absolute"):
    """x is |a - b| for either kind.

    kind says which difference is asked for. For "chi-square" x and its slope are others.
    """
    return head(a, b, same, w, bias)


@wrong("head", hint=3)
def weights_missing(a, b, same, w, bias, kind="absolute"):
    """da lacks the weights.

    z changes by w[d] where x[d] changes by 1: the slope by x[d] is the one by z, times w[d].
    """
    *others, _ = head(a, b, same, w, bias, kind)
    slope = (_sigmoid(others[0]) - same) / len(a)
    by_a = _absolute(a, b)[1] if kind == "absolute" else _chi_square(a, b)[1]
    return *others, slope[:, None] * by_a


@wrong("head", hint=3)
def slope_by_b(a, b, same, w, bias, kind="absolute"):
    """da is the gradient by b.

    a and b are exchanged in its formula: a - b, not b - a, in q and in the sign.
    """
    *others, _ = head(a, b, same, w, bias, kind)
    return *others, head(b, a, same, w, bias, kind)[-1]


@wrong("head", hint=3)
def da_not_averaged(a, b, same, w, bias, kind="absolute"):
    """da lacks the 1/N of the mean.

    dw and dbias are right. Put the division by N into the slope by z, and all three have it.
    """
    *others, da = head(a, b, same, w, bias, kind)
    return *others, da * len(a)


@wrong("head", hint=3)
def dbias_not_averaged(a, b, same, w, bias, kind="absolute"):
    """dbias lacks the 1/N of the mean.

    The others are right. Put the division by N into the slope by z, and all of them have it.
    """
    z, loss, dw, dbias, da = head(a, b, same, w, bias, kind)
    return z, loss, dw, dbias * len(a), da


@wrong("head", hint=4)
def chi_slope_turned(a, b, same, w, bias, kind="absolute"):
    """The slope of chi-square is q*(2 + q) instead of q*(2 - q).

    (a + b) is below the line, so its growth makes x smaller: 2q - q^2.
    """

    def chi_square(a, b):
        x, _ = _chi_square(a, b)
        q = (a - b) / np.where(a + b > 0, a + b, 1)
        return x, q * (2 + q)

    return _head(a, b, same, w, bias, kind, chi_square=chi_square)


@wrong("head", hint=4)
def chi_has_slope_of_absolute(a, b, same, w, bias, kind="absolute"):
    """The slope of chi-square is taken to be the sign of a - b.

    That is the slope of |a - b|. The one of chi-square is q*(2 - q).
    """
    return _head(
        a, b, same, w, bias, kind, chi_square=lambda a, b: (_chi_square(a, b)[0], np.sign(a - b))
    )
