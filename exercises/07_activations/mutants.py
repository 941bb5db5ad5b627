"""Plausible wrong answers for the four activations."""

import numpy as np
from solution import activation

from nnscratch.learn import wrong


def _one(kind, change):
    """The solution, but for one kind, where (y, dx) come from change(x, g, slope, y, dx)."""

    def changed(asked, x, g, slope):
        y, dx = activation(asked, x, g, slope)
        return change(x, g, slope, y, dx) if asked == kind else (y, dx)

    return changed


@wrong("activation", hint=1)
def upstream_forgotten(kind, x, g, slope=0.01):
    """dx is the slope alone: what came from above is forgotten.

    The chain rule multiplies: dx = g * slope of the curve. You return the slope, as if g were 1
    everywhere.
    """
    return activation(kind, x, np.ones_like(g), slope)


@wrong("activation", hint=2)
def mask_from_upstream(kind, x, g, slope=0.01):
    """The mask of relu is taken from the sign of g.

    What matters is on which side of 0 the input x lay. The sign of g says whether the loss wants
    more or less of it, and both pass.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, np.where(g > 0, g, 0)))(kind, x, g, slope)


@wrong("activation", hint=2)
def guided(kind, x, g, slope=0.01):
    """relu drops negative upstream gradients as well.

    That is "guided" backpropagation, a way to make pictures. The gradient is g where x > 0,
    whatever the sign of g.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, dx * (g > 0)))(kind, x, g, slope)


@wrong("activation", hint=2)
def relu_passes_all(kind, x, g, slope=0.01):
    """relu lets the whole gradient through.

    Where x < 0 the output is 0 and stays 0 if x is moved a little, so the slope is 0 there.
    Multiply g by the mask x > 0.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, +g))(kind, x, g, slope)


@wrong("activation", hint=2)
def value_for_mask(kind, x, g, slope=0.01):
    """g is multiplied by relu's value instead of its slope.

    dx = g * y is too large by the factor x. The slope of relu is 1 where x > 0, however large x is.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, g * y))(kind, x, g, slope)


@wrong("activation", hint=2)
def relu_is_abs(kind, x, g, slope=0.01):
    """relu gives |x| instead of max(x, 0).

    Negative numbers become 0, they do not change their sign.
    """

    def absolute(x, g, slope, y, dx):
        return np.abs(x), g * np.sign(x)

    return _one("relu", absolute)(kind, x, g, slope)


@wrong("activation", hint=2)
def leak_lost_in_gradient(kind, x, g, slope=0.01):
    """The gradient of leaky relu is that of relu.

    For x < 0 the value is slope * x, so the gradient there is slope * g, not 0. That this leak
    stays open is what the leaky relu is for.
    """
    return _one("leaky", lambda x, g, slope, y, dx: (y, np.where(x > 0, g, 0)))(kind, x, g, slope)


@wrong("activation", hint=2)
def leak_lost(kind, x, g, slope=0.01):
    """leaky relu is plain relu.

    Negative x become slope * x, not 0, and their gradient is slope * g.
    """
    return activation("relu" if kind == "leaky" else kind, x, g, slope)


@wrong("activation", hint=2)
def slope_fixed(kind, x, g, slope=0.01):
    """The argument slope is not used: it is 0.01 always.

    0.01 is what slope is if nobody says otherwise. The check says otherwise; use the argument.
    """
    return activation(kind, x, g)


@wrong("activation", hint=2)
def leak_on_wrong_side(kind, x, g, slope=0.01):
    """leaky relu is flat for positive x instead of negative x.

    The two branches are swapped: x > 0 keeps x with slope 1, x < 0 gets slope * x.
    """

    def swapped(x, g, slope, y, dx):
        slopes = np.where(x > 0, slope, 1.0)
        return slopes * x, slopes * g

    return _one("leaky", swapped)(kind, x, g, slope)


