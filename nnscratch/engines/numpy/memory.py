"""Memory that is reused: scratch buffers for each thread, and the memory of large results.

Stands on NumPy alone. The system clears every page of new memory on first use, which takes a sixth
of the time of a large Winograd convolution. NumPy aligns arrays to 16 bytes; cache lines and the
widest registers have 64.
"""

import math
import threading
import weakref
from typing import Any

import numpy as np

ALIGNMENT = 64
SCRATCH_BYTES = 2**26  # a scratch buffer larger than this is not kept
RESULT_BYTES = 2**20  # a result smaller than this is left to NumPy
IDLE_BYTES = 2**26  # most memory of results that is kept for reuse


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An uninitialised array, valid until this thread asks for `name` again."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffers = _thread.buffers.by_name
    memory = buffers.get(name)
    if memory is None or memory.size < size:
        memory = _aligned(size)
        if size <= SCRATCH_BYTES:
            buffers[name] = memory
    return memory[:size].view(dtype).reshape(shape)


def result(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """As np.empty; the memory of large arrays is reused once nothing refers to the array."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < RESULT_BYTES:
        return np.empty(shape, dtype)
    return np.asarray(_Owner(_idle.take(size))).view(dtype).reshape(shape)


def like(x: np.ndarray) -> np.ndarray:
    """As np.empty_like: an uninitialised `result` with the shape, dtype and layout of x."""
    axes = order(x.shape, x.strides)
    return result(tuple(x.shape[axis] for axis in axes), x.dtype).transpose(np.argsort(axes))


def order(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """The axes from the largest stride to the smallest: the order of the axes in memory."""
    return tuple(sorted(range(len(shape)), key=lambda axis: (-strides[axis], -shape[axis])))


class _Owner:
    """The base of a result and all its views: deleted with the last of them."""

    def __init__(self, memory: np.ndarray) -> None:
        self.memory = memory
        self.__array_interface__ = memory.__array_interface__

    def __del__(self) -> None:
        _idle.put(self.memory)


def free() -> None:
    """Free all memory that is kept for reuse, in all threads."""
    for buffers in list(_all_buffers):
        buffers.by_name.clear()
    _idle.clear()


def _aligned(size: int) -> np.ndarray:
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]


class _Idle:
    """Unused memory by size. Needs no lock: each access is one atomic list or dict operation."""

    def __init__(self) -> None:
        self.pieces: dict[int, list[np.ndarray]] = {}

    def take(self, size: int) -> np.ndarray:
        try:
            return self.pieces[size].pop()
        except (KeyError, IndexError):
            return _aligned(size)

    def put(self, memory: np.ndarray) -> None:
        total = sum(size * len(pieces) for size, pieces in list(self.pieces.items()))
        if total + memory.size > IDLE_BYTES:
            self.clear()
        self.pieces.setdefault(memory.size, []).append(memory)

    def clear(self) -> None:
        self.pieces = {}


class _Buffers:
    """The scratch buffers of a thread. `_all_buffers` holds them weakly: they end with it."""

    def __init__(self) -> None:
        self.by_name: dict[str, np.ndarray] = {}


class _Thread(threading.local):
    def __init__(self) -> None:
        self.buffers = _Buffers()
        _all_buffers.add(self.buffers)


_idle = _Idle()
_all_buffers: weakref.WeakSet = weakref.WeakSet()
_thread = _Thread()
