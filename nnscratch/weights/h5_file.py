"""Keras' weight files in HDF5: their arrays by name, each read when asked.

Stands on `contents` and h5py, which only these files need and which is an extra.
"""

import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.files import LazyArrays
from nnscratch.weights.contents import Contents, Refused

SMALL = 8 << 20  # bytes that arrays may have whatever the size of the file
TIGHTEST = 4  # compressed weights do not shrink to less than this part of their size; bombs do
DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3  # HDF5's filters
CHECKSUM = 4  # bytes of it
DEEPEST = 32  # groups within groups; over some thousands the HDF5 library overruns its stack


def read(path: Path) -> Contents:
    """The arrays of an HDF5 file by their full names, as block1_conv1/block1_conv1/kernel:0.

    Raises ValueError if h5py is missing, and for broken files.
    """
    try:
        import h5py
    except ImportError as error:
        raise ValueError(
            f"weights: '{path}' is an HDF5 file, and reading it needs h5py; install it with "
            'pip install "nnscratch[h5]"'
        ) from error
    try:
        with h5py.File(path, "r") as file:
            # attributes stay unread: over broken ones the HDF5 library loops without end
            names = list(_names(file, "", {h5py.h5o.get_info(file.id).addr}))
    except Exception as error:  # h5py meets broken bytes with errors of every kind
        raise _broken(path, error) from error
    return Contents("h5", _Arrays(path, names))


def _names(group: Any, start: str, seen: set[int]) -> Iterator[str]:
    """Names of the arrays of numbers below a group, each object once, links passed over."""
    from h5py import Dataset, Group, HardLink, h5o

    if start.count("/") > DEEPEST:
        raise Refused(
            f"has groups more than {DEEPEST} deep, as no network has; fetch it from its maker"
        )
    for name in group:
        # bytes: no UTF-8
        if isinstance(name, bytes) or not isinstance(group.get(name, getlink=True), HardLink):
            continue
        item = group[name]
        address = h5o.get_info(item.id).addr
        if address in seen:  # a group may hold one that holds it
            continue
        seen.add(address)
        if isinstance(item, Group):
            yield from _names(item, f"{start}{name}/", seen)
        elif isinstance(item, Dataset) and item.shape is not None and _is_of_numbers(item):
            yield f"{start}{name}"


def _is_of_numbers(dataset: Any) -> bool:
    try:
        return dataset.dtype.kind in "fiu"
    except TypeError:  # a type that NumPy has not
        return False


def _broken(path: Path, error: Exception) -> ValueError:
    if isinstance(error, Refused):
        return ValueError(f"weights: '{path}' {error}")
    return ValueError(
        f"weights: '{path}' is broken or cut short ({type(error).__name__}: "
        f"{' '.join(str(error).split())[:200]}); fetch it again"
    )


class _Arrays(LazyArrays):
    """The arrays of a file, which is open only while one is read."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path = path
        self.names = dict.fromkeys(names)
        self.asked: dict[str, int] = {}  # bytes of those that were asked for

    def __getitem__(self, name: str) -> np.ndarray:
        import h5py

        if name not in self.names:
            raise KeyError(name)
        try:
            with h5py.File(self.path, "r") as file:
                return self._numbers(name, file[name])
        except Exception as error:
            raise _broken(self.path, error) from error

    def _numbers(self, name: str, dataset: Any) -> np.ndarray:
        """An array that lies in this file, if the file can hold so much."""
        if dataset.external is not None or dataset.is_virtual:
            raise Refused(f"has {name} in other files; save it again as one file")
        size = self.path.stat().st_size
        places = [] if dataset.chunks is None else _places(dataset, size)
        self.asked[name] = max(dataset.nbytes, len(places) * _chunk_bytes(dataset))
        if sum(self.asked.values()) > TIGHTEST * size + SMALL:
            raise Refused(
                f"says of {name} that it is larger than the file can hold; fetch it from its maker"
            )
        if dataset.chunks is None:
            return np.asarray(dataset[()])
        return _from_chunks(dataset, places)


# -- arrays in chunks -----------------------------------------------------------------------------
# HDF5 would read them itself, but inflates a chunk to whatever it holds, and crashes on others.


def _chunk_bytes(dataset: Any) -> int:
    return prod(dataset.chunks or ()) * dataset.dtype.itemsize


def _places(dataset: Any, size: int) -> list[tuple[int, ...]]:
    """The indices at which the chunks start; those never written are not stored."""
    places: list[tuple[int, ...]] = []

    def note(chunk: Any) -> None:
        if chunk.size > size:
            raise ValueError("a chunk is larger than the file")
        places.append(chunk.chunk_offset)

    dataset.id.chunk_iter(note)
    return places


def _from_chunks(dataset: Any, places: list[tuple[int, ...]]) -> np.ndarray:
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    numbers = np.full(dataset.shape, dataset.fillvalue, dataset.dtype)
    for place in places:
        left_out, data = dataset.id.read_direct_chunk(place)
        for i, kind in reversed(list(enumerate(filters))):
            if not left_out >> i & 1:
                data = _undo(kind, data, dataset)
        chunk = np.frombuffer(data, dataset.dtype).reshape(dataset.chunks)
        starts = zip(place, dataset.chunks, strict=True)
        here = numbers[tuple(slice(start, start + length) for start, length in starts)]
        here[...] = chunk[tuple(slice(length) for length in here.shape)]  # edges stick out
    return numbers


def _undo(kind: int, data: bytes, dataset: Any) -> bytes:
    """The bytes of a chunk before a filter was applied."""
    if kind == DEFLATE:
        inflate = zlib.decompressobj()
        data = inflate.decompress(data, _chunk_bytes(dataset) + CHECKSUM + 1)
        if not inflate.eof:
            raise ValueError("a chunk ends early, or inflates to more than its numbers")
        return data
    if kind == SHUFFLE:  # all first bytes of numbers, then all second ones, ...
        return np.frombuffer(data, "u1").reshape(dataset.dtype.itemsize, -1).T.tobytes()
    if kind == FLETCHER32:
        data, stored = data[:-CHECKSUM], int.from_bytes(data[-CHECKSUM:], "little")
        if _fletcher32(data) != (stored >> 16) % 65535 << 16 | (stored & 65535) % 65535:
            raise ValueError("a checksum does not agree")
        return data
    raise Refused(
        f"is packed by HDF5's filter {kind}, expected gzip or none; save it again without"
    )


def _fletcher32(data: bytes) -> int:
    """The sum of 16-bit words, and the sum of its states, both modulo 65535."""
    words = np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").astype(np.int64)
    states = words * (np.arange(len(words), 0, -1) % 65535)  # the first word is in all of them
    return int(states.sum()) % 65535 << 16 | int(words.sum()) % 65535
