"""Messages on any terminal: every sign of the texts has a plain form."""

import numpy as np
import pytest

from nnscratch.learn import message
from nnscratch.learn.exercise import all_exercises
from nnscratch.learn.message import in_ascii, number


def test_signs_have_plain_forms():
    assert in_ascii("Σ α·xₙ² − √½ ≥ χ²") == "sum alpha*xn^2 - sqrt1/2 >= chi^2"
    assert in_ascii("plain stays: a**n") == "plain stays: a**n"
    assert in_ascii("\N{SNOWMAN}") == "?"


@pytest.mark.parametrize("exercise", all_exercises(), ids=lambda e: e.name)
def test_texts_can_be_read_on_any_terminal(exercise):
    for text in (exercise.readme, exercise.solution_text, exercise.stub, *exercise.hints):
        assert in_ascii(text).isascii()
        assert in_ascii(text).count("?") == text.count("?")


def test_numbers_have_a_form_for_each_size():
    values = {3: "3", True: "True", 0.5: "0.5000", 1e-5: "1.0000e-05", 2e7: "2.0000e+07"}
    assert {value: number(value) for value in values} == values
    assert number(float("nan")) == "nan"


def test_small_numbers_are_not_shown_as_0():
    assert message.in_short(np.array([1e-8, 0.98])) == "[1.0e-08,9.8e-01]"
    assert message.in_short(np.array([0.0, 0.5, -2.0])) == "[0,0.5,-2]"
