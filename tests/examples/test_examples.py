"""Each example runs as its reader runs it, measures a good result and draws its picture."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
MOST_LINES = 60
SECONDS = 240  # far more than any needs, on a machine that does other work as well


def run_example(name, folder):
    """What the example prints; it runs in a process of its own, with `folder` as its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "MPLBACKEND": "Agg"},
    )
    assert done.returncode == 0, done.stderr
    with Image.open(folder / f"{name}.png") as picture:
        assert len(set(picture.convert("L").tobytes())) > 20  # something is drawn
    assert f"wrote {name}.png" in done.stdout
    return done.stdout


def numbers(pattern, text):
    """All numbers that the pattern's groups find, in order."""
    found = re.findall(pattern, text)
    assert found, text
    return [float(n) for groups in found for n in ([groups] if isinstance(groups, str) else groups)]


def test_raw_loop_separates_the_spirals(tmp_path):
    text = run_example("raw_loop", tmp_path)
    losses, right = numbers(r"loss ([\d.]+)", text), numbers(r"right ([\d.]+)%", text)
    assert losses == sorted(losses, reverse=True)
    assert right[0] < 60
    assert right[-1] >= 99


def test_digits_reads_digits(tmp_path):
    text = run_example("digits", tmp_path)
    before, after = numbers(r"before training: ([\d.]+)%, after: ([\d.]+)%", text)
    assert before < 30
    assert after > 96
    assert (tmp_path / "digits.npz").is_file()


def test_siamese_verifies_people_it_has_not_seen(tmp_path):
    text = run_example("siamese", tmp_path)
    before, after = numbers(r"training: ([\d.]+)%", text)
    assert before < 40
    assert after > 75


def test_style_takes_the_style_and_keeps_the_content(tmp_path):
    text = run_example("style", tmp_path)
    content, style = numbers(r"content ([\d.]+)", text), numbers(r"style (\d[\d.]*)", text)
    assert style == sorted(style, reverse=True)
    assert style[-1] < 0.05 * style[0]
    assert content[-1] < 0.6


def test_signals_finds_the_premature_beats(tmp_path):
    text = run_example("signals", tmp_path)
    premature, _, found = numbers(r"of (\d+) premature beats in (\d+) new ones: found (\d+)", text)
    (false_alarms,) = numbers(r"normal beats called premature: (\d+)", text)
    assert premature > 10
    assert found >= premature - 1
    assert false_alarms <= 1
    for shape in ("(1, 16, 10)", "(1, 32, 6)"):
        assert shape in text  # 14 -> 10 of 16 channels -> 6 of 32


def test_volumes_need_three_dimensions(tmp_path):
    text = run_example("volumes", tmp_path)
    by_slice, by_cube = numbers(r"D: (\d+)% of", text)
    assert by_slice < 75
    assert by_cube > 90


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_examples_are_short_and_tested(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert f'run_example("{path.stem}"' in Path(__file__).read_text(encoding="utf-8")
