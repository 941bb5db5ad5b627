"""What a weight file holds, before anybody says what it means, and how a reader refuses one.

Stands on NumPy alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Contents:
    """Arrays by the file's own names and in its order; a Mapping may read each when asked.

    container: "npz", "safetensors", "pth (zip)", "pth (legacy)", "mat" or "h5"
    texts: other things worth knowing, such as a version; card: what our own files say of themselves
    """

    container: str
    arrays: Mapping[str, np.ndarray]
    texts: Mapping[str, str] = field(default_factory=dict)
    card: Mapping[str, Any] | None = None


class Refused(ValueError):
    """A file that is whole, but not what is read here; says itself what to do."""


def shown(text: str) -> str:
    """Words of a file for a message: escaped, and not too many."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
