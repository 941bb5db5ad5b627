"""The quiz: 24 questions, each with one option that agrees with the computed numbers."""

import ast
import json
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import nnscratch.learn.questions as package
from nnscratch.learn.questions import QUESTIONS
from nnscratch.learn.quiz import Question, demonstrate, predictions, predicts

FILES = sorted(Path(package.__file__).parent.glob("*.py"))
COLUMNS = 80
INDENT = 4  # of the deciding lines, as the command prints them
every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.text[:40])


def two_and_two(**options):
    """A question with a known answer."""
    texts, predictions = tuple(options), tuple(options.values())
    show = partial(tuple, ({"sum": 2 + 2}, [f"sum: {2 + 2}"]))
    return Question("sums", "What is 2 + 2?", texts, predictions, "It is 4.", show)


def test_there_are_24_over_the_whole_course():
    assert len(QUESTIONS) == 24
    assert len({question.text for question in QUESTIONS}) == 24
    topics = list(dict.fromkeys(question.topic for question in QUESTIONS))
    assert topics == ["convolution", "training", "faces", "style", "signals and volumes"]
    assert topics == [q.topic for i, q in enumerate(QUESTIONS) if q.topic != QUESTIONS[i - 1].topic]


@every_question
def test_one_option_holds_and_the_numbers_can_be_written(question):
    shown = demonstrate(question)
    assert shown.right in question.letters
    assert len(question.letters) == len(set(question.options)) >= 3
    assert len(question.options) == len(question.predictions)
    assert json.loads(json.dumps(shown.numbers)) == shown.numbers


@every_question
def test_lines_are_few_and_fit_a_terminal(question):
    lines = demonstrate(question).lines
    assert 2 <= len(lines) <= 5
    for line in lines:
        assert len(line) <= COLUMNS - INDENT, line
        assert line.isascii()
        assert line == line.rstrip() != ""
    for text in (question.text, question.why, *question.options):
        assert text.isascii()
        assert text == text.strip()
    assert all(len(option) <= COLUMNS - 5 for option in question.options)
    assert question.why.endswith(".")
    assert question.text.endswith("?")


@every_question
def test_a_second_run_shows_the_same(question):
    first, second = demonstrate(question), demonstrate(question)
    assert first == second


@pytest.mark.parametrize("shift", [1, 2, 3])
@every_question
def test_answers_do_not_depend_on_the_random_numbers(question, shift, monkeypatch):
    right = demonstrate(question).right
    generator = np.random.default_rng

    def shifted(seed=None):
        assert seed is not None, "a generator without a seed"
        return seed if isinstance(seed, np.random.Generator) else generator((shift, seed))

    monkeypatch.setattr(np.random, "default_rng", shifted)
    assert demonstrate(question).right == right


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_demonstrations_are_seeded_and_read_no_clock(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "default_rng":
            assert node.args, f"line {node.lineno}: a generator without a seed"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None)]
            assert not {"time", "random", "secrets", "datetime"} & set(names)


def test_right_letters_are_spread():
    rights = Counter(demonstrate(question).right for question in QUESTIONS)
    assert set(rights) == set("abcd")
    assert min(rights.values()) >= 4
    in_a_row = "".join(demonstrate(question).right for question in QUESTIONS)
    assert not any(letter * 3 in in_a_row for letter in "abcd")


def test_a_question_with_two_answers_or_none_is_refused():
    four, five = predicts("sum", 4), predicts("sum", 5)
    assert demonstrate(two_and_two(five=five, four=four)).right == "b"
    assert demonstrate(two_and_two(five=five, four=four)).lines == ("sum: 4",)
    with pytest.raises(ValueError, match=r"one option of 'What is 2 \+ 2\?' to hold, got \['a',"):
        demonstrate(two_and_two(four=four, five=five, even=lambda c: c["sum"] % 2 == 0))
    with pytest.raises(ValueError, match=r"got \[\]"):
        demonstrate(two_and_two(five=five))


def test_predictions_of_floats_are_to_rounding():
    assert predicts("x", 0.8)({"x": 0.8 + 1e-12})
    assert not predicts("x", 0.8)({"x": 0.8001})
    assert predicts("x", [1, 2])({"x": [1.0, 2.0]})
    assert not predicts("x", [1, 2])({"x": [1, 3]})
    assert not predicts("x", 0.5)({"x": float("nan")})
    four, five = predictions("x", 4, 5)
    assert four({"x": 4}) and not five({"x": 4})
