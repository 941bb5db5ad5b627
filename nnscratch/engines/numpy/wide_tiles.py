"""Tiles whose pixels differ so much in size that Winograd's transforms would spoil small outputs.

Stands on NumPy alone. The transforms add all pixels of a tile, so the rounding error of an output
is relative to the largest of them, also where the output does not see it. `winograd` computes the
tiles found here by im2col.
"""

import functools
import itertools
from typing import Any

import numpy as np

from nnscratch.kernels.window import Size

# The largest error that a pixel may cause where it is not seen, relative to the pixels seen there.
ERROR = 2.0**-15
Tile = tuple[int, ...]  # image, and the number of the tile along each axis


def find(
    x: np.ndarray, starts: Size, counts: Size, width: int, step: int, per_tile: int
) -> list[Tile]:
    """The tiles whose windows differ too much in size: x (N, *in, C).

    The first window begins at pixel `starts` (negative: in the padding); there are `counts` of
    `width` pixels along each axis, each one pixel after the one before. Tile i has the `per_tile`
    windows from step·i on. The size of a pixel is its norm over the channels; that of a window, the
    largest of its pixels. A tile is wide if the ratio of two sizes is above ERROR/eps (256 in
    float32), or if they are not finite. Windows in the padding do not count, nor, if width is 1,
    pixels that are 0: they make no sum small.
    """
    ranges = [
        inside(start, count + width - 1, size)
        for start, count, size in zip(starts, counts, x.shape[1:-1], strict=True)
    ]
    pixels = x[_part(starts, ranges)]
    if not pixels.size:
        return []
    with np.errstate(over="ignore", invalid="ignore"):
        if _look_even(pixels, width):
            return []
        squares = _squares(pixels)
        if width == 1:
            squares = np.where(squares == 0, -1, squares)
        for axis, (begin, end) in enumerate(ranges, 1):
            squares = _largest(squares, axis, begin, end, counts[axis - 1], width)
        least, most = np.where(squares < 0, np.inf, squares), squares
        for axis, count in enumerate(counts, 1):
            least = _each_tile(np.minimum, least, axis, count, step, per_tile)
            most = _each_tile(np.maximum, most, axis, count, step, per_tile)
        return [tuple(tile) for tile in np.argwhere(~_are_even(least, most)).tolist()]


def _squares(pixels: np.ndarray) -> np.ndarray:
    """The sum of the squares over the channels: (..., C) -> (...)."""
    return (
        np.einsum("...c,...c->...", pixels, pixels)
        if pixels.shape[-1] < 64
        else np.vecdot(pixels, pixels)
    )


def _look_even(pixels: np.ndarray, width: int) -> bool:
    """Whether windows, side by side along the last axis, differ little enough in each image.

    A quick test for the usual case. The size of a run of pixels is its norm, so it may miss a
    pattern of large pixels that has one of them in every window it looks at.
    """
    *lead, count, _ = pixels.shape
    runs = count // width or 1
    squares = _squares(pixels[..., : runs * width, :].reshape(*lead, runs, -1))
    others = _squares(pixels[..., runs * width :, :])
    for axis in range(1, squares.ndim - 1):
        views = squares.shape[axis] - width + 1
        lead_axes = (slice(None),) * axis
        shifted = [
            squares[(*lead_axes, slice(i, i + views))] for i in range(width if views > 0 else 0)
        ]
        squares = functools.reduce(np.maximum, shifted) if shifted else squares
    squares, others = (a.reshape(len(pixels), -1) for a in (squares, others))
    least = squares if width > 1 else np.where(squares == 0, np.inf, squares)
    most = np.maximum(squares.max(1), others.max(1, initial=0))
    return bool(np.all(_are_even(least.min(1), most)))


def _are_even(least: Any, most: Any) -> Any:
    """Whether squares from least to most are finite and differ little enough."""
    limit = float(ERROR / np.finfo(most.dtype).eps) ** 2
    return most - limit * least <= 0  # infinity - infinity is NaN, which is not <= 0


def _largest(
    squares: np.ndarray, axis: int, begin: int, end: int, count: int, width: int
) -> np.ndarray:
    """The largest of `width` neighbours along an axis, `count` times; -1 outside begin..end."""
    lead = (slice(None),) * axis
    shape = (*squares.shape[:axis], count + width - 1, *squares.shape[axis + 1 :])
    padded = np.full(shape, -1, squares.dtype)
    padded[(*lead, slice(begin, end))] = squares
    return functools.reduce(
        np.maximum, [padded[(*lead, slice(i, i + count))] for i in range(width)]
    )


def _each_tile(
    extreme: np.ufunc, sizes: np.ndarray, axis: int, count: int, step: int, per_tile: int
) -> np.ndarray:
    """The extreme of the windows of each tile along an axis; the last tile may have fewer."""
    first = step * np.arange(-(-(count - per_tile) // step) + 1)
    windows = [sizes.take(first + i, axis, mode="clip") for i in range(per_tile)]
    return functools.reduce(extreme, windows)


def patches(x: np.ndarray, tiles: list[Tile], step: int, starts: Size, size: Size) -> np.ndarray:
    """The pixels of T tiles: x (N, *in, C) -> (T, C, *size).

    Tile i begins at pixel `starts` + step·i; pixels outside x are 0.
    """
    result = np.zeros((len(tiles), *size, x.shape[-1]), x.dtype)
    for patch, (image, *index) in zip(result, tiles, strict=True):
        corner = tuple(start + step * i for start, i in zip(starts, index, strict=True))
        ranges = [inside(*axis) for axis in zip(corner, size, x.shape[1:-1], strict=True)]
        target = tuple(itertools.starmap(slice, ranges))
        patch[target] = x[image : image + 1][_part(corner, ranges)][0]
    return np.moveaxis(result, -1, 1)


def _part(starts: Size, ranges: list[tuple[int, int]]) -> tuple[slice, ...]:
    """The index of the ranges, counted from `starts`, in (N, *in, C)."""
    pairs = zip(starts, ranges, strict=True)
    return (slice(None), *(slice(start + a, start + b) for start, (a, b) in pairs))


def inside(position: int, length: int, size: int) -> tuple[int, int]:
    """Which of the `length` pixels from `position` on are inside 0..size."""
    start = min(max(-position, 0), length)
    return start, max(start, min(length, size - position))
