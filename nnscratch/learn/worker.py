"""One exercise examined, in a process of its own: python -m nnscratch.learn.worker.

Arguments: the exercise's folder, the learner's file, a file for the answer (JSON), the number of
hints that were not shown yet. The learner's code may print, hang, or end the process; the parent
(`runner`) is ready for all of it.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from nnscratch.learn import attempt, message, pictures
from nnscratch.learn.diagnosis import NOT_ATTEMPTED, Verdict, diagnose
from nnscratch.learn.exercise import Exercise, Loaded


def main(arguments: list[str]) -> int:
    """Examine, and write the answer, whole or not at all."""
    folder, file, answer = map(Path, arguments[:3])
    record = check(Exercise(folder), file, int(arguments[3]))
    temporary = answer.with_suffix(".part")
    temporary.write_text(json.dumps(record), encoding="utf-8")
    os.replace(temporary, answer)
    return 0


def check(exercise: Exercise, file: Path, hints_left: int) -> dict[str, Any]:
    """The verdict on a learner's file, as the parent wants it."""
    loaded = exercise.loaded()
    try:
        functions = attempt.load(file, loaded)
    except attempt.Refusal as refusal:
        return refused(exercise, file, refusal)
    verdict = diagnose(loaded, functions, str(file))
    place = _place(file, loaded, functions, verdict)
    record = {
        "state": verdict.state,
        "code": verdict.code,
        "sure": verdict.sure,
        "hint": verdict.hint,
        "lines": message.write(verdict, exercise, place, hints_left),
    }
    if verdict.case is not None and verdict.case.claim.image:
        record["picture"] = pictures.beside(verdict.case, file)
    return record


def refused(exercise: Exercise, file: Path, refusal: attempt.Refusal) -> dict[str, Any]:
    """The verdict on a file that cannot be examined."""
    place = file.name if refusal.line is None else f"{file.name}:{refusal.line}"
    lines = [f"x  {exercise.name}   [{refusal.code}]"]
    lines += message.plain(f"{place}: {refusal.title}")
    lines += [f"       {refusal.detail[:60]}"] if refusal.detail else []
    if refusal.code == "no-file":
        lines += message.plain(f"nnscratch learn reset {exercise.number} writes the stub again")
    return {"state": "wrong", "code": refusal.code, "sure": "certain", "lines": lines}


def _place(file: Path, loaded: Loaded, functions: dict[str, Any], verdict: Verdict) -> str:
    """file:line of the function that is at fault, as far as one can say."""
    if verdict.state == NOT_ATTEMPTED:
        return file.name
    calls = verdict.case.found.calls if verdict.case else []
    name = calls[0].name if calls else loaded.functions[0]
    trouble = verdict.case.found.trouble if verdict.case else None
    line = trouble.line if trouble and trouble.line else attempt.first_line(functions[name])
    return f"{file.name}:{line}" if line else file.name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
