"""A verdict in words: at most 25 lines of 80 columns, the smallest failing case first.

Stands on `diagnosis`. Only letters that every terminal has.
"""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnscratch.learn.cases import Case
from nnscratch.learn.claims import Claim, observe
from nnscratch.learn.diagnosis import CERTAIN, LIKELY, NOT_ATTEMPTED, Verdict
from nnscratch.learn.exercise import Exercise
from nnscratch.learn.outcome import FAINT, Call, Value, errors

WIDTH, LINES = 80, 25
NUMBERS = ("values", "not-finite", "complex")  # codes of what only shows in numbers
ROWS = 6  # elements shown
PLAIN = "- x * -> => <- >= <= != sum d sqrt inf 1/2 ~ in +- < > || - ' ' ^ ~ _ floor( ) ..."
FANCY = "−×·→⇒←≥≤≠Σ∂√∞½≈∈±⟨⟩‖–’′\u0302\u0303\u0304⌊⌋…"
SIGNS = dict(zip(FANCY, PLAIN.split(), strict=True))


def write(
    verdict: Verdict, exercise: Exercise, where: str = "", hints_left: int | None = None
) -> list[str]:
    """The lines of a verdict; where: of the learner's code, as in 11_conv1d.py:23."""
    if verdict.state == NOT_ATTEMPTED and verdict.right:
        return [
            f"-  {exercise.name}   right so far, not all of it is written",
            *_wrapped(f"   already right: {'; '.join(verdict.right)}", "   "),
        ]
    if verdict.state == NOT_ATTEMPTED:
        return [
            f"-  {exercise.name}   not attempted",
            *_wrapped(
                f"   open {where or exercise.name + '.py'}, and put your code where it says "
                "NotImplementedError",
                "   ",
            ),
        ]
    if verdict.state == "right":
        return [
            f"ok {exercise.name}   right",
            *_wrapped(f"   {', '.join(verdict.right)}", "   "),
            *(line for note in verdict.notes for line in _note(note)),
        ]
    return _cut([*_head(verdict, exercise, where), *_body(verdict), *_foot(exercise, hints_left)])


def plain(text: str) -> list[str]:
    """A sentence under a head line."""
    return [in_ascii(line) for line in _wrapped(text, "   ", "   ")]


def _note(note: str) -> list[str]:
    return _wrapped(f"   cannot be decided here: {note}. Not counted against you.", "   ")


def _head(verdict: Verdict, exercise: Exercise, where: str) -> Iterator[str]:
    tag = f"[{verdict.code}]"
    start = f"x  {exercise.name}   "
    title = textwrap.shorten(verdict.title, 2 * WIDTH, placeholder=" ...")
    if len(start) + len(title) + len(tag) + 2 <= WIDTH:
        yield f"{start}{title}".ljust(WIDTH - len(tag)) + tag
    else:
        yield f"{start}".ljust(WIDTH - len(tag)) + tag
        yield from _wrapped(f"   {title}", "   ")
    if where:
        yield from _wrapped(f"{where} (your code ran, and no other)", "   ")


def _body(verdict: Verdict) -> Iterator[str]:
    case = verdict.case
    if case is not None:
        yield from _case(case)
        yield from _seen(case)
    yield from _cause(verdict)
    if case is not None and _by_hand_helps(case):
        yield from _wrapped(f"by hand: {case.claim.by_hand}", "  ", "  ")
    if verdict.right:
        yield from _wrapped(f"already right: {'; '.join(verdict.right)}", "  ", "  ", 2)
    for note in verdict.notes[:1]:
        yield from _note(note)


def _by_hand_helps(case: Case) -> bool:
    """Whether the arithmetic is of a value that came out wrong in this case."""
    if case.rung or not case.claim.by_hand or case.found.trouble is not None:
        return bool(case.rung == 0 and case.claim.by_hand)
    label = "".join(case.claim.by_hand.partition("=")[0].split())
    rows = [row for name in case.wrong_values() for row in _rows(name, case, None)]
    wrong = {row[0].replace(" ", "") for row in rows if row[4] > FAINT}
    return label in wrong or any(name.endswith(".shape") for name in wrong)


