"""Convolution and its transpose in 1D, 2D and 3D, one N-dimensional function behind each.

Stands on `tensor` (the graph) and `kernels` (the arrays).
"""

from dataclasses import replace
from typing import Any

import numpy as np

from nnscratch import kernels
from nnscratch.backend import Array, array_module
from nnscratch.functional.shape import pad
from nnscratch.kernels import Size, Window
from nnscratch.tensor import Edge, Tensor, as_tensor


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """1-D cross-correlation (the kernel is not flipped).

    x (N, C_in, L), weight (C_out, C_in/groups, k) -> (N, C_out, L')
    L' = floor((L + before + after − dilation·(k − 1) − 1) / stride) + 1.
    padding: an int, a tuple, "same", "valid" or pairs ((before, after), ...)
    """
    return _conv(1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """2-D cross-correlation (the kernel is not flipped).

    x (N, C_in, H, W), weight (C_out, C_in/groups, kH, kW) -> (N, C_out, H', W')
    H' = floor((H + before + after − dilation·(kH − 1) − 1) / stride) + 1, same for W'.
    padding: an int, a tuple, "same", "valid" or pairs ((before, after), ...)
    """
    return _conv(2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """3-D cross-correlation (the kernel is not flipped).

    x (N, C_in, D, H, W), weight (C_out, C_in/groups, *k) -> (N, C_out, *out)
    out = floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1 on each axis.
    padding: an int, a tuple, "same", "valid" or pairs ((before, after), ...)
    """
    return _conv(3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The adjoint of conv1d.

    x (N, C_in, L), weight (C_in, C_out/groups, k) -> (N, C_out, L')
    L' = (L − 1)·stride − before − after + dilation·(k − 1) + 1 + output_padding.
    """
    return _conv_transpose(1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The adjoint of conv2d.

    x (N, C_in, H, W), weight (C_in, C_out/groups, kH, kW) -> (N, C_out, H', W')
    H' = (H − 1)·stride − before − after + dilation·(kH − 1) + 1 + output_padding, same for W'.
    """
    return _conv_transpose(2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The adjoint of conv3d.

    x (N, C_in, D, H, W), weight (C_in, C_out/groups, *k) -> (N, C_out, *out)
    out = (in − 1)·stride − before − after + dilation·(k − 1) + 1 + output_padding on each axis.
    """
    return _conv_transpose(3, x, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv(
    ndim: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    caller = f"conv{ndim}d"
    x, weight = as_tensor(x), as_tensor(weight)
    _check_ranks(caller, ndim, x, weight)
    out_channels, in_channels = weight.shape[:2]
    _check_groups(caller, groups, out_channels, "out")
    if x.shape[1] != in_channels * groups:
        raise ValueError(
            f"{caller}: x has {x.shape[1]} channels but weight expects {in_channels * groups}: "
            f"x {x.shape}, weight {weight.shape}, groups {groups}"
        )
    window = kernels.window(caller, ndim, weight.shape[2:], stride, padding, dilation)
    window.check(caller, x.shape[2:])
    return _correlate(x, weight, window, groups, _bias(caller, bias, out_channels))


def _conv_transpose(
    ndim: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    caller = f"conv_transpose{ndim}d"
    x, weight = as_tensor(x), as_tensor(weight)
    _check_ranks(caller, ndim, x, weight)
    _check_groups(caller, groups, weight.shape[0], "in")
    if x.shape[1] != weight.shape[0]:
        raise ValueError(
            f"{caller}: x has {x.shape[1]} channels but weight expects {weight.shape[0]}: "
            f"x {x.shape}, weight {weight.shape}"
        )
    window = kernels.window(caller, ndim, weight.shape[2:], stride, padding, dilation)
    extra = kernels.as_tuple(caller, "output_padding", output_padding, ndim)
    if any(e >= max(s, d) for e, s, d in zip(extra, window.stride, window.dilation, strict=True)):
        raise ValueError(
            f"{caller}: output_padding must be smaller than the stride or the dilation: "
            f"output_padding {extra}, stride {window.stride}, dilation {window.dilation}"
        )
    # Of output_padding, first what padding would cut off again, ...
    saved = [min(e, after) for e, (_, after) in zip(extra, window.padding, strict=True)]
    pairs = zip(window.padding, saved, strict=True)
    window = replace(window, padding=tuple((before, after - s) for (before, after), s in pairs))
    extra = tuple(e - s for e, s in zip(extra, saved, strict=True))
    # ... then inputs of the convolution that no window sees, less than a stride on each axis, ...
    unseen = [min(e, s - 1) for e, s in zip(extra, window.stride, strict=True)]
    size = tuple(n + u for n, u in zip(window.in_size(x.shape[2:]), unseen, strict=True))
    if min(size) < 1:
        raise ValueError(
            f"{caller}: the output would be of size {size}: x {x.shape}, weight {weight.shape}, "
            f"padding {window.padding}; use less padding"
        )
    y = _correlate_input(x, weight, window, size, groups)
    # ... and zeros for the rest.
    y = pad(y, [(0, e - u) for e, u in zip(extra, unseen, strict=True)])
    bias = _bias(caller, bias, y.shape[1])
    return y if bias is None else y + bias.reshape(-1, *(1,) * ndim)


# Three maps, each linear in both arguments; the derivatives of one are the other two.


def _correlate(
    x: Tensor, weight: Tensor, window: Window, groups: int, bias: Tensor | None = None
) -> Tensor:
    in_size = x.shape[2:]
    a, b, *c = _same_library(x, weight, *([] if bias is None else [bias]))
    a = kernels.laid_out(a, groups)

    def grad_x(g: Tensor, y: Tensor) -> Tensor:
        return _correlate_input(_lay_out(g, groups), weight, window, in_size, groups)

    def grad_weight(g: Tensor, y: Tensor) -> Tensor:
        return _correlate_weight(x, _lay_out(g, groups), window, groups, a)

    edges: list[Edge] = [(x, grad_x), (weight, grad_weight)]
    if bias is not None:
        edges.append((bias, lambda g, y: _channel_sums(_lay_out(g, groups))))
    return Tensor.from_op("conv", kernels.conv(a, b, window, groups, *c), *edges)


def _channel_sums(g: Tensor) -> Tensor:
    """(N, C, *size) -> (C,); the way back is to give every position its channel's gradient."""
    shape = g.shape

    def grad_g(h: Tensor, y: Tensor) -> Tensor:
        return h.reshape(-1, *(1,) * (len(shape) - 2)).broadcast_to(shape)

    return Tensor.from_op("channel_sums", kernels.channel_sums(g.data), (g, grad_g))


def _lay_out(g: Tensor, groups: int) -> Tensor:
    """g, its memory put into the order of the kernels once and for all edges."""
    g.data = kernels.laid_out(g.data, groups)
    return g


def _correlate_input(
    g: Tensor, weight: Tensor, window: Window, in_size: Size, groups: int
) -> Tensor:
    a, b = _same_library(g, weight)
    return Tensor.from_op(
        "conv_input",
        kernels.conv_input(a, b, window, in_size, groups),
        (g, lambda h, y: _correlate(h, weight, window, groups)),
        (weight, lambda h, y: _correlate_weight(h, g, window, groups)),
    )


def _correlate_weight(
    x: Tensor, g: Tensor, window: Window, groups: int, laid_out: Array | None = None
) -> Tensor:
    """laid_out: the array of x in the kernels' order, where it is at hand."""
    in_size = x.shape[2:]
    a, b = _same_library(x, g)
    a = a if laid_out is None or laid_out.dtype != a.dtype else laid_out
    return Tensor.from_op(
        "conv_weight",
        kernels.conv_weight(a, b, window, groups),
        (x, lambda h, y: _correlate_input(g, h, window, in_size, groups)),
        (g, lambda h, y: _correlate(x, h, window, groups)),
    )


def _same_library(*tensors: Tensor) -> list[Array]:
    """The arrays of `tensors`, in the dtype that NumPy promotes them to."""
    array_module(*(x.data for x in tensors))
    dtype = np.result_type(*(x.dtype for x in tensors))
    return [x.data.astype(dtype, copy=False) for x in tensors]


def _check_ranks(caller: str, ndim: int, x: Tensor, weight: Tensor) -> None:
    for name, tensor, axes in (("x", x, "N, C"), ("weight", weight, "C_out, C_in")):
        if tensor.ndim != ndim + 2:
            raise ValueError(
                f"{caller}: expected {name} of rank {ndim + 2} ({axes}, and {ndim} of size), got "
                f"shape {tensor.shape}; add the missing axes with reshape or expand_dims"
            )
        if 0 in tensor.shape[2:]:
            raise ValueError(
                f"{caller}: expected {name} with at least one element on each axis of size, got "
                f"shape {tensor.shape}"
            )


def _check_groups(caller: str, groups: int, channels: int, side: str) -> None:
    if not hasattr(groups, "__index__") or groups < 1 or channels % groups:
        raise ValueError(
            f"{caller}: groups must be a whole number that divides the {channels} {side} channels, "
            f"got {groups}"
        )


def _bias(caller: str, bias: Any, channels: int) -> Tensor | None:
    """The checked bias (C_out,), if there is one."""
    if bias is None:
        return None
    bias = as_tensor(bias)
    if bias.shape != (channels,):
        raise ValueError(f"{caller}: expected bias of shape {(channels,)}, got {bias.shape}")
    return bias
