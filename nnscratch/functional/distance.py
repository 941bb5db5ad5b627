"""Distances between rows of features.

Stands on `tensor`.
"""

from typing import Any

from nnscratch.tensor import Tensor, as_tensor


def pairwise_distances(a: Any, b: Any = None, squared: bool = False) -> Tensor:
    """Euclidean distances of all rows: a (N, D), b (M, D) -> (N, M); b is a where left out.

    The gradient at distance 0 is 0. The differences are formed, not |a|² + |b|² − 2ab, which
    would cancel where rows are close.
    """
    a = as_tensor(a)
    b = a if b is None else as_tensor(b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"pairwise_distances: expected rows (N, D) and (M, D), got {a.shape} and {b.shape}"
        )
    total = ((a.expand_dims(1) - b.expand_dims(0)) ** 2).sum(-1)  # (N, M, D) -> (N, M)
    return total if squared else safe_sqrt(total)


def safe_sqrt(x: Tensor) -> Tensor:
    """sqrt(x) with gradient 0, not infinity, where x is 0."""
    zero = x.data == 0
    return (x + zero).sqrt() * ~zero
