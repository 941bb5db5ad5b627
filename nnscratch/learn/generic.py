"""Wrong answers that any function may have: changed arguments, a memory, float32, zeros.

Stands on `claims`. Each is made from the solution, and kept only where it can be told from it.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from nnscratch.learn.claims import Variant, named_arguments, observe
from nnscratch.learn.exercise import Loaded

SEEN = ("argument-changed", "remembers")  # shown by the cases themselves, whichever function it is
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def mutants(loaded: Loaded) -> list[Variant]:
    """Those that make a difference in this exercise, and none twice."""
    found: list[Variant] = []
    tried: list[Variant] = []  # twins of those found: a trial may leave a memory
    functions = {n: f for n, f in loaded.solution.items() if not isinstance(f, type)}
    for name, function in functions.items():
        for kind, (wrap, title, cause) in KINDS.items():
            if kind in SEEN and any(variant.code == kind for variant in found):
                continue
            alone = kind in SEEN or len(functions) == 1
            code = kind if alone else f"{kind}-{name.replace('_', '-')}"
            words = (title.format(name), cause)
            variant, trial = (Variant(code, name, wrap(function), *words) for _ in range(2))
            if not _like_any(loaded, trial, [*loaded.mutants, *tried]):
                found.append(variant)
                tried.append(trial)
    return found


def known(loaded: Loaded) -> list[Variant]:
    """`mutants`, made once for each exercise."""
    return loaded.once("generic", lambda: mutants(loaded))


def _like_any(loaded: Loaded, variant: Variant, others: list[Variant]) -> bool:
    """Whether it does what the solution or one of the others does, in all cases of one seed."""
    rivals: list[Variant | None] = [None, *others]
    for claim in loaded.claims:
        for rung in range(claim.rungs):
            seen = observe(claim, loaded.with_variant(variant), 0, rung)
            rivals = [v for v in rivals if loaded.observed(v, claim, 0, rung).like(seen)]
            if not rivals:
                return False
    return True


def _changes_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def changed(*args: Any, **options: Any) -> Any:
        result = function(*args, **options)
        for value in named_arguments(function, args, options).values():
            if _can_change(value) and not _shares(value, result):
                value += 1
                break
        return result

    return changed


def _can_change(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.flags.writeable


def _shares(value: np.ndarray, result: Any) -> bool:
    """Whether a change of value would change the result."""
    parts = result if isinstance(result, (list, tuple)) else (result,)
    return any(isinstance(part, np.ndarray) and np.shares_memory(value, part) for part in parts)


def _remembers(function: Callable[..., Any]) -> Callable[..., Any]:
    met: dict[str, int] = {}

    @functools.wraps(function)
    def remembering(*args: Any, **options: Any) -> Any:
        key = repr((args, options))
        met[key] = met.get(key, -1) + 1
        return _mapped(lambda array: array + met[key], function(*args, **options))

    return remembering


def _in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    def single(value: np.ndarray) -> np.ndarray:
        return value.astype(np.float32) if value.dtype == np.float64 else value

    @functools.wraps(function)
    def narrow(*args: Any, **options: Any) -> Any:
        few = [_mapped(single, value) for value in args]
        result = function(*few, **{key: _mapped(single, value) for key, value in options.items()})
        return _mapped(single, result)

    return narrow


def _zeros(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def nothing(*args: Any, **options: Any) -> Any:
        return _mapped(np.zeros_like, function(*args, **options))

    return nothing


def _nothing(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def silent(*args: Any, **options: Any) -> None:
        function(*args, **options)

    return silent


def _mapped(change: Callable[[np.ndarray], Any], value: Any) -> Any:
    """`change` on every array of floats in value; Python floats count as arrays."""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
        return change(np.asarray(value))
    if isinstance(value, float):
        return float(change(np.asarray(value)))
    if type(value) in (list, tuple):
        return type(value)(_mapped(change, part) for part in value)
    if type(value) is dict:
        return {key: _mapped(change, part) for key, part in value.items()}
    return value


KINDS: dict[str, tuple[Wrap, str, str]] = {
    "argument-changed": (
        _changes_arguments,
        "{} changes an array it was given",
        "The result is right, but an argument is another one afterwards: +=, *=, or writing "
        "into a view of it. Whoever called you still needs it; work on a copy.",
    ),
    "remembers": (
        _remembers,
        "{} gives another answer the second time",
        "Something is kept from one call to the next: a global, a default argument that is "
        "changed, an attribute of the function; or chance has a part in it. Start each call "
        "from nothing.",
    ),
    "float32": (
        _in_float32,
        "{} computes in float32",
        "The numbers are right to 7 digits and no more: float64 came in, and somewhere it was "
        "made float32. Gradient checks need the digits; keep the type that is given.",
    ),
    "zeros": (
        _zeros,
        "{} gives zeros of the right shape",
        "All values are 0. Is the array you return the one you filled?",
    ),
    "none-returned": (
        _nothing,
        "{} returns nothing",
        "The function ends without `return`, which gives None in Python.",
    ),
}
