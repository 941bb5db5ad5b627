"""What must hold of every exercise, proven both ways: right answers pass, wrong ones are named.

Stands on `diagnosis`, `message` and `exercise`. `problems` says in sentences what does not hold.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.learn import generic, message
from nnscratch.learn.cases import GENERAL, examine, failed_claims
from nnscratch.learn.claims import Claim, Variant, observe
from nnscratch.learn.diagnosis import CERTAIN, NOT_ATTEMPTED, Verdict, diagnose
from nnscratch.learn.exercise import PACKAGE, Exercise, Loaded, load_file

RUNS = 20  # seeds on which right answers are tried
OTHERS, HINTS, MUTANTS = 2, 3, 4  # at least
ORACLE = 1e-5  # relative error of finite differences
HAND = 1e-3  # by_hand may round


@dataclass(frozen=True)
class Report:
    """What was found about one exercise.

    matrix: row i, column j: whether wrong answer i is told by the name of wrong answer j
    messages: what a learner reads, one text for each wrong answer; runs: of right answers
    """

    exercise: Exercise
    problems: tuple[str, ...]
    codes: tuple[str, ...]
    matrix: np.ndarray
    messages: tuple[str, ...]
    runs: int

    @property
    def golden(self) -> str:
        """All messages as one text, to be kept and compared."""
        return "\n\n".join(self.messages) + "\n"


def check(exercise: Exercise, runs: int = RUNS) -> Report:
    """Everything there is to hold, for one exercise."""
    loaded = exercise.loaded()
    wrong = _fresh(loaded)
    verdicts = [diagnose(loaded, loaded.with_variant(variant)) for variant in wrong]
    texts = [_message(exercise, verdict) for verdict in verdicts]
    matrix = np.array([[verdict.code == v.code for v in wrong] for verdict in verdicts])
    problems = [
        *_texts(exercise, loaded),
        *_stub(exercise, loaded),
        *_right_answers(loaded, runs),
        *_wrong_answers(wrong, verdicts),
        *_idle_claims(loaded),
        *_arithmetic(loaded),
        *(fault for pair in zip(verdicts, texts, strict=True) for fault in _faults(*pair)),
    ]
    tried = runs * (1 + len(loaded.others))
    codes = tuple(variant.code for variant in wrong)
    together = tuple("\n".join(lines) for lines in texts)
    return Report(exercise, tuple(problems), codes, matrix, together, tried)


def _fresh(loaded: Loaded) -> list[Variant]:
    """All wrong answers; those that remember have nothing to remember yet."""
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
    """The lines of a solution that say something: long ones, and no headings."""
    lines = [line for line in text.splitlines() if len(line.strip()) > 20]
    headings = ("def ", "class ", '"""', "import")
    return [line for line in lines if not line.strip().startswith(headings)]


def _stub(exercise: Exercise, loaded: Loaded) -> Iterator[str]:
    stub = load_file(exercise.path / "stub.py")
    missing = [name for name in loaded.functions if not hasattr(stub, name)]
    if missing:
        yield f"the stub lacks {', '.join(missing)}"
        return
    functions = {name: getattr(stub, name) for name in loaded.functions}
    for name, function in functions.items():
        ours, theirs = (_signature(f) for f in (loaded.solution[name], function))
        if ours != theirs:
            yield f"{name}: the solution takes {ours}, the stub {theirs}"
        if inspect.getdoc(function) != inspect.getdoc(loaded.solution[name]):
            yield f"{name}: stub and solution have different docstrings"
    state = diagnose(loaded, functions).state
    if state != NOT_ATTEMPTED:
        yield f"the stub is '{state}', expected '{NOT_ATTEMPTED}'"


def _signature(given: Any) -> str:
    """Parameters and defaults; of a class, those of its public methods that a stub names."""
    if not isinstance(given, type):
        return str(inspect.signature(given))
    names = [name for name in vars(given) if callable(getattr(given, name))]
    return ", ".join(sorted(name for name in names if name != "__init__"))


# -- answers --------------------------------------------------------------------------------------


def _right_answers(loaded: Loaded, runs: int) -> Iterator[str]:
    right = {"the solution": loaded.solution}
    right |= {variant.code: loaded.with_variant(variant) for variant in loaded.others}
    for name, functions in right.items():
        failed = failed_claims(examine(loaded, functions, range(runs)))
        if failed:
            yield f"{name} is refused: {', '.join(sorted(failed))}"


