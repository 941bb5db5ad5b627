"""Plausible wrong answers for the four activations."""

import numpy as np
from solution import activation

from nnscratch.learn import wrong


def _one(kind, change):
    """The solution with one kind changed: its (y, dx) come from change(x, g, slope, y, dx)."""

    def changed(name, x, g, slope):
        y, dx = activation(name, x, g, slope)
        return change(x, g, slope, y, dx) if name == kind else (y, dx)

    return changed


@wrong("activation", hint=1)
def upstream_forgotten(kind, x, g, slope=0.01):
    """dx is the slope alone: the upstream gradient is missing.

    The chain rule multiplies: dx = g * slope. You return the slope, as if g were 1 everywhere.
    """
    return activation(kind, x, np.ones_like(g), slope)


@wrong("activation", hint=2)
def mask_from_upstream(kind, x, g, slope=0.01):
    """The mask of relu is taken from the sign of g.

    The mask depends on the sign of the input x. The sign of g only says in which direction the loss
    changes; both signs pass.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, np.where(g > 0, g, 0)))(kind, x, g, slope)


@wrong("activation", hint=2)
def guided(kind, x, g, slope=0.01):
    """relu drops negative upstream gradients as well.

    That is "guided" backpropagation, a method for visualization. The gradient is g where x > 0,
    whatever the sign of g.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, dx * (g > 0)))(kind, x, g, slope)


@wrong("activation", hint=2)
def relu_passes_all(kind, x, g, slope=0.01):
    """relu passes the whole gradient.

    Where x < 0 the output is 0 and stays 0 if x changes a little, so the slope is 0 there. Multiply
    g by the mask x > 0.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, +g))(kind, x, g, slope)


@wrong("activation", hint=2)
def value_for_mask(kind, x, g, slope=0.01):
    """g is multiplied by relu's value instead of its slope.

    dx = g * y is too large by the factor x. The slope of relu is 1 where x > 0, whatever x is.
    """
    return _one("relu", lambda x, g, slope, y, dx: (y, g * y))(kind, x, g, slope)


@wrong("activation", hint=2)
def relu_is_abs(kind, x, g, slope=0.01):
    """relu gives |x| instead of max(x, 0).

    Negative numbers become 0; their sign does not change.
    """

    def absolute(x, g, slope, y, dx):
        return np.abs(x), g * np.sign(x)

    return _one("relu", absolute)(kind, x, g, slope)


@wrong("activation", hint=2)
def leak_lost_in_gradient(kind, x, g, slope=0.01):
    """The gradient of leaky relu is that of relu.

    For x < 0 the value is slope * x, so the gradient there is slope * g, not 0.
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
    """The argument slope is not used: it is always 0.01.

    0.01 is only the default. The check passes other values; use the argument.
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

    For negative x the value is slope * x, which is negative. With the minus the curve has a V
    shape.
    """

    def bent(x, g, slope, y, dx):
        slopes = np.where(x > 0, 1.0, -slope)
        return slopes * x, slopes * g

    return _one("leaky", bent)(kind, x, g, slope)


@wrong("activation", hint=3)
def sigmoid_slope_from_x(kind, x, g, slope=0.01):
    """The slope of the sigmoid is computed from x instead of y.

    y * (1 - y) uses the value y of the sigmoid. You have x * (1 - x).
    """
    return _one("sigmoid", lambda x, g, slope, y, dx: (y, g * x * (1 - x)))(kind, x, g, slope)


@wrong("activation", hint=3)
def sigmoid_twice(kind, x, g, slope=0.01):
    """For its slope the sigmoid is applied twice.

    You apply the sigmoid to y again. y is already the sigmoid of x, and the slope is y * (1 - y).
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

    You have sigmoid(-x), which is 1 / (1 + exp(x)). The exponent needs a minus: 1 / (1 + exp(-x));
    or two branches are exchanged. The gradient does not show this error: y * (1 - y) is the same
    for both.
    """
    return _one("sigmoid", lambda x, g, slope, y, dx: (1 - y, dx))(kind, x, g, slope)


@wrong("activation", hint=4)
def sigmoid_argument_not_halved(kind, x, g, slope=0.01):
    """The sigmoid is computed from tanh(x) instead of tanh(x / 2).

    sigmoid(x) = (1 + tanh(x / 2)) / 2. With tanh(x) the curve has half its width.
    """

    def squeezed(x, g, slope, y, dx):
        y = (1 + np.tanh(x)) / 2
        return y, g * y * (1 - y)

    return _one("sigmoid", squeezed)(kind, x, g, slope)


@wrong("activation", hint=3)
def square_forgotten(kind, x, g, slope=0.01):
    """The slope of tanh is 1 - y instead of 1 - y^2.

    At y = -1, where the curve is flat, 1 - y is 2. Square y.
    """
    return _one("tanh", lambda x, g, slope, y, dx: (y, g * (1 - y)))(kind, x, g, slope)


