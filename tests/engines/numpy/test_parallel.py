"""The pool of threads: every item once, BLAS left as it was, nesting, errors, forks."""

import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nnscratch.engines.numpy import parallel

two = pytest.mark.skipif(parallel.threads() < 2, reason="needs two threads")


def test_every_item_once():
    done = []
    parallel.each(done.append, range(1000))
    assert sorted(done) == list(range(1000))
    parallel.each(done.append, [])


@two
def test_runs_in_several_threads_with_blas_on_one():
    seen = set()

    def look(_):
        time.sleep(0.01)
        seen.add((threading.get_ident(), parallel.threads(), parallel._blas_threads()))

    before = parallel._blas_threads()
    parallel.each(look, range(10))
    assert len(seen) > 1 and {n for _, *counts in seen for n in counts} == {1}
    assert parallel.threads() == parallel._blas_threads() == before


@two
def test_a_single_item_leaves_blas_its_threads():
    counts = []
    parallel.each(lambda _: counts.append(parallel.threads()), [0])
    assert counts == [parallel.threads()]


def test_a_limit_on_blas_is_a_limit_here():
    with threadpool_limits(limits=1, user_api="blas"):
        seen = set()
        parallel.each(lambda _: seen.add(threading.get_ident()), range(50))
        assert seen == {threading.get_ident()}


def test_nested_calls_run_one_after_the_other():
    done = []

    def outer(i):
        here = threading.get_ident()
        parallel.each(lambda j: done.append((i, j, threading.get_ident() == here)), range(5))

    parallel.each(outer, range(8))
    assert sorted(done) == [(i, j, True) for i in range(8) for j in range(5)]


def test_an_error_reaches_the_caller_and_leaves_all_in_order():
    before = parallel.threads()

    def fail(i):
        if i == 7:
            raise ZeroDivisionError("seven")

    for _ in range(20):
        with pytest.raises(ZeroDivisionError, match="seven"):
            parallel.each(fail, range(20))
    assert parallel.threads() == before
    test_every_item_once()


def test_callers_in_several_threads():
    before = parallel.threads()
    sums = [0] * 4

    def caller(k):
        done = []
        for _ in range(50):
            parallel.each(done.append, range(20))
        sums[k] = sum(done)

    callers = [threading.Thread(target=caller, args=(k,)) for k in range(4)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert sums == [50 * 190] * 4 and parallel.threads() == before


@two
def test_the_number_of_threads_is_the_same_while_another_thread_works():
    counts, started = [], threading.Event()

    def busy(_):
        started.set()
        time.sleep(0.01)

    before = parallel.threads()
    other = threading.Thread(target=parallel.each, args=(busy, range(10)))
    other.start()
    started.wait()
    while other.is_alive():
        counts.append(parallel.threads())
    other.join()
    assert counts and set(counts) == {before}


@two
def test_blas_has_one_thread_whichever_thread_called_first():
    """threadpoolctl listens to one thread only, the first that set a number."""
    counts = []
    with threadpool_limits(limits=2, user_api="blas"):
        for _ in range(3):
            look = partial(parallel.each, lambda _: counts.append(parallel._blas_threads()))
            other = threading.Thread(target=look, args=(range(4),))
            other.start()
            other.join()
    assert counts == [1] * 12


def test_errstate_holds_in_the_workers():
    with np.errstate(divide="ignore"):
        parallel.each(lambda _: (time.sleep(0.001), np.ones(2) / np.zeros(2)), range(20))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_makes_its_own_pool():
    parallel.each(lambda _: time.sleep(0.001), range(4))
    child = os.fork()
    if child == 0:
        done = []
        try:
            parallel.each(done.append, range(100))
            a = np.ones((200, 200))
            right = sorted(done) == list(range(100)) and (a @ a)[0, 0] == 200
        except BaseException:
            right = False
        os._exit(0 if right else 1)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


# -- processes that end, or begin, while work goes on ---------------------------------------------

PROGRAM = """
import atexit, hashlib, multiprocessing, os, sys, threading, warnings
import numpy as np
import nnscratch.functional as F
from nnscratch import Tensor
from nnscratch.engines.numpy import parallel

warnings.simplefilter("ignore", DeprecationWarning)  # of fork, while there are threads
rng = np.random.default_rng(0)
x, w = (rng.standard_normal(s, np.float32) for s in ((4, 16, 40, 40), (16, 16, 3, 3)))
wide = [rng.standard_normal(s, np.float32) for s in ((20, 4000), (4000, 30))]

def show(name, times=3):
    for _ in range(times):
        inputs = [Tensor(a, requires_grad=True) for a in (x, w)]
        strided = F.conv2d(inputs[0], inputs[1], stride=2)
        (F.conv2d(*inputs, padding=1).sum() + (strided * strided).sum()).backward()
        product = Tensor(wide[0]) @ Tensor(wide[1])
        arrays = [strided.data, product.data, *(t.grad.data for t in inputs)]
        digest = hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()
        os.write(1, f"{name} {parallel.threads()} {digest}\\n".encode())  # whole lines
"""
ENDINGS = {
    "main": "show('main')",
    "two threads": """
others = [threading.Thread(target=show, args=('other',)) for _ in range(3)]
[t.start() for t in others]; [t.join() for t in others]""",
    "a thread, the main thread has ended": """
def wait_and_show():
    threading.main_thread().join()
    show('late')
show('main', 1) if len(sys.argv) > 1 else None
threading.Thread(target=wait_and_show).start()""",
    "atexit": "atexit.register(show, 'atexit')",
    "fork": """
show('main', 1)
if os.fork() == 0:
    show('child')
    os._exit(0)
assert os.wait()[1] == 0""",
    "multiprocessing": """
show('main', 1)
child = multiprocessing.get_context('fork').Process(target=show, args=('child',))
child.start(); child.join()
assert child.exitcode == 0""",
}


def lines_of(ending, *words):
    """What a process with two threads prints: (threads, digest of all results) of each step."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + ENDINGS[ending], *words],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "PYTHONPATH": str(root)},
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [tuple(line.split()[-2:]) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def right():
    lines = lines_of("main")
    assert len(lines) == 3 and len(set(lines)) == 1
    return lines[0]


@pytest.mark.parametrize("ending", list(ENDINGS))
def test_work_goes_on_with_the_same_bits(ending, right):
    if "fork" in ENDINGS[ending] and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    lines = lines_of(ending)
    assert len(lines) >= 3 and set(lines) == {right}


def test_threads_that_began_before_the_main_thread_ended_go_on(right):
    assert lines_of("a thread, the main thread has ended", "used before") == [right] * 4
