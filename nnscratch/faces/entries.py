"""What goes into a gallery: names in one spelling, encodings of length 1.

Stands on NumPy.
"""

import unicodedata
from typing import Any

import numpy as np

UNIT = 1e-3  # how far from 1 the length of an encoding may be; float16 gives this much
ROUNDED = 1e-6  # how far from 1 the length is after rounding to float32


def spelled(name: str) -> str:
    """The one spelling of a name: ë is one character, not an e and a mark (Unicode NFC)."""
    return unicodedata.normalize("NFC", name)


def checked_name(caller: str, name: Any) -> str:
    """A name in its one spelling, or the error that says what is wrong with it."""
    if not isinstance(name, str):
        raise TypeError(f"{caller}: expected a name as text, got {type(name).__name__}")
    name = spelled(name)
    if not name.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise ValueError(
            f"{caller}: expected a name of printable characters on one line, got {name!r}"
        )
    return name


def unit_rows(caller: str, rows: np.ndarray) -> np.ndarray:
    """Rows (N, D) as float32 of length 1 to rounding.

    Raises ValueError on NaN and on lengths that are not 1 to within 0.001: rows that no encoder
    normalised are refused, not mended, as they may be something else altogether.
    """
    if not np.isfinite(rows).all():
        raise ValueError(
            f"{caller}: expected finite encodings, got NaN or infinity; look at the picture"
        )
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    worst = np.abs(lengths - 1).max(initial=0)
    if worst > UNIT:
        raise ValueError(
            f"{caller}: expected encodings of length 1, got lengths from {lengths.min():.3g} to "
            f"{lengths.max():.3g}; divide each row by its length if it comes from this network"
        )
    lengths[np.abs(lengths - 1) < ROUNDED] = 1  # so that a file read and written stays as it is
    return np.ascontiguousarray(rows, np.float32) / lengths[:, None].astype(np.float32)
