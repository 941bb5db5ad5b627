"""Three programs on the learner's own functions: digits, faces and style transfer.

Stands on `learner_ops` and `process`. Each program runs in a process of its own, so that a
learner's function cannot end the command.
"""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.learn import message, process
from nnscratch.learn.course_programs.digits import read_digits
from nnscratch.learn.course_programs.faces import verify_faces
from nnscratch.learn.course_programs.measurement import Measurement
from nnscratch.learn.course_programs.painting import PICTURE, paint
from nnscratch.learn.folder import Folder
from nnscratch.learn.learner_ops import PATIENCE, Fault, LearnerFunctions

SECONDS = 60.0  # for one program
Effort = Mapping[str, Mapping[str, Any]]  # settings by program
PROGRAMS: Mapping[str, Callable[..., list[Measurement]]] = {
    "digits": read_digits,
    "verification": verify_faces,
    "style": paint,
}
TITLES = {
    "digits": "a network learns to read digits",
    "verification": "a network learns to tell drawn faces apart",
    "style": "a picture is painted in the style of another",
}
# Settings and bounds. Measured with our functions, seeds 0 to 7: accuracy 0.956 to 0.996; EER 0.033
# to 0.055, AUC 0.990 to 0.994, recognised 0.775 to 0.887; loss left 0.010 to 0.013. 3 to 5 seconds.
FULL: Effort = {
    "digits": {"steps": 300, "channels": (8, 16), "rate": 1e-2, "least": 0.9},
    "verification": {"steps": 150, "widths": (16, 32, 32), "most": 0.1, "least": 0.65},
    "style": {"steps": 100, "size": 64, "rate": 0.03, "most": 0.05},
}
# About a second each, for tests.
QUICK: Effort = {
    "digits": {"steps": 80, "channels": (4, 8), "rate": 2e-2, "least": 0.65},
    "verification": {"steps": 40, "widths": (8, 16, 32), "most": 0.15, "least": 0.55},
    "style": {"steps": 30, "size": 32, "rate": 0.05, "most": 0.12},
}


def run(
    folder: Folder, seed: int, say, effort: Effort = FULL, seconds=SECONDS, patience=PATIENCE
) -> list[dict[str, Any]]:
    """Run the programs one after the other; say(*lines) reports each result.

    -> for each: name, passed, figures, wanted, yours, ours, notes, trouble, seconds, and for
    style the picture. effort: FULL or QUICK, or a part of one; seconds: for one program;
    patience: seconds of processor time for one function in it.
    """
    if seed < 0:
        raise ValueError(f"learn mine: expected a seed of at least 0, got {seed}")
    states = [(exercise.number, folder.state(exercise)) for exercise in folder.exercises()]
    common = {"folder": str(folder.path), "states": states, "seed": seed, "patience": patience}
    results = []
    for name, settings in effort.items():
        say(f"{name}: {TITLES[name]} ...")
        job = {**common, "name": name, "settings": dict(settings)}
        start = time.perf_counter()
        ended = process.run("nnscratch.learn.course_programs", job, seconds, capture=False)
        elapsed = time.perf_counter() - start
        result = ended.answer or _unanswered(folder, ended, seconds, elapsed)
        results.append({"name": name, **result})
        say(*_lines(results[-1]))
    return results


def main(job: Mapping[str, Any]) -> dict[str, Any]:
    """Run one program in this process; whatever stops it is reported in words."""
    functions = LearnerFunctions(Path(job["folder"]), dict(job["states"]), job["patience"])
    measured: list[Measurement] = []
    trouble, start = "", time.perf_counter()
    try:
        with np.errstate(all="ignore"):
            measured = PROGRAMS[job["name"]](functions, job["seed"], **job["settings"])
    except Fault as fault:
        trouble = str(fault)
    except Exception as error:  # for example if the engine rejects a learner's numbers
        trouble = f"it stopped with {type(error).__name__}: {error}"
    record = _record(measured, functions.report(), trouble, time.perf_counter() - start)
    if job["name"] == "style" and measured:
        record["picture"] = str(functions.folder / PICTURE)
    return record


def _unanswered(folder: Folder, ended: process.Ended, seconds, elapsed) -> dict[str, Any]:
    """The process ended before its program."""
    trouble = f"the process ended (code {ended.code}) before the program did"
    if ended.late:
        trouble = f"still running after {seconds:g} s"
        own = [f"{file.name}:{line}" for file, line in ended.calls if file.parent == folder.path]
        trouble += f", in your {own[0]}; is there an endless loop?" if own else ""
    return _record([], {"yours": [], "ours": [], "notes": []}, trouble, elapsed)


def _record(measured: list[Measurement], report, trouble: str, seconds) -> dict[str, Any]:
    finite = {m.name: round(m.value, 4) if math.isfinite(m.value) else None for m in measured}
    return {
        "passed": bool(measured) and not trouble and all(m.holds for m in measured),
        "figures": finite,
        "wanted": {m.name: f"{m.wanted} {m.bound:g}" for m in measured if m.wanted},
        "told": [str(measurement) for measurement in measured],
        **report,
        "trouble": trouble,
        "seconds": round(seconds, 2),
    }


def _lines(result: Mapping[str, Any]) -> list[str]:
    """A result in words, 80 columns wide."""
    state = "passed" if result["passed"] else "not passed"
    state += "" if result["yours"] else ", without any of your functions"
    head = f"{'ok' if result['passed'] else 'x '} {result['name']}   {state}"
    sentences = [
        *(f"{whose}: {', '.join(result[whose])}" for whose in ("yours", "ours") if result[whose]),
        *result["notes"],
        ", ".join(result["told"]),
        result["trouble"],
        f"picture: {PICTURE}" if "picture" in result else "",
    ]
    lines = [line for sentence in sentences for line in message.plain(sentence)]
    return [f"{head}, {result['seconds']:.1f} s", *lines]
