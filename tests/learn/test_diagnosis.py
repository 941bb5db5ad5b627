"""The diagnosis: a cause is certain only if a known mistake gives all the numbers."""

from dataclasses import replace

import numpy as np
import pytest
import toy_exercise as toy

from nnscratch.learn import devcheck, diagnosis, message, probing, symptoms
from nnscratch.learn.cases import examine, failed_claims
from nnscratch.learn.diagnosis import CERTAIN, LIKELY, UNKNOWN, diagnose
from nnscratch.learn.observation import Call, Observation, Value


@pytest.fixture
def exercise(tmp_path):
    return toy.write(tmp_path)


def diagnosis_of(exercise, mean):
    return diagnose(exercise.loaded(), {"mean": mean})


def test_right_answers_are_right(exercise):
    for mean in (np.mean, lambda x: float(np.add.reduce(x)) / x.size):
        assert diagnosis_of(exercise, mean).state == "right"


def test_a_known_mistake_is_certain_and_has_its_hint(exercise):
    result = diagnosis_of(exercise, lambda x: float(np.sum(x)))
    assert (result.state, result.code, result.sure) == ("wrong", "sum-only", CERTAIN)
    assert result.title == "The sum is not divided"
    assert result.cause == "A mean is the sum over the count."
    assert result.hint == 2
    assert result.agreed[0] == result.agreed[1] > 5
    assert result.right == ("the mean of one number",)


@pytest.mark.parametrize(
    "mean",
    [
        lambda x: x.sum() / (len(x) + 1),
        lambda x: np.median(x) if len(x) > 3 else x.sum() / len(x),
        lambda x: x.sum() if len(x) < 5 else x.sum() / len(x),  # like a known one in small cases
        lambda x: x.sum() * (1 + 1e-7),
        lambda x: -x.sum() / len(x),
        lambda x: x.sum() / (len(x) - 1) if len(x) > 3 else x.sum() / len(x),
    ],
)
def test_an_unknown_mistake_is_never_certain(exercise, mean):
    result = diagnosis_of(exercise, mean)
    assert result.state == "wrong"
    assert result.sure in (LIKELY, UNKNOWN)


def test_an_unknown_cause_has_a_code_by_its_numbers(exercise):
    result = diagnosis_of(exercise, lambda x: float("nan"))
    assert result.code == "not-finite"
    assert "NaN" in " ".join(result.symptoms)
    assert diagnosis_of(exercise, lambda x: x[:2]).code == "shape"
    assert diagnosis_of(exercise, lambda x: 1 / 0).code == "crash"


def test_side_effects_are_seen(exercise):
    def changes(x):
        result = x.sum() / len(x)
        x += 1
        return result

    count = []

    def remembers(x):
        count.append(1)
        return x.sum() / len(x) + len(count)

    assert diagnosis_of(exercise, changes).code == "argument-changed"
    result = diagnosis_of(exercise, remembers)
    assert (result.code, result.sure) == ("remembers", CERTAIN)


def test_a_changed_argument_is_reported_with_wrong_numbers(exercise):
    def changes(x):
        x += 0.5
        return x.sum() / len(x) + 0.25

    result = diagnosis_of(exercise, changes)
    assert (result.sure, result.symptoms[0]) == (UNKNOWN, "the call changed x of mean")


def test_a_part_in_float32_is_recognised_by_its_digits(exercise):
    def coarse(x):
        return float(np.float32(x.sum())) / len(x)

    result = diagnosis_of(exercise, coarse)
    assert result.sure == UNKNOWN
    assert "right to about 6 digits" in " ".join(result.symptoms)
    assert result.notes == ()  # nothing is called undecided that is wrong
    other = diagnosis_of(exercise, lambda x: x.sum() / len(x) * (1 + 1e-5))
    assert "float32" not in " ".join(other.symptoms)


def symptoms_of(exercise, found, expected):
    case = examine(exercise.loaded(), exercise.loaded().solution)[0]
    given, right = (Observation({"mean": Value.of(np.array(x))}) for x in (found, expected))
    wrong = replace(case, observed=given, expected=right)
    return " ".join(symptoms.read(wrong, [wrong]))


