"""A thread pool: `each` calls a function for each block of work, on all cores.

Stands on `threading` and threadpoolctl. NumPy releases Python's global lock while it computes, so
threads that make few, large NumPy calls run in parallel.

BLAS, the library behind `@`, has threads of its own, and two pools on the same cores slow each
other down (2 × 2 threads on 2 cores took 1.7 times as long as 2). So only one of them works at a
time: while `each` runs, a matrix product has one thread. The pool has as many threads as BLAS
would use at that moment: OMP_NUM_THREADS and threadpoolctl limit both.
"""

import contextvars
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any


class _Pool:
    """The threads of this process, and the lock that keeps a second `each` out."""

    def __init__(self) -> None:
        self.in_use = threading.Lock()
        self.size = 0
        self.executor: ThreadPoolExecutor | None = None
        self.blas_threads = 0  # to restore after use

    def workers(self, size: int) -> ThreadPoolExecutor:
        if self.executor is None or self.size < size:
            if self.executor is not None:
                self.executor.shutdown(wait=False)
            self.executor = ThreadPoolExecutor(size, thread_name_prefix="nnscratch")
            self.size = size
        return self.executor


_pool = _Pool()


def each(function: Callable[[Any], object], items: Iterable[Any]) -> None:
    """Call function(item) for each of `items`, in any order, on all cores; wait for all calls.

    A nested call, or one while another thread is in `each`, is computed by the calling thread
    alone. After an exception the other threads stop, then it is raised.
    """
    items = list(items)
    count = min(threads(), len(items))
    pool = _pool
    if count < 2 or not pool.in_use.acquire(blocking=False):
        for item in items:
            function(item)
        return
    try:
        _with_threads(pool, function, items, count)
    finally:
        pool.in_use.release()


def gather(function: Callable[[Any], Any], items: Iterable[Any]) -> list:
    """As `each`, with the results in the order of `items`."""
    items = list(items)
    results = [None] * len(items)

    def store(i: int) -> None:
        results[i] = function(items[i])

    each(store, range(len(items)))
    return results


def shares(count: int) -> list[slice]:
    """0..count cut into one slice for each thread, each a multiple of 16 long."""
    size = max(1, -(-count // threads()))
    size = -(-size // 16) * 16
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _with_threads(pool: _Pool, function: Callable, items: list, count: int) -> None:
    pool.blas_threads = threads()
    _set_blas_threads(1)
    try:
        queue = iter(items)  # next() on a list's iterator is atomic
        context = contextvars.copy_context()  # so that np.errstate holds in the workers too
        workers = pool.workers(count - 1)
        futures = [
            workers.submit(context.copy().run, _work, function, queue) for _ in range(count - 1)
        ]
        try:
            _work(function, queue)
        finally:
            errors = [future.exception() for future in futures]  # waits
        for error in filter(None, errors):
            raise error
    finally:
        _set_blas_threads(pool.blas_threads)


def _work(function: Callable, queue: Iterable) -> None:
    try:
        for item in queue:
            function(item)
    except BaseException:
        for _ in queue:  # empty it, so that the other threads stop
            pass
        raise


def threads() -> int:
    """How many threads a matrix product uses now; 1 if unknown."""
    return max((library.get_num_threads() or 1 for library in _blas()), default=1)


def _set_blas_threads(count: int) -> None:
    for library in _blas():
        library.set_num_threads(count)


@cache
def _blas() -> list:
    """The controllers of NumPy's BLAS; reading or setting its number of threads takes 1 µs."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    libraries = [lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]
    numpy_only = [lib for lib in libraries if "numpy" in (lib.filepath or "")]
    return numpy_only or libraries


def _after_fork() -> None:
    """A child process has no threads of its parent: make a new pool and restore BLAS."""
    global _pool
    if _pool.in_use.locked():
        _set_blas_threads(_pool.blas_threads)
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
