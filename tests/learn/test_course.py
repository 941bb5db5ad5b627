"""docs/course.md: every link, exercise and command in it must exist."""

import re
import shlex
from pathlib import Path

import pytest

from nnscratch import cli
from nnscratch.learn.exercise import all_exercises
from nnscratch.learn.questions import QUESTIONS

PAGE = Path(__file__).parent.parent.parent / "docs" / "course.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", TEXT)
COMMANDS = re.findall(r"`nnscratch([^`]*)`", TEXT)
HEADS = ["part", "the idea", "in the engine", "exercises", "see it"]


class Parsed(Exception):
    """Raised instead of running a command."""


@pytest.fixture
def parse(monkeypatch):
    """Parse a command line as `nnscratch` does, without running it."""
    parse_known_args = cli.Parser.parse_known_args

    def parsed(parser, words, namespace=None):
        options, unknown = parse_known_args(parser, words, namespace)
        if parser.prog == "nnscratch" and not unknown:
            raise Parsed(options)
        return options, unknown  # of the parser of a command, or an error

    monkeypatch.setattr(cli.Parser, "parse_known_args", parsed)

    def parse(command):
        with pytest.raises(Parsed) as stopped:
            cli.main(shlex.split(command))
        return stopped.value.args[0]

    return parse


def test_links_exist():
    assert len(LINKS) > 100
    for label, target in LINKS:
        path = PAGE.parent / target
        assert path.is_file(), target
        # the label is the end of the target: [`faces/head.py`](../nnscratch/faces/...)
        name = target.removesuffix("/README.md") if "exercises" in target else target
        assert name.endswith(label.strip("`")), (label, target)


def test_every_exercise_is_named():
    named = {target.split("/")[2] for _, target in LINKS if "/exercises/" in target}
    assert named == {exercise.name for exercise in all_exercises()}


def test_every_row_has_all_its_cells():
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert sum(row == HEADS for row in cells) == TEXT.count("\n## ") - 1
    for row in cells:
        assert len(row) == len(HEADS), row
        assert all(row), row


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_commands_parse(command, parse):
    options = parse(command)
    assert options.command in cli.COMMANDS
    for number in getattr(options, "numbers", []):
        assert 1 <= number <= len(QUESTIONS)


def test_every_question_is_named(parse):
    numbers = [n for c in COMMANDS if c.startswith(" quiz ") for n in parse(c).numbers]
    assert set(numbers) == set(range(1, len(QUESTIONS) + 1))


@pytest.mark.parametrize("command", ["quizz", "quiz first", "faces recognise", "learn --sorry"])
def test_an_unknown_command_does_not_parse(command, parse, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(command)
    assert stop.value.code == 2
