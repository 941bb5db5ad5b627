"""Identification: who of a gallery is it, or is it a stranger?

Stands on `metrics` and `intervals`.
"""

from dataclasses import dataclass

import numpy as np

from nnscratch.faces.distances import check_finite, check_spread
from nnscratch.faces.intervals import Interval, wilson
from nnscratch.faces.metrics import Roc, accepted, check_share, thresholds_between, too_few


@dataclass(frozen=True)
class OpenSet:
    """Detection and identification rate (DIR) and false alarms (far) at one threshold.

    mated: probes of people in the gallery, the others are strangers; gallery: its people.
    curve: DIR (as `tar`) and false alarms at every threshold. warning: empty, or why the figures
    are unreliable. The intervals are Wilson's and assume independent probes.
    """

    dir: Interval
    far: Interval
    threshold: float
    mated: int
    strangers: int
    gallery: int
    curve: Roc
    warning: str


def cmc(distances, probe_labels, gallery_labels) -> np.ndarray:
    """Distances (P, G), labels (P,), (G,) -> (K,): how often the right person is in the k nearest.

    The distance to a person is that of their nearest picture. Probes of strangers are left out.
    Ties are in random order: k places in a tie of n count k/n.
    """
    best, column = _by_identity("cmc", distances, probe_labels, gallery_labels)
    mated = column >= 0
    if not mated.any():
        raise ValueError("cmc: expected a probe of somebody in the gallery, got none")
    own, closer, tied = _places(best[mated], column[mated])
    ranks = np.arange(1, best.shape[1] + 1)
    return _among(ranks, closer[:, None], tied[:, None]).mean(0)  # (P, K) -> (K,)


def open_set(distances, probe_labels, gallery_labels, far=0.01, threshold=None) -> OpenSet:
    """Distances (P, G), labels (P,), (G,) -> DIR at a rate `far` of false alarms.

    DIR(t): the share of mated probes whose nearest person is their own, at a distance of at most
    t; FAR(t): the share of strangers with any distance of at most t. The threshold is the largest
    with FAR of at most `far` among these strangers, unless one chosen on other people is given.
    Source: Grother and Ngan, NIST IR 8009; rank 1.
    """
    check_share("open_set", "far", far)
    best, column = _by_identity("open_set", distances, probe_labels, gallery_labels)
    mated = column >= 0
    if not 0 < np.count_nonzero(mated) < len(mated):
        raise ValueError(
            "open_set: expected probes of people in the gallery and of strangers, got "
            f"{np.count_nonzero(mated)} and {np.count_nonzero(~mated)}"
        )
    own, closer, tied = _places(best[mated], column[mated])
    hits = _among(1, closer, tied)
    alarms = np.sort(best[~mated].min(1))
    curve = _dir_curve(own, hits, alarms)
    t = float(curve.thresholds[curve.at_far(far)] if threshold is None else threshold)
    dir_at_t = wilson(float(hits[own <= t].sum()), len(own))
    far_at_t = wilson(int(np.count_nonzero(alarms <= t)), len(alarms))
    counts = len(own), len(alarms), best.shape[1]
    return OpenSet(dir_at_t, far_at_t, t, *counts, curve, too_few(len(alarms), far, "strangers"))


def _dir_curve(own: np.ndarray, hits: np.ndarray, alarms: np.ndarray) -> Roc:
    """Distances own (M,) with weights hits (M,) in [0, 1], alarms (S,) rising -> the curve."""
    thresholds = thresholds_between(np.sort(np.concatenate([own, alarms])))
    order = np.argsort(own)
    sums = np.append(0.0, np.cumsum(hits[order]))
    accepted_hits = sums[np.searchsorted(own[order], thresholds, side="right")]
    return Roc(thresholds, accepted(alarms, thresholds), accepted_hits / len(own))


def _by_identity(caller: str, distances, probe_labels, gallery_labels):
    """-> the least distance to each person (P, K), and the column of the own one (P,) or −1."""
    distances = np.asarray(distances, np.float64)
    probes, gallery = np.asarray(probe_labels), np.asarray(gallery_labels)
    if distances.shape != (*probes.shape, *gallery.shape) or distances.ndim != 2:
        raise ValueError(
            f"{caller}: expected distances (P, G) with labels (P,) and (G,), got "
            f"{distances.shape}, {probes.shape} and {gallery.shape}"
        )
    if distances.size == 0:
        raise ValueError(f"{caller}: expected probes and a gallery, got none: {distances.shape}")
    check_finite(caller, distances, "distances")
    check_spread(caller, distances)
    order = np.argsort(gallery, kind="stable")
    identities, starts = np.unique(gallery[order], return_index=True)
    best = np.minimum.reduceat(distances[:, order], starts, axis=1)  # (P, G) -> (P, K)
    column = np.searchsorted(identities, probes).clip(max=len(identities) - 1)
    return best, np.where(identities[column] == probes, column, -1)


def _places(best: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P, K), (P,) -> the own distance, the number of closer ones, the number of ties, all (P,)."""
    own = np.take_along_axis(best, column[:, None], axis=1)  # (P, 1)
    return own[:, 0], (best < own).sum(1), (best == own).sum(1) - 1


def _among(k, closer: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """The probability of being among the k first, in [0, 1], with ties in random order."""
    return np.clip((k - closer) / (tied + 1), 0, 1)
