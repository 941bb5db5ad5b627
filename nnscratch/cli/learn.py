"""nnscratch learn: exercises, checked by code that knows the usual mistakes."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from nnscratch import files
from nnscratch.cli.jobs import add_job
from nnscratch.learn import devcheck
from nnscratch.learn.exercise import Exercise, all_exercises, exercises_folder, find
from nnscratch.learn.folder import DEFAULT, Folder, counts
from nnscratch.learn.message import in_ascii
from nnscratch.learn.runner import Answer

DESCRIPTION = """\
Exercises from the scalar node to 3-D convolution. You write plain Python files in a folder of your
own; each check runs your file in a fresh process, and says what is wrong, by which numbers, and how
sure that is. Without a JOB: what is next."""
EPILOG = """\
example:
  nnscratch learn init          # a folder with all the stubs
  nnscratch learn next          # what to do
  nnscratch learn watch         # check whenever you save"""
POLL = 0.4  # seconds between looks at the files: works on every file system
MARKS = {"right": "ok", "wrong": "x", "changed": "?", "missing": "!"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.set_defaults(run=_next, json=None, folder=None, id=None)
    jobs = parser.add_subparsers(dest="job", metavar="JOB")

    def job(name: str, run: Any, line: str, example: str = "", one: str = "") -> Any:
        sub = add_job(jobs, "learn", name, run, line, example)
        if one:
            sub.add_argument("id", metavar="ID", nargs="?", help=one)
        if name not in ("init", "dev-check"):
            sub.add_argument("--folder", metavar="DIR", help="yours (default: the nearest)")
        return sub.add_argument

    here = "number or name (default: the next one)"
    add = job("init", _init, "make a folder with all the stubs", "my-exercises")
    add("folder", metavar="DIR", nargs="?", default=DEFAULT, help=f"default {DEFAULT}")
    job("next", _next, "say what to do next")
    job("list", _list, "list the exercises and what you reached")
    add = job("check", _check, "check one exercise, or all", "11", here)
    add("--all", action="store_true", help="all exercises; what is done is checked again")
    job("watch", _watch, "check an exercise whenever you save it", "", here)
    job("hint", _hint, "show the next hint; there are at least three", "11", here)
    job("explain", _explain, "show the text of an exercise", "11", here)
    add = job("solution", _solution, "show the solution, once yours is right", "11", here)
    add("--spoil", action="store_true", help="show it all the same")
    job("reset", _reset, "write the stub again; what was there is kept", "11", "number or name")
    add = job("mine", _mine, "run three programs on your own functions")
    add("--seed", metavar="N", type=int, default=0)
    job("doctor", _doctor, "say what could go wrong here")
    add = job("dev-check", _dev_check, "prove that the exercises and their checks are sound")
    add("ids", metavar="ID", nargs="*", help="default: all")
    add("--runs", metavar="N", type=int, default=devcheck.RUNS, help="seeds for right answers")
    add("--golden", metavar="DIR", help="compare messages with the files of this folder")
    add("--write", action="store_true", help="with --golden: write them")
    add("--matrix", action="store_true", help="print which wrong answer is called what")


# -- one exercise ---------------------------------------------------------------------------------


def _folder(options: argparse.Namespace) -> Folder:
    return Folder(options.folder) if options.folder else Folder.nearest()


def _wanted(options: argparse.Namespace, folder: Folder) -> Exercise:
    """The exercise that was named, or the next one."""
    if options.id is not None:
        return find(options.id, folder.exercises())
    upcoming = folder.next()
    if upcoming is None:
        raise ValueError("all exercises are right; name one, or run nnscratch learn mine")
    return upcoming


def _init(options: argparse.Namespace) -> int:
    folder, new = Folder.create(options.folder)
    first = folder.exercises()[0]
    _print(
        f"{options.folder}: {new} new files, {len(folder.exercises())} exercises; files that were "
        "there are as they were",
        f"next: cd {options.folder}, read with nnscratch learn explain, edit {first.name}.py, "
        "nnscratch learn check",
    )
    return _answered(options, {"folder": str(folder.path), "new": new})


def _next(options: argparse.Namespace) -> int:
    folder = _folder(options)
    right, of = counts(folder, folder.exercises())
    upcoming = folder.next()
    if upcoming is None:
        _print(f"all {of} exercises are right", "next: nnscratch learn mine")
        return _answered(options, {"right": right, "of": of, "next": None})
    _print(
        f"{right} of {of} right. Next: {upcoming.name}, {upcoming.title}",
        f"  edit   {folder.file(upcoming)}",
        f"  read   nnscratch learn explain {upcoming.number}",
        f"  check  nnscratch learn check {upcoming.number}, or nnscratch learn watch",
    )
    return _answered(options, {"right": right, "of": of, "next": upcoming.name})


def _list(options: argparse.Namespace) -> int:
    folder = _folder(options)
    states = {exercise: folder.state(exercise) for exercise in folder.exercises()}
    for exercise, state in states.items():
        mark = MARKS.get(state, "")
        note = f"  ({state})" if state in ("changed", "missing") else ""
        _print(f"{mark:>2} {exercise.number:>2}  {exercise.title}{note}")
    right, of = counts(folder, list(states))
    _print(f"{right} of {of} right")
    return _answered(options, {e.name: state for e, state in states.items()})


def _check(options: argparse.Namespace) -> int:
    folder = _folder(options)
    wanted = folder.exercises() if options.all else [_wanted(options, folder)]
    answers = {exercise: folder.check(exercise) for exercise in wanted}
    if options.all:
        answers = _tell_all(answers)
    else:
        _tell(folder, *next(iter(answers.items())))
    _answered(
        options,
        [
            {"exercise": e.name, "state": a.state, "code": a.code, "sure": a.sure}
            for e, a in answers.items()
        ],
    )
    return 0 if all(answer.state == "right" for answer in answers.values()) else 1


def _tell_all(answers: dict[Exercise, Answer]) -> dict[Exercise, Answer]:
    for exercise, answer in answers.items():
        code = f"   [{answer.code}]" if answer.code else ""
        _print(f"{MARKS.get(answer.state, '-'):>2} {exercise.name}   {answer.state}{code}")
    right = sum(answer.state == "right" for answer in answers.values())
    _print(f"{right} of {len(answers)} right")
    return answers


def _tell(folder: Folder, exercise: Exercise, answer: Answer) -> None:
    _print(*answer.lines)
    if answer.state == "right":
        upcoming = folder.next(exercise)
        then = f"nnscratch learn explain {upcoming.number}" if upcoming else "nnscratch learn mine"
        _print(f"   compare: nnscratch learn solution {exercise.number}   next: {then}")


def _watch(options: argparse.Namespace) -> int:
    folder = _folder(options)
    exercise = _wanted(options, folder)
    seen: str | None = None
    _print(f"watching {folder.file(exercise)}; stop with Ctrl-C")
    while True:
        digest = folder.digest(exercise)
        if digest == seen:
            time.sleep(POLL)
            continue
        seen = digest
        answer = folder.check(exercise)
        _tell(folder, exercise, answer)
        upcoming = folder.next(exercise) if answer.state == "right" else None
        if upcoming is not None and options.id is None:
            exercise, seen = upcoming, None
            _print("", f"watching {folder.file(exercise)}")


def _hint(options: argparse.Namespace) -> int:
    folder = _folder(options)
    exercise = _wanted(options, folder)
    number, text = folder.hint(exercise)
    _print(f"{exercise.name}, hint {number} of {len(exercise.hints)}")
    _markdown(text)
    return _answered(options, {"exercise": exercise.name, "hint": number, "text": text})


def _explain(options: argparse.Namespace) -> int:
    exercise = _wanted(options, _folder(options))
    _markdown(exercise.readme)
    return _answered(options, {"exercise": exercise.name, "text": exercise.readme})


def _solution(options: argparse.Namespace) -> int:
    folder = _folder(options)
    exercise = _wanted(options, folder)
    if folder.state(exercise) != "right" and not options.spoil:
        raise ValueError(
            f"{exercise.name} is not right yet (nnscratch learn check {exercise.number}); "
            "--spoil shows the solution all the same"
        )
    _print(exercise.solution_text)
    return _answered(options, {"exercise": exercise.name, "text": exercise.solution_text})


def _reset(options: argparse.Namespace) -> int:
    if options.id is None:
        raise ValueError("expected the exercise to reset, as in nnscratch learn reset 11")
    folder = _folder(options)
    exercise = _wanted(options, folder)
    kept = folder.reset(exercise)
    _print(f"{folder.file(exercise).name} is the stub again")
    if kept is not None:
        _print(f"what was there is in {kept.name}")
    return _answered(options, {"exercise": exercise.name, "kept": kept and str(kept)})


def _mine(options: argparse.Namespace) -> int:
    from nnscratch.learn import mine

    folder = _folder(options)
    results = mine.run(folder, options.seed, _print)
    return _answered(options, results) or int(not all(r["passed"] for r in results))


# -- the state of things --------------------------------------------------------------------------


def _doctor(options: argparse.Namespace) -> int:
    facts = {
        "python": f"{sys.version.split()[0]} at {sys.executable}",
        "exercises": str(exercises_folder()),
        "number of exercises": str(len(all_exercises())),
        "encoding of the terminal": sys.stdout.encoding or "unknown",
    }
    try:
        folder = _folder(options)
    except ValueError as error:
        facts["your folder"] = f"none ({error})"
        good = False
    else:
        facts["your folder"] = str(folder.path)
        start = time.perf_counter()
        state = folder.check(folder.exercises()[0]).state
        seconds = time.perf_counter() - start
        facts["a check"] = f"{seconds:.1f} s ({state})"
        good = state in ("right", "wrong", "not attempted")
    for name, value in facts.items():
        _print(f"{name}: {value}")
    return _answered(options, facts) or int(not good)


def _dev_check(options: argparse.Namespace) -> int:
    exercises = [find(word) for word in options.ids] or all_exercises()
    golden = Path(options.golden) if options.golden else None
    if options.write and golden is None:
        raise ValueError("--write: expected --golden DIR as well")
    reports, problems = [], 0
    for exercise in exercises:
        start = time.perf_counter()
        report = devcheck.check(exercise, options.runs)
        found = [*report.problems, *(_golden(report, golden, options.write) if golden else ())]
        seconds = time.perf_counter() - start
        _print(
            f"{'x ' if found else 'ok'} {exercise.name}   {len(report.codes)} wrong answers, "
            f"{report.runs} right runs, {seconds:.1f} s",
            *(f"     {problem}" for problem in found),
        )
        if options.matrix:
            _print(*_matrix(report))
        reports.append({"exercise": exercise.name, "codes": report.codes, "problems": found})
        problems += len(found)
    codes = sum(len(report["codes"]) for report in reports)
    _print(f"{len(reports)} exercises, {codes} wrong answers, {problems} problems")
    return _answered(options, reports) or int(problems > 0)


def _golden(report: devcheck.Report, folder: Path, write: bool) -> Sequence[str]:
    """Compare the messages with those of the file, or write them."""
    file, text = devcheck.golden_file(folder, report.exercise), report.golden
    if write:
        files.write_text(file, text)
        return ()
    known = file.read_text(encoding="utf-8") if file.is_file() else ""
    return () if known == text else (f"messages differ from '{file}'; look, then --write",)


def _matrix(report: devcheck.Report) -> list[str]:
    """A row for each wrong answer, a column for each name."""
    wide = max(map(len, report.codes), default=0)
    rows = zip(report.codes, report.matrix, strict=True)
    return [f"     {code:<{wide}} {''.join('#' if x else '.' for x in row)}" for code, row in rows]


# -- output ---------------------------------------------------------------------------------------


def _print(*lines: str) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    for line in lines:
        console.print(_writable(line, console.encoding))


def _writable(text: str, encoding: str) -> str:
    """The text in signs that the terminal has."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return in_ascii(text)
    return text


def _markdown(text: str) -> None:
    console = Console()
    if console.is_terminal and _writable(text, console.encoding) == text:
        console.print(Markdown(text))
    else:
        _print(text)


def _answered(options: argparse.Namespace, answer: Any) -> int:
    if options.json:
        files.write_text(options.json, json.dumps(answer, indent=1))
    return 0