def test_whole_numbers_and_legal_infinities_are_told_apart(exercise):
    told = "cut to whole numbers: is its dtype int?"
    assert told in symptoms_of(exercise, [1, -2, 3], [1.5, -2.7, 3.1])
    assert told not in symptoms_of(exercise, [1, -2, 4], [1.5, -2.7, 3.1])
    assert told not in symptoms_of(exercise, [1, -2, 3], [1.5 + 1j, -2, 3])
    assert "NaN" not in symptoms_of(exercise, [-np.inf, 1.0], [-np.inf, 2.0])
    assert "NaN" in symptoms_of(exercise, [-np.inf, np.inf], [-np.inf, 2.0])


def test_a_factor_that_is_a_size_is_reported_for_cases_of_any_size(exercise):
    cases = []
    for size in (4, 6):
        x, mean = np.ones(size), np.arange(1.0, 4.0)
        case = examine(exercise.loaded(), exercise.loaded().solution)[0]
        wrong = Observation({"mean": Value.of(size * mean)}, calls=[Call("mean", {"x": x})])
        cases.append(replace(case, observed=wrong, expected=Observation({"mean": Value.of(mean)})))
    told = "mean is the expected result times the size of x along axis 0"
    assert symptoms.read(cases[0], cases) == (told,)
    assert "mean is 4 times the expected result" in symptoms.read(cases[0], cases[:1])


def test_lists_in_another_order_are_changed_arguments():
    for before, now, same in (
        ([1, 2], [2, 1], False),
        (["b", "a"], ["a", "b"], False),
        ([1.0, np.nan], [1.0, np.nan], True),
        ({"a": [1]}, {"a": [2]}, False),
        ([1, 2], [1, 2, 3], False),
        ([np.zeros(2), "a"], [np.zeros(2), "a"], True),
        ([object], [int], True),  # nothing is known of objects
    ):
        assert probing._unchanged(before, now) is same


def test_swapped_results_are_reported(pair):
    two = pair.loaded()
    right = two.solution
    case = examine(two, right)[0]
    swapped = {"a": Value.of(np.ones(3)), "b": Value.of(np.arange(3.0))}
    straight = {"a": swapped["b"], "b": swapped["a"]}
    wrong = replace(case, observed=Observation(swapped), expected=Observation(straight))
    assert "b and a are swapped" in symptoms.read(wrong, [wrong])


def test_a_mistake_that_two_seeds_do_not_show_is_found(exercise):
    cases = examine(exercise.loaded(), {"mean": lambda x: np.mean(x)})
    shown = {case.observed.calls[0].arguments["x"][0] for case in cases}

    def unlucky(x):
        return x.sum() / len(x) + (x[0] not in shown)

    assert not failed_claims(examine(exercise.loaded(), {"mean": unlucky}))
    assert diagnosis_of(exercise, unlucky).state == "wrong"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("4", "mean is the text '4', expected numbers"),
        ([None], "mean is a list that contains None, expected numbers"),
        ({}, "mean is a dict, expected numbers"),
    ],
)
def test_results_that_are_not_numeric_are_described(exercise, answer, said):
    result = diagnosis_of(exercise, lambda x: answer)
    assert result.title == said
    lines = message.write(result, exercise)
    assert any(line.endswith("none of the known mistakes does this") for line in lines)


def test_the_stub_is_not_attempted(exercise):
    def stub(x):
        raise NotImplementedError

    assert diagnosis_of(exercise, stub).state == "not attempted"


def test_the_message_shows_the_smallest_case_and_the_arithmetic(exercise):
    lines = message.write(
        diagnosis_of(exercise, lambda x: float(np.sum(x))), exercise, "01_mean.py:4", 3
    )
    text = "\n".join(lines)
    assert lines[0].endswith("[sum-only]")
    assert "your code: 01_mean.py:4" in text
    assert "mean(x=[1,2,6])" in text
    assert "by hand: mean = (1 + 2 + 6) / 3 = 3" in text
    assert "9.0000       3.0000       3.0000" in text  # yours, expected, numeric
    assert "already right: the mean of one number" in text
    assert "hint 1 (3 left)" in text
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80


