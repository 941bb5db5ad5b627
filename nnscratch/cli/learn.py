"""nnscratch learn: exercises, with checks that know the usual mistakes."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from nnscratch import files
from nnscratch.cli.common import add_job, say, write_json
from nnscratch.learn import devcheck
from nnscratch.learn.exercise import Exercise, all_exercises, exercises_folder, find
from nnscratch.learn.folder import DEFAULT, Folder, counts
from nnscratch.learn.message import in_ascii
from nnscratch.learn.runner import CheckResult

DESCRIPTION = """\
Exercises, from a scalar node to 3-D convolution. You edit plain Python files in a folder of your
own. A check runs your file in a fresh process and says what is wrong, which numbers show it, and
how sure that is. Without a JOB it says what to do next."""
EPILOG = """\
example:
  nnscratch learn init          # make a folder with all stubs
  nnscratch learn next          # say what to do next
  nnscratch learn watch         # check whenever you save"""
POLL = 0.4  # seconds; polling works on every file system
MARKS = {"right": "ok", "wrong": "x", "changed": "?", "missing": "!"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.set_defaults(run=_next, json=None, folder=None, id=None)
    jobs = parser.add_subparsers(dest="job", metavar="JOB")

    def job(name: str, run: Any, line: str, example: str = "", id_help: str = "") -> Any:
        add = add_job(jobs, "learn", name, run, line, example)
        if id_help:
            add("id", metavar="ID", nargs="?", help=id_help)
        if name not in ("init", "dev-check"):
            add("--folder", metavar="DIR", help="your folder (default: the nearest)")
        return add

    next_one = "number or name (default: the next one)"
    add = job("init", _init, "make a folder with all stubs", "my-exercises")
    add("folder", metavar="DIR", nargs="?", default=DEFAULT, help=f"default {DEFAULT}")
    job("next", _next, "say what to do next")
    job("list", _list, "list the exercises and your progress")
    add = job("check", _check, "check one exercise, or all", "11", next_one)
    add("--all", action="store_true", help="check all exercises, right ones as well")
    job("watch", _watch, "check an exercise whenever you save it", "", next_one)
    job("hint", _hint, "show the next hint; each exercise has at least three", "11", next_one)
    job("explain", _explain, "show the text of an exercise", "11", next_one)
    add = job("solution", _solution, "show the solution, once yours is right", "11", next_one)
    add("--spoil", action="store_true", help="show it anyway")
    job("reset", _reset, "write the stub again; keep your file as a backup", "11", "number or name")
    add = job("mine", _mine, "run three programs on your own functions")
    add("--seed", metavar="N", type=int, default=0)
    job("doctor", _doctor, "check the installation")
    add = job("dev-check", _dev_check, "check the exercises themselves")
    add("ids", metavar="ID", nargs="*", help="default: all")
    add("--runs", metavar="N", type=int, default=devcheck.RUNS, help="seeds for right answers")
    add("--golden", metavar="DIR", help="compare the messages with the files in this folder")
    add("--write", action="store_true", help="with --golden: write them")
    add("--matrix", action="store_true", help="print which wrong answer gets which code")


# -- one exercise ---------------------------------------------------------------------------------


def _folder(options: argparse.Namespace) -> Folder:
    return Folder(options.folder) if options.folder else Folder.nearest()


def _wanted(options: argparse.Namespace, folder: Folder) -> Exercise:
    """The named exercise, or the next one."""
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
        f"{options.folder}: {new} new files, {len(folder.exercises())} exercises; existing files "
        "are unchanged",
        f"next: cd {options.folder}, read with nnscratch learn explain, edit {first.name}.py, "
        "nnscratch learn check",
    )
    return write_json(options, {"folder": str(folder.path), "new": new})


def _next(options: argparse.Namespace) -> int:
    folder = _folder(options)
    right, of = counts(folder, folder.exercises())
    upcoming = folder.next()
    if upcoming is None:
        _print(f"all {of} exercises are right", "next: nnscratch learn mine")
        return write_json(options, {"right": right, "of": of, "next": None})
    _print(
        f"{right} of {of} right. Next: {upcoming.name}, {upcoming.title}",
        f"  edit   {folder.file(upcoming)}",
        f"  read   nnscratch learn explain {upcoming.number}",
        f"  check  nnscratch learn check {upcoming.number}, or nnscratch learn watch",
    )
    return write_json(options, {"right": right, "of": of, "next": upcoming.name})


def _list(options: argparse.Namespace) -> int:
    folder = _folder(options)
    states = {exercise: folder.state(exercise) for exercise in folder.exercises()}
    for exercise, state in states.items():
        mark = MARKS.get(state, "")
        note = f"  ({state})" if state in ("changed", "missing") else ""
        _print(f"{mark:>2} {exercise.number:>2}  {exercise.title}{note}")
    right, of = counts(folder, list(states))
    _print(f"{right} of {of} right")
    return write_json(options, {e.name: state for e, state in states.items()})


def _check(options: argparse.Namespace) -> int:
    folder = _folder(options)
    wanted = folder.exercises() if options.all else [_wanted(options, folder)]
    results = {exercise: folder.check(exercise) for exercise in wanted}
    if options.all:
        _tell_all(results)
    else:
        _tell(folder, *next(iter(results.items())))
    records = [
        {"exercise": e.name, "state": r.state, "code": r.code, "sure": r.sure}
        for e, r in results.items()
    ]
    return write_json(options, records) or int(any(r.state != "right" for r in results.values()))


def _tell_all(results: dict[Exercise, CheckResult]) -> None:
    for exercise, result in results.items():
        code = f"   [{result.code}]" if result.code else ""
        _print(f"{MARKS.get(result.state, '-'):>2} {exercise.name}   {result.state}{code}")
    right = sum(result.state == "right" for result in results.values())
    _print(f"{right} of {len(results)} right")


