"""Wrong answers that any function may give: changed arguments, state, float32, zeros, None.

Stands on `probing`. Each is derived from the solution and kept only if a claim detects it.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from nnscratch.learn.exercise import Loaded
from nnscratch.learn.probing import named_arguments, observe
from nnscratch.learn.specification import Variant

DETECTED = ("argument-changed", "remembers")  # the cases show these whichever function it is
Function = Callable[..., Any]
Wrap = Callable[[Function], Function]


def mutants(loaded: Loaded) -> list[Variant]:
    """The generic wrong answers that this exercise can tell from right ones and from each other."""
    kept: list[Variant] = []
    tried: list[Variant] = []  # twins of those kept: a trial may leave state behind
    functions = {n: f for n, f in loaded.solution.items() if not isinstance(f, type)}
    for name, function in functions.items():
        for kind, (wrap, title, cause) in KINDS.items():
            if kind in DETECTED and any(variant.code == kind for variant in kept):
                continue
            unnamed = kind in DETECTED or len(functions) == 1
            code = kind if unnamed else f"{kind}-{name.replace('_', '-')}"
            words = (title.format(name), cause)
            variant, trial = (Variant(code, name, wrap(function), *words) for _ in range(2))
            if not _like_any(loaded, trial, [*loaded.mutants, *tried]):
                kept.append(variant)
                tried.append(trial)
    return kept


def known(loaded: Loaded) -> list[Variant]:
    """`mutants`, computed once for each exercise."""
    return loaded.once("generic", lambda: mutants(loaded))


def _like_any(loaded: Loaded, variant: Variant, others: list[Variant]) -> bool:
    """Whether it behaves like the solution or like one of the others in all cases of one seed."""
    rivals: list[Variant | None] = [None, *others]
    for claim in loaded.claims:
        for rung in range(claim.rungs):
            observed = observe(claim, loaded.with_variant(variant), 0, rung)
            rivals = [v for v in rivals if loaded.observed(v, claim, 0, rung).like(observed)]
            if not rivals:
                return False
    return True


# -- the mistakes ---------------------------------------------------------------------------------


def _mistake(result_of: Callable[..., Any]) -> Wrap:
    """Make a wrapper of functions from `result_of(function, args, options)`."""

    def wrap(function: Function) -> Function:
        @functools.wraps(function)
        def wrapper(*args: Any, **options: Any) -> Any:
            return result_of(function, args, options)

        return wrapper

    return wrap


@_mistake
def _changes_arguments(function, args, options):
    result = function(*args, **options)
    for value in named_arguments(function, args, options).values():
        if _can_change(value) and not _shares_memory(value, result):
            value += 1
            break
    return result


def _can_change(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.flags.writeable


def _shares_memory(value: np.ndarray, result: Any) -> bool:
    parts = result if isinstance(result, (list, tuple)) else (result,)
    return any(isinstance(part, np.ndarray) and np.shares_memory(value, part) for part in parts)


def _remembers(function: Function) -> Function:
    repeats: dict[str, int] = {}

    @functools.wraps(function)
    def wrapper(*args: Any, **options: Any) -> Any:
        key = repr((args, options))
        repeats[key] = repeats.get(key, -1) + 1
        return _map_floats(lambda array: array + repeats[key], function(*args, **options))

    return wrapper


@_mistake
def _in_float32(function, args, options):
    args, options = _map_floats(_single, args), _map_floats(_single, options)
    return _map_floats(_single, function(*args, **options))


def _single(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float32) if value.dtype == np.float64 else value


@_mistake
def _zeros(function, args, options):
    return _map_floats(np.zeros_like, function(*args, **options))


@_mistake
def _none(function, args, options):
    function(*args, **options)


def _map_floats(change: Callable[[np.ndarray], Any], value: Any) -> Any:
    """`change` applied to every array of floats in value; Python floats count as arrays."""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
        return change(np.asarray(value))
    if isinstance(value, float):
        return float(change(np.asarray(value)))
    if type(value) in (list, tuple):
        return type(value)(_map_floats(change, part) for part in value)
    if type(value) is dict:
        return {key: _map_floats(change, part) for key, part in value.items()}
    return value


KINDS: dict[str, tuple[Wrap, str, str]] = {  # code -> mistake, title, cause
    "argument-changed": (
        _changes_arguments,
        "{} changes an argument",
        "The result is right, but the function changes an array that it was given, by +=, by *= "
        "or by writing into a view of it. The caller still needs that array. Work on a copy.",
    ),
    "remembers": (
        _remembers,
        "{} gives a different result the second time",
        "Something survives from one call to the next: a global, a default argument that is "
        "changed, or an attribute of the function. Or the function uses random numbers. Start "
        "each call from scratch.",
    ),
    "float32": (
        _in_float32,
        "{} computes in float32",
        "The numbers are right to 7 digits only. The arguments are float64, and somewhere they "
        "are converted to float32. Gradient checks need all the digits, so keep the dtype.",
    ),
    "zeros": (
        _zeros,
        "{} returns zeros of the right shape",
        "All values are 0. Do you return the array that you filled?",
    ),
    "none-returned": (
        _none,
        "{} returns nothing",
        "The function ends without `return`, so Python returns None.",
    ),
}
