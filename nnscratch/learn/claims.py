"""How an exercise says what it asks: claims with their probes, wrong answers, other right ones.

Stands on `outcome`. A probe is a program that uses the learner's functions and names what came of
it; right is what the solution's functions give in the same program. Files of an exercise use the
decorators here and nothing else of this package.
"""

import inspect
import traceback
import types
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.learn.outcome import Call, Kink, Outcome, Trouble, Value

__all__ = ["Kink", "claim", "right", "wrong"]

Probe = Callable[[Any, np.random.Generator, int], Mapping[str, Any]]
MARK = "__nnscratch__"
PLAIN = (int, float, complex, str, bytes, np.generic, type(None))


@dataclass(frozen=True)
class Claim:
    """Something that a right answer does.

    name: in a few words, as it appears after "already right:"
    probe: (functions, generator, rung) -> named values; rung 0 is the smallest case, done by hand
    rungs: how many sizes of it there are, the last the most general
    by_hand: arithmetic of rung 0, "dw[0] = 0.5*1 - 1.25*2 = -2"
    oracle: the same values by other means than the solution's, such as finite differences; its
        name heads a column
    image: names of values to be shown as pictures
    """

    name: str
    probe: Probe
    rungs: int = 3
    by_hand: str = ""
    oracle: Probe | None = None
    image: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variant:
    """Another implementation of one function of an exercise: a wrong one, or one that is right.

    code: its name with dashes; title, cause: the first line and the rest of its docstring
    hint: which hint helps, from 1; None: the next one
    """

    code: str
    replaces: str
    implementation: Any
    title: str
    cause: str
    hint: int | None = None


def claim(
    name: str,
    rungs: int = 3,
    by_hand: str = "",
    oracle: Probe | None = None,
    image: tuple[str, ...] = (),
) -> Callable[[Probe], Probe]:
    """Mark a probe (f, rng, rung) -> {name: value} as something that a right answer does."""

    def mark(probe: Probe) -> Probe:
        setattr(probe, MARK, Claim(name, probe, rungs, by_hand, oracle, image))
        return probe

    return mark


def wrong(replaces: str, hint: int | None = None) -> Callable[[Any], Any]:
    """Mark a function or class as a plausible wrong answer for `replaces`; its docstring is shown.

    First line: what is wrong, in a few words. The rest: the cause, as one would tell a friend.
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
    found = (vars(value).get(MARK) for value in vars(module).values() if hasattr(value, "__dict__"))
    return [mark for mark in found if isinstance(mark, Claim)]


def variants_of(module: types.ModuleType, kind: str) -> list[Variant]:
    """The wrong or the right answers of a file, in order."""
    return list(_variants(module, kind))


def _variants(module: types.ModuleType, kind: str) -> Iterator[Variant]:
    for name, value in vars(module).items():
        mark = vars(value).get(MARK) if hasattr(value, "__dict__") else None
        if not isinstance(mark, tuple) or mark[0] != kind:
            continue
        title, _, cause = (inspect.getdoc(value) or "").partition("\n")
        yield Variant(
            _code(name), mark[1], value, title.rstrip("."), " ".join(cause.split()), mark[2]
        )


def _code(name: str) -> str:
    """dw_flipped and DwFlipped -> dw-flipped."""
    dashed = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).strip("-")
    return dashed.replace("_", "-")


# -- running a probe ------------------------------------------------------------------------------


class Functions:
    """The functions of an exercise as attributes; what they are called with is recorded."""

    def __init__(self, given: Mapping[str, Any]):
        self._given = dict(given)
        self._calls: list[Call] = []
        self._touched: list[str] = []

    def __getattr__(self, name: str) -> Any:
        try:
            given = self._given[name]
        except KeyError:
            raise AttributeError(f"the exercise asks for no {name!r}") from None
        return given if isinstance(given, type) else self._watched(name, given)

    def _watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            arguments = named_arguments(function, args, options)
            before = {key: _copy(value) for key, value in arguments.items()}
            self._calls.append(Call(name, before))
            result = function(*args, **options)
            for key, value in arguments.items():
                if not _unchanged(before[key], value):
                    self._touched.append(f"{key} of {name}")
            return result

        return call


def named_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments by the names of the function's parameters, as far as these go."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(args))]
    return {**dict(zip(names, args, strict=False)), **options}


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_copy, value)) if type(value) in (list, tuple) else value
    return {k: _copy(v) for k, v in value.items()} if type(value) is dict else value


def _unchanged(before: Any, now: Any) -> bool:
    """Whether arrays, numbers and texts are equal; of other objects nothing is known."""
    if isinstance(before, np.ndarray):
        return before.shape == np.shape(now) and bool(
            ((before == now) | ((before != before) & (now != now))).all()
        )
    if isinstance(before, (list, tuple)):
        same = isinstance(now, (list, tuple)) and len(before) == len(now)
        return same and all(map(_unchanged, before, now))
    if isinstance(before, dict):
        same = isinstance(now, dict) and before.keys() == now.keys()
        return same and all(_unchanged(before[k], now[k]) for k in before)
    if isinstance(before, PLAIN):
        return isinstance(now, PLAIN) and bool(before == now or (before != before and now != now))
    return True


def observe(
    claim: Claim, functions: Mapping[str, Any], seed: int, rung: int, file: str | None = None
) -> Outcome:
    """Run a claim's probe twice, from the same seed, and say what was seen.

    file: whose lines an exception is to be placed in
    """
    first = _run(claim, functions, seed, rung, file)
    if first.trouble is None:
        again = _run(claim, functions, seed, rung, file)
        first.repeats = again.trouble is None and first.like(again)
    return first


def _run(
    claim: Claim, functions: Mapping[str, Any], seed: int, rung: int, file: str | None
) -> Outcome:
    watched = Functions(functions)
    rng = generator(claim, seed, rung)
    outcome = Outcome(calls=watched._calls)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = claim.probe(watched, rng, rung)
            outcome.values = {name: Value.of(value) for name, value in values.items()}
    except Exception as error:  # whatever a learner's code raises is a finding
        outcome.trouble = _trouble(error, claim.probe, file)
    outcome.touched = tuple(dict.fromkeys(watched._touched))
    return outcome


def generator(claim: Claim, seed: int, rung: int) -> np.random.Generator:
    """The random numbers of one case: the same for whoever is examined."""
    return np.random.default_rng([seed, rung, zlib.crc32(claim.name.encode())])


def _trouble(error: Exception, probe: Probe, file: str | None) -> Trouble:
    """The exception in words, with the last line of `file` that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    ours = {__file__, getattr(getattr(probe, "__code__", None), "co_filename", "")}
    outside = any(f.filename not in ours and "site-packages" not in f.filename for f in frames)
    inside = outside or frames[-1].filename == __file__  # the call itself: other parameters
    return Trouble(type(error).__name__, str(error), lines[-1] if lines else None, inside)