@wrong("activation", hint=3)
def tanh_slope_from_x(kind, x, g, slope=0.01):
    """The slope of tanh is computed from x instead of y.

    1 - y^2 uses the value y = tanh(x). You have 1 - x^2, which is negative for large x, while tanh
    never falls.
    """
    return _one("tanh", lambda x, g, slope, y, dx: (y, g * (1 - x**2)))(kind, x, g, slope)


@wrong("activation", hint=3)
def tanh_slope_of_sigmoid(kind, x, g, slope=0.01):
    """tanh gets the slope of the sigmoid.

    y * (1 - y) is the slope of the sigmoid. That of tanh is 1 - y^2; at x = 0 it is 1, not 0.
    """
    return _one("tanh", lambda x, g, slope, y, dx: (y, g * y * (1 - y)))(kind, x, g, slope)


@wrong("activation", hint=3)
def tanh_argument_not_doubled(kind, x, g, slope=0.01):
    """tanh is computed from the sigmoid of x instead of 2x.

    tanh(x) = 2 * sigmoid(2x) - 1. Without the factor 2 the curve has twice its width.
    """

    def stretched(x, g, slope, y, dx):
        y = np.tanh(x / 2)
        return y, g * (1 - y**2)

    return _one("tanh", stretched)(kind, x, g, slope)


@wrong("activation", hint=2)
def slope_by_division(kind, x, g, slope=0.01):
    """The slope y / x is 0 / 0 at x = 0.

    For relu and leaky relu y / x equals the slope elsewhere, but at x = 0 it is NaN, and one NaN
    makes a whole network NaN. Compare x with 0 instead.
    """
    y, dx = activation(kind, x, g, slope)
    return y, g * (y / x) if kind in ("relu", "leaky") else dx


@wrong("activation", hint=4)
def sigmoid_overflows(kind, x, g, slope=0.01):
    """exp(-x) overflows where x is very negative.

    exp(1000) is too large for a float. Here 1 / infinity = 0 happens to be right, but nothing may
    overflow: for x < 0 write the sigmoid as exp(x) / (1 + exp(x)), which is the same number.
    """

    def plain(x, g, slope, y, dx):
        y = 1 / (1 + np.exp(-x))
        return y, g * y * (1 - y)

    return _one("sigmoid", plain)(kind, x, g, slope)


@wrong("activation", hint=4)
def sigmoid_both_branches(kind, x, g, slope=0.01):
    """np.where computes both branches, and one of them overflows.

    np.where also computes the branch that it does not use. Use exp(-|x|) in both: it is never
    larger than 1.
    """

    def branches(x, g, slope, y, dx):
        y = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
        return y, g * y * (1 - y)

    return _one("sigmoid", branches)(kind, x, g, slope)


@wrong("activation", hint=4)
def sigmoid_infinite_quotient(kind, x, g, slope=0.01):
    """exp(x) / (1 + exp(x)) is infinity / infinity for large x.

    That is NaN. This form is right for negative x; for positive x use 1 / (1 + exp(-x)), which is
    the same number.
    """

    def quotient(x, g, slope, y, dx):
        y = np.exp(x) / (1 + np.exp(x))
        return y, g * y * (1 - y)

    return _one("sigmoid", quotient)(kind, x, g, slope)


@wrong("activation", hint=4)
def tanh_infinite_quotient(kind, x, g, slope=0.01):
    """tanh by exponentials is infinity / infinity far from 0.

    exp(1000) overflows, and the quotient is NaN. Use np.tanh, or divide both parts by the larger of
    the two exponentials.
    """

    def quotient(x, g, slope, y, dx):
        y = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
        return y, g * (1 - y**2)

    return _one("tanh", quotient)(kind, x, g, slope)


@wrong("activation", hint=1)
def relu_turned_round(kind, x, g, slope=0.01):
    """relu passes the negative numbers, not the positive ones.

    relu keeps x where x > 0 and replaces the rest by 0: max(x, 0), not min.
    """
    if kind != "relu":
        return activation(kind, x, g, slope)
    return np.minimum(x, 0), g * (x < 0)


@wrong("activation", hint=3)
def tanh_overflows(kind, x, g, slope=0.01):
    """tanh or its slope is right, but an intermediate result overflows.

    At x = 1000 exp(2x) and cosh(x) are too large for a float, although 1 - 2 / (exp(2x) + 1) and 1
    / cosh(x)**2 come out right after the division. np.tanh and the slope 1 - y^2 do not overflow.
    """
    if kind != "tanh":
        return activation(kind, x, g, slope)
    y = 1 - 2 / (np.exp(2 * x) + 1)
    return y, g * (1 - y * y)


@wrong("activation", hint=1)
def leak_is_constant(kind, x, g, slope=0.01):
    """For negative x leaky relu returns slope instead of slope * x.

    Left of 0 the curve is a line through 0 with this slope, so its value is slope * x.
    """
    y, dx = activation(kind, x, g, slope)
    return (np.where(x > 0, x, slope) if kind == "leaky" else y), dx
