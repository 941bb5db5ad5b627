"""Verification: how well a threshold tells whether two pictures show the same person.

Stands on `distances`. A pair is accepted, as the same person, if its distance is at most the
threshold.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nnscratch.faces.distances import check_finite, check_spread

ENOUGH = 10  # false accepts for a rate to be reliable


@dataclass(frozen=True)
class Roc:
    """Shares of impostor pairs (far) and of same pairs (tar) accepted at thresholds (T,), rising.

    The first threshold accepts nothing, the last everything; between them are the midpoints of
    distinct distances.
    """

    thresholds: np.ndarray
    far: np.ndarray
    tar: np.ndarray

    def at_far(self, far: float) -> int:
        """The index of the largest threshold whose false-accept rate is at most `far`."""
        return int(np.searchsorted(self.far, far, side="right")) - 1

    @property
    def auc(self) -> float:
        """The area under the curve, in [0, 1]."""
        return float(np.trapezoid(self.tar, self.far))

    @property
    def eer(self) -> float:
        """The rate where FAR reaches FRR = 1 − TAR, interpolated linearly; in [0, 1]."""
        gap = self.far - (1 - self.tar)  # rises from −1 to 1
        i = int(np.argmax(gap >= 0))
        part = gap[i - 1] / (gap[i - 1] - gap[i])
        return float(self.far[i - 1] + part * (self.far[i] - self.far[i - 1]))


class TarAtFar(NamedTuple):
    """The true-accept rate, the measured false-accept rate, and their threshold.

    warning: empty, or why the figures are unreliable.
    """

    tar: float
    far: float
    threshold: float
    warning: str


def roc(distances, same) -> Roc:
    """distances (P,), same (P,) of 0 and 1 -> the curve.

    Raises ValueError on NaN or if one kind of pair is missing, CollapsedError if all distances
    are equal.
    """
    return _curve(*check_pairs("roc", distances, same))


def auc(distances, same) -> float:
    """P(a same pair is nearer than an impostor pair), ties counting one half; in [0, 1].

    Equals the area under the ROC, whose straight pieces across ties average their ranks.
    """
    return _curve(*check_pairs("auc", distances, same)).auc


def eer(distances, same) -> float:
    """The equal error rate, in [0, 1]: where the shares of false accepts and rejects are equal."""
    return _curve(*check_pairs("eer", distances, same)).eer


def tar_at_far(distances, same, far: float) -> TarAtFar:
    """The true-accept rate at the largest threshold with a false-accept rate of at most `far`.

    far in (0, 1). It warns if there are fewer than 10 / far impostor pairs.
    """
    check_share("tar_at_far", "far", far)
    distances, same = check_pairs("tar_at_far", distances, same)
    curve = _curve(distances, same)
    i = curve.at_far(far)
    warning = too_few(int(np.count_nonzero(~same)), far, "impostor pairs")
    return TarAtFar(float(curve.tar[i]), float(curve.far[i]), float(curve.thresholds[i]), warning)


def threshold_at_far(distances, same, far: float) -> float:
    """The largest threshold with a false-accept rate of at most `far`, in (0, 1)."""
    return tar_at_far(distances, same, far).threshold


def best_threshold(distances, same) -> float:
    """The threshold of the highest accuracy; of several, the middle one."""
    distances, same = check_pairs("best_threshold", distances, same)
    curve, share = _curve(distances, same), np.mean(same)
    right = share * curve.tar + (1 - share) * (1 - curve.far)
    best = np.flatnonzero(right >= right.max() - 1e-12)
    return float(curve.thresholds[best[len(best) // 2]])


def _curve(distances: np.ndarray, same: np.ndarray) -> Roc:
    order = np.argsort(distances, kind="stable")  # fast for the sorted input of a bootstrap
    distances, same = distances[order], same[order]
    thresholds = thresholds_between(distances)
    far, tar = (accepted(distances[kind], thresholds) for kind in (~same, same))
    return Roc(thresholds, far, tar)


def thresholds_between(rising: np.ndarray) -> np.ndarray:
    """Below all values, between each two distinct values, at the last: (N,) -> (T,)."""
    distinct = rising[np.append(True, rising[1:] > rising[:-1])]
    low, high = distinct[:-1], distinct[1:]
    below = np.nextafter(distinct, -np.inf)
    middle = np.minimum(low + 0.5 * (high - low), below[1:])  # adjacent floats have no midpoint
    return np.concatenate([below[:1], middle, distinct[-1:]])


def accepted(rising: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The share of the values that are at most each threshold."""
    return np.searchsorted(rising, thresholds, side="right") / len(rising)


def too_few(count: int, far: float, what: str) -> str:
    """A warning if a rate of `far` rests on too few of count samples, else an empty text."""
    if count * far >= ENOUGH * (1 - 1e-9):
        return ""
    return (
        f"a rate of {far:g} rests on {count * far:.3g} of {count} {what}; "
        f"at least {ENOUGH / far:.0f} are needed for a reliable rate"
    )


def check_pairs(caller: str, distances, same) -> tuple[np.ndarray, np.ndarray]:
    """distances (P,), same (P,) -> float64 and bool. Raises ValueError on others."""
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
            f"{np.count_nonzero(same)} and {np.count_nonzero(~same)}"
        )
    check_spread(caller, distances)
    return distances, same


def check_share(caller: str, name: str, value: float) -> None:
    """Raise ValueError unless the value of that name lies between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{caller}: expected {name} between 0 and 1, got {value}")
