"""A progress line for long work: steps done, a note, time left.

Stands on rich. Without a terminal, a plain line is printed after each tenth of the steps.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[str], None]


@contextlib.contextmanager
def live_line(
    title: str, total: int, console: Console | None = None, works: Sequence[float] | None = None
) -> Iterator[Advance]:
    """Yield a function that marks one of `total` steps as done and shows a note.

    works: the time of each step relative to the others, for the time left; None: all are equal
    """
    console = console or Console(stderr=True)
    works = [1.0] * total if works is None else works
    if not console.is_terminal:
        yield _plain_lines(title, works, console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[steps]}"),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=sum(works), steps=f"0/{total}", note="")
        done = 0

        def advance(note: str) -> None:
            nonlocal done
            done += 1
            work = works[done - 1] if done <= total else 0
            progress.update(task, advance=work, steps=f"{done}/{total}", note=note)

        yield advance


def _plain_lines(title: str, works: Sequence[float], console: Console) -> Advance:
    start, total = time.perf_counter(), len(works)
    done = 0

    def advance(note: str) -> None:
        nonlocal done
        done += 1
        if done * 10 // total == (done - 1) * 10 // total:
            return
        left = (time.perf_counter() - start) * sum(works[done:]) / sum(works[:done])
        console.print(
            f"{title} {done}/{total} {note} {left:.0f} s left",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )

    return advance
