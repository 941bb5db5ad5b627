"""Plausible wrong answers for a 1-D convolution by loops."""

import numpy as np
from solution import conv1d

from nnscratch.learn import wrong


@wrong("conv1d", hint=2)
def kernel_flipped(x, w, b):
    """The kernel is turned round.

    You compute what mathematicians call a convolution: x[i+k] meets w[K-1-k]. Here it meets w[k],
    in the order in which both are stored.
    """
    return conv1d(x, w[..., ::-1], b)


@wrong("conv1d", hint=3)
def bias_omitted(x, w, b):
    """The bias is not added.

    The sums are right, but each output of channel o is still to be raised by b[o].
    """
    return conv1d(x, w, np.zeros_like(b))


@wrong("conv1d", hint=3)
def bias_along_positions(x, w, b):
    """The bias is lined up with the places.

    y + b lines the axis of b up with the last axis of y, which holds places. Where there happen to
    be as many places as kernels NumPy does it without a word; else it raises an error. b[:, None]
    has the right shape.
    """
    return conv1d(x, w, np.zeros_like(b)) + b


@wrong("conv1d", hint=3)
def bias_by_position(x, w, b):
    """The bias is looked up by place: b[i] where it is b[o].

    Each kernel has one bias, and all outputs of that kernel get it. Which place the window lies at
    makes no difference.
    """
    y = conv1d(x, w, np.zeros_like(b))
    for n, o, i in np.ndindex(y.shape):
        y[n, o, i] += b[i]
    return y


@wrong("conv1d", hint=4)
def bias_in_every_term(x, w, b):
    """The bias is added with every product.

    It stands inside the loops over c and k, so that C*K times the bias comes out. It is added
    once, when the sum is complete.
    """
    return conv1d(x, w, b * w[0].size)


@wrong("conv1d", hint=4)
def bias_in_every_channel(x, w, b):
    """The bias is added once for each channel.

    It stands inside the loop over c, so that C times the bias comes out. It is added once, when the
    sum over all channels is complete.
    """
    return conv1d(x, w, b * w.shape[1])


@wrong("conv1d", hint=2)
def first_channel_only(x, w, b):
    """Only the first channel of x is seen.

    An output sums over all channels: x[n, c, i+k] * w[o, c, k] for each c, not for c = 0 alone.
    """
    return conv1d(x[:, :1], w[:, :1], b)


@wrong("conv1d", hint=4)
def last_channel_only(x, w, b):
    """Only the last channel of x is left in the result.

    The total is set to 0, or the output is assigned, inside the loop over channels, and each
    channel wipes out the ones before it. All channels go into one total.
    """
    return conv1d(x[:, -1:], w[:, -1:], b)


@wrong("conv1d", hint=2)
def channels_averaged(x, w, b):
    """The channels are averaged.

    A convolution sums over them. The division by C is too much; if less is wanted, the weights
    will learn it.
    """
    return conv1d(x, w / w.shape[1], b)


@wrong("conv1d", hint=2)
def window_averaged(x, w, b):
    """The products are averaged over the window.

    `mean` divides by the C*K products; what is wanted is their sum.
    """
    return conv1d(x, w / w[0].size, b)


@wrong("conv1d", hint=1)
def weight_axes_swapped(x, w, b):
    """The first two axes of w are swapped.

    w has the output channel first: w[o, c, k]. You read w[c, o, k], which is another number, or
    none at all where there are more of one than of the other.
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

    The last window begins at L - K, and the first at 0. These are L - K + 1 windows.
    """
    return conv1d(x[..., :-1], w, b)


@wrong("conv1d", hint=1)
def as_long_as_the_input(x, w, b):
    """The result is as long as the input.

    Only L - K + 1 windows fit into the signal, so that is how long the result is. The K - 1 places
    behind were never filled.
    """
    y = conv1d(x, w, b)
    return np.pad(y, ((0, 0), (0, 0), (0, w.shape[2] - 1)))


