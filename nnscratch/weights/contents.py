"""What a weight file holds, before anybody says what it means.

Stands on NumPy alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Contents:
    """Arrays by the file's own names and in its order; a Mapping may read each when asked.

    container: "npz", "safetensors", "pth (zip)", "pth (legacy)", "mat" or "h5"
    texts: other things worth knowing, such as a card or a version
    """

    container: str
    arrays: Mapping[str, np.ndarray]
    texts: Mapping[str, str] = field(default_factory=dict)
