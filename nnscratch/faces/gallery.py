"""A gallery: encodings of known people. Enrolling a person needs no training.

Stands on `distances`, `calibration` and `gallery_file`. It holds no pictures, but encodings are
personal data: after `forget` and `save` the file contains nothing of a person.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from nnscratch.faces import gallery_file
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.distances import check_metric, distance_matrix
from nnscratch.faces.gallery_file import UNIT, GalleryArrays, checked_name, spelled, unit_rows
from nnscratch.files import check_place, locked

SCORES = ("nearest", "mean")
CHUNK = 2**24  # products formed at once: 64 MB

Threshold = float | Calibration


# -- answers --------------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """A person and the distance to them."""

    name: str
    distance: float


@dataclass(frozen=True)
class Answer:
    """The person recognised, or None.

    limit: the largest distance that is accepted; candidates: the nearest people, nearest first.
    """

    limit: float
    candidates: tuple[Candidate, ...]

    @property
    def name(self) -> str | None:
        """The person recognised, or None."""
        return self.nearest if self.distance <= self.limit else None

    @property
    def nearest(self) -> str:
        """The nearest person, recognised or not."""
        return self.candidates[0].name

    @property
    def distance(self) -> float:
        """The distance to the nearest person."""
        return self.candidates[0].distance

    @property
    def second(self) -> str | None:
        """The second nearest person; None in a gallery of one."""
        return self.candidates[1].name if len(self.candidates) > 1 else None

    @property
    def margin(self) -> float | None:
        """How much farther the second nearest person is; None in a gallery of one."""
        return self.candidates[1].distance - self.distance if len(self.candidates) > 1 else None

    def __str__(self) -> str:
        if self.name is None:
            nearest = f"nearest: {self.nearest} at {self.distance:.2f}"
            return f"not recognised ({nearest}, limit {self.limit:.2f})"
        margin = "" if self.margin is None else f", margin {self.margin:.2f}"
        return f"{self.name} (distance {self.distance:.2f}{margin})"


@dataclass(frozen=True)
class Verification:
    """Whether an encoding is of the person with that name."""

    name: str
    distance: float
    limit: float

    @property
    def same(self) -> bool:
        """Whether the distance is within the limit."""
        return self.distance <= self.limit

    def __str__(self) -> str:
        answer = "is" if self.same else "is not"
        return f"{answer} {self.name} (distance {self.distance:.2f}, limit {self.limit:.2f})"


# -- searching ------------------------------------------------------------------------------------


class Index(Protocol):
    """Finds the rows (N, D) nearest to queries (Q, D): their numbers (Q, count), nearest first.

    Between two searches, rows may only have been appended; otherwise make a new index. A place
    that the index cannot fill is −1.
    """

    def search(self, rows: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray: ...


class ExactIndex:
    """One matrix product and a partial sort."""

    def search(self, rows, queries, count):
        """Rows of length 1: the largest cosine is the smallest distance."""
        cosines = queries @ rows.T  # (Q, D) (D, N) -> (Q, N)
        if count == len(rows):
            return np.argsort(-cosines, axis=1, kind="stable")
        nearest = np.argpartition(cosines, -count, axis=1)[:, -count:]
        order = np.argsort(-np.take_along_axis(cosines, nearest, axis=1), axis=1, kind="stable")
        return np.take_along_axis(nearest, order, axis=1)


class FaissIndex:
    """A graph of near neighbours by faiss: many times faster, but not always exact.

    Source: Malkov and Yashunin 2018, hierarchical navigable small worlds; 32 neighbours a row.
    """

    def __init__(self, embedding_size: int) -> None:
        try:
            import faiss
        except ImportError as error:
            raise ValueError(
                'Gallery: index "faiss" needs the library faiss, which is not installed; '
                'install it with pip install faiss-cpu, or take index "exact"'
            ) from error
        self.graph = faiss.IndexHNSWFlat(embedding_size, 32, faiss.METRIC_INNER_PRODUCT)

    def search(self, rows, queries, count):
        """Add the appended rows, then walk the graph."""
        if len(rows) > self.graph.ntotal:
            self.graph.add(rows[self.graph.ntotal :])
        self.graph.hnsw.efSearch = max(128, 2 * count)
        return self.graph.search(queries, count)[1]


# by name; called with the length of the rows
INDEXES: dict[str, Callable[[int], Index]] = {
    "exact": lambda embedding_size: ExactIndex(),
    "faiss": FaissIndex,
}


def _rows_of_people(index: Index, rows, owners, queries, people: int) -> list[np.ndarray]:
    """For each query (Q, D) the nearest of rows (N, D), enough of them for that many people.

    owners (N,): the person of each row; there are at least `people` of them.
    """
    count = 16 * people
    while count < len(rows):
        nearest = [places[places >= 0] for places in index.search(rows, queries, count)]
        if all(len(set(owners[places].tolist())) >= people for places in nearest):
            return nearest
        count *= 8
    return list(ExactIndex().search(rows, queries, len(rows)))


# -- the gallery ----------------------------------------------------------------------------------


class Gallery:
    """People by name, each with one encoding or several, made by one network."""

    def __init__(self, embedding_size: int, network: str, metric="squared", index="exact"):
        """network: the `fingerprint` of the model that makes the encodings.

        metric: "squared" L2 (0 to 4), "euclidean" or "cosine"; index: "exact", or "faiss" for
        galleries of millions, which needs pip install faiss-cpu.
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
        # made now, so that a missing faiss is reported before the first search
        self._searchers: dict[str, Index] = {"nearest": INDEXES[index](self.embedding_size)}
        self._file: str | None = None  # where it was loaded from or saved to, if at all
        self._stamp: tuple[int, ...] | None = None  # of that file at the time
        self._changes: list[Callable[[Gallery], None]] = []  # since then

    def __len__(self) -> int:
        """The number of people."""
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
        """The people, in the order of enrolment."""
        return tuple(self._names)

    @property
    def counts(self) -> dict[str, int]:
        """The number of encodings of each person."""
        counts = np.bincount(self._owners.filled, minlength=len(self))
        return dict(zip(self._names, counts.tolist(), strict=True))

    def encodings(self, name: str) -> np.ndarray:
        """A copy of a person's encodings, (K, D), in the order of enrolment."""
        return self._vectors.filled[self._owners.filled == self._number("encodings", name)]

    # -- changing it

    def enrol(self, name: str, encodings) -> None:
        """Add encodings (K, D) or (D,) of a person, new or known; the network is not trained."""
        name = checked_name("enrol", name)
        rows = self._checked("enrol", encodings)
        self._change(partial(Gallery._add, name=name, rows=rows))

    def remove(self, name: str, index: int | None = None) -> None:
        """Remove a person, or only encoding number `index`; with the last one the person."""
        self._number("remove", name)
        row = None
        if index is not None:
            rows = self.encodings(name)
            if not -len(rows) <= index < len(rows):
                raise ValueError(
                    f"remove: {name!r} has encodings 0 to {len(rows) - 1}, got {index}"
                )
            row = rows[index]
        self._change(partial(Gallery._delete, name=spelled(name), row=row))

    def forget(self, name: str) -> None:
        """Remove a person for good: after `save` the file contains nothing of them.

        Copies of the file, and old blocks of the disk, are not reached.
        """
        self.remove(name)

    def rename(self, old: str, new: str) -> None:
        """Give a person another name, which nobody has yet."""
        self._number("rename", old)
        new = checked_name("rename", new)
        if new in self._names:
            raise ValueError(f"rename: {new!r} is in the gallery already; enrol under that name")
        self._change(partial(Gallery._rename, old=spelled(old), new=new))

    def merge(self, other: "Gallery") -> None:
        """Add the people of a gallery of the same network; encodings already here are skipped."""
        if (other.network, other.embedding_size) != (self.network, self.embedding_size):
            raise ValueError(
                f"merge: expected a gallery of network {self.network} with "
                f"{self.embedding_size} numbers, got {other.network} with "
                f"{other.embedding_size}; encode the pictures anew with one network"
            )
        for name in other.names:
            known = {row.tobytes() for row in self.encodings(name)} if name in self else set()
            new = [row for row in other.encodings(name) if row.tobytes() not in known]
            if new:
                self.enrol(name, np.stack(new))

    # -- the changes alone, which `save` repeats on a file that others have changed meanwhile

    def _change(self, change: Callable[["Gallery"], None]) -> None:
        change(self)
        if self._file is not None:
            self._changes.append(change)

    def _add(self, name: str, rows: np.ndarray) -> None:
        person = self._names.setdefault(name, len(self._names))
        self._vectors.append(rows)
        self._owners.append(np.full(len(rows), person))
        self._means = None
        self._searchers.pop("mean", None)  # means change; rows of the other score are appended

    def _delete(self, name: str, row: np.ndarray | None = None) -> None:
        """Remove a person, or only the encoding that equals `row`, where they are there."""
        person = self._names.get(name)
        if person is None:
            return
        places = np.flatnonzero(self._owners.filled == person)
        if row is not None:
            places = places[(self._vectors.filled[places] == row).all(axis=1)][:1]
        owners = np.delete(self._owners.filled, places)
        vectors = np.delete(self._vectors.filled, places, axis=0)
        if person not in owners:
            self._names = {n: p - (p > person) for n, p in self._names.items() if p != person}
            owners -= owners > person
        self._hold(self._names, vectors, owners)

    def _rename(self, old: str, new: str) -> None:
        if old in self._names and new in self._names:  # others have enrolled `new` meanwhile
            self._add(new, self.encodings(old))
            self._delete(old)
        self._names = {new if n == old else n: number for n, number in self._names.items()}

    def _hold(self, names: dict[str, int], vectors: np.ndarray, owners: np.ndarray) -> None:
        self._names, self._vectors, self._owners = names, _Rows(vectors), _Rows(owners)
        self._means = None
        self._searchers.clear()

    def _number(self, caller: str, name: str) -> int:
        number = self._names.get(spelled(name))
        if number is None:
            known = ", ".join(list(self._names)[:10]) or "nobody"
            more = f" and {len(self) - 10} more" if len(self) > 10 else ""
            raise ValueError(f"{caller}: no {name!r} in the gallery; it holds {known}{more}")
        return number

    def _checked(self, caller: str, encodings) -> np.ndarray:
        """Encodings (K, D) or (D,) -> float32 rows of length 1. Raises ValueError on others."""
        rows = np.atleast_2d(encodings)
        if rows.ndim != 2 or rows.shape[1] != self.embedding_size or rows.dtype.kind != "f":
            raise ValueError(
                f"{caller}: expected encodings (K, {self.embedding_size}) of floats, "
                f"got {rows.dtype} {np.shape(encodings)}; are they of this gallery's network?"
            )
        if len(rows) == 0:
            raise ValueError(f"{caller}: expected at least one encoding, got {rows.shape}")
        return unit_rows(caller, rows)

    # -- asking

    def identify(self, encodings, threshold: Threshold, k=2, score="nearest") -> list[Answer]:
        """Who is it? Encodings (N, D) or (D,) -> N answers, each with the k nearest people (>= 2).

        threshold: the largest distance accepted, or a Calibration in this gallery's metric, which
        lowers it with the number of encodings that a query is compared with. score: the distance
        to a person is that to their "nearest" encoding, or to the "mean" of them, made length 1.
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
            nearest = _rows_of_people(self._searcher(score), rows, owners, part, min(k, len(self)))
            for query, places in zip(part, nearest, strict=True):
                distances = self._distances(query, rows[places])
                people = _nearest(distances, owners[places])[:k]
                answers.append(Answer(limit, tuple(Candidate(names[p], d) for p, d in people)))
        return answers

    def verify(self, name: str, encoding, threshold: Threshold, score="nearest") -> Verification:
        """Is it `name`? An encoding (D,); threshold and score as in `identify`."""
        query = self._checked("verify", encoding)
        if len(query) != 1:
            raise ValueError(f"verify: expected one encoding, got {len(query)}")
        person = self._number("verify", name)
        rows, owners = self._compared("verify", score)
        rows = rows[owners == person]
        distance = float(self._distances(query[0], rows).min())
        return Verification(name, distance, _limit("verify", threshold, len(rows)))

    def _distances(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(D,), (N, D) -> (N,)"""
        return distance_matrix(query[None].astype(np.float64), rows, self.metric)[0]

    def _compared(self, caller: str, score: str) -> tuple[np.ndarray, np.ndarray]:
        """The rows (N, D) that a query is compared with, and the person of each (N,)."""
        if score not in SCORES:
            raise ValueError(f"{caller}: expected score in {SCORES}, got {score!r}")
        if score == "nearest":
            return self._vectors.filled, self._owners.filled
        if self._means is None:
            self._means = self._mean_rows()
        return self._means, np.arange(len(self))

    def _mean_rows(self) -> np.ndarray:
        """The mean of each person's rows, made length 1: (N, D) -> (K, D)."""
        order = np.argsort(self._owners.filled, kind="stable")
        starts = np.flatnonzero(np.diff(self._owners.filled[order], prepend=-1))
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
        """The index of the rows that `_compared` returns."""
        if score not in self._searchers:
            self._searchers[score] = INDEXES[self.index](self.embedding_size)
        return self._searchers[score]

    # -- files

    def save(self, path) -> None:
        """Write a .npz file, whole or not at all, with only those who are in the gallery now.

        If others have changed the file since this gallery was loaded from it or saved to it, the
        changes made here are repeated on theirs, in the file and in this gallery: nobody who was
        enrolled or forgotten meanwhile is lost or comes back. Another file is replaced.
        """
        with locked(check_place(path)):
            stamp = _stamp(path)
            if self._file == os.path.realpath(path) and stamp not in (None, self._stamp):
                current = Gallery.load(path, self.network, self.embedding_size)
                for change in self._changes:
                    change(current)
                self._hold(current._names, current._vectors.filled, current._owners.filled)
            owners, vectors = self._owners.filled, self._vectors.filled
            gallery_file.write(path, GalleryArrays(self.network, self.names, owners, vectors))
            self._belongs_to(path, _stamp(path))

    def _belongs_to(self, path, stamp: tuple[int, ...] | None) -> None:
        self._file, self._stamp, self._changes = os.path.realpath(path), stamp, []

    @classmethod
    def open(
        cls, path, network: str, embedding_size: int, metric="squared", index="exact"
    ) -> "Gallery":
        """The gallery in a file, or an empty one if there is none: `save` makes the file."""
        if Path(path).exists():
            return cls.load(path, network, embedding_size, metric, index)
        gallery = cls(embedding_size, network, metric, index)
        gallery._belongs_to(path, None)
        return gallery

    @classmethod
    def load(
        cls, path, network: str | None, embedding_size=None, metric="squared", index="exact"
    ) -> "Gallery":
        """Read a file of `save`; metric and index as in Gallery.

        network, embedding_size: those the gallery must have been made with; None accepts any.
        Raises ValueError on another network's file and on a broken one.
        """
        stamp = _stamp(path)  # before reading: what is written meanwhile has another one
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
        gallery._hold({name: number for number, name in enumerate(names)}, vectors, owners)
        gallery._belongs_to(path, stamp)
        return gallery


def _stamp(path) -> tuple[int, ...] | None:
    """What changes whenever a file is replaced; None where there is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _limit(caller: str, threshold: Threshold, compared: int) -> float:
    """The threshold for a search among that many encodings."""
    if isinstance(threshold, Calibration):
        return threshold.threshold_for_gallery(compared)
    if math.isnan(threshold):
        raise ValueError(f"{caller}: expected a threshold, got {threshold}")
    return float(threshold)


def _nearest(distances: np.ndarray, owners: np.ndarray) -> list[tuple[int, float]]:
    """The least distance to each person, nearest first: (N,), (N,) -> [(person, distance)]."""
    people: dict[int, float] = {}
    for place in np.argsort(distances, kind="stable"):
        people.setdefault(int(owners[place]), float(distances[place]))
    return list(people.items())


class _Rows:
    """A matrix that grows: its capacity doubles, so that appending n rows costs O(n) copies."""

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
