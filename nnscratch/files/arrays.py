"""Files of named arrays, .npz or .safetensors: written atomically, read without trust.

Stands on NumPy, safetensors, `reading` and `writing`. A card (JSON) beside the arrays states their
kind and version. No pickle is executed, arrays are read on access, and the sizes that a file states
are checked before memory of that size is allocated.
"""

import json
import math
import os
import threading
import weakref
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.lib import format as npy

from nnscratch.files.reading import as_path, check_file
from nnscratch.files.writing import replacing

ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second: a zip without entries
SUFFIXES = (".npz", ".safetensors")
CARD = "nnscratch"  # the card's name: a text in .npz, an entry of the header in .safetensors
EXPANSION = 200  # numbers unpack to fewer times their size, zip bombs to more
SMALL = 32 << 20  # bytes allowed for arrays in a file of any size: zeros compress to nothing
DIRECTORY = 4 << 20  # bytes, about 50,000 arrays
RESERVED = (CARD, "__metadata__")  # the second is reserved by safetensors
LONGEST = 1000  # letters of a name
TYPES = {  # of .safetensors, little-endian
    **{f"F{8 * size}": f"<f{size}" for size in (2, 4, 8)},
    **{f"I{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    "BF16": "<u2",  # the upper half of a float32
    "C64": "<c8",
    "BOOL": "<u1",
}
AGAIN = "fetch it again"
ARRAYS = f"a file of arrays ({' or '.join(SUFFIXES)})"
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError),
    *(NotImplementedError, RuntimeError, MemoryError, OverflowError, SyntaxError),
)


# -- writing --------------------------------------------------------------------------------------


def write_arrays(path, arrays, card=None, caller="save", compress=False) -> None:
    """Write a dict of arrays to .npz or .safetensors, by the suffix of path, atomically.

    card: a dict for JSON; caller: begins error messages; compress: .npz only. Equal arrays give
    equal bytes. Raises ValueError for another suffix, a path that cannot be written, an array that
    the format does not support, or the name of the card.
    """
    if check_suffix(path, caller) == ".npz":
        write_npz(path, arrays, card, caller, compress)
        return
    content = _safetensors(arrays, _text(arrays, card, caller), caller)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def check_suffix(path: str | os.PathLike, caller: str) -> str:
    """Return the suffix, .npz or .safetensors. Raises ValueError for any other."""
    suffix = as_path(path, caller).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{caller}: expected a name that ends in {' or '.join(SUFFIXES)}, got '{path}'"
        )
    return suffix


def write_npz(path, arrays, card=None, caller="save", compress=False) -> None:
    """`write_arrays` as .npz for any suffix. Unlike numpy.savez, it accepts an array "file"."""
    text = _text(arrays, card, caller)
    texts = {} if text is None else {CARD: np.array(text)}
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", method) as archive:
        for name, array in {**arrays, **texts}.items():
            if array.dtype.hasobject:
                raise ValueError(f"{caller}: {name} holds Python objects; save numbers alone")
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                npy.write_array(stream, array, allow_pickle=False)


