"""nnscratch style from files to files: results, settings kept and repeated, options, bad input."""

import json

import numpy as np
import pytest
from PIL import Image

from nnscratch.cli import main
from nnscratch.data.images import read_image, read_picture, save_image
from nnscratch.data.pictures import PICTURES


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """content.png (24 × 32, transparent at the left), style.png, other.png and two masks."""
    monkeypatch.chdir(tmp_path)
    content = PICTURES["landscape"](32)[:, :24]
    alpha = np.ones(content.shape[1:], np.float32)
    alpha[:, :4] = 0
    save_image("content.png", content, alpha=alpha)
    save_image("style.png", PICTURES["swirls"](32))
    save_image("other.png", PICTURES["mosaic"](32))
    left = np.zeros((1, 24, 32), np.float32)
    left[:, :, :16] = 1
    save_image("left.png", left)
    save_image("black.png", left * 0)
    return tmp_path


QUICK = ("--size", "32", "--iterations", "3")


@pytest.fixture
def style(capsys):
    """Runs nnscratch style: (exit code, output, complaints and progress)."""

    def run(*words):
        code = main(["style", *words])
        return code, *capsys.readouterr()

    return run


def test_a_result_keeps_size_alpha_and_settings(pictures, style):
    assert style("content.png", "style.png", "-o", "r.png", *QUICK)[0] == 0
    result = read_picture("r.png")
    assert result.image.shape == (3, 24, 32)
    assert result.alpha[:, :3].max() == 0 and result.alpha[:, 8:].min() == 1
    assert "nnscratch:style" in result.text


def test_a_rerun_repeats_it_to_the_byte(pictures, style):
    given = ("--masks", "left.png", "-", "--style-weight", "50", "--scales", "2", "--seed", "3")
    style("content.png", "style.png", "other.png", "-o", "r.png", *QUICK, *given, "--init", "noise")
    assert style("--rerun", "r.png", "-o", "again.png")[0] == 0
    assert (pictures / "r.png").read_bytes() == (pictures / "again.png").read_bytes()


def test_a_rerun_with_a_changed_file_is_refused(pictures, style):
    style("content.png", "style.png", "-o", "r.png", *QUICK)
    save_image("style.png", PICTURES["mosaic"](32))
    code, _, error = style("--rerun", "r.png", "-o", "again.png")
    assert code == 2 and "changed" in error
    assert not (pictures / "again.png").exists()


@pytest.mark.parametrize(
    "option",
    [
        ("--preset", "gatys2016", "--optimizer", "adam"),
        ("--style-kind", "mean-variance"),
        ("--tv-weight", "5", "--tv-power", "1"),
        ("--style-weights", "3", "1"),
        ("--masks", "left.png", "-"),
        ("--colors", "luminance"),
        ("--colors", "symmetric"),
        ("--style-scale", "0.6"),
        ("--content-layers", "relu2_1"),
        ("--style-layers", "relu1_1=2", "relu2_1"),
        ("--padding", "wrap"),
        ("--pooling", "max"),
        ("--optimizer", "lbfgs"),
        ("--optimizer", "gd"),
        ("--scales", "2"),
        ("--lr", "0.1"),
        ("--init", "noise"),
        ("--init", "other.png"),
    ],
    ids=" ".join,
)
def test_each_option_changes_the_picture(pictures, style, option):
    both = ("content.png", "style.png", "other.png")
    assert style(*both, "-o", "plain.png", *QUICK)[0] == 0
    code, _, error = style(*both, "-o", "changed.png", *QUICK, *option)
    assert code == 0, error
    assert not np.array_equal(read_image("plain.png"), read_image("changed.png"))


def test_a_preset_brings_its_formula_and_hints(pictures, style):
    given = ("--preset", "jcjohnson", "--optimizer", "adam", "--iterations", "2", "--size", "32")
    assert style("content.png", "style.png", "-o", "r.png", *given, "--json", "j.json")[0] == 0
    record = json.loads((pictures / "j.json").read_text())
    assert record["objective"]["preset"] == "jcjohnson"
    assert record["objective"]["content_weight"] == 5 and record["options"]["pooling"] == "max"
    assert record["settings"]["init"] == "noise" and record["settings"]["iterations"] == 2
    assert style("--rerun", "r.png", "-o", "again.png")[0] == 0
    assert (pictures / "r.png").read_bytes() == (pictures / "again.png").read_bytes()


def test_more_files(pictures, style):
    more = ("--animation", "a.gif", "--plot", "l.png", "--page", "p.html", "--json", "j.json")
    assert style("content.png", "style.png", "-o", "r.png", *QUICK, *more)[0] == 0
    with Image.open("a.gif") as film:
        assert film.n_frames >= 3
    with Image.open("l.png") as plot:
        assert min(plot.size) > 200
    assert "data:image/png" in (pictures / "p.html").read_text()
    record = json.loads((pictures / "j.json").read_text())
    assert len(record["history"]) == 3 and record["size"] == [24, 32]
    assert record["settings"]["iterations"] == 3


def test_a_checkpoint_goes_on(pictures, style):
    given = ("content.png", "style.png", *QUICK, "--checkpoint", "c.npz")
    style(*given, "-o", "first.png")
    code, _, error = style(*given, "-o", "second.png")
    assert code == 0 and "1/3" not in error  # nothing was left to do
    assert (pictures / "first.png").read_bytes() == (pictures / "second.png").read_bytes()
    code, _, error = style(*given, "-o", "third.png", "--style-weight", "7")
    assert code == 2 and "checkpoint" in error


def test_a_folder_of_contents(pictures, style):
    (pictures / "in").mkdir()
    for name in ("a", "b"):
        save_image(f"in/{name}.png", PICTURES["landscape"](32, seed=ord(name)))
    (pictures / "in" / "notes.txt").write_text("no picture")
    assert style("in", "style.png", "-o", "out", *QUICK)[0] == 0
    style("in/b.png", "style.png", "-o", "b.png", *QUICK)
    assert sorted(p.name for p in (pictures / "out").iterdir()) == ["a.png", "b.png"]
    np.testing.assert_array_equal(read_image("out/b.png"), read_image("b.png"))


@pytest.mark.parametrize(
    ("words", "told"),
    {
        "no style": (("content.png",), "CONTENT and STYLE"),
        "missing": (("content.png", "nothing.png"), "nothing.png"),
        "black mask": (("content.png", "style.png", "--masks", "black.png"), "black"),
        "masks": (("content.png", "style.png", "other.png", "--masks", "left.png"), "each of 2"),
        "layer": (("content.png", "style.png", "--style-layers", "relu9_9"), "relu9_9"),
        "layer weight": (
            ("content.png", "style.png", "--style-layers", "relu1_1=x"),
            "NAME=WEIGHT",
        ),
        "scales": (("content.png", "style.png", "--scales", "0"), "--scales"),
        "size": (("content.png", "style.png", "--size", "0"), "size"),
        "preset and kind": (
            ("content.png", "style.png", "--preset", "crowson", "--style-kind", "sliced"),
            "leave one of the two out",
        ),
        "no settings": (("--rerun", "style.png"), "settings"),
        "no place": (("content.png", "style.png", "--page", "nowhere/p.html"), "nowhere"),
    }.values(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_one_line_and_keeps_what_was_there(pictures, style, words, told):
    save_image("r.png", PICTURES["woodcut"](32))
    before = (pictures / "r.png").read_bytes()
    code, _, error = style(*words, "-o", "r.png", "--iterations", "2")
    last = error.strip().split("\n")[-1]
    assert code == 2 and told in last and "Traceback" not in error, error
    assert (pictures / "r.png").read_bytes() == before
