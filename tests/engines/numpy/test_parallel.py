"""The pool of threads: every item once, BLAS left as it was, nesting, errors, forks."""

import os
import threading
import time

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
        seen.add((threading.get_ident(), parallel.threads()))

    before = parallel.threads()
    parallel.each(look, range(10))
    assert len(seen) > 1 and {count for _, count in seen} == {1}
    assert parallel.threads() == before


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
