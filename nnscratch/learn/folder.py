"""A learner's own folder: stubs to fill in, what was reached so far, copies of what was replaced.

Stands on `exercise` and `files`. Progress lies in one small file for each exercise, so that two
checks at once cannot hurt each other; a broken one is moved aside.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nnscratch import files
from nnscratch.learn.exercise import Exercise, all_exercises

DEFAULT = "nnscratch-exercises"
HIDDEN = ".nnscratch"
PYTEST_FILE = "test_exercises.py"
PYTEST = '''"""The checks under pytest, with the messages of `nnscratch learn check`."""

from pathlib import Path

import pytest

from nnscratch.learn.folder import Folder

FOLDER = Folder(Path(__file__).parent)


@pytest.mark.parametrize("exercise", FOLDER.exercises(), ids=lambda e: e.name)
def test_exercise(exercise):
    answer = FOLDER.check(exercise)
    if answer.state == "not attempted":
        pytest.xfail("not attempted")
    assert answer.state == "right", "\\n" + "\\n".join(answer.lines)
'''


@dataclass
class Progress:
    """What is known about one exercise."""

    state: str = "not attempted"
    hints: int = 0  # how many were shown
    code: str = ""  # of the last mistake
    hint: int | None = None  # which one helps with it
    digest: str = ""  # of the file that was checked
    attempts: int = 0
    when: float = field(default=0.0)


ALLOWED: dict[str, Any] = {"hint": int | None, "when": int | float}  # of Progress, where not one


class Folder:
    """The learner's folder; nothing in it is ever lost.

    Raises ValueError if there is no such folder, or it was not made by `nnscratch learn init`.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path).resolve()
        if not (self.path / HIDDEN).is_dir():
            raise ValueError(
                f"expected a folder made by nnscratch learn init, got '{path}'; make one, "
                "or name it with --folder"
            )

    @classmethod
    def create(cls, path: str | os.PathLike) -> tuple["Folder", int]:
        """Make a folder with all stubs; files that are there already stay. -> folder, new files."""
        target = Path(path)
        if target.exists() and not target.is_dir():
            raise ValueError(f"expected a folder, '{path}' is a file")
        (target / HIDDEN).mkdir(parents=True, exist_ok=True)
        folder = cls(target)
        texts = {folder.file(e): e.stub for e in folder.exercises()}
        texts[folder.path / PYTEST_FILE] = PYTEST
        new = {file: text for file, text in texts.items() if not file.exists()}
        for file, text in new.items():
            files.write_text(file, text)
        return folder, len(new)

    @classmethod
    def nearest(cls, start: str | os.PathLike = ".") -> "Folder":
        """The folder that `start` lies in, or the usual one below it. Raises ValueError."""
        here = Path(start).resolve()
        for place in (here, *here.parents, here / DEFAULT):
            if (place / HIDDEN).is_dir():
                return cls(place)
        raise ValueError(
            "there is no folder of exercises here; nnscratch learn init makes one, "
            "--folder names one"
        )

    def exercises(self) -> list[Exercise]:
        return all_exercises()

    def file(self, exercise: Exercise) -> Path:
        """Where the learner writes."""
        return self.path / f"{exercise.name}.py"

    # -- progress ---------------------------------------------------------------------------------

    def progress(self, exercise: Exercise) -> Progress:
        """What was reached; a file that cannot be read is moved aside and said to be new."""
        path = self._progress_file(exercise)
        try:
            return _read(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Progress()
        except (OSError, ValueError, TypeError):
            os.replace(path, path.with_suffix(f".broken-{time.time_ns()}"))
            return Progress()

    def note(self, exercise: Exercise, **changes: Any) -> Progress:
        """Change what is known about an exercise."""
        known = self.progress(exercise)
        for name, value in changes.items():
            setattr(known, name, value)
        (self.path / HIDDEN).mkdir(exist_ok=True)
        files.write_text(self._progress_file(exercise), json.dumps(asdict(known)))
        return known

    def _progress_file(self, exercise: Exercise) -> Path:
        return self.path / HIDDEN / f"{exercise.name}.json"

    def check(self, exercise: Exercise) -> Any:
        """Examine the learner's file in a process of its own and note what came of it."""
        from nnscratch.learn import runner

        known = self.progress(exercise)
        left = len(exercise.hints) - known.hints
        answer = runner.check(exercise, self.file(exercise), hints_left=left)
        self.note(
            exercise,
            state=answer.state,
            code=answer.code,
            hint=answer.hint,
            digest=self.digest(exercise),
            attempts=known.attempts + (answer.state == "wrong"),
            when=time.time(),
        )
        return answer

    def digest(self, exercise: Exercise) -> str:
        """Of the file as it is now; "" where there is none."""
        try:
            return hashlib.sha256(self.file(exercise).read_bytes()).hexdigest()[:16]
        except OSError:
            return ""

    def state(self, exercise: Exercise) -> str:
        """right, wrong, not attempted, "changed" since the last check, or "missing"."""
        digest = self.digest(exercise)
        if not digest:
            return "missing"
        known = self.progress(exercise)
        if known.digest == digest:
            return known.state
        untouched = self.file(exercise).read_bytes() == exercise.stub.encode()
        return "not attempted" if untouched else "changed"

    def next(self, after: Exercise | None = None) -> Exercise | None:
        """The first exercise that is not right, from `after` on if given; None if all are."""
        exercises = self.exercises()
        start = 0 if after is None else after.number
        order = [*exercises[start:], *exercises[:start]]
        return next((e for e in order if self.state(e) != "right"), None)

    # -- hints and stubs --------------------------------------------------------------------------

    def hint(self, exercise: Exercise) -> tuple[int, str]:
        """The next hint, or the one that the last mistake calls for: its number and text.

        When all are known, the last again.
        """
        known, hints = self.progress(exercise), exercise.hints
        wanted = known.hint if known.hint is not None and known.hint > known.hints else None
        number = min(max(known.hints + 1, wanted or 0), len(hints))
        self.note(exercise, hints=number)
        return number, hints[number - 1]

    def reset(self, exercise: Exercise) -> Path | None:
        """Write the stub again. What was there is kept beside it; its path, if there was any."""
        file, kept = self.file(exercise), None
        if file.exists() and file.read_bytes() != exercise.stub.encode():
            kept = next(path for path in _free_names(file) if not path.exists())
            os.replace(file, kept)
        files.write_text(file, exercise.stub)
        self.note(exercise, state="not attempted", code="", hint=None, digest="", hints=0)
        return kept


def _free_names(file: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield file.with_name(f"{file.stem}.kept-{number}.py.txt")
        number += 1


def _read(record: Any) -> Progress:
    """Raises TypeError if it is not what `note` wrote."""
    known = Progress(**record)
    for name, value in asdict(Progress()).items():
        given = getattr(known, name)
        if not isinstance(given, ALLOWED.get(name, type(value))):
            raise TypeError(f"{name} is {given!r}")
    return known


def counts(folder: Folder, exercises: Sequence[Exercise]) -> tuple[int, int]:
    """How many are right, of how many."""
    return sum(folder.state(e) == "right" for e in exercises), len(exercises)
