"""What wrong numbers show by themselves: a ratio, a flip, a shift, a place where the errors live.

Stands on `cases` and `outcome`. Clues are facts about the numbers; they name no cause.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnscratch.learn.cases import Case
from nnscratch.learn.outcome import FAINT, Call, Value, errors

MOST = 3  # clues shown
CLOSE = 1e-8


def read(failing: Case, cases: Sequence[Case]) -> tuple[str, ...]:
    """Up to three sentences about the wrong values, the most telling first.

    They must hold in all cases in which that value is wrong.
    """
    names = failing.wrong_values() if failing.found.trouble is None else []
    changed = [t for t in failing.found.touched if t not in failing.expected.touched]
    sentences = [f"{argument} is another array afterwards" for argument in changed[:1]]
    sentences += [
        f"{a} and {b} are in each other's place"
        for i, a in enumerate(names)
        for b in names[:i]
        if _exchanged(failing, a, b)
    ]
    for name in names:
        same = [c for c in cases if c.claim is failing.claim and name in _comparable(c)]
        held: list[str] | None = None
        for case in same:
            here = list(_about(name, case))
            held = here if held is None else [line for line in held if line in here]
        sentences += held or []
    return tuple(dict.fromkeys(sentences))[:MOST]


def _exchanged(case: Case, a: str, b: str) -> bool:
    found, expected = case.found.values, case.expected.values
    if not {a, b} <= found.keys() or not all(
        v[n].is_number for v in (found, expected) for n in (a, b)
    ):
        return False
    return _close(found[a].array, expected[b].array) and _close(found[b].array, expected[a].array)


def _comparable(case: Case) -> list[str]:
    if case.found.trouble is not None or case.expected.trouble is not None:
        return []
    return case.wrong_values()


def _about(name: str, case: Case) -> Iterator[str]:
    found, expected = case.found.values.get(name), case.expected.values[name]
    if found is None or not found.is_number or not expected.is_number:
        return
    if found.array.shape != expected.array.shape:
        yield from _about_shape(name, found.array, expected.array)
        return
    yield from _whole(name, found.array, expected.array, case.found.calls)
    yield from _places(name, found, expected)


def _about_shape(name: str, found: np.ndarray, expected: np.ndarray) -> Iterator[str]:
    if found.size == expected.size and found.ndim == expected.ndim:
        yield f"{name} has the right number of values, its axes in another order"
    elif found.size == expected.size:
        yield f"{name} has the right number of values in another shape"
    elif found.ndim == expected.ndim:
        for axis, (n, m) in enumerate(zip(found.shape, expected.shape, strict=True)):
            if n != m:
                yield f"{name} is {abs(n - m)} too {'long' if n > m else 'short'} along axis {axis}"
    elif found.ndim < expected.ndim:
        yield f"{name} has lost an axis"


# -- the whole array ------------------------------------------------------------------------------


def _whole(
    name: str, found: np.ndarray, expected: np.ndarray, calls: Sequence[Call]
) -> Iterator[str]:
    found, expected = (a if a.dtype.kind in "fc" else a.astype(float) for a in (found, expected))
    if not np.isfinite(found).all():
        if np.isfinite(expected[~np.isfinite(found)]).any():
            yield f"{name} holds NaN or infinity: a division by 0, a logarithm of 0, or an overflow"
        return
    cut = np.trunc(expected) if expected.dtype.kind == "f" else expected
    if found.any() and _close(cut, found) and not _close(found, expected):
        yield f"{name} is what is expected without its digits behind the point: dtype int?"
        return
    if not found.any():
        yield f"{name} is 0 everywhere"
        return
    if _is_coarse(found, expected):
        yield f"{name} is right to 6 digits, as float32 is: was a part computed in float32?"
        return
    ratio = _constant(found, expected)
    if ratio is not None:
        yield f"{name} is {_factor(ratio, calls)} what is expected, everywhere"
    difference = found - expected
    if found.size > 1 and np.ptp(difference) <= CLOSE * np.abs(difference).max():
        yield f"{name} is off by the same amount everywhere"
    for axis in range(found.ndim):
        if found.shape[axis] > 1 and _close(np.flip(found, axis), expected):
            yield f"{name} is reversed along axis {axis}"
        for step in (1, -1):
            if found.shape[axis] > 2 and _close(np.roll(found, step, axis), expected):
                yield f"{name} is shifted by one along axis {axis}"
    if found.ndim > 1 and _swapped(found, expected):
        yield f"{name} has two of its axes swapped"
    if found.size > 2 and _close(np.sort(found, None), np.sort(expected, None)):
        yield f"{name} holds the right values in wrong places"


def _is_coarse(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether float32 explains the errors."""
    error = errors(found, expected)
    return expected.dtype == np.float64 and bool((error < 1e-6).all() and (error > FAINT).any())


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool((errors(a, b) <= CLOSE).all())


def _swapped(found: np.ndarray, expected: np.ndarray) -> bool:
    pairs = [(i, j) for i in range(found.ndim) for j in range(i)]
    return any(_close(np.swapaxes(found, i, j), expected) for i, j in pairs)


def _constant(found: np.ndarray, expected: np.ndarray) -> float | None:
    """found / expected where it is one number, other than 1."""
    at = np.abs(expected) > CLOSE * np.abs(expected).max(initial=0.0)
    if not at.any() or np.abs(found[~at]).max(initial=0.0) > CLOSE * np.abs(found).max():
        return None
    ratio = np.real(found[at] / expected[at])
    steady = np.ptp(ratio) <= CLOSE * np.abs(ratio).max()
    return float(ratio.flat[0]) if steady and found.size > 1 else None


def _factor(ratio: float, calls: Sequence[Call]) -> str:
    """The ratio in words, and as a size of an argument where there is one."""
    if abs(ratio + 1) < CLOSE:
        return "the negative of"
    sizes = {
        f"the size of {key} along axis {axis}": n
        for call in calls[:1]
        for key, value in call.arguments.items()
        if isinstance(value, np.ndarray)
        for axis, n in enumerate(value.shape)
        if n > 2
    }
    for words, n in sizes.items():
        if abs(ratio - n) < CLOSE * n:
            return f"{n} times ({words})"
        if abs(ratio * n - 1) < CLOSE:
            return f"1/{n} of ({words})"
    return f"{ratio:.6g} times"


# -- where the errors live ------------------------------------------------------------------------


def _places(name: str, found: Value, expected: Value) -> Iterator[str]:
    bad: Any = errors(found.array, expected.array) > FAINT
    if bad.all() or not bad.any():
        return
    for axis, n in enumerate(bad.shape):
        along = bad.any(axis=tuple(i for i in range(bad.ndim) if i != axis))
        where = np.flatnonzero(along)
        if n < 3 or along.all():
            continue
        if set(where) <= {0, n - 1}:
            ends = "both ends" if len(where) == 2 else "the start" if where[0] == 0 else "the end"
            yield f"{name} is wrong only at {ends} of axis {axis}"
        elif not along[0] and along[1:].all():
            yield f"{name} is right for the first index of axis {axis} only"
        else:
            step = np.diff(where)
            if len(step) and (step == step[0]).all() and step[0] > 1:
                yield f"{name} is wrong at every {step[0]}th place along axis {axis}"
    if not bad.any() or expected.array.ndim == 0:
        return
    yield f"{bad.sum()} of {bad.size} values of {name} are wrong"
