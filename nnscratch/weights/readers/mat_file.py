"""Reader of MatConvNet networks in MATLAB files of version 5 to 7: the layers' arrays by name.

Stands on `contents`. scipy.io.loadmat reads such files as well, but a few flipped bytes crash the
process (segmentation fault, SciPy 1.17), so this reader checks everything itself. Format:
MathWorks, "MAT-File Format", Level 5: elements of a type, a length and data; matrices may contain
matrices.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.weights.readers.contents import Contents, Refused, naming

VARIABLES = {"layers", "normalization", "meta", "net", "params"}  # others are skipped
FIELDS = {  # of structs; others are skipped: objects, handles, sparse matrices
    *("layers", "name", "weights", "filters", "biases", "params"),
    *("meta", "normalization", "averageImage"),
}
MATRIX, COMPRESSED = 14, 15  # types of elements
CELL, STRUCT, CHAR = 1, 2, 4  # classes of matrices
NUMBERS = dict(enumerate(("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"), 6))
# types of data, which may be narrower than the class
STORED = dict(enumerate(("i1", "u1", "i2", "u2", "i4", "u4", "f4"), 1))
STORED |= {9: "f8", 12: "i8", 13: "u8"}
LETTERS = {1: "latin1", 2: "latin1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
COMPLEX = 0x0800  # a flag
DEEPEST = 12  # levels; a MatConvNet file has up to 6
DIMENSIONS = 32  # NumPy allows 64, a kernel has 4
LARGEST = 1 << 23  # numbers of an array; a VGG's largest kernel has 3·3·512·512, less than a third
MANY = 1 << 14  # variables, layers, fields and cells; a VGG has some hundreds
SMALL = 8 << 20  # bytes allowed for any file size: mean images compress well
CHUNK = 1 << 16
LONGER = "a part is longer than the whole"
EARLY = "an element ends early"


def read(path: Path) -> Contents:
    """The arrays conv1_1/filters (kH, kW, C_in, C_out), conv1_1/biases, ... and averageImage.

    Releases differ in the names of fields and the shapes of biases; names become those of the first
    release, shapes stay. Arrays of more than 2^23 numbers (fully connected layers) are skipped.
    Raises ValueError for other MATLAB files, and for broken ones.
    """
    with naming(path, OSError, ValueError, zlib.error, struct.error, MemoryError):
        return _contents(_variables(path))


# -- the network ----------------------------------------------------------------------------------


def _contents(variables: dict[str, Any]) -> Contents:
    """The network's arrays. Raises Refused if there are none."""
    # MATLAB's save writes net, or with -struct its fields
    net = variables if "layers" in variables else variables.get("net")
    arrays: dict[str, np.ndarray] = {}
    for name, array in _layers(_field(net, "layers")):
        if name in arrays:
            raise Refused(f"holds {name[:80]} twice; save one network alone")
        arrays[name] = array
    if not arrays and _field(net, "params") is not None:
        raise Refused(
            "is a MatConvNet DagNN, and only SimpleNN is supported; use "
            "imagenet-vgg-verydeep-16.mat or -19.mat"
        )
    if not arrays:
        raise Refused(
            "is another MATLAB file: expected layers with weights, as MatConvNet writes them, got "
            "none; use imagenet-vgg-verydeep-16.mat or -19.mat"
        )
    meta = _field(net, "meta")
    mean = _field(_field(net if meta is None else meta, "normalization"), "averageImage")
    if isinstance(mean, np.ndarray):
        arrays["averageImage"] = mean
    return Contents("mat", arrays)


