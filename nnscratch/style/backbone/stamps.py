"""Marks on a canvas: brush strokes, dabs, lines and simple shapes.

Stands on NumPy. Each mark of a kind, width and direction is drawn once, as a stamp, and reused.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

TURNS = 24  # directions of a stamp over 180 degrees
WIDTHS = np.array((2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42))  # pixels, of stamps


def scatter(canvas, rng, kinds: Sequence[str], widths, turns, colours, relief=1.0) -> None:
    """Add marks to canvas (C, size, size), in place, at random positions.

    kinds: to choose from; widths (K,) pixels; turns (K,) radians and colours (K, C), or pictures
    (size, size) and (C, size, size) that give them at each position; relief: strength of shading
    """
    size, count = canvas.shape[-1], len(widths)
    widths = WIDTHS[np.abs(WIDTHS[:, None] - widths).argmin(0)]
    x, y = rng.integers(0, size, (2, count))
    if turns.ndim == 2:
        turns, colours = turns[y, x], colours[:, y, x].T
    turns = np.rint(turns * TURNS / np.pi).astype(int) % TURNS
    colours = colours + 0.04 * rng.standard_normal((count, 1)).astype(np.float32)
    chances = rng.integers(0, 4, count)
    kinds = [kinds[index] for index in rng.integers(0, len(kinds), count)]
    columns = (z.tolist() for z in (widths, turns, chances, x, y))
    for kind, width, turn, chance, i, j, colour in zip(kinds, *columns, colours, strict=True):
        _press(canvas, _stamps(kind, width)[turn][chance], i, j, colour[:, None, None], relief)


def draw_radii(rng: np.random.Generator, count: int, low: float, high: float) -> np.ndarray:
    """Sizes with density r^-3, as of equal things at all distances: (count,)."""
    return (low**-2 + rng.random(count) * (high**-2 - low**-2)) ** -0.5


@cache
def _stamps(kind, width, variants=4):
    """Opacity and shade of a mark: for each of TURNS directions, a list of pairs (side, side)."""
    rng = np.random.default_rng(width)
    length = {"stroke": 3.6, "dab": 1.7, "line": 12.0}.get(kind, 1.0)
    length = min(length, max(72 / width, 1.7))
    reach = int(np.ceil(0.5 * width * max(length, 1.5))) + 2
    at = np.arange(-reach, reach + 1, dtype=np.float32) * 2 / width
    return [
        [_mark(kind, rng, at, np.pi * turn / TURNS, length, width) for _ in range(variants)]
        for turn in range(TURNS)
    ]


def _mark(kind, rng, at, angle, length, width):
    """A mark of half-width 1 and half-length `length`; at: positions along a side of the stamp."""
    u = at * np.cos(angle) + at[:, None] * np.sin(angle)
    v = at[:, None] * np.cos(angle) - at * np.sin(angle)
    soft, shade = width / 2, np.zeros_like(u)
    if kind == "disc":
        outside = np.hypot(u, v) - 1
    elif kind == "box":
        outside = np.maximum(np.abs(u) - 1.1, np.abs(v) - rng.uniform(0.3, 1))
    elif kind == "triangle":
        outside = np.maximum(np.abs(u) * 0.87 + v * 0.5 - 0.6, -v - 0.6)
    else:
        v = v + rng.uniform(-0.35, 0.35) / length * (u * u - length)
        bristles = np.interp(v * 4 + 9, np.arange(20), rng.uniform(-1, 1, 20))
        ends = np.clip(1 - np.abs(u / (length * rng.uniform(0.85, 1))) ** rng.uniform(2, 6), -1, 1)
        outside = np.abs(v) - ends - 0.15 * bristles * (np.abs(u) > 0.6 * length)
        shade = 0.16 * bristles + 0.05 * v
    opacity = np.clip(0.5 - outside * soft, 0, 1)
    return opacity.astype(np.float32), shade.astype(np.float32)


def _press(canvas, stamp, x, y, colour, relief=1.0):
    """Add a stamp to a canvas (C, size, size), centred at (x, y); colour (C, 1, 1)."""
    opacity, shade = stamp
    reach, size = len(opacity) // 2, canvas.shape[-1]
    top, left = y - reach, x - reach
    inside = np.s_[max(-top, 0) : size - top, max(-left, 0) : size - left]
    where = canvas[:, max(top, 0) : y + reach + 1, max(left, 0) : x + reach + 1]
    where += opacity[inside] * (colour + relief * shade[inside] - where)
