"""The progress line: the time left weighs steps by their work."""

import io

from rich.console import Console

from nnscratch import progress


def lines(works, clock, monkeypatch):
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    console = Console(file=io.StringIO(), width=80)
    with progress.live_line("paint", 10, console, works) as advance:
        for _ in range(10):
            advance("ok")
    return console.file.getvalue().splitlines()


def test_equal_steps_without_works(monkeypatch):
    shown = lines(None, iter(range(11)), monkeypatch)
    assert shown[3] == "paint 4/10 ok 6 s left"


def test_the_time_left_weighs_steps_by_their_work(monkeypatch):
    clock = iter([0, 1, 2, 3, 4, 5, 9, 13, 17, 21, 25])  # 5 steps of 1 s, 5 of 4 s
    shown = lines([1.0] * 5 + [4.0] * 5, clock, monkeypatch)
    assert shown[4] == "paint 5/10 ok 20 s left"
    assert shown[9] == "paint 10/10 ok 0 s left"


def test_the_bar_of_a_terminal_counts_steps_and_shows_work():
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress.live_line("paint", 2, console, [1.0, 3.0]) as advance:
        advance("one")
        advance("two")
    assert "2/2 two" in console.file.getvalue()
