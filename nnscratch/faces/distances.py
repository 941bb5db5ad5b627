"""Distances of encodings, as Tensors for losses and as arrays for measurements.

Stands on `functional`. A small distance means the same person.

metric: "squared" |a − b|², "euclidean" |a − b|, or "cosine" 1 − cos(a, b) = ½·|a/|a| − b/|b||². For
unit rows they range to 4, 2 and 2, and squared = 2 · cosine.
"""

from typing import NamedTuple

import numpy as np

import nnscratch.functional as F
from nnscratch.autograd import no_grad
from nnscratch.functional.distance import safe_root, squared_distances
from nnscratch.tensor import Tensor, as_tensor

METRICS = ("squared", "euclidean", "cosine")
ROUNDING = 1e-6  # of a float32 encoding: components nearer than this are equal


class CollapsedError(ValueError):
    """All distances are equal: the network gives every picture the same encoding."""


class Pairs(NamedTuple):
    """Distances (P,) of pictures i (P,) and j (P,), and whether they show the same person."""

    distances: np.ndarray
    same: np.ndarray
    i: np.ndarray
    j: np.ndarray


# -- differentiable -------------------------------------------------------------------------------


def distances(a, b=None, metric: str = "squared") -> Tensor:
    """Distances of all rows: a (N, D), b (M, D) -> (N, M); b is a where left out.

    Equal rows are at exactly 0, none is below it. The gradient at distance 0 is 0. A row of zeros
    has no direction: its cosine distance is ½ to others and 0 to another such row.
    """
    a = check_rows("distances", a, metric)
    b = a if b is None else as_tensor(b)
    if b.ndim != 2 or b.shape[1] != a.shape[1]:
        raise ValueError(f"distances: expected rows (N, D) and (M, D), got {a.shape} and {b.shape}")
    return _metric_distances(squared_distances, a, b, metric)


def row_distances(a, b, metric: str = "squared") -> Tensor:
    """Distances row by row: a (N, D), b (N, D) -> (N,)."""
    a, b = check_rows("row_distances", a, metric), check_rows("row_distances", b, metric)
    if a.shape != b.shape:
        raise ValueError(f"row_distances: expected two of one shape, got {a.shape} and {b.shape}")
    return _metric_distances(lambda a, b: ((a - b) ** 2).sum(1), a, b, metric)


def _metric_distances(squared, a: Tensor, b: Tensor, metric: str) -> Tensor:
    """squared(a, b), a function of rows, in a metric."""
    if metric == "cosine":
        unit = F.normalize(a)
        return 0.5 * squared(unit, unit if b is a else F.normalize(b))
    return squared(a, b) if metric == "squared" else safe_root(squared(a, b))


def check_metric(caller: str, metric: str) -> None:
    """Raise ValueError unless `metric` is one of METRICS."""
    if metric not in METRICS:
        raise ValueError(f"{caller}: expected metric in {METRICS}, got {metric!r}")


def check_rows(caller: str, rows, metric: str = METRICS[0]) -> Tensor:
    """Rows (N, D) of floats as a Tensor. Raises ValueError on others, and on other metrics."""
    check_metric(caller, metric)
    rows = as_tensor(rows)
    if rows.ndim != 2 or rows.dtype.kind != "f":
        raise ValueError(
            f"{caller}: expected encodings (N, D) of floats, got {rows.dtype} {rows.shape}"
        )
    return rows


# -- measured -------------------------------------------------------------------------------------


def distance_matrix(a, b, metric: str = "squared") -> np.ndarray:
    """`distances` as an array: a (N, D), b (M, D) -> (N, M).

    Raises ValueError on NaN and infinity, and on rows of zeros if the metric is the cosine.
    """
    for rows in (a, b):
        rows = check_rows("distance_matrix", rows, metric).numpy()
        check_finite("distance_matrix", rows, "encodings")
        if metric == "cosine" and not rows.any(axis=1).all():
            raise ValueError("distance_matrix: expected rows with a direction, got a row of zeros")
    with no_grad():
        return distances(a, b, metric).numpy()


def pair_distances(encodings, labels, metric: str = "squared") -> Pairs:
    """Every pair once: encodings (N, D), labels (N,) -> N(N − 1)/2 distances, same, i < j.

    Raises CollapsedError if all encodings are equal up to rounding.
    """
    rows, labels = np.asarray(encodings), np.asarray(labels)
    matrix = distance_matrix(rows, rows, metric)
    if labels.shape != (len(rows),) or len(rows) < 2:
        raise ValueError(
            "pair_distances: expected encodings (N, D) and labels (N,) with N of at least 2, "
            f"got {rows.shape} and {labels.shape}"
        )
    check_collapse("pair_distances", rows)
    i, j = np.triu_indices(len(rows), 1)
    return Pairs(matrix[i, j], labels[i] == labels[j], i, j)


def check_finite(caller: str, x: np.ndarray, what: str) -> None:
    """Raise ValueError on NaN and infinity; what: the name of the array in the message."""
    bad = x.size - np.count_nonzero(np.isfinite(x))
    if bad:
        raise ValueError(
            f"{caller}: expected finite {what}, got NaN or infinity in {bad} of {x.size}; "
            "look at the pictures and the network that they come from"
        )


def check_collapse(caller: str, rows: np.ndarray) -> None:
    """Raise CollapsedError if encodings (N, D) are equal up to rounding."""
    if np.ptp(rows, axis=0).max() <= ROUNDING * np.abs(rows).max():
        raise collapsed(caller, f"all {len(rows)} encodings are equal")


def check_spread(caller: str, distances: np.ndarray) -> None:
    """Raise CollapsedError if all distances are equal."""
    equal = ROUNDING**2 * max(1.0, float(np.abs(distances).max()))  # distances of unit rows
    if distances.size > 1 and np.ptp(distances) <= equal:
        raise collapsed(caller, f"all {distances.size} distances are {distances.flat[0]:g}")


def collapsed(caller: str, what: str) -> CollapsedError:
    """The error that says what is equal, what that means and what helps."""
    return CollapsedError(
        f"{caller}: {what}: the encoding has collapsed to a constant and tells nobody apart; "
        "train anew with a lower learning rate, or begin with a softmax loss"
    )
