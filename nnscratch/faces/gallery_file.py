"""A gallery's file: who is in it now, and nothing of those who were.

Stands on `entries` and `files`.
"""

import contextlib
import os
from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnscratch.faces.entries import checked_name, unit_rows
from nnscratch.files import check_place, open_arrays, write_npz

VERSION = 1
ARRAYS = {"version": "i", "network": "u", "names": "u", "owners": "i", "vectors": "f"}


class Contents(NamedTuple):
    """What a file holds: vectors (N, D), and whose they are, as places in names, owners (N,).

    network: the fingerprint of what made the vectors.
    """

    network: str
    names: Sequence[str]
    owners: np.ndarray
    vectors: np.ndarray


def write(path: str | os.PathLike, contents: Contents) -> None:
    """Write a .npz file, whole or not at all, and delete what a killed save has left beside it."""
    path = check_place(path)
    write_npz(
        path,
        {
            "version": np.array(VERSION),
            "network": _bytes(contents.network),
            "names": _bytes("\n".join(contents.names)),
            "owners": contents.owners,
            "vectors": contents.vectors,
        },
    )
    _clear_leftovers(path)


def _clear_leftovers(path: Path) -> None:
    """Delete what a save of this file that was killed has left: it may hold somebody forgotten."""
    for leftover in path.parent.glob(f".{escape(path.name)}.*.tmp"):
        if leftover.name.split(".")[-2].isdigit():
            with contextlib.suppress(OSError):
                leftover.unlink()


def read(path: str | os.PathLike) -> Contents:
    """What `write` wrote. Raises ValueError on files that are broken, or of another kind."""
    source, arrays = f"load: '{path}'", _arrays(Path(path))
    text = _text(source, arrays["names"])
    names = [checked_name(source, name) for name in text.split("\n")] if text else []
    owners, vectors = arrays["owners"], arrays["vectors"]
    if vectors.ndim != 2 or owners.shape != vectors.shape[:1] or vectors.shape[1] < 1:
        raise ValueError(
            f"{source} is broken: {vectors.shape} encodings do not fit {owners.shape} owners"
        )
    people = np.unique(owners)
    if len(set(names)) != len(names) or not np.array_equal(people, np.arange(len(names))):
        raise ValueError(f"{source} is broken: its names do not fit its encodings")
    vectors = unit_rows(source, vectors)
    return Contents(_text(source, arrays["network"]), names, owners.astype(np.int64), vectors)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, or ValueError unless they are a gallery's, of a version known here."""
    if not path.is_file():
        raise ValueError(f"load: no file at '{path}'; enrol somebody first, or check the path")
    found = dict(open_arrays(path, "load", "name another, or a copy of it", "a gallery"))
    kinds = {name: array.dtype.kind for name, array in found.items()}
    plain = kinds.get("version") == "i" and found["version"].ndim == 0
    version = int(found["version"]) if plain else 0
    if version > VERSION:
        raise ValueError(
            f"load: '{path}' is a gallery of version {version}, expected {VERSION}; "
            "use a newer nnscratch"
        )
    if kinds != ARRAYS or version != VERSION:
        raise ValueError(
            f"load: '{path}' is no gallery, or broken: expected the arrays {sorted(ARRAYS)}, "
            f"got {len(found)}: {', '.join(sorted(found)[:5])}; name another file"
        )
    return found


def _bytes(text: str) -> np.ndarray:
    return np.array(bytearray(text.encode("utf-8")), np.uint8)


def _text(source: str, array: np.ndarray) -> str:
    try:
        return array.astype(np.uint8).tobytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is broken: a text in it is not UTF-8") from error
