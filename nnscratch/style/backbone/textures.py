"""Drawn colour textures of 23 families, with labels of what they show.

Stands on `noise` for most families, and on `stamps` for those that consist of marks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy import ndimage

from nnscratch.style.backbone.noise import TextureBatch, cells, fractal, smooth, unit, wave
from nnscratch.style.backbone.stamps import draw_radii, scatter

ORIENTATIONS = 12  # bins of the lines' direction over 180 degrees; bin 0 begins rightwards
SCALES = 8  # logarithmic bins of the period or size, from SMALLEST to LARGEST pixels
NONE = -1  # the orientation of a picture without one
SMALLEST, LARGEST = 3.0, 32.0  # for pictures of any size
SIGMAS = (0.0, 0.9, 2.0)  # pixels: sharp, soft and blurred
FINEST = (0, 1, 4)  # smallest scale bin that is visible after each blur
BATCH = 8  # textures drawn at a time; larger arrays do not fit the cache


@dataclass(frozen=True)
class Labels:
    """Labels of N pictures; integers are int64."""

    family: np.ndarray  # (N,) index into FAMILIES
    orientation: np.ndarray  # (N,) bin of the lines' direction, or NONE
    scale: np.ndarray  # (N,) bin of the period or size, at least FINEST[blur]
    palette: np.ndarray  # (N, 2, 3) float32 RGB: all colours are mixtures of these two
    blur: np.ndarray  # (N,) index into SIGMAS


def textures(count: int, rng: np.random.Generator, size: int = 96) -> tuple[np.ndarray, Labels]:
    """Pictures of one family each, in two colours, some blurred, with a little noise.

    count, size (pixels) -> images (count, 3, size, size) float32 in [0, 1], labels

    Raises ValueError if count < 0 or size < 16.
    """
    check("textures", count, size)
    labels = draw_labels(count, rng)
    images = np.empty((count, 3, size, size), np.float32)
    for chosen, maps in draw_maps(labels, rng, size):
        dark, light = np.moveaxis(labels.palette[chosen], 1, 0)[..., None, None]  # (n, 3, 1, 1)
        images[chosen] = dark + maps[:, None] * (light - dark)
    grain = rng.uniform(0, 0.03, (count, 1, 1, 1)).astype(np.float32)
    images += grain * rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images, 0, 1, out=images), labels


def check(function: str, count: int, size: int) -> None:
    """Raise ValueError, in the name of `function`, for a count or size out of range."""
    if count < 0 or size < 16:
        raise ValueError(
            f"{function}: expected count of at least 0 and size of at least 16 pixels, "
            f"got count {count} and size {size}"
        )


def draw_labels(count: int, rng: np.random.Generator) -> Labels:
    """Random labels; only scales that are visible after the blur."""
    family = rng.integers(0, len(FAMILIES), count)
    blur = rng.choice(3, count, p=(0.5, 0.25, 0.25))
    scale = rng.integers(np.array(FINEST)[blur], SCALES)
    orientation = rng.integers(0, ORIENTATIONS, count)
    orientation[family >= len(ORIENTED)] = NONE
    return Labels(family, orientation, scale, draw_palettes(count, rng)[:, :2], blur)


def draw_maps(labels: Labels, rng, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pictures as fractions of the second colour, family by family, at most BATCH at a time.

    labels of N, size (pixels) -> pairs of indices (n,) and maps (n, size, size) in [0, 1]
    """
    for index, draw in enumerate(_FAMILIES.values()):
        alike = np.flatnonzero(labels.family == index)
        for start in range(0, len(alike), BATCH):
            chosen = alike[start : start + BATCH]
            maps = draw(_batch(labels, chosen, rng, size))
            for picture, blur in zip(maps, labels.blur[chosen], strict=True):
                if blur:
                    picture[:] = ndimage.gaussian_filter(picture, SIGMAS[blur], truncate=3)
            yield chosen, maps


def _batch(labels, chosen, rng, size):
    """Random periods and angles within the bins of the chosen pictures' labels."""
    scale, orientation = labels.scale[chosen], labels.orientation[chosen]
    position = scale + rng.uniform(0.1, 0.9, len(chosen))
    period = SMALLEST * (LARGEST / SMALLEST) ** (position / SCALES)
    turn = (orientation + rng.uniform(0, 1, len(chosen))) * np.pi / ORIENTATIONS
    angle = np.where(orientation == NONE, rng.uniform(0, np.pi, len(chosen)), turn)
    return TextureBatch(rng, size, period.astype(np.float32), angle.astype(np.float32))


# -- colours --------------------------------------------------------------------------------------


