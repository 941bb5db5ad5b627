"""Mining: choosing the triplets (anchor, positive, negative) of a loss.

Stands on NumPy. A choice has no gradient: miners work outside the graph, on a (B, B) array of
distances, and `losses` takes the distances of the chosen rows inside it.

With ap = d(anchor, positive), an = d(anchor, negative) and loss = max(0, ap − an + margin):

    kind        the negative is                      that is                 loss
    easy        farther than the positive + margin   ap + margin <= an       0, no gradient
    semi-hard   farther, but within the margin       ap < an < ap + margin   between 0 and margin
    hard        not farther than the positive        an <= ap                margin or more

Active are the semi-hard and the hard ones. Source: Schroff et al. 2015 (arXiv:1503.03832),
section 3.2; Hermans et al. 2017 (arXiv:1703.07737), section 2.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

KINDS = ("easy", "semi-hard", "hard")


def positives(labels) -> np.ndarray:
    """labels (B,) -> (B, B): whether two different rows have one label."""
    labels = as_labels("positives", labels)
    return (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)


def negatives(labels) -> np.ndarray:
    """labels (B,) -> (B, B): whether two rows have different labels."""
    labels = as_labels("negatives", labels)
    return labels[:, None] != labels


def positive_pairs(labels) -> tuple[np.ndarray, np.ndarray]:
    """All (anchor, positive): labels (B,) -> rows (Q,), rows (Q,)."""
    anchor, positive = np.nonzero(positives(labels))
    return anchor, positive


def valid_triplets(labels) -> np.ndarray:
    """All (anchor, positive, negative): labels (B,) -> rows (T, 3)."""
    anchor, positive = positive_pairs(labels)
    pair, negative = np.nonzero(negatives(labels)[anchor])
    return _triplets(anchor[pair], positive[pair], negative)


def slacks(distances: np.ndarray, labels, margin: float) -> np.ndarray:
    """ap − an + margin for each positive pair and each row n: distances (B, B) -> (Q, B).

    A triplet is active if it is above 0. Ignore values whose row n is no negative.
    """
    anchor, positive = positive_pairs(labels)
    return distances[anchor, positive][:, None] - distances[anchor] + margin


def kinds(distances: np.ndarray, triplets: np.ndarray, margin: float) -> np.ndarray:
    """The kind of each triplet: distances (B, B), triplets (T, 3) -> (T,) places in KINDS."""
    anchor, positive, negative = np.asarray(triplets).T
    ap, an = distances[anchor, positive], distances[anchor, negative]
    return np.where(an <= ap, 2, (ap - an + margin > 0).astype(int))


def all_active(distances: np.ndarray, labels, margin: float) -> np.ndarray:
    """Every triplet that is not easy: distances (B, B), labels (B,) -> (T, 3)."""
    distances, labels = _checked("all_active", distances, labels)
    anchor, positive = positive_pairs(labels)
    active = _above_zero(slacks(distances, labels, margin)) & negatives(labels)[anchor]
    pair, negative = np.nonzero(active)
    return _triplets(anchor[pair], positive[pair], negative)


def hardest(distances: np.ndarray, labels, margin: float = np.inf) -> np.ndarray:
    """For each anchor its farthest positive and its nearest negative: (B, B), (B,) -> (T, 3).

    Easy triplets are included; margin is not used. Ties go to the first row. Anchors without a
    positive or a negative are left out. Source: Hermans et al. 2017, equation 5.
    """
    distances, labels = _checked("hardest", distances, labels)
    near, other = positives(labels), negatives(labels)
    # infinity, since distances times a mask would put 0 at excluded rows
    positive = np.where(near, distances, -np.inf).argmax(1)
    negative = np.where(other, distances, np.inf).argmin(1)
    anchor = np.flatnonzero(near.any(1) & other.any(1))
    return _triplets(anchor, positive[anchor], negative[anchor])


def semi_hard(distances: np.ndarray, labels, margin: float) -> np.ndarray:
    """For each (anchor, positive) the nearest negative farther than it: (B, B), (B,) -> (T, 3).

    If no negative is farther than the positive, the farthest negative. Easy triplets (whose
    negative lies beyond the margin) are left out. Ties go to the first row.

    Source: Schroff et al. 2015, equation 4. Differs from the paper: it does not say which of the
    semi-hard negatives to take, nor what to do if there is none; this is the common rule.
    """
    distances, labels = _checked("semi_hard", distances, labels)
    anchor, positive = positive_pairs(labels)
    ap, an, other = distances[anchor, positive], distances[anchor], negatives(labels)[anchor]
    farther = other & (an > ap[:, None])
    nearest = np.where(farther, an, np.inf).argmin(1)
    farthest = np.where(other, an, -np.inf).argmax(1)
    negative = np.where(farther.any(1), nearest, farthest)
    active = _above_zero(ap - distances[anchor, negative] + margin) & other.any(1)
    return _triplets(anchor, positive, negative)[active]


def random_triplets(distances: np.ndarray, labels, margin: float, rng=None) -> np.ndarray:
    """For each (anchor, positive) a random active negative: (B, B), (B,) -> (T, 3).

    Pairs whose negatives are all easy are left out. rng: a numpy.random.Generator, or a seed
    """
    distances, labels = _checked("random_triplets", distances, labels)
    anchor, positive = positive_pairs(labels)
    active = _above_zero(slacks(distances, labels, margin)) & negatives(labels)[anchor]
    draws = np.random.default_rng(rng).random(active.shape)
    negative = np.where(active, draws, -1.0).argmax(1)
    return _triplets(anchor, positive, negative)[active.any(1)]


Miner = Callable[[np.ndarray, Any, float], np.ndarray]
MINERS: dict[str, Miner] = {
    "all": all_active, "hardest": hardest, "semi-hard": semi_hard, "random": random_triplets,
}  # fmt: skip


def as_labels(caller: str, labels) -> np.ndarray:
    """labels as an integer array (B,). Raises ValueError that names `caller`."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{caller}: expected labels as integers (B,), got {labels.dtype} {labels.shape}; "
            "number the names with np.unique(names, return_inverse=True)[1]"
        )
    return labels


def _checked(caller: str, distances, labels) -> tuple[np.ndarray, np.ndarray]:
    distances, labels = np.asarray(distances), as_labels(caller, labels)
    size = len(labels)
    if distances.shape != (size, size) or not size:
        raise ValueError(
            f"{caller}: expected distances (B, B) and labels (B,), B of at least 1, got "
            f"{distances.shape} and {labels.shape}"
        )
    return distances, labels


def _above_zero(slack: np.ndarray) -> np.ndarray:
    """slack > 0 or NaN, so that NaN reaches the loss."""
    return ~(slack <= 0)


def _triplets(anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    return np.stack([anchor, positive, negative], axis=1)
