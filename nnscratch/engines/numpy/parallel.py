"""A thread pool: `each` calls a function for each block of work, on all cores.

Stands on `threading` and threadpoolctl. NumPy releases Python's global lock while it computes, so
threads that make few, large NumPy calls run in parallel.

BLAS, the library behind `@`, has threads of its own, and two pools on the same cores slow each
other down (2 × 2 threads on 2 cores took 1.7 times as long as 2). So only one of them works at a
time: while `each` runs, a matrix product has one thread. The pool has as many threads as BLAS
would use at that moment: OMP_NUM_THREADS and threadpoolctl limit both.

Work is cut by `threads()`, whoever computes it, so that the same number gives the same bits. The
threads are daemons: those of concurrent.futures end with the main thread, while others still work.
"""

import contextlib
import contextvars
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from queue import SimpleQueue
from typing import Any


class _Pool:
    """The threads of this process, and the lock that lets one `each` at a time use them."""

    def __init__(self) -> None:
        self.in_use = threading.RLock()
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.size = 0
        self.setting = threading.RLock()  # of BLAS's number of threads
        self.blas_threads = 0  # while in use: the number to restore

    def start(self, count: int) -> int:
        """Have `count` threads. -> how many of them there are"""
        with contextlib.suppress(RuntimeError):  # Python starts none while it shuts down
            while self.size < count:
                threading.Thread(target=_serve, args=(self.tasks,), daemon=True).start()
                self.size += 1
        return min(self.size, count)

    @contextlib.contextmanager
    def blas_on_one_thread(self) -> Iterator[None]:
        with self.setting:
            self.blas_threads = _blas_threads()
            _set_blas_threads(1)
        try:
            yield
        finally:
            with self.setting:
                _set_blas_threads(self.blas_threads)
                self.blas_threads = 0


class _Here(threading.local):
    """inside: this thread works for an `each`."""

    inside = False


_pool = _Pool()
_here = _Here()


def each(function: Callable[[Any], object], items: Iterable[Any]) -> None:
    """Call function(item) for each of `items`, in any order, on all cores; wait for all calls.

    A nested call is computed by the calling thread alone; one while another thread is in `each`
    waits for it. After an exception the other threads stop, then it is raised.
    """
    items = list(items)
    most = threads()
    if most == 1:
        _call(function, items)
        return
    with _pool.in_use:
        if len(items) < 2:
            _call(function, items)  # BLAS has all threads
        else:
            _here.inside = True
            try:
                _with_threads(_pool, function, items, min(most, len(items)) - 1)
            finally:
                _here.inside = False


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


def _with_threads(pool: _Pool, function: Callable, items: list, helpers: int) -> None:
    queue = iter(items)  # next() on a list's iterator is atomic
    errors: list[BaseException] = []
    done = threading.Semaphore(0)

    def help_out() -> None:
        try:
            if _blas_threads() > 1:  # with OpenMP, each thread has a number of its own
                _set_blas_threads(1)
            _work(function, queue)
        except BaseException as error:
            errors.append(error)
        finally:
            done.release()

    with pool.blas_on_one_thread():
        helpers = pool.start(helpers)
        for _ in range(helpers):  # in this context, so that np.errstate holds in them too
            pool.tasks.put(partial(contextvars.copy_context().run, help_out))
        try:
            _work(function, queue)
        finally:
            for _ in range(helpers):
                done.acquire()
    if errors:
        raise errors.pop(0)


def _serve(tasks: SimpleQueue) -> None:
    """What a thread of the pool does; it keeps no task, so that arrays are freed."""
    _here.inside = True
    while True:
        tasks.get()()


def _call(function: Callable, items: Iterable) -> None:
    for item in items:
        function(item)


def _work(function: Callable, queue: Iterable) -> None:
    try:
        _call(function, queue)
    except BaseException:
        for _ in queue:  # empty it, so that the other threads stop
            pass
        raise


def threads() -> int:
    """How many threads an `each` would use now; 1 within one, or if unknown."""
    if _here.inside:
        return 1
    with _pool.setting:
        return _pool.blas_threads or _blas_threads()


def _blas_threads() -> int:
    return max((library.get_num_threads() or 1 for library in _blas()), default=1)


def _set_blas_threads(count: int) -> None:
    """Set BLAS's number of threads. threadpoolctl would ignore all threads but the first."""
    for library in _blas():
        clear = getattr(library, "clear_controlling_thread", lambda force: None)
        clear(force=True)
        library.set_num_threads(count)
        clear(force=True)  # so that the caller's own limits, in any thread, have an effect


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


def _before_fork() -> None:
    """Wait for the end of an `each`: what its threads hold locked would stay so in the child."""
    if not _here.inside:
        _pool.in_use.acquire()


def _after_fork() -> None:
    if not _here.inside:
        _pool.in_use.release()


def _after_fork_in_child() -> None:
    """A child process has no threads of its parent: it makes a new pool."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child
    )
