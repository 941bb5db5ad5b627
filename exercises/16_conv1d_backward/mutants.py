"""Plausible wrong answers for the gradients of a 1-D convolution."""

import numpy as np
from solution import conv1d_backward

from nnscratch.learn import wrong


@wrong("conv1d_backward", hint=2)
def dw_flipped(x, w, g, stride=1, padding=0):
    """dw is reversed along the kernel axis.

    You have the weight gradient of a mathematical convolution. The forward pass is a
    cross-correlation: y[i] multiplies x[i+k] by w[k].
    """
    dx, dw, db = conv1d_backward(x, w, g, stride, padding)
    return dx, dw[..., ::-1].copy(), db


@wrong("conv1d_backward", hint=3)
def dx_kernel_flipped(x, w, g, stride=1, padding=0):
    """dx uses the flipped kernel.

    x[j] is multiplied by w[k] in output i where i*s + k = j. You multiply g[i] by w[K-1-k]: one
    flip too many, or one too few.
    """
    dx = conv1d_backward(x, w[..., ::-1], g, stride, padding)[0]
    return dx, *conv1d_backward(x, w, g, stride, padding)[1:]


@wrong("conv1d_backward", hint=1)
def db_keeps_batch(x, w, g, stride=1, padding=0):
    """db is not summed over the batch.

    All items of the batch use the same bias, so their contributions add up: sum over axes 0 and 2.
    """
    dx, dw, _ = conv1d_backward(x, w, g, stride, padding)
    return dx, dw, g.sum(2)


@wrong("conv1d_backward", hint=1)
def db_sums_channels(x, w, g, stride=1, padding=0):
    """db is summed over the output channels as well.

    There is one bias for each output channel; sum over batch and positions only.
    """
    dx, dw, db = conv1d_backward(x, w, g, stride, padding)
    return dx, dw, np.full_like(db, g.sum())


@wrong("conv1d_backward", hint=2)
def dw_averaged(x, w, g, stride=1, padding=0):
    """dw is averaged over the batch.

    The contributions of the items add up. If the loss is a mean, g already contains the factor 1/N.
    """
    dx, dw, db = conv1d_backward(x, w, g, stride, padding)
    return dx, dw / len(x), db


@wrong("conv1d_backward", hint=2)
def first_item_only(x, w, g, stride=1, padding=0):
    """dw uses the first item of the batch only.

    Every item of the batch uses the same weights; their gradients add up.
    """
    dx, _, db = conv1d_backward(x, w, g, stride, padding)
    return dx, conv1d_backward(x[:1], w, g[:1], stride, padding)[1], db


@wrong("conv1d_backward", hint=2)
def last_position_only(x, w, g, stride=1, padding=0):
    """dw comes from the last position only.

    Inside the loop over positions dw is assigned instead of added to: each position replaces the
    one before. Use +=.
    """
    last = np.zeros_like(g)
    last[..., -1] = g[..., -1]
    dx, _, db = conv1d_backward(x, w, g, stride, padding)
    return dx, conv1d_backward(x, w, last, stride, padding)[1], db


@wrong("conv1d_backward", hint=3)
def dx_overwritten(x, w, g, stride=1, padding=0):
    """dx keeps only one of the outputs that use a place.

    Neighbouring windows overlap, so several outputs use a place of x. dx is assigned instead of
    added to (+=).
    """
    _, dw, db = conv1d_backward(x, w, g, stride, padding)
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding))
    for i in range(g.shape[2]):
        window = slice(i * stride, i * stride + w.shape[2])
        padded[:, :, window] = np.einsum("no,ock->nck", g[:, :, i], w)
    return padded[:, :, padding : padding + x.shape[2]], dw, db


@wrong("conv1d_backward", hint=2)
def upstream_reversed(x, w, g, stride=1, padding=0):
    """g is read from the end.

    g[i] belongs to output i, whose window begins at x[i*s]. You use the output counted from the
    other end.
    """
    return conv1d_backward(x, w, g[..., ::-1], stride, padding)


@wrong("conv1d_backward", hint=3)
def stride_ignored_in_dx(x, w, g, stride=1, padding=0):
    """dx is computed as if the stride were 1.

    The window of output i begins at x[i*stride], not at x[i].
    """
    _, dw, db = conv1d_backward(x, w, g, stride, padding)
    dx = conv1d_backward(x, w, g, 1, padding)[0]
    return dx, dw, db


@wrong("conv1d_backward", hint=2)
def stride_ignored_in_dw(x, w, g, stride=1, padding=0):
    """dw reads x as if the stride were 1.

    Output i is computed from x[i*stride + k], not from x[i + k].
    """
    dx, _, db = conv1d_backward(x, w, g, stride, padding)
    return dx, conv1d_backward(x, w, g, 1, padding)[1], db


