"""Evaluating an encoder on unseen people: verification, identification, strangers.

Stands on `distances`, `metrics`, `identification` and `intervals`. Trials of several folds or
networks can be pooled: one threshold then applies to all their distances, as it would in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnscratch.faces import metrics
from nnscratch.faces.distances import Pairs, distance_matrix, pair_distances
from nnscratch.faces.identification import cmc, open_set
from nnscratch.faces.intervals import Interval, bootstrap_over_people, wilson

NOBODY = 1e3  # stands for the distance to a person who is not enrolled; real ones are far less
OWN, OTHER, STRANGER = 0, 1, 2  # labels of a search reduced to two columns
MOST_TURNS = 20  # choices of the strangers
REPEATS = 200  # of the bootstrap


@dataclass(frozen=True)
class Trial:
    """All comparisons: pairs, the people on them (first, second), and searches in galleries.

    closed, open (P, 2): the distance of each probe to its own person and to the nearest other.
    In closed searches everybody is enrolled, in open ones some are strangers.
    """

    pairs: Pairs
    first: np.ndarray
    second: np.ndarray
    closed: np.ndarray
    open: np.ndarray


@dataclass(frozen=True)
class Evaluation:
    """Figures with 95 % intervals; the names are those of the JSON file.

    eer, auc: intervals over samples of people; tar_at_far_1, rank1, dir_at_far_1: shares, 0 to 1
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

    The first half of each person's pictures is enrolled, the others are probes. Open searches
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
    halves = zip(people, np.maximum(1, counts // 2), strict=True)
    stored = np.concatenate([np.flatnonzero(labels == p)[:half] for p, half in halves])
    probes = np.setdiff1d(np.arange(len(labels)), stored)
    distances = distance_matrix(encodings[probes], encodings[stored])
    known = max(1, min(len(people) - 1, round(enrolled * len(people))))
    turns = range(0, len(people), max(1, len(people) // MOST_TURNS))
    galleries = [np.isin(labels[stored], np.roll(people, turn)[:known]) for turn in turns]
    own = labels[probes][:, None] == labels[stored]
    open_ = np.concatenate([_search(distances[:, g], own[:, g]) for g in galleries])
    return Trial(pairs, labels[pairs.i], labels[pairs.j], _search(distances, own), open_)


def _search(distances: np.ndarray, own: np.ndarray) -> np.ndarray:
    """distances (P, G), whether each is to the own person -> the least own and other (P, 2)."""
    kinds = (np.where(own, distances, NOBODY), np.where(own, NOBODY, distances))
    return np.stack([kind.min(axis=1, initial=NOBODY) for kind in kinds], axis=1)


def pooled(trials: Sequence[Trial]) -> Trial:
    """The trials of several folds, with different people, as one."""
    step = 1 + max(int(max(t.first.max(), t.second.max())) for t in trials)
    pairs = Pairs(*map(np.concatenate, zip(*(t.pairs for t in trials), strict=True)))
    first = np.concatenate([t.first + i * step for i, t in enumerate(trials)])
    second = np.concatenate([t.second + i * step for i, t in enumerate(trials)])
    closed = np.concatenate([t.closed for t in trials])
    return Trial(pairs, first, second, closed, np.concatenate([t.open for t in trials]))


def evaluation(trial: Trial, seed=0, repeats: int = REPEATS) -> Evaluation:
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
    open_ = open_set(trial.open, kinds, [OWN, OTHER], far=0.01)
    figures = eer, auc, tar.tar, wilson(rank1 * probes, probes), open_.dir, open_.far
    people = len(np.union1d(trial.first, trial.second))
    counts = people, len(distances), open_.mated, open_.strangers
    return Evaluation(*figures, *counts, tuple(filter(None, (tar.warning, open_.warning))))
