"""What a gallery answers: who it is, or whether it is the one it is said to be.

Stands on the standard library.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Candidate(NamedTuple):
    """A person and the distance to it."""

    name: str
    distance: float


@dataclass(frozen=True)
class Answer:
    """Who it is, or that it is nobody known.

    limit: the largest distance that is accepted; candidates: the nearest people, nearest first.
    """

    limit: float
    candidates: tuple[Candidate, ...]

    @property
    def name(self) -> str | None:
        """The person recognised, or None."""
        return self.nearest if self.distance <= self.limit else None

    @property
    def nearest(self) -> str:
        """The nearest person, recognised or not."""
        return self.candidates[0].name

    @property
    def distance(self) -> float:
        """The distance to the nearest person."""
        return self.candidates[0].distance

    @property
    def second(self) -> str | None:
        """The second nearest person; None in a gallery of one."""
        return self.candidates[1].name if len(self.candidates) > 1 else None

    @property
    def margin(self) -> float | None:
        """How much farther the second nearest person is; None in a gallery of one."""
        return self.candidates[1].distance - self.distance if len(self.candidates) > 1 else None

    def __str__(self) -> str:
        if self.name is None:
            return (
                f"not recognised (nearest: {self.nearest} at {self.distance:.2f}, "
                f"limit {self.limit:.2f})"
            )
        margin = "" if self.margin is None else f", margin {self.margin:.2f}"
        return f"{self.name} (distance {self.distance:.2f}{margin})"


@dataclass(frozen=True)
class Verdict:
    """Whether an encoding is of the person that it is said to be of."""

    name: str
    distance: float
    limit: float

    @property
    def same(self) -> bool:
        """Whether the distance is within the limit."""
        return self.distance <= self.limit

    def __str__(self) -> str:
        answer = "is" if self.same else "is not"
        return f"{answer} {self.name} (distance {self.distance:.2f}, limit {self.limit:.2f})"
