"""Convolution with one kernel for each channel, in blocks that stay in the cache.

Stands on `im2col`, `memory` and `parallel`. There is no product of matrices: for each offset of the
kernel, the inputs that all outputs see through it are multiplied by one weight a channel. The
definition passes over memory for each offset; here a block of rows stays in the cache. Channels are
last in memory, and the weights are repeated along a row, so that NumPy's inner loop is a row.
"""

import math
from typing import Any

import numpy as np

from nnscratch.engines.numpy import im2col, memory, parallel
from nnscratch.kernels.window import Size, Window

PIECE = 2**15  # outputs in a block
Block = tuple[slice, slice]  # images, and rows of outputs


def suits(x: Any, channels: int, out_channels: int, groups: int) -> bool:
    """Whether x is a NumPy array and each of its channels has one kernel."""
    return type(x) is np.ndarray and x.dtype != np.float16 and channels == out_channels == groups


def conv(
    x: np.ndarray,
    weight: np.ndarray,
    window: Window,
    groups: int = 1,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """x (N, C, *in), weight (C, 1, *kernel) -> (N, C, *out)."""
    out_size = window.out_size(x.shape[2:])
    windows = im2col.inputs_seen(im2col.channels_last(x, window.padding), window, out_size)
    rows = _rows(weight, out_size[-1])
    y = memory.result((len(x), *out_size, len(weight)), x.dtype)

    def compute(block: Block) -> None:
        out = y[block]
        out[...] = 0 if bias is None else bias
        term = memory.scratch("term", out.shape, out.dtype)
        for offset in np.ndindex(*window.size):
            out += np.multiply(windows[block][(..., *offset, slice(None))], rows[offset], out=term)

    parallel.each(compute, _blocks(y))
    return np.moveaxis(y, -1, 1)


def conv_grad_input(
    g: np.ndarray, weight: np.ndarray, window: Window, in_size: Size, groups: int = 1
) -> np.ndarray:
    """The adjoint of `conv` in x: g (N, C, *out) -> (N, C, *in)."""
    if im2col.is_full_correlation(window):
        flipped = np.flip(weight, tuple(range(2, weight.ndim)))
        return conv(g, flipped, im2col.full_window(window), groups)
    out_size = g.shape[2:]
    g_last = im2col.channels_last(g, ((0, 0),) * len(in_size))
    x = np.zeros((len(g), *window.padded_size(in_size), len(weight)), g.dtype)
    windows, rows = im2col.inputs_seen(x, window, out_size), _rows(weight, out_size[-1])

    def add(image: int) -> None:  # the blocks of an image overlap, so one thread adds them all
        for block in _blocks(g_last[image : image + 1]):
            out, upstream = windows[image : image + 1][block], g_last[image : image + 1][block]
            term = memory.scratch("term", upstream.shape, g.dtype)
            for offset in np.ndindex(*window.size):
                np.multiply(upstream, rows[offset], out=term)
                out[(..., *offset, slice(None))] += term

    parallel.each(add, range(len(g)))
    return np.moveaxis(x, -1, 1)[window.crop(in_size)]


def conv_grad_weight(x: np.ndarray, g: np.ndarray, window: Window, groups: int = 1) -> np.ndarray:
    """The adjoint of `conv` in weight: x, g (N, C, *out) -> (C, 1, *kernel)."""
    out_size, channels = g.shape[2:], g.shape[1]
    windows = im2col.inputs_seen(im2col.channels_last(x, window.padding), window, out_size)
    g_last = im2col.channels_last(g, ((0, 0),) * len(out_size))

    def sum_over(block: Block) -> np.ndarray:
        upstream = g_last[block]
        term = memory.scratch("term", upstream.shape, g.dtype)
        sums = np.empty((*window.size, channels), np.float64)
        for offset in np.ndindex(*window.size):
            np.multiply(windows[block][(..., *offset, slice(None))], upstream, out=term)
            lines = term.reshape(-1, out_size[-1] * channels).sum(0)
            sums[offset] = lines.reshape(-1, channels).sum(0, dtype=np.float64)
        return sums

    zeros = np.zeros((*window.size, channels), np.float64)
    total = sum(parallel.gather(sum_over, _blocks(g_last)), zeros)
    return np.ascontiguousarray(np.moveaxis(total, -1, 0)[:, None], g.dtype)


def _rows(weight: np.ndarray, width: int) -> np.ndarray:
    """weight (C, 1, *kernel), repeated `width` times -> (*kernel, width, C)."""
    last = np.moveaxis(weight[:, 0], 0, -1)[..., None, :]
    return np.repeat(last, width, axis=-2)


def _blocks(y: np.ndarray) -> list[Block]:
    """Slices of the first two axes of y (N, *out, C), images and rows, of about PIECE outputs.

    A signal is one row.
    """
    step = max(1, PIECE // max(1, math.prod(y.shape[2:]))) if y.ndim > 3 else max(1, y.shape[1])
    return [
        (slice(image, image + 1), slice(row, row + step))
        for image in range(len(y))
        for row in range(0, y.shape[1], step)
    ]
