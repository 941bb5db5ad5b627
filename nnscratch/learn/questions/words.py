"""Numbers in words, as demonstrations show them.

Stands on `quiz` for what rounding is.
"""

from collections.abc import Iterable

from nnscratch.learn.quiz import ROUNDING


def row(values: Iterable[float], digits: int = 3) -> str:
    """[4, 2.5] -> "4 2.5"."""
    return " ".join(f"{value:.{digits}g}" for value in values)


def size(values: Iterable[int]) -> str:
    """(10, 16) -> "10 x 16"."""
    return " x ".join(map(str, values))


def small(value: float, rounding: float = ROUNDING) -> str:
    """Three digits, or "0" for what is rounding: machines differ in that."""
    return "0" if abs(value) < rounding else f"{value:.3g}"
