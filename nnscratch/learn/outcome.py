"""What a probe saw of some functions: named numbers, changed inputs, an exception.

Stands on NumPy. Two outcomes are compared as numbers are: to rounding, but for what is a choice.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE = 1e-10  # of the largest value expected: what two right formulas may differ by
FAINT = 1e-8  # above TOLERANCE and up to here it cannot be told from rounding
RIGHT, CHOICE, ROUNDING, WRONG = "right", "choice", "rounding", "wrong"


@dataclass(frozen=True)
class Kink:
    """Numbers of which some are a matter of choice: at a tie, or where a slope jumps.

    free: mask of those; low, high: between which any value is right; why: one sentence for people
    """

    values: Any
    free: Any
    low: Any
    high: Any
    why: str


@dataclass(frozen=True)
class Value:
    """One named result as an array; what is no number becomes text."""

    array: np.ndarray
    kink: Kink | None = None
    is_text: bool = False  # else an array of letters is a description

    @classmethod
    def of(cls, given: Any) -> "Value":
        kink = given if isinstance(given, Kink) else None
        given = kink.values if kink else given
        try:
            array = np.asarray(given)
        except ValueError:  # rows of different lengths
            array = np.asarray(None)
        is_text = array.dtype.kind == "U"
        if array.dtype.kind not in "biufcU":
            array = np.asarray(_in_words(given))
        return cls(array, kink, is_text)

    @property
    def in_words(self) -> str:
        """What it is, where it is no number."""
        if not self.is_text:
            return str(self.array)
        return f"the text {str(self.array)[:40]!r}" if self.array.ndim == 0 else "a list of text"

    @property
    def is_number(self) -> bool:
        return self.array.dtype.kind in "biufc"


@dataclass(frozen=True)
class Call:
    """How a function was called: its name and its arguments by name."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Trouble:
    """An exception: its type, what it said, and the line of the learner's file it left.

    inside: whether it came out of the answer itself; else what the answer gave was of no use
    """

    kind: str
    text: str
    line: int | None = None
    inside: bool = True

    def like(self, other: "Trouble") -> bool:
        """Of one type; where a result was of no use, for the same reason."""
        said = self.inside or self.text == other.text
        return (self.kind, self.inside) == (other.kind, other.inside) and said


@dataclass
class Outcome:
    """Named values or trouble; which arguments changed; whether a second run came out alike."""

    values: dict[str, Value] = field(default_factory=dict)
    trouble: Trouble | None = None
    calls: list[Call] = field(default_factory=list)
    touched: tuple[str, ...] = ()
    repeats: bool = True

    @property
    def unwritten(self) -> bool:
        """Whether a stub was met."""
        return self.trouble is not None and self.trouble.kind == "NotImplementedError"

    def like(self, other: "Outcome") -> bool:
        """Whether the two cannot be told apart, choices included."""
        if (self.trouble is None) != (other.trouble is None):
            return False
        if self.trouble is not None and other.trouble is not None:
            return self.trouble.like(other.trouble)
        if (self.touched, self.repeats) != (other.touched, other.repeats):
            return False
        return self.values.keys() == other.values.keys() and all(
            equal(value, other.values[name]) for name, value in self.values.items()
        )


def equal(a: Value, b: Value) -> bool:
    """Whether two values agree to rounding, everywhere."""
    if a.is_number != b.is_number or a.array.shape != b.array.shape:
        return False
    if not a.is_number:
        return bool((a.array == b.array).all())
    return bool((errors(a.array, b.array) <= TOLERANCE).all())


def errors(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """|found − expected| over the largest |expected|, element by element; inf where not finite.

    NaN where NaN is expected, and infinity where the same infinity is, count as 0.
    """
    kind = np.result_type(found, expected, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        found, expected = found.astype(kind), expected.astype(kind)
        finite = np.isfinite(expected)
        largest = np.abs(expected[finite]).max(initial=0.0)
        error = np.abs(found - expected) / (largest or 1.0)
        agree = (found == expected) | (np.isnan(found) & np.isnan(expected))
    return np.where(agree, 0.0, np.where(np.isfinite(error), error, np.inf))


def judge(found: Value, expected: Value) -> np.ndarray | None:
    """Each element as RIGHT, CHOICE, ROUNDING or WRONG; None if the shapes or kinds differ."""
    if found.is_number != expected.is_number or found.array.shape != expected.array.shape:
        return None
    if found.array.dtype.kind == "c" and expected.array.dtype.kind != "c":
        return None
    if not expected.is_number:
        return np.where(found.array == expected.array, RIGHT, WRONG)
    error = errors(found.array, expected.array)
    verdict = np.where(error <= FAINT, ROUNDING, WRONG).astype("<U8")
    kink = expected.kink
    if kink is not None:
        largest = np.abs(expected.array).max(initial=0.0) or 1.0
        slack = TOLERANCE * largest
        between = (found.array >= kink.low - slack) & (found.array <= kink.high + slack)
        verdict[np.broadcast_to(kink.free, verdict.shape) & between] = CHOICE
    verdict[error <= TOLERANCE] = RIGHT
    return verdict


def _in_words(given: Any) -> str:
    if given is None:
        return "None"
    if isinstance(given, np.ndarray):
        return "an array of objects"
    holds = isinstance(given, (list, tuple)) and any(item is None for item in given)
    return f"a {type(given).__name__}{' that holds None' if holds else ''}"
