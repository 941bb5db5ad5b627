"""README.md: its program runs, its commands exist, and the cheap ones do what it says."""

import argparse
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commands import succeeds

from nnscratch.cli import COMMANDS, Parser, demo

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
LINES = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
COMMAND_LINES = [line for line in LINES if line.startswith("nnscratch ")]
OWN_FILE = re.compile(r"[A-Z]{2,}")  # PHOTO.jpg: a file of the reader's
MADE_BY_DEMO = "nnscratch-demo/"


def words_of(line):
    return shlex.split(line, comments=True)[1:]


def one_line(start):
    """The words of the only line that starts so."""
    (line,) = [line for line in COMMAND_LINES if line.startswith(f"nnscratch {start}")]
    return words_of(line)


@pytest.mark.parametrize("line", COMMAND_LINES, ids=lambda line: " ".join(words_of(line))[:60])
def test_every_command_parses_and_its_files_exist(line):
    name, *rest = words_of(line)
    assert name in COMMANDS
    parser = Parser(prog=name)
    importlib.import_module(f"nnscratch.cli.{name.replace('-', '_')}").configure(parser)
    options = parser.parse_args(rest)
    assert callable(options.run)
    made = {getattr(options, "output", None), *results()}
    for word in rest:
        is_file = "/" in word or re.search(r"\.\w{2,}$", word)
        if is_file and word not in made and not OWN_FILE.match(word):
            assert (ROOT / word).is_file() or word.startswith(MADE_BY_DEMO), word


def results():
    """The files that the README's commands write."""
    words = [words_of(line) for line in COMMAND_LINES]
    return {row[row.index("-o") + 1] for row in words if "-o" in row}


def test_every_command_is_mentioned():
    assert {words_of(line)[0] for line in COMMAND_LINES} | {"demo"} == set(COMMANDS)
    assert "nnscratch demo" in TEXT


def test_the_program_runs(tmp_path):
    (program,) = [text for kind, text in BLOCKS if kind == "python"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "[[[6. 9. 9. 9. 6.]" in done.stdout
    accuracy = float(re.findall(r"'accuracy': ([\d.]+)", done.stdout)[-1])
    assert accuracy > 0.9


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with the repository's files, and the model that `nnscratch demo` leaves."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("data", "nnscratch"):
        (folder / name).symlink_to(ROOT / name)
    made = folder / MADE_BY_DEMO
    made.mkdir()
    demo.faces(made, argparse.Namespace(seed=0))
    return folder


def test_faces(clone, capsys, monkeypatch):
    monkeypatch.chdir(clone)
    lines = [words_of(line) for line in COMMAND_LINES if line.startswith("nnscratch faces verify")]
    assert [succeeds(capsys, *words).split(" (")[0] for words in lines] == [
        "the same person",
        "different people",
    ]
    for words in (words_of(x) for x in COMMAND_LINES if x.startswith("nnscratch faces enrol")):
        succeeds(capsys, *words)
    known, stranger = succeeds(capsys, *one_line("faces identify")).splitlines()
    assert ": Levena (" in known
    assert ": not recognised" in stranger


def test_style(clone, capsys, monkeypatch):
    monkeypatch.chdir(clone)
    succeeds(capsys, *one_line("style data"), "--size", 32, "--iterations", 1)
    succeeds(capsys, *one_line("style --rerun"))
    assert (clone / "result.png").read_bytes() == (clone / "again.png").read_bytes()
    assert succeeds(capsys, *one_line("style-report"))


def test_cheap_commands(clone, capsys, monkeypatch):
    monkeypatch.chdir(clone)
    for start in ("weights inspect", "learn init", "doctor"):
        assert succeeds(capsys, *one_line(start))


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
