"""Opening weight files: the first bytes say of what make they are, never the name.

Stands on the readers of this package, and on `layouts` for what the arrays mean. Nothing is
executed: no pickle is ever run.
"""

import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from nnscratch.weights import h5_file, layouts, mat_file, npz_file, own, torch_file
from nnscratch.weights.contents import Contents
from nnscratch.weights.form import VGGWeights

ZIP, HDF5, MATLAB = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"MATLAB "
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
KNOWN = ".npz, .safetensors, .pth, .mat of MATLAB 5 to 7, .h5 of Keras"


def load(path: str | os.PathLike) -> VGGWeights:
    """The convolutions of a VGG from a weight file. Raises ValueError if it is none, or broken."""
    return layouts.vgg(open_contents(path), f"'{path}'")[0]


def open_contents(path: str | os.PathLike) -> Contents:
    """What a weight file holds, by its own names.

    Raises ValueError if it is missing, of no known make, or broken.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"weights: no file at '{path}'; check the path")
    with path.open("rb") as file:
        start = file.read(520)
    return _reader(path, start)(path)


def _reader(path: Path, start: bytes) -> Callable[[Path], Contents]:
    if start[:4] == ZIP:
        return torch_file.read if _is_torch(path) else npz_file.read
    if start[8:9] == b"{":
        return _safetensors
    if start[:8] == HDF5:
        return h5_file.read
    if start[:7] == MATLAB:
        return mat_file.read
    if start[:2] in PICKLES:
        return torch_file.read
    raise ValueError(f"weights: '{path}' is not a weight file of a known kind; expected {KNOWN}")


def _is_torch(path: Path) -> bool:
    """Whether a zip holds what torch.save puts into one."""
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.rpartition("/")[2] == "data.pkl" for name in file.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _safetensors(path: Path) -> Contents:
    opened = _Safetensors(path)
    return Contents("safetensors", opened, opened.texts)


class _Safetensors(Mapping[str, np.ndarray]):
    """The arrays of a .safetensors; the file is mapped, and one is read when it is asked for."""

    def __init__(self, path: Path):
        from safetensors import SafetensorError, safe_open

        self._path, self._errors = path, (SafetensorError, OSError, TypeError, ValueError)
        try:
            self._file = safe_open(path, framework="numpy")
            self._names = list(self._file.keys())
            card = (self._file.metadata() or {}).get(own.CARD)
        except self._errors as error:
            raise self._broken(error) from error
        self.texts = {} if card is None else {own.CARD: card}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        try:
            return self._file.get_tensor(name)
        except self._errors as error:
            raise self._broken(error) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _broken(self, error: Exception) -> ValueError:
        return ValueError(
            f"weights: '{self._path}' is broken or cut short ({error}); fetch it again"
        )