def draw_palettes(count: int, rng: np.random.Generator, colours: int = 6) -> np.ndarray:
    """Muted, harmonious, vivid and nearly grey sets of RGB colours: (n, colours, 3).

    One of the first two is dark and the other light.
    """
    kind = rng.choice(4, (count, 1), p=(0.4, 0.25, 0.2, 0.15))
    spread = np.array([0.07, 0.12, 0.5, 0.05])[kind]
    hue = rng.uniform(0, 1, (count, 1)) + spread * rng.standard_normal((count, colours))
    earth = rng.choice([0.02, 0.06, 0.08, 0.11, 0.22, 0.56, 0.6], (count, colours))
    hue = np.where(kind == 0, earth + 0.03 * rng.standard_normal(hue.shape), hue)
    hue += 0.5 * (rng.random(hue.shape) < 0.25) * (kind == 1)  # complements
    most = np.array([0.5, 0.75, 1.0, 0.15])[kind]
    saturation = most * rng.uniform(0.2, 1, hue.shape)
    value = rng.uniform(0.1, 1, hue.shape)
    value[:, 0], value[:, 1] = rng.uniform(0.05, 0.45, count), rng.uniform(0.65, 1, count)
    rgb = _rgb(hue, saturation, value)
    swapped = rng.random(count) < 0.5
    rgb[swapped, :2] = rgb[swapped, 1::-1]
    return rgb


def _rgb(hue, saturation, value):
    """Hue (turns), saturation and value -> RGB (..., 3)."""
    wheel = np.clip(np.abs((hue[..., None] + (0, 2 / 3, 1 / 3)) % 1 * 6 - 3) - 1, 0, 1)
    return (value[..., None] * (1 - saturation[..., None] * (1 - wheel))).astype(np.float32)


# -- families: a batch -> fractions of the second colour, (n, size, size) in [0, 1] ----------------


def _stripes(batch):
    return wave(batch.plane()[1], batch.uniform(0.5, 4))


def _waves(batch):
    u, v = batch.plane()
    bend = batch.uniform(0.1, 0.4) * np.sin(u * batch.uniform(0.4, 1.2) + batch.uniform(0, 6))
    slow = smooth(batch.rng, batch.count, batch.size, 5 * batch.period) * batch.uniform(0.1, 0.4)
    return wave(v + bend + slow, batch.uniform(0.5, 4))


def _bricks(batch):
    u, v = batch.plane()
    column, row, x, y = cells(0.4 * u + 0.5 * np.floor(v), v)
    gap = np.minimum(0.5 - np.abs(y), (0.5 - np.abs(x)) / 0.4)
    return (0.55 + 0.45 * batch.table()(column, row)) * batch.edge(batch.uniform(0.06, 0.14) - gap)


def _gabor(batch):
    return unit(batch.band_pass(0.3, batch.uniform(0.15, 0.35)) * batch.uniform(0.8, 3))


def _wood(batch):
    slow = smooth(batch.rng, batch.count, batch.size, 6 * batch.period)
    rings = (batch.plane()[1] + batch.uniform(0.1, 0.45) * slow) % 1
    return np.clip(0.85 * rings**1.5 + 0.12 * batch.band_pass(1.5, 0.12) + 0.1, 0, 1)


def _hatching(batch):
    """Pen lines of varying width, denser where a smooth shade is dark."""
    u, v = batch.plane()
    _, row, _, y = cells(u, v + 0.06 * np.sin(u * batch.uniform(0.5, 1.5)))
    pen = np.sin(u * batch.uniform(0.3, 0.8) + 7 * batch.table()(row, row))
    shade = smooth(batch.rng, batch.count, batch.size, batch.size / 2)
    return 1 - batch.edge(np.abs(y) - 0.16 - 0.06 * (pen + shade))


def _crosshatching(batch):
    return np.minimum(_hatching(batch), _hatching(replace(batch, angle=batch.angle + np.pi / 2)))


def _checks(batch):
    u, v = batch.plane()
    return unit(8 * batch.uniform(0.3, 1) * np.sin(np.pi * u) * np.sin(np.pi * v))


def _weave(batch):
    column, row, x, y = cells(*batch.plane())
    over = (column + row) % 2 == 0
    across, along = np.where(over, y, x), np.where(over, x, y)
    tone = np.sqrt(1 - np.minimum(2 * across, 1) ** 2) * (1 - 1.6 * along**2)
    tone *= np.where(over, 1, batch.uniform(0.4, 1))
    return tone * batch.edge(np.abs(across) - batch.uniform(0.32, 0.46))


def _dots(batch):
    near, _, number = batch.voronoi(batch.uniform(0, 0.5))
    return (1 - batch.uniform(0, 0.5) * number) * batch.edge(near - batch.uniform(0.2, 0.4))


def _patches(batch):
    near, _, number = batch.voronoi(batch.uniform(0.5, 1))
    return np.clip(number + batch.uniform(-0.4, 0.4) * near, 0, 1)


def _crackle(batch):
    near, following, _ = batch.voronoi(batch.uniform(0.5, 1))
    return batch.edge(batch.uniform(0.08, 0.2) - (following - near))


