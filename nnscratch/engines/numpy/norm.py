"""Standardisation and its gradient, in pieces that stay in the cache.

Stands on `memory`, `layout` and `parallel`. Written as operations on whole arrays, the forward and
backward passes would read or write memory some twenty times; here they do so five times, on all
cores. The means of batch norm are those of columns: rows of numbers, channels last in memory. Those
of layer norm are of rows, a few at a time. Instance norm is the one or the other, as its channels
lie in memory.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnscratch.engines.numpy import layout, memory, parallel

PIECE = 2**17  # elements at a time
ROWS_PIECE = 2**15  # elements at a time, of whole rows
SHORT = 1024  # numbers, whose sum BLAS computes without loss of digits, faster than NumPy
FOLD = 32  # pixels side by side: a row of few channels is too short for NumPy's inner loop
Axes = tuple[int, ...]


def suits(x: Any, axes: Axes, eps: float = 0.0) -> bool:
    """Whether x is large, and the means are those of rows or of channels last in memory."""
    if type(x) is not np.ndarray or x.size < PIECE or x.dtype not in (np.float32, np.float64):
        return False
    return _are_rows(x, axes) or _are_channels(x, axes)


def grad_suits(g: Any, y: Any, inverse: Any, axes: Axes) -> bool:
    """Whether y suits, and g is an array of the same dtype."""
    return suits(y, axes) and type(g) is np.ndarray and g.dtype == y.dtype


def _are_rows(x: np.ndarray, axes: Axes) -> bool:
    """Whether `axes` are the last ones and x has no gaps in memory."""
    return x.flags.c_contiguous and tuple(axes) == tuple(range(x.ndim - len(axes), x.ndim))


def _are_channels(x: np.ndarray, axes: Axes) -> bool:
    """Whether `axes` are those of positions, perhaps with the batch, and channels are last."""
    positions = tuple(range(2, x.ndim))
    if not positions or not np.moveaxis(x, 1, -1).flags.c_contiguous:
        return False
    large = x[0].size >= PIECE
    return tuple(axes) == (0, *positions) or (tuple(axes) == positions and large)


def standardise(x: np.ndarray, axes: Axes, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x -> (x − mean) / sqrt(variance + eps), the mean, the variance (with 1 for each axis)."""
    y = memory.like(x)
    shape = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
    mean, variance = np.empty(shape, x.dtype), np.empty(shape, x.dtype)
    if _are_rows(x, axes):
        columns = math.prod(x.shape[axis] for axis in axes)
        arrays = [a.reshape(-1, n) for a, n in ((x, columns), (y, columns), (mean, 1))]
        x_rows, y_rows, means, variances = (*arrays, variance.reshape(-1, 1))

        def compute(rows: slice) -> None:
            _standardise_rows(x_rows[rows], y_rows[rows], means[rows], variances[rows], eps)

        parallel.each(compute, _row_pieces(x_rows))
    elif 0 in axes:
        _standardise_channels(x, y, mean, variance, eps)
    else:
        for i in range(len(x)):
            images = slice(i, i + 1)
            _standardise_channels(x[images], y[images], mean[images], variance[images], eps)
    return y, mean, variance


def _standardise_rows(
    x: np.ndarray, y: np.ndarray, mean: np.ndarray, variance: np.ndarray, eps: float
) -> None:
    """Write y, mean and variance of each row."""
    mean[...] = _row_means(x)
    np.subtract(x, mean, out=y)
    square = np.multiply(y, y, out=memory.scratch("square", y.shape, y.dtype))
    variance[...] = _row_means(square)
    y *= (variance + eps) ** -0.5


def _row_means(rows: np.ndarray) -> np.ndarray:
    """(rows, columns) -> (rows, 1); NumPy adds long rows pairwise, in which no digits are lost."""
    columns = rows.shape[1]
    if columns > SHORT:
        return rows.sum(1, keepdims=True) / columns
    return rows @ np.full((columns, 1), 1 / columns, rows.dtype)


def _standardise_channels(
    x: np.ndarray, y: np.ndarray, mean: np.ndarray, variance: np.ndarray, eps: float
) -> None:
    """Write y, mean and variance, means over all axes but the second."""
    count = x.size // x.shape[1]
    rows, out = _rows(x), _rows(y)
    mean[...] = _unfold(_total(lambda piece: _sum(rows[piece]), rows), x, mean) / count
    means = _fold(mean, rows)

    def centre(piece: slice) -> np.ndarray:
        centred = np.subtract(rows[piece], means, out=out[piece])
        square = memory.scratch("square", centred.shape, x.dtype)
        return _sum(np.multiply(centred, centred, out=square))

    variance[...] = _unfold(_total(centre, rows), x, variance) / count
    factors = _fold((variance + eps) ** -0.5, rows)

    def scale(piece: slice) -> None:
        np.multiply(out[piece], factors, out=out[piece])

    parallel.each(scale, _pieces(rows))


