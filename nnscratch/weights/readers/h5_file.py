"""Reader of Keras' weight files in HDF5: arrays by name, read on access.

Stands on `contents` and h5py, an optional dependency that only these files need.
"""

import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.files import LazyArrays
from nnscratch.weights.readers.contents import Contents, Refused, naming

SMALL = 8 << 20  # bytes allowed for arrays in a file of any size
EXPANSION = 4  # compressed weights unpack to less than this many times the file; zip bombs to more
DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3  # HDF5's filters
CHECKSUM = 4  # its bytes
DEEPEST = 32  # levels of groups; some thousands overflow the HDF5 library's stack


def read(path: Path) -> Contents:
    """The arrays of an HDF5 file by their full names, as block1_conv1/block1_conv1/kernel:0.

    Raises ValueError if h5py is missing, and for broken files.
    """
    try:
        import h5py
    except ImportError as error:
        raise ValueError(
            f"weights: '{path}' is an HDF5 file, and reading it needs h5py; install it with "
            'pip install "nnscratch[h5]", or in a clone pip install ".[h5]"'
        ) from error
    # h5py raises errors of every kind on damaged bytes
    with naming(path, Exception), h5py.File(path, "r") as file:
        # never read attributes: the HDF5 library loops forever on some broken ones
        names = list(_names(file, "", {h5py.h5o.get_info(file.id).addr}))
    return Contents("h5", _Arrays(path, names))


def _names(group: Any, start: str, seen: set[int]) -> Iterator[str]:
    """Names of the numeric arrays below a group, each object once, skipping links."""
    from h5py import Dataset, Group, HardLink, h5o

    if start.count("/") > DEEPEST:
        raise Refused(
            f"has groups more than {DEEPEST} deep, too deep for a network; fetch it from its maker"
        )
    for name in group:
        # a name that is not UTF-8 comes as bytes
        if isinstance(name, bytes) or not isinstance(group.get(name, getlink=True), HardLink):
            continue
        item = group[name]
        address = h5o.get_info(item.id).addr
        if address in seen:  # groups may contain each other
            continue
        seen.add(address)
        if isinstance(item, Group):
            yield from _names(item, f"{start}{name}/", seen)
        elif isinstance(item, Dataset) and item.shape is not None and _is_numeric(item):
            yield f"{start}{name}"


def _is_numeric(dataset: Any) -> bool:
    try:
        return dataset.dtype.kind in "fiu"
    except TypeError:  # a type that NumPy lacks
        return False


class _Arrays(LazyArrays):
    """The arrays of a file, opened for each access."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path = path
        self.names = dict.fromkeys(names)
        self.asked: dict[str, int] = {}  # bytes of the arrays read so far

    def __getitem__(self, name: str) -> np.ndarray:
        import h5py

        if name not in self.names:
            raise KeyError(name)
        with naming(self.path, Exception), h5py.File(self.path, "r") as file:
            return self._read(name, file[name])

    def _read(self, name: str, dataset: Any) -> np.ndarray:
        """Read an array, unless it is stored elsewhere or too large for the file."""
        if dataset.external is not None or dataset.is_virtual:
            raise Refused(f"has {name} in other files; save it again as one file")
        size = self.path.stat().st_size
        places = [] if dataset.chunks is None else _places(dataset, size)
        self.asked[name] = max(dataset.nbytes, len(places) * _chunk_bytes(dataset))
        if sum(self.asked.values()) > EXPANSION * size + SMALL:
            raise Refused(
                f"states a size of {name} that is larger than the file can hold; fetch it from its "
                "maker"
            )
        if dataset.chunks is None:
            return np.asarray(dataset[()])
        return _from_chunks(dataset, places)


# -- arrays in chunks -----------------------------------------------------------------------------
# The HDF5 library could read them, but it inflates a chunk without limit and crashes on others.


def _chunk_bytes(dataset: Any) -> int:
    return prod(dataset.chunks or ()) * dataset.dtype.itemsize


def _places(dataset: Any, size: int) -> list[tuple[int, ...]]:
    """The start indices of the stored chunks; a chunk never written is not stored."""
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
        skipped, data = dataset.id.read_direct_chunk(place)
        for i, kind in reversed(list(enumerate(filters))):
            if not skipped >> i & 1:
                data = _undo(kind, data, dataset)
        chunk = np.frombuffer(data, dataset.dtype).reshape(dataset.chunks)
        starts = zip(place, dataset.chunks, strict=True)
        target = numbers[tuple(slice(start, start + length) for start, length in starts)]
        target[...] = chunk[tuple(slice(length) for length in target.shape)]  # cut at the edges
    return numbers


def _undo(kind: int, data: bytes, dataset: Any) -> bytes:
    """Undo one filter of a chunk."""
    if kind == DEFLATE:
        inflate = zlib.decompressobj()
        data = inflate.decompress(data, _chunk_bytes(dataset) + CHECKSUM + 1)
        if not inflate.eof:
            raise ValueError("a chunk ends early, or inflates to more than its numbers")
        return data
    if kind == SHUFFLE:  # the first bytes of all numbers, then the second bytes, ...
        return np.frombuffer(data, "u1").reshape(dataset.dtype.itemsize, -1).T.tobytes()
    if kind == FLETCHER32:
        data, stored = data[:-CHECKSUM], int.from_bytes(data[-CHECKSUM:], "little")
        if _fletcher32(data) != (stored >> 16) % 65535 << 16 | (stored & 65535) % 65535:
            raise ValueError("a checksum does not agree")
        return data
    raise Refused(f"is packed by HDF5 filter {kind}, expected gzip or none; save it without it")


def _fletcher32(data: bytes) -> int:
    """The sum of 16-bit words, and the sum of its states, both modulo 65535."""
    words = np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").astype(np.int64)
    states = words * (np.arange(len(words), 0, -1) % 65535)  # the first word is in all states
    return int(states.sum()) % 65535 << 16 | int(words.sum()) % 65535
