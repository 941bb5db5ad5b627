"""`nnscratch quiz`: typed answers, an early end, --answers, usage errors."""

import io
import json
import subprocess
import sys

import pytest
from commands import fails, succeeds

from nnscratch.learn.questions import QUESTIONS
from nnscratch.learn.quiz import demonstrate


@pytest.fixture
def types(monkeypatch):
    """Set what the user types."""

    def typing(text):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return typing


def right(number):
    return demonstrate(QUESTIONS[number - 1]).right


def wrong(number):
    return next(x for x in QUESTIONS[number - 1].letters if x != right(number))


def test_right_and_wrong_answers_with_numbers_and_score(types, capsys, tmp_path):
    types(f"{right(10).upper()} \n{wrong(2)}\n")
    file = tmp_path / "quiz.json"
    out = succeeds(capsys, "quiz", 10, 2, "--json", file)
    assert "1 of 2, training" in out
    assert f"{right(10)} is right" in out
    assert "backward:                 2 0 1" in out
    assert f"{wrong(2)} is wrong: {right(2)} is right" in out
    assert out.endswith("1 of 2 right\n")
    records = json.loads(file.read_text())
    assert [record["number"] for record in records] == [10, 2]
    assert [record["chosen"] == record["right"] for record in records] == [True, False]
    assert records[0]["question"] == QUESTIONS[9].text
    assert records[0]["numbers"]["gradient"] == [2, 0, 1]


def test_another_letter_is_asked_for_again(types, capsys):
    types(f"e\n\nab\n7\n{right(1)}\n")
    out = succeeds(capsys, "quiz", 1)
    assert out.count("please type one of a, b, c, d; Ctrl-D ends the quiz") == 4
    assert out.count("your answer (a to d): ") == 5
    assert "1 of 1 right" in out


def test_the_end_of_input_ends_the_quiz(types, capsys, tmp_path):
    types(f"{right(1)}\n")
    out = succeeds(capsys, "quiz", "--json", tmp_path / "quiz.json")
    assert out.endswith("\n1 of 1 right (ended after 1 of 24)\n")
    assert len(json.loads((tmp_path / "quiz.json").read_text())) == 1
    types("")
    assert succeeds(capsys, "quiz").endswith("0 of 0 right (ended after 0 of 24)\n")


def test_letters_given_ask_for_nothing(types, capsys):
    types("")
    letters = "".join(right(number) for number in range(1, 25))
    out = succeeds(capsys, "quiz", "--answers", letters)
    assert "your answer" not in out
    assert out.endswith("24 of 24 right\n")
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 80
    assert all(question.topic in out for question in QUESTIONS)


def test_the_list_and_its_json(capsys, tmp_path):
    out = succeeds(capsys, "quiz", "--list", "--json", tmp_path / "list.json")
    assert out.startswith("convolution\n   1  The kernel")
    assert "\n  24  A CT" in out
    assert max(map(len, out.splitlines())) <= 80
    listed = json.loads((tmp_path / "list.json").read_text())
    assert [entry["number"] for entry in listed] == list(range(1, 25))
    assert "right" not in listed[0]


def test_a_seed_shuffles_and_count_takes_some(capsys):
    first, again, other = (
        succeeds(capsys, "quiz", "--list", "--seed", seed, "--count", 6) for seed in (1, 1, 2)
    )
    assert first == again != other
    numbers = [line[:4].strip() for line in first.splitlines() if line[:4].strip().isdigit()]
    assert len(set(numbers)) == 6
    assert numbers != sorted(numbers, key=int)
    assert succeeds(capsys, "quiz", 3, 3, 5, "--list").count("?") == 2


def test_mistakes_of_the_command_line(capsys, tmp_path):
    assert "questions from 1 to 24, got 25" in fails(capsys, "quiz", 25)
    assert "got 0" in fails(capsys, "quiz", 0)
    assert "invalid int value" in fails(capsys, "quiz", "first")
    assert "--count from 1 to 24, got 0" in fails(capsys, "quiz", "--count", 0)
    assert "--count from 1 to 2, got 3" in fails(capsys, "quiz", 1, 2, "--count", 3)
    assert "--seed of at least 0" in fails(capsys, "quiz", "--seed", -1)
    assert "a letter for each of 24 questions, got 2" in fails(capsys, "quiz", "--answers", "ab")
    assert "the options a, b, c, d, got 'z'" in fails(capsys, "quiz", 7, "--answers", "z")
    assert "a letter for each of 1 questions" in fails(capsys, "quiz", 7, "--answers", "")
    assert "no folder" in fails(capsys, "quiz", "--json", tmp_path / "none" / "x.json")


def test_as_a_process_with_a_pipe():
    words = [sys.executable, "-m", "nnscratch", "quiz", "1"]
    done = subprocess.run(words, input=f"{right(1)}\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("1 of 1 right\n")
