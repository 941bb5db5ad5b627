"""Checks in fresh processes: limits of time and memory, captured prints, an answer in any case.

Stands on `worker`, which does the work in the other process.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnscratch.learn import message
from nnscratch.learn.exercise import Exercise

SECONDS = 10.0
MEMORY = 4 * 2**30  # bytes of address space, where the system can limit it
PRINTED = 3  # lines of the learner's own output that are shown
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Answer:
    """The result of a check, with the lines to show."""

    state: str
    code: str
    lines: tuple[str, ...]
    sure: str = ""
    hint: int | None = None
    picture: str | None = None


def check(
    exercise: Exercise, file: Path, seconds: float = SECONDS, hints_left: int | None = None
) -> Answer:
    """Examine a learner's file. Nothing it does can hang, print over or end this process.

    hints_left: None: all of them
    """
    hints = len(exercise.hints) if hints_left is None else hints_left
    with tempfile.TemporaryDirectory() as folder:
        answer, trace = Path(folder, "answer.json"), Path(folder, "trace.txt")
        words = [str(exercise.path.resolve()), str(file.resolve()), str(answer), str(hints)]
        command = [sys.executable, "-P", "-c", _start(seconds, trace), *words]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=seconds + 2,  # the process ends itself first, and says where it was
                env=_environment(os.environ),
                check=False,
            )
            output, code = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            output, code = late.stdout or b"", None
        printed = output.decode("utf-8", "replace").splitlines()
        if answer.is_file():
            return _answered(json.loads(answer.read_text(encoding="utf-8")), printed)
        return _unanswered(exercise, file, code, trace, seconds, printed)


def _start(seconds: float, trace: Path) -> str:
    """What the process runs: a limit of its own, then the worker."""
    return (
        f"import sys, faulthandler as f; t = open({str(trace)!r}, 'w'); "
        f"f.dump_traceback_later({seconds}, exit=True, file=t)\n"
        "try:\n"
        f"    import resource as r; r.setrlimit(r.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"
        "except (ImportError, ValueError, OSError):\n"
        "    pass\n"
        "from nnscratch.learn.worker import main; sys.exit(main(sys.argv[1:]))"
    )


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    return {**given, **ENVIRONMENT}


def _answered(record: dict, printed: list[str]) -> Answer:
    lines = [*record["lines"], *_quoted(printed)]
    if record.get("picture"):
        lines.append(f"   picture: {record['picture']}")
    return Answer(
        record["state"],
        record["code"],
        tuple(lines),
        record.get("sure", ""),
        record.get("hint"),
        record.get("picture"),
    )


def _unanswered(
    exercise: Exercise,
    file: Path,
    code: int | None,
    trace: Path,
    seconds: float,
    printed: list[str],
) -> Answer:
    """The process ended without an answer: it took too long, or ended itself."""
    line = _last_line(trace, file)
    place = f"{file.name}:{line}" if line else file.name
    if code is None or _was_late(trace):
        state, what = "too slow", f"still running after {seconds:g} s; is there an endless loop?"
    else:
        state, what = "crashed", f"the process ended (code {code}) before the check was done"
        printed = printed[-PRINTED:]
    head = f"x  {exercise.name}   [{state.replace(' ', '-')}]"
    lines = (head, *message.plain(f"{place}: {what}"), *_quoted(printed))
    return Answer("wrong", state.replace(" ", "-"), lines, "certain")


def _was_late(trace: Path) -> bool:
    return trace.is_file() and trace.stat().st_size > 0


def _last_line(trace: Path, file: Path) -> int | None:
    """Where in the learner's file the process was when its time was up."""
    if not trace.is_file():
        return None
    for text in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        if f'"{file.resolve()}"' in text and ", line " in text:
            number = text.partition(", line ")[2].split()[0]
            return int(number) if number.isdigit() else None
    return None


def _quoted(printed: list[str]) -> list[str]:
    """The first lines of what the learner's code printed."""
    if not printed:
        return []
    shown = [f"   | {line}"[: message.WIDTH] for line in printed[:PRINTED]]
    more = len(printed) - PRINTED
    return ["   your code printed:", *shown, *([f"   | ... {more} more lines"] if more > 0 else [])]
