"""Plausible wrong answers for a convolution over any number of axes."""

import numpy as np
from solution import conv_nd

from nnscratch.learn import wrong


@wrong("conv_nd", hint=1)
def two_axes_only(x, w, strides, pads):
    """The code works for two axes only.

    Names such as height and width, or four numbers from x.shape, allow images only. A signal has
    one spatial axis, a volume has three: let D be x.ndim - 2, and loop over the axes.
    """
    batch, channels, height, width = x.shape
    return conv_nd(x.reshape(batch, channels, height, width), w, strides, pads)


@wrong("conv_nd", hint=2)
def kernel_flipped(x, w, strides, pads):
    """The kernel is reversed along every axis.

    That is the mathematical convolution, as in signal processing. Here x[i*s + k] is multiplied by
    w[k], axis by axis.
    """
    return conv_nd(x, w[:, :, *(slice(None, None, -1),) * (x.ndim - 2)], strides, pads)


@wrong("conv_nd", hint=2)
def kernel_axes_reversed(x, w, strides, pads):
    """The kernel's axes are used from the last to the first.

    Axis 2 of w belongs to axis 2 of x, and so on. In 1-D, and with cubic kernels, the shapes do not
    show this.
    """
    return conv_nd(x, w.transpose(0, 1, *range(x.ndim - 1, 1, -1)), strides, pads)


@wrong("conv_nd", hint=2)
def result_axes_reversed(x, w, strides, pads):
    """The spatial axes of the result are in reverse order.

    The axes of y are in the order of the axes of x.
    """
    y = conv_nd(x, w, strides, pads)
    return y.transpose(0, 1, *range(x.ndim - 1, 1, -1))


@wrong("conv_nd", hint=2)
def first_stride_everywhere(x, w, strides, pads):
    """The first stride is used for all axes.

    strides[0] belongs to axis 2 of x only; axis 2 + d has strides[d].
    """
    return conv_nd(x, w, (strides[0],) * len(strides), pads)


@wrong("conv_nd", hint=2)
def last_stride_everywhere(x, w, strides, pads):
    """The last stride is used for all axes.

    strides[-1] belongs to the last axis only; axis 2 + d has strides[d].
    """
    return conv_nd(x, w, (strides[-1],) * len(strides), pads)


@wrong("conv_nd", hint=2)
def strides_reversed(x, w, strides, pads):
    """The strides are assigned from the last axis to the first.

    They are in the order of the axes: strides[0] is the step along axis 2 of x, the first spatial
    one.
    """
    return conv_nd(x, w, tuple(strides)[::-1], pads)


@wrong("conv_nd", hint=2)
def strides_ignored(x, w, strides, pads):
    """The strides are ignored.

    The window of output i begins at i*s along each axis, not at i, so there are fewer outputs.
    """
    return conv_nd(x, w, (1,) * len(strides), pads)


@wrong("conv_nd", hint=2)
def last_window_lost(x, w, strides, pads):
    """The last window along each axis is missing.

    The number of outputs is (n + begin + end - K) // s + 1. The 1 is for the window that begins at
    0.
    """
    return conv_nd(x, w, strides, pads)[:, :, *(slice(-1),) * (x.ndim - 2)]


@wrong("conv_nd", hint=1)
def pads_interleaved(x, w, strides, pads):
    """pads is read axis by axis.

    You take (begin, end) of the first axis, then (begin, end) of the next. Here all beginnings come
    first, then all ends: axis d has pads[d] and pads[D + d].
    """
    return conv_nd(x, w, strides, (*pads[0::2], *pads[1::2]))


@wrong("conv_nd", hint=1)
def pads_last_axis_first(x, w, strides, pads):
    """pads is read in pairs, beginning with the last axis.

    Some padding functions have this order. Here all beginnings come first, then all ends, both in
    the order of the axes: axis d has pads[d] and pads[D + d].
    """
    return conv_nd(x, w, strides, (*pads[0::2][::-1], *pads[1::2][::-1]))


