"""The file of a gallery, and the rules for what goes into it: names and unit rows.

Stands on `files`. The file holds those who are in the gallery now and nothing of former members.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnscratch.files import open_arrays, write_npz

VERSION = 1
ARRAYS = {"version": "i", "network": "u", "names": "u", "owners": "i", "vectors": "f"}
UNIT = 1e-3  # largest deviation of a length from 1; float16 needs this much
ROUNDED = 1e-6  # deviation of a length from 1 after rounding to float32


class GalleryArrays(NamedTuple):
    """Vectors (N, D), and the person of each as a place in names, owners (N,).

    network: the fingerprint of the model that made the vectors.
    """

    network: str
    names: Sequence[str]
    owners: np.ndarray
    vectors: np.ndarray


# -- names and rows -------------------------------------------------------------------------------


def spelled(name: str) -> str:
    """A name in Unicode NFC: ë is one character, not an e and a mark."""
    return unicodedata.normalize("NFC", name)


def checked_name(caller: str, name) -> str:
    """A name in NFC. Raises TypeError or ValueError unless it is one line of printable text."""
    if not isinstance(name, str):
        raise TypeError(f"{caller}: expected a name as text, got {type(name).__name__}")
    name = spelled(name)
    if not name.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise ValueError(
            f"{caller}: expected a name of printable characters on one line, got {name!r}"
        )
    return name


def unit_rows(caller: str, rows: np.ndarray) -> np.ndarray:
    """Rows (N, D) as float32 of length 1 up to rounding.

    Raises ValueError on NaN, and on lengths that differ from 1 by more than 0.001: such rows are
    not normalised here, since they may be something other than encodings.
    """
    if not np.isfinite(rows).all():
        raise ValueError(
            f"{caller}: expected finite encodings, got NaN or infinity; look at the picture"
        )
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    if np.abs(lengths - 1).max(initial=0) > UNIT:
        raise ValueError(
            f"{caller}: expected encodings of length 1, got lengths from {lengths.min():.3g} to "
            f"{lengths.max():.3g}; divide each row by its length if it comes from this network"
        )
    lengths[np.abs(lengths - 1) < ROUNDED] = 1  # so that reading and writing changes no bit
    return np.ascontiguousarray(rows, np.float32) / lengths[:, None].astype(np.float32)


# -- the file -------------------------------------------------------------------------------------


def write(path, gallery: GalleryArrays) -> None:
    """Write a .npz file, whole or not at all."""
    texts = {"network": _bytes(gallery.network), "names": _bytes("\n".join(gallery.names))}
    numbers = {"version": np.array(VERSION), "owners": gallery.owners, "vectors": gallery.vectors}
    write_npz(path, texts | numbers)


def read(path) -> GalleryArrays:
    """Read a file of `write`. Raises ValueError if it is broken or of another kind."""
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
    return GalleryArrays(_text(source, arrays["network"]), names, owners.astype(np.int64), vectors)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file. Raises ValueError unless they are a gallery's, of a known version."""
    if not path.is_file():
        raise ValueError(f"load: no file at '{path}'; enrol somebody first, or check the path")
    arrays = dict(open_arrays(path, "load", "name another, or a copy of it", "a gallery"))
    kinds = {name: array.dtype.kind for name, array in arrays.items()}
    plain = kinds.get("version") == "i" and arrays["version"].ndim == 0
    version = int(arrays["version"]) if plain else 0
    if version > VERSION:
        raise ValueError(
            f"load: '{path}' is a gallery of version {version}, expected {VERSION}; "
            "use a newer nnscratch"
        )
    if kinds != ARRAYS or version != VERSION:
        raise ValueError(
            f"load: '{path}' is no gallery, or broken: expected the arrays {sorted(ARRAYS)}, "
            f"got {len(arrays)}: {', '.join(sorted(arrays)[:5])}; name another file"
        )
    return arrays


def _bytes(text: str) -> np.ndarray:
    return np.array(bytearray(text.encode("utf-8")), np.uint8)


def _text(source: str, array: np.ndarray) -> str:
    try:
        return array.astype(np.uint8).tobytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is broken: a text in it is not UTF-8") from error
