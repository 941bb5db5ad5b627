"""Linear maps: the dense layer, convolution in 1D, 2D and 3D, and its transpose.

Stands on `tensor` (the graph) and `kernels` (the arrays).
"""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from nnscratch import kernels
from nnscratch.backend import array_module
from nnscratch.functional.padding import pad
from nnscratch.kernels import Size, Window
from nnscratch.tensor import Edge, Tensor

# -- three linear maps; the derivatives of each are the other two ----------------------------------


def _conv(x: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int) -> Tensor:
    """x (N, C_in, *in), weight (C_out, C_in/groups, *kernel) -> (N, C_out, *out)."""
    in_size = x.shape[2:]
    edges: list[Edge] = [
        (x, lambda g: _conv_grad_input(g, weight, window, in_size, groups)),
        (weight, lambda g: _conv_grad_weight(x, g, window, groups)),
    ]
    if bias is None:
        return Tensor.from_op("conv", kernels.conv(x.data, weight.data, window, groups), *edges)
    y = kernels.conv(x.data, weight.data, window, groups, bias.data)
    return Tensor.from_op("conv", y, *edges, (bias, _channel_sum))


def _conv_grad_input(
    g: Tensor, weight: Tensor, window: Window, in_size: Size, groups: int
) -> Tensor:
    """g (N, C_out, *out) -> (N, C_in, *in)."""
    return Tensor.from_op(
        "conv_grad_input",
        kernels.conv_grad_input(g.data, weight.data, window, in_size, groups),
        (g, lambda h: _conv(h, weight, None, window, groups)),
        (weight, lambda h: _conv_grad_weight(h, g, window, groups)),
    )


def _conv_grad_weight(x: Tensor, g: Tensor, window: Window, groups: int) -> Tensor:
    """x (N, C_in, *in), g (N, C_out, *out) -> (C_out, C_in/groups, *kernel)."""
    in_size = x.shape[2:]
    return Tensor.from_op(
        "conv_grad_weight",
        kernels.conv_grad_weight(x.data, g.data, window, groups),
        (x, lambda h: _conv_grad_input(g, h, window, in_size, groups)),
        (g, lambda h: _conv(x, h, None, window, groups)),
    )


def _channel_sum(g: Tensor) -> Tensor:
    """(N, C, *size) -> (C,): the gradient of a bias."""
    return g.sum((0, *range(2, g.ndim)))


# -- one function for any number of dimensions -----------------------------------------------------


def _conv_nd(ndim, x, weight, bias, stride, padding, dilation, groups) -> Tensor:
    caller = f"conv{ndim}d"
    x, weight, bias, groups = _arguments(caller, ndim, x, weight, bias, groups)
    window = kernels.window(caller, ndim, weight.shape[2:], stride, padding, dilation)
    window.check(caller, x.shape[2:])
    return _conv(x, weight, bias, window, groups)


def _conv_transpose_nd(
    ndim, x, weight, bias, stride, padding, output_padding, groups, dilation
) -> Tensor:
    caller = f"conv_transpose{ndim}d"
    x, weight, bias, groups = _arguments(caller, ndim, x, weight, bias, groups, transposed=True)
    window = kernels.window(caller, ndim, weight.shape[2:], stride, padding, dilation)
    extra = kernels.as_tuple(caller, "output_padding", output_padding, ndim)
    if any(e >= max(s, d) for e, s, d in zip(extra, window.stride, window.dilation, strict=True)):
        raise ValueError(
            f"{caller}: output_padding must be smaller than the stride or the dilation: "
            f"output_padding {extra}, stride {window.stride}, dilation {window.dilation}"
        )
    window, in_size, zeros = _with_output_padding(window, x.shape[2:], extra)
    if min(in_size) < 1:
        raise ValueError(
            f"{caller}: the output would be of size {in_size}: x {x.shape}, weight {weight.shape}, "
            f"padding {window.padding}; use less padding"
        )
    y = pad(_conv_grad_input(x, weight, window, in_size, groups), zeros)
    return y if bias is None else y + bias.reshape(-1, *(1,) * ndim)


def _with_output_padding(
    window: Window, out_size: Size, extra: Size
) -> tuple[Window, Size, list[tuple[int, int]]]:
    """The window, the size of the output before padding with zeros, and those zeros.

    Each axis gets its `extra` positions in three steps: 1. padding that would be cut off stays;
    2. inputs of the convolution that no window sees, less than a stride, are added; 3. zeros.
    """
    padding, in_size, zeros = [], [], []
    pairs = zip(window.padding, extra, window.stride, window.in_size(out_size), strict=True)
    for (before, after), positions, stride, size in pairs:
        kept = min(positions, after)
        unseen = min(positions - kept, stride - 1)
        padding.append((before, after - kept))
        in_size.append(size + kept + unseen)
        zeros.append((0, positions - kept - unseen))
    return replace(window, padding=tuple(padding)), tuple(in_size), zeros


