"""MatConvNet networks out of MATLAB files of version 5 to 7: the layers' arrays by name.

Stands on `contents` alone. scipy.io.loadmat reads such files as well, but a few flipped bytes make
it end the whole process (a segmentation fault, SciPy 1.17), so nothing here is taken on trust.
Layout: MathWorks, "MAT-File Format", Level 5: elements of a type, a length and data, in which
matrices hold matrices.
"""

import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnscratch.weights.contents import Contents

WANTED = ("layers", "normalization", "meta")
MATRIX, COMPRESSED = 14, 15  # types of elements
CELL, STRUCT, CHAR = 1, 2, 4  # classes of matrices
NUMBERS = dict(enumerate(("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"), 6))
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4"} | {
    9: "f8",
    12: "i8",
    13: "u8",
}  # types of data, which may be narrower than the class
LETTERS = {1: "latin1", 2: "latin1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
COMPLEX = 0x0800  # a flag
DEEPEST = 12  # a MatConvNet file goes down to 6
SMALL = 8 << 20  # bytes allowed whatever the size of the file: mean images compress well
CHUNK = 1 << 20
LONGER = "is broken: a part is longer than the whole; fetch it again"


class _BrokenError(Exception):
    """What is wrong with a file, in words."""


def read(path: Path) -> Contents:
    """The arrays conv1_1/filters (kH, kW, C_in, C_out), conv1_1/biases, ... and averageImage.

    Releases differ in names of fields and shapes of biases; names become those of the first
    release, shapes stay. Raises ValueError for other MATLAB files, and for broken ones.
    """
    try:
        variables = _variables(path)
    except _BrokenError as error:
        raise ValueError(f"weights: '{path}' {error}") from error
    except (OSError, zlib.error, struct.error, MemoryError) as error:
        raise ValueError(
            f"weights: '{path}' is broken or cut short ({error}); fetch it again"
        ) from error
    arrays = dict(_layers(variables.get("layers")))
    if not arrays:
        raise ValueError(
            f"weights: '{path}': expected layers with weights, as MatConvNet writes them, "
            "found none; take imagenet-vgg-verydeep-16.mat or -19.mat"
        )
    around = variables.get("meta", variables)
    mean = _field(_field(around, "normalization"), "averageImage")
    if isinstance(mean, np.ndarray):
        arrays["averageImage"] = mean
    return Contents("mat", arrays, {"release": "new" if "meta" in variables else "old"})


# -- the network ----------------------------------------------------------------------------------


def _layers(layers: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Names and arrays of the layers that have weights, in the file's order."""
    for layer in layers if isinstance(layers, list) else []:
        pair = [_field(layer, "filters"), _field(layer, "biases")]  # before the eighth beta
        both = _field(layer, "weights")
        if isinstance(both, list) and len(both) == 2:
            pair = both
        for kind, array in zip(("filters", "biases"), pair, strict=True):
            if isinstance(array, np.ndarray):
                yield f"{_field(layer, 'name')}/{kind}", array


def _field(value: Any, name: str) -> Any:
    """A field by name, as places differ between releases; None where there is none."""
    return value.get(name) if isinstance(value, dict) else None


# -- elements -------------------------------------------------------------------------------------


def _variables(path: Path) -> dict[str, Any]:
    """The wanted variables. Raises _BrokenError where the elements do not add up."""
    size = path.stat().st_size
    found = {}
    with path.open("rb") as file:
        order = _byte_order(file.read(128), file.read(4) if file.seek(512) else b"")
        file.seek(128)
        budget = [2 * size + SMALL]  # bytes beyond the file's own, all together
        while file.tell() < size:
            kind, length = struct.unpack(order + "II", file.read(8))
            end = file.tell() + length
            if end > size or kind not in (MATRIX, COMPRESSED):
                raise _BrokenError("is broken or cut short; fetch it again")
            if kind == MATRIX:
                file.seek(-8, 1)
            stream = _Stream(file, end, order, kind == COMPRESSED, budget)
            kind, length, _ = _tag(stream)
            if kind != MATRIX:
                raise _BrokenError("is broken: expected a matrix; fetch it again")
            name, value = _matrix(stream, stream.at + length, 0)
            found[name] = value
            file.seek(end)
    return {name: value for name, value in found.items() if name in WANTED}


def _byte_order(header: bytes, at_512: bytes) -> str:
    """The byte order of a file of version 5. Raises _BrokenError for any other."""
    if header.startswith(b"MATLAB 7.3") or at_512 == b"\x89HDF" or header[:4] == b"\x89HDF":
        raise _BrokenError(
            "is a MATLAB file of version 7.3 (HDF5), which this reader does not take; save it in "
            "MATLAB again with -v7, or take MatConvNet's own file"
        )
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None or struct.unpack(order + "H", header[124:126])[0] != 0x0100:
        raise _BrokenError("is no MATLAB file of version 5 to 7, or is cut short; fetch it again")
    return order


class _Stream:
    """The bytes of one element of a file, inflated where they are compressed."""

    def __init__(
        self, file: BinaryIO, end: int, order: str, packed: bool, budget: list[int]
    ) -> None:
        self.file, self.end, self.order, self.budget = file, end, order, budget
        self.inflate = zlib.decompressobj() if packed else None
        self.buffer = b""
        self.at = 0  # bytes read so far

    def read(self, count: int) -> bytearray:
        """Exactly `count` bytes."""
        taken, self.buffer = bytearray(self.buffer[:count]), self.buffer[count:]
        while len(taken) < count:  # grows with what is there, not with what is promised
            more = self._more()
            if not more:
                raise _BrokenError("is broken or cut short: an element ends early; fetch it again")
            wanted = count - len(taken)
            taken += more[:wanted]
            self.buffer = more[wanted:]
        self.at += count
        return taken

    def skip(self, count: int) -> None:
        """Pass over any number of bytes."""
        while count > 0:
            self.read(min(count, CHUNK))
            count -= CHUNK

    def spend(self, count: int) -> None:
        """Take from the budget. Raises _BrokenError if there is no more."""
        self.budget[0] -= count
        if self.budget[0] < 0:
            raise _BrokenError("would inflate to far more than its size; fetch it from its maker")

    def _more(self) -> bytes:
        """Some more bytes, none at the end."""
        if self.inflate is None:
            return self._from_file()
        more = b""
        while not more and not self.inflate.eof:
            given = self.inflate.unconsumed_tail or self._from_file()
            if not given:
                break
            more = self.inflate.decompress(given, CHUNK)
        self.spend(len(more))
        return more

    def _from_file(self) -> bytes:
        return self.file.read(min(CHUNK, self.end - self.file.tell()))


def _tag(stream: _Stream) -> tuple[int, int, int]:
    """Type, length and padding of the next element, which may be a small one."""
    kind, length = struct.unpack(stream.order + "II", stream.read(8))
    if kind >> 16 == 0:
        return kind, length, -length % 8
    if kind >> 16 > 4:
        raise _BrokenError("is broken: a small element of more than 4 bytes; fetch it again")
    stream.buffer = struct.pack(stream.order + "I", length) + stream.buffer  # its data
    stream.at -= 4
    return kind & 0xFFFF, kind >> 16, 4 - (kind >> 16)


def _small(stream: _Stream, at_most: int = 1 << 16) -> bytes:
    """The data of an element that cannot be long."""
    _, length, padding = _tag(stream)
    if length > at_most:
        raise _BrokenError("is broken: a name or a shape of absurd length; fetch it again")
    data = stream.read(length)
    stream.read(padding)
    return bytes(data)


def _matrix(stream: _Stream, end: int, depth: int) -> tuple[str, Any]:
    """Name and value of a matrix that stops at `end`: an array, text, a list, a dict, or None."""
    flags, sides, name = _small(stream), _small(stream), _small(stream).decode("latin1")
    shape = struct.unpack(f"{stream.order}{len(sides) // 4}i", sides)
    if len(flags) != 8 or len(shape) < 2 or min(shape) < 0 or depth > DEEPEST:
        raise _BrokenError("is broken: a matrix without shape, or too deep; fetch it again")
    if depth == 0 and name not in WANTED:
        return name, None
    word = struct.unpack(stream.order + "I", flags[:4])[0]
    made = word & 0xFF
    value: Any
    if word & COMPLEX:
        raise _BrokenError("holds complex numbers, which no VGG has; take imagenet-vgg-verydeep-19")
    if made == CELL:
        value = _children(stream, end, prod(shape), depth)
    elif made == STRUCT:
        value = _struct(stream, end, shape, depth)
    elif made == CHAR or made in NUMBERS:
        value = _data(stream, end, shape, made)
    else:
        raise _BrokenError(
            f"holds a MATLAB object of class {made}, where a network has numbers, text, cells and "
            "structs only; fetch it from its maker"
        )
    if stream.at > end:
        raise _BrokenError(LONGER)
    stream.skip(end - stream.at)
    return name, value


def _children(stream: _Stream, end: int, count: int, depth: int) -> list[Any]:
    """The values within a cell or a struct."""
    if count * 8 > end - stream.at:  # each has a tag of 8 bytes at least
        raise _BrokenError("is broken: says to hold more than its bytes can; fetch it again")
    values = []
    for _ in range(count):
        kind, length, _ = _tag(stream)
        if kind != MATRIX or stream.at + length > end:
            raise _BrokenError(LONGER)
        # an empty one is a tag alone
        values.append(_matrix(stream, stream.at + length, depth + 1)[1] if length else None)
    return values


def _struct(stream: _Stream, end: int, shape: tuple[int, ...], depth: int) -> Any:
    """A dict of one entry's fields; of several entries, which a network has not, the values."""
    longest = struct.unpack(stream.order + "i", _small(stream, 4))[0]
    names = _small(stream)
    if longest < 1 or len(names) % longest:
        raise _BrokenError("is broken: fields without names; fetch it again")
    fields = [names[i : i + longest].split(b"\0")[0] for i in range(0, len(names), longest)]
    values = _children(stream, end, prod(shape) * len(fields), depth)
    if len(values) != len(fields):
        return values
    return {field.decode("latin1"): value for field, value in zip(fields, values, strict=True)}


def _data(stream: _Stream, end: int, shape: tuple[int, ...], made: int) -> np.ndarray | str:
    """Numbers (first axis fastest in the file) or letters."""
    kind, length, padding = _tag(stream)
    if length > end - stream.at:
        raise _BrokenError(LONGER)
    raw = stream.read(length)
    stream.skip(min(padding, end - stream.at))
    if made == CHAR:
        code = LETTERS.get(kind, "latin1")
        ending = {"<": "-le", ">": "-be"}[stream.order] if code in ("utf-16", "utf-32") else ""
        return bytes(raw).decode(code + ending, "replace")
    stored, wanted = STORED.get(kind), np.dtype(NUMBERS[made])
    if stored is None or np.dtype(stored).itemsize * prod(shape) != length:
        raise _BrokenError(f"is broken: expected numbers of shape {shape}, got {length} bytes")
    stream.spend(max(0, prod(shape) * wanted.itemsize - length))
    return (
        np.frombuffer(raw, stream.order + stored)
        .astype(wanted, copy=False)
        .reshape(shape, order="F")
    )