@wrong("conv_nd", hint=1)
def pads_at_wrong_ends(x, w, strides, pads):
    """The beginnings and the ends are swapped.

    Along axis d there are pads[d] zeros before x and pads[D + d] after it.
    """
    rank = x.ndim - 2
    return conv_nd(x, w, strides, (*pads[rank:], *pads[:rank]))


@wrong("conv_nd", hint=1)
def begin_at_both_ends(x, w, strides, pads):
    """The padding of the beginning is used at both ends.

    Each axis has two numbers: pads[d] before x, and pads[D + d] after it. You do not use the second
    half of pads.
    """
    rank = x.ndim - 2
    return conv_nd(x, w, strides, (*pads[:rank], *pads[:rank]))


@wrong("conv_nd", hint=1)
def ends_not_padded(x, w, strides, pads):
    """There is no padding at the ends.

    You do not use the second half of pads: axis d gets pads[D + d] zeros after x.
    """
    rank = x.ndim - 2
    return conv_nd(x, w, strides, (*pads[:rank], *(0,) * rank))


@wrong("conv_nd", hint=1)
def pads_repeat_edge(x, w, strides, pads):
    """The padding repeats the edge of x.

    The padding is zeros here. np.pad with mode="edge" copies the outermost values.
    """
    rank = x.ndim - 2
    pairs = ((0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True))
    return conv_nd(np.pad(x, pairs, mode="edge"), w, strides, (0,) * 2 * rank)


@wrong("conv_nd", hint=2)
def strides_in_size_only(x, w, strides, pads):
    """The number of outputs is right, but the windows lie one place apart.

    The window of output i begins at i*s along each axis, not at i.
    """
    size = conv_nd(x, w, strides, pads).shape[2:]
    return conv_nd(x, w, (1,) * len(strides), pads)[:, :, *map(slice, size)]


@wrong("conv_nd", hint=2)
def last_place_only(x, w, strides, pads):
    """Only the last place of the kernel is left.

    In the loop over the places of the kernel you assign y (=). Add the products of each place: +=.
    """
    only = np.zeros_like(w)
    last = (slice(None), slice(None), *(-1,) * (x.ndim - 2))
    only[last] = w[last]
    return conv_nd(x, only, strides, pads)


@wrong("conv_nd", hint=1)
def pads_ignored(x, w, strides, pads):
    """There is no padding.

    Along axis d, there are pads[d] zeros before x and pads[D + d] after it.
    """
    return conv_nd(x, w, strides, (0,) * len(pads))


@wrong("conv_nd", hint=1)
def begins_not_padded(x, w, strides, pads):
    """There is no padding at the beginnings.

    You do not use the first half of pads: axis d gets pads[d] zeros before x.
    """
    rank = x.ndim - 2
    return conv_nd(x, w, strides, (*(0,) * rank, *pads[rank:]))


@wrong("conv_nd", hint=1)
def end_at_both_ends(x, w, strides, pads):
    """The padding of the end is used at both ends.

    Each axis has two numbers: pads[d] before x, and pads[D + d] after it. You do not use the first
    half of pads.
    """
    rank = x.ndim - 2
    return conv_nd(x, w, strides, (*pads[rank:], *pads[rank:]))


@wrong("conv_nd", hint=1)
def pads_for_reversed_axes(x, w, strides, pads):
    """The pads are assigned from the last axis to the first.

    You split pads into beginnings and ends correctly. But both halves are in the order of the axes:
    pads[0] and pads[D] belong to axis 2 of x.
    """
    rank = x.ndim - 2
    return conv_nd(x, w, strides, (*pads[:rank][::-1], *pads[rank:][::-1]))


@wrong("conv_nd", hint=1)
def ends_from_the_back(x, w, strides, pads):
    """The ends are read from the back of pads.

    You use pads[-1 - d] as the end of axis d. Beginnings and ends are in the same order: the end is
    pads[D + d].
    """
    rank = x.ndim - 2
    return conv_nd(x, w, strides, (*pads[:rank], *pads[rank:][::-1]))
