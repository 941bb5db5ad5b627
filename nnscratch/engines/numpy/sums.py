"""Long sums on all cores, without loss of digits.

Stands on `memory` and `parallel`. NumPy adds numbers side by side in memory pairwise, which keeps
their digits also in float32. Over outer axes it adds one row after the other; there a few rows at a
time are added in float32, and their sums in float64.
"""

import math
from typing import Any

import numpy as np

from nnscratch.engines.numpy import memory, parallel

PIECE = 2**17  # elements at a time
FOLD = 32  # rows side by side: a short row is too short for NumPy's inner loop
FEW = 16  # rows that are added in float32
LEAST = 2**16  # elements; fewer are not worth threads


def suits(x: Any, axis: Any = None) -> bool:
    """Whether x is large and the summed axes are all inner ones, or all outer ones, in memory."""
    if type(x) is not np.ndarray or x.size < LEAST or x.dtype not in (np.float32, np.float64):
        return False
    order = memory.order(x.shape, x.strides)
    if not x.transpose(order).flags.c_contiguous:
        return False
    summed = _summed(x, axis)
    changes = [i in summed for i in order if x.shape[i] > 1]
    return sum(a != b for a, b in zip(changes, changes[1:], strict=False)) < 2


def total(x: np.ndarray, axis: Any = None) -> np.ndarray:
    """The sum over `axis`, which stays with length 1."""
    summed = _summed(x, axis)
    order = memory.order(x.shape, x.strides)
    long = [i for i in order if x.shape[i] > 1]
    kept = [i for i in order if i not in summed]
    count = math.prod(x.shape[i] for i in kept)
    flat = x.transpose(order).reshape(-1)
    if long[0] not in summed:
        sums = _inner(flat.reshape(count, -1))
    elif count > 1:
        sums = _outer(flat.reshape(-1, count))
    else:
        parts = parallel.gather(lambda piece: flat[piece].sum(), _pieces(len(flat), PIECE))
        sums = np.asarray(parts, np.float64).sum(keepdims=True)
    shape = [1 if i in summed else x.shape[i] for i in order]
    return np.reshape(sums, shape).transpose(np.argsort(order))


def _inner(rows: np.ndarray) -> np.ndarray:
    """(kept, summed) -> (kept,)."""
    sums = np.empty(len(rows), rows.dtype)
    pieces = _pieces(len(rows), max(1, PIECE // rows.shape[1]))
    parallel.each(lambda piece: np.sum(rows[piece], axis=1, out=sums[piece]), pieces)
    return sums


def _outer(rows: np.ndarray) -> np.ndarray:
    """(summed, kept) -> (kept,)."""
    width = rows.shape[1] * (FOLD if rows.shape[1] < 2 * PIECE // (FEW * FOLD) else 1)
    flat = rows.reshape(-1)
    end = flat.size - flat.size % (FEW * width)  # of the last full group of rows
    groups = flat[:end].reshape(-1, FEW, width)

    def add(piece: slice) -> np.ndarray:
        return groups[piece].sum(1).sum(0, dtype=np.float64)

    parts = parallel.gather(add, _pieces(len(groups), max(1, PIECE // (FEW * width))))
    rest = flat[end:].reshape(-1, rows.shape[1]).sum(0, dtype=np.float64)
    return sum(parts, np.zeros(width)).reshape(-1, rows.shape[1]).sum(0) + rest


def _summed(x: np.ndarray, axis: Any) -> set[int]:
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return {i % x.ndim for i in axes}


def _pieces(count: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, count, step)]