def _text(arrays, card, caller) -> str | None:
    """The card as JSON, None without one. Raises ValueError for unusable names."""
    for name in arrays:
        if name in RESERVED:
            raise ValueError(f"{caller}: the name {name!r} is reserved; rename that array")
        surrogates = any("\ud800" <= letter <= "\udfff" for letter in name)  # not in UTF-8
        if "\0" in name or surrogates or len(name) > LONGEST:
            raise ValueError(f"{caller}: {name[:80]!r} is not a valid name; rename that array")
    try:
        return None if card is None else json.dumps(card, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{caller}: the card cannot be JSON ({error}); correct it") from error


def _safetensors(arrays, text: str | None, caller: str) -> bytes:
    from safetensors import SafetensorError
    from safetensors.numpy import save

    ready = {  # the library accepts only C order and native byte order
        name: np.asarray(array, array.dtype.newbyteorder("="), order="C")
        for name, array in arrays.items()
    }
    try:
        return save(ready, None if text is None else {CARD: text})
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        kinds = sorted({str(array.dtype) for array in arrays.values()})
        raise ValueError(
            f"{caller}: .safetensors does not support these arrays, of {', '.join(kinds)} "
            f"({error}); save them as .npz"
        ) from error


# -- reading --------------------------------------------------------------------------------------


class LazyArrays(Mapping[str, np.ndarray]):
    """Arrays by name, read on access; `in` reads nothing.

    names: its keys are the names
    """

    names: Mapping[str, Any]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names


class ArrayFile(LazyArrays):
    """The arrays of an open file; `with` closes it, else it closes when garbage collected.

    A file that replaces it meanwhile is not read. card: the card as a dict, None if there is none.
    A broken file raises ValueError, whose message begins with `caller` and ends with `remedy`.
    """

    container: str
    names: dict[str, Any]

    def __init__(self, path: Path, caller: str, remedy: str):
        self.path, self.caller, self.remedy = path, caller, remedy
        self.card: dict[str, Any] | None = None
        self.file: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.file.close()

    def broken(self, error: object) -> ValueError:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        return ValueError(
            f"{self.caller}: '{self.path}' is broken or cut short ({reason}); {self.remedy}"
        )

    def read_card(self, text: object) -> None:
        try:
            self.card = json.loads(str(text))
            if not isinstance(self.card, dict):
                raise ValueError("expected a JSON object")
        except (ValueError, RecursionError) as error:
            raise self.broken(f"its card cannot be read: {error}") from error


def open_arrays(path, caller="load", remedy=AGAIN, what=ARRAYS, expansion=EXPANSION) -> ArrayFile:
    """Open a .npz or .safetensors file; its first bytes decide which.

    what: the expected kind of file, for the error; expansion: limit of unpacked size / file size.
    Raises ValueError if the file is missing, of another kind, or broken.
    """
    path = check_file(path, caller)
    with path.open("rb") as file:
        start = file.read(9)
    if start[:4] in ZIP:
        return NpzFile(path, caller, remedy, expansion)
    if start[8:] == b"{":
        return SafetensorsFile(path, caller, remedy)
    raise ValueError(f"{caller}: expected {what}, got another kind of file, '{path}'; {remedy}")


def check_card(card: Mapping[str, Any], kind: str, version: int, source: str) -> None:
    """Raise ValueError if a card is of another kind than `kind`, or newer than `version`.

    source: the beginning of the message, caller and file: "load: 'net.npz'".
    """
    card_kind, card_version = card.get("kind"), card.get("version")
    if card_kind != kind:
        raise ValueError(f"{source} holds {card_kind}, expected {kind}; name another file")
    if type(card_version) is not int or card_version < 1:
        raise ValueError(f"{source} states version {card_version!r}, expected a number; {AGAIN}")
    if card_version > version:
        raise ValueError(
            f"{source} has version {card_version}, this nnscratch reads up to {version}; install a "
            "newer one"
        )


class _OtherZip(ValueError):
    """An intact zip that holds something else."""


class NpzFile(ArrayFile):
    """A zip of NumPy arrays without pickles."""

    container = "npz"

    def __init__(self, path: Path, caller: str, remedy: str, expansion: int):
        super().__init__(path, caller, remedy)
        most = expansion * path.stat().st_size + SMALL
        try:
            _check_directory(path)
            self.file = zipfile.ZipFile(path)
            self.names = _entries(self.file, most)
        except _OtherZip as error:
            raise ValueError(f"{caller}: '{path}' is {error}; {remedy}") from error
        except BROKEN as error:
            raise self.broken(error) from error
        if CARD in self.names:
            self.read_card(self[CARD])
            del self.names[CARD]

    def __getitem__(self, name: str) -> np.ndarray:
        info = self.names[name]
        try:
            with self.file.open(info) as stream:
                _check_header(stream, info)
            with self.file.open(info) as stream:
                array = npy.read_array(stream, allow_pickle=False)
                if stream.read(1):  # reading to the end also compares the checksum
                    raise ValueError(f"'{info.filename}' continues after its array")
                return array
        except BROKEN as error:
            raise self.broken(error) from error


def _check_directory(path: Path) -> None:
    """Raise ValueError if the directory is too long: reading it would need many times its size."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 22 - 0xFFFF))  # a comment may follow
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= 0 and size > DIRECTORY:
        raise ValueError(f"its directory has {size} bytes, too many for arrays")


def _entries(file: zipfile.ZipFile, most: int) -> dict[str, zipfile.ZipInfo]:
    """The arrays by name. Raises ValueError if they would unpack to more than `most` bytes."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in file.infolist():
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            content = "by PyTorch" if name.endswith("/data.pkl") else f"with '{name}' in it"
            raise _OtherZip(f"a zip {content}, not of arrays alone")
        if name in entries:
            raise ValueError(f"'{name}' occurs twice")
        entries[name] = info
    total = sum(info.file_size for info in entries.values())
    if total > most:
        raise ValueError(f"it would unpack to {total} bytes")
    return entries


def _check_header(stream: Any, info: zipfile.ZipInfo) -> None:
    """Raise ValueError unless the entry has the bytes for the array that its header states."""
    version = npy.read_magic(stream)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError(f"'{info.filename}' holds Python objects, which are not read")
    if math.prod(shape) * dtype.itemsize > info.file_size:
        raise ValueError(f"'{info.filename}' states {shape} and has {info.file_size} bytes")


class SafetensorsFile(ArrayFile):
    """A .safetensors; bfloat16, which NumPy lacks, becomes float32."""

    container = "safetensors"

    # The library validates the file. It also maps it into memory, and truncating a mapped file
    # kills the process (SIGBUS); so the numbers are read here.

    def __init__(self, path: Path, caller: str, remedy: str):
        from safetensors import SafetensorError, safe_open

        super().__init__(path, caller, remedy)
        self.file, self._lock = path.open("rb"), threading.Lock()
        weakref.finalize(self, self.file.close)
        try:
            size = int.from_bytes(self.file.read(8), "little")
            if size > DIRECTORY:
                raise ValueError(f"its header has {size} bytes, too many for arrays")
            with safe_open(path, framework="numpy"):
                self.names = json.loads(self.file.read(size))
            self._start = 8 + size
        except (SafetensorError, *BROKEN) as error:
            raise self.broken(error) from error
        text = (self.names.pop("__metadata__", None) or {}).get(CARD)
        if text is not None:
            self.read_card(text)

    def __getitem__(self, name: str) -> np.ndarray:
        entry = self.names[name]
        kind = entry["dtype"]
        if kind not in TYPES:
            raise ValueError(
                f"{self.caller}: '{self.path}' holds {name} as {kind}, which NumPy lacks; save it "
                "as float32 or float16"
            )
        start, end = entry["data_offsets"]
        try:
            if math.prod(entry["shape"]) * np.dtype(TYPES[kind]).itemsize != end - start:
                raise ValueError(f"the size of {name} does not match its shape")
            array = np.empty(entry["shape"], TYPES[kind])
            with self._lock:
                self.file.seek(self._start + start)
                if self.file.readinto(array.reshape(-1).view(np.uint8).data) != array.nbytes:
                    raise ValueError("it has become shorter")
        except BROKEN as error:
            raise self.broken(error) from error
        if kind == "BF16":  # -> float32
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array != 0 if kind == "BOOL" else array
