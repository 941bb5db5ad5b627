"""A gallery: encodings of known people, into which one enrols without training anew.

Stands on `metrics` and `files`. It holds no pictures, but encodings are personal data: `forget`
and `save` leave nothing of a person in the file.
"""

import contextlib
import hashlib
import json
import math
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from nnscratch.faces.metrics import Calibration, check_metric, of_squared
from nnscratch.files import check_place, open_arrays, write_npz

VERSION = 1
SCORES = ("nearest", "mean")
UNIT = 1e-3  # how far from 1 the length of an encoding may be; float16 gives this much
ROUNDED = 1e-6  # how far from 1 the length is after rounding to float32
CHUNK = 2**24  # products formed at once: 64 MB


def fingerprint(state: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that name a network: SHA-256 of its arrays, the order left aside.

    state: arrays or Tensors by name, as state_dict() gives them. Names, shapes, dtypes and every
    bit of the values count.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        array = state[name]
        array = np.asarray(array.numpy() if hasattr(array, "numpy") else array)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode() + b"\n")
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


# -- answers --------------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """A person and the distance to it."""

    name: str
    distance: float


@dataclass(frozen=True)
class Answer:
    """Who it is, or that it is nobody known.

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
            return (
                f"not recognised (nearest: {self.nearest} at {self.distance:.2f}, "
                f"limit {self.limit:.2f})"
            )
        margin = "" if self.margin is None else f", margin {self.margin:.2f}"
        return f"{self.name} (distance {self.distance:.2f}{margin})"


@dataclass(frozen=True)
class Verdict:
    """Whether an encoding is of the person that it is said to be of."""

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
    """Finds the rows (N, D) most like queries (Q, D): their numbers (Q, count), best first.

    Between two searches rows may only have been appended; for others a new index is made. A
    place that it cannot fill is −1.
    """

    def search(self, rows: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray: ...


class ExactIndex:
    """One matrix product and a partial sort."""

    def __init__(self, embedding_size: int) -> None:
        self.embedding_size = embedding_size

    def search(self, rows: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray:
        """Rows of length 1: the largest cosine is the smallest distance."""
        cosines = queries @ rows.T  # (Q, D) (D, N) -> (Q, N)
        last = cosines.shape[1] - count
        found = np.argpartition(cosines, last, axis=1)[:, last:] if last else _every(cosines)
        order = np.argsort(-np.take_along_axis(cosines, found, axis=1), axis=1, kind="stable")
        return np.take_along_axis(found, order, axis=1)


def _every(cosines: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.arange(cosines.shape[1]), cosines.shape)


class FaissIndex:
    """A graph of near neighbours, by faiss: many times faster, and now and then not the best.

    Source: Malkov and Yashunin 2018, hierarchical navigable small worlds; 32 neighbours a row.
    """

    def __init__(self, embedding_size: int) -> None:
        faiss = _import_faiss()
        self.graph = faiss.IndexHNSWFlat(embedding_size, 32, faiss.METRIC_INNER_PRODUCT)

    def search(self, rows: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray:
        """Take in what has been appended, then walk the graph."""
        if len(rows) > self.graph.ntotal:
            self.graph.add(rows[self.graph.ntotal :])
        self.graph.hnsw.efSearch = max(128, 2 * count)
        return self.graph.search(queries, count)[1]


def _import_faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise ValueError(
            'Gallery: index "faiss" needs the library faiss, which is not installed; '
            'install it with pip install faiss-cpu, or take index "exact"'
        ) from error
    return faiss


INDEXES: dict[str, type[ExactIndex] | type[FaissIndex]] = {"exact": ExactIndex, "faiss": FaissIndex}


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


# -- the gallery ----------------------------------------------------------------------------------


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
        self._searchers: dict[str, Index] = {}
        if index == "faiss":
            _import_faiss()  # rather now than at the first search

    def __len__(self) -> int:
        """How many people are in it."""
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and unicodedata.normalize("NFC", name) in self._names

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
        return self._vectors.filled[self._places("encodings", name)]

    # -- who is in it

    def enrol(self, name: str, encodings: Any) -> None:
        """Add encodings (K, D) or (D,) of a person, new or known; the network is not trained."""
        name = _checked_name("enrol", name)
        rows = self._checked("enrol", encodings)
        person = self._names.setdefault(name, len(self._names))
        self._vectors.append(rows)
        self._owners.append(np.full(len(rows), person))
        self._means = None
        self._searchers.pop("mean", None)  # means move, the rows of the other score do not

    def remove(self, name: str, index: int | None = None) -> None:
        """Take out a person, or the one encoding number `index`; with the last one the person."""
        places = self._places("remove", name)
        if index is not None:
            if not -len(places) <= index < len(places):
                raise ValueError(
                    f"remove: {name!r} has encodings 0 to {len(places) - 1}, got {index}"
                )
            places = places[[index]]
        self._drop(unicodedata.normalize("NFC", name), places)

    def forget(self, name: str) -> None:
        """Take out a person altogether. After `save` nothing of it is left in the file.

        What copies and the disk beneath still hold is beyond this.
        """
        self.remove(name)

    def rename(self, old: str, new: str) -> None:
        """Give a person another name, which nobody has yet."""
        self._number("rename", old)
        new = _checked_name("rename", new)
        if new in self._names:
            raise ValueError(f"rename: {new!r} is in the gallery already; enrol under that name")
        old = unicodedata.normalize("NFC", old)
        self._names = {new if name == old else name: n for name, n in self._names.items()}

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

    def _drop(self, name: str, places: np.ndarray) -> None:
        """Take rows of one person out of the memory, and the person with the last of them."""
        kept = np.ones(self._owners.count, bool)
        kept[places] = False
        owners = self._owners.filled[kept]
        person = self._names[name]
        if person not in owners:
            self._names = {n: p - (p > person) for n, p in self._names.items() if p != person}
            owners -= owners > person
        self._vectors, self._owners = _Rows(self._vectors.filled[kept]), _Rows(owners)
        self._means = None
        self._searchers.clear()

    def _number(self, caller: str, name: str) -> int:
        number = self._names.get(unicodedata.normalize("NFC", name))
        if number is None:
            known = ", ".join(list(self._names)[:10]) or "nobody"
            more = f" and {len(self) - 10} more" if len(self) > 10 else ""
            raise ValueError(f"{caller}: no {name!r} in the gallery; it holds {known}{more}")
        return number

    def _places(self, caller: str, name: str) -> np.ndarray:
        """Where a person's rows are, (K,)."""
        return np.flatnonzero(self._owners.filled == self._number(caller, name))

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
        names, step = self.names, max(1, CHUNK // len(rows))
        answers = []
        for start in range(0, len(queries), step):
            part = queries[start : start + step]
            found = self._search(score, part, min(max(k, 2), len(self)))
            for query, places in zip(part, found, strict=True):
                pairs = _nearest(query, rows[places], owners[places], self.metric)
                people = [Candidate(names[p], d) for p, d in pairs[: max(k, 2)]]
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

    def _search(self, score: str, queries: np.ndarray, people: int) -> list[np.ndarray]:
        """For each query (Q, D) enough of the nearest rows to name that many people."""
        rows, owners = self._compared("identify", score)
        if score not in self._searchers:
            self._searchers[score] = INDEXES[self.index](self.embedding_size)
        count = min(len(rows), 16 * people)
        while True:
            exact = count == len(rows)  # an approximate index may leave rows out
            index = ExactIndex(self.embedding_size) if exact else self._searchers[score]
            found = [places[places >= 0] for places in index.search(rows, queries, count)]
            if exact or all(len(set(owners[p].tolist())) >= people for p in found):
                return found
            count = min(len(rows), 8 * count)

    # -- files

    def save(self, path: str | os.PathLike) -> None:
        """Write a .npz file, whole or not at all; only who is in the gallery now is in it.

        What a killed save has left beside it is deleted. Of two processes that save one file at
        once, one may fail, with ValueError.
        """
        path = check_place(path)
        write_npz(
            path,
            {
                "version": np.array(VERSION),
                "network": _bytes(self.network),
                "names": _bytes("\n".join(self._names)),
                "owners": self._owners.filled,
                "vectors": self._vectors.filled,
            },
        )
        _clear_leftovers(path)

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
        arrays = _read(Path(path))
        source = f"load: '{path}'"
        names, owners, vectors = _contents(source, arrays)
        made_by = _text(source, arrays["network"])
        if network is not None and made_by != network:
            raise ValueError(
                f"{source} was made with the network {made_by}, not with {network}: their "
                "encodings do not compare; load that network, or enrol the pictures anew"
            )
        if embedding_size not in (None, vectors.shape[1]):
            raise ValueError(
                f"{source} holds encodings of {vectors.shape[1]} numbers, "
                f"expected {embedding_size}; load the network that it was made with"
            )
        gallery = cls(vectors.shape[1], made_by, metric, index)
        gallery._names = {name: number for number, name in enumerate(names)}
        gallery._vectors, gallery._owners = _Rows(vectors), _Rows(owners)
        return gallery


def unit_rows(caller: str, rows: np.ndarray) -> np.ndarray:
    """Rows (N, D) as float32 of length 1 to rounding.

    Raises ValueError on NaN and on lengths that are not 1 to within 0.001: rows that no encoder
    normalised are refused, not mended, as they may be something else altogether.
    """
    if not np.isfinite(rows).all():
        raise ValueError(
            f"{caller}: expected finite encodings, got NaN or infinity; look at the picture"
        )
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    worst = np.abs(lengths - 1).max(initial=0)
    if worst > UNIT:
        raise ValueError(
            f"{caller}: expected encodings of length 1, got lengths from {lengths.min():.3g} to "
            f"{lengths.max():.3g}; divide each row by its length if it comes from this network"
        )
    lengths[np.abs(lengths - 1) < ROUNDED] = 1  # so that a file read and written stays as it is
    return np.ascontiguousarray(rows, np.float32) / lengths[:, None].astype(np.float32)


def _checked_name(caller: str, name: Any) -> str:
    """A name in one spelling (Unicode NFC), or the error that says what is wrong with it."""
    if not isinstance(name, str):
        raise TypeError(f"{caller}: expected a name as text, got {type(name).__name__}")
    name = unicodedata.normalize("NFC", name)
    if not name.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise ValueError(
            f"{caller}: expected a name of printable characters on one line, got {name!r}"
        )
    return name


def _limit(caller: str, threshold: Any, compared: int) -> float:
    """The threshold for a search among that many encodings."""
    if isinstance(threshold, Calibration):
        return threshold.threshold_for_gallery(compared)
    if math.isnan(threshold):
        raise ValueError(f"{caller}: expected a threshold, got {threshold}")
    return float(threshold)


def _distances(query: np.ndarray, rows: np.ndarray, metric: str) -> np.ndarray:
    """(D,), (N, D) -> (N,), from differences: a cosine near 1 would round away."""
    difference = rows.astype(np.float64) - query
    return of_squared(np.einsum("nd,nd->n", difference, difference), metric)


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


def _clear_leftovers(path: Path) -> None:
    """Delete what a save of this file that was killed has left: it may hold somebody forgotten."""
    for leftover in path.parent.glob(f".{_literal(path.name)}.*.tmp"):
        if leftover.name.split(".")[-2].isdigit():
            with contextlib.suppress(OSError):
                leftover.unlink()


def _literal(name: str) -> str:
    """A name in which the signs of a glob pattern stand for themselves."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


ARRAYS = {"version": "i", "network": "u", "names": "u", "owners": "i", "vectors": "f"}


def _read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a gallery file of this version."""
    if not path.is_file():
        raise ValueError(f"load: no file at '{path}'; enrol somebody first, or check the path")
    found = dict(open_arrays(path, "load", "name another, or a copy of it", "a gallery"))
    _check_arrays(path, found)
    return found


def _check_arrays(path: Path, found: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError unless these are the arrays of a gallery, of a version known here."""
    kinds = {name: array.dtype.kind for name, array in found.items()}
    version = found["version"] if kinds.get("version") == "i" else np.zeros(2)
    if version.ndim == 0 and version > VERSION:
        raise ValueError(
            f"load: '{path}' is a gallery of version {version}, expected {VERSION}; "
            "use a newer nnscratch"
        )
    if kinds != ARRAYS or version != VERSION:
        raise ValueError(
            f"load: '{path}' is no gallery, or broken: expected the arrays {sorted(ARRAYS)}, "
            f"got {len(found)}: {', '.join(sorted(found)[:5])}; name another file"
        )


def _contents(
    source: str, arrays: Mapping[str, np.ndarray]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The names, owners (N,) and vectors (N, D) of a file, checked against each other."""
    text = _text(source, arrays["names"])
    names = [_checked_name(source, name) for name in text.split("\n")] if text else []
    owners, vectors = arrays["owners"], arrays["vectors"]
    if vectors.ndim != 2 or owners.shape != vectors.shape[:1] or vectors.shape[1] < 1:
        raise ValueError(
            f"{source} is broken: {vectors.shape} encodings do not fit {owners.shape} owners"
        )
    people = np.unique(owners)
    if len(set(names)) != len(names) or not np.array_equal(people, np.arange(len(names))):
        raise ValueError(f"{source} is broken: its names do not fit its encodings")
    return names, owners.astype(np.int64), unit_rows(source, vectors)


def _bytes(text: str) -> np.ndarray:
    return np.array(bytearray(text.encode("utf-8")), np.uint8)


def _text(source: str, array: np.ndarray) -> str:
    try:
        return array.astype(np.uint8).tobytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is broken: a text in it is not UTF-8") from error