def _foot(exercise: Exercise, hints_left: int | None) -> Iterator[str]:
    left = "" if hints_left is None else f" ({hints_left} left)"
    following, source = f"  next: nnscratch learn hint {exercise.number}{left}", "read: "
    source += exercise.loaded().reads
    if len(following) + len(source) + 3 <= WIDTH:
        yield f"{following}   {source}"
    else:
        yield following
        yield from _wrapped(source, "  ", "    ", 2)


# -- the smallest failing case --------------------------------------------------------------------


def _case(case: Case) -> Iterator[str]:
    claim = case.claim.name
    size = "smallest failing case" if case.rung == 0 else "failing case"
    yield from _wrapped(f'{size}, of "{claim}":', "  ", "  ", 2)
    for call in _told(case.found.calls or case.expected.calls):
        yield from _wrapped(call, "    ", "      ", 3)


def _told(calls: Sequence[Call]) -> Iterator[str]:
    for call in calls[:1]:
        arguments = ", ".join(f"{key}={in_short(value)}" for key, value in call.arguments.items())
        yield f"{call.name}({arguments})"


def in_short(value: Any) -> str:
    """A value as one would write it: small arrays in full, large ones by their shape."""
    if isinstance(value, np.ndarray):
        if value.size <= 12:
            text = np.array2string(value, separator=",", precision=4, suppress_small=_usual(value))
            return (
                " ".join(text.split())
                .replace(", ", ",")
                .replace(" ", "")
                .replace(".,", ",")
                .replace(".]", "]")
            )
        return f"<{value.dtype} {str(value.shape).replace(' ', '')}>"
    if callable(value):
        return getattr(value, "__name__", "a function")
    if isinstance(value, float):
        return f"{value:g}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _usual(array: np.ndarray) -> bool:
    """Whether no number is so small that four digits behind the point would hide it."""
    sizes = np.abs(array[array != 0]) if array.dtype.kind in "fc" else np.ones(1)
    return bool((sizes > 5e-5).all())


# -- what came of it ------------------------------------------------------------------------------


def _seen(case: Case) -> Iterator[str]:
    found, expected = case.found, case.expected
    if found.trouble is not None:
        line = f" in line {found.trouble.line}" if found.trouble.line else ""
        text = f"{found.trouble.kind}{line}: {found.trouble.text or 'no message'}"
        yield from _wrapped(text, "    ", "    ", 3)
        if expected.trouble is not None:
            yield f"    expected: {expected.trouble.kind}"
        return
    if expected.trouble is not None:
        yield f"    expected: {expected.trouble.kind}; your code gave an answer"
        return
    if case.values_right():
        for name in found.touched[:2]:
            yield f"    {name} is another array afterwards"
        return
    yield from _table(case)


def _table(case: Case) -> Iterator[str]:
    oracle = _oracle(case.claim, case)
    names = case.wrong_values()
    column = case.claim.oracle.__name__.strip("_") if oracle and case.claim.oracle else ""
    rows = [row for name in names for row in _rows(name, case, oracle.get(name))]
    wide = max([len(row[0]) for row in rows] + [7])
    yield f"    {'element':<{wide}} {'yours':>12} {'expected':>12} {column:>12}".rstrip()
    worst = max(rows, key=lambda row: row[4])
    for label, yours, right, numeric, error in _chosen(rows, worst):
        mark = "   <- worst" if label == worst[0] and len(rows) > 1 else ""
        mark = mark if error > FAINT else "   ok"
        line = f"    {label:<{wide}} {yours:>12} {right:>12} {numeric:>12}".rstrip()
        yield f"{line}{mark}"[:WIDTH]
    if len(rows) > ROWS:
        wrong = sum(row[4] > FAINT for row in rows)
        yield f"    ... {wrong} of {len(rows)} are wrong"


Row = tuple[str, str, str, str, float]


