"""Mean 0 and variance 1 in each channel, and the gradient: the numerical part of batch norm.

Stands on `memory`, `parallel` and `sums`. Written as Tensor operations it is some twenty walks
through memory there and back; here it is five, in pieces that stay in the cache.
"""

import math
from collections.abc import Callable

import numpy as np

from nnscratch.backend import Array
from nnscratch.host import memory, parallel
from nnscratch.kernels.sums import FOLD, channel_sums

PIECE = 2**17  # elements at a time


def standardise(x: Array, eps: float) -> tuple[Array, Array, Array]:
    """x (N, C, *size) -> (x − mean) / sqrt(variance + eps) in each channel; mean, variance (C,)."""
    count = x.size // x.shape[1]
    if not _in_rows(x):
        mean = channel_sums(x) / count
        y = x - _beside(mean, x)
        variance = channel_sums(y * y) / count
        return y * _beside((variance + eps) ** -0.5, x), mean, variance
    y = memory.like(x)
    rows, out = _rows(x), _rows(y)
    mean = _unfold(_total(lambda piece: rows[piece].sum(0), rows), x) / count
    means = _fold(mean, rows)

    def centre(piece: slice) -> Array:
        centred = np.subtract(rows[piece], means, out=out[piece])
        square = memory.scratch("square", centred.shape, x.dtype)
        return np.multiply(centred, centred, out=square).sum(0)

    variance = _unfold(_total(centre, rows), x) / count
    factors = _fold((variance + eps) ** -0.5, rows)

    def scale(piece: slice) -> None:
        np.multiply(out[piece], factors, out=out[piece])

    parallel.each(scale, _pieces(rows))
    return y, mean, variance


def standardise_input(g: Array, y: Array, inverse: Array) -> Array:
    """The gradient of x: (g − mean g − y · mean(g · y)) · inverse, means over each channel."""
    count = y.size // y.shape[1]
    if not _in_rows(y) or type(g) is not np.ndarray or g.dtype != y.dtype:
        along = channel_sums(g * y) / count
        centred = g - _beside(channel_sums(g) / count, g) - y * _beside(along, y)
        return centred * _beside(inverse, y)
    x = memory.like(y)
    if g.strides != x.strides:  # from here on down as y lies
        x[...] = g
        g = x
    rows, given, out = _rows(y), _rows(g), _rows(x)

    def sums(piece: slice) -> Array:
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


def _beside(values: Array, x: Array) -> Array:
    """(C,) -> (C, 1, ...), to go with x (N, C, *size)."""
    return values.reshape(-1, *(1,) * (x.ndim - 2))


def _in_rows(x: Array) -> bool:
    """Whether x (N, C, *size) is worth it, and has its channels last in memory."""
    if type(x) is not np.ndarray or x.size < PIECE:
        return False
    return x.transpose(0, *range(2, x.ndim), 1).flags.c_contiguous


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


def _total(function: Callable[[slice], Array], rows: np.ndarray) -> np.ndarray:
    """The sum of function(piece) over pieces of `rows`, in float64: a mean must not lose digits."""
    parts = np.stack(parallel.gather(function, _pieces(rows)))
    return parts.sum(axis=0, dtype=np.float64)


def _pieces(rows: np.ndarray) -> list[slice]:
    step = max(1, PIECE // rows.shape[1])
    return [slice(start, start + step) for start in range(0, len(rows), step)]
