"""Distances of encodings: all rows to all, or every pair of them once.

Stands on `checks`. A small distance means the same person.
"""

from typing import Any, NamedTuple

import numpy as np

from nnscratch.faces.checks import all_equal, check_finite, collapsed

METRICS = ("squared", "euclidean", "cosine")


class Pairs(NamedTuple):
    """Distances (P,) of pictures i (P,) and j (P,), and whether they show the same person."""

    distances: np.ndarray
    same: np.ndarray
    i: np.ndarray
    j: np.ndarray


def distance_matrix(a: Any, b: Any, metric: str = "squared") -> np.ndarray:
    """Distances of all rows: a (N, D), b (M, D) -> (N, M).

    metric: "squared" |a − b|², "euclidean" |a − b|, "cosine" 1 − cos(a, b). The differences are
    formed: |a|² + |b|² − 2ab would cancel where rows are close.
    """
    a, b = (_rows("distance_matrix", x, metric) for x in (a, b))
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"distance_matrix: expected rows of one length, got {a.shape} and {b.shape}"
        )
    squared = np.empty((len(a), len(b)), np.result_type(a, b))
    for row, out in zip(a, squared, strict=True):
        out[:] = squared_norms(b - row)
    return of_squared(squared, metric)


def pair_distances(embeddings: Any, labels: Any, metric: str = "squared") -> Pairs:
    """Every pair once: embeddings (N, D), labels (N,) -> N(N − 1)/2 distances, same, i < j.

    Raises CollapsedError if all embeddings are equal up to rounding.
    """
    x, labels = _rows("pair_distances", embeddings, metric), np.asarray(labels)
    if labels.shape != (len(x),) or len(x) < 2:
        raise ValueError(
            f"pair_distances: expected embeddings (N, D) and labels (N,) with N of at least 2, "
            f"got {x.shape} and {labels.shape}"
        )
    if all_equal(x):
        raise collapsed("pair_distances", f"all {len(x)} embeddings are equal")
    squared = [squared_norms(x[k + 1 :] - row) for k, row in enumerate(x[:-1])]
    i, j = np.triu_indices(len(x), 1)
    return Pairs(of_squared(np.concatenate(squared), metric), labels[i] == labels[j], i, j)


def squared_norms(x: np.ndarray) -> np.ndarray:
    """|x|² of each row: (N, D) -> (N,)."""
    return np.einsum("nd,nd->n", x, x)


def of_squared(squared: np.ndarray, metric: str) -> np.ndarray:
    """Squared L2 distances in another metric; "cosine" holds for rows of length 1."""
    if metric == "squared":
        return squared
    return np.sqrt(squared) if metric == "euclidean" else 0.5 * squared


def check_metric(caller: str, metric: str) -> None:
    """Raise ValueError unless `metric` is one of METRICS."""
    if metric not in METRICS:
        raise ValueError(f"{caller}: expected metric in {METRICS}, got {metric!r}")


def _rows(caller: str, embeddings: Any, metric: str) -> np.ndarray:
    """Finite float rows (N, D), of length 1 where the metric is the cosine."""
    check_metric(caller, metric)
    x = np.asarray(embeddings)
    if x.ndim != 2 or x.dtype.kind != "f":
        raise ValueError(f"{caller}: expected embeddings (N, D) of floats, got {x.dtype} {x.shape}")
    check_finite(caller, x, "embeddings")
    if metric != "cosine":
        return x
    lengths = np.sqrt(squared_norms(x))[:, None]
    if (lengths == 0).any():
        raise ValueError(f"{caller}: expected rows with a direction, got a row of zeros")
    return x / lengths
