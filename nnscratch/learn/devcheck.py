"""Checks the exercises themselves: right answers must pass, wrong ones must be named.

Stands on `diagnosis`, `message` and `exercise`. Each problem is reported as a sentence.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.learn import generic, message
from nnscratch.learn.cases import GENERAL, examine, failed_claims
from nnscratch.learn.diagnosis import CERTAIN, NOT_ATTEMPTED, Diagnosis, diagnose
from nnscratch.learn.exercise import PACKAGE, Exercise, Loaded, load_file
from nnscratch.learn.probing import observe
from nnscratch.learn.specification import Claim, Functions, Variant

RUNS = 20  # seeds for right answers
OTHERS, HINTS, MUTANTS = 2, 3, 4  # at least
ORACLE = 1e-5  # relative error of finite differences
HAND = 1e-3  # relative error of by_hand, which may round


@dataclass(frozen=True)
class ExerciseReport:
    """The result of checking one exercise.

    matrix: row i, column j: whether the diagnosis of wrong answer i is the code of wrong answer j
    messages: what a learner reads, one text for each wrong answer; runs: number of right answers
    """

    exercise: Exercise
    problems: tuple[str, ...]
    codes: tuple[str, ...]
    matrix: np.ndarray
    messages: tuple[str, ...]
    runs: int

    @property
    def golden(self) -> str:
        """All messages as one text, for comparison with a golden file."""
        return "\n\n".join(self.messages) + "\n"


def check(exercise: Exercise, runs: int = RUNS) -> ExerciseReport:
    """Run all checks on one exercise; runs: seeds for right answers."""
    loaded = exercise.loaded()
    wrong = _fresh(loaded)
    diagnoses = [diagnose(loaded, loaded.with_variant(variant)) for variant in wrong]
    where = f"{exercise.name}.py:1"
    codes = tuple(variant.code for variant in wrong)
    texts = [message.write(diagnosis, exercise, where, 3) for diagnosis in diagnoses]
    problems = [
        *_texts(exercise, loaded),
        *_stub(exercise, loaded),
        *_right_answers(loaded, runs),
        *_wrong_answers(wrong, diagnoses),
        *_idle_claims(loaded),
        *_arithmetic(loaded),
        *(p for pair in zip(diagnoses, texts, strict=True) for p in _message_problems(*pair)),
    ]
    return ExerciseReport(
        exercise,
        tuple(problems),
        codes,
        np.array([[diagnosis.code == code for code in codes] for diagnosis in diagnoses]),
        tuple("\n".join(lines) for lines in texts),
        runs * (1 + len(loaded.others)),
    )


def _fresh(loaded: Loaded) -> list[Variant]:
    """All wrong answers, made anew: those with state have none yet."""
    return [*loaded.mutants, *generic.mutants(loaded)]


# -- texts and stub -------------------------------------------------------------------------------


def _texts(exercise: Exercise, loaded: Loaded) -> Iterator[str]:
    if not exercise.readme.startswith("# "):
        yield "README.md has no title"
    for section in ("## What to write", "## Where the engine does it"):
        if section not in exercise.readme:
            yield f"README.md has no section '{section}'"
    if len(exercise.hints) < HINTS:
        yield f"{len(exercise.hints)} hints, expected at least {HINTS}"
    lines = {line.strip() for line in _body(exercise.solution_text)}
    for i, hint in enumerate(exercise.hints, 1):
        if lines & {line.strip() for line in hint.splitlines()}:
            yield f"hint {i} holds a line of the solution"
    for path in re.findall(r"[\w/]+\.py", loaded.reads):
        if not (PACKAGE.parent / path).is_file():
            yield f"READS names '{path}', which does not exist"
    if len(loaded.mutants) < MUTANTS:
        yield f"{len(loaded.mutants)} wrong answers, expected at least {MUTANTS}"
    if len(loaded.others) < OTHERS:
        yield f"{len(loaded.others)} other right answers, expected at least {OTHERS}"
    for mutant in loaded.mutants:
        if not mutant.title or not mutant.cause:
            yield f"{mutant.code} lacks its title or its cause"
        if mutant.hint is not None and not 1 <= mutant.hint <= len(exercise.hints):
            yield f"{mutant.code} names hint {mutant.hint}, which does not exist"


def _body(text: str) -> list[str]:
    """The telling lines of a solution: long ones, without definitions and imports."""
    lines = [line for line in text.splitlines() if len(line.strip()) > 20]
    return [x for x in lines if not x.strip().startswith(("def ", "class ", '"""', "import"))]


def _stub(exercise: Exercise, loaded: Loaded) -> Iterator[str]:
    stub = load_file(exercise.path / "stub.py")
    missing = [name for name in loaded.functions if not hasattr(stub, name)]
    if missing:
        yield f"the stub lacks {', '.join(missing)}"
        return
    functions = {name: getattr(stub, name) for name in loaded.functions}
    for name, function in functions.items():
        solution, stub_has = (_signature(f) for f in (loaded.solution[name], function))
        if solution != stub_has:
            yield f"{name}: the solution takes {solution}, the stub {stub_has}"
        if inspect.getdoc(function) != inspect.getdoc(loaded.solution[name]):
            yield f"{name}: stub and solution have different docstrings"
    state = diagnose(loaded, functions).state
    if state != NOT_ATTEMPTED:
        yield f"the stub is '{state}', expected '{NOT_ATTEMPTED}'"


