"""Plausible wrong answers for a 2-D convolution with groups."""

import numpy as np
from solution import conv2d

from nnscratch.learn import wrong


@wrong("conv2d", hint=2)
def kernel_flipped(x, w, b, stride=1, padding=0, groups=1):
    """The kernel is turned by half a turn.

    That is a true convolution, as in signal processing. Here x[i+k, j+l] meets w[k, l], not
    w[KH-1-k, KW-1-l].
    """
    return conv2d(x, w[:, :, ::-1, ::-1], b, stride, padding, groups)


@wrong("conv2d", hint=2)
def kernel_transposed(x, w, b, stride=1, padding=0, groups=1):
    """The kernel's rows and columns are swapped.

    The row of the kernel goes with the row of the image: x[i+k, j+l] meets w[k, l], and you use
    w[l, k]. With square kernels no shape gives this away.
    """
    return conv2d(x, w.swapaxes(2, 3), b, stride, padding, groups)


@wrong("conv2d", hint=1)
def result_transposed(x, w, b, stride=1, padding=0, groups=1):
    """Height and width of the result are swapped.

    Axis 2 is the height and counts rows, axis 3 is the width and counts columns, in y as in x.
    With square images no shape gives this away.
    """
    return conv2d(x, w, b, stride, padding, groups).swapaxes(2, 3)


@wrong("conv2d", hint=1)
def bias_forgotten(x, w, b, stride=1, padding=0, groups=1):
    """The bias is not added.

    Each output channel o has a number b[o] of its own, which is added to all of its outputs.
    """
    return conv2d(x, w, np.zeros_like(b), stride, padding, groups)


@wrong("conv2d", hint=1)
def bias_at_every_place(x, w, b, stride=1, padding=0, groups=1):
    """The bias is added once for each place of the kernel.

    It stands inside the loop over k and l, so it is added KH*KW times. It belongs outside of it:
    once for each output.
    """
    return conv2d(x, w, b * w[0, 0].size, stride, padding, groups)


@wrong("conv2d", hint=1)
def bias_at_every_product(x, w, b, stride=1, padding=0, groups=1):
    """The bias is added with every single product.

    It stands inside the innermost loop, so it is added once for each channel and each place of
    the kernel. It belongs outside of the sum: once for each output.
    """
    return conv2d(x, w, b * w[0].size, stride, padding, groups)


@wrong("conv2d", hint=1)
def bias_along_width(x, w, b, stride=1, padding=0, groups=1):
    """The bias runs along the columns.

    y + b lines b up with the last axis, which is the width. Its axis is the channel, axis 1: give
    b the shape (O, 1, 1) first.
    """
    return conv2d(x, w, np.zeros_like(b), stride, padding, groups) + b


@wrong("conv2d", hint=2)
def stride_on_rows_only(x, w, b, stride=1, padding=0, groups=1):
    """The stride is used for the rows only.

    Windows are `stride` apart along both axes: they begin at row i*s and at column j*s.
    """
    dense = conv2d(x, w, b, 1, padding, groups)
    return dense[:, :, ::stride]


@wrong("conv2d", hint=2)
def stride_ignored(x, w, b, stride=1, padding=0, groups=1):
    """The stride is ignored.

    Output i, j begins at row i*s and column j*s of the padded image. With s = 2 there are about
    half as many outputs along each axis.
    """
    return conv2d(x, w, b, 1, padding, groups)