@wrong("conv1d_backward", hint=3)
def dx_too_short(x, w, g, stride=1, padding=0):
    """dx lacks the places at the end that no output uses.

    When L + 2p - K is not a multiple of the stride, the last places are in no window. Their
    gradient is 0, but dx still has the shape of x.
    """
    dx, dw, db = conv1d_backward(x, w, g, stride, padding)
    length_used = (g.shape[2] - 1) * stride + w.shape[2] - padding
    return dx[..., : min(length_used, x.shape[2])], dw, db


@wrong("conv1d_backward", hint=3)
def padding_kept_in_dx(x, w, g, stride=1, padding=0):
    """dx still has the padding.

    The border places are not part of x. Cut p places off at each end.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    return conv1d_backward(padded, w, g, stride, 0)


@wrong("conv1d_backward", hint=3)
def dx_cut_at_one_end(x, w, g, stride=1, padding=0):
    """dx is cut at the wrong end.

    The padding is at both ends, so x begins at place p of the padded array. You take the first L
    places of it.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dpadded, dw, db = conv1d_backward(padded, w, g, stride, 0)
    return dpadded[..., : x.shape[2]], dw, db


@wrong("conv1d_backward", hint=2)
def both_flipped(x, w, g, stride=1, padding=0):
    """dx and dw belong to a mathematical convolution.

    In both the kernel is flipped. The forward pass does not flip it: y[i] multiplies x[i*s+k] by
    w[k].
    """
    dx = conv1d_backward(x, w[..., ::-1], g, stride, padding)[0]
    _, dw, db = conv1d_backward(x, w, g, stride, padding)
    return dx, dw[..., ::-1].copy(), db


@wrong("conv1d_backward", hint=2)
def stride_ignored(x, w, g, stride=1, padding=0):
    """Output i is assumed to use the places from i on.

    With stride s it uses those from i*s on, in dx and in dw.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    length_used = conv1d_backward(padded[:, :, : g.shape[2] + w.shape[2] - 1], w, g)
    dpadded = np.zeros_like(padded)
    dpadded[:, :, : length_used[0].shape[2]] = length_used[0]
    return dpadded[:, :, padding : padding + x.shape[2]], *length_used[1:]


@wrong("conv1d_backward", hint=1)
def db_keeps_places(x, w, g, stride=1, padding=0):
    """db is not summed over the places.

    The same b[o] is added to every output of channel o, so their contributions add up: sum over
    axes 0 and 2.
    """
    dx, dw, _ = conv1d_backward(x, w, g, stride, padding)
    return dx, dw, g.sum(0)


@wrong("conv1d_backward", hint=1)
def db_averaged(x, w, g, stride=1, padding=0):
    """db is a mean, not a sum.

    The same b[o] is added to every output of channel o, and each of them changes the loss: their
    contributions add up.
    """
    dx, dw, _ = conv1d_backward(x, w, g, stride, padding)
    return dx, dw, g.mean((0, 2))


@wrong("conv1d_backward", hint=1)
def parameters_averaged(x, w, g, stride=1, padding=0):
    """dw and db are averaged over the batch.

    If the loss is a mean over the items, g already contains the factor 1/N. Here all items add up.
    """
    dx, dw, db = conv1d_backward(x, w, g, stride, padding)
    return dx, dw / len(x), db / len(x)


@wrong("conv1d_backward", hint=1)
def all_averaged(x, w, g, stride=1, padding=0):
    """All three gradients are divided by the size of the batch.

    If the loss is a mean over the items, g already contains the factor 1/N. Do not divide again.
    """
    return tuple(slope / len(x) for slope in conv1d_backward(x, w, g, stride, padding))


@wrong("conv1d_backward", hint=2)
def minus_zero(x, w, g, stride=1, padding=0):
    """With padding 0 the slice p:-p is empty.

    -0 is 0, so 0:-0 is 0:0, which is empty. Cut the border off with p : p + L.
    """
    dx, dw, db = conv1d_backward(x, w, g, stride, padding)
    return dx if padding else dx[:, :, :0], dw, db


@wrong("conv1d_backward", hint=3)
def last_output_missing(x, w, g, stride=1, padding=0):
    """The last output contributes nothing to dx and dw.

    i runs from 0 to L' - 1, both included: range(L'), where L' is the length of g.
    """
    without = g.copy()
    without[:, :, -1] = 0.0
    dx, dw, _ = conv1d_backward(x, w, without, stride, padding)
    return dx, dw, g.sum((0, 2))
