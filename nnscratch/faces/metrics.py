"""Verification: how well a threshold tells whether two pictures show the same person.

Stands on `checks`. A small distance means the same person, and is accepted if it is at most the
threshold.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnscratch.faces.checks import check_pairs, check_share

ENOUGH = 10  # false accepts that a rate must rest on to be believed


@dataclass(frozen=True)
class Roc:
    """At each threshold (T,), rising: the shares of impostor pairs (far) and same pairs accepted.

    The first threshold accepts nothing, the last all; between them are the midpoints of distinct
    distances.
    """

    thresholds: np.ndarray
    far: np.ndarray
    tar: np.ndarray

    def at_far(self, far: float) -> int:
        """The place of the largest threshold whose false-accept rate is at most `far`."""
        return int(np.searchsorted(self.far, far, side="right")) - 1

    @property
    def auc(self) -> float:
        """The area under the curve, in [0, 1]."""
        return float(np.trapezoid(self.tar, self.far))

    @property
    def eer(self) -> float:
        """Where FAR first reaches FRR = 1 − TAR, both straight between thresholds; in [0, 1]."""
        gap = self.far - (1 - self.tar)  # rises from −1 to 1
        i = int(np.argmax(gap >= 0))
        part = gap[i - 1] / (gap[i - 1] - gap[i])
        return float(self.far[i - 1] + part * (self.far[i] - self.far[i - 1]))


class TarAtFar(NamedTuple):
    """The true-accept rate, the false-accept rate measured beside it, and their threshold.

    warning: empty, or why the figures are not to be trusted.
    """

    tar: float
    far: float
    threshold: float
    warning: str


def roc(distances: Any, same: Any) -> Roc:
    """distances (P,), same (P,) of 0 and 1 -> the curve.

    Raises ValueError on NaN or where one kind of pair is missing, CollapsedError where all
    distances are equal.
    """
    return _curve(*check_pairs("roc", distances, same))


def auc(distances: Any, same: Any) -> float:
    """P(same pair nearer than impostor pair), a tie counting one half; in [0, 1].

    It is the area under the ROC: its straight pieces across ties average their ranks.
    """
    return _curve(*check_pairs("auc", distances, same)).auc


def eer(distances: Any, same: Any) -> float:
    """The rate, in [0, 1], at which as many impostors are accepted as same pairs are rejected."""
    return _curve(*check_pairs("eer", distances, same)).eer


def tar_at_far(distances: Any, same: Any, far: float) -> TarAtFar:
    """The true-accept rate at the largest threshold with a false-accept rate of at most `far`.

    far in (0, 1). It warns where fewer than 10 / far impostors stand behind it.
    """
    check_share("tar_at_far", "far", far)
    distances, same = check_pairs("tar_at_far", distances, same)
    curve = _curve(distances, same)
    i = curve.at_far(far)
    warning = too_few(int(np.count_nonzero(~same)), far, "impostor pairs")
    return TarAtFar(float(curve.tar[i]), float(curve.far[i]), float(curve.thresholds[i]), warning)


def threshold_at_far(distances: Any, same: Any, far: float) -> float:
    """The largest threshold with a false-accept rate of at most `far`, in (0, 1)."""
    return tar_at_far(distances, same, far).threshold


def best_threshold(distances: Any, same: Any) -> float:
    """The threshold that is right for the most pairs; of several, the middle one."""
    distances, same = check_pairs("best_threshold", distances, same)
    curve, share = _curve(distances, same), np.mean(same)
    right = share * curve.tar + (1 - share) * (1 - curve.far)
    best = np.flatnonzero(right >= right.max() - 1e-12)
    return float(curve.thresholds[best[len(best) // 2]])


def _curve(distances: np.ndarray, same: np.ndarray) -> Roc:
    order = np.argsort(distances, kind="stable")  # quick where a bootstrap comes sorted
    distances, same = distances[order], same[order]
    thresholds = thresholds_between(distances)
    return Roc(
        thresholds, accepted(distances[~same], thresholds), accepted(distances[same], thresholds)
    )


def thresholds_between(rising: np.ndarray) -> np.ndarray:
    """Below all values, between each two distinct ones, at the last: (N,) -> (T,)."""
    distinct = rising[np.append(True, rising[1:] > rising[:-1])]
    low, high = distinct[:-1], distinct[1:]
    below = np.nextafter(distinct, -np.inf)
    middle = np.minimum(low + 0.5 * (high - low), below[1:])  # neighbours have no middle
    return np.concatenate([below[:1], middle, distinct[-1:]])


def accepted(rising: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The share of the values that are at most each threshold."""
    return np.searchsorted(rising, thresholds, side="right") / len(rising)


def too_few(count: int, far: float, what: str) -> str:
    """A warning, or an empty text where a rate of `far` has enough behind it."""
    if count * far >= ENOUGH * (1 - 1e-9):
        return ""
    return (
        f"a rate of {far:g} rests on {count * far:.3g} of {count} {what}; "
        f"at least {ENOUGH / far:.0f} are needed to believe it"
    )
