"""Coarse to fine: the sizes of a picture at each scale, and resampling from one to the next.

Stands on NumPy alone. Pictures, signals and volumes (C, *size) go through the same code.
"""

import math
from collections.abc import Callable

import numpy as np

Size = tuple[int, ...]

COARSEST = 128  # longer side in pixels of the first size, where the sizes are not given ...
THINNEST = 32  # ... and the least shorter side


def sizes(size: Size, scales: int | tuple[int, ...] | None) -> list[Size]:
    """The sizes from the coarsest to `size`.

    scales: how many, each √2 times the one before; or the longer sides in pixels; None: as many
    as lead from 128 pixels or more to `size`. Raises ValueError for longer sides that do not grow.
    Source: factor √2 as in Crowson 2021 (style-transfer-pytorch).
    """
    longer = max(size)
    if scales is None:
        first = max(COARSEST, THINNEST * longer / min(size))
        scales = 1 + max(0, math.floor(2 * math.log2(longer / first) + 1e-9))
    if isinstance(scales, int):
        sides = [round(longer * 2 ** (-k / 2)) for k in reversed(range(scales))]
    else:
        sides = [*scales] if scales[-1:] == (longer,) else [*scales, longer]
    if sides != sorted(set(sides)) or sides[0] < 1:
        growth = " of them, each √2 times the one before" if isinstance(scales, int) else ""
        raise ValueError(
            f"style: expected scales that grow to the content's longer side of {longer}, "
            f"got {scales}{growth}; take fewer, or a larger size"
        )
    return [scaled(size, side / longer) for side in sides[:-1]] + [size]


def scaled(size: Size, ratio: float) -> Size:
    """`size` times `ratio`, rounded, no side below 1."""
    return tuple(max(1, round(side * ratio)) for side in size)


# -- resampling -----------------------------------------------------------------------------------


def triangle(t: np.ndarray) -> np.ndarray:
    """Linear interpolation; never negative, so positive numbers stay positive."""
    return np.maximum(1 - np.abs(t), 0)


def lanczos(t: np.ndarray) -> np.ndarray:
    """sinc(t) sinc(t/3) for |t| < 3: sharp, with small overshoots at edges."""
    return np.sinc(t) * np.sinc(t / 3) * (np.abs(t) < 3)


REACH: dict[Callable, int] = {triangle: 1, lanczos: 3}


def resample(x: np.ndarray, size: Size, kernel: Callable = triangle) -> np.ndarray:
    """x (*lead, *old) -> (*lead, *size), smoothed where it shrinks; dtype kept.

    One axis after the other: an output is the mean of the inputs around it, weighted by `kernel`,
    which is stretched where the axis shrinks. Positions beyond the border have weight 0.
    """
    for axis, side in enumerate(size, start=x.ndim - len(size)):
        if side != x.shape[axis]:
            x = _resample_axis(x, axis, side, kernel)
    return x


def _resample_axis(x: np.ndarray, axis: int, side: int, kernel: Callable) -> np.ndarray:
    step = x.shape[axis] / side
    stretch = max(1.0, step)
    centres = (np.arange(side) + 0.5) * step - 0.5
    first = np.floor(centres - REACH[kernel] * stretch).astype(int) + 1
    indices = first + np.arange(math.ceil(2 * REACH[kernel] * stretch))[:, None]  # (taps, side)
    weights = kernel((indices - centres) / stretch) * (indices >= 0) * (indices < x.shape[axis])
    weights = (weights / weights.sum(0)).astype(x.dtype)
    column = (-1, *(1,) * (x.ndim - axis - 1))
    total = np.zeros((*x.shape[:axis], side, *x.shape[axis + 1 :]), x.dtype)
    for index, weight in zip(indices.clip(0, x.shape[axis] - 1), weights, strict=True):
        total += x.take(index, axis) * weight.reshape(column)
    return total


def resize(image: np.ndarray, size: Size) -> np.ndarray:
    """A picture, signal or volume (C, *old) -> (C, *size) in [0, 1], by the Lanczos filter."""
    return resample(image, size, lanczos).clip(0, 1)
