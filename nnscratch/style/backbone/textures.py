"""Colour textures of known make: pictures of 23 families, and labels of what they show.

Stands on `noise`, which families are made of, and on `stamps` for those that are pressed marks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from scipy import ndimage

from nnscratch.style.backbone.noise import (
    TextureBatch,
    band_pass,
    cells,
    edge,
    fractal,
    plane,
    smooth,
    table,
    unit,
    voronoi,
    wave,
)
from nnscratch.style.backbone.stamps import draw_radii, scatter

ORIENTATIONS = 12  # bins of the lines' direction over 180 degrees, from 0, rightwards, to downwards
SCALES = 8  # logarithmic bins of the period or size, SMALLEST to LARGEST pixels
NONE = -1  # the orientation of a picture that has none
SMALLEST, LARGEST = 3.0, 32.0  # at every size of picture
SIGMAS = (0.0, 0.9, 2.0)  # of the blurs sharp, soft and blurred, pixels
FINEST = (0, 1, 4)  # smallest bin of scale that each blur leaves visible
BATCH = 8  # textures drawn at a time; larger arrays leave the cache


@dataclass(frozen=True)
class Labels:
    """What N pictures show; integers are int64."""

    family: np.ndarray  # (N,) index into FAMILIES
    orientation: np.ndarray  # (N,) bin of the lines' direction, or NONE
    scale: np.ndarray  # (N,) bin of the period or size, at least FINEST[blur]
    palette: np.ndarray  # (N, 2, 3) float32: the two colours between which the others lie, RGB
    blur: np.ndarray  # (N,) index into SIGMAS


def textures(count: int, rng: np.random.Generator, size: int = 96) -> tuple[np.ndarray, Labels]:
    """Draw pictures of one family each, in two colours, some blurred, with a little noise.

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
    """Refuse, in the name of a function, what cannot be drawn."""
    if count < 0 or size < 16:
        raise ValueError(
            f"{function}: expected count of at least 0 and size of at least 16 pixels, "
            f"got count {count} and size {size}"
        )


def draw_labels(count: int, rng: np.random.Generator) -> Labels:
    """Labels at random; of the scales, those that the blur leaves visible."""
    family = rng.integers(0, len(FAMILIES), count)
    blur = rng.choice(3, count, p=(0.5, 0.25, 0.25))
    scale = rng.integers(np.array(FINEST)[blur], SCALES)
    orientation = rng.integers(0, ORIENTATIONS, count)
    orientation[family >= len(ORIENTED)] = NONE
    return Labels(family, orientation, scale, draw_palettes(count, rng)[:, :2], blur)


