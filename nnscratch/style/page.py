"""An HTML page about a result: pictures side by side, loss curves, settings, times; one file.

Stands on Pillow, which packs the pictures into the page as data URIs, and on `files`.
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

from nnscratch.files import check_place, write_text

SIDE = 768  # pixels of a picture's longer side on the page, unless told otherwise
HEIGHT = 34  # rem that no row is higher than
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
class Figure:
    """A picture on the page: a data URI, its caption, its pixels (width, height)."""

    uri: str
    caption: str
    size: tuple[int, int]


def figure(image: np.ndarray, caption: str, side: int = SIDE) -> Figure:
    """An array (3, H, W) in [0, 1] as a figure; shrunk where it is larger than side."""
    image = np.asarray(image)
    if image.ndim != 3 or len(image) != 3 or not image.size:
        raise ValueError(f"figure: expected a picture (3, H, W), got shape {image.shape}")
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(levels.transpose(1, 2, 0))  # (3, H, W) -> (H, W, 3)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    picture.save(packed, "PNG", optimize=True)
    return Figure(_data_uri("image/png", packed.getvalue()), caption, picture.size)


def file_figure(path: str | os.PathLike, caption: str) -> Figure:
    """A picture file, such as loss curves or an animation, as it is.

    Raises ValueError if it is no file that a browser shows.
    """
    path = Path(path)
    if path.suffix.lower() not in TYPES:
        raise ValueError(
            f"file_figure: expected a file name ending in {', '.join(TYPES)}, got '{path}'"
        )
    try:
        with Image.open(path) as picture:
            size = picture.size
        return Figure(_data_uri(TYPES[path.suffix.lower()], path.read_bytes()), caption, size)
    except OSError as error:  # Pillow's kinds of error are of it
        raise ValueError(f"file_figure: expected a picture, got '{path}': {error}") from error


def page(
    title: str,
    rows: Sequence[Sequence[Figure]],
    tables: Mapping[str, Mapping[str, Any]] | None = None,
    plots: Sequence[Figure] = (),
    command: str = "",
) -> str:
    """The page as HTML that needs no other file and runs no script. All text is escaped.

    rows: figures side by side, of one height, such as content, styles and result;
    tables: values by name, by heading; plots: figures of full width; command: how to do it again
    """
    parts = [_row(row) for row in rows]
    parts += [_image(plot, "max-width: 45rem") for plot in plots]
    parts += [_table(heading, values) for heading, values in (tables or {}).items()]
    if command:
        parts.append(f"<h2>Again</h2>\n<pre>{escape(command)}</pre>")
    return html(title, "\n".join(parts))


def write_page(path: str | os.PathLike, *given: Any, **named: Any) -> None:
    """Write `page(...)` to an .html file, whole or not at all.

    Raises ValueError for another extension, or where nothing can be written.
    """
    write_text(check_page(path), page(*given, **named))


def check_page(path: str | os.PathLike) -> Path:
    """The path, or ValueError if no page of that name can be written: asked before long work."""
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"page: expected a file name ending in .html, got '{path}'")
    return check_place(path)


def html(title: str, body: str) -> str:
    """A whole page around a body that is HTML already."""
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


def _row(figures: Sequence[Figure]) -> str:
    """Widths grow with the aspect ratio: all heights are then equal."""
    ratios = [one.size[0] / one.size[1] for one in figures]
    styles = [f"flex: {ratio:.4f} 1 0; max-width: {HEIGHT * ratio:.2f}rem" for ratio in ratios]
    shown = "\n".join(map(_image, figures, styles))
    return f'<div class="row">\n{shown}\n</div>'


def _image(one: Figure, style: str) -> str:
    width, height = one.size
    return (
        f'<figure style="{style}"><img src="{one.uri}" alt="{escape(one.caption)}" '
        f'width="{width}" height="{height}"><figcaption>{escape(one.caption)}</figcaption></figure>'
    )


def _table(heading: str, values: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(_text(value))}</td></tr>"
        for name, value in values.items()
    )
    return f"<h2>{escape(heading)}</h2>\n<table>\n{rows}\n</table>"


def _text(value: Any) -> str:
    """A setting in words: numbers to six digits, lists and mappings with commas."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items()) or "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value)) or "–"
    return str(value)


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
