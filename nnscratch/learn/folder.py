"""A learner's folder: stubs to fill in, progress, backups of replaced files.

Stands on `exercise`, `runner` and `files`. Each exercise has a progress file of its own, so two
checks can run at once; a broken progress file is moved aside.
"""

import hashlib
import itertools
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nnscratch import files
from nnscratch.learn import runner
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
    result = FOLDER.check(exercise)
    if result.state == "not attempted":
        pytest.xfail("not attempted")
    assert result.state == "right", "\\n" + "\\n".join(result.lines)
'''


@dataclass
class Progress:
    """The learner's progress in one exercise."""

    state: str = "not attempted"
    hints: int = 0  # number of hints shown
    code: str = ""  # of the last mistake
    hint: int | None = None  # the one that helps with it
    digest: str = ""  # of the file that was checked
    attempts: int = 0
    when: float = 0.0  # seconds since 1970


TYPES: dict[str, Any] = {"hint": int | None, "when": int | float}  # other than the default's


class Folder:
    """The learner's folder. Files of the learner are never deleted.

    Raises ValueError if the folder was not made by `nnscratch learn init`.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path).resolve()
        if not (self.path / HIDDEN).is_dir():
            raise ValueError(
                f"expected a folder made by nnscratch learn init, got '{path}'; make one, "
                "or name yours with --folder"
            )

    @classmethod
    def create(cls, path: str | os.PathLike) -> tuple["Folder", int]:
        """Make a folder with all stubs; existing files stay. -> folder, number of new files."""
        target = Path(path)
        if target.exists() and not target.is_dir():
            raise ValueError(f"expected a folder, but '{path}' is a file")
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
        """The folder that contains `start`, or the default one below it. Raises ValueError."""
        here = Path(start).resolve()
        for place in (here, *here.parents, here / DEFAULT):
            if (place / HIDDEN).is_dir():
                return cls(place)
        raise ValueError(
            "no folder of exercises here; nnscratch learn init makes one, --folder names one"
        )

    def exercises(self) -> list[Exercise]:
        return all_exercises()

    def file(self, exercise: Exercise) -> Path:
        """The file that the learner edits."""
        return self.path / f"{exercise.name}.py"

    # -- progress ---------------------------------------------------------------------------------

    def progress(self, exercise: Exercise) -> Progress:
        """The progress so far; an unreadable file is moved aside, and progress starts anew."""
        path = self._progress_file(exercise)
        try:
            return _read(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Progress()
        except (OSError, ValueError, TypeError):
            os.replace(path, path.with_suffix(f".broken-{time.time_ns()}"))
            return Progress()

    def note(self, exercise: Exercise, **changes: Any) -> Progress:
        """Save changes of the progress."""
        progress = replace(self.progress(exercise), **changes)
        (self.path / HIDDEN).mkdir(exist_ok=True)
        files.write_text(self._progress_file(exercise), json.dumps(asdict(progress)))
        return progress

    def _progress_file(self, exercise: Exercise) -> Path:
        return self.path / HIDDEN / f"{exercise.name}.json"

    def check(self, exercise: Exercise) -> runner.CheckResult:
        """Check the learner's file in a process of its own and save the result."""
        progress = self.progress(exercise)
        left = len(exercise.hints) - progress.hints
        result = runner.check(exercise, self.file(exercise), hints_left=left)
        changes: dict[str, Any] = {"code": result.code, "hint": result.hint, "when": time.time()}
        changes["attempts"] = progress.attempts + (result.state == "wrong")
        self.note(exercise, state=result.state, digest=self.digest(exercise), **changes)
        return result

    def digest(self, exercise: Exercise) -> str:
        """Of the file as it is now; "" if there is none."""
        try:
            return hashlib.sha256(self.file(exercise).read_bytes()).hexdigest()[:16]
        except OSError:
            return ""

    def state(self, exercise: Exercise) -> str:
        """right, wrong or not attempted; changed since the last check; or missing."""
        digest = self.digest(exercise)
        if not digest:
            return "missing"
        progress = self.progress(exercise)
        if progress.digest == digest:
            return progress.state
        untouched = self.file(exercise).read_bytes() == exercise.stub.encode()
        return "not attempted" if untouched else "changed"

    def next(self, after: Exercise | None = None) -> Exercise | None:
        """The first exercise that is not right, counted from `after`; None if all are right."""
        exercises = self.exercises()
        start = 0 if after is None else after.number
        order = [*exercises[start:], *exercises[:start]]
        return next((e for e in order if self.state(e) != "right"), None)

    # -- hints and stubs --------------------------------------------------------------------------

    def hint(self, exercise: Exercise) -> tuple[int, str]:
        """Number and text of the next hint, or of the one that helps with the last mistake.

        The last hint again, if all were shown.
        """
        progress, hints = self.progress(exercise), exercise.hints
        number = min(max(progress.hints + 1, progress.hint or 0), len(hints))
        self.note(exercise, hints=number)
        return number, hints[number - 1]

    def reset(self, exercise: Exercise) -> Path | None:
        """Write the stub again. -> the path of the backup; None if the file was the stub."""
        file, backup = self.file(exercise), None
        if file.exists() and file.read_bytes() != exercise.stub.encode():
            names = (f"{file.stem}.kept-{n}.py.txt" for n in itertools.count(1))
            backup = next(p for p in map(file.with_name, names) if not p.exists())
            os.replace(file, backup)
        files.write_text(file, exercise.stub)
        self.note(exercise, state="not attempted", code="", hint=None, digest="", hints=0)
        return backup


def _read(record: Any) -> Progress:
    """Raises TypeError if `note` cannot have written this."""
    progress = Progress(**record)
    for name, value in asdict(Progress()).items():
        saved = getattr(progress, name)
        if not isinstance(saved, TYPES.get(name, type(value))):
            raise TypeError(f"{name} is {saved!r}")
    return progress


def counts(folder: Folder, exercises: Sequence[Exercise]) -> tuple[int, int]:
    """-> the number of right exercises, the number of all."""
    return sum(folder.state(e) == "right" for e in exercises), len(exercises)
