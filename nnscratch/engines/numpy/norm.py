"""Standardisation of each channel, and its gradient, in pieces that stay in the cache.

Stands on `memory`, `layout` and `parallel`. Written as Tensor operations, the forward and backward
passes would read or write memory some twenty times; here they do so five times, on all cores.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnscratch.engines.numpy import layout, memory, parallel
from nnscratch.engines.numpy.sums import FOLD

PIECE = 2**17  # elements at a time


def suits(x: Any, eps: float) -> bool:
    """Whether x (N, C, *size) is large and has its channels last in memory."""
    if type(x) is not np.ndarray or x.size < PIECE:
        return False
    return np.moveaxis(x, 1, -1).flags.c_contiguous


def standardise(x: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (N, C, *size) -> (x − mean) / sqrt(variance + eps) by channel; mean (C,), variance (C,)."""
    count = x.size // x.shape[1]
    y = memory.like(x)
    rows, out = _rows(x), _rows(y)
    mean = _unfold(_total(lambda piece: rows[piece].sum(0), rows), x) / count
    means = _fold(mean, rows)

    def centre(piece: slice) -> np.ndarray:
        centred = np.subtract(rows[piece], means, out=out[piece])
        square = memory.scratch("square", centred.shape, x.dtype)
        return np.multiply(centred, centred, out=square).sum(0)

    variance = _unfold(_total(centre, rows), x) / count
    factors = _fold((variance + eps) ** -0.5, rows)

    def scale(piece: slice) -> None:
        np.multiply(out[piece], factors, out=out[piece])

    parallel.each(scale, _pieces(rows))
    return y, mean, variance


def grad_suits(g: Any, y: Any, inverse: Any) -> bool:
    """Whether y suits, and g is an array of the same dtype."""
    return suits(y, 0.0) and type(g) is np.ndarray and g.dtype == y.dtype


def standardise_grad(g: np.ndarray, y: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """The gradient of x: (g − mean g − y · mean(g · y)) · inverse, means over each channel."""
    count = y.size // y.shape[1]
    x = memory.like(y)
    y_rows, g_rows, x_rows = _rows(y), _rows(layout.match(g, x.strides)), _rows(x)

    def sums(piece: slice) -> np.ndarray:
        product = memory.scratch("product", y_rows[piece].shape, y.dtype)
        np.multiply(g_rows[piece], y_rows[piece], out=product)
        return np.stack([g_rows[piece].sum(0), product.sum(0)])

    mean_g, mean_gy = (_unfold(total, y) / count for total in _total(sums, y_rows))
    # dx = g·inverse − (y·slope + offset)
    factors = (mean_gy * inverse, mean_g * inverse, inverse)
    slope, offset, inverses = (_fold(factor, y_rows) for factor in factors)

    def write(piece: slice) -> None:
        line = memory.scratch("product", y_rows[piece].shape, y.dtype)
        np.multiply(y_rows[piece], slope, out=line)
        line += offset
        np.multiply(g_rows[piece], inverses, out=x_rows[piece])
        np.subtract(x_rows[piece], line, out=x_rows[piece])

    parallel.each(write, _pieces(y_rows))
    return x


def _rows(x: np.ndarray) -> np.ndarray:
    """x (N, C, *size), channels last in memory -> (rows, pixels · C), without a copy.

    The channels of one pixel are too few for NumPy's inner loop, so a row holds several pixels.
    """
    pixels = math.gcd(x.size // x.shape[1], FOLD)
    return np.moveaxis(x, 1, -1).reshape(-1, pixels * x.shape[1])


def _fold(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """values (C,) repeated for each pixel of a row -> (pixels · C,)."""
    return np.tile(values, rows.shape[1] // len(values))


def _unfold(total: np.ndarray, x: np.ndarray) -> np.ndarray:
    """total (pixels · C,) summed over pixels -> (C,)."""
    return total.reshape(-1, x.shape[1]).sum(0).astype(x.dtype)


def _total(function: Callable[[slice], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """The sum of function(piece) over pieces of `rows`, in float64 to lose no digits."""
    parts = np.stack(parallel.gather(function, _pieces(rows)))
    return parts.sum(axis=0, dtype=np.float64)


def _pieces(rows: np.ndarray) -> list[slice]:
    step = max(1, PIECE // rows.shape[1])
    return [slice(start, start + step) for start in range(0, len(rows), step)]
