"""Plausible wrong answers for windows as a view."""

import numpy as np
from numpy.lib.stride_tricks import as_strided
from solution import windows

from nnscratch.learn import wrong


def _walked(x, size, stride, dilation, strides=None, length=None):
    """The windows with other strides, or with another number of them."""
    right = windows(x, size, stride, dilation)
    shape = list(right.shape)
    shape[1] = shape[1] if length is None else length
    return as_strided(x, shape, right.strides if strides is None else strides, writeable=False)


@wrong("windows", hint=1)
def element_strides(x, size, stride=1, dilation=1):
    """The strides count numbers, not bytes.

    A stride is a distance in bytes, and a float64 takes 8 of them. What you see are pieces of
    two numbers read as one. x.strides is in bytes already.
    """
    channels, length = x.shape[1:]
    strides = (channels * length, stride, length, dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def strides_from_shape(x, size, stride=1, dilation=1):
    """The strides are computed from the shape of x.

    That is right only where x lies in memory without gaps and in the usual order. Here it is a view
    of another array. x.strides says how it really lies.
    """
    item, channel, place = np.empty(x.shape, x.dtype).strides
    strides = (item, place * stride, channel, place * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def neighbours_assumed(x, size, stride=1, dilation=1):
    """Neighbouring places are taken to be neighbours in memory.

    x.itemsize is the size of one number. From one place to the next it is x.strides[2] bytes, and
    that is more where x is a view of every second place, or has its channels last.
    """
    place = x.itemsize
    strides = (x.strides[0], place * stride, x.strides[1], place * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def eight_bytes(x, size, stride=1, dilation=1):
    """8 bytes for each number are taken for granted.

    That is so for float64 without gaps. A float32 takes 4, and in a view of another array any
    distance is possible. x.strides says how x really lies.
    """
    channels, length = x.shape[1:]
    strides = (8 * channels * length, 8 * stride, 8 * length, 8 * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def stride_ignored(x, size, stride=1, dilation=1):
    """The windows move by one place, whatever the stride.

    Their number is right. From one window to the next it is s places, so the stride of that axis is
    s times the one of x.
    """
    item, channel, place = x.strides
    return _walked(x, size, stride, dilation, (item, place, channel, place * dilation))


@wrong("windows", hint=2)
def dilation_ignored(x, size, stride=1, dilation=1):
    """The windows have no gaps, whatever the dilation.

    Their number is right. From one place of a window to the next it is d places, so the stride of
    that axis is d times the one of x.
    """
    item, channel, place = x.strides
    return _walked(x, size, stride, dilation, (item, place * stride, channel, place))


@wrong("windows", hint=2)
def stride_and_dilation_swapped(x, size, stride=1, dilation=1):
    """Stride and dilation have changed places.

    From window to window it is s places, inside a window d places. With you it is the other way
    round.
    """
    item, channel, place = x.strides
    strides = (item, place * dilation, channel, place * stride)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=4)
def reads_past_the_end(x, size, stride=1, dilation=1):
    """There are more windows than fit.

    With gaps a window spans d*(K - 1) + 1 places. You counted K, and the last windows hold what
    happens to lie behind x in memory.
    """
    length = (x.shape[2] - size) // stride + 1
    return _walked(x, size, stride, dilation, length=length)


@wrong("windows", hint=1)
def stride_not_in_length(x, size, stride=1, dilation=1):
    """There are as many windows as with stride 1.

    The windows are s places apart, so fewer of them fit: (L - span) // s + 1. The last of
    yours hold what happens to lie behind x in memory.
    """
    length = x.shape[2] - dilation * (size - 1)
    return _walked(x, size, stride, dilation, length=length)


@wrong("windows", hint=1)
def last_window_missing(x, size, stride=1, dilation=1):
    """The last window is missing.

    (L - span) // s counts the steps from the first window to the last. There is one window more.
    """
    right = windows(x, size, stride, dilation)
    return _walked(x, size, stride, dilation, length=right.shape[1] - 1)


@wrong("windows", hint=3)
def channels_before_windows(x, size, stride=1, dilation=1):
    """The channels come before the windows.

    The order asked for is (N, L', C, size). Yours is (N, C, L', size): put the axes of the windows
    and of the channels the other way round, in the shape and in the strides.
    """
    return windows(x, size, stride, dilation).swapaxes(1, 2)


@wrong("windows", hint=3)
def channels_last(x, size, stride=1, dilation=1):
    """The channels come last.

    The order asked for is (N, L', C, size). Yours is (N, L', size, C).
    """
    return windows(x, size, stride, dilation).swapaxes(2, 3)


@wrong("windows", hint=3)
def reshaped(x, size, stride=1, dilation=1):
    """The axes are put in order by reshape.

    reshape keeps the numbers in their sequence and only draws the borders elsewhere. To exchange
    two axes takes a transpose, or the right order of the strides from the beginning.
    """
    right = windows(x, size, stride, dilation)
    return right.swapaxes(1, 2).reshape(right.shape)


@wrong("windows", hint=3)
def copied(x, size, stride=1, dilation=1):
    """The windows are a copy.

    The numbers are right, but each of them is stored up to K times. Indexing with an array of
    places copies, as do np.stack, np.array, np.ascontiguousarray and most reshapes of a view.
    """
    v = windows(x, size, stride, dilation).copy()
    v.flags.writeable = False
    return v


@wrong("windows", hint=3)
def copied_and_writeable(x, size, stride=1, dilation=1):
    """The windows are a copy, and can be written to.

    The numbers are right, but each of them is stored up to K times. Indexing with an array of
    places copies, as do np.stack, np.array and loops. as_strided(..., writeable=False) does not.
    """
    return windows(x, size, stride, dilation).copy()


@wrong("windows", hint=4)
def writeable(x, size, stride=1, dilation=1):
    """The view can be written to.

    Whoever writes into one window changes its neighbours and x. as_strided makes a view read-only
    if it is told writeable=False.
    """
    right = windows(x, size, stride, dilation)
    return as_strided(x, right.shape, right.strides)


@wrong("windows", hint=4)
def never_refused(x, size, stride=1, dilation=1):
    """A window that does not fit is not refused.

    Where the span d*(K - 1) + 1 is larger than L there is no window, and the caller should hear
    of it: a ValueError.
    """
    span = dilation * (size - 1) + 1
    if span > x.shape[2]:
        return np.empty((len(x), 0, x.shape[1], size))
    return windows(x, size, stride, dilation)


@wrong("windows", hint=4)
def refused_by_size(x, size, stride=1, dilation=1):
    """Size is compared with L, and the gaps are forgotten.

    A window of K places with dilation d spans d*(K - 1) + 1 of them. That is what must not
    be larger than L.
    """
    if dilation * (size - 1) + 1 > x.shape[2] >= size:
        return np.empty((len(x), 0, x.shape[1], size))
    return windows(x, size, stride, dilation)


@wrong("windows", hint=4)
def exact_fit_refused(x, size, stride=1, dilation=1):
    """A window as long as the signal is refused.

    It fits, once. Only a span larger than L is an error: > and not >=.
    """
    if dilation * (size - 1) + 1 == x.shape[2]:
        raise ValueError
    return windows(x, size, stride, dilation)


@wrong("windows", hint=4)
def asserted(x, size, stride=1, dilation=1):
    """A window that does not fit raises an AssertionError.

    assert is for what cannot happen, and python -O leaves it out. A caller's mistake is a
    ValueError.
    """
    assert dilation * (size - 1) + 1 <= x.shape[2], "the window does not fit"
    return windows(x, size, stride, dilation)


@wrong("windows", hint=1)
def strides_over_item_size(x, size, stride=1, dilation=1):
    """The strides of x are divided by the size of a number.

    as_strided wants bytes, and x.strides is in bytes already. What you see are pieces of two
    numbers read as one.
    """
    item, channel, place = (bytes_ // x.itemsize for bytes_ in x.strides)
    strides = (item, place * stride, channel, place * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=3)
def shape_in_other_order(x, size, stride=1, dilation=1):
    """Shape and strides have their axes in different orders.

    The strides are those of (N, L', C, size), but the shape is (N, C, L', size). Both lists go
    through the axes in the same order.
    """
    right = windows(x, size, stride, dilation)
    items, count, channels, _ = right.shape
    return as_strided(x, (items, channels, count, size), right.strides, writeable=False)


@wrong("windows", hint=3)
def strides_in_other_order(x, size, stride=1, dilation=1):
    """Strides and shape have their axes in different orders.

    The shape is (N, L', C, size), but the strides are those of (N, C, L', size). Both lists go
    through the axes in the same order.
    """
    item, window, channel, place = windows(x, size, stride, dilation).strides
    return _walked(x, size, stride, dilation, (item, channel, window, place))


@wrong("windows", hint=2)
def stride_ignored_in_length(x, size, stride=1, dilation=1):
    """The stride is ignored.

    From one window to the next it is s places, and there are (L - span) // s + 1 windows. Yours are
    one place apart, and as many as with stride 1.
    """
    return windows(x, size, 1, dilation)


@wrong("windows", hint=4)
def span_is_size(x, size, stride=1, dilation=1):
    """A window is taken to span K places.

    With gaps it spans d*(K - 1) + 1. So there are more windows than fit, the last of them hold
    what happens to lie behind x in memory, and one that does not fit is not refused.
    """
    if size > x.shape[2]:
        raise ValueError
    item, channel, place = x.strides
    shape = (len(x), (x.shape[2] - size) // stride + 1, x.shape[1], size)
    strides = (item, place * stride, channel, place * dilation)
    return as_strided(x, shape, strides, writeable=False)


@wrong("windows", hint=2)
def dilation_ignored_everywhere(x, size, stride=1, dilation=1):
    """The dilation is ignored.

    From one place of a window to the next it is d places, so a window spans d*(K - 1) + 1 of them,
    and fewer windows fit.
    """
    return windows(x, size, stride)


@wrong("windows", hint=4)
def span_too_long(x, size, stride=1, dilation=1):
    """The span of a window is taken to be d*K.

    Between K places there are K - 1 steps of d: the span is d*(K - 1) + 1.
    """
    if dilation * size > x.shape[2]:
        raise ValueError
    length = (x.shape[2] - dilation * size) // stride + 1
    return _walked(x, size, stride, dilation, length=length)


@wrong("windows", hint=3)
def contiguous_copy(x, size, stride=1, dilation=1):
    """x is copied where it does not lie in memory in the usual order.

    The numbers are right. np.ascontiguousarray copies a view of every second place, or one with
    exchanged axes. There is no need for it: x.strides says how x lies, whatever way that is.
    """
    return windows(np.ascontiguousarray(x), size, stride, dilation)


@wrong("windows", hint=3)
def strides_of_another(x, size, stride=1, dilation=1):
    """A copy of x is walked with the strides of x.

    A copy lies in memory in its own way. And there is no need for it: give x to as_strided.
    """
    right = windows(x, size, stride, dilation)
    return as_strided(x.copy(), right.shape, right.strides, writeable=False)
