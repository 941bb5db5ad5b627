"""Reused memory: scratch buffers of each thread, and the memory of large results.

Stands on NumPy alone. The system clears every page of new memory on first use, which takes a sixth
of the time of a large Winograd convolution. NumPy aligns to 16 bytes; cache lines and the widest
registers have 64.
"""

import math
import threading
import weakref
from typing import Any

import numpy as np

ALIGNMENT = 64
SCRATCH_BYTES = 2**26  # a scratch buffer larger than this is not kept
RESULT_BYTES = 2**20  # a result smaller than this is left to NumPy
IDLE_BYTES = 2**26  # of results' memory that is kept for reuse, in all


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array with arbitrary contents, valid until this thread asks for `name` again."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    kept = _own.kept.buffers
    memory = kept.get(name)
    if memory is None or memory.size < size:
        memory = _aligned(size)
        if size <= SCRATCH_BYTES:
            kept[name] = memory
    return memory[:size].view(dtype).reshape(shape)


def result(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """np.empty for a result; its memory is reused when nothing refers to the array any more."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < RESULT_BYTES:
        return np.empty(shape, dtype)
    return np.asarray(_Lease(_idle.take(size))).view(dtype).reshape(shape)


def like(x: np.ndarray) -> np.ndarray:
    """np.empty_like by `result`: the axes have the same order in memory as those of x."""
    axes = order(x)
    made = result(tuple(x.shape[axis] for axis in axes), x.dtype)
    return made.transpose(np.argsort(axes))


def order(x: np.ndarray) -> tuple[int, ...]:
    """The axes of x from the widest step in memory to the narrowest."""
    return tuple(sorted(range(x.ndim), key=lambda axis: (-x.strides[axis], -x.shape[axis])))


class _Lease:
    """The owner of a result's memory: it dies with the last array that refers to it."""

    def __init__(self, memory: np.ndarray) -> None:
        self.memory = memory
        self.__array_interface__ = memory.__array_interface__

    def __del__(self) -> None:
        _idle.put(self.memory)


def free() -> None:
    """Give all memory that is kept for reuse back to the system."""
    for kept in list(_all_kept):
        kept.buffers.clear()
    _idle.clear()


def _aligned(size: int) -> np.ndarray:
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]


class _Idle:
    """Memory kept for reuse, by size. Not locked: each step is one operation on a list or dict."""

    def __init__(self) -> None:
        self.pieces: dict[int, list[np.ndarray]] = {}

    def take(self, size: int) -> np.ndarray:
        try:
            return self.pieces[size].pop()
        except (KeyError, IndexError):
            return _aligned(size)

    def put(self, memory: np.ndarray) -> None:
        waiting = sum(size * len(pieces) for size, pieces in list(self.pieces.items()))
        if waiting + memory.size > IDLE_BYTES:
            self.clear()
        self.pieces.setdefault(memory.size, []).append(memory)

    def clear(self) -> None:
        self.pieces = {}


class _Kept:
    """A thread's buffers by name. Others refer to it weakly, so that it ends with the thread."""

    def __init__(self) -> None:
        self.buffers: dict[str, np.ndarray] = {}


class _Own(threading.local):
    def __init__(self) -> None:
        self.kept = _Kept()
        _all_kept.add(self.kept)


_idle = _Idle()
_all_kept: weakref.WeakSet = weakref.WeakSet()
_own = _Own()
