"""Cases: a claim at one size and seed, with what was observed and what was expected.

Stands on `exercise` and `probing`. Expected is whatever the solution gives in the same case.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from nnscratch.learn.exercise import Loaded
from nnscratch.learn.observation import CHOICE, ROUNDING, WRONG, Observation, Value, judge
from nnscratch.learn.probing import observe
from nnscratch.learn.specification import Claim, Functions

SEEDS = (0, 1)  # of the random cases of an examination
UNTOUCHED, REPEATS = "arguments stay as they are", "the same answer twice"
GENERAL = (UNTOUCHED, REPEATS)  # claims of every exercise


@dataclass(frozen=True)
class ClaimCase:
    """A claim at one size and seed."""

    claim: Claim
    rung: int
    seed: int
    observed: Observation
    expected: Observation
    solution: Functions = field(repr=False)

    def failed_claims(self) -> set[str]:
        """The names of the claims that do not hold here."""
        failed = set()
        if self.observed.changed_arguments != self.expected.changed_arguments:
            failed.add(UNTOUCHED)
        if self.observed.repeatable != self.expected.repeatable:
            failed.add(REPEATS)
        if not self.values_right():
            failed.add(self.claim.name)
        return failed

    def values_right(self) -> bool:
        observed, expected = self.observed, self.expected
        if observed.raised is not None or expected.raised is not None:
            return observed.like(expected)
        return observed.values.keys() == expected.values.keys() and not self.wrong_values()

    def wrong_values(self) -> list[str]:
        """The names of the values that are wrong."""
        judged = self._judged()
        return [name for name, _, verdict in judged if verdict is None or WRONG in verdict]

    def undecided(self, wrong: Collection[str] = ()) -> list[str]:
        """Sentences about values that cannot be called right or wrong.

        wrong: names of values that are wrong in another case; nothing is said of those
        """
        sentences = []
        for name, expected, verdict in self._judged():
            if verdict is None:
                continue
            if expected.kink is not None and CHOICE in verdict:
                sentences.append(expected.kink.why)
            if name not in wrong and ROUNDING in verdict:
                sentences.append(
                    f"{name} differs in the last digits: rounding, or an error too small to tell"
                )
        return sentences

    def _judged(self) -> Iterator[tuple[str, Value, np.ndarray | None]]:
        """Name, expected value and verdict of each value; the verdict of a missing one is None."""
        for name, expected in self.expected.values.items():
            actual = self.observed.values.get(name)
            yield name, expected, None if actual is None else judge(actual, expected)


def examine(loaded: Loaded, functions: Functions, seeds=SEEDS, file=None) -> list[ClaimCase]:
    """Every claim at every size and seed, small sizes first."""
    cases = []
    for claim in loaded.claims:
        for rung in range(claim.rungs):
            for seed in seeds if rung else seeds[:1]:  # rung 0 is the same for all seeds
                observed = observe(claim, functions, seed, rung, file)
                expected = loaded.observed(None, claim, seed, rung)
                cases.append(ClaimCase(claim, rung, seed, observed, expected, loaded.solution))
    return cases


def failed_claims(cases: Sequence[ClaimCase]) -> set[str]:
    """The names of the claims that fail in at least one case."""
    return set().union(*(case.failed_claims() for case in cases))
