"""Checkpoints of a style transfer: a killed run resumes and gives the same result to the byte.

Stands on `files`. Nothing is pickled, and a file is written whole or not at all.
"""

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.files import check_place, locked, open_arrays, write_npz

FORMAT = 1  # of the file; a reader refuses others
ANEW = "name another file, or remove it to begin anew"
COSTS = ("scale", "loss", "content", "style", "tv")  # columns of the history


@dataclass
class State:
    """The state of a transfer; `Descent` changes it step by step.

    scale: number of the current size, from 0; step: iterations done there; done: all scales are
    image: (1, C, *size); best: the picture (C, *size) with the lowest loss at this scale
    average: the running sum of weighted iterates (C, *size); share: the sum of their weights
    moments: the optimiser's arrays by name; history: the costs of every iteration
    """

    image: np.ndarray
    best: np.ndarray
    average: np.ndarray
    best_loss: float = float("inf")
    share: float = 0.0
    scale: int = 0
    step: int = 0
    done: bool = False
    moments: dict[str, np.ndarray] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)


PLAIN = [item.name for item in fields(State) if item.name not in ("moments", "history")]


class Checkpoint:
    """A file to which a transfer is saved, and from which it resumes if the file exists.

    seconds: the least time between two savings; 0 saves every state. The times of saving do not
    influence the result. Several processes may save one run: the most advanced state stays. Raises
    ValueError if no file can be written there.
    """

    def __init__(self, path: str | os.PathLike, seconds: float = 30.0):
        self.path, self.seconds = Path(check_place(path)), seconds
        self._saved = time.monotonic()

    def save(self, state: State, inputs: Mapping[str, str], now: bool = False) -> None:
        """Write the state and its inputs' digests, if `seconds` have passed or all is done.

        now: write it whatever the time. Raises ValueError if another run has saved there meanwhile.
        """
        time_passed = time.monotonic() - self._saved
        if time_passed >= self.seconds or state.done or now:
            with locked(self.path):
                if not self._is_behind(state, inputs):
                    write_npz(self.path, _to_arrays(state, inputs))
            self._saved = time.monotonic()

    def _is_behind(self, state: State, inputs: Mapping[str, str]) -> bool:
        """Whether another process has saved a later state of this run."""
        saved = self.load(inputs)
        return saved is not None and _progress(saved) > _progress(state)

    def load(self, inputs: Mapping[str, str]) -> State | None:
        """The saved state, or None where there is no file yet.

        Raises ValueError if the file is broken, or was saved with other inputs or settings.
        """
        if not self.path.exists():
            return None
        arrays = dict(open_arrays(self.path, "resume", ANEW, "a checkpoint"))
        if arrays.get("format") != FORMAT:
            raise ValueError(
                f"resume: expected a checkpoint of format {FORMAT}, got '{self.path}'; {ANEW}"
            )
        changed = [name for name, x in inputs.items() if str(arrays.get(f"input {name}")) != x]
        saved_size = arrays.get("input size")
        if saved_size is not None and "size" in changed:
            raise ValueError(
                f"resume: expected a checkpoint of a result of {inputs['size']}, but "
                f"'{self.path}' is of one of {saved_size}; choose that size again, or {ANEW}"
            )
        if changed:
            raise ValueError(
                f"resume: expected a checkpoint of this very run, but '{self.path}' was saved with "
                f"another {', '.join(changed)}; repeat the earlier call, or remove the file to "
                "begin anew"
            )
        return _from_arrays(arrays)


def _progress(state: State) -> tuple[bool, int, int]:
    return state.done, state.scale, state.step


def _to_arrays(state: State, inputs: Mapping[str, str]) -> dict[str, np.ndarray]:
    rows = [[costs[name] for name in COSTS] for costs in state.history]
    arrays = {name: np.asarray(getattr(state, name)) for name in PLAIN}
    arrays |= {f"moment {name}": array for name, array in state.moments.items()}
    arrays |= {f"input {name}": np.array(digest) for name, digest in inputs.items()}
    history = np.array(rows, np.float64).reshape(len(rows), len(COSTS))
    return {"format": np.array(FORMAT), "history": history, **arrays}


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> State:
    values: dict[str, Any] = {name: arrays[name] for name in PLAIN}
    values = {name: x if x.ndim else x.item() for name, x in values.items()}
    moments = {k.removeprefix("moment "): x for k, x in arrays.items() if k.startswith("moment ")}
    history = [dict(zip(COSTS, row, strict=True)) for row in arrays["history"].tolist()]
    return State(**values, moments=moments, history=history)


def inputs_digest(value: Any) -> str:
    """SHA-256 of arrays (dtype, shape, bytes), of lists and dictionaries of them, and of text."""
    digest = hashlib.sha256()
    _update(digest, value)
    return digest.hexdigest()


def _update(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype} {value.shape}".encode())
        digest.update(np.ascontiguousarray(value))
    elif isinstance(value, (list, tuple, dict)):
        items = sorted(value.items()) if isinstance(value, dict) else value
        digest.update(f"{type(value).__name__} {len(value)}".encode())
        for item in items:
            _update(digest, item)
    else:
        text = repr(value)
        digest.update(f"{type(value).__name__} {len(text)} {text}".encode())
