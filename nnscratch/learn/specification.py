"""How an exercise states its task: claims with their probes, and known wrong and right answers.

Stands on nothing. The files of an exercise use the decorators `claim`, `wrong` and `right`.
"""

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Functions = Mapping[str, Any]  # of an exercise, by name
Probe = Callable[[Any, np.random.Generator, int], Mapping[str, Any]]
MARK = "__nnscratch__"


@dataclass(frozen=True)
class Claim:
    """A statement about right answers, with the probe that tests it.

    name: a few words, shown after "already right:"
    probe: (functions, generator, rung) -> named values; rung 0 is the smallest case, without chance
    rungs: number of sizes; the last is the most general
    by_hand: arithmetic of rung 0, "dw[0] = 0.5*1 - 1.25*2 = -2"
    oracle: computes the same values in another way, such as by finite differences; its name heads
        a column of the message
    image: names of values that are drawn as pictures
    """

    name: str
    probe: Probe
    rungs: int = 3
    by_hand: str = ""
    oracle: Probe | None = None
    image: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variant:
    """Another implementation of one function of an exercise, wrong or right.

    code: the function's name with dashes; title, cause: first line and rest of its docstring
    hint: number of the hint that helps, from 1; None: the next one
    """

    code: str
    replaces: str
    implementation: Any
    title: str
    cause: str
    hint: int | None = None


def claim(name: str, rungs: int = 3, **settings: Any) -> Callable[[Probe], Probe]:
    """Mark a probe (f, rng, rung) -> {name: value} as a claim; settings: see `Claim`."""

    def mark(probe: Probe) -> Probe:
        setattr(probe, MARK, Claim(name, probe, rungs, **settings))
        return probe

    return mark


def wrong(replaces: str, hint: int | None = None) -> Callable[[Any], Any]:
    """Mark a function or class as a plausible wrong answer for `replaces`.

    Learners read its docstring. First line: what is wrong, in a few words. The rest: the cause.
    """
    return _variant("wrong", replaces, hint)


def right(replaces: str) -> Callable[[Any], Any]:
    """Mark a function or class as another right answer."""
    return _variant("right", replaces, None)


def _variant(kind: str, replaces: str, hint: int | None) -> Callable[[Any], Any]:
    def mark(implementation: Any) -> Any:
        setattr(implementation, MARK, (kind, replaces, hint))
        return implementation

    return mark


def claims_of(module: types.ModuleType) -> list[Claim]:
    """The claims of a file, in order."""
    return [mark for _, _, mark in _marks(module) if isinstance(mark, Claim)]


def variants_of(module: types.ModuleType, kind: str) -> list[Variant]:
    """The answers of a file that are marked `kind`, in order."""
    variants = []
    for name, implementation, mark in _marks(module):
        if isinstance(mark, Claim) or mark[0] != kind:
            continue
        title, _, cause = (inspect.getdoc(implementation) or "").partition("\n")
        words = title.rstrip("."), " ".join(cause.split())
        variants.append(Variant(_code(name), mark[1], implementation, *words, hint=mark[2]))
    return variants


def _marks(module: types.ModuleType) -> list[tuple[str, Any, Any]]:
    """Name, object and mark of everything that is marked in a module."""
    objects = [(name, obj) for name, obj in vars(module).items() if hasattr(obj, "__dict__")]
    return [(name, obj, vars(obj)[MARK]) for name, obj in objects if MARK in vars(obj)]


def _code(name: str) -> str:
    """dw_flipped and DwFlipped -> dw-flipped."""
    dashed = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).strip("-")
    return dashed.replace("_", "-")
