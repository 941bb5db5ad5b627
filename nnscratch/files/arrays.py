"""Files of named arrays, .npz or .safetensors: written whole or not at all, read without trust.

Stands on NumPy, safetensors, `reading` and `writing`. A card beside the arrays says of what kind
and version they are. No pickle is ever run, an array is read when it is asked for, and what a file
says of its sizes is checked before anything is made of that size.
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

ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is one without entries
SUFFIXES = (".npz", ".safetensors")
CARD = "nnscratch"  # the name of the card, JSON: a text in .npz, an entry of the header else
EXPANSION = 200  # numbers compress less than that, zip bombs more
SMALL = 32 << 20  # bytes that arrays may have however small the file: zeros shrink to nothing
DIRECTORY = 4 << 20  # bytes, some 50,000 arrays
RESERVED = (CARD, "__metadata__")  # the second is safetensors' own
LONGEST = 1000  # letters of a name
TYPES = {  # of .safetensors, which are little-endian
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "C64": "<c8",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "<u1",
    "BOOL": "<u1",
}
AGAIN = "fetch it again"
ARRAYS = f"a file of arrays ({' or '.join(SUFFIXES)})"
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError),
    *(NotImplementedError, RuntimeError, MemoryError, OverflowError, SyntaxError),
)


# -- writing --------------------------------------------------------------------------------------


def write_arrays(
    path: str | os.PathLike,
    arrays: Mapping[str, np.ndarray],
    card: Mapping[str, Any] | None = None,
    caller: str = "save",
    compress: bool = False,
) -> None:
    """Write arrays by name to .npz or .safetensors, as the name ends, whole or not at all.

    card: what the arrays are, as JSON takes it; compress: .npz only. Equal arrays make equal
    bytes. Raises ValueError for another suffix, a place where no file can be, an array that the
    format does not take, or one that is called as the card.
    """
    if check_suffix(path, caller) == ".npz":
        write_npz(path, arrays, card, caller, compress)
        return
    content = _safetensors(arrays, _text(arrays, card, caller), caller)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def check_suffix(path: str | os.PathLike, caller: str) -> str:
    """.npz or .safetensors. Raises ValueError for any other end of a name."""
    suffix = as_path(path, caller).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{caller}: expected a name that ends in {' or '.join(SUFFIXES)}, got '{path}'"
        )
    return suffix


def write_npz(
    path: str | os.PathLike,
    arrays: Mapping[str, np.ndarray],
    card: Mapping[str, Any] | None = None,
    caller: str = "save",
    compress: bool = False,
) -> None:
    """`write_arrays` as .npz, whatever the name. Unlike numpy.savez it takes an array "file"."""
    text = _text(arrays, card, caller)
    texts = {} if text is None else {CARD: np.array(text)}
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", method) as archive:
        for name, array in {**arrays, **texts}.items():
            if array.dtype.hasobject:
                raise ValueError(f"{caller}: {name} holds Python objects; save numbers alone")
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                npy.write_array(stream, array, allow_pickle=False)


def _text(
    arrays: Mapping[str, np.ndarray], card: Mapping[str, Any] | None, caller: str
) -> str | None:
    for name in arrays:
        if name in RESERVED:
            raise ValueError(f"{caller}: the name {name!r} is kept for the card; rename that array")
        halves = any("\ud800" <= letter <= "\udfff" for letter in name)  # UTF-8 lacks them
        if "\0" in name or halves or len(name) > LONGEST:
            raise ValueError(f"{caller}: no file takes the name {name[:80]!r}; rename that array")
    try:
        return None if card is None else json.dumps(card, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{caller}: the card cannot be JSON ({error}); correct it") from error


def _safetensors(arrays: Mapping[str, np.ndarray], text: str | None, caller: str) -> bytes:
    from safetensors import SafetensorError
    from safetensors.numpy import save

    ready = {  # the library takes no strides and no foreign byte order
        name: np.asarray(array, array.dtype.newbyteorder("="), order="C")
        for name, array in arrays.items()
    }
    try:
        return save(ready, None if text is None else {CARD: text})
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        kinds = sorted({str(array.dtype) for array in arrays.values()})
        raise ValueError(
            f"{caller}: .safetensors does not take these arrays, of {', '.join(kinds)} ({error}); "
            "save them as .npz"
        ) from error


# -- reading --------------------------------------------------------------------------------------


class LazyArrays(Mapping[str, np.ndarray]):
    """Arrays by name, each read when it is asked for, and not to see whether it is there.

    names: the keys are those of the arrays
    """

    names: Mapping[str, Any]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names


class ArrayFile(LazyArrays):
    """The arrays of a file; `with` closes it, and else it closes with the last who knows it.

    While it is open, another file that takes its name is not mixed into it. card: what stands
    beside the arrays, None if nothing does. A broken file raises ValueError, which names `caller`
    and ends with `remedy`.
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