@wrong("activation", hint=2)
def leak_turned_up(kind, x, g, slope=0.01):
    """leaky relu rises to the left: -slope * x for negative x.

    slope * x is negative for negative x, and so it should be. With the minus you have a bent |x|.
    """

    def bent(x, g, slope, y, dx):
        slopes = np.where(x > 0, 1.0, -slope)
        return slopes * x, slopes * g

    return _one("leaky", bent)(kind, x, g, slope)


@wrong("activation", hint=3)
def sigmoid_slope_from_x(kind, x, g, slope=0.01):
    """The slope of the sigmoid is computed with x instead of y.

    y * (1 - y) holds for the value y of the sigmoid. You have x * (1 - x).
    """
    return _one("sigmoid", lambda x, g, slope, y, dx: (y, g * x * (1 - x)))(kind, x, g, slope)


@wrong("activation", hint=3)
def sigmoid_twice(kind, x, g, slope=0.01):
    """For its slope the sigmoid is applied twice.

    You put y through the sigmoid once more. y is the sigmoid of x already, and its slope
    is y * (1 - y).
    """

    def twice(x, g, slope, y, dx):
        return y, activation("sigmoid", y, g)[1]

    return _one("sigmoid", twice)(kind, x, g, slope)


@wrong("activation", hint=3)
def complement_forgotten(kind, x, g, slope=0.01):
    """The slope of the sigmoid lacks its factor (1 - y).

    g * y is the rule for the exponential function. The slope of the sigmoid goes to 0 on both
    sides: y * (1 - y).
    """
    return _one("sigmoid", lambda x, g, slope, y, dx: (y, g * y))(kind, x, g, slope)


@wrong("activation", hint=4)
def sigmoid_mirrored(kind, x, g, slope=0.01):
    """The sigmoid falls instead of rising.

    You have sigmoid(-x), which is 1 / (1 + exp(x)). The exponent has a minus: 1 / (1 + exp(-x)); or
    two branches are exchanged. The gradient does not show it: y * (1 - y) is the same for both.
    """
    return _one("sigmoid", lambda x, g, slope, y, dx: (1 - y, dx))(kind, x, g, slope)


@wrong("activation", hint=4)
def sigmoid_argument_not_halved(kind, x, g, slope=0.01):
    """The sigmoid is made of tanh(x) instead of tanh(x / 2).

    sigmoid(x) = (1 + tanh(x / 2)) / 2. With tanh(x) the curve is squeezed to half its width.
    """

    def squeezed(x, g, slope, y, dx):
        y = (1 + np.tanh(x)) / 2
        return y, g * y * (1 - y)

    return _one("sigmoid", squeezed)(kind, x, g, slope)


@wrong("activation", hint=3)
def square_forgotten(kind, x, g, slope=0.01):
    """The slope of tanh is 1 - y instead of 1 - y^2.

    At y = -1, where the curve is flat, 1 - y would be 2. Square y.
    """
    return _one("tanh", lambda x, g, slope, y, dx: (y, g * (1 - y)))(kind, x, g, slope)


@wrong("activation", hint=3)
def tanh_slope_from_x(kind, x, g, slope=0.01):
    """The slope of tanh is computed with x instead of y.

    1 - y^2 holds for the value y = tanh(x). You have 1 - x^2, which is negative for large x, while
    tanh never falls.
    """
    return _one("tanh", lambda x, g, slope, y, dx: (y, g * (1 - x**2)))(kind, x, g, slope)


@wrong("activation", hint=3)
def tanh_slope_of_sigmoid(kind, x, g, slope=0.01):
    """tanh gets the slope of the sigmoid.

    y * (1 - y) belongs to the sigmoid. That of tanh is 1 - y^2; at x = 0 it is 1, not 0.
    """
    return _one("tanh", lambda x, g, slope, y, dx: (y, g * y * (1 - y)))(kind, x, g, slope)


