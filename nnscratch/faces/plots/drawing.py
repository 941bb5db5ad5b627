"""Drawing with Pillow: thumbnails, frames, fonts, files; and the checks that plots share.

Stands on `distances` and `files`, on Pillow, and on matplotlib for the font.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFont

from nnscratch import files
from nnscratch.faces.distances import check_collapse, check_finite, check_rows

INK, FAINT = "#222222", "#777777"
NAME_WIDTH = 150  # pixels

Size = tuple[int, int]


def thumbnails(caller: str, images, count: int, height: int) -> list[Image.Image]:
    """Images (N, C, H, W) in [0, 1] as pictures of one height. Raises ValueError on others."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise ValueError(
            f"{caller}: expected images (N, C, H, W) with 1 or 3 channels, got {images.shape}"
        )
    if len(images) != count:
        raise ValueError(f"{caller}: expected an image a label, got {len(images)} and {count}")
    if images.dtype.kind != "f" or not np.isfinite(images).all():
        raise ValueError(f"{caller}: expected images of finite floats in [0, 1]")
    size = max(1, round(height * images.shape[3] / images.shape[2])), height
    levels = np.rint(255 * images.clip(0, 1)).astype(np.uint8).transpose(0, 2, 3, 1)
    pictures = (Image.fromarray(np.broadcast_to(x, (*x.shape[:2], 3))) for x in levels)
    return [picture.resize(size, Image.Resampling.BICUBIC) for picture in pictures]


def paste_framed(picture: Image.Image, thumbnail: Image.Image, corner: Size, colour: str, width):
    """Paste a thumbnail with a frame of that width, its outer corner at `corner`."""
    x, y = corner
    size = thumbnail.width + 2 * width, thumbnail.height + 2 * width
    picture.paste(colour, (x, y, x + size[0], y + size[1]))
    picture.paste(thumbnail, (x + width, y + width))


def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, cut to the width in pixels and ended with … if it is longer."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def save(path: Path, picture: Image.Image) -> None:
    """Write a PNG, whole or not at all."""
    with files.replacing(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True)


def check_png(path) -> Path:
    """The path. Raises ValueError unless it ends in .png and its folder exists."""
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"plots: expected a file name ending in .png, got '{path}'")
    return files.check_place(path)


def check_encodings(caller: str, encodings, labels, names: Sequence[str] | None):
    """Finite floats (N, D), whole numbers (N,), each with a name. Raises ValueError on others."""
    encodings, labels = check_rows(caller, encodings).numpy(), np.asarray(labels)
    check_finite(caller, encodings, "encodings")
    if labels.shape != encodings.shape[:1] or labels.dtype.kind not in "iu" or len(labels) < 2:
        raise ValueError(
            f"{caller}: expected whole numbers as labels (N,) of {len(encodings)} encodings, "
            f"2 at least, got {labels.dtype} {labels.shape}"
        )
    if names is not None and not 0 <= labels.min() <= labels.max() < len(names):
        raise ValueError(
            f"{caller}: expected labels from 0 to {len(names) - 1}, one for each name, got "
            f"{labels.min()} to {labels.max()}"
        )
    check_collapse(caller, encodings)
    return encodings, labels
