"""A progress line for long work: steps done, a note, time left.

Stands on rich. Without a terminal, a plain line is printed after each tenth of the steps.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[str], None]


@contextlib.contextmanager
def live_line(title: str, total: int, console: Console | None = None) -> Iterator[Advance]:
    """Yield a function that marks one of `total` steps as done and shows a note."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines(title, total, console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, note="")
        yield lambda note: progress.update(task, advance=1, note=note)


def _plain_lines(title: str, total: int, console: Console) -> Advance:
    start = time.perf_counter()
    done = 0

    def advance(note: str) -> None:
        nonlocal done
        done += 1
        if done * 10 // total == (done - 1) * 10 // total:
            return
        left = (time.perf_counter() - start) * (total / done - 1)
        console.print(
            f"{title} {done}/{total} {note} {left:.0f} s left",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )

    return advance
