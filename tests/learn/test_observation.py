"""Comparison of observations: rounding, choices, kinds, NaN; and that it can fail."""

import numpy as np
import pytest

from nnscratch.learn.observation import (
    CHOICE,
    RIGHT,
    ROUNDING,
    WRONG,
    Kink,
    Observation,
    Raised,
    Value,
    equal,
    errors,
    judge,
)

ONES = np.ones(3)


@pytest.mark.parametrize(
    ("shift", "expected"), [(0, RIGHT), (1e-12, RIGHT), (1e-9, ROUNDING), (1e-7, WRONG), (1, WRONG)]
)
def test_errors_are_relative_to_the_largest_value(shift, expected):
    right = np.array([1e-3, -50.0, 0.0])
    found = right + 50 * shift * np.array([0, 0, 1])
    assert list(judge(Value.of(found), Value.of(right))) == [RIGHT, RIGHT, expected]


def test_zeros_are_compared_absolutely():
    assert list(errors(np.array([0.0, 1e-3]), np.zeros(2))) == [0, 1e-3]


def test_not_a_number_is_right_only_where_it_is_expected():
    right = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert (judge(Value.of(right.copy()), Value.of(right)) == RIGHT).all()
    for place in range(4):
        found = right.copy()
        found[place] = 7.0
        verdict = judge(Value.of(found), Value.of(right))
        assert verdict[place] == WRONG
        assert (np.delete(verdict, place) == RIGHT).all()


def test_shapes_and_kinds_must_agree():
    assert judge(Value.of(np.ones(2)), Value.of(ONES)) is None
    assert judge(Value.of(None), Value.of(ONES)) is None
    assert judge(Value.of(object()), Value.of(ONES)) is None
    assert judge(Value.of([[1], [1, 2]]), Value.of(ONES)) is None
    assert list(judge(Value.of("same"), Value.of("same")).flat) == [RIGHT]
    assert list(judge(Value.of("same"), Value.of("other")).flat) == [WRONG]
    assert Value.of(None).array.item() == "None"


def test_a_choice_is_accepted_between_its_bounds_and_nowhere_else():
    kink = Kink([0.0, 2.0], [True, False], [0, 0], [1, 1], "x[0] is 0")
    expected = Value.of(kink)
    for first, second, verdict in (
        (0.0, 2.0, [RIGHT, RIGHT]),
        (0.5, 2.0, [CHOICE, RIGHT]),
        (1.0, 2.0, [CHOICE, RIGHT]),
        (1.5, 2.0, [WRONG, RIGHT]),
        (-0.1, 2.0, [WRONG, RIGHT]),
        (0.0, 0.5, [RIGHT, WRONG]),
    ):
        assert list(judge(Value.of(np.array([first, second])), expected)) == verdict


def test_observations_are_alike_only_if_nothing_tells_them_apart():
    base = Observation({"y": Value.of(ONES)})
    assert base.like(Observation({"y": Value.of(ONES + 1e-13)}))
    assert not base.like(Observation({"y": Value.of(ONES + 1e-9)}))
    assert not base.like(Observation({"z": Value.of(ONES)}))
    assert not base.like(Observation({"y": Value.of(ONES)}, changed_arguments=("x of f",)))
    assert not base.like(Observation({"y": Value.of(ONES)}, repeatable=False))
    assert not base.like(Observation(raised=Raised("ValueError", "")))
    assert Observation(raised=Raised("ValueError", "a")).like(
        Observation(raised=Raised("ValueError", "b"))
    )
    assert not Observation(raised=Raised("ValueError", "")).like(
        Observation(raised=Raised("TypeError", ""))
    )


def test_equal_knows_integers_booleans_and_text():
    assert equal(Value.of(True), Value.of(True))
    assert not equal(Value.of(True), Value.of(False))
    assert equal(Value.of(3), Value.of(3.0))
    assert not equal(Value.of("3"), Value.of(3))
