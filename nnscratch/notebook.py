"""Views in a notebook: objects and tables as HTML, escaped. Stands on the standard library."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def text(value: Any, head: str = "") -> str:
    """The repr of a value as it is, under a line that may say more."""
    line = f"{escape(head)}<br>" if head else ""
    return f'{line}<pre style="margin:0">{escape(repr(value))}</pre>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Rows of cells; the first `left` columns are aligned to the left, numbers to the right."""
    lines = [_row("th", heads, left), *(_row("td", row, left) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _row(tag: str, cells: Sequence[str], left: int) -> str:
    sides = ("left" if i < left else "right" for i in range(len(cells)))
    columns = zip(sides, cells, strict=True)
    inner = (f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>' for side, cell in columns)
    return f"<tr>{''.join(inner)}</tr>"
