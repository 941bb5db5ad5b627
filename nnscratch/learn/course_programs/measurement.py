"""A number that a course program measured, and the bound that it must keep.

Stands on nothing.
"""

from typing import NamedTuple


class Measurement(NamedTuple):
    """wanted: "at least" or "at most" the bound, or "" if it is only reported."""

    name: str
    value: float
    wanted: str = ""
    bound: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether it keeps its bound; NaN does not."""
        if self.wanted == "at least":
            return self.value >= self.bound
        return self.value <= self.bound if self.wanted else True

    def __str__(self) -> str:
        wanted = f" ({self.wanted} {self.bound:g})" if self.wanted else ""
        return f"{self.name} {self.value:.3f}{wanted}"
