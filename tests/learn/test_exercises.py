"""The exercises of the project: each passes dev-check, and its messages are the known ones."""

from pathlib import Path

import numpy as np
import pytest

from nnscratch.learn import devcheck
from nnscratch.learn.exercise import all_exercises, find

GOLDEN = Path(__file__).parent / "golden"
EXERCISES = all_exercises()
FILES = {"README.md", "check.py", "hints.md", "mutants.py", "others.py", "solution.py", "stub.py"}


def test_there_are_at_least_35_in_an_unbroken_order():
    assert [exercise.number for exercise in EXERCISES] == list(range(1, len(EXERCISES) + 1))
    assert len(EXERCISES) >= 35
    assert sum(len(exercise.loaded().mutants) for exercise in EXERCISES) >= 200


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_an_exercise_is_sound_and_its_messages_are_known(exercise):
    """With few seeds; `nnscratch learn dev-check` uses more."""
    assert {path.name for path in exercise.path.iterdir() if path.is_file()} == FILES
    report = devcheck.check(exercise, runs=2)
    assert report.problems == ()
    np.testing.assert_array_equal(report.matrix, np.eye(len(report.codes)))
    known = devcheck.golden_file(GOLDEN, exercise).read_text(encoding="utf-8")
    assert report.golden == known, "read the new messages, then dev-check --golden DIR --write"


def test_exercises_are_found_by_number_name_and_part_of_a_name():
    first = EXERCISES[0]
    assert find("1") == find("01") == find(first.name) == find("scalar") == first
    assert find(f"some/folder/{first.name}.py") == first
    with pytest.raises(ValueError, match=r"matches 11_conv1d_loops, .*; give the number"):
        find("conv1d")
    for nothing in ("", "0", "99", "nothing", "-1"):
        with pytest.raises(ValueError, match="expected an exercise, 1 to"):
            find(nothing)
