"""A diagnosis in words: at most 25 lines of 80 columns, with the smallest failing case first.

Stands on `diagnosis`. The lines contain only ASCII.
"""

import textwrap
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from nnscratch.learn.cases import ClaimCase
from nnscratch.learn.diagnosis import CERTAIN, LIKELY, NOT_ATTEMPTED, Diagnosis
from nnscratch.learn.exercise import Exercise
from nnscratch.learn.observation import FAINT, Value, errors
from nnscratch.learn.probing import observe
from nnscratch.learn.specification import Claim

WIDTH, LINES = 80, 25
NUMBERS = ("values", "not-finite", "complex")  # codes of mistakes that show only in numbers
ROWS = 6  # elements shown
PLAIN = "- x * -> => <- >= <= != sum d sqrt inf 1/2 ~ in +- < > || - ' ' ^ ~ _ floor( ) ..."
FANCY = "−×·→⇒←≥≤≠Σ∂√∞½≈∈±⟨⟩‖–’′\u0302\u0303\u0304⌊⌋…"
SIGNS = dict(zip(FANCY, PLAIN.split(), strict=True))


def write(diagnosis: Diagnosis, exercise: Exercise, where="", hints_left=None) -> list[str]:
    """The lines of a diagnosis; where: the place in the learner's code, as in 11_conv1d.py:23."""
    if diagnosis.state == "right":
        return [
            f"ok {exercise.name}   right",
            *plain(", ".join(diagnosis.right)),
            *(line for note in diagnosis.notes for line in _note(note)),
        ]
    if diagnosis.state == NOT_ATTEMPTED and diagnosis.right:
        head = f"-  {exercise.name}   right so far, but not finished"
        return [head, *plain(f"already right: {'; '.join(diagnosis.right)}")]
    if diagnosis.state == NOT_ATTEMPTED:
        file = where or f"{exercise.name}.py"
        text = f"open {file} and write your code in place of NotImplementedError"
        return [f"-  {exercise.name}   not attempted", *plain(text)]
    parts = _head(diagnosis, exercise, where), _body(diagnosis), _foot(exercise, hints_left)
    return _cut([line for part in parts for line in part])


def plain(text: str) -> list[str]:
    """A sentence below a head line."""
    return [in_ascii(line) for line in wrapped(text, "   ")]


def _note(note: str) -> list[str]:
    return wrapped(f"undecided: {note}. This does not count against you.", "   ")


def _head(diagnosis: Diagnosis, exercise: Exercise, where: str) -> Iterator[str]:
    tag = f"[{diagnosis.code}]"
    start = f"x  {exercise.name}   "
    title = textwrap.shorten(diagnosis.title, 2 * WIDTH, placeholder=" ...")
    if len(start) + len(title) + len(tag) + 2 <= WIDTH:
        yield f"{start}{title}".ljust(WIDTH - len(tag)) + tag
    else:
        yield start.ljust(WIDTH - len(tag)) + tag
        yield from wrapped(title, "   ")
    if where:
        yield from wrapped(f"your code: {where}", "   ")


def _body(diagnosis: Diagnosis) -> Iterator[str]:
    case = diagnosis.case
    if case is not None:
        yield from _case(case)
        yield from _result(case)
    yield from _cause(diagnosis)
    if case is not None and _by_hand_helps(case):
        yield from wrapped(f"by hand: {case.claim.by_hand}", "  ")
    if diagnosis.right:
        yield from wrapped(f"already right: {'; '.join(diagnosis.right)}", "  ", most=2)
    for note in diagnosis.notes[:1]:
        yield from _note(note)


def _by_hand_helps(case: ClaimCase) -> bool:
    """Whether the arithmetic is about a value that is wrong in this case."""
    if case.rung or not case.claim.by_hand:
        return False
    if case.observed.raised is not None:
        return True
    label = _squeezed(case.claim.by_hand.partition("=")[0])
    rows = [row for name in case.wrong_values() for row in _rows(name, case, None)]
    wrong = {_squeezed(row.label) for row in rows if row.error > FAINT}
    return label in wrong or any(name.endswith(".shape") for name in wrong)


