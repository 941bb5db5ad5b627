"""Checks a learner's file in a fresh process, with limits of time and memory.

Stands on `process`, and on `worker`, which runs in the other process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnscratch.learn import message, process
from nnscratch.learn.exercise import Exercise

SECONDS = 10.0
PRINTED = 3  # lines of the learner's own output that are shown


@dataclass(frozen=True)
class CheckResult:
    """The result of a check, with the lines to show."""

    state: str
    code: str
    lines: tuple[str, ...]
    sure: str = ""
    hint: int | None = None
    picture: str | None = None


def check(exercise: Exercise, file: Path, seconds=SECONDS, hints_left=None) -> CheckResult:
    """Examine a learner's file; nothing that it does can hang or end this process.

    hints_left: hints that were not shown yet; None: all
    """
    hints = len(exercise.hints) if hints_left is None else hints_left
    job = {"exercise": str(exercise.path.resolve()), "file": str(file.resolve()), "hints": hints}
    ended = process.run("nnscratch.learn.worker", job, seconds)
    if ended.answer is None:
        return _unanswered(exercise, file, ended, seconds)
    record = dict(ended.answer)
    lines = [*record.pop("lines"), *_quoted(ended.printed)]
    if record.get("picture"):
        lines.append(f"   picture: {record['picture']}")
    return CheckResult(lines=tuple(lines), **record)


def _unanswered(exercise: Exercise, file: Path, ended: process.Ended, seconds) -> CheckResult:
    """The process ended without an answer: it took too long, or it ended itself."""
    line = next((line for path, line in ended.calls if path == file.resolve()), None)
    place = f"{file.name}:{line}" if line else file.name
    printed = ended.printed
    if ended.late:
        code, what = "too-slow", f"still running after {seconds:g} s; is there an endless loop?"
    else:
        code, what = "crashed", f"the process ended (code {ended.code}) before the check was done"
        printed = printed[-PRINTED:]
    head = f"x  {exercise.name}   [{code}]"
    lines = (head, *message.plain(f"{place}: {what}"), *_quoted(printed))
    return CheckResult("wrong", code, lines, "certain")


def _quoted(printed: Sequence[str]) -> list[str]:
    """The first lines of what the learner's code printed."""
    if not printed:
        return []
    shown = [f"   | {line}"[: message.WIDTH] for line in printed[:PRINTED]]
    more = len(printed) - PRINTED
    return ["   your code printed:", *shown, *([f"   | ... {more} more lines"] if more > 0 else [])]
