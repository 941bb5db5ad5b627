"""Pooling in 1D, 2D and 3D, one N-dimensional function behind each kind.

Stands on `tensor` (the graph) and `kernels` (the arrays).
"""

import math
from dataclasses import replace
from typing import Any

from nnscratch import kernels
from nnscratch.backend import Array, array_module
from nnscratch.kernels import Size, Window
from nnscratch.operations import concatenate
from nnscratch.tensor import Tensor, as_tensor

# -- two pairs of linear maps; the derivative of each is the other of its pair ---------------------


def _max_unpool(g: Tensor, winners: Any, window: Window, in_size: Size) -> Tensor:
    """g (N, C, *out) -> (N, C, *in): each gradient added where its maximum was."""
    data = kernels.max_unpool(g.data, winners, window, in_size)
    return Tensor.from_op("max_unpool", data, (g, lambda h: _max_gather(h, winners, window)))


def _max_gather(x: Tensor, winners: Any, window: Window) -> Tensor:
    """x (N, C, *in) -> (N, C, *out): read where each maximum was."""
    in_size = x.shape[2:]
    data = kernels.max_gather(x.data, winners, window)
    return Tensor.from_op(
        "max_gather", data, (x, lambda g: _max_unpool(g, winners, window, in_size))
    )


def _sum_pool(x: Tensor, window: Window, scale: float = 1) -> Tensor:
    """x (N, C, *in) -> (N, C, *out): the sum of each window, times `scale`."""
    in_size = x.shape[2:]
    data = kernels.sum_pool(x.data, window, scale)
    return Tensor.from_op("sum_pool", data, (x, lambda g: _sum_unpool(g, window, in_size, scale)))


def _sum_unpool(g: Tensor, window: Window, in_size: Size, scale: float) -> Tensor:
    """g (N, C, *out) -> (N, C, *in): each gradient, times `scale`, added to its whole window."""
    data = kernels.sum_unpool(g.data, window, in_size, scale)
    return Tensor.from_op("sum_unpool", data, (g, lambda h: _sum_pool(h, window, scale)))


# -- one function for any number of dimensions -----------------------------------------------------


def _max_pool_nd(ndim, x, kernel_size, stride, padding, dilation, ceil_mode) -> Tensor:
    x = as_tensor(x)
    _, window = _windows(
        f"max_pool{ndim}d", x, ndim, kernel_size, stride, padding, dilation, ceil_mode
    )
    data, winners = kernels.max_pool(x.data, window)
    in_size = x.shape[2:]
    return Tensor.from_op("max_pool", data, (x, lambda g: _max_unpool(g, winners, window, in_size)))


def _avg_pool_nd(ndim, x, kernel_size, stride, padding, ceil_mode, count_include_pad) -> Tensor:
    x = as_tensor(x)
    window, wide = _windows(f"avg_pool{ndim}d", x, ndim, kernel_size, stride, padding, 1, ceil_mode)
    if wide == window and (count_include_pad or not any(map(any, window.padding))):
        return _sum_pool(x, window, 1 / math.prod(window.size))
    return _sum_pool(x, wide) / Tensor(_counts(x, window, wide, count_include_pad))