def _foot(exercise: Exercise, hints_left: int | None) -> Iterator[str]:
    left = "" if hints_left is None else f" ({hints_left} left)"
    command = f"  next: nnscratch learn hint {exercise.number}{left}"
    source = f"read: {exercise.loaded().reads}"
    if len(command) + len(source) + 3 <= WIDTH:
        yield f"{command}   {source}"
    else:
        yield command
        yield from wrapped(source, "  ", "    ", 2)


# -- the smallest failing case --------------------------------------------------------------------


def _case(case: ClaimCase) -> Iterator[str]:
    size = "smallest failing case" if case.rung == 0 else "failing case"
    yield from wrapped(f'{size} of "{case.claim.name}":', "  ", most=2)
    for call in (case.observed.calls or case.expected.calls)[:1]:
        arguments = ", ".join(f"{key}={in_short(value)}" for key, value in call.arguments.items())
        yield from wrapped(f"{call.name}({arguments})", "    ", "      ", 3)


def in_short(value: Any) -> str:
    """A value as in source code: small arrays in full, large ones by dtype and shape."""
    if isinstance(value, np.ndarray) and value.size <= 12:
        small = value.dtype.kind in "fc" and (np.abs(value[value != 0]) <= 5e-5).any()
        text = np.array2string(value, separator=",", precision=4, suppress_small=not small)
        return _squeezed(text).replace(".,", ",").replace(".]", "]")
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} {_squeezed(value.shape)}>"
    if callable(value):
        return getattr(value, "__name__", "a function")
    if isinstance(value, float):
        return f"{value:g}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _squeezed(value: Any) -> str:
    """The text without spaces and line breaks."""
    return "".join(str(value).split())


# -- the result -----------------------------------------------------------------------------------


class TableRow(NamedTuple):
    """A line of the table; error: relative to the largest expected value."""

    label: str
    yours: str
    expected: str
    oracle: str = ""
    error: float = np.inf


def _result(case: ClaimCase) -> Iterator[str]:
    raised, expected = case.observed.raised, case.expected.raised
    if raised is not None:
        line = f" in line {raised.line}" if raised.line else ""
        text = f"{raised.kind}{line}: {raised.text or 'no message'}"
        yield from wrapped(text, "    ", most=3)
        if expected is not None:
            yield f"    expected: {expected.kind}"
    elif expected is not None:
        yield f"    expected: {expected.kind}; your code returned a result"
    elif case.values_right():
        yield from (f"    the call changed {a}" for a in case.observed.changed_arguments[:2])
    else:
        yield from _table(case)


def _table(case: ClaimCase) -> Iterator[str]:
    oracle = _oracle(case)
    column = case.claim.oracle.__name__.strip("_") if oracle and case.claim.oracle else ""
    rows = [row for name in case.wrong_values() for row in _rows(name, case, oracle.get(name))]
    worst = max(rows, key=lambda row: row.error)
    width = max(7, *(len(row.label) for row in rows))
    yield f"    {'element':<{width}} {'yours':>12} {'expected':>12} {column:>12}".rstrip()
    for row in _chosen(rows, worst):
        mark = "   <- worst" if row.label == worst.label and len(rows) > 1 else ""
        mark = mark if row.error > FAINT else "   ok"
        line = f"    {row.label:<{width}} {row.yours:>12} {row.expected:>12} {row.oracle:>12}"
        yield f"{line.rstrip()}{mark}"[:WIDTH]
    if len(rows) > ROWS:
        wrong = sum(row.error > FAINT for row in rows)
        yield f"    ... {wrong} of {len(rows)} are wrong"


def _rows(name: str, case: ClaimCase, oracle: Value | None) -> list[TableRow]:
    """A row for each element of a value; one row where the shapes or kinds differ."""
    actual, expected = case.observed.values.get(name), case.expected.values[name]
    if actual is None:
        return [TableRow(name, "missing", _word(expected.array))]
    if not actual.is_number or not expected.is_number:
        return [TableRow(name, _word(actual.array), _word(expected.array))]
    if actual.array.shape != expected.array.shape:
        yours, wanted = (_squeezed(value.array.shape) for value in (actual, expected))
        return [TableRow(f"{name}.shape", yours, wanted)]
    error = errors(actual.array, expected.array)
    text = _all_digits if _look_alike(actual.array, expected.array, error) else number
    numeric = oracle.array if oracle is not None and oracle.array.shape == error.shape else None
    return [
        TableRow(
            f"{name}[{','.join(map(str, at))}]" if at else name,
            text(actual.array[at]),
            text(expected.array[at]),
            "" if numeric is None else text(numeric[at]),
            float(error[at]),
        )
        for at in np.ndindex(error.shape)
    ]


