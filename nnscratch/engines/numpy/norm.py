"""Standardisation of each channel and its gradient in pieces that stay in the cache, on all cores.

Stands on `memory`, `layout` and `parallel`. As Tensor operations it would be some twenty walks
through memory forward and back; here it is five.
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
    return x.transpose(0, *range(2, x.ndim), 1).flags.c_contiguous


def standardise(x: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (N, C, *size) -> (x − mean) / sqrt(variance + eps) in each channel; mean, variance (C,)."""
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
    """Whether y suits, and g is an array of the same type."""
    return suits(y, 0.0) and type(g) is np.ndarray and g.dtype == y.dtype


def standardise_grad(g: np.ndarray, y: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """The gradient of x: (g − mean g − y · mean(g · y)) · inverse, means over each channel."""
    count = y.size // y.shape[1]
    x = memory.like(y)
    rows, given, out = _rows(y), _rows(layout.match(g, x.strides)), _rows(x)

    def sums(piece: slice) -> np.ndarray:
        product = memory.scratch("product", rows[piece].shape, y.dtype)
        np.multiply(given[piece], rows[piece], out=product)
        return np.stack([given[piece].sum(0), product.sum(0)])

    straight, along = (_unfold(total, y) / count for total in _total(sums, rows))
    slope, start, factor = (_fold(v, rows) for v in (along * inverse, straight * inverse, inverse))

    def write(piece: slice) -> None:
        product = memory.scratch("product", rows[piece].shape, y.dtype)
        np.multiply(rows[piece], slope, out=product)
        product += start
        np.multiply(given[piece], factor, out=out[piece])
        np.subtract(out[piece], product, out=out[piece])

    parallel.each(write, _pieces(rows))
    return x


def _rows(x: np.ndarray) -> np.ndarray:
    """x (N, C, *size), channels last in memory -> (rows, pixels · C).

    A row of few channels is too short for NumPy's inner loop, so some pixels lie side by side.
    """
    pixels = math.gcd(x.size // x.shape[1], FOLD)
    return x.transpose(0, *range(2, x.ndim), 1).reshape(-1, pixels * x.shape[1])


def _fold(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.tile(values, rows.shape[1] // len(values))


def _unfold(total: np.ndarray, x: np.ndarray) -> np.ndarray:
    return total.reshape(-1, x.shape[1]).sum(0).astype(x.dtype)


def _total(function: Callable[[slice], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """The sum of function(piece) over pieces of `rows`, in float64: a mean must not lose digits."""
    parts = np.stack(parallel.gather(function, _pieces(rows)))
    return parts.sum(axis=0, dtype=np.float64)


def _pieces(rows: np.ndarray) -> list[slice]:
    step = max(1, PIECE // rows.shape[1])
    return [slice(start, start + step) for start in range(0, len(rows), step)]