@wrong("conv2d", hint=1)
def padding_top_left(x, w, b, stride=1, padding=0, groups=1):
    """The padding stands at the top and left only.

    p rows of zeros belong at both ends of the height, and p columns at both ends of the width.
    Yours stand at one end, or you computed the size of y as if they did.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, 0), (padding, 0)))
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=1)
def padding_on_rows_only(x, w, b, stride=1, padding=0, groups=1):
    """Only the height is padded.

    p rows of zeros were added above and below; p columns at the left and at the right are wanted
    as well.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (0, 0)))
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=1)
def padding_repeats_edge(x, w, b, stride=1, padding=0, groups=1):
    """The border repeats the edge of the image.

    The padding is made of zeros here. np.pad with mode="edge" copies the outermost pixels.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=3)
def inputs_interleaved(x, w, b, stride=1, padding=0, groups=1):
    """Input channels are dealt out to the groups like cards.

    You take channel c for group c % G. A group owns neighbours: channel c is in group
    c // (C/G). A reshape to (G, C/G) does it; (C/G, G) deals.
    """
    dealt = [c for g in range(groups) for c in range(g, x.shape[1], groups)]
    return conv2d(x[:, dealt], w, b, stride, padding, groups)


@wrong("conv2d", hint=3)
def outputs_listen_in_turn(x, w, b, stride=1, padding=0, groups=1):
    """Output o sees group o % G.

    The first O/G outputs all see the first group, the next O/G the second: output o sees group
    o // (O/G).
    """
    dealt = [o for g in range(groups) for o in range(g, len(w), groups)]
    y = conv2d(x, w[dealt], b[dealt], stride, padding, groups)
    return y[:, np.argsort(dealt)]


@wrong("conv2d", hint=3)
def outputs_interleaved(x, w, b, stride=1, padding=0, groups=1):
    """The outputs of the groups are shuffled together.

    The channels of the result are first all outputs of group 0, then all of group 1. You put them
    in as the first of each group, then the second of each: axes (O/G, G) where (G, O/G) is meant.
    """
    y = conv2d(x, w, np.zeros_like(b), stride, padding, groups)
    parts = y.reshape(len(y), groups, -1, *y.shape[2:])
    return parts.swapaxes(1, 2).reshape(y.shape) + b[:, None, None]


@wrong("conv2d", hint=3)
def first_channels_only(x, w, b, stride=1, padding=0, groups=1):
    """Every output sees the channels of the first group.

    c counts within a group. To find the channel in x, add where the group begins:
    (o // (O/G)) * (C/G).
    """
    return conv2d(x[:, : w.shape[1]], w, b, stride, padding, 1)


@wrong("conv2d", hint=3)
def first_kernels_only(x, w, b, stride=1, padding=0, groups=1):
    """Every group uses the kernels of the first.

    There are O kernels, and group g owns the O/G from number g * O/G on. You use the first O/G
    for all groups.
    """
    first = w[: len(w) // groups]
    return conv2d(x, np.concatenate([first] * groups), b, stride, padding, groups)


@wrong("conv2d", hint=1)
def padding_ignored(x, w, b, stride=1, padding=0, groups=1):
    """The padding is ignored.

    p rows and columns of zeros belong on all four sides of the image, and there are more outputs
    accordingly.
    """
    return conv2d(x, w, b, stride, 0, groups)


@wrong("conv2d", hint=1)
def padding_on_columns_only(x, w, b, stride=1, padding=0, groups=1):
    """Only the width is padded.

    p columns of zeros were added at the left and at the right; p rows above and below are wanted as
    well.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (padding, padding)))
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=2)
def stride_in_size_only(x, w, b, stride=1, padding=0, groups=1):
    """The number of outputs is right, but the windows begin at i, j.

    Output i, j belongs to the window whose corner is at row i*s and column j*s of the padded image.
    """
    rows, columns = conv2d(x, w, b, stride, padding, groups).shape[2:]
    return conv2d(x, w, b, 1, padding, groups)[:, :, :rows, :columns]


@wrong("conv2d", hint=1)
def last_window_missing(x, w, b, stride=1, padding=0, groups=1):
    """The last row and the last column of y are missing.

    (H + 2p - KH) // s counts the steps from the first window to the last. There is one window more,
    and so for the width.
    """
    return conv2d(x, w, b, stride, padding, groups)[:, :, :-1, :-1]


@wrong("conv2d", hint=2)
def items_added_up(x, w, b, stride=1, padding=0, groups=1):
    """The sum runs over the items of the batch as well.

    .sum() of a window of the whole batch adds up all items. Each item has outputs of its own: sum
    over the axes of channel, row and column.
    """
    y = conv2d(x, w, np.zeros_like(b), stride, padding, groups)
    return np.broadcast_to(y.sum(0), y.shape) + b[:, None, None]


@wrong("conv2d", hint=2)
def averaged(x, w, b, stride=1, padding=0, groups=1):
    """The products are averaged, not added up.

    A convolution is a sum over channels and places of the kernel; it is not divided by their
    number.
    """
    return conv2d(x, w / w[0].size, b, stride, padding, groups)
