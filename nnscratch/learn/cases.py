"""Cases: a claim at one size and seed, with what came and what is right.

Stands on `exercise`, `claims` and `outcome`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnscratch.learn.claims import Claim, observe
from nnscratch.learn.exercise import Loaded
from nnscratch.learn.outcome import CHOICE, ROUNDING, WRONG, Outcome, judge

SEEDS = (0, 1)  # of the random cases of an examination
UNTOUCHED, REPEATS = "arguments stay as they are", "the same answer twice"
GENERAL = (UNTOUCHED, REPEATS)  # claims of every exercise


@dataclass(frozen=True)
class Case:
    """A claim at one size and seed: what came, and what is right."""

    claim: Claim
    rung: int
    seed: int
    found: Outcome
    expected: Outcome
    solution: Mapping[str, Any] = field(repr=False)

    def failed_claims(self) -> set[str]:
        """The names of claims that do not hold here."""
        failed = set()
        if self.found.touched != self.expected.touched:
            failed.add(UNTOUCHED)
        if self.found.repeats != self.expected.repeats:
            failed.add(REPEATS)
        if not self.values_right():
            failed.add(self.claim.name)
        return failed

    def values_right(self) -> bool:
        found, expected = self.found, self.expected
        if found.trouble is not None or expected.trouble is not None:
            return found.like(expected)
        if found.values.keys() != expected.values.keys():
            return False
        return not any(self.wrong_values())

    def wrong_values(self) -> list[str]:
        """The names of values that are wrong."""
        wrong = []
        for name, value in self.expected.values.items():
            verdict = judge(self.found.values[name], value) if name in self.found.values else None
            if verdict is None or (verdict == WRONG).any():
                wrong.append(name)
        return wrong

    def undecided(self, wrong: Collection[str] = ()) -> list[str]:
        """Sentences about values that cannot be called right or wrong here.

        wrong: names of values that are wrong elsewhere, where nothing is undecided
        """
        sentences = []
        for name, value in self.expected.values.items():
            verdict = judge(self.found.values[name], value) if name in self.found.values else None
            if verdict is not None and (verdict == CHOICE).any() and value.kink is not None:
                sentences.append(value.kink.why)
            if verdict is not None and (verdict == ROUNDING).any() and name not in wrong:
                sentences.append(
                    f"{name} differs in the last digits: rounding, or an error too small to tell"
                )
        return sentences


def examine(
    loaded: Loaded,
    functions: Mapping[str, Any],
    seeds: Sequence[int] = SEEDS,
    file: str | None = None,
) -> list[Case]:
    """Every claim at every size and seed, small sizes first."""
    return [
        Case(
            claim,
            rung,
            seed,
            observe(claim, functions, seed, rung, file),
            loaded.observed(None, claim, seed, rung),
            loaded.solution,
        )
        for claim in loaded.claims
        for rung in range(claim.rungs)
        for seed in (seeds if rung else seeds[:1])  # rung 0 is done by hand: no chance in it
    ]


def failed_claims(cases: Sequence[Case]) -> set[str]:
    """The names of claims that do not hold in all cases."""
    return set().union(*(case.failed_claims() for case in cases))
