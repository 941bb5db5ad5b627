"""Plausible wrong answers for stride, padding and dilation."""

import numpy as np
from solution import conv1d

from nnscratch.learn import wrong


def _padded(x, before, after, **how):
    return np.pad(x, ((0, 0), (0, 0), (before, after)), **how)


def _length(x, w, stride, padding, dilation):
    return (x.shape[2] + 2 * padding - dilation * (w.shape[2] - 1) - 1) // stride + 1


@wrong("conv1d", hint=4)
def stride_and_dilation_swapped(x, w, stride=1, padding=0, dilation=1):
    """Stride and dilation are exchanged.

    The stride is the step from one output to the next, the dilation the step inside the kernel: i*s
    + k*d. You read i*d + k*s.
    """
    return conv1d(x, w, dilation, padding, stride)


@wrong("conv1d", hint=2)
def dilation_ignored(x, w, stride=1, padding=0, dilation=1):
    """The dilation has no effect.

    Neighbouring places of the kernel are multiplied by places of the signal that lie d apart: i*s +
    k*d. This also makes the kernel longer and the result shorter.
    """
    return conv1d(x, w, stride, padding)


@wrong("conv1d", hint=4)
def dilation_in_length_only(x, w, stride=1, padding=0, dilation=1):
    """The dilation shortens the result, but the kernel has no gaps.

    The length is right. In the sum you read i*s + k instead of i*s + k*d.
    """
    length = _length(x, w, stride, padding, dilation)
    return conv1d(x, w, stride, padding)[..., :length]


@wrong("conv1d", hint=2)
def dilation_counts_gaps(x, w, stride=1, padding=0, dilation=1):
    """The dilation is treated as the number of skipped places.

    Dilation d is a step of d: with d = 1 nothing is skipped. You step by d + 1.
    """
    return conv1d(x, w, stride, padding, dilation + 1)


@wrong("conv1d", hint=2)
def span_of_whole_gaps(x, w, stride=1, padding=0, dilation=1):
    """The span of the kernel is computed as d*K.

    From the first place of the kernel to the last there are K - 1 steps of d, so it spans d*(K - 1)
    + 1 places. With d*K you lose the last windows.
    """
    length = (x.shape[2] + 2 * padding - dilation * w.shape[2]) // stride + 1
    return conv1d(x, w, stride, padding, dilation)[..., :length]


@wrong("conv1d", hint=2)
def length_without_dilation(x, w, stride=1, padding=0, dilation=1):
    """The length is computed as if the kernel had no gaps.

    With gaps the kernel spans d*(K - 1) + 1 places, not K, and fewer windows fit. Your last windows
    extend past the padded signal.
    """
    x = _padded(x, padding, padding)
    y = np.zeros((len(x), len(w), _length(x, w, stride, 0, 1)))
    for i in range(y.shape[2]):
        for k in range(w.shape[2]):
            y[:, :, i] += x[:, :, i * stride + k * dilation] @ w[:, :, k].T
    return y


@wrong("conv1d", hint=2)
def stride_ignored(x, w, stride=1, padding=0, dilation=1):
    """The stride has no effect.

    You compute every window. Keep only those that begin at 0, s, 2s, ...
    """
    return conv1d(x, w, 1, padding, dilation)


@wrong("conv1d", hint=4)
def stride_in_length_only(x, w, stride=1, padding=0, dilation=1):
    """The stride shortens the result, but the windows move by 1.

    The length is right. In the sum you read i + k*d instead of i*s + k*d.
    """
    length = _length(x, w, stride, padding, dilation)
    return conv1d(x, w, 1, padding, dilation)[..., :length]


@wrong("conv1d", hint=4)
def stride_inside_the_kernel(x, w, stride=1, padding=0, dilation=1):
    """The stride is applied inside the kernel as well.

    You take every s-th place of the signal and convolve the rest, so the kernel reads (i + k*d)*s.
    The stride multiplies i alone: i*s + k*d.
    """
    return conv1d(_padded(x, padding, padding)[..., ::stride], w, 1, 0, dilation)


@wrong("conv1d", hint=2)
def last_window_missing(x, w, stride=1, padding=0, dilation=1):
    """The last output is missing.

    The division counts the steps from the first window to the last one that fits. There is one
    window more than steps: + 1.
    """
    return conv1d(x, w, stride, padding, dilation)[..., :-1]


@wrong("conv1d", hint=2)
def end_not_reached(x, w, stride=1, padding=0, dilation=1):
    """The window that ends with the signal is missing.

    A window may begin at L + 2p - span, and a range that stops there does not include it. The range
    must stop one place later.
    """
    fits = (x.shape[2] + 2 * padding - dilation * (w.shape[2] - 1) - 1) % stride == 0
    y = conv1d(x, w, stride, padding, dilation)
    return y[..., :-1] if fits else y


@wrong("conv1d", hint=2)
def rounded_up(x, w, stride=1, padding=0, dilation=1):
    """The length is rounded up.

    Places that are left over after the last window get no window of their own: the division rounds
    down.
    """
    left = (x.shape[2] + 2 * padding - dilation * (w.shape[2] - 1) - 1) % stride
    return conv1d(_padded(x, padding, padding + (stride - left) % stride), w, stride, 0, dilation)


@wrong("conv1d", hint=4)
def kernel_flipped(x, w, stride=1, padding=0, dilation=1):
    """The kernel is flipped.

    x[i*s + k*d] is multiplied by w[k]; you multiply it by w[K-1-k].
    """
    return conv1d(x, w[..., ::-1], stride, padding, dilation)


