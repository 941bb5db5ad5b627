"""The HTML page: complete in one file, its pictures as they were, its text harmless."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from nnscratch.data.images import save_image
from nnscratch.style.reports.animation import Animation
from nnscratch.style.reports.html_report import (
    HEIGHT,
    check_html_report,
    html,
    html_report,
    page_image,
    page_image_file,
    write_html_report,
)

IMAGE = np.random.default_rng(0).random((3, 12, 16))
NASTY = "<script>alert('\"&amp;')</script>"


class Reader(HTMLParser):
    """What a browser would see: tags with attributes, text, tags left open."""

    VOID = ("meta", "img")
    OPTIONAL = ("html",)

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def decoded(uri):
    kind, _, content = uri.partition(";base64,")
    return kind, Image.open(io.BytesIO(base64.b64decode(content)))


def example(**options):
    rows = [
        [page_image(IMAGE, "content"), page_image(IMAGE[:, :, :6], NASTY)],
        [page_image(IMAGE, "result")],
    ]
    tables = {"Settings": {"layers": {"relu1_1": 0.25}, NASTY: NASTY}, NASTY: {"seconds": 1.5}}
    return html_report("town " + NASTY, rows, tables, **options)


def test_page_is_well_formed_and_complete_in_itself():
    seen = Reader(example(command="nnscratch style --rerun a.png"))
    assert seen.open == []
    names = {tag for tag, _ in seen.tags}
    assert not names & {"script", "link", "iframe", "object"}
    assert all(image["src"].startswith("data:image/") for image in seen.all("img"))
    assert "url(" not in example() and "@import" not in example()


def test_all_text_is_escaped_and_shown():
    text = example(command=NASTY, plots=[page_image(IMAGE, NASTY)])
    assert "<script" not in text and "alert('\"" not in text
    seen = Reader(text)
    assert "".join(seen.text).count(NASTY) == 8  # title twice, captions, heading, name, value, ...
    assert [image["alt"] for image in seen.all("img")] == ["content", NASTY, "result", NASTY]


def test_pictures_are_the_arrays():
    kind, picture = decoded(page_image(IMAGE, "").uri)
    assert kind == "data:image/png"
    np.testing.assert_array_equal(
        np.asarray(picture), np.rint(IMAGE.transpose(1, 2, 0) * 255).astype(np.uint8)
    )
    assert decoded(page_image(IMAGE, "", side=8).uri)[1].size == (8, 6)
    assert page_image(IMAGE[:, :1, :1], "").size == (1, 1)


def test_widths_grow_with_the_aspect_ratio():
    seen = Reader(example())
    styles = [f["style"] for f in seen.all("figure")]
    pattern = r"flex: ([\d.]+) 1 0; max-width: ([\d.]+)rem"
    found = [tuple(map(float, re.fullmatch(pattern, style).groups())) for style in styles]
    for (grow, most), image in zip(found, seen.all("img"), strict=True):
        ratio = int(image["width"]) / int(image["height"])
        np.testing.assert_allclose((grow, most), (ratio, HEIGHT * ratio), rtol=1e-3)
    assert found[0][0] != found[1][0]


def test_tables_say_values_in_words():
    values = {
        "float": 1 / 3,
        "numpy": np.float32(0.5),
        "tiny": 1e-12,
        "none": None,
        "yes": True,
        "pairs": ((128, 90), (256, 181)),
        "nothing": {},
        "layers": {"relu1_1": 0.25, "relu2_1": None},
    }
    cells = re.findall(r"<td>(.*?)</td>", html_report("t", [], {"Settings": values}))
    expected = ["0.333333", "0.5", "1e-12", "–", "yes", "128, 90, 256, 181", "–"]
    assert cells == [*expected, "relu1_1 0.25, relu2_1 –"]


def test_files_go_in_as_they_are(tmp_path):
    film = Animation()
    for level in (0.1, 0.5, 0.9):
        film.add(IMAGE * level)
    film.save(tmp_path / "a.gif")
    shown = page_image_file(tmp_path / "a.gif", "on the way")
    kind, picture = decoded(shown.uri)
    assert kind == "data:image/gif" and picture.n_frames == 3 and shown.size == (16, 12)
    assert base64.b64decode(shown.uri.partition(",")[2]) == (tmp_path / "a.gif").read_bytes()


def test_write_page(tmp_path):
    write_html_report(
        tmp_path / "a.html", "Süden", [[page_image(IMAGE, "content")]], command="again"
    )
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text == html_report("Süden", [[page_image(IMAGE, "content")]], command="again")
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


def test_html_wraps_a_body():
    seen = Reader(html("a & b", "<p>c</p>"))
    assert seen.open == [] and seen.text.count("a & b") == 2
    assert ("p", {}) in seen.tags


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match=r"^page_image: expected a picture .*got shape \(12, 16\)"):
        page_image(IMAGE[0], "")
    with pytest.raises(
        ValueError, match=r"^html_report: expected a file name ending in .html, .htm, got 'a.pdf"
    ):
        check_html_report("a.pdf")
    with pytest.raises(ValueError, match=r"^cannot write .*there is no folder"):
        write_html_report(tmp_path / "none" / "a.html", "t", [])
    with pytest.raises(ValueError, match=r"^page_image_file: expected a file name ending in .png"):
        page_image_file("a.tif", "")
    with pytest.raises(ValueError, match=r"^page_image_file: expected a picture, got '.*a.png'"):
        page_image_file(tmp_path / "a.png", "")
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"^page_image_file: expected a picture, got '.*a.png'"):
        page_image_file(tmp_path / "a.png", "")
    save_image(tmp_path / "a.png", IMAGE)
    assert page_image_file(tmp_path / "a.png", "").size == (16, 12)