def _signature(function: Any) -> str:
    """Parameters and defaults; of a class, the names of its methods except __init__."""
    if not isinstance(function, type):
        return str(inspect.signature(function))
    names = [name for name in vars(function) if callable(getattr(function, name))]
    return ", ".join(sorted(name for name in names if name != "__init__"))


# -- answers --------------------------------------------------------------------------------------


def _right_answers(loaded: Loaded, runs: int) -> Iterator[str]:
    right = {variant.code: loaded.with_variant(variant) for variant in loaded.others}
    right["the solution"] = dict(loaded.solution)
    for name, functions in right.items():
        failed = failed_claims(examine(loaded, functions, range(runs)))
        if failed:
            yield f"{name} fails: {', '.join(sorted(failed))}"


def _wrong_answers(wrong: list[Variant], diagnoses: list[Diagnosis]) -> Iterator[str]:
    codes = [variant.code for variant in wrong]
    for code in {code for code in codes if codes.count(code) > 1}:
        yield f"two wrong answers are called {code}"
    for variant, diagnosis in zip(wrong, diagnoses, strict=True):
        if diagnosis.state == "right":
            yield f"{variant.code} passes"
        elif (diagnosis.code, diagnosis.sure) != (variant.code, CERTAIN):
            yield f"{variant.code} is taken for {diagnosis.code} ({diagnosis.sure})"


def _idle_claims(loaded: Loaded) -> Iterator[str]:
    """Claims that are not needed to reject any wrong answer."""
    cases = [examine(loaded, loaded.with_variant(variant)) for variant in _fresh(loaded)]
    failed = [failed_claims(of_answer) for of_answer in cases]
    failed_in_case = [case.failed_claims() for of_answer in cases for case in of_answer]
    idle = [claim.name for claim in loaded.claims if {claim.name} not in failed]
    for claim in GENERAL:
        if any(claim in names for names in failed) and {claim} not in failed_in_case:
            idle.append(claim)
    yield from (f'no wrong answer fails only the claim "{name}"' for name in idle)


# -- arithmetic and oracles -----------------------------------------------------------------------


def _arithmetic(loaded: Loaded) -> Iterator[str]:
    for claim in loaded.claims:
        if claim.by_hand:
            yield from _by_hand(claim, loaded.solution)
        if claim.oracle is not None:
            yield from _against_oracle(claim, loaded.solution)


def _by_hand(claim: Claim, solution: Functions) -> Iterator[str]:
    """Value, arithmetic and result of "name[index] = ... = arithmetic = result" must agree."""
    *_, arithmetic, result = (part.strip() for part in claim.by_hand.split("="))
    label = claim.by_hand.partition("=")[0].strip()
    names = {"sqrt": np.sqrt, "exp": np.exp, "log": np.log, "max": max, "min": min, "abs": abs}
    try:
        computed = eval(arithmetic, {"__builtins__": {}}, names)
        value = _named(label, claim, solution)
    except Exception as error:
        yield f'by_hand of "{claim.name}" cannot be followed: {error}'
        return
    for what, number in (("arithmetic", computed), (label, value)):
        if abs(number - float(result)) > HAND * max(1, abs(float(result))):
            yield f'by_hand of "{claim.name}": {what} is {number}, but it says {result}'


def _named(label: str, claim: Claim, solution: Functions) -> float:
    """The value of rung 0 with that label, as in dw[0,1] or a.grad."""
    values = observe(claim, solution, 0, 0).values
    if label in values:
        return float(values[label].array)
    name, _, index = label.rstrip("]").rpartition("[")
    return float(values[name].array[tuple(int(i) for i in index.split(","))])


def _against_oracle(claim: Claim, solution: Functions) -> Iterator[str]:
    oracle = Claim(claim.name, claim.oracle or claim.probe)
    for rung in range(claim.rungs):
        values, numeric = (observe(c, solution, 0, rung) for c in (claim, oracle))
        if numeric.raised is not None:
            yield f'the oracle of "{claim.name}" fails: {numeric.raised.text}'
            continue
        for name, value in numeric.values.items():
            if not _agree(values.values[name].array, value.array):
                yield f'the oracle of "{claim.name}" has a different {name} at size {rung}'


def _agree(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.dtype.kind not in "biufc":
        return a.shape == b.shape and bool((a == b).all())
    largest = np.abs(b[np.isfinite(b)]).max(initial=1e-3)
    return bool(np.allclose(a, b, rtol=ORACLE, atol=ORACLE * largest, equal_nan=True))


# -- messages -------------------------------------------------------------------------------------


def golden_file(folder: Path, exercise: Exercise) -> Path:
    """The file with the known messages."""
    return folder / f"{exercise.name}.txt"


def _message_problems(diagnosis: Diagnosis, lines: list[str]) -> Iterator[str]:
    if len(lines) > message.LINES or any(len(line) > message.WIDTH for line in lines):
        yield f"the message of {diagnosis.code} is too long"
    if any(line.strip() == "..." for line in lines):
        yield f"the message of {diagnosis.code} had to be cut"
    words = f"{diagnosis.title} {diagnosis.cause} {diagnosis.right}"
    if message.in_ascii(words).count("?") > words.count("?"):
        yield f"the message of {diagnosis.code} holds a sign that is not ASCII"