def _rows(name: str, case: Case, oracle: Value | None) -> list[Row]:
    """Label, yours, expected, oracle, error: of elements, of the whole where shapes differ."""
    found, expected = case.found.values.get(name), case.expected.values[name]
    if found is None:
        return [(name, "missing", _word(expected.array), "", np.inf)]
    if not found.is_number or not expected.is_number:
        return [(name, _word(found.array), _word(expected.array), "", np.inf)]
    if found.array.shape != expected.array.shape:
        got, wanted = (str(v.array.shape).replace(" ", "") for v in (found, expected))
        return [(f"{name}.shape", got, wanted, "", np.inf)]
    error = errors(found.array, expected.array)
    shown = _fine if _look_alike(found.array, expected.array, error) else number
    given = oracle.array if oracle is not None and oracle.array.shape == error.shape else None
    return [
        (
            f"{name}[{','.join(map(str, at))}]" if at else name,
            shown(found.array[at]),
            shown(expected.array[at]),
            "" if given is None else shown(given[at]),
            float(error[at]),
        )
        for at in np.ndindex(error.shape)
    ]


def _look_alike(found: np.ndarray, expected: np.ndarray, error: np.ndarray) -> bool:
    """Whether four digits would hide what is wrong."""
    pairs = zip(found[error > FAINT].flat, expected[error > FAINT].flat, strict=True)
    return any(number(a) == number(b) for a, b in pairs)


def _fine(value: Any) -> str:
    """All the digits that fit a column."""
    value = value.item() if isinstance(value, np.generic) else value
    return f"{value:.9g}" if isinstance(value, float) else number(value)


def _chosen(rows: list[Row], worst: Row) -> list[Row]:
    """The worst and its neighbours, in order."""
    if len(rows) <= ROWS:
        return rows
    at = rows.index(worst)
    start = min(max(0, at - ROWS // 2), len(rows) - ROWS)
    return rows[start : start + ROWS]


def _oracle(claim: Claim, case: Case) -> dict[str, Value]:
    if claim.oracle is None:
        return {}
    other = Claim(claim.name, claim.oracle)
    return observe(other, case.solution, case.seed, case.rung).values


def _word(array: np.ndarray) -> str:
    if array.ndim == 0:
        return str(array.item())[:12]
    return f"shape {str(array.shape).replace(' ', '')}"


def number(value: Any) -> str:
    """Four digits behind the point for usual sizes, else powers of ten."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, complex) or not np.isfinite(value):
        return f"{value:.4g}"
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.4e}"
    return f"{value:.4f}"


# -- why ------------------------------------------------------------------------------------------


def _cause(verdict: Verdict) -> Iterator[str]:
    same, of = verdict.agreed
    if verdict.sure == CERTAIN and verdict.code in ("remembers", "argument-changed"):
        yield "  cause (certain: it was seen to happen)"
    elif verdict.sure == CERTAIN:
        yield f"  cause (certain: this mistake gives your numbers in {same} of {of} cases)"
    elif verdict.sure == LIKELY:
        yield f"  cause (likely: this mistake gives your numbers in {same} of {of} cases)"
    else:
        does = "gives these numbers" if verdict.code in NUMBERS else "does this"
        yield f"  cause: unknown, none of the known mistakes {does}"
    yield from _wrapped(verdict.cause, "    ", "    ", 5)
    for clue in verdict.clues:
        yield from _wrapped(f"seen: {clue}", "    ", "      ", 2)


def _wrapped(text: str, first: str, rest: str = "", most: int = 4) -> list[str]:
    """Lines of at most 80 columns; `first` stands before the first, `rest` before the others."""
    if not text:
        return []
    return textwrap.wrap(
        text.strip() if first.strip() == "" else text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest or first,
        max_lines=most,
        placeholder=" ...",
        break_on_hyphens=False,
    )


def _cut(lines: list[str]) -> list[str]:
    """At most 25 lines: what is cut stands before the last, and is said."""
    lines = [in_ascii(line)[:WIDTH] for line in lines]
    if len(lines) <= LINES:
        return lines
    return [*lines[: LINES - 2], "  ...", lines[-1]]


def in_ascii(text: str) -> str:
    """The text in signs that every terminal has; what has no plain form becomes ?."""
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
