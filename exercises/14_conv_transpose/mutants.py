"""Plausible wrong answers for the transposed convolution."""

import numpy as np
from solution import conv_transpose1d

from nnscratch.learn import wrong


def _cut(total, padding, output_padding):
    """Cut the padding off an array that still lacks its output_padding places."""
    total = np.pad(total, ((0, 0), (0, 0), (0, output_padding)))
    return total[:, :, padding : total.shape[2] - padding]


def _windows(y, w):
    """The contribution of each output: (N, L', C, K)."""
    return np.einsum("noi,ock->nick", y, w)


@wrong("conv_transpose1d", hint=1)
def windows_overwritten(y, w, stride=1, padding=0, output_padding=0):
    """Where windows overlap only the last one is left.

    Contributions are assigned instead of added: = instead of +=. += with an array of places has the
    same effect where a place occurs twice; np.add.at adds all.
    """
    total = np.zeros_like(conv_transpose1d(y, w, stride))
    for i, window in enumerate(_windows(y, w).swapaxes(0, 1)):
        total[:, :, i * stride : i * stride + w.shape[2]] = window
    return _cut(total, padding, output_padding)


@wrong("conv_transpose1d", hint=4)
def taps_overwritten(y, w, stride=1, padding=0, output_padding=0):
    """Where windows overlap only the last place of the kernel is left.

    For each k you assign a slice, and a later k replaces the values of an earlier one. Add to the
    slices: +=.
    """
    total = np.zeros_like(conv_transpose1d(y, w, stride))
    windows, last = _windows(y, w), (y.shape[2] - 1) * stride
    for k in range(w.shape[2]):
        total[:, :, k : k + last + 1 : stride] = windows[..., k].swapaxes(1, 2)
    return _cut(total, padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def overlaps_averaged(y, w, stride=1, padding=0, output_padding=0):
    """Where windows overlap their mean is taken.

    The transpose adds. Divided by the number of windows the result is not the adjoint.
    """
    ones = np.ones((1, 1, y.shape[2]))
    count = conv_transpose1d(ones, np.ones((1, 1, w.shape[2])), stride)
    total = conv_transpose1d(y, w, stride) / np.maximum(count, 1)
    return _cut(total, padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def stride_ignored(y, w, stride=1, padding=0, output_padding=0):
    """The windows are added one place apart.

    Window i begins at place i*s, not at i. The length is right, and the end of it stays empty.
    """
    right = conv_transpose1d(y, w, stride)
    total = np.zeros_like(right)
    dense = conv_transpose1d(y, w)
    total[:, :, : dense.shape[2]] = dense[:, :, : total.shape[2]]
    return _cut(total, padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def values_repeated(y, w, stride=1, padding=0, output_padding=0):
    """The places between the windows are filled with copies of y.

    You repeat each number of y s times and add the kernel at every place. The transpose adds it at
    every s-th place only.
    """
    total = conv_transpose1d(np.repeat(y, stride, axis=2), w)
    return _cut(total[:, :, : total.shape[2] - stride + 1], padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def kernel_flipped(y, w, stride=1, padding=0, output_padding=0):
    """The kernel is flipped.

    Each y[i] adds y[i]*w[0], y[i]*w[1], ... in this order. A flip is needed only in a sliding sum
    over y with zeros between its numbers: there output j uses w[j - i*s].
    """
    return conv_transpose1d(y, w[..., ::-1], stride, padding, output_padding)


@wrong("conv_transpose1d", hint=3)
def weight_axes_swapped(y, w, stride=1, padding=0, output_padding=0):
    """The first two axes of w are swapped.

    w has the axes of the forward pass, (O, C, K), and y has O channels. Sum over the first axis of
    w with y; the second is the channel of the result.
    """
    return conv_transpose1d(y, w.swapaxes(0, 1), stride, padding, output_padding)


@wrong("conv_transpose1d", hint=3)
def first_channel_only(y, w, stride=1, padding=0, output_padding=0):
    """Only the first channel of y is used.

    Every channel o of y was computed from all channels of x, and each contributes: a sum over o.
    """
    return conv_transpose1d(y[:, :1], w[:1], stride, padding, output_padding)


@wrong("conv_transpose1d", hint=2)
def not_cut(y, w, stride=1, padding=0, output_padding=0):
    """The padding is not cut off.

    In the forward pass p zeros were added at both ends of x. The contributions to them are dropped:
    p places less at each end.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)


@wrong("conv_transpose1d", hint=2)
def padding_added(y, w, stride=1, padding=0, output_padding=0):
    """Zeros are added at both ends.

    The padding is that of the forward pass, which made x longer. The transpose makes the result
    shorter: it cuts p places off at each end.
    """
    total = conv_transpose1d(y, w, stride, 0, output_padding)
    return np.pad(total, ((0, 0), (0, 0), (padding, padding)))


@wrong("conv_transpose1d", hint=2)
def cut_at_the_end(y, w, stride=1, padding=0, output_padding=0):
    """Everything is cut off at the end.

    You keep the first places of the sum of all windows. The padding is at both ends: cut p places
    off at the start and p at the end.
    """
    right = conv_transpose1d(y, w, stride, padding, output_padding)
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, : right.shape[2]]


@wrong("conv_transpose1d", hint=2)
def cut_at_the_start(y, w, stride=1, padding=0, output_padding=0):
    """Everything is cut off at the start.

    You cut 2p places at the start and none at the end. It must be p at each end.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, 2 * padding :]


@wrong("conv_transpose1d", hint=2)
def cut_once(y, w, stride=1, padding=0, output_padding=0):
    """The padding is cut off at the start only.

    p places belong to the zeros at the start, and p to those at the end: 2p less in all.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, padding:]


@wrong("conv_transpose1d", hint=2)
def minus_zero(y, w, stride=1, padding=0, output_padding=0):
    """With padding 0 the slice p:-p is empty.

    -0 is 0, so p:-p becomes 0:0, which is empty. Count the end of the slice from the front.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, padding:-padding]


@wrong("conv_transpose1d", hint=2)
def output_padding_ignored(y, w, stride=1, padding=0, output_padding=0):
    """output_padding has no effect.

    Several lengths of x have the same number of windows. output_padding is the number of places
    that the result has more than the shortest.
    """
    return conv_transpose1d(y, w, stride, padding)


@wrong("conv_transpose1d", hint=2)
def output_padding_at_start(y, w, stride=1, padding=0, output_padding=0):
    """The places of output_padding are at the start.

    The additional places of x were at its end, after the last window. Add them there.
    """
    total = conv_transpose1d(y, w, stride)
    total = np.pad(total, ((0, 0), (0, 0), (output_padding, 0)))
    return total[:, :, padding : total.shape[2] - padding]


@wrong("conv_transpose1d", hint=2)
def output_padding_of_zeros(y, w, stride=1, padding=0, output_padding=0):
    """The places of output_padding are zeros after the cut.

    Add them before the cut: the sum of the windows is longer, and other places are cut off at its
    end. So the additional places hold values that would otherwise be cut off.
    """
    short = conv_transpose1d(y, w, stride, padding)
    return np.pad(short, ((0, 0), (0, 0), (0, output_padding)))


@wrong("conv_transpose1d", hint=2)
def output_padding_at_both_ends(y, w, stride=1, padding=0, output_padding=0):
    """output_padding is added at both ends.

    Padding is added at both ends, output_padding only at the end.
    """
    total = conv_transpose1d(y, w, stride)
    total = np.pad(total, ((0, 0), (0, 0), (output_padding, output_padding)))
    return total[:, :, padding : total.shape[2] - padding]


@wrong("conv_transpose1d", hint=2)
def slice_too_long(y, w, stride=1, padding=0, output_padding=0):
    """Where output_padding exceeds the padding, places are missing.

    The slice is longer than the sum of the windows, and NumPy returns a shorter result without an
    error. Make the array longer by output_padding from the beginning.
    """
    length = conv_transpose1d(y, w, stride, padding, output_padding).shape[2]
    return conv_transpose1d(y, w, stride)[:, :, padding : padding + length]


@wrong("conv_transpose1d", hint=1)
def stride_ignored_in_length(y, w, stride=1, padding=0, output_padding=0):
    """The stride is ignored, in the length as well.

    Window i begins at place i*s, not at i, so t has (L' - 1)*s + K places, not L' - 1 + K.
    """
    return conv_transpose1d(y, w, 1, padding, output_padding)
