"""A gallery: encodings of known people, into which one enrols without training anew.

Stands on `pairs`, `calibration`, `answers`, `indexes`, `entries` and `gallery_file`. It holds no
pictures, but encodings are personal data: `forget` and `save` leave nothing of a person in the
file.
"""

import math
import os
from typing import Any

import numpy as np

from nnscratch.faces import gallery_file
from nnscratch.faces.answers import Answer, Candidate, Verdict
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.entries import UNIT, checked_name, spelled, unit_rows
from nnscratch.faces.gallery_file import Contents
from nnscratch.faces.indexes import INDEXES, Index, rows_of_people
from nnscratch.faces.pairs import check_metric, of_squared, squared_norms

SCORES = ("nearest", "mean")
CHUNK = 2**24  # products formed at once: 64 MB


class Gallery:
    """People by name, each with one encoding or several, made by one network."""

    def __init__(
        self, embedding_size: int, network: str, metric: str = "squared", index: str = "exact"
    ) -> None:
        """network: the `fingerprint` of what makes the encodings; index: "exact" or "faiss".

        metric: how distances are measured, "squared" L2 (0 to 4), "euclidean" or "cosine". faiss
        is for galleries of millions; it needs pip install faiss-cpu.
        """
        check_metric("Gallery", metric)
        if index not in INDEXES:
            raise ValueError(f"Gallery: expected index in {tuple(INDEXES)}, got {index!r}")
        if embedding_size < 1:
            raise ValueError(
                f"Gallery: expected embedding_size of at least 1, got {embedding_size}"
            )
        self.embedding_size, self.network = int(embedding_size), network
        self.metric, self.index = metric, index
        self._names: dict[str, int] = {}  # name -> number of the person
        self._vectors = _Rows(np.empty((0, self.embedding_size), np.float32))
        self._owners = _Rows(np.empty(0, np.int64))  # number of the person, for each vector
        self._means: np.ndarray | None = None
        # made now, so that a missing faiss is told before the first search
        self._searchers: dict[str, Index] = {"nearest": INDEXES[index](self.embedding_size)}

    def __len__(self) -> int:
        """How many people are in it."""
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and spelled(name) in self._names

    def __repr__(self) -> str:
        return (
            f"Gallery of {len(self)} people, {self._owners.count} encodings of "
            f"{self.embedding_size} numbers, network {self.network}"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The people, in the order in which they were enrolled."""
        return tuple(self._names)

    @property
    def counts(self) -> dict[str, int]:
        """How many encodings there are of each person."""
        counts = np.bincount(self._owners.filled, minlength=len(self))
        return dict(zip(self._names, counts.tolist(), strict=True))

    def encodings(self, name: str) -> np.ndarray:
        """A copy of a person's encodings, (K, D), in the order of enrolment."""
        return self._vectors.filled[self._owners.filled == self._number("encodings", name)]

    # -- who is in it

    def enrol(self, name: str, encodings: Any) -> None:
        """Add encodings (K, D) or (D,) of a person, new or known; the network is not trained."""
        name = checked_name("enrol", name)
        rows = self._checked("enrol", encodings)
        person = self._names.setdefault(name, len(self._names))
        self._vectors.append(rows)
        self._owners.append(np.full(len(rows), person))
        self._means = None
        self._searchers.pop("mean", None)  # means move, the rows of the other score do not

    def remove(self, name: str, index: int | None = None) -> None:
        """Take out a person, or the one encoding number `index`; with the last one the person."""
        person = self._number("remove", name)
        places = np.flatnonzero(self._owners.filled == person)
        if index is not None:
            if not -len(places) <= index < len(places):
                raise ValueError(
                    f"remove: {name!r} has encodings 0 to {len(places) - 1}, got {index}"
                )
            places = places[[index]]
        vectors = np.delete(self._vectors.filled, places, axis=0)
        owners = np.delete(self._owners.filled, places)
        if person not in owners:
            self._names = {n: p - (p > person) for n, p in self._names.items() if p != person}
            owners -= owners > person
        self._vectors, self._owners = _Rows(vectors), _Rows(owners)
        self._means = None
        self._searchers.clear()

    def forget(self, name: str) -> None:
        """Take out a person altogether. After `save` nothing of it is left in the file.

        What copies and the disk beneath still hold is beyond this.
        """
        self.remove(name)

    def rename(self, old: str, new: str) -> None:
        """Give a person another name, which nobody has yet."""
        person = self._number("rename", old)
        new = checked_name("rename", new)
        if new in self._names:
            raise ValueError(f"rename: {new!r} is in the gallery already; enrol under that name")
        self._names = {new if n == person else name: n for name, n in self._names.items()}

    def merge(self, other: "Gallery") -> None:
        """Add the people of a gallery of the same network; encodings already here stay single."""
        if (other.network, other.embedding_size) != (self.network, self.embedding_size):
            raise ValueError(
                f"merge: expected a gallery of network {self.network} with "
                f"{self.embedding_size} numbers, got {other.network} with "
                f"{other.embedding_size}; encode the pictures anew with one network"
            )
        order, starts = _groups(other._owners.filled)
        groups = np.split(other._vectors.filled[order], starts[1:]) if len(other) else []
        for name, rows in zip(other.names, groups, strict=True):
            here = {row.tobytes() for row in self.encodings(name)} if name in self else set()
            new = [row for row in rows if row.tobytes() not in here]
            if new:
                self.enrol(name, np.stack(new))

    def _number(self, caller: str, name: str) -> int:
        number = self._names.get(spelled(name))
        if number is None:
            known = ", ".join(list(self._names)[:10]) or "nobody"
            more = f" and {len(self) - 10} more" if len(self) > 10 else ""
            raise ValueError(f"{caller}: no {name!r} in the gallery; it holds {known}{more}")
        return number

    def _checked(self, caller: str, encodings: Any) -> np.ndarray:
        """Encodings (K, D) or (D,) -> float32 rows of length 1, or the error that says why not."""
        rows = np.asarray(encodings)
        rows = rows[None] if rows.ndim == 1 else rows
        if rows.ndim != 2 or rows.shape[1] != self.embedding_size or rows.dtype.kind != "f":
            raise ValueError(
                f"{caller}: expected encodings (K, {self.embedding_size}) of floats, "
                f"got {rows.dtype} {np.shape(encodings)}; are they of this gallery's network?"
            )
        if len(rows) == 0:
            raise ValueError(f"{caller}: expected at least one encoding, got {rows.shape}")
        return unit_rows(caller, rows)

    # -- asking

    def identify(
        self, encodings: Any, threshold: "float | Calibration", k: int = 2, score: str = "nearest"
    ) -> list[Answer]:
        """Who is it? Encodings (N, D) or (D,) -> N answers, with the k nearest people or two each.

        threshold: the largest distance accepted, or a Calibration in this gallery's metric, which
        lowers it with the number of encodings that a query is compared with. score: the distance
        to a person is that to the "nearest" encoding, or to the "mean" of them, made length 1.
        """
        queries = self._checked("identify", encodings)
        if len(self) == 0:
            raise ValueError("identify: the gallery is empty; enrol somebody first")
        if k < 1:
            raise ValueError(f"identify: expected k of at least 1, got {k}")
        rows, owners = self._compared("identify", score)
        limit = _limit("identify", threshold, len(rows))
        names, step, k = self.names, max(1, CHUNK // len(rows)), max(k, 2)
        answers = []
        for start in range(0, len(queries), step):
            part = queries[start : start + step]
            found = rows_of_people(self._searcher(score), rows, owners, part, min(k, len(self)))
            for query, places in zip(part, found, strict=True):
                pairs = _nearest(query, rows[places], owners[places], self.metric)
                people = [Candidate(names[p], d) for p, d in pairs[:k]]
                answers.append(Answer(limit, tuple(people)))
        return answers

    def verify(
        self, name: str, encoding: Any, threshold: "float | Calibration", score: str = "nearest"
    ) -> Verdict:
        """Is it `name`? An encoding (D,); threshold and score as in `identify`."""
        query = self._checked("verify", encoding)
        if len(query) != 1:
            raise ValueError(f"verify: expected one encoding, got {len(query)}")
        person = self._number("verify", name)
        rows, owners = self._compared("verify", score)
        rows = rows[owners == person]
        distance = _distances(query[0], rows, self.metric).min()
        return Verdict(name, float(distance), _limit("verify", threshold, len(rows)))

    def _compared(self, caller: str, score: str) -> tuple[np.ndarray, np.ndarray]:
        """The rows (N, D) that a query is compared with, and whose they are (N,)."""
        if score not in SCORES:
            raise ValueError(f"{caller}: expected score in {SCORES}, got {score!r}")
        if score == "nearest":
            return self._vectors.filled, self._owners.filled
        if self._means is None:
            self._means = self._mean_rows()
        return self._means, np.arange(len(self))

    def _mean_rows(self) -> np.ndarray:
        """The mean of each person's rows, made length 1: (N, D) -> (K, D)."""
        order, starts = _groups(self._owners.filled)
        sums = np.add.reduceat(self._vectors.filled[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        for name, length in zip(self.names, lengths[:, 0], strict=True):
            if length < UNIT:
                raise ValueError(
                    f"identify: the encodings of {name!r} cancel each other; they are hardly of "
                    'one person: look at its pictures, or take score "nearest"'
                )
        return sums / lengths

    def _searcher(self, score: str) -> Index:
        """The index of what `_compared` gives."""
        if score not in self._searchers:
            self._searchers[score] = INDEXES[self.index](self.embedding_size)
        return self._searchers[score]

    # -- files

    def save(self, path: str | os.PathLike) -> None:
        """Write a .npz file, whole or not at all; only who is in the gallery now is in it.

        What a killed save has left beside it is deleted. Of two processes that save one file at
        once, one may fail, with ValueError.
        """
        owners, vectors = self._owners.filled, self._vectors.filled
        gallery_file.write(path, Contents(self.network, self.names, owners, vectors))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike,
        network: str | None,
        embedding_size: int | None = None,
        metric: str = "squared",
        index: str = "exact",
    ) -> "Gallery":
        """Read what `save` wrote; metric and index as in Gallery.

        network, embedding_size: what the gallery must have been made with; None takes any. Raises
        ValueError on another network's file and on one that is broken.
        """
        made_by, names, owners, vectors = gallery_file.read(path)
        if network is not None and made_by != network:
            raise ValueError(
                f"load: '{path}' was made with the network {made_by}, not with {network}: their "
                "encodings do not compare; load that network, or enrol the pictures anew"
            )
        if embedding_size not in (None, vectors.shape[1]):
            raise ValueError(
                f"load: '{path}' holds encodings of {vectors.shape[1]} numbers, "
                f"expected {embedding_size}; load the network that it was made with"
            )
        gallery = cls(vectors.shape[1], made_by, metric, index)
        gallery._names = {name: number for number, name in enumerate(names)}
        gallery._vectors, gallery._owners = _Rows(vectors), _Rows(owners)
        return gallery


def _limit(caller: str, threshold: Any, compared: int) -> float:
    """The threshold for a search among that many encodings."""
    if isinstance(threshold, Calibration):
        return threshold.threshold_for_gallery(compared)
    if math.isnan(threshold):
        raise ValueError(f"{caller}: expected a threshold, got {threshold}")
    return float(threshold)


def _distances(query: np.ndarray, rows: np.ndarray, metric: str) -> np.ndarray:
    """(D,), (N, D) -> (N,), from differences: a cosine near 1 would round away."""
    return of_squared(squared_norms(rows.astype(np.float64) - query), metric)


def _nearest(
    query: np.ndarray, rows: np.ndarray, owners: np.ndarray, metric: str
) -> list[tuple[int, float]]:
    """People of the rows with the least distance to each, nearest first."""
    distances = _distances(query, rows, metric)
    people: dict[int, float] = {}
    for place in np.argsort(distances, kind="stable"):
        people.setdefault(int(owners[place]), float(distances[place]))
    return list(people.items())


def _groups(owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order (N,) that puts each person's rows together, and where each begins (K,)."""
    order = np.argsort(owners, kind="stable")
    return order, np.flatnonzero(np.diff(owners[order], prepend=-1))


class _Rows:
    """A matrix that grows: it doubles its room, so that n appended rows cost O(n) copies."""

    def __init__(self, rows: np.ndarray) -> None:
        self.room, self.count = rows, len(rows)

    @property
    def filled(self) -> np.ndarray:
        return self.room[: self.count]

    def append(self, rows: np.ndarray) -> None:
        end = self.count + len(rows)
        if end > len(self.room):
            grown = np.empty((max(end, 2 * len(self.room)), *rows.shape[1:]), rows.dtype)
            grown[: self.count] = self.filled
            self.room = grown
        self.room[self.count : end] = rows
        self.count = end
