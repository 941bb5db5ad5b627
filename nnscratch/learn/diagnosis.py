"""What is wrong with an answer, how sure that is, and what is right already.

Stands on `cases`, `generic` and `clues`. A cause is *certain* where a known wrong answer gives
the learner's numbers in every case, right ones included; *likely* where it does so in most of the
failing cases; else it is *unknown*, and clues say what the numbers themselves show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnscratch.learn import clues, generic
from nnscratch.learn.cases import REPEATS, UNTOUCHED, Case, examine, failed_claims
from nnscratch.learn.claims import Variant
from nnscratch.learn.exercise import Loaded

MORE_SEEDS = (2, 3, 4)  # on which a suspected cause, and a right answer, must hold as well
CERTAIN, LIKELY, UNKNOWN = "certain", "likely", "unknown"
NOT_ATTEMPTED = "not attempted"


@dataclass(frozen=True)
class Verdict:
    """The result of an examination.

    state: "right", "wrong" or "not attempted"
    code, title, cause: of the mistake; sure: CERTAIN, LIKELY or UNKNOWN
    case: the smallest that fails; agreed: in how many of how many cases the cause gives the numbers
    right: names of claims that hold; notes: what could not be decided; hint: which one helps
    """

    state: str
    code: str = ""
    title: str = ""
    sure: str = ""
    cause: str = ""
    case: Case | None = None
    agreed: tuple[int, int] = (0, 0)
    right: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hint: int | None = None
    clues: tuple[str, ...] = field(default=())


def _right_values(cases: Sequence[Case], failed: set[str]) -> tuple[str, ...]:
    """The names of values that came out right in every case of the claims that failed."""
    looked = [c for c in cases if c.claim.name in failed]
    if any(case.found.trouble for case in looked):
        return ()
    names = dict.fromkeys(name for case in looked for name in case.expected.values)
    return tuple(n for n in names if not any(n in case.wrong_values() for case in looked))


def diagnose(loaded: Loaded, functions: Mapping[str, Any], file: str | None = None) -> Verdict:
    """Whether the functions do what the exercise asks, and if not, why."""
    everything = examine(loaded, functions, file=file)
    if not failed_claims(everything):  # on two seeds a mistake may have been lucky
        everything += examine(loaded, functions, MORE_SEEDS, file)
    cases = [case for case in everything if not case.found.unwritten]
    pending = {case.claim.name for case in everything if case.found.unwritten}
    failed = failed_claims(cases)
    holds = tuple(c.name for c in loaded.claims if c.name not in failed | pending)
    if pending and not failed:
        return Verdict(NOT_ATTEMPTED, right=holds)
    if failed:
        holds += _right_values(cases, failed)
    wrong = {name for case in cases for name in case.wrong_values()}
    notes = tuple(dict.fromkeys(note for case in cases for note in case.undecided(wrong)))
    if not failed:
        return Verdict("right", right=holds, notes=notes)
    failing = next(case for case in cases if case.failed_claims())
    found = _reproduced(loaded, functions, cases, file)
    if found is None or found[1] != CERTAIN:
        seen = _seen(cases, holds, notes)
        if seen is not None:
            return seen
    if found is None:
        return _unknown(failing, cases, holds, notes)
    variant, sure, agreed = found
    if sure == LIKELY:  # of two mistakes, the case is to show the one that is named
        explained = (c for c in cases if c.failed_claims() and _same(loaded, variant, c))
        failing = next(explained, failing)
    return Verdict(
        "wrong",
        variant.code,
        variant.title,
        sure,
        variant.cause,
        failing,
        agreed,
        holds,
        notes,
        variant.hint,
        clues.read(failing, cases) if sure == LIKELY else (),
    )


# -- known wrong answers --------------------------------------------------------------------------


def suspects(loaded: Loaded) -> list[Variant]:
    """The exercise's own wrong answers, then those that any function may have."""
    return [*loaded.mutants, *generic.known(loaded)]


def _reproduced(
    loaded: Loaded, functions: Mapping[str, Any], cases: Sequence[Case], file: str | None
) -> tuple[Variant, str, tuple[int, int]] | None:
    """The wrong answer that does what the learner's does, if one is certain or likely."""
    wrong = suspects(loaded)
    first = next(case for case in cases if case.failed_claims())
    more: list[Case] = []
    for variant in wrong:
        own = _own_cases(variant, cases)
        if not any(case is first for case in own) or not _gives(loaded, variant, own):
            continue
        more = more or examine(loaded, functions, MORE_SEEDS, file)
        own += _own_cases(variant, more)
        if _gives(loaded, variant, own) and _told_apart(loaded, variant, own):
            return variant, CERTAIN, (len(own), len(own))
    return _likely(loaded, wrong, cases)


