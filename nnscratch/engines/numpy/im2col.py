"""im2col: convolution as one matrix product for each block of output rows.

Stands on `memory`, `parallel` and `products`. Each output sees K·C inputs, where K is the number of
kernel offsets. Copied side by side, they are one row of a matrix, and a convolution is this matrix
times the weights. The whole matrix would be K times as large as the image (576 MiB for the second
layer of VGG at 512×512), so it is built and used in blocks of rows that stay in the cache.

Channels are last in memory, so that the inputs of one kernel row are copied in one piece.

Source: Chellapilla, Puri and Simard 2006, "High Performance Convolutional Neural Networks for
Document Processing", section 2. Differs from the paper: in blocks.
"""

import itertools
import math
from collections.abc import Iterable, Iterator

import numpy as np

from nnscratch.engines.numpy import memory, parallel, products
from nnscratch.kernels.window import Pairs, Size, Window

BLOCK = 2**21  # bytes of a block of the matrix: few, large steps that still fit into a cache
LARGEST_BLOCK = 2**24  # the same with many weights
Block = tuple[slice, slice]  # images, and rows of outputs


def conv(
    x: np.ndarray,
    weight: np.ndarray,
    window: Window,
    groups: int = 1,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """x (N, C_in, *in), weight (C_out, C_in/groups, *kernel) -> (N, C_out, *out)."""
    out_size = window.out_size(x.shape[2:])
    windows = inputs_seen(channels_last(x, window.padding), window, out_size)
    matrices = _matrices(weight, groups)
    y = memory.result((len(x), *out_size, len(weight)), x.dtype)

    def compute(block: Block) -> None:
        rows = y[block].reshape(-1, groups, len(weight) // groups)
        for group, columns in enumerate(_columns(windows[block], window, groups)):
            products.multiply(columns[None], matrices[group][None], rows[:, group][None])
        if bias is not None:
            y[block] += bias

    parallel.each(compute, _blocks(windows, matrices))
    return np.moveaxis(y, -1, 1)


def conv_grad_input(
    g: np.ndarray, weight: np.ndarray, window: Window, in_size: Size, groups: int = 1
) -> np.ndarray:
    """The adjoint of `conv` in x: g (N, C_out, *out) -> (N, C_in, *in)."""
    if is_full_correlation(window):
        return conv(g, _flipped(weight, groups), full_window(window), groups)
    out_size, in_channels = g.shape[2:], groups * weight.shape[1]
    g_last = channels_last(g, ((0, 0),) * len(in_size))
    x = np.zeros((len(g), *window.padded_size(in_size), in_channels), g.dtype)
    windows = inputs_seen(x, window, out_size)
    matrices = _matrices(weight, groups)

    def add(block: Block) -> None:
        rows = g_last[block].reshape(-1, groups, len(weight) // groups)
        by_group = [
            (rows[:, group] @ matrices[group].T).reshape(-1, *window.size, weight.shape[1])
            for group in range(groups)
        ]
        terms = np.concatenate(by_group, axis=-1).reshape(windows[block].shape)
        # windows overlap: a single += over all offsets would keep one of several terms
        for offset in np.ndindex(*window.size):
            windows[block][(..., *offset, slice(None))] += terms[(..., *offset, slice(None))]

    def add_all(blocks: list[Block]) -> None:
        for block in blocks:
            add(block)

    # the blocks of an image overlap, so one thread adds them all
    parallel.each(add_all, _by_image(_blocks(windows, matrices)))
    return np.moveaxis(x, -1, 1)[window.crop(in_size)]


def conv_grad_weight(x: np.ndarray, g: np.ndarray, window: Window, groups: int = 1) -> np.ndarray:
    """The adjoint of `conv` in weight: x, g (N, C_out, *out) -> (C_out, C_in/groups, *kernel)."""
    out_size, out_channels = g.shape[2:], g.shape[1]
    windows = inputs_seen(channels_last(x, window.padding), window, out_size)
    g_last = channels_last(g, ((0, 0),) * len(out_size))
    in_channels = x.shape[1] // groups
    shape = (groups, math.prod(window.size) * in_channels, out_channels // groups)
    zeros = np.zeros(shape, x.dtype)

    def sum_over(blocks: list[Block]) -> np.ndarray:
        matrices = np.zeros_like(zeros)
        for block in blocks:
            rows = g_last[block].reshape(-1, groups, out_channels // groups)
            for group, columns in enumerate(_columns(windows[block], window, groups)):
                matrices[group] += products.summed(columns, rows[:, group])
        return matrices

    blocks = list(_blocks(windows, zeros))
    share = max(1, -(-len(blocks) // parallel.threads()))
    shares = [blocks[i : i + share] for i in range(0, len(blocks), share)]
    matrices = sum(parallel.gather(sum_over, shares), zeros)
    # (G, K·C_in/G, C_out/G) -> (C_out, *kernel, C_in/G) -> (C_out, C_in/G, *kernel)
    weight = matrices.swapaxes(1, 2).reshape(out_channels, *window.size, in_channels)
    return np.ascontiguousarray(np.moveaxis(weight, -1, 1))


def _by_image(blocks: Iterable[Block]) -> list[list[Block]]:
    """One list of blocks for each slice of images."""
    groups = itertools.groupby(blocks, key=lambda block: block[0].start)
    return [list(group) for _, group in groups]


def _matrices(weight: np.ndarray, groups: int) -> np.ndarray:
    """(C_out, C_in/G, *kernel) -> (G, K·C_in/G, C_out/G)."""
    rows = np.moveaxis(weight, 1, -1).reshape(groups, len(weight) // groups, -1)
    return np.ascontiguousarray(rows.swapaxes(1, 2))


def channels_last(x: np.ndarray, padding: Pairs) -> np.ndarray:
    """x (N, C, *size) -> contiguous (N, *padded_size, C), padded with zeros."""
    last = np.moveaxis(x, 1, -1)
    if not any(map(any, padding)):
        return np.ascontiguousarray(last)
    size = tuple(n + a + b for n, (a, b) in zip(x.shape[2:], padding, strict=True))
    padded = memory.result((len(x), *size, x.shape[1]), x.dtype)
    axes = zip(x.shape[2:], padding, strict=True)
    inner = tuple(slice(before, before + n) for n, (before, _) in axes)

    def copy(images: slice) -> None:
        padded[images] = 0
        padded[(images, *inner)] = last[images]

    share = max(1, -(-len(x) // parallel.threads()))
    parallel.each(copy, [slice(i, i + share) for i in range(0, len(x), share)])
    return padded


def inputs_seen(x: np.ndarray, window: Window, out_size: Size) -> np.ndarray:
    """The inputs of each output: x (N, *padded_size, C) -> (N, *out, *kernel, C), a view."""
    steps = x.strides[1:-1]
    strides = (
        x.strides[0],
        *(step * s for step, s in zip(steps, window.stride, strict=True)),
        *(step * d for step, d in zip(steps, window.dilation, strict=True)),
        x.strides[-1],
    )
    shape = (len(x), *out_size, *window.size, x.shape[-1])
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def _columns(windows: np.ndarray, window: Window, groups: int) -> Iterator[np.ndarray]:
    """The matrix (outputs, K·C_in/G) of each group, in scratch memory."""
    channels = windows.shape[-1] // groups
    for start in range(0, windows.shape[-1], channels):
        of_group = windows[..., start : start + channels]
        copy = memory.scratch("columns", of_group.shape, of_group.dtype)
        copy[...] = of_group
        yield copy.reshape(-1, math.prod(window.size) * channels)


def _blocks(windows: np.ndarray, matrices: np.ndarray) -> Iterator[Block]:
    """Slices of the first two axes of `windows`, images and rows.

    Each block reads all weights once, so it holds about twice as many bytes, within bounds.
    """
    n, rows = windows.shape[:2]
    row_bytes = windows[:1, :1].size * windows.itemsize
    block_bytes = max(BLOCK, min(2 * matrices.nbytes, LARGEST_BLOCK))
    rows_at_once = max(1, block_bytes // max(row_bytes, 1))
    images, step = max(1, rows_at_once // rows), min(rows_at_once, rows)
    for first in range(0, n, images):
        for row in range(0, rows, step):
            yield slice(first, first + images), slice(row, row + step)


def is_full_correlation(window: Window) -> bool:
    """Whether conv_grad_input is itself a convolution: stride 1, less padding than kernel."""
    reach = zip(window.padding, window.span, strict=True)
    return all(s == 1 for s in window.stride) and all(max(p) < span for p, span in reach)


def full_window(window: Window) -> Window:
    """The window through which an input sees all outputs that see it."""
    reach = zip(window.padding, window.span, strict=True)
    padding = tuple((span - 1 - before, span - 1 - after) for (before, after), span in reach)
    return Window(window.size, window.stride, padding, window.dilation)


def _flipped(weight: np.ndarray, groups: int) -> np.ndarray:
    """(C_out, C_in/G, *kernel) -> (C_in, C_out/G, *kernel), the kernel reversed along each axis."""
    out_channels, in_channels, *size = weight.shape
    by_group = weight.reshape(groups, out_channels // groups, in_channels, *size)
    flipped = np.flip(by_group.swapaxes(1, 2), tuple(range(3, by_group.ndim)))
    return flipped.reshape(groups * in_channels, out_channels // groups, *size)
