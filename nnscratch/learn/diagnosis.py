"""What is wrong with an answer, how sure that is, and what is already right.

Stands on `cases`, `generic` and `symptoms`. A cause is *certain* if a known wrong answer gives the
learner's numbers in every case, including the right ones; *likely* if it does so in most of the
failing cases; otherwise it is *unknown*, and the symptoms describe the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from nnscratch.learn import generic, symptoms
from nnscratch.learn.cases import REPEATS, UNTOUCHED, ClaimCase, examine, failed_claims
from nnscratch.learn.exercise import Loaded
from nnscratch.learn.specification import Functions, Variant

MORE_SEEDS = (2, 3, 4)  # a suspected cause, and a right answer, must hold for these as well
CERTAIN, LIKELY, UNKNOWN = "certain", "likely", "unknown"
NOT_ATTEMPTED = "not attempted"
Cases = Sequence[ClaimCase]


@dataclass(frozen=True)
class Diagnosis:
    """The result of an examination.

    state: "right", "wrong" or "not attempted"
    code, title, cause: of the mistake; sure: CERTAIN, LIKELY or UNKNOWN
    case: the smallest failing one; agreed: (cases in which the cause gives the numbers, all cases)
    right: names of claims and values that hold; notes: what could not be decided
    hint: number of the hint that helps
    """

    state: str
    code: str = ""
    title: str = ""
    sure: str = ""
    cause: str = ""
    case: ClaimCase | None = None
    agreed: tuple[int, int] = (0, 0)
    right: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hint: int | None = None
    symptoms: tuple[str, ...] = ()


class Suspect(NamedTuple):
    """A known wrong answer that behaves like the learner's."""

    variant: Variant
    sure: str
    agreed: tuple[int, int]


def diagnose(loaded: Loaded, functions: Functions, file: str | None = None) -> Diagnosis:
    """Whether the functions solve the exercise, and if not, why."""
    cases = examine(loaded, functions, file=file)
    if not failed_claims(cases):  # a mistake may not show with two seeds
        cases += examine(loaded, functions, MORE_SEEDS, file)
    pending = {case.claim.name for case in cases if case.observed.unwritten}
    cases = [case for case in cases if not case.observed.unwritten]
    failed = failed_claims(cases)
    right = tuple(c.name for c in loaded.claims if c.name not in failed | pending)
    if failed:
        mistake = _mistake(loaded, functions, cases, file)
        right += _right_values(cases, failed)
        return replace(mistake, right=right, notes=_notes(cases))
    if pending:
        return Diagnosis(NOT_ATTEMPTED, right=right)
    return Diagnosis("right", right=right, notes=_notes(cases))


def _right_values(cases: Cases, failed: set[str]) -> tuple[str, ...]:
    """The names of values that are right in every case of the failed claims."""
    affected = [case for case in cases if case.claim.name in failed]
    if any(case.observed.raised for case in affected):
        return ()
    names = dict.fromkeys(name for case in affected for name in case.expected.values)
    wrong = {name for case in affected for name in case.wrong_values()}
    return tuple(name for name in names if name not in wrong)


def _notes(cases: Cases) -> tuple[str, ...]:
    wrong = {name for case in cases for name in case.wrong_values()}
    return tuple(dict.fromkeys(note for case in cases for note in case.undecided(wrong)))


def _mistake(loaded: Loaded, functions: Functions, cases: Cases, file) -> Diagnosis:
    """The mistake: a known one if certain, else one that the cases show, else a likely one."""
    failing = [case for case in cases if case.failed_claims()]
    suspect = _suspect(loaded, functions, cases, file)
    shown = _shown(cases)
    if shown is not None and (suspect is None or suspect.sure != CERTAIN):
        return shown
    if suspect is None:
        return _unknown(failing[0], cases)
    case, variant = failing[0], suspect.variant
    if suspect.sure == LIKELY:  # of two mistakes, show a case of the one that is named
        case = next((c for c in failing if _same(loaded, variant, c)), case)
    words = variant.code, variant.title, suspect.sure, variant.cause
    facts = symptoms.read(case, cases) if suspect.sure == LIKELY else ()
    return Diagnosis("wrong", *words, case, suspect.agreed, hint=variant.hint, symptoms=facts)


# -- known wrong answers --------------------------------------------------------------------------


def _suspect(loaded: Loaded, functions: Functions, cases: Cases, file) -> Suspect | None:
    """The exercise's own wrong answer, or the generic one, that is certain or likely."""
    variants = [*loaded.mutants, *generic.known(loaded)]
    first = next(case for case in cases if case.failed_claims())
    more: list[ClaimCase] = []
    for variant in variants:
        own = _own_cases(variant, cases)
        if not any(case is first for case in own) or not _explains(loaded, variant, own):
            continue
        more = more or examine(loaded, functions, MORE_SEEDS, file)
        own += _own_cases(variant, more)
        if _explains(loaded, variant, own) and _is_specific(loaded, variant, own):
            return Suspect(variant, CERTAIN, (len(own), len(own)))
    return _likely(loaded, variants, cases)


