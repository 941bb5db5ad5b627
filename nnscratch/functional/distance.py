"""Distances between rows of features.

Stands on `activation`, `tensor` and `kernels`.
"""

import numpy as np

from nnscratch import kernels
from nnscratch.backend import Array, array_module
from nnscratch.functional.activation import as_float, wide_float
from nnscratch.tensor import Tensor

BLOCK = 2**18  # elements of the differences formed at a time: they stay in the cache
MOST = 0.75  # of the squares of all rows: how much their mean must hold to be subtracted first
CANCELS = 1 / 16  # |a − b|² below this share of |a|² + |b|² lost digits in the product


def pairwise_distances(a, b=None, squared: bool = False) -> Tensor:
    """Euclidean distances of all rows: a (N, D), b (M, D) -> (N, M); b is a where left out.

    The gradient at distance 0 is 0.
    """
    a = as_float(a)
    b = a if b is None else as_float(b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"pairwise_distances: expected rows (N, D) and (M, D), got {a.shape} and {b.shape}"
        )
    total = squared_distances(wide_float(a), wide_float(b))
    return (total if squared else safe_root(total)).astype(a.dtype)


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """|a_i − b_j|² for all rows: a (N, D), b (M, D) -> (N, M).

    The gradient in a is 2·Σ_j g_ij (a_i − b_j): two matrix products. Both may be shifted by one
    vector: where the rows of b are alike, their mean makes the products small, so that their
    difference cancels least.
    """
    mean = Tensor(_common_part(b.data))

    def grad_a(g: Tensor) -> Tensor:
        return 2.0 * (g.sum(1, keepdims=True) * (a - mean) - g @ (b - mean))

    def grad_b(g: Tensor) -> Tensor:
        return 2.0 * (g.sum(0).expand_dims(1) * (b - mean) - g.T @ (a - mean))

    data = _sum_of_squares(a.data, b.data, mean.data)
    return Tensor.from_op("squared_distances", data, (a, grad_a), (b, grad_b))


def _common_part(b: Array) -> Array:
    """The mean of the rows (M, D) -> (1, D) if most of them is in it, else zeros.

    Otherwise a distance would depend, in its last digits, on all other rows.
    """
    mean = b.mean(0, keepdims=True, dtype="float64") if len(b) else b.sum(0, keepdims=True)
    most = (mean * mean).sum() * len(b) > MOST * (b * b).sum(dtype="float64")
    return (mean * most).astype(b.dtype)


def _sum_of_squares(a: Array, b: Array, mean: Array) -> Array:
    """The values of `squared_distances`: |a|² + |b|² − 2ab, by one matrix product.

    The differences are formed where they are few, and where the product cancels, for near
    duplicates: miners would otherwise choose among equal distances at random. No large array of
    (N, M, D) arises.
    """
    xp = array_module(a, b)
    if a.size * len(b) <= BLOCK:
        difference = a[:, None] - b
        return xp.einsum("ijk,ijk->ij", difference, difference)
    x, y = a - mean, b - mean
    norms = (x * x).sum(1)[:, None] + (y * y).sum(1)
    data = norms - 2.0 * kernels.matmul(x, y.T)
    # not >, so that NaN and inf are computed from the differences too
    rows, columns = xp.nonzero(~((data > CANCELS * norms) & (norms < float("inf"))))
    step = max(1, BLOCK // max(1, a.shape[1]))
    for i in range(0, len(rows), step):
        r, c = rows[i : i + step], columns[i : i + step]
        difference = a[r] - b[c]
        data[r, c] = xp.einsum("ij,ij->i", difference, difference)
    return data


def safe_root(x: Tensor) -> Tensor:
    """sqrt(x), but 0 with gradient 0 where x is at most the rounding of its largest element.

    There 1 / (2·sqrt(x)) is infinite, or so large that it magnifies the rounding errors in the
    gradient of `squared_distances`. The guard is inside: a mask outside makes ∞ · 0 = NaN.
    """
    largest = x.data.max() if x.size else 0.0
    zero = x.data <= largest * float(np.finfo(x.dtype).eps) ** 2
    if not zero.any():
        return x.sqrt()
    return (x + zero).sqrt() * ~zero


def p_norm(caller: str, x: Tensor, p: float, axis: int, keepdims: bool = False) -> Tensor:
    """(Σ |x|^p)^(1/p) along `axis`, for p from 1 to inf; the gradient at 0 is 0."""
    if not p >= 1:
        raise ValueError(f"{caller}: expected p of at least 1, or inf, got {p}")
    if p == float("inf"):
        return x.abs().max(axis, keepdims)
    total = (x.abs() ** p).sum(axis, keepdims)
    zero = total.data == 0  # where the root has no slope
    return (total + zero) ** (1 / p) * ~zero