def _rings(batch):
    u, v = batch.plane(0.3, 0.7)
    bend = smooth(batch.rng, batch.count, batch.size, 4 * batch.period) * batch.uniform(0, 0.2)
    return wave(np.hypot(u, v) + bend, batch.uniform(0.5, 3))


def _spirals(batch):
    u, v = batch.plane(0.3, 0.7)
    arms = batch.rng.integers(1, 6, (batch.count, 1, 1)).astype(np.float32)
    return wave(np.hypot(u, v) + np.arctan2(v, u) * arms / (2 * np.pi), batch.uniform(0.5, 3))


def _clouds(batch):
    return unit(fractal(batch.rng, batch.count, batch.size, 2 * batch.period, batch.uniform(1, 3)))


def _marble(batch):
    warp = fractal(batch.rng, batch.count, batch.size, 4 * batch.period, 2.8)
    veins = np.abs(np.sin(np.pi * (0.3 * batch.plane()[1] + batch.uniform(0.7, 1.3) * warp)))
    return 1 - (1 - veins) ** batch.uniform(1, 3)


def _spots(batch):
    return unit((batch.band_pass(0.25) - batch.uniform(-0.8, 0.8)) * batch.uniform(1, 8))


def _scales(batch):
    u, v = batch.plane()
    v, row = 1.6 * v, np.floor(1.6 * v)
    x = (u + 0.5 * (row % 2)) % 1 - 0.5
    row += v - row > np.sqrt(1 - 4 * x * x)  # beyond its round end, the next row is visible
    tone = 0.5 + 0.5 * batch.table()(np.floor(u + 0.5 * (row % 2)), row)
    return np.clip(tone * (0.75 - 0.7 * (v - row)), 0, 1)


@cache
def _letters(count=40, blanks=8, side=24):
    """Distances to the lines of invented letters, in heights: (count + blanks, side, side)."""
    rng, at = np.random.default_rng(0), (np.arange(side) + 0.5) / side - 0.5
    points, t = (at + 1j * at[:, None])[..., None], np.linspace(0, 1, 24)
    fields = np.full((count + blanks, side, side), 9, np.float32)
    for field in fields[:count]:
        for _ in range(rng.integers(2, 5)):
            start, end = rng.choice((-0.3, 0, 0.3), (2, 2)) @ (1, 1j)
            bend = (rng.uniform(-0.5, 0.5, 2) @ (1, 1j)) * t * (1 - t)
            pen = start + t * (end - start) + bend
            np.minimum(field, np.abs(points - pen).min(-1), out=field)
    return fields


def _glyphs(batch):
    column, row, x, y = cells(*batch.plane())
    letters = _letters()
    i, j = ((24 * (z + 0.4999)).astype(np.int32) for z in (x, y))
    distance = letters[(batch.table()(column, row) * len(letters)).astype(np.int32), j, i]
    return 1 - batch.edge(distance - batch.uniform(0.05, 0.09))


def _covered(batch, kinds, length, spread, radii=False):
    """Pictures covered with marks as wide as their period: (n, size, size)."""
    maps = np.empty((batch.count, 1, batch.size, batch.size), np.float32)
    for canvas, width, angle in zip(maps, batch.period.tolist(), batch.angle, strict=True):
        count = min(int(2.6 * batch.size**2 / (length * width**2)) + 8, 900)
        widths = np.full(count, width)
        if radii:
            widths = draw_radii(batch.rng, count, 0.6 * width, 3 * width)
        turns = angle + spread * batch.rng.standard_normal(count)
        canvas[:], *tones = batch.rng.random((count + 1, 1), dtype=np.float32)
        scatter(canvas, batch.rng, kinds, widths, turns, np.array(tones))
    return np.clip(maps[:, 0], 0, 1)


def _strokes(batch):
    return _covered(batch, ["stroke"], 2.8, 0.12)


def _dabs(batch):
    return _covered(batch, ["dab"], 1.4, 2.0)


def _leaves(batch):
    return _covered(batch, ["disc"], 1.6, 2.0, radii=True)


def _shards(batch):
    return _covered(batch, ["box", "triangle"], 1.6, 2.0, radii=True)


_ORIENTED = (_stripes, _waves, _bricks, _gabor, _wood, _hatching, _strokes)
_OTHERS = (
    *(_crosshatching, _checks, _weave, _dots, _patches, _crackle, _rings, _spirals, _clouds),
    *(_marble, _spots, _scales, _glyphs, _dabs, _leaves, _shards),
)
_FAMILIES = {function.__name__[1:]: function for function in (*_ORIENTED, *_OTHERS)}
FAMILIES = tuple(_FAMILIES)
ORIENTED = FAMILIES[: len(_ORIENTED)]  # those with a dominant orientation
