"""`nnscratch learn`: from the folder to the solution, and usage errors."""

import json
import subprocess
import sys
import time

import pytest
import toy_exercise as toy
from commands import fails, succeeds

from nnscratch.cli import learn as command
from nnscratch.cli import main
from nnscratch.learn import folder as rooms

RIGHT = "def mean(x):\n    return x.sum() / len(x)\n"
WRONG = "def mean(x):\n    return x.sum()\n"


@pytest.fixture
def exercise(tmp_path, monkeypatch):
    made = toy.write(tmp_path / "exercises")
    monkeypatch.setattr(rooms, "all_exercises", lambda: [made])
    monkeypatch.setattr(command, "all_exercises", lambda: [made])
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def file(exercise, tmp_path, capsys):
    succeeds(capsys, "learn", "init")
    return tmp_path / rooms.DEFAULT / "01_mean.py"


def run(capsys, *words):
    code = main(["learn", *map(str, words)])
    return code, capsys.readouterr().out


def test_from_init_to_the_solution(file, capsys, tmp_path):
    code, out = run(capsys)
    assert code == 0
    assert "0 of 1 right. Next: 01_mean, A mean" in out
    assert str(file) in out
    assert "`mean(x)`" in run(capsys, "explain")[1]
    code, out = run(capsys, "check")
    assert code == 1
    assert "not attempted" in out
    file.write_text(WRONG)
    code, out = run(capsys, "check", "1", "--json", tmp_path / "a.json")
    assert code == 1
    assert "[sum-only]" in out
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {"exercise": "01_mean", "state": "wrong", "code": "sum-only", "sure": "certain"}
    ]
    assert "hint 2 of 3" in run(capsys, "hint")[1]  # the one that the mistake calls for
    file.write_text(RIGHT)
    code, out = run(capsys, "check", "mean")
    assert code == 0
    assert "ok 01_mean   right" in out
    assert "next: nnscratch learn mine" in out
    assert "return x.sum() / len(x)" in run(capsys, "solution", "1")[1]
    assert "ok  1  A mean" in run(capsys, "list")[1]
    assert "all 1 exercises are right" in run(capsys, "next")[1]


def test_all_at_once(file, capsys):
    code, out = run(capsys, "check", "--all")
    assert (code, out.splitlines()[-1]) == (1, "0 of 1 right")
    file.write_text(RIGHT)
    code, out = run(capsys, "check", "--all")
    assert (code, out.splitlines()[-1]) == (0, "1 of 1 right")


def test_the_solution_is_shown_after_yours_is_right(file, capsys):
    assert "not right yet" in fails(capsys, "learn", "solution", "1")
    assert "len(x)" in run(capsys, "solution", "1", "--spoil")[1]


def test_reset_keeps_a_backup(file, capsys):
    file.write_text(WRONG)
    assert "01_mean.kept-1.py.txt" in run(capsys, "reset", "1")[1]
    assert "NotImplementedError" in file.read_text()
    assert file.with_name("01_mean.kept-1.py.txt").read_text() == WRONG
    assert "expected the exercise to reset" in fails(capsys, "learn", "reset")


def test_mistakes_of_the_command_line(exercise, capsys, tmp_path):
    assert "nnscratch learn init makes one" in fails(capsys, "learn")
    assert "nnscratch learn init makes one" in fails(capsys, "learn", "check")
    succeeds(capsys, "learn", "init", tmp_path / "here")
    words = ("--folder", tmp_path / "here")
    assert "1 to 1 or its name, got '99'" in fails(capsys, "learn", "check", "99", *words)
    assert "got 'nothing'" in fails(capsys, "learn", "explain", "nothing", *words)
    assert "made by nnscratch learn init" in fails(capsys, "learn", "list", "--folder", tmp_path)
    assert "--golden DIR as well" in fails(capsys, "learn", "dev-check", "--write")


def test_doctor_tries_a_check(file, capsys, tmp_path):
    code, out = run(capsys, "doctor")
    assert code == 0
    assert "(not attempted)" in out
    assert str(file.parent) in out


def test_dev_check_prints_a_square_diagonal_and_compares_messages(exercise, capsys, tmp_path):
    words = ("learn", "dev-check", "--runs", 2, "--golden", tmp_path)
    assert main([str(w) for w in words]) == 1
    assert "messages differ" in capsys.readouterr().out
    succeeds(capsys, *words, "--write")
    out = succeeds(capsys, *words, "--matrix")
    rows = [line.split()[-1] for line in out.splitlines() if set(line.split()[-1]) <= set("#.")]
    assert len(rows) == len(rows[0]) > 5
    assert all(row == "." * i + "#" + "." * (len(rows) - 1 - i) for i, row in enumerate(rows))
    assert (tmp_path / "01_mean.txt").read_text().isascii()


def test_watch_checks_when_a_file_is_saved(tmp_path):
    """In a process of its own, on the real exercises; the test kills it."""
    start = [sys.executable, "-m", "nnscratch", "learn"]
    subprocess.run([*start, "init", tmp_path / "w"], check=True, capture_output=True)
    watched = subprocess.Popen(
        [*start, "watch", "1", "--folder", tmp_path / "w"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONUNBUFFERED": "1", "PATH": ""},
    )
    try:
        assert "watching" in watched.stdout.readline()
        assert "not attempted" in watched.stdout.readline()
        time.sleep(0.2)
        (tmp_path / "w" / "01_scalar_node.py").write_text("Node = 3\n")
        lines = [watched.stdout.readline() for _ in range(3)]
        assert any("[missing]" in line for line in lines)
    finally:
        watched.kill()
        watched.communicate()


def test_pytest_in_the_folder_says_the_same(tmp_path):
    """Runs the test file that `init` writes."""
    start = [sys.executable, "-m"]
    subprocess.run([*start, "nnscratch", "learn", "init", tmp_path / "p"], check=True)
    (tmp_path / "p" / "01_scalar_node.py").write_text("Node = 3\n")
    words = [*start, "pytest", "-q", "-k", "01_ or 16_", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=tmp_path / "p", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "[missing]" in done.stdout
    assert "1 failed" in done.stdout
    assert "1 xfailed" in done.stdout