def draw_maps(
    labels: Labels, rng: np.random.Generator, size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pictures as shares of the second colour, family by family, at most BATCH at a time.

    labels of N, size (pixels) -> pairs of indices (n,) and maps (n, size, size) in [0, 1]
    """
    for index, draw in enumerate(_FAMILIES.values()):
        alike = np.flatnonzero(labels.family == index)
        for start in range(0, len(alike), BATCH):
            chosen = alike[start : start + BATCH]
            maps = draw(_job(labels, chosen, rng, size))
            for picture, blur in zip(maps, labels.blur[chosen], strict=True):
                if blur:
                    picture[:] = ndimage.gaussian_filter(picture, SIGMAS[blur], truncate=3)
            yield chosen, maps


def _job(labels, chosen, rng, size):
    """Periods and angles at random within the bins of the chosen pictures' labels."""
    scale, orientation = labels.scale[chosen], labels.orientation[chosen]
    place = scale + rng.uniform(0.1, 0.9, len(chosen))
    period = SMALLEST * (LARGEST / SMALLEST) ** (place / SCALES)
    turn = (orientation + rng.uniform(0, 1, len(chosen))) * np.pi / ORIENTATIONS
    angle = np.where(orientation == NONE, rng.uniform(0, np.pi, len(chosen)), turn)
    return TextureBatch(rng, size, period.astype(np.float32), angle.astype(np.float32))


# -- colours --------------------------------------------------------------------------------------


def draw_palettes(count: int, rng: np.random.Generator, colours: int = 6) -> np.ndarray:
    """Muted, harmonious, vivid and nearly grey sets of RGB: (n, colours, 3).

    The first is dark and the second light, or the other way round.
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


# -- families: a job -> shares of the second colour, (n, size, size) in [0, 1] ---------------------


def _stripes(job):
    return wave(plane(job)[1], job.uniform(0.5, 4))


def _waves(job):
    u, v = plane(job)
    bend = job.uniform(0.1, 0.4) * np.sin(u * job.uniform(0.4, 1.2) + job.uniform(0, 6))
    slow = smooth(job.rng, job.count, job.size, 5 * job.period) * job.uniform(0.1, 0.4)
    return wave(v + bend + slow, job.uniform(0.5, 4))


def _bricks(job):
    u, v = plane(job)
    column, row, x, y = cells(0.4 * u + 0.5 * np.floor(v), v)
    gap = np.minimum(0.5 - np.abs(y), (0.5 - np.abs(x)) / 0.4)
    return (0.55 + 0.45 * table(job)(column, row)) * edge(job, job.uniform(0.06, 0.14) - gap)


def _gabor(job):
    return unit(band_pass(job, 0.3, job.uniform(0.15, 0.35)) * job.uniform(0.8, 3))


def _wood(job):
    slow = smooth(job.rng, job.count, job.size, 6 * job.period)
    rings = (plane(job)[1] + job.uniform(0.1, 0.45) * slow) % 1
    return np.clip(0.85 * rings**1.5 + 0.12 * band_pass(job, 1.5, 0.12) + 0.1, 0, 1)


def _hatching(job):
    """Pen lines that swell and thin, denser where a smooth shade is dark."""
    u, v = plane(job)
    _, row, _, y = cells(u, v + 0.06 * np.sin(u * job.uniform(0.5, 1.5)))
    pen = np.sin(u * job.uniform(0.3, 0.8) + 7 * table(job)(row, row))
    shade = smooth(job.rng, job.count, job.size, job.size / 2)
    return 1 - edge(job, np.abs(y) - 0.16 - 0.06 * (pen + shade))


def _crosshatching(job):
    return np.minimum(_hatching(job), _hatching(replace(job, angle=job.angle + np.pi / 2)))


def _checks(job):
    u, v = plane(job)
    return unit(8 * job.uniform(0.3, 1) * np.sin(np.pi * u) * np.sin(np.pi * v))


def _weave(job):
    column, row, x, y = cells(*plane(job))
    over = (column + row) % 2 == 0
    across, along = np.where(over, y, x), np.where(over, x, y)
    tone = np.sqrt(1 - np.minimum(2 * across, 1) ** 2) * (1 - 1.6 * along**2)
    tone *= np.where(over, 1, job.uniform(0.4, 1))
    return tone * edge(job, np.abs(across) - job.uniform(0.32, 0.46))


def _dots(job):
    near, _, number = voronoi(job, job.uniform(0, 0.5))
    return (1 - job.uniform(0, 0.5) * number) * edge(job, near - job.uniform(0.2, 0.4))


def _patches(job):
    near, _, number = voronoi(job, job.uniform(0.5, 1))
    return np.clip(number + job.uniform(-0.4, 0.4) * near, 0, 1)


def _crackle(job):
    near, following, _ = voronoi(job, job.uniform(0.5, 1))
    return edge(job, job.uniform(0.08, 0.2) - (following - near))


def _rings(job):
    u, v = plane(job, 0.3, 0.7)
    bend = smooth(job.rng, job.count, job.size, 4 * job.period) * job.uniform(0, 0.2)
    return wave(np.hypot(u, v) + bend, job.uniform(0.5, 3))


def _spirals(job):
    u, v = plane(job, 0.3, 0.7)
    arms = job.rng.integers(1, 6, (job.count, 1, 1)).astype(np.float32)
    return wave(np.hypot(u, v) + np.arctan2(v, u) * arms / (2 * np.pi), job.uniform(0.5, 3))


def _clouds(job):
    return unit(fractal(job.rng, job.count, job.size, 2 * job.period, job.uniform(1, 3)))


def _marble(job):
    warp = fractal(job.rng, job.count, job.size, 4 * job.period, 2.8)
    veins = np.abs(np.sin(np.pi * (0.3 * plane(job)[1] + job.uniform(0.7, 1.3) * warp)))
    return 1 - (1 - veins) ** job.uniform(1, 3)


def _spots(job):
    return unit((band_pass(job, 0.25) - job.uniform(-0.8, 0.8)) * job.uniform(1, 8))


def _scales(job):
    u, v = plane(job)
    v, row = 1.6 * v, np.floor(1.6 * v)
    x = (u + 0.5 * (row % 2)) % 1 - 0.5
    row += v - row > np.sqrt(1 - 4 * x * x)  # past its round end a scale bares the next row
    tone = 0.5 + 0.5 * table(job)(np.floor(u + 0.5 * (row % 2)), row)
    return np.clip(tone * (0.75 - 0.7 * (v - row)), 0, 1)


@cache
def _letters(count=40, blanks=8, side=24):
    """Distances to the pens of invented letters, in their heights: (count + blanks, side, side)."""
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


def _glyphs(job):
    column, row, x, y = cells(*plane(job))
    letters = _letters()
    i, j = ((24 * (place + 0.4999)).astype(np.int32) for place in (x, y))
    distance = letters[(table(job)(column, row) * len(letters)).astype(np.int32), j, i]
    return 1 - edge(job, distance - job.uniform(0.05, 0.09))


def _covered(job, kinds, long, spread, radii=False):
    """Cover each picture with marks as wide as its period: (n, size, size)."""
    maps = np.empty((job.count, 1, job.size, job.size), np.float32)
    for canvas, width, angle in zip(maps, job.period.tolist(), job.angle, strict=True):
        count = min(int(2.6 * job.size**2 / (long * width**2)) + 8, 900)
        widths = np.full(count, width)
        if radii:
            widths = draw_radii(job.rng, count, 0.6 * width, 3 * width)
        turns = angle + spread * job.rng.standard_normal(count)
        canvas[:], *tones = job.rng.random((count + 1, 1), dtype=np.float32)
        scatter(canvas, job.rng, kinds, widths, turns, np.array(tones))
    return np.clip(maps[:, 0], 0, 1)


_FAMILIES: dict[str, Callable[[TextureBatch], np.ndarray]] = {
    "stripes": _stripes,
    "waves": _waves,
    "bricks": _bricks,
    "gabor": _gabor,
    "wood": _wood,
    "hatching": _hatching,
    "strokes": partial(_covered, kinds=("stroke",), long=2.8, spread=0.12),
    "crosshatching": _crosshatching,
    "checks": _checks,
    "weave": _weave,
    "dots": _dots,
    "patches": _patches,
    "crackle": _crackle,
    "rings": _rings,
    "spirals": _spirals,
    "clouds": _clouds,
    "marble": _marble,
    "spots": _spots,
    "scales": _scales,
    "glyphs": _glyphs,
    "dabs": partial(_covered, kinds=("dab",), long=1.4, spread=2.0),
    "leaves": partial(_covered, kinds=("disc",), long=1.6, spread=2.0, radii=True),
    "shards": partial(_covered, kinds=("box", "triangle"), long=1.6, spread=2.0, radii=True),
}
FAMILIES: tuple[str, ...] = tuple(_FAMILIES)
ORIENTED = FAMILIES[: FAMILIES.index("crosshatching")]  # those with a dominant orientation
