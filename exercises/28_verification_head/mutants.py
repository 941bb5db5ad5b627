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
    """A head with replaceable steps: absolute, chi_square, loss, slope."""
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

    Then the answer depends on the order: (a, b) and (b, a) get different logits. Take |a - b|,
    coordinate by coordinate.
    """
    return _head(a, b, same, w, bias, kind, absolute=lambda a, b: (a - b, np.ones_like(a)))


@wrong("head", hint=1)
def difference_squared(a, b, same, w, bias, kind="absolute"):
    """The difference is squared instead of its absolute value.

    (a - b)^2 is symmetric too, but large differences count far more. Use |a - b|.
    """
    return _head(a, b, same, w, bias, kind, absolute=lambda a, b: ((a - b) ** 2, 2 * (a - b)))


@wrong("head", hint=1)
def distance_summed(a, b, same, w, bias, kind="absolute"):
    """|a - b| is summed before the weights are applied.

    Then each coordinate has the same weight, the sum of all w, and the head cannot learn which of
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

    |a - b| grows with a only where a is larger. Where a < b it shrinks, with slope -1: multiply by
    the sign of a - b.
    """
    return _head(a, b, same, w, bias, kind, absolute=lambda a, b: (np.abs(a - b), np.ones_like(a)))


@wrong("head", hint=3)
def nan_at_ties(a, b, same, w, bias, kind="absolute"):
    """da is NaN where a equals b.

    (a - b) / |a - b| is the sign, except at 0, where it is 0/0. np.sign gives 0 there, which is a
    valid slope, like any from -1 to 1.
    """

    def divided(a, b):
        return np.abs(a - b), (a - b) / np.abs(a - b)

    return _head(a, b, same, w, bias, kind, absolute=divided)


@wrong("head", hint=4)
def chi_zero_by_zero(a, b, same, w, bias, kind="absolute"):
    """chi-square divides 0 by 0.

    Where a and b are both 0 the formula is 0/0, which is NaN, and so is the whole logit. Set x to 0
    there.
    """

    def unguarded(a, b):
        q = (a - b) / (a + b)
        return (a - b) ** 2 / (a + b), q * (2 - q)

    return _head(a, b, same, w, bias, kind, chi_square=unguarded)


@wrong("head", hint=4)
def chi_epsilon(a, b, same, w, bias, kind="absolute"):
    """A small number is added to the denominator of chi-square.

    With a + b + 1e-8 there is no 0/0, but for small encodings the 1e-8 is the larger part, and x is
    far too small. Handle the case a = b = 0 separately, and leave the others unchanged.
    """

    def with_epsilon(a, b):
        q = (a - b) / (a + b + 1e-8)
        return (a - b) * q, q * (2 - q)

    return _head(a, b, same, w, bias, kind, chi_square=with_epsilon)


@wrong("head", hint=4)
def chi_not_squared(a, b, same, w, bias, kind="absolute"):
    """The numerator of chi-square is |a - b|, not its square.

    |a - b| / (a + b) is the relative difference, which is never above 1. chi-square is (a - b)^2 /
    (a + b).
    """

    def relative(a, b):
        safe = np.where(a + b > 0, a + b, 1)
        return np.abs(a - b) / safe, np.sign(a - b) * 2 * b / safe**2

    return _head(a, b, same, w, bias, kind, chi_square=relative)


@wrong("head", hint=4)
def chi_halved(a, b, same, w, bias, kind="absolute"):
    """chi-square has a factor of one half.

    Some books define it so, or divide by the mean (a + b)/2 and get twice as much. Here it is (a -
    b)^2 / (a + b), with no factor.
    """
    return _head(
        a, b, same, w, bias, kind, chi_square=lambda a, b: [v / 2 for v in _chi_square(a, b)]
    )


@wrong("head", hint=4)
def chi_below_constant(a, b, same, w, bias, kind="absolute"):
    """The slope of chi-square treats a + b as a constant.

    a is in the numerator and in the denominator. The numerator gives 2*q, with q = (a - b)/(a + b);
    the denominator gives -q^2, which is missing. Together q*(2 - q).
    """

    def constant(a, b):
        x, _ = _chi_square(a, b)
        return x, 2 * (a - b) / np.where(a + b > 0, a + b, 1)

    return _head(a, b, same, w, bias, kind, chi_square=constant)


# -- from z to the loss ---------------------------------------------------------------------------


@wrong("head", hint=2)
def label_inverted(a, b, same, w, bias, kind="absolute"):
    """The labels are inverted.

    same is 1 for two pictures of one person, and a large z means the same person. You train it the
    other way round.
    """
    return head(a, b, 1 - same, w, bias, kind)


@wrong("head", hint=2)
def loss_summed(a, b, same, w, bias, kind="absolute"):
    """The loss is the sum over the pairs, not the mean.

    Loss and gradients are N times too large. Divide by the number of pairs, once, before the
    backward pass.
    """
    z, loss, *slopes = head(a, b, same, w, bias, kind)
    return z, loss * len(z), *(slope * len(z) for slope in slopes)


@wrong("head", hint=2)
def slopes_not_averaged(a, b, same, w, bias, kind="absolute"):
    """The loss is a mean, its gradients are those of the sum.

    The slope contains the factor 1/N of the mean as well: dz = (sigmoid(z) - same) / N.
    """
    z, loss, *slopes = head(a, b, same, w, bias, kind)
    return z, loss, *(slope * len(z) for slope in slopes)


@wrong("head", hint=2)
def exponential_overflows(a, b, same, w, bias, kind="absolute"):
    """The exponential in the loss overflows.

    e^1000 is infinity in floats, in log(1 + e^z) as in log(1 + e^-z). Separate the large part
    first: log(1 + e^z) = max(z, 0) + log(1 + e^-|z|).
    """
    return _head(a, b, same, w, bias, kind, loss=lambda z, t: np.log(1 + np.exp(z)) - t * z)


@wrong("head", hint=2)
def log_of_zero(a, b, same, w, bias, kind="absolute"):
    """The logarithm is taken of a probability that is exactly 0.

    For |z| above 40 the sigmoid is rounded to 1, or is nearly 0, and log(1 - p) is -infinity. Use
    z, not p: max(z, 0) - z*same + log(1 + e^-|z|).
    """

    def of_probability(z, t):
        p = _sigmoid(z)
        return -t * np.log(p) - (1 - t) * np.log(1 - p)

    return _head(a, b, same, w, bias, kind, loss=of_probability)


@wrong("head", hint=2)
def probability_clipped(a, b, same, w, bias, kind="absolute"):
    """The probability is clipped to [1e-7, 1 - 1e-7].

    This avoids infinity, but no pair can cost more than 16, however wrong it is. The loss of a
    logit of 1000 with label 0 is 1000; the formula in z gives it without clipping.
    """

    def clipped(z, t):
        p = np.clip(_sigmoid(z), 1e-7, 1 - 1e-7)
        return -t * np.log(p) - (1 - t) * np.log(1 - p)

    return _head(a, b, same, w, bias, kind, loss=clipped)


@wrong("head", hint=2)
def epsilon_in_log(a, b, same, w, bias, kind="absolute"):
    """A small number keeps the logarithm finite.

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

    The loss is right, its slope is NaN. 1 / (1 + e^-z) is the same number; where e^-z overflows, it
    goes to 0, which is right.
    """
    return _head(a, b, same, w, bias, kind, slope=lambda z, t: np.exp(z) / (1 + np.exp(z)) - t)


@wrong("head", hint=2)
def slope_reversed(a, b, same, w, bias, kind="absolute"):
    """The slope by z has the wrong sign.

    You have same - sigmoid(z), the direction of descent. The gradient of the loss is sigmoid(z) -
    same; the optimiser applies the minus.
    """
    return _head(a, b, same, w, bias, kind, slope=lambda z, t: t - _sigmoid(z))


@wrong("head", hint=2)
def sigmoid_slope_twice(a, b, same, w, bias, kind="absolute"):
    """The slope of the sigmoid is multiplied in once more.

    In the cross-entropy p*(1 - p) cancels: the slope by z is just p - same. The factor belongs to a
    squared error.
    """

    def twice(z, t):
        p = _sigmoid(z)
        return (p - t) * p * (1 - p)

    return _head(a, b, same, w, bias, kind, slope=twice)


@wrong("head", hint=2)
def slope_of_logit(a, b, same, w, bias, kind="absolute"):
    """The label is subtracted from the logit, not from the probability.

    The slope of the loss by z is sigmoid(z) - same; you have z - same, the slope of a squared error
    on z.
    """
    return _head(a, b, same, w, bias, kind, slope=lambda z, t: z - t)


@wrong("head", hint=2)
def modulus_forgotten(a, b, same, w, bias, kind="absolute"):
    """The exponent is -z, not -|z|.

    max(z, 0) is the large part, and e^(-|z|) is never above 1. With e^(-z) the formula is wrong for
    every negative z.
    """

    def loss(z, t):
        return np.maximum(z, 0) - z * t + np.log1p(np.exp(-z))

    return _head(a, b, same, w, bias, kind, loss=loss)


@wrong("head", hint=2)
def label_term_added(a, b, same, w, bias, kind="absolute"):
    """z*t is added to the loss, not subtracted.

    For a pair of one person a large z is right: log(1 + e^z) - z falls to 0.
    """
    return _head(a, b, same, w, bias, kind, loss=lambda z, t: _softplus(z) + t * z)


@wrong("head", hint=2)
def logit_clipped(a, b, same, w, bias, kind="absolute"):
    """The logit is clipped before the loss.

    This keeps the numbers finite, but a logit of 1000 for the wrong label must cost 1000, not the
    clipped value. max(z, 0) - z*t + log(1 + e^-|z|) needs no clipping.
    """

    def loss(z, t):
        z = np.clip(z, -500, 500)
        return _softplus(z) - t * z

    return _head(a, b, same, w, bias, kind, loss=loss)


@wrong("head", hint=2)
def squared_error(a, b, same, w, bias, kind="absolute"):
    """The loss is the squared error of the probability.

    Its slope is nearly 0 where the network is sure and wrong. Use the logarithm of the probability,
    whose slope by z is sigmoid(z) - t.
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

    z is the sum before the sigmoid. The sigmoid of it is P(same), which is not a result here.
    """
    z, *others = head(a, b, same, w, bias, kind)
    return _sigmoid(z), *others


@wrong("head", hint=1)
def bias_left_out(a, b, same, w, bias, kind="absolute"):
    """The bias is missing.

    z = w*x + bias. Without it two equal encodings always have the probability one half.
    """
    return head(a, b, same, w, 0.0, kind)


@wrong("head", hint=1)
def kind_not_used(a, b, same, w, bias, kind="absolute"):
    """x is |a - b| for either kind.

    kind selects the difference. For "chi-square" x and its slope are different.
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

    a and b are exchanged in its formula: use a - b, not b - a, in q and in the sign.
    """
    *others, _ = head(a, b, same, w, bias, kind)
    return *others, head(b, a, same, w, bias, kind)[-1]


@wrong("head", hint=3)
def da_not_averaged(a, b, same, w, bias, kind="absolute"):
    """da lacks the factor 1/N of the mean.

    dw and dbias are right. Divide the slope by z by N, and all three contain the factor.
    """
    *others, da = head(a, b, same, w, bias, kind)
    return *others, da * len(a)


@wrong("head", hint=3)
def dbias_not_averaged(a, b, same, w, bias, kind="absolute"):
    """dbias lacks the factor 1/N of the mean.

    The others are right. Divide the slope by z by N, and all of them contain the factor.
    """
    z, loss, dw, dbias, da = head(a, b, same, w, bias, kind)
    return z, loss, dw, dbias * len(a), da


@wrong("head", hint=4)
def chi_slope_turned(a, b, same, w, bias, kind="absolute"):
    """The slope of chi-square is q*(2 + q) instead of q*(2 - q).

    a + b is the denominator, so x gets smaller when it grows: 2q - q^2.
    """

    def chi_square(a, b):
        x, _ = _chi_square(a, b)
        q = (a - b) / np.where(a + b > 0, a + b, 1)
        return x, q * (2 + q)

    return _head(a, b, same, w, bias, kind, chi_square=chi_square)


@wrong("head", hint=4)
def chi_has_slope_of_absolute(a, b, same, w, bias, kind="absolute"):
    """The slope of chi-square is the sign of a - b.

    That is the slope of |a - b|. The slope of chi-square is q*(2 - q).
    """
    return _head(
        a, b, same, w, bias, kind, chi_square=lambda a, b: (_chi_square(a, b)[0], np.sign(a - b))
    )
