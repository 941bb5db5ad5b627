"""The contents of a weight file before interpretation, and the error for files that are refused.

Stands on NumPy alone.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Contents:
    """Arrays under the file's own names, in file order; a lazy Mapping may read each on access.

    container: "npz", "safetensors", "pth (zip)", "pth (legacy)", "mat" or "h5"
    card: the metadata of our own files
    """

    container: str
    arrays: Arrays
    card: Mapping[str, Any] | None = None


class Refused(ValueError):
    """An intact file that cannot be used; the message continues "weights: 'FILE'"."""


@contextlib.contextmanager
def naming(path: str | os.PathLike, *broken: type[Exception]) -> Iterator[None]:
    """Turn Refused, and the errors `broken` that damaged bytes cause, into a ValueError on `path`.

    Without `broken`, other errors pass through.
    """
    try:
        yield
    except Refused as error:
        raise ValueError(f"weights: '{path}' {error}") from error
    except broken as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(
            f"weights: '{path}' is broken or cut short ({reason}); fetch it again"
        ) from error


def shown(text: str) -> str:
    """Text from a file, escaped and shortened for a message."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
