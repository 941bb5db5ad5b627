"""Reading .npz: a zip of NumPy arrays, each read when it is asked for, none of them a pickle.

Stands on NumPy. What an entry says of its size is checked before anything is made of that size.
"""

import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from nnscratch.weights.contents import Contents

TIGHTEST = 200  # weights do not shrink to less than this part of their size; bombs do
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError)


def read(path: Path) -> Contents:
    """The arrays of a .npz. Raises ValueError if it is broken, or would fill the memory."""
    try:
        with zipfile.ZipFile(path) as file:
            entries = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
            for info in entries.values():
                _check(info)
    except (*BROKEN, NotImplementedError, RuntimeError) as error:
        raise _broken(path, error) from error
    return Contents("npz", _Arrays(path, entries))


class _Arrays(Mapping[str, np.ndarray]):
    """The arrays by name; one is read whenever it is asked for."""

    def __init__(self, path: Path, entries: dict[str, zipfile.ZipInfo]):
        self._path, self._entries = path, entries

    def __getitem__(self, name: str) -> np.ndarray:
        info = self._entries[name]
        try:
            with zipfile.ZipFile(self._path) as file:
                with file.open(info) as stream:
                    _check_header(stream, info)
                with file.open(info) as stream:
                    return npy.read_array(stream, allow_pickle=False)
        except (*BROKEN, NotImplementedError, RuntimeError, MemoryError) as error:
            raise _broken(self._path, error) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _check(info: zipfile.ZipInfo) -> None:
    if info.file_size > TIGHTEST * max(info.compress_size, 1) + 2**16:
        raise ValueError(f"'{info.filename}' would unpack to {info.file_size} bytes")


def _check_header(stream, info: zipfile.ZipInfo) -> None:
    """Raise ValueError unless the array fits into what the entry holds."""
    version = npy.read_magic(stream)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError(f"'{info.filename}' holds Python objects, which are not read")
    if math.prod(shape) * dtype.itemsize > info.file_size:
        raise ValueError(f"'{info.filename}' says {shape}, and holds {info.file_size} bytes")


def _broken(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"weights: '{path}' is broken or cut short ({' '.join(str(error).split())[:200]}); fetch "
        "it again"
    )
