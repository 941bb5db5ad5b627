"""Quiz questions whose answers are computed: each option is a prediction that the program tests.

Stands on nothing; the questions are in `questions`. No answer is stored: the right option is the
one whose prediction agrees with the numbers that the demonstration computes.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LETTERS = "abcdef"
ROUNDING = 1e-9  # of numbers of size 1
Computed = Mapping[str, Any]  # named numbers, texts and lists of them
Prediction = Callable[[Computed], bool]
Demonstration = Callable[[], tuple[Computed, Sequence[str]]]


@dataclass(frozen=True)
class Question:
    """One question.

    options: texts, each with its prediction; exactly one prediction holds
    why: one or two sentences to remember
    demonstration: computes named numbers, and the lines that show the deciding ones
    """

    topic: str
    text: str
    options: tuple[str, ...]
    predictions: tuple[Prediction, ...]
    why: str
    demonstration: Demonstration

    @property
    def letters(self) -> str:
        """The letters of its options, for example abcd."""
        return LETTERS[: len(self.options)]


def question(topic: str, *predictions: Prediction) -> Callable[[Demonstration], Question]:
    """Make a question of a demonstration, with a prediction for each option.

    Its docstring has three paragraphs: the question, the options as a list ("- "), and `why`.
    """

    def mark(demonstration: Demonstration) -> Question:
        text, options, why = (inspect.getdoc(demonstration) or "").split("\n\n")
        texts = tuple(line.removeprefix("- ") for line in options.splitlines())
        why = " ".join(why.split())
        return Question(topic, " ".join(text.split()), texts, predictions, why, demonstration)

    return mark


def predictions(name: str, *values: Any) -> list[Prediction]:
    """For each option the prediction that its value is computed under `name`."""
    return [predicts(name, value) for value in values]


def predicts(name: str, value: Any) -> Prediction:
    """The prediction that `value` is computed under `name`, floats up to rounding."""

    def holds(computed: Computed) -> bool:
        result = computed[name]
        return abs(result - value) < ROUNDING if isinstance(value, float) else result == value

    return holds


@dataclass(frozen=True)
class Shown:
    """A question after its demonstration: the right letter, the deciding lines, all numbers."""

    right: str
    lines: tuple[str, ...]
    numbers: Computed


def demonstrate(question: Question) -> Shown:
    """Run the demonstration. Raises ValueError unless exactly one option agrees with it."""
    computed, lines = question.demonstration()
    options = zip(question.letters, question.predictions, strict=True)
    holding = [letter for letter, holds in options if holds(computed)]
    if len(holding) != 1:
        raise ValueError(
            f"quiz: expected one option of '{question.text}' to hold, got {holding}; computed "
            f"{dict(computed)}"
        )
    return Shown(holding[0], tuple(lines), computed)


# -- numbers in the deciding lines ----------------------------------------------------------------


def row(values: Iterable[float], digits: int = 3) -> str:
    """[4, 2.5] -> "4 2.5"."""
    return " ".join(f"{value:.{digits}g}" for value in values)


def size(values: Iterable[int]) -> str:
    """(10, 16) -> "10 x 16"."""
    return " x ".join(map(str, values))


def small(value: float, rounding: float = ROUNDING) -> str:
    """Three digits, or "0" for rounding errors, which differ between machines."""
    return "0" if abs(value) < rounding else f"{value:.3g}"
