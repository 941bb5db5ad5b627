"""Plausible wrong answers for the undone broadcast."""

import numpy as np
from solution import unbroadcast

from nnscratch.learn import wrong


@wrong("unbroadcast", hint=1)
def not_summed(g, shape):
    """g is given back as it came.

    The operand was smaller than the result, so its gradient must be as small as itself. Sum over
    the axes along which it was repeated.
    """
    return g.copy()


@wrong("unbroadcast", hint=2)
def front_not_summed(g, shape):
    """Axes that the operand lacks are not summed.

    You treat the axes of size 1 only. Where g has more axes than the operand, the first ones go.
    """
    lead = g.ndim - len(shape)
    axes = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=axes, keepdims=True) if axes else g.copy()


@wrong("unbroadcast", hint=1)
def ones_forgotten(g, shape):
    """Axes of size 1 are not summed.

    An operand of shape (2, 1) was repeated along its last axis just as if it had none. Sum there
    too, and keep the 1 in the shape.
    """
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


@wrong("unbroadcast", hint=2)
def level_left_alone(g, shape):
    """With as many axes as g has, nothing is summed.

    Equal numbers of axes do not mean equal shapes: (2, 1) was repeated to become (2, 3). Look for
    axes of size 1 in every case.
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
    """The axes that the operand lacks stay behind as ones.

    keepdims=True is for axes that the operand has. Those in front of them must go altogether:
    (3,) is not (1, 3).
    """
    lead = g.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1))
    return g.sum(axis=axes, keepdims=True)


@wrong("unbroadcast", hint=1)
def everything_summed(g, shape):
    """Everything is summed, and every place gets the total.

    Only repeated axes are summed. Along the others each number of the operand met its own part of
    g, and keeps it.
    """
    return np.full(shape, g.sum())


@wrong("unbroadcast", hint=1)
def averaged(g, shape):
    """The mean is taken where the sum belongs.

    A number that occurs three times changes the loss through all three places, so the three
    gradients add up. No division.
    """
    count = g.size // max(np.prod(shape, dtype=int), 1)
    return unbroadcast(g, shape) / count


@wrong("unbroadcast", hint=1)
def first_copy_only(g, shape):
    """Only the first of the repeated places is used.

    Cutting g to size gives the right shape, but all copies of a number count, and you take the
    gradient of one. Sum over them.
    """
    lead = g.ndim - len(shape)
    return g[(0,) * lead + tuple(slice(0, size) for size in shape)].copy()


@wrong("unbroadcast", hint=1)
def cut_from_the_left(g, shape):
    """The shapes are lined up from the left.

    Broadcasting lines them up from the right, so the axes that the operand lacks are the first of
    g, not the last.
    """
    lead = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(len(shape), g.ndim))) if lead else g
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=ones, keepdims=True) if ones else g.copy()


@wrong("unbroadcast", hint=2)
def offset_forgotten(g, shape):
    """Axes of size 1 are looked for at the wrong place of g.

    Axis i of the shape is axis i of g only if both have as many. Else it is axis
    i + g.ndim - len(shape), or sum the front axes first.
    """
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    g = g.sum(axis=ones, keepdims=True) if ones else g
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


@wrong("unbroadcast", hint=3)
def axes_move_up(g, shape):
    """Axes are summed one after another, and their numbers shift.

    After g.sum(0) what was axis 1 is axis 0. Sum all of them in one call with a tuple of axes, keep
    their places with keepdims=True, or begin with the last.
    """
    lead = g.ndim - len(shape)
    axes = [*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1)]
    for axis in axes:
        g = g.sum(axis=axis)
    return g.reshape(shape).copy()


@wrong("unbroadcast", hint=1)
def empty_shape_skipped(g, shape):
    """The shape () is taken for no shape at all.

    `if not shape` holds for (), but () is a shape: that of one number. It went to every place of
    the result, and gets the sum over all of g.
    """
    return unbroadcast(g, shape) if shape else g.copy()


@wrong("unbroadcast", hint=2)
def one_front_axis_only(g, shape):
    """Only one of the axes that the operand lacks is summed.

    The operand may lack two axes or more: `while`, not `if`, or all of them in one sum.
    """
    g = g.sum(axis=0) if g.ndim > len(shape) else g
    lead = g.ndim - len(shape)
    ones = tuple(lead + i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=ones, keepdims=True) if ones else g.copy()


@wrong("unbroadcast", hint=2)
def one_size_one_only(g, shape):
    """Only one axis of size 1 is summed.

    The operand may have several: (1, 4, 1) was repeated along two axes. Go through all of its axes
    before you return.
    """
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    first = next((i for i, size in enumerate(shape) if size == 1), None)
    return g.copy() if first is None else g.sum(axis=first, keepdims=True)


@wrong("unbroadcast", hint=1)
def front_averaged(g, shape):
    """Over the axes that the operand lacks, the mean is taken.

    A number that occurs three times changes the loss through all three places, so the three
    gradients add up. Along axes of size 1 you do sum; in front it is the same.
    """
    lead = g.ndim - len(shape)
    return unbroadcast(g, shape) / np.prod(g.shape[:lead])


@wrong("unbroadcast", hint=1)
def ones_averaged(g, shape):
    """Over the axes of size 1, the mean is taken.

    A number that occurs three times changes the loss through all three places, so the three
    gradients add up. Along the axes in front you do sum; here it is the same.
    """
    lead = g.ndim - len(shape)
    ones = [n for n, size in zip(g.shape[lead:], shape, strict=True) if size == 1]
    return unbroadcast(g, shape) / np.prod(ones)


@wrong("unbroadcast", hint=1)
def reshaped_and_summed(g, shape):
    """g is cut into pieces of the shape, and these are added.

    g.reshape(-1, *shape) keeps the numbers in their order in memory, so it is right only if all
    the repeated axes stand in front. Sum over the repeated axes themselves.
    """
    return g.reshape(-1, *shape).sum(axis=0)
