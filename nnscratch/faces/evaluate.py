"""Judging an encoder on people it has not seen: verification, identification, strangers.

Stands on `pairs`, `metrics`, `identification` and `intervals`. What several folds or networks have
measured can be pooled: their distances are then judged by one threshold, as they would be in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.faces import metrics
from nnscratch.faces.identification import cmc, open_set
from nnscratch.faces.intervals import Interval, bootstrap_over_people, wilson
from nnscratch.faces.pairs import Pairs, distance_matrix, pair_distances

NOBODY = 1e3  # the distance to somebody who is not enrolled; no real one comes near
OWN, OTHER, STRANGER = 0, 1, 2  # labels of a search reduced to two columns
MOST_TURNS = 20  # of who is a stranger
MOST_REPEATS = 200  # of the bootstrap


@dataclass(frozen=True)
class Trial:
    """What was compared: pairs, who is on them (first, second), and searches in galleries.

    closed, open (P, 2): the distance of each probe to its own identity and to the nearest other.
    In closed ones everybody is enrolled, in open ones some are strangers.
    """

    pairs: Pairs
    first: np.ndarray
    second: np.ndarray
    closed: np.ndarray
    open: np.ndarray


@dataclass(frozen=True)
class Report:
    """Figures with their intervals of 95 %; the names are those of the JSON file.

    eer, auc: over people drawn anew; tar_at_far_1, rank1, dir_at_far_1: shares, 0 to 1
    """

    eer: Interval
    auc: Interval
    tar_at_far_1: float
    rank1: Interval
    dir_at_far_1: Interval
    far_of_dir: Interval
    people: int
    pairs: int
    searches: int
    strangers: int
    warnings: tuple[str, ...]


def trial(encodings: np.ndarray, labels: np.ndarray, enrolled: float = 0.6) -> Trial:
    """All comparisons among unseen people: unit rows (N, D), labels (N,).

    Of each person the first half of the pictures is enrolled and the others ask. Open searches
    enrol the share `enrolled` of the people; each person is a stranger in turn.
    Raises ValueError if fewer than 2 people have 2 pictures.
    """
    encodings, labels = np.asarray(encodings), np.asarray(labels)
    people, counts = np.unique(labels, return_counts=True)
    if np.count_nonzero(counts > 1) < 2:
        raise ValueError(
            "trial: expected at least 2 people with 2 pictures or more, got "
            f"{np.count_nonzero(counts > 1)} of {len(people)} people; add pictures"
        )
    pairs = pair_distances(encodings, labels)
    stored = np.concatenate(
        [np.flatnonzero(labels == p)[: max(1, n // 2)] for p, n in zip(people, counts, strict=True)]
    )
    asking = np.setdiff1d(np.arange(len(labels)), stored)
    distances = distance_matrix(encodings[asking], encodings[stored])
    known = max(1, min(len(people) - 1, round(enrolled * len(people))))
    turns = range(0, len(people), max(1, len(people) // MOST_TURNS))
    galleries = [np.isin(labels[stored], np.roll(people, turn)[:known]) for turn in turns]
    own = labels[asking][:, None] == labels[stored]
    return Trial(
        pairs,
        labels[pairs.i],
        labels[pairs.j],
        _search(distances, own),
        np.concatenate([_search(distances[:, some], own[:, some]) for some in galleries]),
    )


def _search(distances: np.ndarray, own: np.ndarray) -> np.ndarray:
    """distances (P, G), whether each is to the own identity -> the least of both kinds (P, 2)."""
    kinds = (np.where(own, distances, NOBODY), np.where(own, NOBODY, distances))
    return np.stack([kind.min(axis=1, initial=NOBODY) for kind in kinds], axis=1)


def pooled(trials: Sequence[Trial]) -> Trial:
    """The trials of several folds as one; their people are different ones."""
    step = 1 + max(int(max(t.first.max(), t.second.max())) for t in trials)
    parts = [t.pairs for t in trials]
    joined = Pairs(
        *(np.concatenate([part[k] for part in parts]) for k in range(len(Pairs._fields)))
    )
    first, second = (
        np.concatenate([getattr(t, side) + i * step for i, t in enumerate(trials)])
        for side in ("first", "second")
    )
    closed, strangers = (
        np.concatenate([getattr(t, kind) for t in trials]) for kind in ("closed", "open")
    )
    return Trial(joined, first, second, closed, strangers)


def report(trial: Trial, seed: Any = 0, repeats: int = MOST_REPEATS) -> Report:
    """The figures of a trial; seed: of the bootstrap."""
    distances, same = trial.pairs.distances, trial.pairs.same
    eer, auc = (
        bootstrap_over_people(figure, trial.first, trial.second, distances, same, seed, repeats)
        for figure in (metrics.eer, metrics.auc)
    )
    tar = metrics.tar_at_far(distances, same, 0.01)
    probes = len(trial.closed)
    rank1 = cmc(trial.closed, np.full(probes, OWN), [OWN, OTHER])[0]
    kinds = np.where(trial.open[:, 0] < NOBODY, OWN, STRANGER)
    found = open_set(trial.open, kinds, [OWN, OTHER], far=0.01)
    return Report(
        eer,
        auc,
        tar.tar,
        wilson(rank1 * probes, probes),
        found.dir,
        found.far,
        len(np.union1d(trial.first, trial.second)),
        len(distances),
        found.mated,
        found.strangers,
        tuple(filter(None, (tar.warning, found.warning))),
    )
