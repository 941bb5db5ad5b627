"""What is refused before anything is measured: numbers that are none, and a collapsed encoding.

Stands on NumPy.
"""

from typing import Any

import numpy as np

ROUNDING = 1e-6  # of a float32 embedding: components nearer than this are equal


class CollapsedError(ValueError):
    """All distances are equal: the network gives every picture the same encoding."""


def check_pairs(caller: str, distances: Any, same: Any) -> tuple[np.ndarray, np.ndarray]:
    """distances (P,), same (P,) -> float64 and bool, or the error that says what is wrong."""
    distances, same = np.asarray(distances, np.float64), np.asarray(same)
    if distances.ndim != 1 or same.shape != distances.shape:
        raise ValueError(
            f"{caller}: expected distances (P,) and same (P,), got {distances.shape} "
            f"and {same.shape}"
        )
    check_finite(caller, distances, "distances")
    if not ((same == 0) | (same == 1)).all():
        raise ValueError(f"{caller}: expected same to be 0 or 1, got other values")
    same = same.astype(bool)
    if not 0 < np.count_nonzero(same) < len(same):
        raise ValueError(
            f"{caller}: expected pairs of the same and of different people, got "
            f"{np.count_nonzero(same)} and {len(same) - np.count_nonzero(same)}"
        )
    check_spread(caller, distances)
    return distances, same


def check_share(caller: str, name: str, value: float) -> None:
    """Raise ValueError unless the value of that name lies between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{caller}: expected {name} between 0 and 1, got {value}")


def check_finite(caller: str, x: np.ndarray, what: str) -> None:
    """Raise ValueError on NaN and infinity; what: how the error calls the array."""
    bad = x.size - np.count_nonzero(np.isfinite(x))
    if bad:
        raise ValueError(
            f"{caller}: expected finite {what}, got NaN or infinity in {bad} of {x.size}; "
            "look at the pictures and the network that they come from"
        )


def check_spread(caller: str, distances: np.ndarray) -> None:
    """Raise CollapsedError where all distances are equal."""
    equal = ROUNDING**2 * max(1.0, float(np.abs(distances).max()))  # distances of unit rows
    if distances.size > 1 and np.ptp(distances) <= equal:
        raise collapsed(caller, f"all {distances.size} distances are {distances.flat[0]:g}")


def all_equal(rows: np.ndarray) -> bool:
    """Whether rows (N, D) are equal up to rounding."""
    return bool(np.ptp(rows, axis=0).max() <= ROUNDING * np.abs(rows).max())


def collapsed(caller: str, what: str) -> CollapsedError:
    """The error that says what is equal, what that means and what helps."""
    return CollapsedError(
        f"{caller}: {what}: the encoding has collapsed to a constant and tells nobody apart; "
        "train anew with a lower learning rate, or begin with a softmax loss"
    )
