"""Plausible wrong answers for the gradient of broadcasting."""

import numpy as np
from solution import unbroadcast

from nnscratch.learn import wrong


@wrong("unbroadcast", hint=1)
def not_summed(g, shape):
    """g is returned as it is.

    The operand was smaller than the result, and its gradient has the shape of the operand. Sum over
    the axes along which it was repeated.
    """
    return g.copy()


@wrong("unbroadcast", hint=2)
def front_not_summed(g, shape):
    """Axes that the operand lacks are not summed.

    You handle only axes of size 1. Where g has more axes than the operand, the first axes of g must
    be summed.
    """
    lead = g.ndim - len(shape)
    axes = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=axes, keepdims=True) if axes else g.copy()


@wrong("unbroadcast", hint=1)
def ones_forgotten(g, shape):
    """Axes of size 1 are not summed.

    An operand of shape (2, 1) was repeated along its last axis, just as along a missing axis. Sum
    there too, and keep the 1 in the shape.
    """
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


@wrong("unbroadcast", hint=2)
def level_left_alone(g, shape):
    """Where g has as many axes as the operand, nothing is summed.

    Equal numbers of axes do not mean equal shapes: (2, 1) was repeated to (2, 3). Look for axes of
    size 1 in every case.
    """
    return g.copy() if g.ndim == len(shape) else unbroadcast(g, shape)


@wrong("unbroadcast", hint=3)
def ones_dropped(g, shape):
    """The summed axes of size 1 are missing from the result.

    The numbers are right, the shape is not: (2, 1) must come back as (2, 1), not as (2,). Sum with
    keepdims=True, or reshape at the end.
    """
    lead = g.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1))
    return g.sum(axis=axes)


@wrong("unbroadcast", hint=3)
def front_kept_as_ones(g, shape):
    """The axes that the operand lacks remain with size 1.

    keepdims=True is for axes that the operand has. Axes in front of them must be removed: (3,) is
    not (1, 3).
    """
    lead = g.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1))
    return g.sum(axis=axes, keepdims=True)


@wrong("unbroadcast", hint=1)
def everything_summed(g, shape):
    """Everything is summed, and every place gets the total.

    Sum only over repeated axes. Along the other axes each number of the operand has its own part of
    g.
    """
    return np.full(shape, g.sum())


@wrong("unbroadcast", hint=1)
def averaged(g, shape):
    """The mean is taken instead of the sum.

    A number that occurs three times changes the loss through all three places, so the three
    gradients add up. Do not divide.
    """
    count = g.size // max(np.prod(shape, dtype=int), 1)
    return unbroadcast(g, shape) / count


@wrong("unbroadcast", hint=1)
def first_copy_only(g, shape):
    """Only the first of the repeated places is used.

    Cutting g to size gives the right shape, but you take the gradient of one copy, and all copies
    count. Sum over them.
    """
    lead = g.ndim - len(shape)
    return g[(0,) * lead + tuple(slice(0, size) for size in shape)].copy()


@wrong("unbroadcast", hint=1)
def cut_from_the_left(g, shape):
    """The shapes are aligned from the left.

    Broadcasting aligns them from the right, so the axes that the operand lacks are the first of g,
    not the last.
    """
    lead = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(len(shape), g.ndim))) if lead else g
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=ones, keepdims=True) if ones else g.copy()


@wrong("unbroadcast", hint=2)
def offset_forgotten(g, shape):
    """Axes of size 1 are searched at the wrong place of g.

    Axis i of the shape is axis i of g only if both have equally many axes. In general it is axis i
    + g.ndim - len(shape); or sum the front axes first.
    """
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    g = g.sum(axis=ones, keepdims=True) if ones else g
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


@wrong("unbroadcast", hint=3)
def axes_move_up(g, shape):
    """Axes are summed one after another, and their numbers shift.

    After g.sum(0) the former axis 1 is axis 0. Sum all of them in one call with a tuple of axes,
    use keepdims=True, or start with the last axis.
    """
    lead = g.ndim - len(shape)
    axes = [*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1)]
    for axis in axes:
        g = g.sum(axis=axis)
    return g.reshape(shape).copy()


@wrong("unbroadcast", hint=1)
def empty_shape_skipped(g, shape):
    """The shape () is treated as no shape.

    `if not shape` is true for (), but () is the shape of a single number. That number was repeated
    to every place of the result, and its gradient is the sum over all of g.
    """
    return unbroadcast(g, shape) if shape else g.copy()


@wrong("unbroadcast", hint=2)
def one_front_axis_only(g, shape):
    """Only one of the axes that the operand lacks is summed.

    The operand may lack two or more axes: use `while` instead of `if`, or one sum over all of them.
    """
    g = g.sum(axis=0) if g.ndim > len(shape) else g
    lead = g.ndim - len(shape)
    ones = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=ones, keepdims=True) if ones else g.copy()


@wrong("unbroadcast", hint=2)
def one_size_one_only(g, shape):
    """Only one axis of size 1 is summed.

    The operand may have several: (1, 4, 1) was repeated along two axes. Handle all of its axes
    before you return.
    """
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    first = next((i for i, size in enumerate(shape) if size == 1), None)
    return g.copy() if first is None else g.sum(axis=first, keepdims=True)


@wrong("unbroadcast", hint=1)
def front_averaged(g, shape):
    """Over the axes that the operand lacks, the mean is taken.

    A number that occurs three times changes the loss through all three places, so the three
    gradients add up. Along axes of size 1 you sum; do the same in front.
    """
    lead = g.ndim - len(shape)
    return unbroadcast(g, shape) / np.prod(g.shape[:lead])


@wrong("unbroadcast", hint=1)
def ones_averaged(g, shape):
    """Over the axes of size 1, the mean is taken.

    A number that occurs three times changes the loss through all three places, so the three
    gradients add up. Along the axes in front you sum; do the same here.
    """
    lead = g.ndim - len(shape)
    ones = [n for n, size in zip(g.shape[lead:], shape, strict=True) if size == 1]
    return unbroadcast(g, shape) / np.prod(ones)


@wrong("unbroadcast", hint=1)
def reshaped_and_summed(g, shape):
    """g is cut into pieces of the shape, and these are added.

    g.reshape(-1, *shape) keeps the numbers in memory order, so it is right only if all repeated
    axes come first. Sum over the repeated axes themselves.
    """
    return g.reshape(-1, *shape).sum(axis=0)