def standardise_grad(g: np.ndarray, y: np.ndarray, inverse: np.ndarray, axes: Axes) -> np.ndarray:
    """The gradient of x: (g − mean g − y · mean(g · y)) · inverse, means over `axes`."""
    x = memory.like(y)
    g = layout.match(g, x.strides)
    if _are_rows(y, axes):
        columns = math.prod(y.shape[axis] for axis in axes)
        g_rows, y_rows, x_rows = (a.reshape(-1, columns) for a in (g, y, x))
        inverses = inverse.reshape(-1, 1)

        def compute(rows: slice) -> None:
            _grad_rows(g_rows[rows], y_rows[rows], inverses[rows], x_rows[rows])

        parallel.each(compute, _row_pieces(y_rows))
    elif 0 in axes:
        _grad_channels(g, y, inverse, x)
    else:
        for i in range(len(y)):
            _grad_channels(*(a[i : i + 1] for a in (g, y, inverse, x)))
    return x


def _grad_rows(g: np.ndarray, y: np.ndarray, inverse: np.ndarray, x: np.ndarray) -> None:
    """Write the gradient of each row to x."""
    product = np.multiply(g, y, out=memory.scratch("product", y.shape, y.dtype))
    np.multiply(y, _row_means(product), out=x)
    x += _row_means(g)
    np.subtract(g, x, out=x)
    x *= inverse


def _grad_channels(g: np.ndarray, y: np.ndarray, inverse: np.ndarray, x: np.ndarray) -> None:
    """Write the gradient to x, means over all axes but the second."""
    count = y.size // y.shape[1]
    y_rows, g_rows, x_rows = _rows(y), _rows(g), _rows(x)

    def sums(piece: slice) -> np.ndarray:
        product = memory.scratch("product", y_rows[piece].shape, y.dtype)
        np.multiply(g_rows[piece], y_rows[piece], out=product)
        return np.stack([_sum(g_rows[piece]), _sum(product)])

    totals = _total(sums, y_rows)
    mean_g, mean_gy = (_unfold(total, y, inverse) / count for total in totals)
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


def _rows(x: np.ndarray) -> np.ndarray:
    """x (N, C, *size), channels last in memory -> (rows, pixels · C), without a copy.

    The channels of one pixel are too few for NumPy's inner loop, so a row holds several pixels.
    """
    pixels = math.gcd(x.size // x.shape[1], FOLD)
    return np.moveaxis(x, 1, -1).reshape(-1, pixels * x.shape[1])


def _sum(rows: np.ndarray) -> np.ndarray:
    """The sum over rows: halves are added in float32, and few rows in float64."""
    while len(rows) > 64:
        half = len(rows) // 2
        rest = rows[2 * half :]
        rows = rows[:half] + rows[half : 2 * half]
        if len(rest):
            rows[0] += rest[0]
    return rows.sum(0, dtype=np.float64)


def _fold(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """values (1, C, 1, ...) repeated for each pixel of a row -> (pixels · C,)."""
    return np.tile(values.reshape(-1), rows.shape[1] // values.size)


def _unfold(total: np.ndarray, x: np.ndarray, like: np.ndarray) -> np.ndarray:
    """total (pixels · C,) summed over pixels -> (1, C, 1, ...)."""
    return total.reshape(-1, x.shape[1]).sum(0).astype(x.dtype).reshape(like.shape)


def _total(function: Callable[[slice], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """The sum of function(piece) over pieces of `rows`, in float64 to lose no digits."""
    parts = np.stack(parallel.gather(function, _pieces(rows)))
    return parts.sum(axis=0, dtype=np.float64)


def _pieces(rows: np.ndarray) -> list[slice]:
    step = max(1, PIECE // rows.shape[1])
    return [slice(start, start + step) for start in range(0, len(rows), step)]


def _row_pieces(rows: np.ndarray) -> list[slice]:
    step = max(1, ROWS_PIECE // rows.shape[1])
    return [slice(start, start + step) for start in range(0, len(rows), step)]
