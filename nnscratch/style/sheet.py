"""A picture of a quality report: content, style and results side by side, figures under each.

Stands on `report` and `files`, on Pillow, and on matplotlib for the font.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nnscratch import files
from nnscratch.style.report import MEASURES, Report, Score

COLUMNS = 5
CELL = 240  # pixels: pictures are fitted into a square of this side
EDGE, GAP = 28, 20
LINE = 21  # of text
INK, FAINT, TRACK = "#222222", "#767676", "#E6E6E6"
BARS = {"style": "#0072B2"} | dict.fromkeys(MEASURES, "#7FB3D5")
CONTENT_BAR = "#D58A3C"
LABEL, NUMBER = 66, 54  # pixels at the left and the right of a bar
FOOT = (
    "Bars are long where a picture is good. Style: 0 as like the style as another part of it, "
    "1 as unlike as the content.",
    "Likeness to the content: SSIM of brightness, and correlation of edges; 1 is equal.",
)


def draw_sheet(
    path: str | os.PathLike,
    content: np.ndarray,
    style: np.ndarray,
    results: Mapping[str, np.ndarray],
    report: Report,
) -> None:
    """Write a PNG: pictures (3, H, W) in [0, 1], the results in the order of the report.

    Raises ValueError if path is not a .png, or its folder is missing.
    """
    path = check_sheet(path)
    captions: list[Score | Sequence[str]] = [
        ("whose scene is kept", "style 1.00", "SSIM 1.00"),
        ("whose hand is taken", "style 0.00, by its own parts"),
        *report.scores,
    ]
    images = [content, style, *(results[score.name] for score in report.scores)]
    names = ["content", "style", *(score.name for score in report.scores)]
    thumbnails = [_thumbnail(image) for image in images]
    sheet = _Sheet(thumbnails)
    for i, cell in enumerate(zip(thumbnails, names, captions, strict=True)):
        sheet.draw_cell(i, *cell)
    sheet.draw_foot()
    with files.replacing(path) as temporary:
        sheet.picture.save(temporary, format="PNG", optimize=True)


def check_sheet(path: str | os.PathLike) -> Path:
    """`path`, or ValueError where no PNG can be: asked before long work, not after it."""
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"style sheet: expected a file name ending in .png, got '{path}'")
    return files.check_place(path)


class _Sheet:
    """A white picture with cells in rows of at most five, and a foot."""

    def __init__(self, thumbnails: Sequence[Image.Image]) -> None:
        count = len(thumbnails)
        self.columns = min(COLUMNS, count)
        self.tall = max(picture.height for picture in thumbnails)
        self.row = self.tall + 8 * LINE + GAP
        self.fonts = {weight: _font(14, weight) for weight in ("Sans", "Sans-Bold")}
        self.foot = _wrapped(FOOT, self.fonts["Sans"], self.columns * (CELL + GAP) - GAP)
        rows = -(-count // self.columns)
        self.top = 2 * EDGE
        size = (
            2 * EDGE + self.columns * (CELL + GAP) - GAP,
            self.top + rows * self.row + len(self.foot) * LINE + EDGE,
        )
        self.picture = Image.new("RGB", size, "white")
        self.pen = ImageDraw.Draw(self.picture)
        self.write(EDGE, EDGE, "Stylised pictures, the best in style first", bold=True)

    def write(
        self, x: float, y: float, text: str, colour: str = INK, bold: bool = False, at: str = "lm"
    ) -> None:
        self.pen.text((x, y), text, colour, self.fonts["Sans-Bold" if bold else "Sans"], at)

    def draw_cell(
        self, i: int, picture: Image.Image, name: str, caption: Score | Sequence[str]
    ) -> None:
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
        for name, colour in BARS.items():
            y += LINE
            value = getattr(score, name)
            good = None if value is None else 1 - value
            self.draw_bar(x, y, name, value, good, colour)
        for name, value in (("SSIM", score.ssim), ("edges", score.edges)):
            y += LINE
            self.draw_bar(x, y, name, value, value, CONTENT_BAR)

    def draw_bar(
        self, x: int, y: int, name: str, value: float | None, good: float | None, colour: str
    ) -> None:
        """A name, a bar as long as the picture is good, and the figure."""
        bold = name == "style"
        self.write(x, y, name, INK if bold else FAINT, bold)
        left, right = x + LABEL, x + CELL - NUMBER
        self.pen.rectangle((left, y - 4, right, y + 4), TRACK)
        if good is not None and good > 0:
            end = left + min(good, 1.0) * (right - left)
            self.pen.rectangle((left, y - 4, end, y + 4), colour)
        self.write(x + CELL, y, in_words(value), INK if bold else FAINT, bold, "rm")

    def draw_foot(self) -> None:
        y = self.picture.height - EDGE // 2 - len(self.foot) * LINE
        for line, text in enumerate(self.foot):
            self.write(EDGE, y + line * LINE, text, FAINT)


def in_words(value: float | None) -> str:
    """A score with two places, or a dash where there is none."""
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _thumbnail(image: np.ndarray) -> Image.Image:
    """(3, H, W) in [0, 1], fitted into a square of CELL pixels."""
    levels = np.rint(255 * image.clip(0, 1)).astype(np.uint8).transpose(1, 2, 0)  # -> (H, W, 3)
    scale = CELL / max(levels.shape[:2])
    width, height = (max(1, round(scale * levels.shape[axis])) for axis in (1, 0))
    return Image.fromarray(levels).resize((width, height), Image.Resampling.LANCZOS)


def _font(size: int, weight: str) -> ImageFont.FreeTypeFont:
    """DejaVu, which matplotlib brings along."""
    import matplotlib

    name = f"DejaVu{weight}.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def _wrapped(texts: Sequence[str], font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Texts as lines that fit."""
    lines = []
    for text in texts:
        line = ""
        for word in text.split():
            if font.getlength(f"{line} {word}") > width:
                lines.append(line)
                line = ""
            line = f"{line} {word}".strip()
        lines.append(line)
    return lines


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """As much of the end of `text` as fits, with … for what is before."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"…{text}") > width:
        text = text[1:]
    return f"…{text}"
