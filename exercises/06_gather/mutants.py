"""Plausible wrong answers for indexing and its gradient."""

import numpy as np
from solution import gather

from nnscratch.learn import wrong


def _is_numbers(index):
    return isinstance(index, np.ndarray) and index.dtype.kind == "i"


@wrong("gather", hint=2)
def assigned_not_added(x, index, g):
    """Of several gradients for one place only one is kept.

    dx[index] = g overwrites earlier values. dx[index] += g reads all old values, adds, and writes
    each place once, so it loses gradients too. np.add.at adds one after the other.
    """
    dx = np.zeros_like(x)
    dx[index] = g
    return x[index].copy(), dx


@wrong("gather", hint=2)
def added_row_by_row(x, index, g):
    """Within one row of the index a repeated place counts once.

    Your loop runs over the first axis of the index, and in it dx[index[i]] += g[i] takes a whole
    row at once. If a number is in that row twice, one gradient is lost. Flatten the index first, or
    use np.add.at.
    """
    if not _is_numbers(index):
        return gather(x, index, g)
    dx = np.zeros_like(x)
    for i, places in enumerate(index):
        dx[places] += g[i]
    return x[index].copy(), dx


@wrong("gather", hint=3)
def view_returned(x, index, g):
    """y is a view into x.

    Slices and single rows of a NumPy array share its memory. Writing into y would change x. Return
    a copy.
    """
    return x[index], gather(x, index, g)[1]


@wrong("gather", hint=1)
def shape_of_y(x, index, g):
    """dx has the shape of y, not of x.

    The gradient of x has a number for each element of x, with 0 where nothing was taken. You return
    g unchanged.
    """
    return x[index].copy(), np.array(g)


@wrong("gather", hint=1)
def zeros_of_y(x, index, g):
    """g is added into zeros of the shape of y.

    np.zeros_like(y) is too small, or too large, for the places of the index. dx begins as zeros of
    the shape of x.
    """
    y = x[index].copy()
    dx = np.zeros_like(y)
    np.add.at(dx, index, g)
    return y, dx


@wrong("gather", hint=1)
def begins_with_x(x, index, g):
    """dx begins with the values of x.

    x.copy() has the right shape, but the values of x are not part of the gradient. Begin with
    zeros.
    """
    return x[index].copy(), x + gather(x, index, g)[1]


@wrong("gather", hint=2)
def counted(x, index, g):
    """You count how often a place was taken, without g.

    The slope is 1 for each time, but the chain rule multiplies it by the number of g for that time.
    """
    return x[index].copy(), gather(x, index, np.ones_like(g))[1]


@wrong("gather", hint=2)
def averaged(x, index, g):
    """A place that was taken several times gets the mean of its gradients.

    An element that occurs twice in y changes the loss through both places, and the gradients add
    up. Do not divide.
    """
    y, dx = gather(x, index, g)
    return y, dx / np.maximum(gather(x, index, np.ones_like(g))[1], 1)


@wrong("gather", hint=2)
def gathered_again(x, index, g):
    """The gradient is taken with the index once more.

    g[index] reads g at places of x. The backward pass goes the other way: add g[i] to place
    index[i] of dx.
    """
    return x[index].copy(), g[index]


@wrong("gather", hint=1)
def taken_from_the_flat_array(x, index, g):
    """The index is used on the flattened array.

    np.take(x, index) without an axis numbers all elements in order and does not accept slices.
    x[index] with an array of whole numbers takes entries of the first axis, here rows.
    """
    return np.take(x, index), gather(x, index, g)[1]


@wrong("gather", hint=2)
def negative_lost(x, index, g):
    """Negative numbers are not counted from the end.

    With a matrix of index == arange(n), or a test for 0 <= i, -1 matches no row: y has zeros there
    and its gradient is lost. -1 is the last row; index % n gives its number.
    """
    if not _is_numbers(index):
        return gather(x, index, g)
    one_hot = (index[..., None] == np.arange(len(x))).astype(float)
    flat = one_hot.reshape(-1, len(x))
    dx = flat.T @ g.reshape(len(flat), -1)
    return (flat @ x.reshape(len(x), -1)).reshape(g.shape), dx.reshape(x.shape)


@wrong("gather", hint=3)
def mask_taken_for_numbers(x, index, g):
    """A mask of bools is treated as the numbers 0 and 1.

    index.astype(int), or an array made with dtype=int, turns True into row 1. Leave bools as they
    are; NumPy then takes the places that are True.
    """
    if isinstance(index, np.ndarray) and index.dtype.kind == "b":
        index = index.astype(int)
    return gather(x, index, g)


@wrong("gather", hint=3)
def tuple_taken_for_a_list(x, index, g):
    """A tuple is treated as a list of rows.

    x[(2, 0)] is the element in row 2 and column 0; x[[2, 0]] is row 2 and row 0. A tuple has one
    entry for each axis: pass it to NumPy as it is.
    """
    if isinstance(index, tuple) and all(isinstance(i, int) for i in index):
        index = list(index)
    return gather(x, index, g)
