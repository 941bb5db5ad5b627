"""Plausible wrong answers for windows as a view."""

import numpy as np
from numpy.lib.stride_tricks import as_strided
from solution import windows

from nnscratch.learn import wrong


def _walked(x, size, stride, dilation, strides=None, length=None):
    """The windows with other strides, or with another number of windows."""
    right = windows(x, size, stride, dilation)
    shape = list(right.shape)
    shape[1] = shape[1] if length is None else length
    return as_strided(x, shape, right.strides if strides is None else strides, writeable=False)


@wrong("windows", hint=1)
def element_strides(x, size, stride=1, dilation=1):
    """The strides count elements, not bytes.

    A stride is a distance in bytes, and a float64 has 8 of them. Your numbers are read from parts
    of two floats. x.strides is in bytes already.
    """
    channels, length = x.shape[1:]
    strides = (channels * length, stride, length, dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def strides_from_shape(x, size, stride=1, dilation=1):
    """The strides are computed from the shape of x.

    That is right only where x is contiguous and in the usual order. Here it is a view of another
    array. Use x.strides.
    """
    item, channel, place = np.empty(x.shape, x.dtype).strides
    strides = (item, place * stride, channel, place * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def neighbours_assumed(x, size, stride=1, dilation=1):
    """Neighbouring places are assumed to be neighbours in memory.

    x.itemsize is the size of one number. From one place to the next it is x.strides[2] bytes, which
    is more where x is a view of every second place or has its channels last.
    """
    place = x.itemsize
    strides = (x.strides[0], place * stride, x.strides[1], place * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def eight_bytes(x, size, stride=1, dilation=1):
    """8 bytes for each number are assumed.

    That holds for a contiguous float64 array. A float32 has 4 bytes, and a view of another array
    may have any stride. Use x.strides.
    """
    channels, length = x.shape[1:]
    strides = (8 * channels * length, 8 * stride, 8 * length, 8 * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=2)
def stride_ignored(x, size, stride=1, dilation=1):
    """The windows move by one place, whatever the stride.

    Their number is right. The next window begins s places further, so the stride of this axis is s
    times the last stride of x.
    """
    item, channel, place = x.strides
    return _walked(x, size, stride, dilation, (item, place, channel, place * dilation))


@wrong("windows", hint=2)
def dilation_ignored(x, size, stride=1, dilation=1):
    """The windows have no gaps, whatever the dilation.

    Their number is right. The next place of a window is d places further, so the stride of this
    axis is d times the last stride of x.
    """
    item, channel, place = x.strides
    return _walked(x, size, stride, dilation, (item, place * stride, channel, place))


@wrong("windows", hint=2)
def stride_and_dilation_swapped(x, size, stride=1, dilation=1):
    """Stride and dilation are exchanged.

    The next window begins s places further; inside a window the step is d places. You have it the
    other way round.
    """
    item, channel, place = x.strides
    strides = (item, place * dilation, channel, place * stride)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=4)
def reads_past_the_end(x, size, stride=1, dilation=1):
    """There are more windows than fit.

    With gaps a window spans d*(K - 1) + 1 places. You counted K, and your last windows read memory
    after the end of x.
    """
    length = (x.shape[2] - size) // stride + 1
    return _walked(x, size, stride, dilation, length=length)


@wrong("windows", hint=1)
def stride_not_in_length(x, size, stride=1, dilation=1):
    """There are as many windows as with stride 1.

    The windows are s places apart, so fewer of them fit: (L - span) // s + 1. Your last windows
    read memory after the end of x.
    """
    length = x.shape[2] - dilation * (size - 1)
    return _walked(x, size, stride, dilation, length=length)


@wrong("windows", hint=1)
def last_window_missing(x, size, stride=1, dilation=1):
    """The last window is missing.

    (L - span) // s is the number of steps from the first window to the last. There is one more
    window.
    """
    right = windows(x, size, stride, dilation)
    return _walked(x, size, stride, dilation, length=right.shape[1] - 1)


@wrong("windows", hint=3)
def channels_before_windows(x, size, stride=1, dilation=1):
    """The channels come before the windows.

    The result is (N, L', C, size). Yours is (N, C, L', size): exchange the two axes in the shape
    and in the strides.
    """
    return windows(x, size, stride, dilation).swapaxes(1, 2)


@wrong("windows", hint=3)
def channels_last(x, size, stride=1, dilation=1):
    """The channels come last.

    The result is (N, L', C, size). Yours is (N, L', size, C).
    """
    return windows(x, size, stride, dilation).swapaxes(2, 3)


@wrong("windows", hint=3)
def reshaped(x, size, stride=1, dilation=1):
    """The axes are reordered by reshape.

    reshape keeps the numbers in their order in memory and only splits them differently. To exchange
    two axes use a transpose, or put the strides in the right order.
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
    """The windows are a copy and writeable.

    The numbers are right, but each of them is stored up to K times. Indexing with an array of
    places copies, as do np.stack, np.array and loops. as_strided(..., writeable=False) does not.
    """
    return windows(x, size, stride, dilation).copy()


@wrong("windows", hint=4)
def writeable(x, size, stride=1, dilation=1):
    """The view is writeable.

    Writing into one window would change its neighbours and x. Pass writeable=False to as_strided.
    """
    right = windows(x, size, stride, dilation)
    return as_strided(x, right.shape, right.strides)


@wrong("windows", hint=4)
def never_refused(x, size, stride=1, dilation=1):
    """A window that does not fit raises no error.

    Where the span d*(K - 1) + 1 is larger than L there is no window: raise a ValueError.
    """
    span = dilation * (size - 1) + 1
    if span > x.shape[2]:
        return np.empty((len(x), 0, x.shape[1], size))
    return windows(x, size, stride, dilation)


@wrong("windows", hint=4)
def refused_by_size(x, size, stride=1, dilation=1):
    """Size is compared with L, without the gaps.

    A window of K places with dilation d spans d*(K - 1) + 1 places. Compare this span with L.
    """
    if dilation * (size - 1) + 1 > x.shape[2] >= size:
        return np.empty((len(x), 0, x.shape[1], size))
    return windows(x, size, stride, dilation)


@wrong("windows", hint=4)
def exact_fit_refused(x, size, stride=1, dilation=1):
    """A window as long as the signal raises an error.

    It fits once. Only a span larger than L is an error: use >, not >=.
    """
    if dilation * (size - 1) + 1 == x.shape[2]:
        raise ValueError
    return windows(x, size, stride, dilation)


@wrong("windows", hint=4)
def asserted(x, size, stride=1, dilation=1):
    """A window that does not fit raises an AssertionError.

    assert is for internal checks, and python -O removes it. A wrong argument is a ValueError.
    """
    assert dilation * (size - 1) + 1 <= x.shape[2], "the window does not fit"
    return windows(x, size, stride, dilation)


@wrong("windows", hint=1)
def strides_over_item_size(x, size, stride=1, dilation=1):
    """The strides of x are divided by the size of a number.

    as_strided expects bytes, and x.strides is in bytes already. Your numbers are read from parts of
    two floats.
    """
    item, channel, place = (bytes_ // x.itemsize for bytes_ in x.strides)
    strides = (item, place * stride, channel, place * dilation)
    return _walked(x, size, stride, dilation, strides)


@wrong("windows", hint=3)
def shape_in_other_order(x, size, stride=1, dilation=1):
    """Shape and strides have their axes in different orders.

    The strides are those of (N, L', C, size), but the shape is (N, C, L', size). Both must have the
    same order.
    """
    right = windows(x, size, stride, dilation)
    items, count, channels, _ = right.shape
    return as_strided(x, (items, channels, count, size), right.strides, writeable=False)


@wrong("windows", hint=3)
def strides_in_other_order(x, size, stride=1, dilation=1):
    """Strides and shape have their axes in different orders.

    The shape is (N, L', C, size), but the strides are those of (N, C, L', size). Both must have the
    same order.
    """
    item, window, channel, place = windows(x, size, stride, dilation).strides
    return _walked(x, size, stride, dilation, (item, channel, window, place))


@wrong("windows", hint=2)
def stride_ignored_in_length(x, size, stride=1, dilation=1):
    """The stride is ignored.

    The next window begins s places further, and there are (L - span) // s + 1 windows. Yours are
    one place apart, and as many as with stride 1.
    """
    return windows(x, size, 1, dilation)


@wrong("windows", hint=4)
def span_is_size(x, size, stride=1, dilation=1):
    """The span of a window is computed as K.

    With gaps it is d*(K - 1) + 1. So you have more windows than fit, the last ones read memory
    after the end of x, and a window that does not fit raises no error.
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

    The next place of a window is d places further, so a window spans d*(K - 1) + 1 places, and
    fewer windows fit.
    """
    return windows(x, size, stride)


@wrong("windows", hint=4)
def span_too_long(x, size, stride=1, dilation=1):
    """The span of a window is computed as d*K.

    Between K places there are K - 1 steps of d: the span is d*(K - 1) + 1.
    """
    if dilation * size > x.shape[2]:
        raise ValueError
    length = (x.shape[2] - dilation * size) // stride + 1
    return _walked(x, size, stride, dilation, length=length)


@wrong("windows", hint=3)
def contiguous_copy(x, size, stride=1, dilation=1):
    """x is copied where it is not contiguous.

    The numbers are right. np.ascontiguousarray copies a view of every second place, or one with
    exchanged axes. You need no copy: x.strides describes any layout.
    """
    return windows(np.ascontiguousarray(x), size, stride, dilation)


@wrong("windows", hint=3)
def strides_of_another(x, size, stride=1, dilation=1):
    """A copy of x is used with the strides of x.

    A copy has its own strides. You need no copy: pass x to as_strided.
    """
    right = windows(x, size, stride, dilation)
    return as_strided(x.copy(), right.shape, right.strides, writeable=False)
