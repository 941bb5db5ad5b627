"""A process of its own: it answers, ends itself or is stopped, and `run` tells which."""

import pytest

from nnscratch.learn import process

PROGRAM = """
import os, sys


def main(job):
    print("printed")
    if job == "loop":
        while True:
            pass
    if job == "exit":
        os._exit(7)
    return {"job": job, "threads": os.environ["OMP_NUM_THREADS"]}
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "some_program.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "some_program"


def test_an_answer_arrives_beside_what_is_printed(module):
    ended = process.run(module, [1, "a"], 30.0)
    assert ended.answer == {"job": [1, "a"], "threads": "1"}
    assert (ended.code, ended.late, ended.printed) == (0, False, ("printed",))
    assert process.run(module, 1, 30.0, capture=False).printed == ()


def test_a_process_that_ends_itself_gives_its_code(module):
    ended = process.run(module, "exit", 30.0)
    assert (ended.answer, ended.code, ended.late) == (None, 7, False)


def test_a_process_without_end_is_stopped_and_its_line_is_known(module, tmp_path):
    ended = process.run(module, "loop", 2.0)
    assert (ended.answer, ended.late) == (None, True)
    file, line = ended.calls[0]
    assert (file, line in (8, 9)) == (tmp_path / "some_program.py", True)
