"""Plausible wrong answers for a 2-D convolution with groups."""

import numpy as np
from solution import conv2d

from nnscratch.learn import wrong


@wrong("conv2d", hint=2)
def kernel_flipped(x, w, b, stride=1, padding=0, groups=1):
    """The kernel is flipped along both axes.

    That is the mathematical convolution, as in signal processing. Here x[i+k, j+l] is multiplied by
    w[k, l], not w[KH-1-k, KW-1-l].
    """
    return conv2d(x, w[:, :, ::-1, ::-1], b, stride, padding, groups)


@wrong("conv2d", hint=2)
def kernel_transposed(x, w, b, stride=1, padding=0, groups=1):
    """The kernel's rows and columns are swapped.

    x[i+k, j+l] is multiplied by w[k, l], and you use w[l, k]. With square kernels the shapes do not
    show this.
    """
    return conv2d(x, w.swapaxes(2, 3), b, stride, padding, groups)


@wrong("conv2d", hint=1)
def result_transposed(x, w, b, stride=1, padding=0, groups=1):
    """Height and width of the result are swapped.

    Axis 2 is the height and counts rows, axis 3 is the width and counts columns, in y as in x. With
    square images the shapes do not show this.
    """
    return conv2d(x, w, b, stride, padding, groups).swapaxes(2, 3)


@wrong("conv2d", hint=1)
def bias_forgotten(x, w, b, stride=1, padding=0, groups=1):
    """The bias is not added.

    Each output channel o has one number b[o], which is added to all of its outputs.
    """
    return conv2d(x, w, np.zeros_like(b), stride, padding, groups)


@wrong("conv2d", hint=1)
def bias_at_every_place(x, w, b, stride=1, padding=0, groups=1):
    """The bias is added once for each place of the kernel.

    It is inside the loop over k and l, so you add it KH*KW times. Add it outside of the loop, once
    for each output.
    """
    return conv2d(x, w, b * w[0, 0].size, stride, padding, groups)


@wrong("conv2d", hint=1)
def bias_at_every_product(x, w, b, stride=1, padding=0, groups=1):
    """The bias is added with every single product.

    It is inside the innermost loop, so you add it once for each channel and each place of the
    kernel. Add it outside of the sum, once for each output.
    """
    return conv2d(x, w, b * w[0].size, stride, padding, groups)


@wrong("conv2d", hint=1)
def bias_along_width(x, w, b, stride=1, padding=0, groups=1):
    """The bias is added along the columns.

    y + b aligns b with the last axis, the width. Its axis is the channel, axis 1: give b the shape
    (O, 1, 1) first.
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
    """The padding is at the top and left only.

    There are p rows of zeros at both ends of the height, and p columns at both ends of the width.
    Yours are at one end, or you computed the size of y as if they were.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, 0), (padding, 0)))
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=1)
def padding_on_rows_only(x, w, b, stride=1, padding=0, groups=1):
    """Only the height is padded.

    You added p rows of zeros above and below; add p columns at the left and right as well.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (0, 0)))
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=1)
def padding_repeats_edge(x, w, b, stride=1, padding=0, groups=1):
    """The border repeats the edge of the image.

    The padding is zeros here. np.pad with mode="edge" copies the outermost pixels.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=3)
def inputs_interleaved(x, w, b, stride=1, padding=0, groups=1):
    """Input channels are assigned to the groups in turn.

    You assign channel c to group c % G. A group has neighbouring channels: channel c is in group c
    // (C/G). Reshape to (G, C/G), not to (C/G, G).
    """
    order = [c for g in range(groups) for c in range(g, x.shape[1], groups)]
    return conv2d(x[:, order], w, b, stride, padding, groups)


@wrong("conv2d", hint=3)
def outputs_listen_in_turn(x, w, b, stride=1, padding=0, groups=1):
    """Output o uses group o % G.

    The first O/G outputs all use the first group, the next O/G the second: output o uses group o //
    (O/G).
    """
    order = [o for g in range(groups) for o in range(g, len(w), groups)]
    y = conv2d(x, w[order], b[order], stride, padding, groups)
    return y[:, np.argsort(order)]


@wrong("conv2d", hint=3)
def outputs_interleaved(x, w, b, stride=1, padding=0, groups=1):
    """The outputs of the groups are interleaved.

    The channels of the result are first all outputs of group 0, then all of group 1. Yours are the
    first of each group, then the second of each: axes (O/G, G) instead of (G, O/G).
    """
    y = conv2d(x, w, np.zeros_like(b), stride, padding, groups)
    parts = y.reshape(len(y), groups, -1, *y.shape[2:])
    return parts.swapaxes(1, 2).reshape(y.shape) + b[:, None, None]


@wrong("conv2d", hint=3)
def first_channels_only(x, w, b, stride=1, padding=0, groups=1):
    """Every output uses the channels of the first group.

    c counts within a group. For the channel of x add the start of the group: (o // (O/G)) * (C/G).
    """
    return conv2d(x[:, : w.shape[1]], w, b, stride, padding, 1)


@wrong("conv2d", hint=3)
def first_kernels_only(x, w, b, stride=1, padding=0, groups=1):
    """Every group uses the kernels of the first.

    There are O kernels, and the O/G kernels of group g begin at number g * O/G. You use the first
    O/G for all groups.
    """
    first = w[: len(w) // groups]
    return conv2d(x, np.concatenate([first] * groups), b, stride, padding, groups)


@wrong("conv2d", hint=1)
def padding_ignored(x, w, b, stride=1, padding=0, groups=1):
    """The padding is ignored.

    There are p rows and columns of zeros on all four sides of the image, and so more outputs.
    """
    return conv2d(x, w, b, stride, 0, groups)


@wrong("conv2d", hint=1)
def padding_on_columns_only(x, w, b, stride=1, padding=0, groups=1):
    """Only the width is padded.

    You added p columns of zeros at the left and right; add p rows above and below as well.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (padding, padding)))
    return conv2d(padded, w, b, stride, 0, groups)


@wrong("conv2d", hint=2)
def stride_in_size_only(x, w, b, stride=1, padding=0, groups=1):
    """The number of outputs is right, but the windows begin at i, j.

    The window of output i, j begins at row i*s and column j*s of the padded image.
    """
    rows, columns = conv2d(x, w, b, stride, padding, groups).shape[2:]
    return conv2d(x, w, b, 1, padding, groups)[:, :, :rows, :columns]


@wrong("conv2d", hint=1)
def last_window_missing(x, w, b, stride=1, padding=0, groups=1):
    """The last row and the last column of y are missing.

    (H + 2p - KH) // s is the number of steps from the first window to the last. There is one more
    window; the same holds for the width.
    """
    return conv2d(x, w, b, stride, padding, groups)[:, :, :-1, :-1]


@wrong("conv2d", hint=2)
def items_added_up(x, w, b, stride=1, padding=0, groups=1):
    """The sum runs over the items of the batch as well.

    .sum() of a window of the whole batch adds up all items. Each item has its own outputs: sum over
    channel, row and column only.
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