def _own_cases(variant: Variant, cases: Cases) -> list[ClaimCase]:
    """The cases that call the function that the variant replaces.

    Another function of the exercise may have a mistake of its own. Calls of classes are not
    recorded, so all cases count for a class.
    """
    written = [case for case in cases if not case.observed.unwritten]
    if isinstance(variant.implementation, type):
        return written
    return [c for c in written if any(call.name == variant.replaces for call in c.observed.calls)]


def _explains(loaded: Loaded, variant: Variant, cases: Cases) -> bool:
    return all(_same(loaded, variant, case) for case in cases)


def _same(loaded: Loaded, variant: Variant, case: ClaimCase) -> bool:
    """Whether the variant gives what the learner's code gave."""
    return loaded.observed(variant, case.claim, case.seed, case.rung).like(case.observed)


def _is_specific(loaded: Loaded, variant: Variant, cases: Cases) -> bool:
    """Whether some wrong numbers agree, or the messages of all exceptions, not only their types."""
    failing = [case for case in cases if case.failed_claims()]
    if any(case.observed.raised is None for case in failing):
        return True
    for case in failing:
        known = loaded.observed(variant, case.claim, case.seed, case.rung).raised
        actual = case.observed.raised
        if known is None or actual is None or known.text != actual.text:
            return False
    return True


def _likely(loaded: Loaded, variants: Sequence[Variant], cases: Cases) -> Suspect | None:
    """The only variant that explains more failing cases than any other, and more than half.

    It must explain cases of two sizes or claims, and more than half of all its cases.
    """
    failing = [c for c in cases if c.failed_claims() and c.observed.raised is None]
    explained = [[case for case in failing if _same(loaded, v, case)] for v in variants]
    counts = [len(same) for same in explained]
    best = max(counts, default=0)
    if best <= len(failing) / 2 or counts.count(best) > 1:
        return None
    variant, same = variants[counts.index(best)], explained[counts.index(best)]
    if len({(case.claim.name, case.rung) for case in same}) < 2:
        return None
    own = _own_cases(variant, cases)
    agreed = sum(_same(loaded, variant, case) for case in own)
    return Suspect(variant, LIKELY, (agreed, len(own))) if agreed > len(own) / 2 else None


# -- unknown mistakes -----------------------------------------------------------------------------


def _shown(cases: Cases) -> Diagnosis | None:
    """State between calls, or a changed argument: the cases show it."""
    for code, claim in (("remembers", REPEATS), ("argument-changed", UNTOUCHED)):
        case = next((c for c in cases if claim in c.failed_claims()), None)
        if case is not None and (code == "remembers" or case.values_right()):
            name = case.observed.calls[0].name if case.observed.calls else "your code"
            title, cause = (text.format(name) for text in generic.KINDS[code][1:])
            agreed = (len(cases), len(cases))
            return Diagnosis("wrong", code, title, CERTAIN, cause, case, agreed)
    return None


def _unknown(failing: ClaimCase, cases: Cases) -> Diagnosis:
    facts, agreed = symptoms.read(failing, cases), (0, len(cases))
    return Diagnosis("wrong", *_fact(failing), UNKNOWN, "", failing, agreed, symptoms=facts)


def _fact(case: ClaimCase) -> tuple[str, str]:
    """A code and a title for what the case shows without a known cause."""
    raised = case.observed.raised
    if raised is not None and not raised.inside:
        return "unusable", f"the result could not be used ({raised.kind}: {raised.text})"
    if raised is not None:
        return "crash", f"{raised.kind}: {raised.text}" if raised.text else raised.kind
    if case.expected.raised is not None:
        return "no-error", f"expected a {case.expected.raised.kind}, but none was raised"
    facts = (_fact_of_value(name, case) for name in case.wrong_values())
    names = ", ".join(case.wrong_values())
    return next((fact for fact in facts if fact), ("values", f"wrong values: {names}"))


def _fact_of_value(name: str, case: ClaimCase) -> tuple[str, str] | None:
    actual, expected = case.observed.values.get(name), case.expected.values[name]
    if actual is None or (not actual.is_number and expected.is_number):
        return "type", f"{name} is {actual.in_words if actual else 'missing'}, expected numbers"
    if actual.is_complex and not expected.is_complex:
        return "complex", f"{name} is complex: a root or a power of a negative number?"
    if actual.array.shape != expected.array.shape:
        shapes = (str(v.array.shape).replace(" ", "") for v in (actual, expected))
        return "shape", "{} has shape {}, expected {}".format(name, *shapes)
    if actual.is_number and not np.isfinite(actual.array).all():
        return "not-finite", f"{name} holds NaN or infinity"
    return None
