"""Matrix products cut into pieces of the size that OpenBLAS does best.

Stands on NumPy alone. OpenBLAS multiplies small matrices where they lie and copies larger ones
into an order of its own first, which pays from about 256 × 256 on: in between, a product cut into
small ones is up to a third faster.
"""

import math

import numpy as np

SMALL = 10**6  # multiplications: what OpenBLAS calls small
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
