"""`nnscratch oneshot` as a user meets it: a tiny training, its figures, one line for mistakes."""

import json
import re
from dataclasses import replace

import pytest
from commands import fails, succeeds
from drawings import background_files, run_files, write_zip

from nnscratch.cli import main
from nnscratch.faces.oneshot import task

ERRORS = ("embedding_error", "combined_error", "chamfer_error", "hausdorff_error")


@pytest.fixture
def zips(tmp_path):
    """The words that name a background of 5 characters and 2 runs of 4."""
    background = write_zip(tmp_path / "background.zip", background_files())
    runs = write_zip(tmp_path / "runs.zip", run_files())
    return ["oneshot", "omniglot", "--background", background, "--runs", runs]


@pytest.fixture
def small(monkeypatch):
    """Networks and batches of a size for tests."""
    for name, recipe in task.SETTINGS.items():
        tiny = replace(recipe, classes=5, drawings=2, widths=(4, 6, 8))
        monkeypatch.setitem(task.SETTINGS, name, tiny)


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr(task, "train", lambda *_: pytest.fail("it was trained"))


def test_figures_of_a_tiny_training(zips, small, tmp_path, capsys):
    path = tmp_path / "o.json"
    out = succeeds(capsys, *zips, "--steps", 2, "--json", path)
    for word in ("embedding", "combined", "chamfer", "hausdorff", "95 % interval"):
        assert word in out
    record = json.loads(path.read_text())
    assert set(record) == {*ERRORS, "seconds_training", "trials", "seeds"}
    assert all(0 <= record[name] <= 1 for name in ERRORS)
    assert record["chamfer_error"] == record["hausdorff_error"] == 0  # these hands are steady
    assert record["seconds_training"] > 0
    assert record["trials"] == 2 * 4
    (one,) = record["seeds"]
    assert one["seed"] == 0 and one["embedding_error"] == record["embedding_error"]


def test_several_seeds_are_averaged(zips, small, tmp_path, capsys):
    path, single = tmp_path / "o.json", tmp_path / "s.json"
    words = [*zips, "--steps", 1, "--loss", "semi-hard"]
    succeeds(capsys, *words, "--seeds", 2, "--seed", 5, "--json", path)
    record = json.loads(path.read_text())
    assert [one["seed"] for one in record["seeds"]] == [5, 6]
    for name in (*ERRORS[:2], "seconds_training"):
        assert record[name] == pytest.approx(sum(one[name] for one in record["seeds"]) / 2)
    succeeds(capsys, *words, "--seed", 6, "--json", single)
    again = json.loads(single.read_text())
    assert again["embedding_error"] == record["seeds"][1]["embedding_error"]
    assert again["chamfer_error"] == record["chamfer_error"]


def test_progress_is_told_beside_the_table(zips, small, capsys):
    assert main([str(word) for word in [*zips, "--steps", 2]]) == 0
    assert "seed 0 2/2 loss" in capsys.readouterr().err


@pytest.mark.parametrize("which", ["--background", "--runs"])
def test_bad_zips_are_named(zips, which, tmp_path, capsys, no_training):
    place = zips.index(which) + 1
    text, other = tmp_path / "text.zip", write_zip(tmp_path / "other.zip", {"a.txt": b"a"})
    text.write_text("no zip")
    damaged = background_files() if which == "--background" else run_files()
    name = next(name for name in damaged if name.endswith(".png"))
    damaged = write_zip(tmp_path / "damaged.zip", damaged | {name: b"no picture"})
    figures = tmp_path / "o.json"
    figures.write_text("as before")
    for path, message in (
        (
            tmp_path / "none.zip",
            r"expected a zip file, got no file at '.*none.zip'; check the path",
        ),
        (tmp_path, "expected a zip file, got no file at"),
        (text, "expected a zip file, got another kind or a broken one: '.*text.zip'.*fetch it"),
        (other, "expected .* in the zip, got none: '.*other.zip'; .* of the Omniglot project has"),
        (damaged, f"{name} in '.*damaged.zip' cannot be read .it is no picture.; fetch the file"),
    ):
        words = [*zips[:place], path, *zips[place + 1 :], "--json", figures]
        err = fails(capsys, *words)
        assert re.search(message, err), err
        assert err.startswith("nnscratch oneshot: ")
    assert figures.read_text() == "as before"


def test_the_two_zips_exchanged(zips, capsys, no_training):
    words = [*zips[:3], zips[5], "--runs", zips[3]]
    assert "read_background: expected drawings ALPHABET/CHARACTER" in fails(capsys, *words)


def test_bad_options(zips, tmp_path, capsys, no_training):
    for words, message in (
        (["--steps", 0], "expected --steps and --seeds of at least 1"),
        (["--seeds", 0], "expected --steps and --seeds of at least 1"),
        (["--loss", "hinge"], "invalid choice: 'hinge'"),
        (["--json", tmp_path / "none" / "o.json"], "there is no folder"),
    ):
        assert message in fails(capsys, *zips, *words)
    assert "the following arguments are required: task, --background" in fails(capsys, "oneshot")
    assert "invalid choice: 'mnist'" in fails(capsys, "oneshot", "mnist", *zips[2:])


def test_a_background_of_two_characters_is_too_small(zips, tmp_path, capsys):
    few = write_zip(tmp_path / "few.zip", background_files(alphabets=(2,)))
    err = fails(capsys, *zips[:3], few, *zips[4:])
    assert "PKSampler: expected" in err and "16" in err
