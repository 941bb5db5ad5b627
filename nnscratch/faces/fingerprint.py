"""The name of a network: a hash of its numbers, by which encodings know where they come from.

Stands on NumPy.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def fingerprint(state: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that name a network: SHA-256 of its arrays, the order left aside.

    state: arrays or Tensors by name, as state_dict() gives them. Names, shapes, dtypes and every
    bit of the values count.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        array = state[name]
        array = np.asarray(array.numpy() if hasattr(array, "numpy") else array)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode() + b"\n")
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]