@wrong("conv1d", hint=3)
def minus_zero(x, w, stride=1, padding=0, dilation=1):
    """With padding 0 the slice p:-p is empty.

    -0 is 0, so p:-p becomes 0:0, which is empty. Count the end from the front: p : p + L.
    """
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding))
    padded[:, :, padding:-padding] = x
    return conv1d(padded, w, stride, 0, dilation)


@wrong("conv1d", hint=1)
def padding_ignored(x, w, stride=1, padding=0, dilation=1):
    """The padding has no effect.

    There are p zeros before the signal and p after it, and so more windows.
    """
    return conv1d(x, w, stride, 0, dilation)


@wrong("conv1d", hint=1)
def padding_once(x, w, stride=1, padding=0, dilation=1):
    """The padding counts at the start only.

    There are p zeros at each end, so the padded signal has L + 2p places. Yours has L + p, or you
    computed the length of the result as if it had.
    """
    return conv1d(_padded(x, padding, 0), w, stride, 0, dilation)


@wrong("conv1d", hint=1)
def length_without_padding(x, w, stride=1, padding=0, dilation=1):
    """The length is computed from L, without the padding.

    The padded signal has L + 2p places, and windows may cover all of them. Yours stop too early.
    """
    length = _length(x, w, stride, 0, dilation)
    return conv1d(x, w, stride, padding, dilation)[..., :length]


@wrong("conv1d", hint=1)
def padding_at_end_only(x, w, stride=1, padding=0, dilation=1):
    """The padding is at the end only.

    There are p zeros before the signal as well: the first window begins at place -p of x.
    """
    return conv1d(_padded(x, 0, padding), w, stride, 0, dilation)


@wrong("conv1d", hint=1)
def padding_all_at_start(x, w, stride=1, padding=0, dilation=1):
    """All of the padding is at the start.

    The length is right, but there are 2p zeros before the signal and none after it. There must be p
    at each end.
    """
    return conv1d(_padded(x, 2 * padding, 0), w, stride, 0, dilation)


@wrong("conv1d", hint=3)
def padding_all_at_end(x, w, stride=1, padding=0, dilation=1):
    """All of the padding is at the end.

    You wrote x into the first L places of the longer array. It belongs in p : p + L.
    """
    return conv1d(_padded(x, 0, 2 * padding), w, stride, 0, dilation)


@wrong("conv1d", hint=3)
def edge_repeated(x, w, stride=1, padding=0, dilation=1):
    """The border repeats the first and the last value.

    mode="edge" continues the signal with its last value. The padding here is zeros, which is the
    default of np.pad.
    """
    return conv1d(_padded(x, padding, padding, mode="edge"), w, stride, 0, dilation)


@wrong("conv1d", hint=3)
def reflected(x, w, stride=1, padding=0, dilation=1):
    """The border mirrors the signal.

    mode="reflect" continues the signal backwards. The padding here is zeros, which is the default
    of np.pad.
    """
    return conv1d(_padded(x, padding, padding, mode="reflect"), w, stride, 0, dilation)


@wrong("conv1d", hint=3)
def wrapped_round(x, w, stride=1, padding=0, dilation=1):
    """The border holds the other end of the signal.

    mode="wrap", or an index modulo L, continues the signal from its other end. Outside the signal
    there are zeros.
    """
    return conv1d(_padded(x, padding, padding, mode="wrap"), w, stride, 0, dilation)


@wrong("conv1d", hint=3)
def border_of_p(x, w, stride=1, padding=0, dilation=1):
    """The border is filled with the number p.

    p is the number of places; their value is 0.
    """
    how = {"constant_values": padding}
    return conv1d(_padded(x, padding, padding, **how), w, stride, 0, dilation)


@wrong("conv1d", hint=1)
def result_padded(x, w, stride=1, padding=0, dilation=1):
    """The zeros are added to the result.

    Add them to x, before the sum, so that the kernel can extend past the ends.
    """
    return _padded(conv1d(x, w, stride, 0, dilation), padding, padding)


@wrong("conv1d", hint=3)
def every_axis_padded(x, w, stride=1, padding=0, dilation=1):
    """The axes of items and channels are padded as well.

    np.pad(x, p) pads every axis. Give it a pair for each: (0, 0), (0, 0), (p, p).
    """
    return conv1d(np.pad(x, padding)[:, : x.shape[1]], w, stride, 0, dilation)


@wrong("conv1d", hint=1)
def padding_dilated(x, w, stride=1, padding=0, dilation=1):
    """The padding is multiplied by the dilation.

    p is a number of places of the signal, whatever the kernel: L + 2p.
    """
    return conv1d(x, w, stride, padding * dilation, dilation)


@wrong("conv1d", hint=4)
def first_channel_only(x, w, stride=1, padding=0, dilation=1):
    """Only the first channel is used.

    One output sums over the places of the kernel and over all channels as well.
    """
    return conv1d(x[:, :1], w[:, :1], stride, padding, dilation)


@wrong("conv1d", hint=4)
def dilation_in_the_stride(x, w, stride=1, padding=0, dilation=1):
    """The windows move by s * d places instead of s.

    The dilation acts inside the kernel and does not change the step from one output to the next:
    i*s + k*d.
    """
    return conv1d(x, w, stride * dilation, padding, dilation)


@wrong("conv1d", hint=2)
def windows_beyond_the_end(x, w, stride=1, padding=0, dilation=1):
    """Windows that extend past the padded signal are kept.

    You compute the length with K, as if the kernel had no gaps, and read zeros after the end. With
    gaps the kernel spans d*(K - 1) + 1 places, and fewer windows fit.
    """
    x = _padded(x, padding, padding)
    length = _length(x, w, stride, 0, 1)
    y = conv1d(_padded(x, 0, dilation * w.shape[2]), w, stride, 0, dilation)
    return y[..., :length]
