"""The picture of a report: everything is on it, whatever the shapes and names."""

import numpy as np
import pytest
from PIL import Image

from nnscratch.data import PICTURES, read_image
from nnscratch.style.reports import report_image
from nnscratch.style.reports.report_image import CELL, EDGE, GAP, draw_report_image, in_words
from nnscratch.style.reports.scores import Scale, Score, StyleReport


def reported(*names, **figures):
    parts = {"texture": 0.25, "patches": -0.5, "colour": 1.5, "style": 0.5} | figures
    scores = [Score(name, **parts, ssim=0.75, edges=-0.1) for name in names]
    return StyleReport(scores, {"texture": Scale(1, 2)}, {"texture": 2})


def draw(path, report, results, content=None):
    content = PICTURES["landscape"](32) if content is None else content
    draw_report_image(path, content, PICTURES["mosaic"](32), results, report)
    return read_image(path)


def test_pictures_stand_side_by_side_in_order(tmp_path):
    results = {name: np.full((3, 32, 32), value) for name, value in (("a", 0.2), ("b", 0.8))}
    picture = draw(tmp_path / "s.png", reported("b", "a"), results)
    assert picture.shape[2] == 2 * EDGE + 4 * CELL + 3 * GAP
    y = 2 * EDGE + CELL // 2
    for column, value in ((2, 0.8), (3, 0.2)):
        x = EDGE + column * (CELL + GAP) + CELL // 2
        np.testing.assert_allclose(picture[:, y, x], value, atol=0.01)
    assert picture[:, y, EDGE + CELL + GAP // 2].min() == 1  # white between


def bar(picture, line):
    """How long the coloured part of a bar of the first result is, from 0 to 1."""
    x = EDGE + 2 * (CELL + GAP)
    y = 2 * EDGE + CELL + report_image.LINE * 3 // 4 + line * report_image.LINE
    pixels = picture[:, y, x + report_image.LABEL + 1 : x + CELL - report_image.NUMBER]
    track = np.array([0xE6] * 3)[:, None] / 255
    return float((np.abs(pixels - track).max(0) > 0.02).mean())


def test_bars_are_long_where_a_picture_is_good(tmp_path):
    results = {"a": PICTURES["figure"](32)}
    picture = draw(tmp_path / "s.png", reported("a", texture=None), results)
    lengths = [bar(picture, line) for line in range(1, 7)]
    expected = [0.5, 0, 1, 0, 0.75, 0]  # style, no texture, patches, colour, ssim, edges
    np.testing.assert_allclose(lengths, expected, atol=0.02)


def test_many_results_make_rows(tmp_path):
    names = [f"result {i}" for i in range(9)]
    results = dict.fromkeys(names, PICTURES["figure"](32))
    one = draw(tmp_path / "1.png", reported("result 0"), {"result 0": results["result 0"]})
    many = draw(tmp_path / "9.png", reported(*names), results)
    assert many.shape[2] == 2 * EDGE + 5 * CELL + 4 * GAP
    assert many.shape[1] > 2.5 * CELL + one.shape[1]


@pytest.mark.parametrize("shape", [(3, 32, 300), (3, 300, 32), (3, 700, 600)])
def test_any_shape_and_name_fits(tmp_path, shape):
    name = "a very long name that nobody would give to a picture of 100 % <b>.png"
    content = np.random.default_rng(0).random(shape, np.float32)
    picture = draw(tmp_path / "s.png", reported(name), {name: content}, content)
    right = EDGE + 3 * CELL + 2 * GAP
    assert picture.shape[2] == right + EDGE
    assert picture[:, :, right + 2 :].min() == 1  # nothing runs out of its cell
    assert picture[:, :, right - CELL : right].min() < 0.5


def test_figures_in_words():
    assert [in_words(x) for x in (None, 0.126, -0.5, -0.001)] == ["–", "0.13", "−0.50", "0.00"]


def test_places_that_cannot_be_written(tmp_path):
    results = {"a": PICTURES["figure"](32)}
    for path, message in (
        (tmp_path / "s.jpg", "ending in .png"),
        (tmp_path / "none" / "s.png", "no folder"),
    ):
        with pytest.raises(ValueError, match=message):
            draw(path, reported("a"), results)


def test_an_earlier_sheet_stays_if_the_new_one_fails(tmp_path, monkeypatch):
    path = tmp_path / "s.png"
    path.write_bytes(b"earlier")

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(ValueError, match="No space left"):
        draw(path, reported("a"), {"a": PICTURES["figure"](32)})
    assert [p.name for p in tmp_path.iterdir()] == ["s.png"]
    assert path.read_bytes() == b"earlier"