# -- the check of the checks ----------------------------------------------------------------------


def problems(tmp_path, **changes):
    return devcheck.check(toy.write(tmp_path, **changes), runs=3).problems


def test_a_sound_exercise_has_no_problems(tmp_path):
    report = devcheck.check(toy.write(tmp_path), runs=3)
    assert report.problems == ()
    np.testing.assert_array_equal(report.matrix, np.eye(len(report.codes)))
    assert report.codes[:4] == ("sum-only", "one-too-few", "first-value", "single-wrong")


def changed(name, old, new):
    text = next(text for file, text in toy.FILES.items() if file.startswith(name))
    assert old in text
    return {name: text.replace(old, new)}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("stub", "raise NotImplementedError", "return x.sum() / len(x)", "the stub is 'right'"),
        ("stub", "def mean(x):", "def mean(x, y):", "the stub (x, y)"),
        ("solution", "/ len(x)", "/ 2", "fails"),
        ("mutants", "return x.sum()\n", "return x.sum() / len(x)\n", "sum-only passes"),
        ("mutants", "return x[0]", "return x.sum()", "first-value is taken for sum-only"),
        ("others", "return total / len(x)", "return total", "by-loop fails"),
        ("hints", "---\nBy the count.\n", "", "2 hints"),
        ("hints", "Divide.", "return x.sum() / len(x)", "holds a line of the solution"),
        ("README", "# A mean", "A mean", "no title"),
        ("check", '= 3"', '= 4"', "but it says 4"),
        ("check", "tensor.py", "none.py", "does not exist"),
        ("check", "/ x.size", "/ 5", "the oracle of"),
        ("mutants", "if len(x) > 1 else 0.0", "+ 1", "no wrong answer fails only the claim"),
    ],
)
def test_problems_of_an_exercise_are_found(tmp_path, name, old, new, said):
    assert any(said in problem for problem in problems(tmp_path, **changed(name, old, new)))


# -- several functions ----------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path):
    """An exercise that asks for a mean and for a spread."""
    more = '\n\ndef spread(x):\n    """x (N,) -> max - min."""\n'
    check = toy.FILES["check.py"].replace('("mean",)', '("mean", "spread")')
    check += '\n\n@claim("the spread")\ndef wide(f, rng, rung):\n'
    check += "    return {'spread': f.spread(np.arange(2.0 + rung))}\n"
    return toy.write(
        tmp_path,
        stub=toy.FILES["stub.py"] + more + "    raise NotImplementedError\n",
        solution=toy.FILES["solution.py"] + more + "    return x.max() - x.min()\n",
        check=check,
    )


def test_written_functions_are_examined_before_the_rest_is_written(pair):
    def stub(x):
        raise NotImplementedError

    result = diagnose(pair.loaded(), {"mean": np.mean, "spread": stub})
    assert result.state == "not attempted"
    assert result.right == ("the mean", "the mean of one number")
    assert "right so far" in message.write(result, pair)[0]
    result = diagnose(pair.loaded(), {"mean": np.sum, "spread": stub})
    assert (result.state, result.code, result.sure) == ("wrong", "sum-only", CERTAIN)
    assert diagnose(pair.loaded(), {"mean": stub, "spread": stub}).right == ()


def test_generic_mistakes_name_the_function(pair):
    codes = devcheck.check(pair, runs=2).codes
    assert {"zeros-mean", "zeros-spread", "none-returned-mean", "remembers"} <= set(codes)
    assert len(codes) == len(set(codes))


def test_cases_of_one_size_make_no_cause_likely(exercise, monkeypatch):
    monkeypatch.setattr(diagnosis, "_same", lambda *_: True)
    loaded = exercise.loaded()
    for lengths, likely in (((5,), False), ((4, 5), True)):
        cases = examine(loaded, {"mean": lambda x, n=lengths: x.sum() / len(x) + (len(x) in n)})
        found = diagnosis._likely(loaded, loaded.mutants[:1], cases)
        assert (found is not None) is likely