@wrong("conv1d", hint=2)
def last_tap_missing(x, w, b):
    """The last place of the kernel takes no part.

    k runs from 0 to K - 1, that is range(K), and a slice of K places ends at i + K. You have one
    less.
    """
    y = conv1d(x, w[..., :-1], b)
    return y[..., : x.shape[2] - w.shape[2] + 1]


@wrong("conv1d", hint=4)
def last_product_only(x, w, b):
    """Only the last product is left.

    The total is assigned where it must be added to: = instead of +=. What remains is the product
    of the last channel at the last place.
    """
    last = np.zeros_like(w)
    last[:, -1, -1] = w[:, -1, -1]
    return conv1d(x, last, b)


@wrong("conv1d", hint=4)
def total_never_reset(x, w, b):
    """The total is not set to 0 for each output.

    It begins at 0 once, before all loops, and every output is added to the ones before it. Set it
    to 0 where an output begins: inside the loops over n, o and i.
    """
    y = conv1d(x, w, np.zeros_like(b))
    return np.cumsum(y).reshape(y.shape) + b[:, None]


@wrong("conv1d", hint=2)
def window_never_moves(x, w, b):
    """All outputs see the first window.

    You read x[n, c, k]. The window of output i begins at place i: x[n, c, i + k].
    """
    return np.repeat(conv1d(x[..., : w.shape[2]], w, b), x.shape[2] - w.shape[2] + 1, axis=2)


@wrong("conv1d", hint=1)
def positions_before_channels(x, w, b):
    """The result has places before channels.

    y is (N, O, L - K + 1): item, output channel, place. The last two have changed places.
    """
    return conv1d(x, w, b).swapaxes(1, 2)


@wrong("conv1d", hint=1)
def first_item_only(x, w, b):
    """Only the first item of the batch is computed.

    x has N items, and each is treated alike. The others are still 0 in your result.
    """
    y = conv1d(x, w, b)
    y[1:] = 0
    return y


@wrong("conv1d", hint=1)
def first_item_repeated(x, w, b):
    """Every item gets the result of the first one.

    The item's index n must be on both sides: y[n, o, i] is made from x[n], and you read x[0].
    """
    return np.repeat(conv1d(x[:1], w, b), len(x), axis=0)


@wrong("conv1d", hint=3)
def bias_at_every_place(x, w, b):
    """The bias is added once for each place of the kernel.

    It stands inside the loop over k, so b[o] comes K times. It belongs to the output, once.
    """
    return conv1d(x, w, b * w.shape[2])


@wrong("conv1d", hint=2)
def last_place_only(x, w, b):
    """Only the last place of the kernel is left in the result.

    The total is set to 0, or the output is assigned, inside the loop over k, and each place wipes
    out the ones before it. All places go into one total.
    """
    places = x.shape[2] - w.shape[2] + 1
    return conv1d(x[..., -places:], w[..., -1:], b)


@wrong("conv1d", hint=2)
def first_weights_for_all_channels(x, w, b):
    """All channels meet the weights of channel 0.

    A kernel has a row of weights for each channel: x[n, c] goes with w[o, c], not with w[o, 0].
    """
    return conv1d(x.sum(axis=1, keepdims=True), w[:, :1], b)


@wrong("conv1d", hint=2)
def first_kernel_for_all(x, w, b):
    """Every output channel is made with kernel 0.

    There are O kernels, and each makes one channel of the output: w[o], not w[0].
    """
    return conv1d(x, np.broadcast_to(w[:1], w.shape), b)


@wrong("conv1d", hint=1)
def windows_over_both_ends(x, w, b):
    """Windows that hang over the ends are counted as well.

    With zeros on both sides L + K - 1 windows touch the signal. Here a window must lie wholly
    inside, so there are L - K + 1.
    """
    more = w.shape[2] - 1
    return conv1d(np.pad(x, ((0, 0), (0, 0), (more, more))), w, b)
