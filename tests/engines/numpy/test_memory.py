"""Scratch and results: aligned, used again only when nobody looks, bounded, given back."""

import threading

import numpy as np
import pytest

from nnscratch.engines.numpy import memory

BIG = (2**19,)  # float32: 2 MiB


@pytest.fixture(autouse=True)
def empty():
    memory.free()
    yield
    memory.free()


def address(array):
    return array.__array_interface__["data"][0]


def test_scratch_is_aligned_and_used_again():
    a = memory.scratch("a", (3, 5), np.float32)
    assert a.shape == (3, 5) and a.dtype == np.float32 and address(a) % 64 == 0
    assert address(memory.scratch("a", (2,), np.float64)) == address(a)
    assert address(memory.scratch("b", (3, 5), np.float32)) != address(a)


def test_each_thread_has_its_own_scratch():
    mine, other = memory.scratch("a", (8,), np.float32), []
    thread = threading.Thread(target=lambda: other.append(memory.scratch("a", (8,), np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(mine, other[0])


def test_large_scratch_is_not_kept(monkeypatch):
    monkeypatch.setattr(memory, "SCRATCH_BYTES", 100)
    a, b = (memory.scratch("a", (26,), np.float32) for _ in range(2))
    assert not np.shares_memory(a, b)


def test_results_are_used_again_once_they_are_gone():
    a = memory.result(BIG, np.float32)
    assert address(a) % 64 == 0 and a.flags.writeable
    where, b = address(a), memory.result(BIG, np.float32)
    assert not np.shares_memory(a, b)
    del a
    assert address(memory.result(BIG, np.float32)) == where


@pytest.mark.parametrize("view", [lambda a: a[5:9], lambda a: a.reshape(2, -1).T, memoryview])
def test_a_view_keeps_its_memory(view):
    a = memory.result(BIG, np.float32)
    a[:] = 1
    seen = view(a)
    del a
    memory.result(BIG, np.float32)[:] = 2
    assert np.all(np.asarray(seen) == 1)


def test_idle_memory_is_bounded_and_given_back(monkeypatch):
    monkeypatch.setattr(memory, "IDLE_BYTES", 2**23)
    kept = [memory.result(BIG, np.float32) for _ in range(10)]
    kept.clear()
    assert 0 < sum(s * len(p) for s, p in memory._idle.pieces.items()) <= 2**23
    memory.free()
    assert not memory._idle.pieces
