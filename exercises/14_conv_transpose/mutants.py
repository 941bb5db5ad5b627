"""Plausible wrong answers for the transposed convolution."""

import numpy as np
from solution import conv_transpose1d

from nnscratch.learn import wrong


def _cut(spread, padding, output_padding):
    """What is left of the K + (L' - 1)*s places, to which output_padding ones are added."""
    spread = np.pad(spread, ((0, 0), (0, 0), (0, output_padding)))
    return spread[:, :, padding : spread.shape[2] - padding]


def _windows(y, w):
    """What each output gives back: (N, L', C, K)."""
    return np.einsum("noi,ock->nick", y, w)


@wrong("conv_transpose1d", hint=1)
def windows_overwritten(y, w, stride=1, padding=0, output_padding=0):
    """Where windows overlap only the last one is left.

    The contributions are assigned where they must be added: = instead of +=. An array of places
    does the same with +=, if a place occurs in it twice; np.add.at adds all.
    """
    spread = np.zeros_like(conv_transpose1d(y, w, stride))
    for i, window in enumerate(_windows(y, w).swapaxes(0, 1)):
        spread[:, :, i * stride : i * stride + w.shape[2]] = window
    return _cut(spread, padding, output_padding)


@wrong("conv_transpose1d", hint=4)
def taps_overwritten(y, w, stride=1, padding=0, output_padding=0):
    """Where windows overlap only the last place of the kernel is left.

    For each k you assign the slice that steps by the stride, and a later k replaces what an earlier
    one has put there. The slices must be added to: +=.
    """
    spread = np.zeros_like(conv_transpose1d(y, w, stride))
    windows, last = _windows(y, w), (y.shape[2] - 1) * stride
    for k in range(w.shape[2]):
        spread[:, :, k : k + last + 1 : stride] = windows[..., k].swapaxes(1, 2)
    return _cut(spread, padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def overlaps_averaged(y, w, stride=1, padding=0, output_padding=0):
    """Where windows overlap their mean is taken.

    The transpose adds. Dividing by the number of windows is good for putting patches of a picture
    together, but the result is no adjoint any more.
    """
    ones = np.ones((1, 1, y.shape[2]))
    count = conv_transpose1d(ones, np.ones((1, 1, w.shape[2])), stride)
    spread = conv_transpose1d(y, w, stride) / np.maximum(count, 1)
    return _cut(spread, padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def stride_ignored(y, w, stride=1, padding=0, output_padding=0):
    """The windows are laid down one place apart.

    Window i begins at place i*s, not at i. The length is right, and the end of it stays empty.
    """
    right = conv_transpose1d(y, w, stride)
    spread = np.zeros_like(right)
    dense = conv_transpose1d(y, w)
    spread[:, :, : dense.shape[2]] = dense[:, :, : spread.shape[2]]
    return _cut(spread, padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def values_repeated(y, w, stride=1, padding=0, output_padding=0):
    """The places between the windows are filled with copies of y.

    You make y s times as long by repeating each number and lay the kernel down at every place. The
    transpose lays it down at every s-th place only; between them there is nothing.
    """
    spread = conv_transpose1d(np.repeat(y, stride, axis=2), w)
    return _cut(spread[:, :, : spread.shape[2] - stride + 1], padding, output_padding)


@wrong("conv_transpose1d", hint=1)
def kernel_flipped(y, w, stride=1, padding=0, output_padding=0):
    """The kernel is turned round.

    Each y[i] lays down y[i]*w[0], y[i]*w[1], ... in this order. A flip is needed only if you write
    it as a sliding sum over y with zeros between its numbers: then output j sees w[j - i*s].
    """
    return conv_transpose1d(y, w[..., ::-1], stride, padding, output_padding)


@wrong("conv_transpose1d", hint=3)
def weight_axes_swapped(y, w, stride=1, padding=0, output_padding=0):
    """The first two axes of w are swapped.

    w is the one of the forward pass, (O, C, K), and y has O channels. So y is summed with the first
    axis of w, and the second is left for the result.
    """
    return conv_transpose1d(y, w.swapaxes(0, 1), stride, padding, output_padding)


@wrong("conv_transpose1d", hint=3)
def first_channel_only(y, w, stride=1, padding=0, output_padding=0):
    """Only the first channel of y is given back.

    Every channel o of y was made from all channels of x, and each gives its part back: a sum over
    o.
    """
    return conv_transpose1d(y[:, :1], w[:1], stride, padding, output_padding)


@wrong("conv_transpose1d", hint=2)
def not_cut(y, w, stride=1, padding=0, output_padding=0):
    """The padding is not cut off.

    In the forward pass p zeros were put at both ends of x. What comes back to them belongs to
    nobody: p places less at each end.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)


@wrong("conv_transpose1d", hint=2)
def padding_added(y, w, stride=1, padding=0, output_padding=0):
    """Zeros are put at both ends.

    The padding is that of the forward pass, which made x longer. Going backwards makes the result
    shorter: p places are cut off at each end.
    """
    spread = conv_transpose1d(y, w, stride, 0, output_padding)
    return np.pad(spread, ((0, 0), (0, 0), (padding, padding)))


@wrong("conv_transpose1d", hint=2)
def cut_at_the_end(y, w, stride=1, padding=0, output_padding=0):
    """Everything is cut off at the end.

    You keep the first places of the sum of all windows. The padding was at both ends: p places off
    at the start, p at the end.
    """
    right = conv_transpose1d(y, w, stride, padding, output_padding)
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, : right.shape[2]]


@wrong("conv_transpose1d", hint=2)
def cut_at_the_start(y, w, stride=1, padding=0, output_padding=0):
    """Everything is cut off at the start.

    2p places are gone at the start and none at the end. It must be p at each end.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, 2 * padding :]


@wrong("conv_transpose1d", hint=2)
def cut_once(y, w, stride=1, padding=0, output_padding=0):
    """The padding is cut off at the start only.

    p places lie over the zeros at the start, and p over those at the end: 2p less in all.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, padding:]


@wrong("conv_transpose1d", hint=2)
def minus_zero(y, w, stride=1, padding=0, output_padding=0):
    """With padding 0 the slice p:-p is empty.

    -0 is 0, so p:-p becomes 0:0 and holds nothing. Count the end of the slice from the front.
    """
    return conv_transpose1d(y, w, stride, 0, output_padding)[:, :, padding:-padding]


@wrong("conv_transpose1d", hint=2)
def output_padding_ignored(y, w, stride=1, padding=0, output_padding=0):
    """output_padding has no effect.

    Several lengths of x have the same number of windows. This argument says how many places the
    result has more than the shortest.
    """
    return conv_transpose1d(y, w, stride, padding)


@wrong("conv_transpose1d", hint=2)
def output_padding_at_start(y, w, stride=1, padding=0, output_padding=0):
    """The places of output_padding are at the start.

    x was longer at its end, where no window began any more. There the additional places belong.
    """
    spread = conv_transpose1d(y, w, stride)
    spread = np.pad(spread, ((0, 0), (0, 0), (output_padding, 0)))
    return spread[:, :, padding : spread.shape[2] - padding]


@wrong("conv_transpose1d", hint=2)
def output_padding_of_zeros(y, w, stride=1, padding=0, output_padding=0):
    """The places of output_padding are zeros after the cut.

    They are there before the cut: the sum of the windows is longer, and at its end something else
    is cut off. So the additional places show what would have been cut off without them.
    """
    short = conv_transpose1d(y, w, stride, padding)
    return np.pad(short, ((0, 0), (0, 0), (0, output_padding)))


@wrong("conv_transpose1d", hint=2)
def output_padding_at_both_ends(y, w, stride=1, padding=0, output_padding=0):
    """output_padding is added at both ends.

    Padding has two ends, output_padding only one: the end.
    """
    spread = conv_transpose1d(y, w, stride)
    spread = np.pad(spread, ((0, 0), (0, 0), (output_padding, output_padding)))
    return spread[:, :, padding : spread.shape[2] - padding]


@wrong("conv_transpose1d", hint=2)
def slice_too_long(y, w, stride=1, padding=0, output_padding=0):
    """Where output_padding exceeds the padding, places are missing.

    The slice asks for more than the sum of the windows has, and NumPy gives what is there, without
    a word. Make the array longer by output_padding from the beginning.
    """
    length = conv_transpose1d(y, w, stride, padding, output_padding).shape[2]
    return conv_transpose1d(y, w, stride)[:, :, padding : padding + length]


@wrong("conv_transpose1d", hint=1)
def stride_ignored_in_length(y, w, stride=1, padding=0, output_padding=0):
    """The stride is ignored, in the length as well.

    Window i begins at place i*s, not at i, so t has (L' - 1)*s + K places, not L' - 1 + K.
    """
    return conv_transpose1d(y, w, 1, padding, output_padding)
