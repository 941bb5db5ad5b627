"""Convolution as one product of matrices for each block of output rows.

Stands on `window`, `memory`, `parallel` and `products`. Each output sees K·C inputs, K being the
number of kernel offsets; copied side by side they are one row of a matrix, and a convolution is
that matrix times the weights. The whole matrix would be K times the size of the image (576 MiB for
the second layer of VGG at 512×512), so it is made and used a few rows at a time, small enough to
stay in the cache.

Channels lie last in memory here, so that a kernel row of the input is one piece to copy; the
axes that callers see remain N, C, *size.

Source: Chellapilla, Puri and Simard 2006, "High Performance Convolutional Neural Networks for
Document Processing", section 2. Differs from the paper: in blocks.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from nnscratch.backend import Array, array_module
from nnscratch.host import memory, parallel, products
from nnscratch.kernels.window import Pairs, Size, Window

HOST_BLOCK = 2**21  # bytes of columns at a time: few, large steps that still find them in a cache
MOST_BLOCK = 2**24  # the same, where the weights are many
GPU_BLOCK = 2**28  # a GPU wants few, large products


def conv(x: Array, weight: Array, window: Window, groups: int, bias: Array | None = None) -> Array:
    """x (N, C_in, *in), weight (C_out, C_in/groups, *kernel) -> (N, C_out, *out)."""
    out_size = window.out_size(x.shape[2:])
    xp = array_module(x)
    windows = _windows(_channels_last(x, window.padding), window, out_size)
    matrices = _matrices(weight, groups)
    y = _result(xp, (len(x), *out_size, len(weight)), x.dtype)

    def some(block: tuple) -> None:
        rows = y[block].reshape(-1, groups, len(weight) // groups)
        for group, columns in enumerate(_columns(windows[block], window, groups)):
            _product(xp, columns, matrices[group], rows[:, group])
        if bias is not None:
            y[block] += bias

    _each(xp, some, _blocks(windows, matrices))
    return xp.moveaxis(y, -1, 1)


def conv_input(g: Array, weight: Array, window: Window, in_size: Size, groups: int) -> Array:
    """The adjoint of `conv` in x: g (N, C_out, *out) -> (N, C_in, *in)."""
    if _is_full_correlation(window):
        return conv(g, _turned(weight, groups), _full_window(window), groups)
    xp = array_module(g)
    out_size, in_channels = g.shape[2:], groups * weight.shape[1]
    last = _channels_last(g, ((0, 0),) * len(in_size))
    x = xp.zeros((len(g), *window.padded_size(in_size), in_channels), dtype=g.dtype)
    windows = _windows(x, window, out_size)
    matrices = _matrices(weight, groups)

    def one(block: tuple) -> None:
        rows = last[block].reshape(-1, groups, len(weight) // groups)
        seen = xp.concatenate(
            [
                (rows[:, group] @ matrices[group].T).reshape(-1, *window.size, weight.shape[1])
                for group in range(groups)
            ],
            axis=-1,
        ).reshape(windows[block].shape)
        # windows overlap: each offset in turn, as += would lose all but one of them at once
        for offset in np.ndindex(*window.size):
            windows[block][(..., *offset, slice(None))] += seen[(..., *offset, slice(None))]

    def some(blocks: list) -> None:
        for block in blocks:
            one(block)

    _each(xp, some, _by_image(_blocks(windows, matrices)))  # blocks of one image overlap as well
    return xp.moveaxis(x, -1, 1)[window.crop(in_size)]


def conv_weight(x: Array, g: Array, window: Window, groups: int) -> Array:
    """The adjoint of `conv` in weight: x, g (N, C_out, *out) -> (C_out, C_in/groups, *kernel)."""
    out_size, out_channels = g.shape[2:], g.shape[1]
    xp = array_module(x)
    windows = _windows(_channels_last(x, window.padding), window, out_size)
    last = _channels_last(g, ((0, 0),) * len(out_size))
    in_channels = x.shape[1] // groups
    shape = (groups, math.prod(window.size) * in_channels, out_channels // groups)
    nothing = xp.zeros(shape, dtype=x.dtype)

    def some(blocks: list) -> Array:
        matrices = xp.zeros_like(nothing)
        for block in blocks:
            rows = last[block].reshape(-1, groups, out_channels // groups)
            for group, columns in enumerate(_columns(windows[block], window, groups)):
                matrices[group] += _summed_product(xp, columns, rows[:, group])
        return matrices

    blocks = list(_blocks(windows, nothing))
    share = max(1, -(-len(blocks) // parallel.threads()))
    shares = [blocks[i : i + share] for i in range(0, len(blocks), share)]
    sums = parallel.gather(some, shares) if xp is np else [some(blocks)]
    # (G, K·C_in/G, C_out/G) -> (C_out, *kernel, C_in/G) -> (C_out, C_in/G, *kernel)
    matrices = sum(sums, nothing)
    weight = matrices.swapaxes(1, 2).reshape(out_channels, *window.size, in_channels)
    return xp.ascontiguousarray(xp.moveaxis(weight, -1, 1))


def _each(xp: Any, function: Callable, items: Iterable) -> None:
    """On the host in threads; a GPU has its own."""
    if xp is np:
        parallel.each(function, items)
    else:
        for item in items:
            function(item)


def _product(xp: Any, columns: Array, matrix: Array, out: Array) -> None:
    """out = columns @ matrix."""
    if xp is np:
        products.multiply(columns[None], matrix[None], out[None])
    else:
        xp.matmul(columns, matrix, out=out)


def _summed_product(xp: Any, columns: Array, rows: Array) -> Array:
    """columnsᵀ @ rows."""
    return products.summed(columns, rows) if xp is np else columns.T @ rows


def _by_image(blocks: Iterable[tuple[slice, slice]]) -> list[list]:
    """The blocks of each group of images."""
    groups = itertools.groupby(blocks, key=lambda block: block[0].start)
    return [list(group) for _, group in groups]


def _result(xp: Any, shape: Size, dtype: Any) -> Array:
    return memory.result(shape, dtype) if xp is np else xp.empty(shape, dtype)


def _matrices(weight: Array, groups: int) -> Array:
    """(C_out, C_in/G, *kernel) -> (G, K·C_in/G, C_out/G)."""
    xp = array_module(weight)
    rows = xp.moveaxis(weight, 1, -1).reshape(groups, len(weight) // groups, -1)
    return xp.ascontiguousarray(rows.swapaxes(1, 2))


def _channels_last(x: Array, padding: Pairs) -> Array:
    """x (N, C, *size) -> contiguous (N, *padded_size, C) with zeros around it."""
    xp = array_module(x)
    last = xp.moveaxis(x, 1, -1)
    if not any(map(any, padding)):
        return xp.ascontiguousarray(last)
    size = tuple(n + a + b for n, (a, b) in zip(x.shape[2:], padding, strict=True))
    padded = _result(xp, (len(x), *size, x.shape[1]), x.dtype)
    axes = zip(x.shape[2:], padding, strict=True)
    inner = tuple(slice(before, before + n) for n, (before, _) in axes)

    def some(images: slice) -> None:
        padded[images] = 0
        padded[(images, *inner)] = last[images]

    share = max(1, -(-len(x) // parallel.threads()))
    _each(xp, some, [slice(i, i + share) for i in range(0, len(x), share)])
    return padded


def _windows(x: Array, window: Window, out_size: Size) -> Array:
    """x (N, *padded_size, C) -> the inputs of each output (N, *out, *kernel, C), without a copy."""
    steps = x.strides[1:-1]
    strides = (
        x.strides[0],
        *(step * s for step, s in zip(steps, window.stride, strict=True)),
        *(step * d for step, d in zip(steps, window.dilation, strict=True)),
        x.strides[-1],
    )
    shape = (len(x), *out_size, *window.size, x.shape[-1])
    return array_module(x).lib.stride_tricks.as_strided(x, shape, strides)


def _columns(windows: Array, window: Window, groups: int) -> Iterator[Array]:
    """The column matrix (rows, K·C_in/G) of each group."""
    channels = windows.shape[-1] // groups
    for start in range(0, windows.shape[-1], channels):
        part = windows[..., start : start + channels]
        if array_module(part) is np:
            copy = memory.scratch("columns", part.shape, part.dtype)
            copy[...] = part
            part = copy
        yield part.reshape(-1, math.prod(window.size) * channels)


def _blocks(windows: Array, matrices: Array) -> Iterator[tuple[slice, slice]]:
    """Slices of the first two axes of `windows`, each a block of about the wanted size.

    At least as large as the matrices of weights, which are read once a block, but bounded.
    """
    n, rows = windows.shape[:2]
    bytes_a_row = windows[:1, :1].size * windows.itemsize
    least = HOST_BLOCK if array_module(windows) is np else GPU_BLOCK
    wanted = max(least, min(2 * matrices.nbytes, MOST_BLOCK))
    fit = max(1, wanted // max(bytes_a_row, 1))
    items = max(1, fit // rows)
    for first in range(0, n, items):
        for row in range(0, rows, min(fit, rows)):
            yield slice(first, first + items), slice(row, row + min(fit, rows))


def _is_full_correlation(window: Window) -> bool:
    """Whether conv_input is itself a convolution: stride 1 and no more padding than kernel."""
    reach = zip(window.padding, window.span, strict=True)
    return all(s == 1 for s in window.stride) and all(max(p) < span for p, span in reach)


def _full_window(window: Window) -> Window:
    """The window through which an input sees all the outputs that see it."""
    reach = zip(window.padding, window.span, strict=True)
    padding = tuple((span - 1 - before, span - 1 - after) for (before, after), span in reach)
    return Window(window.size, window.stride, padding, window.dilation)


def _turned(weight: Array, groups: int) -> Array:
    """(C_out, C_in/G, *kernel) -> (C_in, C_out/G, *kernel), the kernel reversed along each axis."""
    out_channels, in_channels, *size = weight.shape
    parts = weight.reshape(groups, out_channels // groups, in_channels, *size)
    flipped = parts.swapaxes(1, 2)[(..., *(slice(None, None, -1),) * len(size))]
    return flipped.reshape(groups * in_channels, out_channels // groups, *size)
