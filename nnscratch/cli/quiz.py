"""nnscratch quiz: questions on the course; the right answers are computed after you answered."""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnscratch.cli.common import say, write_json
from nnscratch.learn import message
from nnscratch.learn.questions import QUESTIONS
from nnscratch.learn.quiz import Question, Shown, demonstrate

DESCRIPTION = """\
Questions on convolution, training, faces, style, signals and volumes. After each answer a
demonstration computes the numbers that decide; no answer is stored. Ctrl-D ends the quiz."""
EPILOG = """\
example:
  nnscratch quiz                    # all questions, in the order of the course
  nnscratch quiz 4 9                # these two
  nnscratch quiz --seed 1 --count 5 # five of them, shuffled"""
Numbered = tuple[int, Question]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add("numbers", metavar="N", nargs="*", type=int, help="only these questions (default: all)")
    add("--seed", metavar="N", type=int, help="shuffle the questions with this seed")
    add("--count", metavar="N", type=int, help="number of questions to ask")
    add("--list", action="store_true", help="list the questions without asking")
    add("--answers", metavar="LETTERS", help="your answers, as in bca; nothing is asked")
    add("--json", metavar="FILE", help="write answers and computed numbers as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    chosen = _chosen(options)
    if options.list:
        _list(chosen)
        return write_json(options, [{"number": n, **_head(question)} for n, question in chosen])
    given = None if options.answers is None else _given(options.answers, chosen)
    records: list[dict[str, Any]] = []
    for i, (number, question) in enumerate(chosen):
        _pose(f"{i + 1} of {len(chosen)}, {question.topic}", question)
        letter = _ask(question) if given is None else given[i]
        if letter is None:
            break
        shown = demonstrate(question)
        _tell(letter, question, shown)
        answer = {"chosen": letter, "right": shown.right, "numbers": dict(shown.numbers)}
        records.append({"number": number, **_head(question), **answer})
    _score(records, len(chosen))
    return write_json(options, records)


# -- which questions ------------------------------------------------------------------------------


def _chosen(options: argparse.Namespace) -> list[Numbered]:
    """The questions to ask, with their numbers in the course."""
    numbers = list(dict.fromkeys(options.numbers)) or list(range(1, len(QUESTIONS) + 1))
    for number in numbers:
        if not 1 <= number <= len(QUESTIONS):
            raise ValueError(f"expected questions from 1 to {len(QUESTIONS)}, got {number}")
    if options.seed is not None:
        if options.seed < 0:
            raise ValueError(f"expected --seed of at least 0, got {options.seed}")
        numbers = np.random.default_rng(options.seed).permutation(numbers).tolist()
    if options.count is not None:
        if not 1 <= options.count <= len(numbers):
            raise ValueError(f"expected --count from 1 to {len(numbers)}, got {options.count}")
        numbers = numbers[: options.count]
    return [(number, QUESTIONS[number - 1]) for number in numbers]


def _given(answers: str, chosen: Sequence[Numbered]) -> str:
    """The letters of --answers, checked: one for each question."""
    letters = answers.lower()
    if len(letters) != len(chosen):
        raise ValueError(
            f"--answers: expected a letter for each of {len(chosen)} questions, got "
            f"{len(letters)}: '{answers}'"
        )
    for letter, (number, question) in zip(letters, chosen, strict=True):
        if letter not in question.letters:
            raise ValueError(
                f"--answers: question {number} has the options {', '.join(question.letters)}, "
                f"got '{letter}'"
            )
    return letters


# -- asking ---------------------------------------------------------------------------------------


def _ask(question: Question) -> str | None:
    """The chosen letter, or None if the input ends."""
    letters = question.letters
    while True:
        try:
            word = input(f"your answer ({letters[0]} to {letters[-1]}): ").strip().lower()
        except EOFError:
            say("")
            return None
        if len(word) == 1 and word in letters:
            return word
        say(f"please type one of {', '.join(letters)}; Ctrl-D ends the quiz")


def _pose(head: str, question: Question) -> None:
    say("", head, *_wrapped(question.text), "")
    for letter, option in zip(question.letters, question.options, strict=True):
        say(*_wrapped(option, f"  {letter}  "))
    say("")


def _tell(letter: str, question: Question, shown: Shown) -> None:
    verdict = "right" if letter == shown.right else f"wrong: {shown.right} is right"
    say(f"{letter} is {verdict}")
    say(*(f"    {line}" for line in shown.lines))
    say(*_wrapped(question.why))


def _score(records: Sequence[dict[str, Any]], asked: int) -> None:
    right = sum(record["chosen"] == record["right"] for record in records)
    early = f" (ended after {len(records)} of {asked})" if len(records) < asked else ""
    say("", f"{right} of {len(records)} right{early}")


def _list(chosen: Sequence[Numbered]) -> None:
    topic = ""
    for number, question in chosen:
        if question.topic != topic:
            topic = question.topic
            say(topic)
        say(*_wrapped(question.text, f"{number:>4}  "))


# -- output ---------------------------------------------------------------------------------------


def _wrapped(text: str, first: str = "") -> list[str]:
    """Lines of at most 80 columns, with a hanging indent below `first`."""
    return message.wrapped(text, first, " " * len(first), most=None)


def _head(question: Question) -> dict[str, str]:
    return {"topic": question.topic, "question": question.text}
