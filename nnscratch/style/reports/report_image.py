"""A quality report as one picture: content, style and results side by side, scores below them.

Stands on `scores`, on Pillow, and on matplotlib for the font.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from nnscratch import files
from nnscratch.style.reports.output import check_name, to_pillow
from nnscratch.style.reports.scores import MEASURES, Score, StyleReport

COLUMNS = 5
CELL = 240  # pixels, side of the square into which each picture is fitted
EDGE, GAP = 28, 20  # pixels around and between cells
LINE = 21  # pixels, height of a line of text
INK, FAINT, TRACK = "#222222", "#767676", "#E6E6E6"
BARS = {"style": "#0072B2"} | dict.fromkeys(MEASURES, "#7FB3D5")
CONTENT_BAR = "#D58A3C"
LABEL, NUMBER = 66, 54  # pixels to the left and to the right of a bar
FOOT = (
    "A longer bar is better. Style: 0 if as similar to the style as another part of it, "
    "1 if as different as the content.",
    "Content: SSIM of brightness, and correlation of edges; 1 if equal.",
)


def draw_report_image(path, content, style, results: Mapping, report: StyleReport) -> None:
    """Write a PNG of pictures (3, H, W) in [0, 1], the results in the order of the report.

    Raises ValueError if path does not end in .png, or its folder is missing.
    """
    path = check_report_image(path)
    captions: list[Score | Sequence[str]] = [
        ("style 1.00", "SSIM 1.00"),
        ("style 0.00, between its parts",),
        *report.scores,
    ]
    images = [content, style, *(results[score.name] for score in report.scores)]
    names = ["content", "style", *(score.name for score in report.scores)]
    thumbnails = [_fitted(image) for image in images]
    canvas = _Canvas(thumbnails)
    for i, cell in enumerate(zip(thumbnails, names, captions, strict=True)):
        canvas.draw_cell(i, *cell)
    canvas.draw_foot()
    with files.replacing(path) as temporary:
        canvas.picture.save(temporary, format="PNG", optimize=True)


def check_report_image(path) -> Path:
    """The path. Raises ValueError if no .png can be written there."""
    return check_name(path, (".png",), "style-report")


class _Canvas:
    """A white picture with rows of at most five cells, and lines of text at the foot."""

    def __init__(self, thumbnails: Sequence[Image.Image]) -> None:
        count = len(thumbnails)
        self.columns = min(COLUMNS, count)
        self.tall = max(picture.height for picture in thumbnails)
        self.row = self.tall + 8 * LINE + GAP
        self.fonts = {weight: _font(14, weight) for weight in ("Sans", "Sans-Bold")}
        letters = int((self.columns * (CELL + GAP) - GAP) / self.fonts["Sans"].getlength("n"))
        self.foot = [line for text in FOOT for line in textwrap.wrap(text, letters)]
        rows = -(-count // self.columns)
        self.top = 2 * EDGE
        size = (
            2 * EDGE + self.columns * (CELL + GAP) - GAP,
            self.top + rows * self.row + len(self.foot) * LINE + EDGE,
        )
        self.picture = Image.new("RGB", size, "white")
        self.pen = ImageDraw.Draw(self.picture)
        self.write(EDGE, EDGE, "Stylised pictures, most similar to the style first", bold=True)

    def write(self, x, y, text: str, colour: str = INK, bold: bool = False, at: str = "lm") -> None:
        """Text at (x, y); at: Pillow's anchor, left or right of the middle."""
        self.pen.text((x, y), text, colour, self.fonts["Sans-Bold" if bold else "Sans"], at)

    def draw_cell(self, i: int, picture, name: str, caption: Score | Sequence[str]) -> None:
        x = EDGE + (i % self.columns) * (CELL + GAP)
        y = self.top + (i // self.columns) * self.row
        self.picture.paste(picture, (x, y + self.tall - picture.height))
        y += self.tall + LINE * 3 // 4
        self.write(x, y, _shortened(name, self.fonts["Sans-Bold"], CELL), bold=True)
        if isinstance(caption, Score):
            self.draw_score(x, y, caption)
        else:
            for line, text in enumerate(caption, 1):
                self.write(x, y + line * LINE, text, FAINT)

    def draw_score(self, x: int, y: int, score: Score) -> None:
        scores = [(name, getattr(score, name), colour) for name, colour in BARS.items()]
        rows = [(name, x, 0.0 if x is None else 1 - x, colour) for name, x, colour in scores]
        rows.append(("SSIM", score.ssim, score.ssim, CONTENT_BAR))
        rows.append(("edges", score.edges, score.edges, CONTENT_BAR))
        for line, row in enumerate(rows, 1):
            self.draw_bar(x, y + line * LINE, *row)

    def draw_bar(self, x: int, y: int, name: str, value, length: float, colour: str) -> None:
        """A name, a bar of a length from 0 to 1, and the value."""
        bold = name == "style"
        ink = INK if bold else FAINT
        self.write(x, y, name, ink, bold)
        left, right = x + LABEL, x + CELL - NUMBER
        self.pen.rectangle((left, y - 4, right, y + 4), TRACK)
        if length > 0:
            end = left + min(length, 1.0) * (right - left)
            self.pen.rectangle((left, y - 4, end, y + 4), colour)
        self.write(x + CELL, y, in_words(value), ink, bold, "rm")

    def draw_foot(self) -> None:
        y = self.picture.height - EDGE // 2 - len(self.foot) * LINE
        for line, text in enumerate(self.foot):
            self.write(EDGE, y + line * LINE, text, FAINT)


def in_words(value: float | None) -> str:
    """A score with two decimals, or a dash for None."""
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _fitted(image) -> Image.Image:
    """(3, H, W) in [0, 1] as a picture whose longer side is CELL pixels."""
    picture = to_pillow(image, "style-report")
    scale = CELL / max(picture.size)
    width, height = (max(1, round(scale * side)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _font(size: int, weight: str) -> ImageFont.FreeTypeFont:
    """DejaVu, which comes with matplotlib."""
    import matplotlib

    name = f"DejaVu{weight}.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The end of `text` that fits into `width` pixels, after … if it is cut."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"…{text}") > width:
        text = text[1:]
    return f"…{text}"
