"""Matrix products in pieces of the size that OpenBLAS multiplies fastest, on our own threads.

Stands on `memory` and `parallel`. OpenBLAS multiplies small matrices in place and first copies
larger ones into an order of its own, which pays from about 256 × 256 on. In between, a product cut
into small ones is up to a third faster.
"""

import math
from typing import Any

import numpy as np

from nnscratch.engines.numpy import memory, parallel

SMALL = 10**6  # multiplications: OpenBLAS does not copy the operands
ALONE = 2**18  # multiplications: OpenBLAS uses one thread in any case
FEW_ROWS = 32  # thinner pieces are slower than copying


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out (P, rows, n) = a (P, rows, k) @ b (P, k, n)."""
    cut = _rows_at_once(*b.shape[1:])
    whole = a.shape[1] - a.shape[1] % cut if cut else 0
    if whole:
        pieces = (len(a), whole // cut, cut)
        np.matmul(
            a[:, :whole].reshape(*pieces, -1), b[:, None], out=out[:, :whole].reshape(*pieces, -1)
        )
    if whole < a.shape[1]:
        np.matmul(a[:, whole:], b, out=out[:, whole:])


def summed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """aᵀ @ b: a (rows, k), b (rows, n) -> (k, n)."""
    cut = _rows_at_once(a.shape[1], b.shape[1])
    whole = len(a) - len(a) % cut if cut else 0
    if whole == 0:
        return a.T @ b
    pieces = a[:whole].reshape(-1, cut, a.shape[1]).swapaxes(1, 2)
    total = (pieces @ b[:whole].reshape(-1, cut, b.shape[1])).sum(axis=0)
    return total + a[whole:].T @ b[whole:] if whole < len(a) else total


def _rows_at_once(k: int, n: int) -> int:
    """How many rows times (k, n) make a small product, as a power of 2; 0 for all of them."""
    fit = SMALL // max(1, k * n)
    return 2 ** int(math.log2(fit)) if fit >= FEW_ROWS else 0


def suits(a: Any, b: Any) -> bool:
    """Whether a and b are matrices of floats, large enough for threads."""
    if not (type(a) is np.ndarray is type(b)) or a.dtype != b.dtype or a.dtype.kind != "f":
        return False
    return a.shape[-2] * a.shape[-1] * b.shape[-1] > ALONE


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b, (..., M, K), (..., K, N) -> (..., M, N), on the threads of `parallel`.

    The result is row- or column-major as the larger operand is, so that the gradient of a matrix
    has the order of the matrix. OpenBLAS has threads as well, but after a product they wait in a
    loop for some 20 ms and take the cores from the work that follows.
    """
    m, k, n = *a.shape[-2:], b.shape[-1]
    if k > 2 * max(m, n):
        parts = parallel.gather(lambda s: a[..., s] @ b[..., s, :], parallel.shares(k))
        return sum(parts[1:], parts[0])
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    longer = a if m >= n else b
    if longer.strides[-2] < longer.strides[-1]:  # column-major: so is the result
        out = memory.result((*batch, n, m), a.dtype).swapaxes(-1, -2)
    else:
        out = memory.result((*batch, m, n), a.dtype)
    if m >= n:
        parallel.each(lambda s: np.matmul(a[..., s, :], b, out=out[..., s, :]), parallel.shares(m))
    else:
        parallel.each(lambda s: np.matmul(a, b[..., s], out=out[..., s]), parallel.shares(n))
    return out