def _wrong_answers(wrong: list[Variant], verdicts: list[Verdict]) -> Iterator[str]:
    codes = [variant.code for variant in wrong]
    for code in {code for code in codes if codes.count(code) > 1}:
        yield f"two wrong answers are called {code}"
    for variant, verdict in zip(wrong, verdicts, strict=True):
        if verdict.state == "right":
            yield f"{variant.code} passes"
        elif (verdict.code, verdict.sure) != (variant.code, CERTAIN):
            yield f"{variant.code} is taken for {verdict.code} ({verdict.sure})"


def _idle_claims(loaded: Loaded) -> Iterator[str]:
    """Claims without which every wrong answer would still be refused."""
    cases = [examine(loaded, loaded.with_variant(variant)) for variant in _fresh(loaded)]
    failed = [failed_claims(found) for found in cases]
    alone = [case.failed_claims() for found in cases for case in found]
    for claim in [c.name for c in loaded.claims]:
        if not any(found == {claim} for found in failed):
            yield f'the claim "{claim}" alone refuses no wrong answer'
    for claim in GENERAL:
        if any(claim in found for found in failed) and {claim} not in alone:
            yield f'the claim "{claim}" alone refuses no wrong answer'


# -- arithmetic and oracles -----------------------------------------------------------------------


def _arithmetic(loaded: Loaded) -> Iterator[str]:
    for claim in loaded.claims:
        if claim.by_hand:
            yield from _by_hand(claim, loaded.solution)
        if claim.oracle is not None:
            yield from _against_oracle(claim, loaded.solution)


def _by_hand(claim: Claim, solution: Mapping[str, Any]) -> Iterator[str]:
    """name[index] = ... = arithmetic = result: the result, the arithmetic and the value agree."""
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
            yield f'by_hand of "{claim.name}": {what} is {number}, it says {result}'


def _named(label: str, claim: Claim, solution: Mapping[str, Any]) -> float:
    """The value of rung 0 that label names, as dw[0,1] or a.grad."""
    values = observe(claim, solution, 0, 0).values
    if label in values:
        return float(values[label].array)
    name, _, index = label.rstrip("]").rpartition("[")
    return float(values[name].array[tuple(int(i) for i in index.split(","))])


def _against_oracle(claim: Claim, solution: Mapping[str, Any]) -> Iterator[str]:
    other = Claim(claim.name, claim.oracle or claim.probe)
    for rung in range(claim.rungs):
        mine, theirs = (observe(c, solution, 0, rung) for c in (claim, other))
        if theirs.trouble is not None:
            yield f'the oracle of "{claim.name}" fails: {theirs.trouble.text}'
            continue
        for name, value in theirs.values.items():
            if not _agree(mine.values[name].array, value.array):
                yield f'the oracle of "{claim.name}" has another {name} at size {rung}'


def _agree(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.dtype.kind not in "biufc":
        return a.shape == b.shape and bool((a == b).all())
    largest = np.abs(b[np.isfinite(b)]).max(initial=1e-3)
    return bool(np.allclose(a, b, rtol=ORACLE, atol=ORACLE * largest, equal_nan=True))


# -- messages -------------------------------------------------------------------------------------


def golden_file(folder: Path, exercise: Exercise) -> Path:
    """Where those are kept."""
    return folder / f"{exercise.name}.txt"


def _message(exercise: Exercise, verdict: Verdict) -> list[str]:
    return message.write(verdict, exercise, f"{exercise.name}.py:1", 3)


def _faults(verdict: Verdict, lines: list[str]) -> Iterator[str]:
    """What is not as it should be about a message."""
    if len(lines) > message.LINES or any(len(line) > message.WIDTH for line in lines):
        yield f"the message of {verdict.code} is too long"
    if any(line.strip() == "..." for line in lines):
        yield f"the message of {verdict.code} had to be cut"
    words = f"{verdict.title} {verdict.cause} {verdict.right}"
    if message.in_ascii(words).count("?") > words.count("?"):
        yield f"the message of {verdict.code} holds a sign that is not ASCII"
