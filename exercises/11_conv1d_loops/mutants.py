"""Plausible wrong answers for a 1-D convolution by loops."""

import numpy as np
from solution import conv1d

from nnscratch.learn import wrong


@wrong("conv1d", hint=2)
def kernel_flipped(x, w, b):
    """The kernel is flipped.

    You compute the convolution of mathematics: x[i+k] times w[K-1-k]. Here it is x[i+k] times w[k].
    """
    return conv1d(x, w[..., ::-1], b)


@wrong("conv1d", hint=3)
def bias_omitted(x, w, b):
    """The bias is not added.

    The sums are right, but b[o] must be added to each output of channel o.
    """
    return conv1d(x, w, np.zeros_like(b))


@wrong("conv1d", hint=3)
def bias_along_positions(x, w, b):
    """The bias is aligned with the places.

    y + b aligns b with the last axis of y, the places. With as many places as kernels NumPy adds
    the wrong numbers; otherwise it raises an error. Use b[:, None].
    """
    return conv1d(x, w, np.zeros_like(b)) + b


@wrong("conv1d", hint=3)
def bias_by_position(x, w, b):
    """The bias is indexed by place: b[i] instead of b[o].

    Each kernel has one bias, and all outputs of that kernel get it, whatever the place.
    """
    y = conv1d(x, w, np.zeros_like(b))
    for n, o, i in np.ndindex(y.shape):
        y[n, o, i] += b[i]
    return y


@wrong("conv1d", hint=4)
def bias_in_every_term(x, w, b):
    """The bias is added with every product.

    It is inside the loops over c and k, so you add C*K times the bias. Add it once, when the sum is
    complete.
    """
    return conv1d(x, w, b * w[0].size)


@wrong("conv1d", hint=4)
def bias_in_every_channel(x, w, b):
    """The bias is added once for each channel.

    It is inside the loop over c, so you add C times the bias. Add it once, when the sum over all
    channels is complete.
    """
    return conv1d(x, w, b * w.shape[1])


@wrong("conv1d", hint=2)
def first_channel_only(x, w, b):
    """Only the first channel of x is used.

    An output sums over all channels: x[n, c, i+k] * w[o, c, k] for each c, not for c = 0 alone.
    """
    return conv1d(x[:, :1], w[:, :1], b)


@wrong("conv1d", hint=4)
def last_channel_only(x, w, b):
    """Only the last channel of x is left in the result.

    The total is set to 0, or the output is assigned, inside the loop over channels, so each channel
    erases the ones before it. Add all channels to one total.
    """
    return conv1d(x[:, -1:], w[:, -1:], b)


@wrong("conv1d", hint=2)
def channels_averaged(x, w, b):
    """The channels are averaged.

    A convolution sums over the channels. Do not divide by C.
    """
    return conv1d(x, w / w.shape[1], b)


@wrong("conv1d", hint=2)
def window_averaged(x, w, b):
    """The products are averaged over the window.

    `mean` divides by the C*K products; use their sum.
    """
    return conv1d(x, w / w[0].size, b)


@wrong("conv1d", hint=1)
def weight_axes_swapped(x, w, b):
    """The first two axes of w are swapped.

    w has the output channel first: w[o, c, k]. You read w[c, o, k], which is another number, or an
    index error where O and C differ.
    """
    y = np.zeros((len(x), len(w), x.shape[2] - w.shape[2] + 1))
    for n, o, i in np.ndindex(y.shape):
        y[n, o, i] = b[o]
        for c, k in np.ndindex(w.shape[1:]):
            y[n, o, i] += x[n, c, i + k] * w[c, o, k]
    return y


@wrong("conv1d", hint=1)
def last_window_missing(x, w, b):
    """The last output is missing.

    The first window begins at 0 and the last at L - K: there are L - K + 1 windows.
    """
    return conv1d(x[..., :-1], w, b)


@wrong("conv1d", hint=1)
def as_long_as_the_input(x, w, b):
    """The result is as long as the input.

    Only L - K + 1 windows fit into the signal, and the result has that length. The last K - 1
    places of yours were never filled.
    """
    y = conv1d(x, w, b)
    return np.pad(y, ((0, 0), (0, 0), (0, w.shape[2] - 1)))


