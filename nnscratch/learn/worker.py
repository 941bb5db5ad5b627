"""Examines one exercise; runs in a process of its own.

Stands on `attempt`, `diagnosis` and `message`. The learner's code may print, hang or end the
process; `runner`, in the parent process, handles all of that.
"""

from pathlib import Path
from typing import Any

from nnscratch.learn import attempt, message, pictures
from nnscratch.learn.diagnosis import NOT_ATTEMPTED, Diagnosis, diagnose
from nnscratch.learn.exercise import Exercise, Loaded


def main(job: dict[str, Any]) -> dict[str, Any]:
    """The diagnosis of a learner's file.

    job: exercise, file: paths; hints: the number of hints that were not shown yet
    -> state, code, sure, lines; hint and picture where there is one
    """
    exercise, file = Exercise(Path(job["exercise"])), Path(job["file"])
    loaded = exercise.loaded()
    try:
        functions = attempt.load(file, loaded)
    except attempt.Refusal as refusal:
        return _refused(exercise, file, refusal)
    diagnosis = diagnose(loaded, functions, str(file))
    place = _place(file, loaded, functions, diagnosis)
    record = {name: getattr(diagnosis, name) for name in ("state", "code", "sure", "hint")}
    record["lines"] = message.write(diagnosis, exercise, place, job["hints"])
    if diagnosis.case is not None and diagnosis.case.claim.image:
        record["picture"] = pictures.compare(diagnosis.case, file)
    return record


def _refused(exercise: Exercise, file: Path, refusal: attempt.Refusal) -> dict[str, Any]:
    place = file.name if refusal.line is None else f"{file.name}:{refusal.line}"
    lines = [f"x  {exercise.name}   [{refusal.code}]"]
    lines += message.plain(f"{place}: {refusal.title}")
    lines += [f"       {refusal.detail[:60]}"] if refusal.detail else []
    if refusal.code == "no-file":
        lines += message.plain(f"nnscratch learn reset {exercise.number} writes the stub again")
    return {"state": "wrong", "code": refusal.code, "sure": "certain", "lines": lines}


def _place(file: Path, loaded: Loaded, functions: dict[str, Any], diagnosis: Diagnosis) -> str:
    """file:line of the exception, or of the function that the failing case calls."""
    if diagnosis.state == NOT_ATTEMPTED:
        return file.name
    observed = diagnosis.case.observed if diagnosis.case else None
    if observed and observed.raised and observed.raised.line:
        line: int | None = observed.raised.line
    else:
        name = observed.calls[0].name if observed and observed.calls else loaded.functions[0]
        line = attempt.first_line(functions[name])
    return f"{file.name}:{line}" if line else file.name
