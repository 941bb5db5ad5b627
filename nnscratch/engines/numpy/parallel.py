"""A small pool of threads for blocks of work.

Stands on `threading` and threadpoolctl; the kernels of this engine pass their blocks to `each`.

NumPy releases Python's lock while it computes, so threads that make few, large NumPy calls run in
parallel. The library behind `@` has threads of its own, and two pools on the same cores slow each
other down (2 × 2 threads on 2 cores took 1.7 times as long as 2). So only one of them works at a
time: while `each` runs, a matrix product has one thread.

There are as many threads as the library behind `@` would use at that moment: OMP_NUM_THREADS and
threadpoolctl limit both.
"""

import contextvars
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any


class _Pool:
    """One for each process: the lock that keeps a second `each` out, and the threads."""

    def __init__(self) -> None:
        self.in_use = threading.Lock()
        self.size = 0
        self.executor: ThreadPoolExecutor | None = None
        self.blas_threads = 0  # what to restore, while in use

    def workers(self, size: int) -> ThreadPoolExecutor:
        if self.executor is None or self.size < size:
            if self.executor is not None:
                self.executor.shutdown(wait=False)
            self.executor = ThreadPoolExecutor(size, thread_name_prefix="nnscratch")
            self.size = size
        return self.executor


_pool = _Pool()


def each(function: Callable[[Any], object], items: Iterable[Any]) -> None:
    """function(item) for each of `items`, in any order, on all cores; returns when all are done.

    A call from inside `function`, or while another thread is in here, runs one after the other.
    The first exception is raised once every thread has stopped.
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
    """function(item) for each of `items` as `each` does it; the results in the items' order."""
    items = list(items)
    results = [None] * len(items)

    def keep(i: int) -> None:
        results[i] = function(items[i])

    each(keep, range(len(items)))
    return results


def shares(count: int) -> list[slice]:
    """0..count in one piece for each thread, of a multiple of 16 elements."""
    size = max(1, -(-count // threads()))
    size = -(-size // 16) * 16
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _with_threads(pool: _Pool, function: Callable, items: list, count: int) -> None:
    pool.blas_threads = threads()
    _set_blas_threads(1)
    try:
        todo = iter(items)  # next() on a list's iterator is atomic: it is the queue
        context = contextvars.copy_context()  # np.errstate and the like hold in the workers too
        workers = pool.workers(count - 1)
        started = [
            workers.submit(context.copy().run, _work, function, todo) for _ in range(count - 1)
        ]
        try:
            _work(function, todo)
        finally:
            errors = [future.exception() for future in started]  # waits
        for error in filter(None, errors):
            raise error
    finally:
        _set_blas_threads(pool.blas_threads)


def _work(function: Callable, todo: Iterable) -> None:
    try:
        for item in todo:
            function(item)
    except BaseException:
        for _ in todo:  # so that the other threads stop
            pass
        raise


def threads() -> int:
    """How many threads a matrix product uses now; 1 if unknown."""
    libraries = _blas()
    return max((library.get_num_threads() or 1 for library in libraries), default=1)


def _set_blas_threads(count: int) -> None:
    for library in _blas():
        library.set_num_threads(count)


@cache
def _blas() -> list:
    """NumPy's own matrix library, as threadpoolctl sees it: asking and setting take 1 µs each."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    found = [lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]
    numpys = [lib for lib in found if "numpy" in (lib.filepath or "")]
    return numpys or found


def _after_fork() -> None:
    """The child has none of its parent's threads: a new pool, and BLAS as it was before."""
    global _pool
    if _pool.in_use.locked():
        _set_blas_threads(_pool.blas_threads)
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