def _own_cases(variant: Variant, cases: Sequence[Case]) -> list[Case]:
    """Those that show something of the function that the variant stands for.

    Another function of the exercise may have a mistake of its own. The calls of classes are not
    recorded: of those, all cases count.
    """
    written = [case for case in cases if not case.found.unwritten]
    if isinstance(variant.implementation, type):
        return written
    return [c for c in written if any(call.name == variant.replaces for call in c.found.calls)]


def _gives(loaded: Loaded, variant: Variant, cases: Sequence[Case]) -> bool:
    """Whether the variant comes out as the learner's code did, in every case."""
    return all(_same(loaded, variant, case) for case in cases)


def _told_apart(loaded: Loaded, variant: Variant, cases: Sequence[Case]) -> bool:
    """Whether more than the type of an exception agrees: some wrong number, or what all said."""
    failing = [case for case in cases if case.failed_claims()]
    if any(case.found.trouble is None for case in failing):
        return True
    seen = [loaded.observed(variant, c.claim, c.seed, c.rung).trouble for c in failing]
    pairs = zip(seen, failing, strict=True)
    return all(t and c.found.trouble and t.text == c.found.trouble.text for t, c in pairs)


def _same(loaded: Loaded, variant: Variant, case: Case) -> bool:
    return loaded.observed(variant, case.claim, case.seed, case.rung).like(case.found)


def _likely(
    loaded: Loaded, wrong: Sequence[Variant], cases: Sequence[Case]
) -> tuple[Variant, str, tuple[int, int]] | None:
    """The one that explains most of the failing cases, if it is one, and more than half."""
    failing = [c for c in cases if c.failed_claims() and c.found.trouble is None]
    if not failing:
        return None
    explained = [[case for case in failing if _same(loaded, v, case)] for v in wrong]
    counts = [len(same) for same in explained]
    best = max(counts, default=0)
    if best <= len(failing) / 2 or counts.count(best) > 1:
        return None
    variant, same = wrong[counts.index(best)], explained[counts.index(best)]
    if len({(case.claim.name, case.rung) for case in same}) < 2:  # of one size, it may be chance
        return None
    own = _own_cases(variant, cases)
    agreed = sum(_same(loaded, variant, case) for case in own)
    return (variant, LIKELY, (agreed, len(own))) if agreed > len(own) / 2 else None


# -- mistakes in no list --------------------------------------------------------------------------


def _seen(cases: Sequence[Case], holds: tuple[str, ...], notes: tuple[str, ...]) -> Verdict | None:
    """A memory, or a changed argument, which the cases show directly."""
    for code, general in (("remembers", REPEATS), ("argument-changed", UNTOUCHED)):
        case = next((c for c in cases if general in c.failed_claims()), None)
        if case is not None and (code == "remembers" or case.values_right()):
            name = case.found.calls[0].name if case.found.calls else "your code"
            title, cause = (text.format(name) for text in generic.KINDS[code][1:])
            agreed = (len(cases), len(cases))
            return Verdict("wrong", code, title, CERTAIN, cause, case, agreed, holds, notes)
    return None


def _unknown(
    failing: Case, cases: Sequence[Case], holds: tuple[str, ...], notes: tuple[str, ...]
) -> Verdict:
    """What is plain to see is said; the cause is not known."""
    code, title = _fact(failing)
    return Verdict(
        "wrong",
        code,
        title,
        UNKNOWN,
        "",
        failing,
        (0, len(cases)),
        holds,
        notes,
        None,
        clues.read(failing, cases),
    )


def _fact(case: Case) -> tuple[str, str]:
    """A code and a line for what is plain to see."""
    trouble = case.found.trouble
    if trouble is not None and not trouble.inside:
        return "unusable", f"what came back could not be used ({trouble.kind}: {trouble.text})"
    if trouble is not None:
        return "crash", f"{trouble.kind}: {trouble.text}" if trouble.text else trouble.kind
    if case.expected.trouble is not None:
        return "no-error", f"a {case.expected.trouble.kind} was expected, and none came"
    for name in case.wrong_values():
        found, expected = case.found.values.get(name), case.expected.values[name]
        if found is None or (not found.is_number and expected.is_number):
            return "type", f"{name} is {found.in_words if found else 'missing'}, expected numbers"
        if found.array.dtype.kind == "c" and expected.array.dtype.kind != "c":
            return "complex", f"{name} holds complex numbers: a root or a power of one below 0?"
        if found.array.shape != expected.array.shape:
            got, wanted = (_shape(v.array) for v in (found, expected))
            return "shape", f"{name} has shape {got}, expected {wanted}"
        if found.is_number and not np.isfinite(found.array).all():
            return "not-finite", f"{name} holds NaN or infinity"
    return "values", f"{', '.join(case.wrong_values())} came out wrong"


def _shape(array: np.ndarray) -> str:
    return str(array.shape).replace(" ", "")