@wrong("conv1d", hint=2)
def last_tap_missing(x, w, b):
    """The last place of the kernel is not used.

    k runs from 0 to K - 1, that is range(K), and a slice of K places ends at i + K. Yours is one
    shorter.
    """
    y = conv1d(x, w[..., :-1], b)
    return y[..., : x.shape[2] - w.shape[2] + 1]


@wrong("conv1d", hint=4)
def last_product_only(x, w, b):
    """Only the last product is left.

    The total is assigned instead of added to: = instead of +=. Only the product of the last channel
    at the last place remains.
    """
    last = np.zeros_like(w)
    last[:, -1, -1] = w[:, -1, -1]
    return conv1d(x, last, b)


@wrong("conv1d", hint=4)
def total_never_reset(x, w, b):
    """The total is not set to 0 for each output.

    You set it to 0 once, before all loops, so every output also contains the ones before it. Set it
    to 0 for each output: inside the loops over n, o and i.
    """
    y = conv1d(x, w, np.zeros_like(b))
    return np.cumsum(y).reshape(y.shape) + b[:, None]


@wrong("conv1d", hint=2)
def window_never_moves(x, w, b):
    """All outputs use the first window.

    You read x[n, c, k]. The window of output i begins at place i: x[n, c, i + k].
    """
    return np.repeat(conv1d(x[..., : w.shape[2]], w, b), x.shape[2] - w.shape[2] + 1, axis=2)


@wrong("conv1d", hint=1)
def positions_before_channels(x, w, b):
    """The result has places before channels.

    y is (N, O, L - K + 1): item, output channel, place. You exchanged the last two axes.
    """
    return conv1d(x, w, b).swapaxes(1, 2)


@wrong("conv1d", hint=1)
def first_item_only(x, w, b):
    """Only the first item of the batch is computed.

    x has N items, and each is computed in the same way. The others are still 0 in your result.
    """
    y = conv1d(x, w, b)
    y[1:] = 0
    return y


@wrong("conv1d", hint=1)
def first_item_repeated(x, w, b):
    """Every item gets the result of the first one.

    The index n of the item must be on both sides: y[n, o, i] is computed from x[n], and you read
    x[0].
    """
    return np.repeat(conv1d(x[:1], w, b), len(x), axis=0)


@wrong("conv1d", hint=3)
def bias_at_every_place(x, w, b):
    """The bias is added once for each place of the kernel.

    It is inside the loop over k, so you add b[o] K times. Add it once for each output.
    """
    return conv1d(x, w, b * w.shape[2])


@wrong("conv1d", hint=2)
def last_place_only(x, w, b):
    """Only the last place of the kernel is left in the result.

    The total is set to 0, or the output is assigned, inside the loop over k, so each place erases
    the ones before it. Add all places to one total.
    """
    places = x.shape[2] - w.shape[2] + 1
    return conv1d(x[..., -places:], w[..., -1:], b)


@wrong("conv1d", hint=2)
def first_weights_for_all_channels(x, w, b):
    """All channels are multiplied by the weights of channel 0.

    A kernel has weights for each channel: x[n, c] is multiplied by w[o, c], not by w[o, 0].
    """
    return conv1d(x.sum(axis=1, keepdims=True), w[:, :1], b)


@wrong("conv1d", hint=2)
def first_kernel_for_all(x, w, b):
    """Every output channel is computed with kernel 0.

    There are O kernels, and each computes one channel of the output: w[o], not w[0].
    """
    return conv1d(x, np.broadcast_to(w[:1], w.shape), b)


@wrong("conv1d", hint=1)
def windows_over_both_ends(x, w, b):
    """Windows that extend past the ends are counted as well.

    With zeros on both sides L + K - 1 windows overlap the signal. Here a window must lie wholly
    inside, so there are L - K + 1.
    """
    more = w.shape[2] - 1
    return conv1d(np.pad(x, ((0, 0), (0, 0), (more, more))), w, b)
