"""Convolution: one matrix product for each kernel offset.

Stands on `window` and `arrays`. Through kernel offset o all outputs see one shifted slice X of the
padded input, and the weights at o are a matrix W. Summed over the offsets,

    conv              Y   += W · X        the outputs
    conv_grad_input   X'  += Wᵀ · Y'      the gradient of the input
    conv_grad_weight  W'  += Y' · Xᵀ      the gradient of the weight

The three are one contraction read in three directions. Each is linear in both arguments, and its
two derivatives are the other two.

Source: Dumoulin and Visin 2016 (arXiv:1603.07285), relationships 6 and 14.
"""

import math

from nnscratch.backend import Array, array_module
from nnscratch.kernels.arrays import in_float32, total
from nnscratch.kernels.dispatch import kernel
from nnscratch.kernels.window import Size, Window, pad


@kernel
def conv(
    x: Array, weight: Array, window: Window, groups: int = 1, bias: Array | None = None
) -> Array:
    """x (N, C_in, *in), weight (C_out, C_in/groups, *kernel), bias (C_out,) -> (N, C_out, *out)."""
    if x.dtype == "float16":
        return in_float32(conv, x, weight, window, groups, bias)
    out_size = window.out_size(x.shape[2:])
    x = pad(x, window.padding)
    shape = (len(x), groups, len(weight) // groups, math.prod(out_size))
    y = array_module(x).zeros(shape, dtype=x.dtype)
    for offset, view in window.views(out_size):
        matrix = weight[(..., *offset)].reshape(groups, -1, weight.shape[1])
        y += matrix @ _columns(x[view], groups)  # (G, C_out/G, C_in/G) @ (N, G, C_in/G, P)
    if bias is not None:
        y += bias.reshape(groups, -1, 1)
    return y.reshape(len(x), len(weight), *out_size)  # (N, G, C_out/G, P) -> (N, C_out, *out)


@kernel
def conv_grad_input(
    g: Array, weight: Array, window: Window, in_size: Size, groups: int = 1
) -> Array:
    """The adjoint of `conv` in x: g (N, C_out, *out) -> (N, C_in, *in)."""
    if g.dtype == "float16":
        return in_float32(conv_grad_input, g, weight, window, in_size, groups)
    shape = (len(g), groups * weight.shape[1], *window.padded_size(in_size))
    x = array_module(g).zeros(shape, dtype=g.dtype)
    columns = _columns(g, groups)
    for offset, view in window.views(g.shape[2:]):
        matrix = weight[(..., *offset)].reshape(groups, -1, weight.shape[1])
        seen = matrix.swapaxes(1, 2) @ columns  # (G, C_in/G, C_out/G) @ (N, G, C_out/G, P)
        x[view] += seen.reshape(x[view].shape)  # (N, G, C_in/G, P) -> (N, C_in, *out)
    return x[window.crop(in_size)]


@kernel
def conv_grad_weight(x: Array, g: Array, window: Window, groups: int = 1) -> Array:
    """The adjoint of `conv` in weight: x, g (N, C_out, *out) -> (C_out, C_in/groups, *kernel)."""
    if x.dtype == "float16":
        return in_float32(conv_grad_weight, x, g, window, groups)
    shape = (g.shape[1], x.shape[1] // groups, *window.size)
    x = pad(x, window.padding)
    weight = array_module(x).zeros(shape, dtype=x.dtype)
    columns = _columns(g, groups)
    for offset, view in window.views(g.shape[2:]):
        # (N, G, C_out/G, P) @ (N, G, P, C_in/G), summed over the batch
        product = total(columns @ _columns(x[view], groups).swapaxes(2, 3), 0)
        weight[(..., *offset)] = product.reshape(shape[:2])
    return weight


def _columns(x: Array, groups: int) -> Array:
    """(N, C, *size) -> (N, G, C/G, P): a column for each position."""
    return x.reshape(len(x), groups, x.shape[1] // groups, math.prod(x.shape[2:]))