def _layers(layers: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Names and arrays of the layers that have weights, in the file's order."""
    for i, layer in enumerate(layers if isinstance(layers, list) else [layers], 1):
        pair = _field(layer, "weights")
        if not isinstance(pair, list) or len(pair) != 2:  # releases before the eighth beta
            pair = [_field(layer, "filters"), _field(layer, "biases")]
        name = _field(layer, "name")
        if not isinstance(name, str) or not name or not name.isprintable():
            name = f"layer {i}"
        for kind, array in zip(("filters", "biases"), pair, strict=True):
            if isinstance(array, np.ndarray):
                yield f"{name}/{kind}", array


def _field(value: Any, name: str) -> Any:
    """A field by name, None if missing; its position differs between releases."""
    return value.get(name) if isinstance(value, dict) else None


# -- the file -------------------------------------------------------------------------------------


def _variables(path: Path) -> dict[str, Any]:
    """The variables in VARIABLES."""
    size = path.stat().st_size
    variables = {}
    with path.open("rb") as file:
        order = _byte_order(file.read(128), file.read(4) if file.seek(512) else b"")
        budget = _Budget(size)
        at = 128
        while at < size:
            file.seek(at)
            kind, length = struct.unpack(order + "II", file.read(8))
            if at + 8 + length > size or kind not in (MATRIX, COMPRESSED):
                raise ValueError(EARLY)
            budget.take_values(1)
            if kind == COMPRESSED:
                chunks = _inflated(file, length, budget)
            else:
                file.seek(at)
                chunks = _plain(file, length + 8)
            name, value = _variable(_Stream(chunks, order, budget))
            if name in VARIABLES:
                variables[name] = value
            at += 8 + length
    return variables


def _byte_order(header: bytes, at_512: bytes) -> str:
    """The byte order of a file of version 5. Raises Refused for any other."""
    if header.startswith(b"MATLAB 7.3") or at_512 == b"\x89HDF" or header[:4] == b"\x89HDF":
        raise Refused(
            "is a MATLAB file of version 7.3 (HDF5), which is not supported; save it again in "
            "MATLAB with -v7, or use MatConvNet's own file"
        )
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None or struct.unpack(order + "H", header[124:126])[0] != 0x0100:
        raise Refused("is not a MATLAB file of version 5 to 7, or is cut short; fetch it again")
    return order


class _Budget:
    """Limits on the memory and time that a file may cost."""

    def __init__(self, size: int) -> None:
        self.bytes = 4 * size + SMALL  # to inflate; float32 stored as float64 needs twice its size
        self.values = MANY

    def take_bytes(self, count: int) -> None:
        """Raises Refused if none are left."""
        self.bytes -= count
        if self.bytes < 0:
            raise Refused("would inflate to many times its size; fetch it from its maker")

    def take_values(self, count: int) -> None:
        """Raises Refused if none are left."""
        self.values -= count
        if self.values < 0:
            raise Refused(f"holds more than {MANY} parts, too many for a network; fetch it again")


def _plain(file: BufferedReader, length: int) -> Iterator[bytes]:
    """The next `length` bytes of the file, in chunks."""
    while data := file.read(min(CHUNK, length)):
        length -= len(data)
        yield data


def _inflated(file: BufferedReader, length: int, budget: _Budget) -> Iterator[bytes]:
    """The next `length` bytes of the file, inflated in chunks; zlib checks them at the end."""
    inflate = zlib.decompressobj()
    while not inflate.eof:
        packed = inflate.unconsumed_tail
        if not packed:
            packed = file.read(min(CHUNK, length))
            length -= len(packed)
        if not packed:
            raise ValueError(EARLY)
        data = inflate.decompress(packed, CHUNK)
        budget.take_bytes(len(data))
        if data:
            yield data


class _Stream:
    """The bytes of one element of a file, from an iterator of chunks."""

    def __init__(self, chunks: Iterator[bytes], order: str, budget: _Budget) -> None:
        self.chunks, self.order, self.budget = chunks, order, budget
        self.at = 0  # bytes read so far
        self.chunk, self.used = b"", 0

    def read(self, count: int) -> bytearray:
        """Exactly `count` bytes."""
        data = bytearray()
        while len(data) < count:  # memory grows with the data, not with the stated length
            data += self._take(count - len(data))
        return data

    def skip_to(self, end: int) -> None:
        """Skip the rest of a part that stops at `end`."""
        if self.at > end:
            raise ValueError(LONGER)
        while self.at < end:
            self._take(end - self.at)

    def finish(self) -> None:
        """Read to the end, so that a checksum is compared."""
        for _ in self.chunks:
            pass

    def _take(self, at_most: int) -> bytes:
        """The next bytes, at most `at_most`."""
        if self.used == len(self.chunk):
            self.chunk, self.used = next(self.chunks, b""), 0
        if not self.chunk:
            raise ValueError(EARLY)
        data = self.chunk[self.used : self.used + at_most]
        self.used += len(data)
        self.at += len(data)
        return data


# -- elements -------------------------------------------------------------------------------------


def _tag(stream: _Stream) -> tuple[int, int, int]:
    """Type, length and padding of the next element, which may be a small one."""
    (kind,) = struct.unpack(stream.order + "I", stream.read(4))
    if kind >> 16 == 0:
        (length,) = struct.unpack(stream.order + "I", stream.read(4))
        return kind, length, -length % 8
    if kind >> 16 > 4:
        raise ValueError("a small element has more than 4 bytes")
    return kind & 0xFFFF, kind >> 16, 4 - (kind >> 16)  # its data begins in its tag


def _small(stream: _Stream, at_most: int = 1 << 16) -> tuple[int, bytes]:
    """Type and data of an element that cannot be long."""
    kind, length, padding = _tag(stream)
    if length > at_most:
        raise ValueError("a name or a shape is too long")
    data = stream.read(length)
    stream.skip_to(stream.at + padding)
    return kind, bytes(data)


def _variable(stream: _Stream) -> tuple[str, Any]:
    """Name and value of a variable; the value is None for those not in VARIABLES."""
    kind, length, _ = _tag(stream)
    if kind != MATRIX:
        raise ValueError("an element is not a matrix")
    end = stream.at + length
    name, value = _matrix(stream, end, 0)
    if name in VARIABLES:
        stream.skip_to(end)
        stream.finish()
    return name, value


def _matrix(stream: _Stream, end: int, depth: int) -> tuple[str, Any]:
    """Name and value of a matrix that stops at `end`: an array, text, a list or a dict.

    The value is None for types that hold no weights, and for variables not in VARIABLES.
    """
    flags = _small(stream)[1]
    if len(flags) != 8:
        raise ValueError("a matrix has no flags")
    word = struct.unpack(stream.order + "I", flags[:4])[0]
    matrix_class = word & 0xFF
    if word & COMPLEX or matrix_class not in (CELL, STRUCT, CHAR, *NUMBERS):
        return "", None  # an object, perhaps without shape and name
    sides, name = _small(stream)[1], _small(stream)[1].decode("latin1")
    if depth == 0 and name not in VARIABLES:
        return name, None
    shape = struct.unpack(f"{stream.order}{len(sides) // 4}i", sides)
    if not 2 <= len(shape) <= DIMENSIONS or min(shape) < 0 or depth > DEEPEST:
        raise ValueError("a matrix has no shape, or is nested too deep")
    if matrix_class == CELL:
        return name, _children(stream, end, prod(shape), [], depth)
    if matrix_class == STRUCT:
        return name, _struct(stream, end, shape, depth)
    if matrix_class == CHAR:
        return name, _text(stream)
    return name, _numbers(stream, end, shape, np.dtype(NUMBERS[matrix_class]))


def _children(stream: _Stream, end: int, count: int, fields: list[str], depth: int) -> list[Any]:
    """The values in a cell, or in a struct of `fields`: None for those not in FIELDS."""
    stream.budget.take_values(count)
    values = []
    for i in range(count):
        kind, length, _ = _tag(stream)
        stop = stream.at + length
        if kind != MATRIX or stop > end:
            raise ValueError(LONGER)
        # an empty one is a tag alone
        wanted = length and (not fields or fields[i % len(fields)] in FIELDS)
        values.append(_matrix(stream, stop, depth + 1)[1] if wanted else None)
        stream.skip_to(stop)
    return values


def _struct(stream: _Stream, end: int, shape: tuple[int, ...], depth: int) -> Any:
    """A dict of fields; for several entries, a list of dicts."""
    longest = struct.unpack(stream.order + "i", _small(stream, 4)[1])[0]
    names = _small(stream)[1]
    if longest < 1 or len(names) % longest:
        raise ValueError("fields have no names")
    starts = range(0, len(names), longest)
    fields = [names[i : i + longest].split(b"\0")[0].decode("latin1") for i in starts]
    values = _children(stream, end, prod(shape) * len(fields), fields, depth)
    count = len(fields) or 1
    rows = (values[i : i + count] for i in range(0, len(values), count))
    entries = [dict(zip(fields, row, strict=True)) for row in rows]
    return entries[0] if len(entries) == 1 else entries


def _text(stream: _Stream) -> str:
    """A character array."""
    kind, data = _small(stream)
    code = LETTERS.get(kind, "latin1")
    ending = {"<": "-le", ">": "-be"}[stream.order] if code in ("utf-16", "utf-32") else ""
    return data.decode(code + ending, "replace")


def _numbers(stream: _Stream, end: int, shape: tuple[int, ...], dtype) -> np.ndarray | None:
    """An array, stored in Fortran order; None if it has more than LARGEST numbers."""
    kind, length, _ = _tag(stream)
    if length > end - stream.at:
        raise ValueError(LONGER)
    stored = STORED.get(kind)
    if stored is None or np.dtype(stored).itemsize * prod(shape) != length:
        raise ValueError(f"expected numbers of shape {shape}, got {length} bytes")
    if prod(shape) > LARGEST:
        return None
    stream.budget.take_bytes(max(0, prod(shape) * dtype.itemsize - length))
    numbers = np.frombuffer(stream.read(length), stream.order + stored)
    return numbers.astype(dtype, copy=False).reshape(shape, order="F")