def _look_alike(actual: np.ndarray, expected: np.ndarray, error: np.ndarray) -> bool:
    """Whether four digits would hide a difference."""
    pairs = zip(actual[error > FAINT].flat, expected[error > FAINT].flat, strict=True)
    return any(number(a) == number(b) for a, b in pairs)


def _chosen(rows: list[TableRow], worst: TableRow) -> list[TableRow]:
    """The worst row and its neighbours, in order."""
    start = min(max(0, rows.index(worst) - ROWS // 2), max(0, len(rows) - ROWS))
    return rows[start : start + ROWS]


def _oracle(case: ClaimCase) -> dict[str, Value]:
    if case.claim.oracle is None:
        return {}
    oracle = Claim(case.claim.name, case.claim.oracle)
    return observe(oracle, case.solution, case.seed, case.rung).values


def _word(array: np.ndarray) -> str:
    return str(array.item())[:12] if array.ndim == 0 else f"shape {_squeezed(array.shape)}"


def number(value: Any) -> str:
    """Four decimals for usual sizes, otherwise powers of ten."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, complex) or not np.isfinite(value):
        return f"{value:.4g}"
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.4e}"
    return f"{value:.4f}"


def _all_digits(value: Any) -> str:
    """All digits that fit into a column."""
    value = value.item() if isinstance(value, np.generic) else value
    return f"{value:.9g}" if isinstance(value, float) else number(value)


# -- the cause ------------------------------------------------------------------------------------


def _cause(diagnosis: Diagnosis) -> Iterator[str]:
    same, of = diagnosis.agreed
    if diagnosis.sure == CERTAIN and diagnosis.code in ("remembers", "argument-changed"):
        yield "  cause (certain: the check observed it)"
    elif diagnosis.sure in (CERTAIN, LIKELY):
        gives = f"this mistake gives your numbers in {same} of {of} cases"
        yield f"  cause ({diagnosis.sure}: {gives})"
    else:
        does = "gives these numbers" if diagnosis.code in NUMBERS else "does this"
        yield f"  cause: unknown, none of the known mistakes {does}"
    yield from wrapped(diagnosis.cause, "    ", most=5)
    for symptom in diagnosis.symptoms:
        yield from wrapped(f"observed: {symptom}", "    ", "      ", 2)


# -- lines ----------------------------------------------------------------------------------------


def wrapped(text: str, first: str, rest: str = "", most: int | None = 4) -> list[str]:
    """Lines of at most 80 columns, indented by `first` and from the second line on by `rest`."""
    wrapper = textwrap.TextWrapper(WIDTH, first, rest or first, break_on_hyphens=False)
    wrapper.max_lines, wrapper.placeholder = most, " ..."
    return wrapper.wrap(text)


def _cut(lines: list[str]) -> list[str]:
    """At most 25 lines; "..." before the last one stands for those that were cut."""
    lines = [in_ascii(line)[:WIDTH] for line in lines]
    if len(lines) <= LINES:
        return lines
    return [*lines[: LINES - 2], "  ...", lines[-1]]


def in_ascii(text: str) -> str:
    """The text in ASCII; a sign without a plain form becomes ?."""
    return "".join(c if c.isascii() else _plain_sign(c) for c in text)


def _plain_sign(sign: str) -> str:
    """× -> x, α -> alpha, ₁ -> 1, ² -> ^2."""
    if sign in SIGNS:
        return SIGNS[sign]
    name = unicodedata.name(sign, "")
    if name.startswith("GREEK"):
        return name.rpartition(" ")[2].lower()
    raised = "^" if unicodedata.decomposition(sign).startswith("<super>") else ""
    parts = unicodedata.normalize("NFKD", sign)
    return "?" if parts == sign else raised + in_ascii(parts)
