"""Pooling in 1D, 2D and 3D, one N-dimensional function behind each kind.

Stands on `tensor` (the graph) and `kernels` (the arrays).
"""

import math
from dataclasses import replace
from typing import Any

from nnscratch import kernels
from nnscratch.backend import Array, array_module
from nnscratch.kernels import Size, Window, Winners
from nnscratch.tensor import Tensor, as_tensor, concatenate


def max_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The maximum over windows: x (N, C, L) -> (N, C, L').

    Padding counts as −inf; the first maximum wins and gets all of the gradient.
    """
    return _max_pool(1, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The maximum over windows: x (N, C, H, W) -> (N, C, H', W').

    Padding counts as −inf; the first maximum wins and gets all of the gradient.
    """
    return _max_pool(2, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The maximum over windows: x (N, C, D, H, W) -> (N, C, *out).

    Padding counts as −inf; the first maximum wins and gets all of the gradient.
    """
    return _max_pool(3, x, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean over windows: x (N, C, L) -> (N, C, L')."""
    return _avg_pool(1, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean over windows: x (N, C, H, W) -> (N, C, H', W')."""
    return _avg_pool(2, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool3d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean over windows: x (N, C, D, H, W) -> (N, C, *out)."""
    return _avg_pool(3, x, kernel_size, stride, padding, ceil_mode, count_include_pad)


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Tensor:
    """The mean over `output_size` near-equal windows: x (N, C, L) -> (N, C, L'); 1 is global."""
    return _adaptive_avg_pool(1, x, output_size)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Tensor:
    """The mean over near-equal windows: x (N, C, H, W) -> (N, C, *output_size); 1 is global."""
    return _adaptive_avg_pool(2, x, output_size)


def adaptive_avg_pool3d(x: Any, output_size: Any) -> Tensor:
    """The mean over near-equal windows: x (N, C, D, H, W) -> (N, C, *output_size); 1 is global."""
    return _adaptive_avg_pool(3, x, output_size)


def _pool_window(
    caller: str, ndim: int, x: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> Window:
    if x.ndim != ndim + 2:
        raise ValueError(
            f"{caller}: expected x of rank {ndim + 2} (N, C, and {ndim} of size), got {x.shape}; "
            "add the missing axes with reshape or expand_dims"
        )
    if x.dtype.kind != "f":
        raise TypeError(f"{caller}: expected floats, got {x.dtype}; convert with .astype")
    steps = kernel_size if stride is None else stride
    window = kernels.window(caller, ndim, kernel_size, steps, padding, dilation)
    reach = zip(window.padding, window.span, strict=True)
    if any(max(pair) > span // 2 for pair, span in reach):
        raise ValueError(
            f"{caller}: padding must be at most half the kernel, or a window would see padding "
            f"only: padding {window.padding}, kernel {window.size}, dilation {window.dilation}"
        )
    return window


def _max_pool(
    ndim: int, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Tensor:
    x = as_tensor(x)
    caller = f"max_pool{ndim}d"
    window = _pool_window(caller, ndim, x, kernel_size, stride, padding, dilation)
    window = window.covering(x.shape[2:]) if ceil_mode else window
    window.check(caller, x.shape[2:])
    data, winners = kernels.max_pool(x.data, window)
    in_size = x.shape[2:]
    return Tensor.from_op("max_pool", data, (x, lambda g, y: _unpool(g, winners, window, in_size)))


def _unpool(g: Tensor, winners: Winners, window: Window, in_size: Size) -> Tensor:
    data = kernels.max_unpool(g.data, winners, window, in_size)
    return Tensor.from_op("max_unpool", data, (g, lambda h, y: _pick(h, winners, window)))


def _pick(x: Tensor, winners: Winners, window: Window) -> Tensor:
    in_size = x.shape[2:]
    data = kernels.max_pick(x.data, winners, window)
    return Tensor.from_op("max_pick", data, (x, lambda g, y: _unpool(g, winners, window, in_size)))


def _avg_pool(
    ndim: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
) -> Tensor:
    x = as_tensor(x)
    caller = f"avg_pool{ndim}d"
    window = _pool_window(caller, ndim, x, kernel_size, stride, padding, 1)
    wide = window.covering(x.shape[2:]) if ceil_mode else window
    wide.check(caller, x.shape[2:])
    if wide == window and (count_include_pad or not any(map(any, window.padding))):
        return _sum_pool(x, window, 1 / math.prod(window.size))
    return _sum_pool(x, wide) / Tensor(_counts(x, window, wide, count_include_pad))


def _counts(x: Tensor, window: Window, wide: Window, count_include_pad: bool) -> Array:
    """How many elements each window of `wide` averages, (1, 1, *out); ceil_mode adds none."""
    ones = array_module(x.data).ones((1, 1, *x.shape[2:]), dtype=x.dtype)
    if not count_include_pad:
        return kernels.sum_pool(ones, wide)
    beyond = zip(wide.padding, window.padding, strict=True)
    rest = tuple((0, after - counted) for (_, after), (_, counted) in beyond)
    return kernels.sum_pool(kernels.pad(ones, window.padding, 1), replace(wide, padding=rest))


def _sum_pool(x: Tensor, window: Window, scale: float = 1) -> Tensor:
    in_size = x.shape[2:]
    data = kernels.sum_pool(x.data, window, scale)
    return Tensor.from_op(
        "sum_pool", data, (x, lambda g, y: _sum_unpool(g, window, in_size, scale))
    )


def _sum_unpool(g: Tensor, window: Window, in_size: Size, scale: float) -> Tensor:
    data = kernels.sum_unpool(g.data, window, in_size, scale)
    return Tensor.from_op("sum_unpool", data, (g, lambda h, y: _sum_pool(h, window, scale)))


def _adaptive_avg_pool(ndim: int, x: Any, output_size: Any) -> Tensor:
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
        n = x.shape[axis]
        parts = [
            x[(slice(None),) * axis + (slice(i * n // m, -(-(i + 1) * n // m)),)] for i in range(m)
        ]
        x = concatenate([part.mean(axis, keepdims=True) for part in parts], axis)
    return x