def _arguments(
    caller: str, ndim: int, x: Any, weight: Any, bias: Any, groups: Any, transposed: bool = False
) -> tuple[Tensor, Tensor, Tensor | None, int]:
    """The checked arguments; weight (C_out, C_in/G, *kernel), transposed (C_in, C_out/G, ...)."""
    x, weight, bias = promoted(caller, x, weight, bias)
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
    first, second = weight.shape[:2]
    if not hasattr(groups, "__index__") or groups < 1 or first % groups:
        raise ValueError(
            f"{caller}: groups must be a whole number that divides the {first} "
            f"{'in' if transposed else 'out'} channels, got {groups}"
        )
    groups = int(groups)
    expected, out = (first, second * groups) if transposed else (second * groups, first)
    if x.shape[1] != expected:
        raise ValueError(
            f"{caller}: x has {x.shape[1]} channels but weight expects {expected}: "
            f"x {x.shape}, weight {weight.shape}, groups {groups}"
        )
    if bias is not None and bias.shape != (out,):
        raise ValueError(f"{caller}: expected bias of shape {(out,)}, got {bias.shape}")
    return x, weight, bias, groups


def promoted(caller: str, *values: Any) -> list:
    """Tensors of one dtype, to which NumPy promotes those that hold floats; None stays None.

    Warns where float64 meets float32, once for each function: all that follows is then computed in
    float64, in twice the time.
    """
    tensors = [v if v is None or isinstance(v, Tensor) else Tensor(v) for v in values]
    present = [x for x in tensors if x is not None]
    array_module(*(x.data for x in present))  # TypeError if their libraries differ
    floats = [x.dtype for x in present if x.dtype.kind == "f"]
    dtype = np.result_type(*(floats or [np.float32]))
    if dtype == np.float64 and np.float32 in floats:
        names = ", ".join(f"{x.dtype} {x.shape}" for x in present)
        warnings.warn(
            f"{caller}: float64 meets float32 ({names}), and float64 computes all that follows; "
            "convert with .astype(np.float32)",
            stacklevel=5,
        )
    return [x if x is None or x.dtype == dtype else x.astype(dtype) for x in tensors]


# -- the functions ---------------------------------------------------------------------------------


def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """1-D cross-correlation (the kernel is not flipped).

    x (N, C_in, L), weight (C_out, C_in/groups, k) -> (N, C_out, L')
    L' = floor((L + before + after − dilation·(k − 1) − 1) / stride) + 1.
    padding: an int, a tuple, "same", "valid" or pairs ((before, after), ...)
    """
    return _conv_nd(1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """2-D cross-correlation (the kernel is not flipped).

    x (N, C_in, H, W), weight (C_out, C_in/groups, kH, kW) -> (N, C_out, H', W')
    H' = floor((H + before + after − dilation·(kH − 1) − 1) / stride) + 1, same for W'.
    padding: an int, a tuple, "same", "valid" or pairs ((before, after), ...)
    """
    return _conv_nd(2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups: int = 1) -> Tensor:
    """3-D cross-correlation (the kernel is not flipped).

    x (N, C_in, D, H, W), weight (C_out, C_in/groups, *k) -> (N, C_out, *out)
    out = floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1 on each axis.
    padding: an int, a tuple, "same", "valid" or pairs ((before, after), ...)
    """
    return _conv_nd(3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1, dilation=1
) -> Tensor:
    """The adjoint of conv1d.

    x (N, C_in, L), weight (C_in, C_out/groups, k) -> (N, C_out, L')
    L' = (L − 1)·stride − before − after + dilation·(k − 1) + 1 + output_padding.
    """
    return _conv_transpose_nd(1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1, dilation=1
) -> Tensor:
    """The adjoint of conv2d.

    x (N, C_in, H, W), weight (C_in, C_out/groups, kH, kW) -> (N, C_out, H', W')
    H' = (H − 1)·stride − before − after + dilation·(kH − 1) + 1 + output_padding, same for W'.
    """
    return _conv_transpose_nd(2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x, weight, bias=None, stride=1, padding=0, output_padding=0, groups: int = 1, dilation=1
) -> Tensor:
    """The adjoint of conv3d.

    x (N, C_in, D, H, W), weight (C_in, C_out/groups, *k) -> (N, C_out, *out)
    out = (in − 1)·stride − before − after + dilation·(k − 1) + 1 + output_padding on each axis.
    """
    return _conv_transpose_nd(3, x, weight, bias, stride, padding, output_padding, groups, dilation)


def linear(x, weight, bias=None) -> Tensor:
    """x (..., in), weight (out, in), bias (out,) -> (..., out)."""
    x, weight, bias = promoted("linear", x, weight, bias)
    if weight.ndim != 2:
        raise ValueError(f"linear: expected weight (out, in), got {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: expected bias of shape {weight.shape[:1]}, got {bias.shape}")
    if x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: the last axis of x must be {weight.shape[1]} long: x {x.shape}, "
            f"weight {weight.shape}; flatten images first"
        )
    y = x @ weight.T
    return y if bias is None else y + bias
