"""Maximum and sum over windows, and their adjoints.

Stands on `window`: the loop over kernel offsets that also makes a convolution. Where the maximum
sits is kept as the number of its kernel offset; scattering to that place (`max_unpool`) and
reading from it (`max_pick`) are each other's derivative, as `sum_pool` and `sum_unpool` are.

The loop runs over one block of output rows at a time, which stays in the cache from the first
offset to the last, and blocks are shared out among threads. Results lie in memory as inputs do:
channels last if these are.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from nnscratch.backend import Array, array_module
from nnscratch.host import memory, parallel
from nnscratch.kernels.window import Size, Window, pad

HOST_BLOCK = 2**22  # bytes of input at a time: few, large steps hand Python's lock over seldom
GPU_BLOCK = 2**40  # a GPU takes all at once

Block = tuple[slice, int, int]  # images, first output row, past the last one


def max_pool(x: Array, window: Window) -> tuple[Array, Array]:
    """x (N, C, *in) -> the maxima (N, C, *out), and the number of the kernel offset of each.

    Padding counts as −inf, the first maximum wins, NaN passes through.
    """
    xp = array_module(x)
    shape = (*x.shape[:2], *window.out_size(x.shape[2:]))
    first = _first_inside(x, window, shape[2:])
    x = _pad(x, window, -np.inf)
    y = _like(x, shape, x.dtype)
    winner = _like(x, shape, np.min_scalar_type(math.prod(window.size)))

    def some(block: Block) -> None:
        best, number = _rows(y, block), _rows(winner, block)
        views = [x[view] for view in _views(window, shape[2:], block)]
        best[...] = views[0]
        number[...] = 0 if first is None else first[:, :, block[1] : block[2]]
        better = _scratch("better", best, bool)
        candidate = _scratch("candidate", best, number.dtype)
        for k, seen in enumerate(views[1:], 1):
            # numbers grow, so the last offset to do better is the largest that did
            xp.greater(seen, best, out=better)
            xp.multiply(better, number.dtype.type(k), out=candidate)
            xp.maximum(number, candidate, out=number)
            xp.maximum(best, seen, out=best)
        if _has_nan(best):
            _let_nan_win(views, number)

    _each_block(some, x, shape, window)
    return y, winner


def _first_inside(x: Array, window: Window, out_size: Size) -> Array | None:
    """The number of each output's first kernel offset that is no padding (1, 1, *out).

    The maximum sits there where all that a window sees is −inf. None: always the first offset.
    """
    if not any(map(any, window.padding)):
        return None
    xp = array_module(x)
    inside = pad(xp.ones((1, 1, *x.shape[2:]), dtype=bool), window.padding, False)
    first = xp.zeros((1, 1, *out_size), dtype=int)
    for number, (_, view) in reversed(list(enumerate(window.views(out_size)))):
        first = xp.where(inside[view], number, first)
    return first


def _has_nan(y: Array) -> bool:
    return bool((y != y).any())  # NaN is the one value unequal to itself


def _let_nan_win(views: list, number: Array) -> None:
    """Of several NaN the last: no comparison could tell them."""
    for k, seen in enumerate(views):
        number[seen != seen] = k


def max_unpool(g: Array, winner: Array, window: Window, in_size: Size) -> Array:
    """Each g (N, C, *out) added where its maximum sat -> (N, C, *in)."""

    if g.strides != tuple(g.itemsize // winner.itemsize * s for s in winner.strides):
        laid = _like(winner, g.shape, g.dtype)  # from here on down as the forward pass lay
        laid[...] = g
        g = laid

    xp = array_module(g)
    finite = bool(xp.isfinite(g.sum()))

    def share(k: int, block: Block, some: Array, out: Array) -> None:
        mask = _scratch("mask", some, bool)
        xp.equal(_rows(winner, block), k, out=mask)
        if finite:
            xp.multiply(some, mask, out=out)
        else:  # ten times as slow
            out[...] = xp.where(mask, some, 0)

    return _unpool(g, window, in_size, share)


def max_pick(x: Array, winner: Array, window: Window) -> Array:
    """x (N, C, *in) read where each maximum sat -> (N, C, *out): the adjoint of max_unpool."""
    xp = array_module(x)
    x = _pad(x, window, 0)
    y = _like(winner, winner.shape, x.dtype)

    def some(block: Block) -> None:
        picked, number = _rows(y, block), _rows(winner, block)
        picked[...] = 0
        for k, view in enumerate(_views(window, winner.shape[2:], block)):
            picked[...] = xp.where(number == k, x[view], picked)

    _each_block(some, x, winner.shape, window)
    return y


def sum_pool(x: Array, window: Window) -> Array:
    """The sum over each window: x (N, C, *in) -> (N, C, *out)."""
    x = _pad(x, window, 0)
    if not _overlaps(window):
        return _sum(x, replace(window, padding=_NONE * len(window.size)))
    rows, others = _in_turn(window)
    return _sum(_sum(x, rows), others)


def _sum(x: Array, window: Window) -> Array:
    """The sum over each window, without padding."""
    shape = (*x.shape[:2], *window.out_size(x.shape[2:]))
    y = _like(x, shape, x.dtype)

    def some(block: Block) -> None:
        total = _rows(y, block)
        for k, view in enumerate(_views(window, shape[2:], block)):
            if k == 0:
                total[...] = x[view]
            else:
                total += x[view]

    _each_block(some, x, shape, window)
    return y


def sum_unpool(g: Array, window: Window, in_size: Size) -> Array:
    """Each g (N, C, *out) added to all its window -> (N, C, *in): the adjoint of sum_pool."""
    if not _overlaps(window):
        return _unpool(g, window, in_size)
    rows, others = _in_turn(window)
    padded = window.padded_size(in_size)
    wide = _unpool(g, others, (g.shape[2], *padded[1:]))
    return _unpool(wide, rows, padded)[window.crop(in_size)]


_NONE = ((0, 0),)


def _overlaps(window: Window) -> bool:
    """Whether an input lies in windows side by side, on more than one axis."""
    pairs = zip(window.size, window.stride, strict=True)
    return len(window.size) > 1 and any(k > s for k, s in pairs)


def _in_turn(window: Window) -> tuple[Window, Window]:
    """The window along the first axis alone, and along the others; both without padding.

    A sum over a box is the sum, along one axis, of sums along the others: 3 + 3 terms, not 9.
    """
    ones, none = (1,) * (len(window.size) - 1), _NONE * len(window.size)
    size, stride, gaps = window.size, window.stride, window.dilation
    rows = Window((size[0], *ones), (stride[0], *ones), none, (gaps[0], *ones))
    return rows, Window((1, *size[1:]), (1, *stride[1:]), none, (1, *gaps[1:]))


def _unpool(
    g: Array, window: Window, in_size: Size, share: Callable[..., None] | None = None
) -> Array:
    """Each g, or what share(k, block, g, out) makes of it, added at offset k of its window."""
    padded = window.padded_size(in_size)
    x = _like(g, (*g.shape[:2], *padded), g.dtype)
    tiled = _is_tiling(window, padded, g.shape[2:])
    if not tiled:
        x[...] = 0

    def some(block: Block) -> None:
        given = _rows(g, block)
        for k, view in enumerate(_views(window, g.shape[2:], block)):
            if share is not None and tiled:
                share(k, block, given, x[view])
            elif share is not None:
                part = _scratch("part", given, given.dtype)
                share(k, block, given, part)
                x[view] += part
            elif tiled:
                x[view] = given
            else:
                x[view] += given

    _each_block(some, x, g.shape, window, apart=not tiled)
    return x[window.crop(in_size)]


def _is_tiling(window: Window, padded: Size, out_size: Size) -> bool:
    """Whether each input lies in exactly one window."""
    covered = tuple(k * n for k, n in zip(window.size, out_size, strict=True))
    return window.size == window.stride == window.span and covered == padded


def _each_block(
    function: Callable[[Block], None], x: Array, shape: Size, window: Window, apart: bool = False
) -> None:
    """function(block) for blocks that make up outputs of `shape` (N, C, *out).

    apart: blocks side by side write to the same inputs, so only every other one at a time
    """
    if array_module(x) is not np:
        function((slice(None), 0, shape[2]))
        return
    blocks = list(_blocks(x.nbytes // max(1, shape[0] * shape[2]), shape, window.span[0]))
    turns = (blocks[0::2], blocks[1::2]) if apart else (blocks,)
    for turn in turns:
        parallel.each(function, turn)


def _blocks(row_bytes: int, shape: Size, least: int) -> Iterator[Block]:
    """Blocks of about HOST_BLOCK bytes: whole images, or at least `least` rows of one."""
    n, rows = shape[0], shape[2]
    fit = max(1, HOST_BLOCK // max(1, row_bytes))
    if fit >= rows:
        images = fit // rows
        for first in range(0, n, images):
            yield slice(first, first + images), 0, rows
        return
    fit = max(fit, least)
    for image in range(n):
        for first in range(0, rows, fit):
            yield slice(image, image + 1), first, min(rows, first + fit)


def _rows(y: Array, block: Block) -> Array:
    images, first, last = block
    return y[images, :, first:last]


def _views(window: Window, out_size: Size, block: Block) -> Iterator[tuple]:
    """For each kernel offset the slices of the padded input that the outputs of a block see."""
    images, first, last = block
    for _, (_, rows, *others) in window.views((last - first, *out_size[1:])):
        start = first * window.stride[0]
        moved = slice(rows.start + start, rows.stop + start, rows.step)
        yield (images, slice(None), moved, *others)


def _like(x: Array, shape: Size, dtype: Any) -> Array:
    """An array (N, C, *size) to be filled, channels last in memory if those of x are."""
    xp = array_module(x)
    make = memory.result if xp is np else xp.empty
    if x.ndim > 2 and x.strides[1] == x.itemsize and x.shape[1] > 1:
        return xp.moveaxis(make((shape[0], *shape[2:], shape[1]), dtype), -1, 1)
    return make(shape, dtype)


def _scratch(name: str, x: Array, dtype: Any) -> Array:
    """An array for intermediate results, laid out as x is."""
    xp = array_module(x)
    return memory.scratch_like(name, x, dtype) if xp is np else xp.empty_like(x, dtype=dtype)


def _pad(x: Array, window: Window, value: float) -> Array:
    """x (N, C, *in) with `value` around it, laid out as x is; x itself if there is none."""
    if not any(map(any, window.padding)):
        return x
    padded = _like(x, (*x.shape[:2], *window.padded_size(x.shape[2:])), x.dtype)
    padded[...] = value
    padded[window.crop(x.shape[2:])] = x
    return padded