def _windows(
    caller, x, ndim, kernel_size, stride, padding, dilation, ceil_mode
) -> tuple[Window, Window]:
    """The checked window, and the one that pools: with ceil_mode it has more padding behind."""
    if x.ndim != ndim + 2:
        raise ValueError(
            f"{caller}: expected x of rank {ndim + 2} (N, C, and {ndim} of size), got {x.shape}; "
            "add the missing axes with reshape or expand_dims"
        )
    if x.dtype.kind != "f":
        raise TypeError(f"{caller}: expected floats, got {x.dtype}; convert with .astype")
    stride = kernel_size if stride is None else stride
    window = kernels.window(caller, ndim, kernel_size, stride, padding, dilation)
    reach = zip(window.padding, window.span, strict=True)
    if any(max(pair) > span // 2 for pair, span in reach):
        raise ValueError(
            f"{caller}: padding must be at most half the kernel, or a window would see padding "
            f"only: padding {window.padding}, kernel {window.size}, dilation {window.dilation}"
        )
    wide = window.covering(x.shape[2:]) if ceil_mode else window
    wide.check(caller, x.shape[2:])
    if any(d > 1 for d in wide.dilation) and wide.sees_padding_only(x.shape[2:]):
        raise ValueError(
            f"{caller}: a window sees padding only: kernel {window.size}, dilation "
            f"{window.dilation}, padding {window.padding}, input {x.shape[2:]}; use less padding "
            "or dilation"
        )
    return window, wide


def _counts(x: Tensor, window: Window, wide: Window, count_include_pad: bool) -> Array:
    """How many elements each window of `wide` averages, (1, 1, *out); ceil_mode adds none."""
    ones = array_module(x.data).ones((1, 1, *x.shape[2:]), dtype=x.dtype)
    if not count_include_pad:
        return kernels.sum_pool(ones, wide)
    beyond = zip(wide.padding, window.padding, strict=True)
    rest = tuple((0, after - counted) for (_, after), (_, counted) in beyond)
    return kernels.sum_pool(kernels.pad(ones, window.padding, 1), replace(wide, padding=rest))


def _adaptive_avg_pool_nd(ndim: int, x: Any, output_size: Any) -> Tensor:
    """Output i averages the inputs floor(i·n/m) to ceil((i + 1)·n/m), axis by axis."""
    x = as_tensor(x)
    caller = f"adaptive_avg_pool{ndim}d"
    if x.ndim != ndim + 2 or 0 in x.shape[2:]:
        raise ValueError(
            f"{caller}: expected x of rank {ndim + 2} (N, C, and {ndim} of size, each with at "
            f"least one element), got {x.shape}"
        )
    sizes = kernels.as_tuple(caller, "output_size", output_size, ndim, least=1)
    if all(m == 1 for m in sizes):
        return x.mean(tuple(range(2, x.ndim)), keepdims=True)
    for axis, m in enumerate(sizes, start=2):
        n, lead = x.shape[axis], (slice(None),) * axis
        if n % m == 0 and x.dtype.kind == "f":
            window = tuple(n // m if i == axis else 1 for i in range(2, x.ndim))
            x = _avg_pool_nd(ndim, x, window, None, 0, False, True)
            continue
        parts = [x[(*lead, slice(i * n // m, -(-(i + 1) * n // m)))] for i in range(m)]
        x = concatenate([part.mean(axis, keepdims=True) for part in parts], axis)
    return x


# -- the functions ---------------------------------------------------------------------------------


def max_pool1d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False) -> Tensor:
    """The maximum over windows: x (N, C, L) -> (N, C, L').

    Padding counts as −inf; the first maximum wins and gets all of the gradient.
    """
    return _max_pool_nd(1, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False) -> Tensor:
    """The maximum over windows: x (N, C, H, W) -> (N, C, H', W').

    Padding counts as −inf; the first maximum wins and gets all of the gradient.
    """
    return _max_pool_nd(2, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False) -> Tensor:
    """The maximum over windows: x (N, C, D, H, W) -> (N, C, *out).

    Padding counts as −inf; the first maximum wins and gets all of the gradient.
    """
    return _max_pool_nd(3, x, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
) -> Tensor:
    """The mean over windows: x (N, C, L) -> (N, C, L')."""
    return _avg_pool_nd(1, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
) -> Tensor:
    """The mean over windows: x (N, C, H, W) -> (N, C, H', W')."""
    return _avg_pool_nd(2, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool3d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
) -> Tensor:
    """The mean over windows: x (N, C, D, H, W) -> (N, C, *out)."""
    return _avg_pool_nd(3, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def adaptive_avg_pool1d(x, output_size) -> Tensor:
    """The mean over `output_size` near-equal windows: x (N, C, L) -> (N, C, L'); 1 is global."""
    return _adaptive_avg_pool_nd(1, x, output_size)


def adaptive_avg_pool2d(x, output_size) -> Tensor:
    """The mean over near-equal windows: x (N, C, H, W) -> (N, C, *output_size); 1 is global."""
    return _adaptive_avg_pool_nd(2, x, output_size)


def adaptive_avg_pool3d(x, output_size) -> Tensor:
    """The mean over near-equal windows: x (N, C, D, H, W) -> (N, C, *output_size); 1 is global."""
    return _adaptive_avg_pool_nd(3, x, output_size)
