"""What was observed when a probe ran: named values, changed arguments, an exception.

Stands on NumPy. Observations are compared up to rounding, except where several answers are valid.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE = 1e-10  # relative to the largest expected value; two correct formulas may differ by it
FAINT = 1e-8  # errors between TOLERANCE and this cannot be told from rounding
RIGHT, CHOICE, ROUNDING, WRONG = "right", "choice", "rounding", "wrong"


@dataclass(frozen=True)
class Kink:
    """Values of which some may be chosen freely: at a tie, or where a slope jumps.

    free: mask of those values; low, high: any value between them is right
    why: one sentence that is shown to the learner
    """

    values: Any
    free: Any
    low: Any
    high: Any
    why: str


@dataclass(frozen=True)
class Value:
    """One named result as an array; anything that is not numeric becomes text."""

    array: np.ndarray
    kink: Kink | None = None
    is_text: bool = False  # False: an array of letters describes the result

    @classmethod
    def of(cls, result: Any) -> "Value":
        kink = result if isinstance(result, Kink) else None
        result = kink.values if kink else result
        try:
            array = np.asarray(result)
        except ValueError:  # rows of different lengths
            array = np.asarray(None)
        is_text = array.dtype.kind == "U"
        if array.dtype.kind not in "biufcU":
            array = np.asarray(_description(result))
        return cls(array, kink, is_text)

    @property
    def in_words(self) -> str:
        """A description of a value that is not numeric."""
        if not self.is_text:
            return str(self.array)
        return f"the text {str(self.array)[:40]!r}" if self.array.ndim == 0 else "a list of text"

    @property
    def is_number(self) -> bool:
        return self.array.dtype.kind in "biufc"

    @property
    def is_complex(self) -> bool:
        return self.array.dtype.kind == "c"


def _description(result: Any) -> str:
    if result is None:
        return "None"
    if isinstance(result, np.ndarray):
        return "an array of objects"
    holds_none = isinstance(result, (list, tuple)) and any(item is None for item in result)
    return f"a {type(result).__name__}{' that contains None' if holds_none else ''}"


@dataclass(frozen=True)
class Call:
    """A call of a function: its name and its arguments by name."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Raised:
    """An exception: its type, its message, and the last line of the learner's file it passed.

    inside: the learner's code raised it; False: the probe could not use what the code returned
    """

    kind: str
    text: str
    line: int | None = None
    inside: bool = True

    def like(self, other: "Raised") -> bool:
        """Whether both have the same type; if a result was unusable, also the same message."""
        if (self.kind, self.inside) != (other.kind, other.inside):
            return False
        return self.inside or self.text == other.text


@dataclass
class Observation:
    """Named values or an exception, the arguments that changed, and whether a rerun agreed."""

    values: dict[str, Value] = field(default_factory=dict)
    raised: Raised | None = None
    calls: list[Call] = field(default_factory=list)
    changed_arguments: tuple[str, ...] = ()
    repeatable: bool = True

    @property
    def unwritten(self) -> bool:
        """Whether a stub was called."""
        return self.raised is not None and self.raised.kind == "NotImplementedError"

    def like(self, other: "Observation") -> bool:
        """Whether both agree in everything, free choices included."""
        if self.raised is not None and other.raised is not None:
            return self.raised.like(other.raised)
        mine, others = (
            (o.raised, o.changed_arguments, o.repeatable, o.values.keys()) for o in (self, other)
        )
        return mine == others and all(
            equal(value, other.values[name]) for name, value in self.values.items()
        )


# -- comparison -----------------------------------------------------------------------------------


def equal(a: Value, b: Value) -> bool:
    """Whether two values agree up to rounding."""
    if a.is_number != b.is_number or a.array.shape != b.array.shape:
        return False
    if not a.is_number:
        return bool((a.array == b.array).all())
    return bool((errors(a.array, b.array) <= TOLERANCE).all())


def errors(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """|actual - expected| / max |expected|, element by element; inf where actual is not finite.

    The error is 0 where both are NaN or the same infinity.
    """
    kind = np.result_type(actual, expected, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        actual, expected = actual.astype(kind), expected.astype(kind)
        finite = np.isfinite(expected)
        largest = np.abs(expected[finite]).max(initial=0.0)
        error = np.abs(actual - expected) / (largest or 1.0)
        agree = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    return np.where(agree, 0.0, np.where(np.isfinite(error), error, np.inf))


def judge(actual: Value, expected: Value) -> np.ndarray | None:
    """RIGHT, CHOICE, ROUNDING or WRONG for each element; None if the shapes or kinds differ."""
    if actual.is_number != expected.is_number or actual.array.shape != expected.array.shape:
        return None
    if actual.is_complex and not expected.is_complex:
        return None
    if not expected.is_number:
        return np.where(actual.array == expected.array, RIGHT, WRONG)
    error = errors(actual.array, expected.array)
    verdict = np.where(error <= FAINT, ROUNDING, WRONG).astype("<U8")
    kink = expected.kink
    if kink is not None:
        slack = TOLERANCE * (np.abs(expected.array).max(initial=0.0) or 1.0)
        valid = (actual.array >= kink.low - slack) & (actual.array <= kink.high + slack)
        verdict[np.broadcast_to(kink.free, verdict.shape) & valid] = CHOICE
    verdict[error <= TOLERANCE] = RIGHT
    return verdict