def open_arrays(
    path: str | os.PathLike,
    caller: str = "load",
    remedy: str = AGAIN,
    what: str = ARRAYS,
    expansion: int = EXPANSION,
) -> ArrayFile:
    """The arrays of a .npz or .safetensors file, which is told by its first bytes.

    what: is expected, as errors say it; expansion: how many times its size it may unpack to. Raises
    ValueError if the file is missing, of another kind, or broken.
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
    """Raise ValueError if a card is of another kind than `kind`, or of a version after `version`.

    source: who asks and for which file, as errors begin: "load: 'net.npz'".
    """
    has, of = card.get("kind"), card.get("version")
    if has != kind:
        raise ValueError(f"{source} holds {has}, expected {kind}; name another file")
    if type(of) is not int or of < 1:
        raise ValueError(f"{source} says to be of version {of!r}, expected a number; {AGAIN}")
    if of > version:
        raise ValueError(
            f"{source} is of version {of}, this nnscratch reads up to {version}; install a newer "
            "one"
        )


class _OtherZip(ValueError):
    """A zip that is whole, and holds something else."""


class NpzFile(ArrayFile):
    """A zip of NumPy arrays, none of them a pickle."""

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
                if stream.read(1):  # and the zip's checksum is compared at the very end
                    raise ValueError(f"'{info.filename}' goes on behind its array")
                return array
        except BROKEN as error:
            raise self.broken(error) from error


def _check_directory(path: Path) -> None:
    """Raise ValueError before a directory is read that would take many times its bytes."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 22 - 0xFFFF))  # a comment may stand behind it
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= 0 and size > DIRECTORY:
        raise ValueError(f"its directory has {size} bytes, too many for arrays")


def _entries(file: zipfile.ZipFile, most: int) -> dict[str, zipfile.ZipInfo]:
    """The arrays by name. What all say they unpack to is believed of real numbers only."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in file.infolist():
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            made = "by PyTorch" if name.endswith("/data.pkl") else f"with '{name}' in it"
            raise _OtherZip(f"a zip {made}, not of arrays alone")
        if name in found:
            raise ValueError(f"'{name}' is there twice")
        found[name] = info
    total = sum(info.file_size for info in found.values())
    if total > most:
        raise ValueError(f"it would unpack to {total} bytes")
    return found


def _check_header(stream: Any, info: zipfile.ZipInfo) -> None:
    """Raise ValueError unless the array fits into what the entry holds."""
    version = npy.read_magic(stream)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError(f"'{info.filename}' holds Python objects, which are not read")
    if math.prod(shape) * dtype.itemsize > info.file_size:
        raise ValueError(f"'{info.filename}' says {shape}, and holds {info.file_size} bytes")


class SafetensorsFile(ArrayFile):
    """A .safetensors; bfloat16, which NumPy lacks, becomes float32."""

    container = "safetensors"

    # The library checks the file. It also maps it into memory, and a mapped file that becomes
    # shorter ends the process (SIGBUS); so the numbers are read here.

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
                f"{self.caller}: '{self.path}' holds {name} as {kind}; expected numbers that NumPy "
                "knows, save it as float32 or float16"
            )
        start, end = entry["data_offsets"]
        try:
            if math.prod(entry["shape"]) * np.dtype(TYPES[kind]).itemsize != end - start:
                raise ValueError(f"{name} has another size than its shape says")
            array = np.empty(entry["shape"], TYPES[kind])
            with self._lock:
                self.file.seek(self._start + start)
                if self.file.readinto(array.reshape(-1).view(np.uint8).data) != array.nbytes:
                    raise ValueError("it has become shorter")
        except BROKEN as error:
            raise self.broken(error) from error
        if kind == "BF16":  # the upper halves of float32
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array != 0 if kind == "BOOL" else array
