"""Matrix products in pieces of the size that OpenBLAS multiplies fastest, on our own threads.

Stands on `memory` and `parallel`. OpenBLAS multiplies small matrices where they are, and copies
larger ones into a layout of its own first, which pays from about 256 × 256 on. Between these sizes
a product that is cut into small ones is up to a third faster.
"""

import math
from typing import Any

import numpy as np

from nnscratch.engines.numpy import memory, parallel

SMALL = 10**6  # multiplications, up to which OpenBLAS does not copy the operands
SINGLE_THREAD = 2**18  # multiplications, up to which OpenBLAS uses one thread
LEAST_ROWS = 32  # with fewer rows in a piece, copying is faster


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out (P, rows, n) = a (P, rows, k) @ b (P, k, n)."""
    rows = _rows_at_once(*b.shape[1:])
    end = a.shape[1] - a.shape[1] % rows if rows else 0  # of the last full piece
    if end:
        pieces = (len(a), end // rows, rows)
        np.matmul(
            a[:, :end].reshape(*pieces, -1), b[:, None], out=out[:, :end].reshape(*pieces, -1)
        )
    if end < a.shape[1]:
        np.matmul(a[:, end:], b, out=out[:, end:])


def summed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """aᵀ @ b: a (rows, k), b (rows, n) -> (k, n)."""
    rows = _rows_at_once(a.shape[1], b.shape[1])
    end = len(a) - len(a) % rows if rows else 0  # of the last full piece
    if end == 0:
        return a.T @ b
    pieces = a[:end].reshape(-1, rows, a.shape[1]).swapaxes(1, 2)
    total = (pieces @ b[:end].reshape(-1, rows, b.shape[1])).sum(axis=0)
    return total + a[end:].T @ b[end:] if end < len(a) else total


def _rows_at_once(k: int, n: int) -> int:
    """The largest power of 2 of rows that times (k, n) is a small product; 0: do not cut."""
    rows = SMALL // max(1, k * n)
    return 2 ** int(math.log2(rows)) if rows >= LEAST_ROWS else 0


def suits(a: Any, b: Any) -> bool:
    """Whether a and b are matrices of float32 or float64, large enough for threads."""
    if not (type(a) is np.ndarray is type(b)) or a.dtype != b.dtype:
        return False
    if a.dtype not in (np.float32, np.float64):
        return False
    return a.shape[-2] * a.shape[-1] * b.shape[-1] > SINGLE_THREAD


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b, (..., M, K), (..., K, N) -> (..., M, N), on the threads of `parallel`.

    The result is row- or column-major like the larger operand, so that the gradient of a matrix
    has the layout of the matrix. OpenBLAS has threads too, but after a product they spin for some
    20 ms and slow down the work that follows.
    """
    m, k, n = *a.shape[-2:], b.shape[-1]
    if k > 2 * max(m, n):
        terms = parallel.gather(lambda s: a[..., s] @ b[..., s, :], parallel.shares(k))
        return sum(terms[1:], terms[0])
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    larger = a if m >= n else b
    if larger.strides[-2] < larger.strides[-1]:  # column-major
        out = memory.result((*batch, n, m), a.dtype).swapaxes(-1, -2)
    else:
        out = memory.result((*batch, m, n), a.dtype)
    if m >= n:
        parallel.each(lambda s: np.matmul(a[..., s, :], b, out=out[..., s, :]), parallel.shares(m))
    else:
        parallel.each(lambda s: np.matmul(a, b[..., s], out=out[..., s]), parallel.shares(n))
    return out
