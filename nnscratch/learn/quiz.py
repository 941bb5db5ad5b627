"""Questions whose answers are computed: each option is a prediction, the program runs the test.

Stands on nothing; `questions` has the questions. No answer is written down anywhere: the right
option is the one whose prediction agrees with what was computed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LETTERS = "abcdef"
ROUNDING = 1e-9  # of numbers of size 1
Computed = Mapping[str, Any]  # named numbers, texts and lists of them


@dataclass(frozen=True)
class Option:
    """What may be chosen, and whether it agrees with what was computed."""

    text: str
    holds: Callable[[Computed], bool]


def predicts(name: str, value: Any) -> Callable[[Computed], bool]:
    """The prediction that what was computed under `name` is `value`, floats to rounding."""

    def holds(computed: Computed) -> bool:
        found = computed[name]
        return abs(found - value) < ROUNDING if isinstance(value, float) else found == value

    return holds


@dataclass(frozen=True)
class Question:
    """One question.

    topic: of the course; text: what is asked; options: of which exactly one holds
    compute: runs the demonstration -> named numbers, of which `show` makes the deciding lines
    why: one or two sentences to remember
    """

    topic: str
    text: str
    options: tuple[Option, ...]
    compute: Callable[[], Computed]
    show: Callable[[Computed], Sequence[str]]
    why: str

    @property
    def letters(self) -> str:
        """Those of its options, as in abcd."""
        return LETTERS[: len(self.options)]


@dataclass(frozen=True)
class Shown:
    """A question after its demonstration ran: what holds, the deciding lines, all numbers."""

    right: str
    lines: tuple[str, ...]
    numbers: Computed


def demonstrate(question: Question) -> Shown:
    """Run it. Raises ValueError unless exactly one option agrees with the numbers."""
    computed = question.compute()
    holding = [
        letter
        for letter, option in zip(question.letters, question.options, strict=True)
        if option.holds(computed)
    ]
    if len(holding) != 1:
        raise ValueError(
            f"quiz: expected one option to hold of '{question.text}', got {holding}; computed "
            f"{dict(computed)}"
        )
    return Shown(holding[0], tuple(question.show(computed)), computed)
