"""Plausible wrong answers for the gradients of reductions."""

import numpy as np
from solution import reduction_backward

from nnscratch.learn import wrong


def _weighted(kind, x, broadcast, axis):
    """The rest of the solution: the gradient of each element from g with its axes restored."""
    return broadcast * reduction_backward(kind, x, np.ones_like(x.sum(axis=axis)), axis)


@wrong("reduction_backward", hint=1)
def axis_not_restored(kind, x, g, axis=None, keepdims=False):
    """g is broadcast without its reduced axis.

    NumPy aligns shapes from the right, so the numbers of g go to the wrong places of a square
    array, or do not fit at all. Before you broadcast, insert the reduced axis with size 1 at its
    old position; an axis in front changes nothing, NumPy adds that by itself.
    """
    return _weighted(kind, x, np.broadcast_to(g, x.shape), axis)


@wrong("reduction_backward", hint=2)
def axis_inserted_as_in_a_list(kind, x, g, axis=None, keepdims=False):
    """A negative axis is inserted at the wrong place.

    list.insert(-1, 1) puts the 1 before the last entry, not at the end. Add x.ndim to negative axes
    first; np.expand_dims does so.
    """
    if keepdims or axis is None:
        return reduction_backward(kind, x, g, axis, keepdims)
    shape = list(g.shape)
    for a in sorted(axis) if isinstance(axis, tuple) else [axis]:
        shape.insert(a, 1)
    return _weighted(kind, x, g.reshape(shape), axis)


@wrong("reduction_backward", hint=2)
def kept_axis_put_back_again(kind, x, g, axis=None, keepdims=False):
    """The reduced axis is inserted although g still has it.

    With keepdims=True g already has as many axes as x. Insert the axis only with keepdims=False.
    """
    axes = tuple(range(x.ndim)) if axis is None else axis
    return _weighted(kind, x, np.expand_dims(g, axes), axis)


@wrong("reduction_backward", hint=1)
def sum_without_upstream(kind, x, g, axis=None, keepdims=False):
    """The upstream gradient g is missing.

    The slope of a sum is 1 for each element, but the chain rule multiplies it by the g of the sum
    that contains the element.
    """
    if kind != "sum":
        return reduction_backward(kind, x, g, axis, keepdims)
    return np.ones_like(x)


@wrong("reduction_backward", hint=1)
def sum_divided(kind, x, g, axis=None, keepdims=False):
    """The gradient of the sum is divided among the elements.

    If an element of a sum grows by 1, so does the sum. Each element gets the whole g. Dividing by n
    belongs to the mean.
    """
    if kind != "sum":
        return reduction_backward(kind, x, g, axis, keepdims)
    return reduction_backward("mean", x, g, axis, keepdims)


@wrong("reduction_backward", hint=3)
def mean_not_divided(kind, x, g, axis=None, keepdims=False):
    """The 1/n of the mean is missing.

    If one of n elements grows by 1, the mean grows by 1/n. You have the gradient of the sum.
    """
    if kind != "mean":
        return reduction_backward(kind, x, g, axis, keepdims)
    return reduction_backward("sum", x, g, axis, keepdims)


@wrong("reduction_backward", hint=3)
def divided_by_all(kind, x, g, axis=None, keepdims=False):
    """The mean is divided by the size of all of x.

    n is the number of elements in one mean: along axis 1 that is x.shape[1], not x.size.
    """
    if kind != "mean":
        return reduction_backward(kind, x, g, axis, keepdims)
    return reduction_backward("sum", x, g, axis, keepdims) / x.size


@wrong("reduction_backward", hint=3)
def divided_by_the_number_of_means(kind, x, g, axis=None, keepdims=False):
    """The mean is divided by the number of means.

    g.size is the number of means. n is the number of elements of x in each mean.
    """
    if kind != "mean":
        return reduction_backward(kind, x, g, axis, keepdims)
    return reduction_backward("sum", x, g, axis, keepdims) / g.size


@wrong("reduction_backward", hint=3)
def axis_zero_taken_for_none(kind, x, g, axis=None, keepdims=False):
    """Axis 0 is treated as None.

    `if axis` and `axis or ...` are false for 0 as well as for None, so you divide by x.size instead
    of x.shape[0]. Test `if axis is None`.
    """
    if kind != "mean":
        return reduction_backward(kind, x, g, axis, keepdims)
    n = x.size * g.size / x.size if axis == 0 else 1
    return reduction_backward("mean", x, g, axis, keepdims) / n


@wrong("reduction_backward", hint=3)
def first_axis_counted(kind, x, g, axis=None, keepdims=False):
    """Of several reduced axes only the first is counted.

    Over axes (0, 2) a mean has x.shape[0] * x.shape[2] elements. You divide by the first length
    only.
    """
    if kind != "mean":
        return reduction_backward(kind, x, g, axis, keepdims)
    if not isinstance(axis, tuple):
        return reduction_backward("mean", x, g, axis, keepdims)
    return reduction_backward("sum", x, g, axis, keepdims) / x.shape[axis[0]]


