"""Convolution by definition: one product of matrices for each kernel offset.

Stands on `window`. Through kernel offset o all outputs see one shifted slice X of the padded
input, and the weights at o are a matrix W. Summed over the offsets,

    conv          Y   += W · X        what the outputs are
    conv_input    X'  += Wᵀ · Y'      how the inputs weigh in the outputs
    conv_weight   W'  += Y' · Xᵀ      how the weights weigh in the outputs

one contraction read in three directions. Each of the three is linear in both arguments, and its
two derivatives are the other two. This file is what every faster way must agree with.

Source: Dumoulin and Visin 2016 (arXiv:1603.07285), relationships 6 and 14.
"""

import math

from nnscratch.backend import Array, array_module
from nnscratch.kernels.window import Size, Window, pad


def conv(x: Array, weight: Array, window: Window, groups: int, bias: Array | None = None) -> Array:
    """x (N, C_in, *in), weight (C_out, C_in/groups, *kernel) -> (N, C_out, *out)."""
    out_size = window.out_size(x.shape[2:])
    x = pad(x, window.padding)
    y = array_module(x).zeros(
        (len(x), groups, len(weight) // groups, math.prod(out_size)), dtype=x.dtype
    )
    for offset, view in window.views(out_size):
        y += _at(weight, offset, groups) @ _positions_last(x[view], groups)
    if bias is not None:
        y += bias.reshape(groups, -1, 1)
    return y.reshape(len(x), len(weight), *out_size)  # (N, G, C_out/G, P) -> (N, C_out, *out)


def conv_input(g: Array, weight: Array, window: Window, in_size: Size, groups: int) -> Array:
    """The adjoint of `conv` in x: g (N, C_out, *out) -> (N, C_in, *in)."""
    out_size = g.shape[2:]
    in_channels = groups * weight.shape[1]
    x = array_module(g).zeros((len(g), in_channels, *window.padded_size(in_size)), dtype=g.dtype)
    columns = _positions_last(g, groups)
    for offset, view in window.views(out_size):
        seen = _at(weight, offset, groups).swapaxes(1, 2) @ columns
        # (N, G, C_in/G, P) -> (N, C_in, *out)
        x[view] += seen.reshape(len(g), in_channels, *out_size)
    return x[window.crop(in_size)]


def conv_weight(x: Array, g: Array, window: Window, groups: int) -> Array:
    """The adjoint of `conv` in weight: x, g (N, C_out, *out) -> (C_out, C_in/groups, *kernel)."""
    out_size = g.shape[2:]
    in_channels, out_channels = x.shape[1] // groups, g.shape[1]
    x = pad(x, window.padding)
    weight = array_module(x).zeros((out_channels, in_channels, *window.size), dtype=x.dtype)
    columns = _positions_last(g, groups)
    for offset, view in window.views(out_size):
        # (N, G, C_out/G, P) @ (N, G, P, C_in/G), summed over the batch
        product = (columns @ _positions_last(x[view], groups).swapaxes(2, 3)).sum(axis=0)
        weight[(..., *offset)] = product.reshape(out_channels, in_channels)
    return weight


def _at(weight: Array, offset: Size, groups: int) -> Array:
    """(C_out, C_in/G, *kernel) at `offset` -> (G, C_out/G, C_in/G)."""
    return weight[(..., *offset)].reshape(groups, -1, weight.shape[1])


def _positions_last(x: Array, groups: int) -> Array:
    """(N, C, *size) -> (N, G, C/G, P)."""
    return x.reshape(len(x), groups, x.shape[1] // groups, math.prod(x.shape[2:]))
