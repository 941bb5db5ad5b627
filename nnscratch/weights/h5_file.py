"""Keras' weight files in HDF5: their arrays by name, each read when asked.

Stands on `contents` and h5py, which only these files need and which is an extra.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.weights.contents import Contents

SMALL = 8 << 20  # bytes an array may have whatever the size of the file: compressed ones have more


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
    names: list[str] = []

    def note(name: str | bytes, item: Any) -> None:
        is_array = isinstance(item, h5py.Dataset) and item.shape is not None
        if is_array and item.dtype.kind in "fiu" and isinstance(name, str):  # bytes: no UTF-8
            names.append(name)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(note)  # passes over links into other files
            # attributes stay unread: over broken ones the HDF5 library loops without end
    except Exception as error:  # h5py meets broken bytes with errors of every kind
        raise _broken(path, error) from error
    return Contents("h5", _Arrays(path, names))


def _broken(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"weights: '{path}' is broken or cut short ({type(error).__name__}: {error}); "
        "fetch it again"
    )


class _Arrays(Mapping[str, np.ndarray]):
    """The arrays of a file, which is open only while one is read."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path = path
        self.names = dict.fromkeys(names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> np.ndarray:
        import h5py

        if name not in self.names:
            raise KeyError(name)
        try:
            with h5py.File(self.path, "r") as file:
                dataset = file[name]
                if not self._is_within(dataset):
                    raise ValueError(f"{name} says to be larger than the file can hold")
                return np.asarray(dataset[()])
        except Exception as error:
            raise _broken(self.path, error) from error

    def _is_within(self, dataset: Any) -> bool:
        """Whether the numbers lie in this file and are no more than it can hold."""
        size = self.path.stat().st_size
        here = dataset.external is None and not dataset.is_virtual
        return here and dataset.nbytes <= 2 * size + SMALL
