"""A report in one HTML file: pictures side by side, plots and tables.

Stands on Pillow and `files`. Pictures are part of the file, as data URIs.
"""

import base64
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nnscratch.files import write_text
from nnscratch.style.reports.output import check_name, thumbnail

SIDE = 768  # pixels of a picture's longer side, by default
HEIGHT = 34  # rem, the largest height of a row
TYPES = {".png": "image/png", ".apng": "image/apng", ".gif": "image/gif", ".jpg": "image/jpeg"}
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0 0 1rem; min-width: 9rem; }
img { display: block; width: 100%; height: auto; }
figcaption { font-size: .9rem; margin-top: .3rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
td, th { padding: .2rem 1.5rem .2rem 0; border-bottom: 1px solid #8886; text-align: left; }
th { font-weight: normal; white-space: nowrap; vertical-align: top; }
td { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
pre { background: #8882; padding: .5rem .8rem; overflow-x: auto; }
"""


@dataclass(frozen=True)
class PageImage:
    """A picture on the page: a data URI, a caption, and the size (width, height) in pixels."""

    uri: str
    caption: str
    size: tuple[int, int]


def page_image(image, caption: str, side: int = SIDE) -> PageImage:
    """An array (3, H, W) in [0, 1] for the page, reduced if its longer side is above `side`."""
    picture = thumbnail(image, side, "page_image")
    png = io.BytesIO()
    picture.save(png, "PNG", optimize=True)
    return PageImage(_data_uri("image/png", png.getvalue()), caption, picture.size)


def page_image_file(path: str | os.PathLike, caption: str) -> PageImage:
    """A picture file for the page, such as a plot or an animation, unchanged.

    Raises ValueError if browsers do not show such files.
    """
    path = Path(path)
    kind = TYPES.get(path.suffix.lower())
    if kind is None:
        raise ValueError(
            f"page_image_file: expected a file name ending in {', '.join(TYPES)}, got '{path}'"
        )
    try:
        with Image.open(path) as picture:
            size = picture.size
        return PageImage(_data_uri(kind, path.read_bytes()), caption, size)
    except OSError as error:  # the base class of Pillow's errors
        raise ValueError(f"page_image_file: expected a picture, got '{path}': {error}") from error


def html_report(title: str, rows, tables=None, plots=(), command: str = "") -> str:
    """The page as HTML that needs no other file and runs no script; all text is escaped.

    rows: lists of PageImage, side by side at one height, such as content, styles and result;
    tables: {heading: {name: value}}; plots: PageImages of full width; command: repeats the run
    """
    parts = [_row(row) for row in rows]
    parts += [_image(plot, "max-width: 45rem") for plot in plots]
    parts += [_table(heading, values) for heading, values in (tables or {}).items()]
    if command:
        parts.append(f"<h2>Again</h2>\n<pre>{escape(command)}</pre>")
    return html(title, "\n".join(parts))


def write_html_report(path, *arguments: Any, **named: Any) -> None:
    """Write `html_report(...)` to an .html file. Raises ValueError if it cannot be written."""
    write_text(check_html_report(path), html_report(*arguments, **named))


def check_html_report(path) -> Path:
    """The path. Raises ValueError if no page can be written there."""
    return check_name(path, (".html", ".htm"), "html_report")


def html(title: str, body: str) -> str:
    """A page with a title and the style sheet; `body` is HTML already."""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
<h1>{escape(title)}</h1>
{body}
</html>
"""


def _row(images: Sequence[PageImage]) -> str:
    """Widths grow with the aspect ratio, which makes all heights equal."""
    ratios = [image.size[0] / image.size[1] for image in images]
    styles = [f"flex: {ratio:.4f} 1 0; max-width: {HEIGHT * ratio:.2f}rem" for ratio in ratios]
    figures = "\n".join(map(_image, images, styles))
    return f'<div class="row">\n{figures}\n</div>'


def _image(image: PageImage, style: str) -> str:
    width, height = image.size
    caption = escape(image.caption)
    return (
        f'<figure style="{style}"><img src="{image.uri}" alt="{caption}" '
        f'width="{width}" height="{height}"><figcaption>{caption}</figcaption></figure>'
    )


def _table(heading: str, values: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(_text(value))}</td></tr>"
        for name, value in values.items()
    )
    return f"<h2>{escape(heading)}</h2>\n<table>\n{rows}\n</table>"


def _text(value: Any) -> str:
    """A setting as text: numbers with six digits, lists and mappings with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return f"{value:g}"
    if isinstance(value, Mapping):
        value = [f"{name} {_text(item)}" for name, item in value.items()]
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(_text, value)) or None
    return "–" if value is None else str(value)


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
