"""nnscratch demo: what it shows is on its page, in what it prints and in its figures."""

import contextlib
import io
import json
import re

import pytest
from commands import fails, succeeds

from nnscratch.cli import main
from nnscratch.data import read_image


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of one short run, what it printed, and its figures."""
    folder = tmp_path_factory.mktemp("demo")
    figures, printed = folder / "figures.json", io.StringIO()
    words = ["demo", "-o", folder / "out", "--iterations", 2, "--json", figures]
    with contextlib.redirect_stdout(printed):
        assert main([str(word) for word in words]) == 0
    return folder / "out", printed.getvalue(), json.loads(figures.read_text())


@pytest.fixture
def page(demo):
    return (demo[0] / "index.html").read_text(encoding="utf-8")


def test_the_page_shows_every_picture(demo, page):
    pictures = {path.name for path in demo[0].glob("*.png")}
    people = set(demo[2]["faces"]["answers"])
    assert pictures == {f"{name}.png" for name in ("content", "style", "result", "strip")} | {
        f"{name}.png" for name in {"same", "different"} | people
    }
    assert set(re.findall(r'src="(.*?)"', page)) == pictures
    for name in pictures:
        assert read_image(demo[0] / name).shape[0] == 3


def test_derivatives_are_right(demo, page):
    rows = {row["op"]: row for row in demo[2]["gradcheck"]}
    assert set(rows) == {"conv1d", "conv2d", "conv3d"}
    for op, row in rows.items():
        assert row["problem"] == ""
        assert f"<td>{op}</td>" in page
        assert op in demo[1]


def test_faces_are_told_apart_and_the_stranger_is_not_recognised(demo, page):
    faces = demo[2]["faces"]
    assert faces["same"]["distance"] < faces["same"]["limit"] < faces["different"]["distance"]
    *enrolled, stranger = faces["answers"]
    assert [faces["answers"][name] for name in enrolled] == enrolled
    assert faces["answers"][stranger] is None
    for text in (demo[1], page):
        assert "the same person (distance" in text
        assert "different people (distance" in text
        assert f"{stranger}, a stranger: not recognised" in text


def test_the_model_and_the_pictures_serve_the_faces_command(demo, tmp_path, capsys):
    folder, _, figures = demo
    first, second, *_ = figures["faces"]["answers"]
    model = ["--model", folder / "faces.npz"]
    out = succeeds(
        capsys, "faces", "verify", folder / f"{first}.png", folder / f"{second}.png", *model
    )
    assert out.startswith("different people")


def test_the_wrong_answer_is_named(demo, page):
    folder, printed, figures = demo
    assert figures["exercise"] == {"code": "kernel-flipped", "sure": "certain"}
    for text in (printed, page):
        assert "[kernel-flipped]" in text
        assert "cause (certain" in text
    assert "kernel - 1 - k" in page
    assert "kernel - 1 - k" in (folder / "11_conv1d_loops.py").read_text()


def test_it_says_how_long_it_took_and_what_is_next(demo):
    assert demo[2]["seconds"] > 0
    assert demo[2]["loss"] > 0
    assert "What next" in demo[1]
    assert f"--model {demo[0]}/faces.npz" in demo[1]


def test_bad_options_are_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert "no folder" in fails(capsys, "demo", "-o", tmp_path / "none" / "demo")
    assert fails(capsys, "demo", "-o", tmp_path / "file")
    assert "at least 1 iteration" in fails(capsys, "demo", "-o", tmp_path, "--iterations", 0)
    assert "a seed of at least 0" in fails(capsys, "demo", "-o", tmp_path, "--seed", -1)