def _tell(folder: Folder, exercise: Exercise, result: CheckResult) -> None:
    _print(*result.lines)
    if result.state == "right":
        upcoming = folder.next(exercise)
        then = f"nnscratch learn explain {upcoming.number}" if upcoming else "nnscratch learn mine"
        _print(f"   compare: nnscratch learn solution {exercise.number}   next: {then}")


def _watch(options: argparse.Namespace) -> int:
    folder = _folder(options)
    exercise = _wanted(options, folder)
    checked: str | None = None  # digest
    _print(f"watching {folder.file(exercise)}; stop with Ctrl-C")
    while True:
        digest = folder.digest(exercise)
        if digest == checked:
            time.sleep(POLL)
            continue
        checked = digest
        result = folder.check(exercise)
        _tell(folder, exercise, result)
        upcoming = folder.next(exercise) if result.state == "right" else None
        if upcoming is not None and options.id is None:
            exercise, checked = upcoming, None
            _print("", f"watching {folder.file(exercise)}")


def _hint(options: argparse.Namespace) -> int:
    folder = _folder(options)
    exercise = _wanted(options, folder)
    number, text = folder.hint(exercise)
    _print(f"{exercise.name}, hint {number} of {len(exercise.hints)}")
    _markdown(text)
    return write_json(options, {"exercise": exercise.name, "hint": number, "text": text})


def _explain(options: argparse.Namespace) -> int:
    exercise = _wanted(options, _folder(options))
    _markdown(exercise.readme)
    return write_json(options, {"exercise": exercise.name, "text": exercise.readme})


def _solution(options: argparse.Namespace) -> int:
    folder = _folder(options)
    exercise = _wanted(options, folder)
    if folder.state(exercise) != "right" and not options.spoil:
        raise ValueError(
            f"{exercise.name} is not right yet (nnscratch learn check {exercise.number}); "
            "--spoil shows the solution anyway"
        )
    _print(exercise.solution_text)
    return write_json(options, {"exercise": exercise.name, "text": exercise.solution_text})


def _reset(options: argparse.Namespace) -> int:
    if options.id is None:
        raise ValueError("expected the exercise to reset, as in nnscratch learn reset 11")
    folder = _folder(options)
    exercise = _wanted(options, folder)
    backup = folder.reset(exercise)
    _print(f"{folder.file(exercise).name} is the stub again")
    if backup is not None:
        _print(f"your file is now {backup.name}")
    return write_json(options, {"exercise": exercise.name, "kept": backup and str(backup)})


def _mine(options: argparse.Namespace) -> int:
    from nnscratch.learn import course_programs  # loads the whole engine

    folder = _folder(options)
    results = course_programs.run(folder, options.seed, _print)
    return write_json(options, results) or int(not all(r["passed"] for r in results))


# -- checks of the installation and of the exercises ----------------------------------------------


def _doctor(options: argparse.Namespace) -> int:
    facts = {
        "python": f"{sys.version.split()[0]} at {sys.executable}",
        "exercises": str(exercises_folder()),
        "number of exercises": str(len(all_exercises())),
        "terminal encoding": sys.stdout.encoding or "unknown",
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
    return write_json(options, facts) or int(not good)


def _dev_check(options: argparse.Namespace) -> int:
    exercises = [find(word) for word in options.ids] or all_exercises()
    golden = Path(options.golden) if options.golden else None
    if options.write and golden is None:
        raise ValueError("--write: expected --golden DIR as well")
    records, problems = [], 0
    for exercise in exercises:
        start = time.perf_counter()
        report = devcheck.check(exercise, options.runs)
        messages = _golden(report, golden, options.write) if golden else ()
        found = [*report.problems, *messages]
        seconds = time.perf_counter() - start
        _print(
            f"{'x ' if found else 'ok'} {exercise.name}   {len(report.codes)} wrong answers, "
            f"{report.runs} right runs, {seconds:.1f} s",
            *(f"     {problem}" for problem in found),
        )
        if options.matrix:
            _print(*_matrix(report))
        records.append({"exercise": exercise.name, "codes": report.codes, "problems": found})
        problems += len(found)
    codes = sum(len(record["codes"]) for record in records)
    _print(f"{len(records)} exercises, {codes} wrong answers, {problems} problems")
    return write_json(options, records) or int(problems > 0)


def _golden(report: devcheck.ExerciseReport, folder: Path, write: bool) -> Sequence[str]:
    """Compare the messages with the golden file, or write it."""
    file, text = devcheck.golden_file(folder, report.exercise), report.golden
    if write:
        files.write_text(file, text)
        return ()
    known = file.read_text(encoding="utf-8") if file.is_file() else ""
    return () if known == text else (f"messages differ from '{file}'; read them, then --write",)


def _matrix(report: devcheck.ExerciseReport) -> list[str]:
    """A row for each wrong answer, a column for each code."""
    wide = max(map(len, report.codes), default=0)
    rows = zip(report.codes, report.matrix, strict=True)
    return [f"     {code:<{wide}} {''.join('#' if x else '.' for x in row)}" for code, row in rows]


# -- output ---------------------------------------------------------------------------------------


def _print(*lines: str) -> None:
    say(*map(_writable, lines))


def _writable(text: str) -> str:
    """The text in characters that the terminal has."""
    try:
        text.encode(Console().encoding)
    except UnicodeEncodeError:
        return in_ascii(text)
    return text


def _markdown(text: str) -> None:
    console = Console()
    if console.is_terminal and _writable(text) == text:
        console.print(Markdown(text))
    else:
        _print(text)