@wrong("reduction_backward", hint=4)
def each_tie_in_full(kind, x, g, axis=None, keepdims=False):
    """Each of several equal largest values gets all of g.

    The shares must add up to g. Give all of g to one of them, or divide the mask by the number of
    largest elements in each group.
    """
    if kind != "max":
        return reduction_backward(kind, x, g, axis, keepdims)
    return (x == x.max(axis=axis, keepdims=True)) * reduction_backward("sum", x, g, axis, keepdims)


@wrong("reduction_backward", hint=4)
def largest_of_all(kind, x, g, axis=None, keepdims=False):
    """Elements are compared with the maximum of the whole array.

    Each row (or whatever group `axis` selects) has its own largest value. Compare x with
    x.max(axis, keepdims=True).
    """
    if kind != "max":
        return reduction_backward(kind, x, g, axis, keepdims)
    return (x == x.max()) * reduction_backward("max", x, g, axis, keepdims)


@wrong("reduction_backward", hint=4)
def maximum_not_restored(kind, x, g, axis=None, keepdims=False):
    """x is compared with maxima that lack the reduced axis.

    x == x.max(axis) aligns the maxima with the last axis of x, so elements are compared with the
    maximum of another group. Use keepdims=True.
    """
    if kind != "max":
        return reduction_backward(kind, x, g, axis, keepdims)
    winners = x == x.max(axis=axis)
    shares = winners / np.maximum(winners.sum(axis=axis, keepdims=True), 1)
    return shares * reduction_backward("sum", x, g, axis, keepdims)


@wrong("reduction_backward", hint=4)
def mask_alone(kind, x, g, axis=None, keepdims=False):
    """The mask of the largest elements is returned without g.

    The mask is the slope of the maximum, 1 at the largest element. The gradient is that slope times
    g.
    """
    if kind != "max":
        return reduction_backward(kind, x, g, axis, keepdims)
    return reduction_backward("max", x, np.ones_like(g), axis, keepdims)


@wrong("reduction_backward", hint=4)
def smallest_instead(kind, x, g, axis=None, keepdims=False):
    """The smallest elements get the gradient.

    A comparison is the wrong way round: the maximum depends on the largest element of each group.
    """
    if kind != "max":
        return reduction_backward(kind, x, g, axis, keepdims)
    return reduction_backward("max", -x, g, axis, keepdims)


@wrong("reduction_backward", hint=4)
def times_the_value(kind, x, g, axis=None, keepdims=False):
    """The gradient is multiplied by the largest value.

    The maximum is the largest element unchanged, so the slope is 1. You have x * g at the largest
    elements instead of g.
    """
    if kind != "max":
        return reduction_backward(kind, x, g, axis, keepdims)
    return x * reduction_backward("max", x, g, axis, keepdims)


@wrong("reduction_backward", hint=3)
def last_axis_counted(kind, x, g, axis=None, keepdims=False):
    """Of several axes, the mean counts the last one only.

    n is the number of elements in one mean: the product of the sizes of all reduced axes, or x.size
    / g.size.
    """
    dx = reduction_backward(kind, x, g, axis, keepdims)
    if kind != "mean" or not isinstance(axis, tuple):
        return dx
    return dx * (x.size / np.size(g)) / x.shape[axis[-1]]


@wrong("reduction_backward", hint=1)
def axes_put_at_the_end(kind, x, g, axis=None, keepdims=False):
    """The reduced axis is always inserted at the end.

    g[..., None] is right only where the last axis was reduced. The 1 belongs where the axis was:
    np.expand_dims(g, axis).
    """
    if keepdims:
        return reduction_backward(kind, x, g, axis, keepdims)
    g = np.asarray(g)
    return _weighted(kind, x, g.reshape(g.shape + (1,) * (x.ndim - g.ndim)), axis)


@wrong("reduction_backward", hint=1)
def not_spread(kind, x, g, axis=None, keepdims=False):
    """dx of a sum and a mean has one number where x has many.

    You restored the reduced axes, but with size 1. Each element of x has its own gradient:
    broadcast to the shape of x.
    """
    dx = reduction_backward(kind, x, g, axis, keepdims)
    return dx if kind == "max" else np.max(dx, axis=axis, keepdims=True)


@wrong("reduction_backward", hint=4)
def everyone_is_largest(kind, x, g, axis=None, keepdims=False):
    """In a maximum every element gets g, as in a sum.

    Only the largest element changes the maximum. A small change of the others has no effect, so
    they get 0.
    """
    return reduction_backward("sum" if kind == "max" else kind, x, g, axis, keepdims)


@wrong("reduction_backward", hint=4)
def ties_counted_everywhere(kind, x, g, axis=None, keepdims=False):
    """g is divided by the number of all maxima of x.

    Equal largest values share g only with those of the same group. Count along the reduced axes,
    with keepdims=True.
    """
    if kind != "max":
        return reduction_backward(kind, x, g, axis, keepdims)
    among = x == x.max(axis=axis, keepdims=True)
    return among * reduction_backward("sum", x, g, axis, keepdims) / among.sum()