@wrong("activation", hint=3)
def tanh_argument_not_doubled(kind, x, g, slope=0.01):
    """tanh is made of the sigmoid of x instead of 2x.

    tanh(x) = 2 * sigmoid(2x) - 1. Without the inner 2 the curve is stretched to double its width.
    """

    def stretched(x, g, slope, y, dx):
        y = np.tanh(x / 2)
        return y, g * (1 - y**2)

    return _one("tanh", stretched)(kind, x, g, slope)


@wrong("activation", hint=2)
def slope_by_division(kind, x, g, slope=0.01):
    """The slope y / x is 0 / 0 at x = 0.

    For relu and leaky relu y / x happens to be the slope, but at x = 0 it is NaN, and one NaN
    spoils a whole network. Compare x with 0 instead.
    """
    y, dx = activation(kind, x, g, slope)
    return y, g * (y / x) if kind in ("relu", "leaky") else dx


@wrong("activation", hint=4)
def sigmoid_overflows(kind, x, g, slope=0.01):
    """exp(-x) overflows where x is very negative.

    exp(1000) is no float any more. The result is saved by 1 / infinity = 0 this time, but do not
    rely on it: for x < 0 write the sigmoid as exp(x) / (1 + exp(x)), which is the same number.
    """

    def plain(x, g, slope, y, dx):
        y = 1 / (1 + np.exp(-x))
        return y, g * y * (1 - y)

    return _one("sigmoid", plain)(kind, x, g, slope)


@wrong("activation", hint=4)
def sigmoid_both_branches(kind, x, g, slope=0.01):
    """np.where computes both branches, and one of them overflows.

    The branch that is not taken is computed all the same. Use exp(-|x|) in both: it is never larger
    than 1.
    """

    def branches(x, g, slope, y, dx):
        y = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
        return y, g * y * (1 - y)

    return _one("sigmoid", branches)(kind, x, g, slope)


@wrong("activation", hint=4)
def sigmoid_infinite_quotient(kind, x, g, slope=0.01):
    """exp(x) / (1 + exp(x)) is infinity / infinity for large x.

    That is NaN. This form is good for negative x; for positive x use 1 / (1 + exp(-x)), which is
    the same number.
    """

    def quotient(x, g, slope, y, dx):
        y = np.exp(x) / (1 + np.exp(x))
        return y, g * y * (1 - y)

    return _one("sigmoid", quotient)(kind, x, g, slope)


@wrong("activation", hint=4)
def tanh_infinite_quotient(kind, x, g, slope=0.01):
    """tanh by exponentials is infinity / infinity far from 0.

    exp(1000) overflows, and the quotient is NaN. np.tanh takes care of it; so does dividing both
    parts by the larger of the two exponentials.
    """

    def quotient(x, g, slope, y, dx):
        y = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
        return y, g * (1 - y**2)

    return _one("tanh", quotient)(kind, x, g, slope)


@wrong("activation", hint=1)
def relu_turned_round(kind, x, g, slope=0.01):
    """relu lets the negative numbers through, not the positive.

    relu keeps x where x > 0, and makes 0 of the rest: max(x, 0), not min.
    """
    if kind != "relu":
        return activation(kind, x, g, slope)
    return np.minimum(x, 0), g * (x < 0)


@wrong("activation", hint=3)
def tanh_overflows(kind, x, g, slope=0.01):
    """tanh or its slope comes out right, but overflows on the way.

    At x = 1000 neither exp(2x) nor cosh(x) is a float any more, though 1 - 2 / (exp(2x) + 1) and
    1 / cosh(x)**2 are saved by the division. np.tanh, and the slope 1 - y^2, do without.
    """
    if kind != "tanh":
        return activation(kind, x, g, slope)
    y = 1 - 2 / (np.exp(2 * x) + 1)
    return y, g * (1 - y * y)


@wrong("activation", hint=1)
def leak_is_constant(kind, x, g, slope=0.01):
    """The value of leaky relu is slope where it is slope * x.

    To the left of 0 the curve is a line of this slope through 0, so its value is slope * x.
    """
    y, dx = activation(kind, x, g, slope)
    return (np.where(x > 0, x, slope) if kind == "leaky" else y), dx
