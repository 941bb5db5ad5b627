"""`nnscratch style-report` as a user meets it: table, sheet, figures, one line for mistakes."""

import json

import numpy as np
import pytest
from commands import fails, succeeds

from nnscratch.cli import style_report
from nnscratch.data import PICTURES, read_image, save_image

PARTS = ("texture", "patches", "colour")


@pytest.fixture
def folder(tmp_path):
    """c.png and s.png of 96 pixels; two results of 80, of which near.png is more like the style."""
    content, style = PICTURES["landscape"](96), PICTURES["mosaic"](96)
    save_image(tmp_path / "c.png", content)
    save_image(tmp_path / "s.png", style)
    small = PICTURES["landscape"](80), PICTURES["mosaic"](80)
    for name, share in (("near.png", 0.8), ("far.png", 0.2)):
        save_image(tmp_path / name, (1 - share) * small[0] + share * small[1])
    return tmp_path


def words(folder, *names):
    return ["style-report", *(folder / name for name in ("c.png", "s.png", *names))]


def test_table_figures_and_sheet(folder, capsys):
    figures, sheet = folder / "f.json", folder / "sheet.png"
    out = succeeds(capsys, *words(folder, "far.png", "near.png"), "--json", figures, "-o", sheet)
    for word in ("style", *PARTS, "SSIM", "edges", "80 pixels"):
        assert word in out
    assert out.index("near.png") < out.index("far.png")  # the best first
    record = json.loads(figures.read_text())
    assert record["size"] == 80
    assert [score["name"] for score in record["scores"]] == ["near.png", "far.png"]
    near, far = record["scores"]
    assert near["style"] == pytest.approx(np.mean([near[part] for part in PARTS]))
    assert near["style"] < far["style"] < 1
    assert near["ssim"] < far["ssim"]
    for part in PARTS:
        assert record["scales"][part]["floor"] < record["scales"][part]["ceiling"]
    assert f"{near['style']:.2f}".replace("-", "−") in out
    assert read_image(sheet).shape[0] == 3


def test_pictures_are_brought_to_one_size(folder, capsys):
    """A result of another size is the same picture, but for the resampling."""
    save_image(folder / "content.png", PICTURES["landscape"](150)[:, :100])
    save_image(folder / "result.png", PICTURES["landscape"](75)[:, :50])
    figures = folder / "f.json"
    succeeds(
        capsys,
        *("style-report", folder / "content.png", folder / "s.png", folder / "result.png"),
        *("--size", 60, "--json", figures),
    )
    record = json.loads(figures.read_text())
    assert record["size"] == 60
    assert record["scores"][0]["style"] == pytest.approx(1, abs=0.15)
    assert record["scores"][0]["ssim"] > 0.9


def test_the_same_words_give_the_same_bytes(folder, capsys):
    outs = []
    for name in ("a", "b"):
        options = ("--json", folder / f"{name}.json", "-o", folder / f"{name}.png")
        outs.append(succeeds(capsys, *words(folder, "near.png"), *options))
    assert outs[0] == outs[1]
    for end in ("json", "png"):
        assert (folder / f"a.{end}").read_bytes() == (folder / f"b.{end}").read_bytes()


def test_what_cannot_be_told_has_a_dash_and_a_reason(folder, capsys):
    figures = folder / "f.json"
    out = succeeds(
        capsys,
        *("style-report", folder / "s.png", folder / "s.png", folder / "near.png"),
        *("--json", figures, "-o", folder / "sheet.png"),
    )
    assert "–" in out
    assert out.count("CONTENT is as like STYLE as its own parts are") == 3
    assert json.loads(figures.read_text())["scores"][0]["style"] is None


def test_styles_of_one_colour(folder, capsys):
    save_image(folder / "s.png", np.full((3, 60, 60), 0.3))
    figures = folder / "f.json"
    succeeds(capsys, *words(folder, "near.png"), "--json", figures)
    record = json.loads(figures.read_text())
    assert record["scores"][0]["style"] > 0
    assert all(scale["floor"] < 1e-6 for scale in record["scales"].values())


def test_files_of_one_name_are_told_apart(folder, capsys):
    (folder / "other").mkdir()
    save_image(folder / "other" / "near.png", PICTURES["mosaic"](48))
    figures = folder / "f.json"
    succeeds(capsys, *words(folder, "near.png", "other/near.png"), "--json", figures)
    names = [score["name"] for score in json.loads(figures.read_text())["scores"]]
    assert names == [str(folder / "other" / "near.png"), str(folder / "near.png")]
    assert "each RESULT once" in fails(capsys, *words(folder, "near.png", "near.png"))


def test_mistakes_are_named_in_one_line(folder, capsys):
    save_image(folder / "tiny.png", np.full((3, 20, 40), 0.3))
    (folder / "text.png").write_text("this is no picture")
    near = words(folder, "near.png")
    cases = (
        (words(folder, "none.png"), "no file at"),
        (["style-report", folder / "none.png", *near[2:]], "no file at"),
        (words(folder, "text.png"), "of another kind"),
        (words(folder, "tiny.png"), "at least 32 pixels, got 40 × 20 for tiny.png"),
        ([*near, "--size", 20], "at least 32 pixels"),
        ([*near, "--size", 0], "size of at least 1"),
        ([*near, "-o", folder / "sheet.jpg"], "ending in .png"),
        ([*near, "-o", folder / "none" / "sheet.png"], "no folder"),
        ([*near, "--json", folder / "none" / "f.json"], "no folder"),
        (near[:3], "required: RESULT"),
    )
    for bad, message in cases:
        assert message in fails(capsys, *bad), message
    assert not (folder / "sheet.png").exists()


def test_the_largest_size_is_bounded(folder, capsys, monkeypatch):
    monkeypatch.setattr(style_report, "LARGEST", 50)
    figures = folder / "f.json"
    for asked, size in (([], 50), (["--size", 70], 70)):
        succeeds(capsys, *words(folder, "near.png"), *asked, "--json", figures)
        assert json.loads(figures.read_text())["size"] == size
