"""Symptoms of wrong numbers: a constant ratio, a reversed axis, a shift, where the errors are.

Stands on `cases` and `observation`. Symptoms are facts about the numbers and name no cause.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from nnscratch.learn.cases import ClaimCase
from nnscratch.learn.observation import FAINT, Call, Value, errors

MOST = 3  # symptoms shown
CLOSE = 1e-8
Calls = Sequence[Call]


def read(failing: ClaimCase, cases: Sequence[ClaimCase]) -> tuple[str, ...]:
    """Up to three sentences about the wrong values, the most telling first.

    A sentence about a value must hold in all cases in which that value is wrong.
    """
    names = _wrong_values(failing)
    expected_changes = failing.expected.changed_arguments
    changed = [a for a in failing.observed.changed_arguments if a not in expected_changes]
    sentences = [f"the call changed {argument}" for argument in changed[:1]]
    swapped = [pair for pair in combinations(names, 2) if _exchanged(failing, *pair)]
    sentences += [f"{b} and {a} are swapped" for a, b in swapped]
    same_claim = [case for case in cases if case.claim is failing.claim]
    for name in names:
        lists = [list(_of_value(name, c)) for c in same_claim if name in _wrong_values(c)]
        sentences += [line for line in lists[0] if all(line in other for other in lists)]
    return tuple(dict.fromkeys(sentences))[:MOST]


def _wrong_values(case: ClaimCase) -> list[str]:
    if case.observed.raised is not None or case.expected.raised is not None:
        return []
    return case.wrong_values()


def _exchanged(case: ClaimCase, a: str, b: str) -> bool:
    actual, expected = case.observed.values, case.expected.values
    if not {a, b} <= actual.keys():
        return False
    if not all(values[name].is_number for values in (actual, expected) for name in (a, b)):
        return False
    pairs = (actual[a], expected[b]), (actual[b], expected[a])
    return all(_close(x.array, y.array) for x, y in pairs)


def _of_value(name: str, case: ClaimCase) -> Iterator[str]:
    actual, expected = case.observed.values.get(name), case.expected.values[name]
    if actual is None or not actual.is_number or not expected.is_number:
        return
    if actual.array.shape != expected.array.shape:
        yield from _of_shape(name, actual.array, expected.array)
        return
    yield from _of_array(name, actual.array, expected.array, case.observed.calls)
    yield from _of_places(name, actual, expected)


def _of_shape(name: str, actual: np.ndarray, expected: np.ndarray) -> Iterator[str]:
    if actual.size == expected.size and actual.ndim == expected.ndim:
        yield f"{name} has the right number of values, but its axes are in another order"
    elif actual.size == expected.size:
        yield f"{name} has the right number of values in another shape"
    elif actual.ndim == expected.ndim:
        for axis, (n, m) in enumerate(zip(actual.shape, expected.shape, strict=True)):
            if n != m:
                yield f"{name} is {abs(n - m)} too {'long' if n > m else 'short'} along axis {axis}"
    elif actual.ndim < expected.ndim:
        yield f"{name} has {actual.ndim} axes instead of {expected.ndim}"


# -- the whole array ------------------------------------------------------------------------------


def _of_array(name: str, actual: np.ndarray, expected: np.ndarray, calls: Calls) -> Iterator[str]:
    """One fact that explains all numbers, if there is one; else relations to the expected array."""
    actual, expected = (a if a.dtype.kind in "fc" else a.astype(float) for a in (actual, expected))
    if not np.isfinite(actual).all():
        if np.isfinite(expected[~np.isfinite(actual)]).any():
            yield f"{name} holds NaN or infinity: a division by 0, a logarithm of 0, or an overflow"
    elif _is_truncated(actual, expected):
        yield f"{name} is the expected result cut to whole numbers: is its dtype int?"
    elif not actual.any():
        yield f"{name} is 0 everywhere"
    elif _is_coarse(actual, expected):
        yield f"{name} is right to about 6 digits: was a part of it computed in float32?"
    else:
        yield from _relations(name, actual, expected, calls)


def _relations(name: str, actual: np.ndarray, expected: np.ndarray, calls: Calls) -> Iterator[str]:
    ratio = _constant_ratio(actual, expected)
    if ratio is not None:
        yield from _of_ratio(name, ratio, calls)
    difference = actual - expected
    if actual.size > 1 and np.ptp(difference) <= CLOSE * np.abs(difference).max():
        yield f"{name} is off by the same amount everywhere"
    for axis, length in enumerate(actual.shape):
        if length > 1 and _close(np.flip(actual, axis), expected):
            yield f"{name} is reversed along axis {axis}"
        if length > 2 and any(_close(np.roll(actual, step, axis), expected) for step in (1, -1)):
            yield f"{name} is shifted by one along axis {axis}"
    if _has_swapped_axes(actual, expected):
        yield f"{name} has two axes swapped"
    if actual.size > 2 and _close(np.sort(actual, None), np.sort(expected, None)):
        yield f"{name} has the right values in the wrong places"


def _is_truncated(actual: np.ndarray, expected: np.ndarray) -> bool:
    if expected.dtype.kind != "f" or not actual.any() or _close(actual, expected):
        return False
    return _close(np.trunc(expected), actual)


def _is_coarse(actual: np.ndarray, expected: np.ndarray) -> bool:
    """Whether float32 explains the errors."""
    error = errors(actual, expected)
    return expected.dtype == np.float64 and bool((error < 1e-6).all() and (error > FAINT).any())


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool((errors(a, b) <= CLOSE).all())


def _has_swapped_axes(actual: np.ndarray, expected: np.ndarray) -> bool:
    pairs = [(i, j) for i in range(actual.ndim) for j in range(i)]
    return any(_close(np.swapaxes(actual, i, j), expected) for i, j in pairs)


def _constant_ratio(actual: np.ndarray, expected: np.ndarray) -> float | None:
    """actual / expected if it is the same number everywhere."""
    nonzero = np.abs(expected) > CLOSE * np.abs(expected).max(initial=0.0)
    rest = np.abs(actual[~nonzero]).max(initial=0.0)
    if actual.size < 2 or not nonzero.any() or rest > CLOSE * np.abs(actual).max():
        return None
    ratio = np.real(actual[nonzero] / expected[nonzero])
    steady = np.ptp(ratio) <= CLOSE * np.abs(ratio).max()
    return float(ratio.flat[0]) if steady else None


def _of_ratio(name: str, ratio: float, calls: Calls) -> Iterator[str]:
    """The ratio in words; without the number where it is the size of an argument."""
    if abs(ratio + 1) < CLOSE:
        yield f"{name} is the negative of the expected result"
        return
    arguments = calls[0].arguments if calls else {}
    arrays = {key: value for key, value in arguments.items() if isinstance(value, np.ndarray)}
    for key, array in arrays.items():
        for axis, n in enumerate(array.shape):
            if n > 2 and abs(ratio - n) < CLOSE * n:
                yield f"{name} is the expected result times the size of {key} along axis {axis}"
            if n > 2 and abs(ratio * n - 1) < CLOSE:
                yield f"{name} is the expected result over the size of {key} along axis {axis}"
    yield f"{name} is {ratio:.6g} times the expected result"


# -- where the errors are -------------------------------------------------------------------------


def _of_places(name: str, actual: Value, expected: Value) -> Iterator[str]:
    bad = np.asarray(errors(actual.array, expected.array) > FAINT)
    if bad.all() or not bad.any():
        return
    for axis, length in enumerate(bad.shape):
        others = tuple(i for i in range(bad.ndim) if i != axis)
        along = np.asarray(bad.any(axis=others))
        if length > 2 and not along.all():
            yield from _of_axis(name, axis, along)
    yield f"{bad.sum()} of {bad.size} values of {name} are wrong"


def _of_axis(name: str, axis: int, bad: np.ndarray) -> Iterator[str]:
    """bad (length of the axis,): whether any value at that index is wrong."""
    wrong = np.flatnonzero(bad)
    steps = np.diff(wrong)
    if set(wrong) <= {0, len(bad) - 1}:
        ends = "both ends" if len(wrong) == 2 else "the start" if wrong[0] == 0 else "the end"
        yield f"{name} is wrong only at {ends} of axis {axis}"
    elif not bad[0] and bad[1:].all():
        yield f"{name} is right only at index 0 of axis {axis}"
    elif len(steps) and (steps == steps[0]).all() and steps[0] > 1:
        yield f"{name} is wrong at intervals of {steps[0]} along axis {axis}"
