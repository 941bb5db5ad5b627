"""Colour textures of known make, and scenes composed of them as photographs and paintings are.

Stands on NumPy and SciPy: waves, lattices and filtered noise for whole batches, stamps for strokes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from scipy import fft, ndimage

ORIENTATIONS = 12  # bins of the lines' direction over 180 degrees, from 0, rightwards, to downwards
SCALES = 8  # logarithmic bins of the period or size, SMALLEST to LARGEST pixels
NONE = -1  # the orientation of a picture that has none
SMALLEST, LARGEST = 3.0, 32.0  # at every size of picture
SIGMAS = (0.0, 0.9, 2.0)  # of the blurs sharp, soft and blurred, pixels
FINEST = (0, 1, 4)  # smallest bin of scale that each blur leaves visible
CHUNK = 32  # scenes that share a pool of textures
BATCH = 8  # textures drawn at a time; larger arrays leave the cache
TURNS = 24  # directions of a stamp
WIDTHS = np.array((2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42))  # of stamps


@dataclass(frozen=True)
class Labels:
    """What N pictures show; integers are int64."""

    family: np.ndarray  # (N,) index into FAMILIES
    orientation: np.ndarray  # (N,) bin of the lines' direction, or NONE
    scale: np.ndarray  # (N,) bin of the period or size, at least FINEST[blur]
    palette: np.ndarray  # (N, 2, 3) float32: the two colours between which the others lie, RGB
    blur: np.ndarray  # (N,) index into SIGMAS


@dataclass(frozen=True)
class _Job:
    """One family's pictures to draw: period (n,) pixels, angle (n,) of the lines, radians."""

    rng: np.random.Generator
    size: int
    period: np.ndarray
    angle: np.ndarray

    @property
    def count(self):
        return len(self.period)

    @property
    def wide(self):
        """The period, ready to meet (n, size, size)."""
        return self.period[:, None, None]

    def uniform(self, low, high):
        """One number a picture, ready to meet (n, size, size)."""
        return self.rng.uniform(low, high, (self.count, 1, 1)).astype(np.float32)


def textures(count: int, rng: np.random.Generator, size: int = 96) -> tuple[np.ndarray, Labels]:
    """Draw pictures of one family each, in two colours, some blurred, with a little noise.

    count, size (pixels) -> images (count, 3, size, size) float32 in [0, 1], labels

    Raises ValueError if count < 0 or size < 16.
    """
    _check("textures", count, size)
    labels = _draw_labels(count, rng)
    images = np.empty((count, 3, size, size), np.float32)
    for chosen in _batches(labels.family):
        maps = _maps(labels, chosen, rng, size)
        dark, light = np.moveaxis(labels.palette[chosen], 1, 0)[..., None, None]  # (n, 3, 1, 1)
        images[chosen] = dark + maps[:, None] * (light - dark)
    grain = rng.uniform(0, 0.03, (count, 1, 1, 1)).astype(np.float32)
    images += grain * rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images, 0, 1, out=images), labels


def scenes(count: int, rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """Compose pictures as photographs and paintings are; some are a texture and no more.

    count, size (pixels) -> images (count, 3, size, size) float32 in [0, 1]

    Raises ValueError if count < 0 or size < 16.
    """
    _check("scenes", count, size)
    images = np.empty((count, 3, size, size), np.float32)
    for start in range(0, count, CHUNK):
        part = images[start : start + CHUNK]
        part[:] = _finish(_compose(len(part), rng, size), rng)
    return images


def _check(function, count, size):
    if count < 0 or size < 16:
        raise ValueError(
            f"{function}: expected count of at least 0 and size of at least 16 pixels, "
            f"got count {count} and size {size}"
        )


def _draw_labels(count, rng):
    family = rng.integers(0, len(FAMILIES), count)
    blur = rng.choice(3, count, p=(0.5, 0.25, 0.25))
    scale = rng.integers(np.array(FINEST)[blur], SCALES)
    turned = np.array([name in ORIENTED for name in FAMILIES])[family]
    orientation = np.where(turned, rng.integers(0, ORIENTATIONS, count), NONE)
    return Labels(family, orientation, scale, _palettes(count, rng)[:, :2], blur)


def _batches(family):
    """Indices of pictures of the same family, at most BATCH at a time."""
    for index in np.unique(family):
        chosen = np.flatnonzero(family == index)
        yield from np.split(chosen, range(BATCH, len(chosen), BATCH))


def _maps(labels, chosen, rng, size):
    """Draw one family's pictures as shares of the second colour: (n, size, size) in [0, 1]."""
    scale, orientation = labels.scale[chosen], labels.orientation[chosen]
    place = scale + rng.uniform(0.1, 0.9, len(chosen))
    period = SMALLEST * (LARGEST / SMALLEST) ** (place / SCALES)
    turn = (orientation + rng.uniform(0, 1, len(chosen))) * np.pi / ORIENTATIONS
    angle = np.where(orientation == NONE, rng.uniform(0, np.pi, len(chosen)), turn)
    job = _Job(rng, size, period.astype(np.float32), angle.astype(np.float32))
    maps = _FAMILIES[FAMILIES[labels.family[chosen[0]]]](job)
    for index, blur in enumerate(labels.blur[chosen]):
        if blur:
            maps[index] = ndimage.gaussian_filter(maps[index], SIGMAS[blur], truncate=3)
    return maps


# -- colours --------------------------------------------------------------------------------------


def _palettes(count, rng, colours=6):
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


# -- what the families are made of ----------------------------------------------------------------


def _plane(job, low=0.0, high=1.0):
    """Coordinates along and across the lines, in periods: two times (n, size, size).

    The origin lies at random between the shares low and high of the sides.
    """
    start = job.size * job.rng.uniform(low, high, (2, job.count, 1, 1)).astype(np.float32)
    at = np.arange(job.size, dtype=np.float32)
    x, y = at - start[0], at[:, None] - start[1]
    cosine, sine = (f(job.angle)[:, None, None] / job.wide for f in (np.cos, np.sin))
    return x * cosine + y * sine, y * cosine - x * sine


def _frequencies(size):
    """Cycles a pixel across and down, as irfft2 wants them: (1, size // 2 + 1), (size, 1)."""
    across, down = np.fft.rfftfreq(size)[None], np.fft.fftfreq(size)[:, None]
    return across.astype(np.float32), down.astype(np.float32)


def _cycles(size, period):
    """Frequencies in cycles a period, squared: (n or 1, size, size // 2 + 1)."""
    across, down = _frequencies(size)
    return (across**2 + down**2) * np.reshape(period, (-1, 1, 1)) ** 2


def _noise(rng, count, size, response):
    """Noise of mean 0 and deviation 1; response (n or 1, size, size // 2 + 1)."""
    real, imaginary = rng.standard_normal((2, count, size, size // 2 + 1), dtype=np.float32)
    spectrum = (real + np.complex64(1j) * imaginary) * response.astype(np.float32)
    spectrum[:, 0, 0] = 0
    field = fft.irfft2(spectrum, s=(size, size))
    return field / (field.std((1, 2), keepdims=True) + 1e-12)


def _smooth(rng, count, size, period):
    """Noise without detail below about a period: (n, size, size), deviation 1."""
    return _noise(rng, count, size, np.exp(-2 * _cycles(size, period)))


def _fractal(rng, count, size, period, power):
    """Noise whose amplitude falls as frequency to the power, flat above the period."""
    return _noise(rng, count, size, (1 + _cycles(size, period)) ** (-power / 2))


def _band_pass(job, width, narrow=None):
    """Noise of about a cycle a period, in all directions or within narrow (sine) of across."""
    far = np.sqrt(_cycles(job.size, job.period))
    response = np.exp(-(((far - 1) / width) ** 2))
    if narrow is not None:
        across, down = _frequencies(job.size)
        angle = job.angle[:, None, None]
        along = (across * np.cos(angle) + down * np.sin(angle)) * job.wide / (far + 1e-6)
        response = response * np.exp(-((along / narrow) ** 2))
    return _noise(job.rng, job.count, job.size, response)


def _unit(noise):
    return np.clip(0.5 + 0.25 * noise, 0, 1)


def _wave(phase, hardness):
    """A wave between 0 and 1, one a unit of phase; hardness 0.5 is a sine, 5 nearly square."""
    return np.clip(0.5 + hardness * np.sin(2 * np.pi * phase), 0, 1)


def _edge(job, distance):
    """Cover of what lies at a negative distance (periods), with an edge one pixel wide."""
    return np.clip(0.5 - distance * job.wide, 0, 1)


def _table(job):
    """A function of columns and rows (n, size, size) to random numbers, the same every 64."""
    numbers = job.rng.random(job.count * 4096, dtype=np.float32)
    base = np.arange(job.count)[:, None, None] * 4096

    def look(column, row):
        i, j = (cell.astype(np.int32) & 63 for cell in (column, row))
        return numbers.take(base + i * 64 + j)

    return look


def _cells(u, v):
    """Column, row and the place in the cell, -0.5..0.5."""
    column, row = np.floor(u), np.floor(v)
    return column, row, u - column - 0.5, v - row - 0.5


def _voronoi(job, jitter):
    """Distances to the nearest two points of a jittered lattice, and the nearest one's number."""
    column, row, x, y = _cells(*_plane(job))
    first, second, third = (_table(job) for _ in range(3))
    near = np.full(x.shape, 9, np.float32)
    following, number = near, near
    for i, j in np.ndindex(3, 3):
        cell = column + (i - 1), row + (j - 1)
        dx = x - (i - 1) - jitter * (first(*cell) - 0.5)
        dy = y - (j - 1) - jitter * (second(*cell) - 0.5)
        square = dx * dx + dy * dy
        number = np.where(square < near, third(*cell), number)
        following = np.minimum(following, np.maximum(near, square))
        near = np.minimum(near, square)
    return np.sqrt(near), np.sqrt(following), number


# -- families: a job -> shares of the second colour, (n, size, size) in [0, 1] ---------------------


def _stripes(job):
    return _wave(_plane(job)[1], job.uniform(0.5, 4))


def _waves(job):
    u, v = _plane(job)
    bend = job.uniform(0.1, 0.4) * np.sin(u * job.uniform(0.4, 1.2) + job.uniform(0, 6))
    slow = _smooth(job.rng, job.count, job.size, 5 * job.period) * job.uniform(0.1, 0.4)
    return _wave(v + bend + slow, job.uniform(0.5, 4))


def _bricks(job):
    u, v = _plane(job)
    column, row, x, y = _cells(0.4 * u + 0.5 * np.floor(v), v)
    gap = np.minimum(0.5 - np.abs(y), (0.5 - np.abs(x)) / 0.4)
    return (0.55 + 0.45 * _table(job)(column, row)) * _edge(job, job.uniform(0.06, 0.14) - gap)


def _gabor(job):
    return _unit(_band_pass(job, 0.3, job.uniform(0.15, 0.35)) * job.uniform(0.8, 3))


def _wood(job):
    slow = _smooth(job.rng, job.count, job.size, 6 * job.period)
    rings = (_plane(job)[1] + job.uniform(0.1, 0.45) * slow) % 1
    return np.clip(0.85 * rings**1.5 + 0.12 * _band_pass(job, 1.5, 0.12) + 0.1, 0, 1)


def _hatching(job):
    """Pen lines that swell and thin, denser where a smooth shade is dark."""
    u, v = _plane(job)
    _, row, _, y = _cells(u, v + 0.06 * np.sin(u * job.uniform(0.5, 1.5)))
    pen = np.sin(u * job.uniform(0.3, 0.8) + 7 * _table(job)(row, row))
    shade = _smooth(job.rng, job.count, job.size, job.size / 2)
    return 1 - _edge(job, np.abs(y) - 0.16 - 0.06 * (pen + shade))


def _crosshatching(job):
    return np.minimum(_hatching(job), _hatching(replace(job, angle=job.angle + np.pi / 2)))


def _checks(job):
    u, v = _plane(job)
    return _unit(8 * job.uniform(0.3, 1) * np.sin(np.pi * u) * np.sin(np.pi * v))


def _weave(job):
    column, row, x, y = _cells(*_plane(job))
    over = (column + row) % 2 == 0
    across, along = np.where(over, y, x), np.where(over, x, y)
    tone = np.sqrt(1 - np.minimum(2 * across, 1) ** 2) * (1 - 1.6 * along**2)
    tone *= np.where(over, 1, job.uniform(0.4, 1))
    return tone * _edge(job, np.abs(across) - job.uniform(0.32, 0.46))


def _dots(job):
    near, _, number = _voronoi(job, job.uniform(0, 0.5))
    return (1 - job.uniform(0, 0.5) * number) * _edge(job, near - job.uniform(0.2, 0.4))


def _patches(job):
    near, _, number = _voronoi(job, job.uniform(0.5, 1))
    return np.clip(number + job.uniform(-0.4, 0.4) * near, 0, 1)


def _crackle(job):
    near, following, _ = _voronoi(job, job.uniform(0.5, 1))
    return _edge(job, job.uniform(0.08, 0.2) - (following - near))


def _rings(job):
    u, v = _plane(job, 0.3, 0.7)
    bend = _smooth(job.rng, job.count, job.size, 4 * job.period) * job.uniform(0, 0.2)
    return _wave(np.hypot(u, v) + bend, job.uniform(0.5, 3))


def _spirals(job):
    u, v = _plane(job, 0.3, 0.7)
    arms = job.rng.integers(1, 6, (job.count, 1, 1)).astype(np.float32)
    return _wave(np.hypot(u, v) + np.arctan2(v, u) * arms / (2 * np.pi), job.uniform(0.5, 3))


def _clouds(job):
    return _unit(_fractal(job.rng, job.count, job.size, 2 * job.period, job.uniform(1, 3)))


def _marble(job):
    warp = _fractal(job.rng, job.count, job.size, 4 * job.period, 2.8)
    veins = np.abs(np.sin(np.pi * (0.3 * _plane(job)[1] + job.uniform(0.7, 1.3) * warp)))
    return 1 - (1 - veins) ** job.uniform(1, 3)


def _spots(job):
    return _unit((_band_pass(job, 0.25) - job.uniform(-0.8, 0.8)) * job.uniform(1, 8))


def _scales(job):
    u, v = _plane(job)
    v, row = 1.6 * v, np.floor(1.6 * v)
    x = (u + 0.5 * (row % 2)) % 1 - 0.5
    row += v - row > np.sqrt(1 - 4 * x * x)  # past its round end a scale bares the next row
    tone = 0.5 + 0.5 * _table(job)(np.floor(u + 0.5 * (row % 2)), row)
    return np.clip(tone * (0.75 - 0.7 * (v - row)), 0, 1)


@cache
def _letters(count=40, side=24):
    """Distances to the pens of invented letters, in letters' heights: (count, side, side)."""
    rng, at = np.random.default_rng(0), (np.arange(side) + 0.5) / side - 0.5
    points, t = (at + 1j * at[:, None])[..., None], np.linspace(0, 1, 24)
    fields = np.full((count, side, side), 9, np.float32)
    for field in fields:
        for _ in range(rng.integers(2, 5)):
            start, end = rng.choice((-0.3, 0, 0.3), (2, 2)) @ (1, 1j)
            bend = (rng.uniform(-0.5, 0.5, 2) @ (1, 1j)) * t * (1 - t)
            pen = start + t * (end - start) + bend
            np.minimum(field, np.abs(points - pen).min(-1), out=field)
    return fields


def _glyphs(job):
    column, row, x, y = _cells(*_plane(job))
    letters = np.concatenate([_letters(), np.ones((8, 24, 24), np.float32)])  # and blanks
    i, j = ((24 * (place + 0.4999)).astype(np.int32) for place in (x, y))
    distance = letters[(_table(job)(column, row) * len(letters)).astype(np.int32), j, i]
    return 1 - _edge(job, distance - job.uniform(0.05, 0.09))


# -- stamps ---------------------------------------------------------------------------------------


@cache
def _stamps(kind, width, variants=4):
    """Opacity and shade of a mark in TURNS directions over 180 degrees, in a few variants.

    width (pixels) -> TURNS lists of pairs (side, side)
    """
    rng = np.random.default_rng(width)
    long = {"stroke": 3.6, "dab": 1.7, "line": 12.0}.get(kind, 1.0)
    long = min(long, max(72 / width, 1.7))
    reach = int(np.ceil(0.5 * width * max(long, 1.5))) + 2
    at = np.arange(-reach, reach + 1, dtype=np.float32) * 2 / width
    return [
        [_mark(kind, rng, at, np.pi * turn / TURNS, long, width) for _ in range(variants)]
        for turn in range(TURNS)
    ]


def _mark(kind, rng, at, angle, long, width):
    """One mark of half-width 1 and half-length long; at holds the stamp's pixels along a side."""
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
        v = v + rng.uniform(-0.35, 0.35) / long * (u * u - long)
        bristles = np.interp(v * 4 + 9, np.arange(20), rng.uniform(-1, 1, 20))
        ends = np.clip(1 - np.abs(u / (long * rng.uniform(0.85, 1))) ** rng.uniform(2, 6), -1, 1)
        outside = np.abs(v) - ends - 0.15 * bristles * (np.abs(u) > 0.6 * long)
        shade = 0.16 * bristles + 0.05 * v
    opacity = np.clip(0.5 - outside * soft, 0, 1)
    return opacity.astype(np.float32), shade.astype(np.float32)


def _press(canvas, stamp, x, y, colour, relief=1.0):
    """Lay one stamp on a canvas (C, size, size) with its middle at (x, y); colour (C, 1, 1)."""
    opacity, shade = stamp
    reach, size = len(opacity) // 2, canvas.shape[-1]
    top, left = y - reach, x - reach
    inside = np.s_[
        max(-top, 0) : min(size - top, len(opacity)), max(-left, 0) : min(size - left, len(opacity))
    ]
    where = canvas[:, max(top, 0) : y + reach + 1, max(left, 0) : x + reach + 1]
    where += opacity[inside] * (colour + relief * shade[inside] - where)


def _scatter(canvas, rng, kinds, widths, turns, colours, relief=1.0):
    """Press marks at random places: kinds, widths (K,), turns (K,) radians, colours (K, C).

    Turns and colours may be pictures ([C,] size, size) to be looked at in the places.
    """
    size, count = canvas.shape[-1], len(widths)
    widths = WIDTHS[np.abs(WIDTHS[:, None] - widths).argmin(0)].tolist()
    x, y = rng.integers(0, size, (2, count))
    if np.ndim(turns) == 2:
        turns, colours = turns[y, x], colours[:, y, x].T
    turns = np.rint(turns * TURNS / np.pi).astype(int) % TURNS
    colours = colours + 0.04 * rng.standard_normal((count, 1)).astype(np.float32)
    colours = colours[..., None, None]  # (K, C, 1, 1)
    chances = rng.integers(0, 4, count)
    kinds = [kinds[index] for index in rng.integers(0, len(kinds), count)]
    steps = zip(x.tolist(), y.tolist(), kinds, widths, turns, chances, colours, strict=True)
    for i, j, kind, width, turn, chance, colour in steps:
        _press(canvas, _stamps(kind, width)[turn][chance], i, j, colour, relief)


def _covered(job, kinds, long, spread, radii=False):
    """Cover each picture with marks as wide as its period: (n, size, size)."""
    maps = np.empty((job.count, 1, job.size, job.size), np.float32)
    for canvas, width, angle in zip(maps, job.period.tolist(), job.angle, strict=True):
        count = min(int(2.6 * job.size**2 / (long * width**2)) + 8, 900)
        widths = _radii(job.rng, count, 0.6 * width, 3 * width) if radii else np.full(count, width)
        turns = angle + spread * job.rng.standard_normal(count)
        canvas[:], *tones = job.rng.random((count + 1, 1), dtype=np.float32)
        _scatter(canvas, job.rng, kinds, widths, turns, np.array(tones))
    return np.clip(maps[:, 0], 0, 1)


def _radii(rng, count, low, high):
    """Sizes of density r^-3, as of things at all distances: (count,)."""
    return (low**-2 + rng.random(count) * (high**-2 - low**-2)) ** -0.5


_FAMILIES: dict[str, Callable[[_Job], np.ndarray]] = {
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


# -- scenes ---------------------------------------------------------------------------------------


def _compose(count, rng, size):
    """Draw scenes before light, lens and film: (n, 3, size, size)."""
    labels = _draw_labels(max(count * 2 // 5, 4), rng)
    pool = np.concatenate([_maps(labels, chosen, rng, size) for chosen in _batches(labels.family)])
    rng.shuffle(pool)
    palettes = _palettes(count, rng)
    flows = _flows(count, rng, size)
    kinds = rng.choice(["texture", "photo", "painting", "mixed"], count, p=(0.15, 0.4, 0.3, 0.15))
    canvases = np.empty((count, 3, size, size), np.float32)
    for index, (canvas, kind) in enumerate(zip(canvases, kinds, strict=True)):
        palette, flow = palettes[index], flows[index]
        if kind == "texture":
            canvas[:] = _blend(palette[0], palette[1], pool[index % len(pool)])
            continue
        canvas[:] = _background(rng, palette, pool)
        _things(canvas, rng, palette, pool)
        if kind != "photo":
            _paint(canvas, rng, flow, whole=kind == "painting")
        elif rng.random() < 0.3:
            _draw_lines(canvas, rng, flow, palette)
    return canvases


def _flows(count, rng, size):
    """Smooth fields of directions, radians, from nearly straight to whirling: (n, size, size)."""
    noise = _smooth(rng, count, size, size * rng.uniform(0.4, 1.2, count))
    bend = rng.uniform(0.1, 1.6, (count, 1, 1))
    return rng.uniform(0, np.pi, (count, 1, 1)) + bend * noise


def _blend(one, other, share):
    """Between two colours (3,): share (h, w) -> (3, h, w)."""
    return one[:, None, None] + share * (other - one)[:, None, None]


def _window(rng, pool, height, width):
    """A piece of a random texture, mirrored or not: (height, width)."""
    picture = pool[rng.integers(len(pool))]
    if rng.random() < 0.5:
        picture = picture.T
    top, left = (rng.integers(0, len(picture) - side + 1) for side in (height, width))
    return picture[top : top + height, left : left + width]


def _background(rng, palette, pool):
    """A graded sky, clouds or a faint texture: (3, size, size)."""
    size = pool.shape[1]
    at = np.linspace(0, 1, size, dtype=np.float32)
    slope = rng.uniform(-0.6, 0.6)
    share = np.clip(at[:, None] + slope * (at - 0.5), 0, 1)
    one, other, third = palette[rng.permutation(len(palette))[:3]]
    ground = _blend(one, other, share)
    if rng.random() < 0.6:
        clouds = _fractal(rng, 1, size, size / rng.uniform(1, 4), rng.uniform(2, 3.5))[0]
        cover = np.clip(0.3 * clouds + rng.uniform(-0.4, 0.4), 0, 1)
        ground += cover * (third[:, None, None] - ground)
    elif rng.random() < 0.5:
        weave = rng.uniform(0.1, 0.6) * _window(rng, pool, size, size)
        ground += weave * (third - one)[:, None, None]
    return ground


def _things(canvas, rng, palette, pool):
    """Cover a canvas with things of all sizes, far ones first."""
    size = canvas.shape[-1]
    for level in np.sort(rng.uniform(0.3, 1, rng.choice(4, p=(0.45, 0.25, 0.2, 0.1)))):
        _thing(canvas, rng, palette, pool, _band, float(size * level), size)
    count = int(3 * 14 ** rng.random())
    radii = _radii(rng, count, rng.uniform(0.02, 0.14) * size + 1, 0.5 * size)
    if rng.random() < 0.6:
        radii = np.sort(radii)[::-1]
    for radius in radii.tolist():
        outline = OUTLINES[rng.integers(len(OUTLINES))]
        _thing(canvas, rng, palette, pool, outline, rng.uniform(0, size), radius)


def _thing(canvas, rng, palette, pool, outline, y, radius):
    """Draw one thing, some with a shadow, at the height y and anywhere across."""
    size = canvas.shape[-1]
    x, shadow = rng.uniform(0, size), rng.random() < 0.3
    reach = 1.1 * radius + (12 if shadow else 1)
    left, right = max(int(x - reach), 0), min(int(x + reach) + 1, size)
    top, bottom = max(int(y - reach), 0), min(int(y + reach) + 1, size)
    if outline is _band:
        left, right, bottom = 0, size, size
    u = (np.arange(left, right, dtype=np.float32) - x) / radius
    v = (np.arange(top, bottom, dtype=np.float32)[:, None] - y) / radius
    u, v = (u, v) if outline is _band else _turned(u, v, rng.uniform(0, 2 * np.pi))
    outside = outline(rng, u, v) * radius  # signed distance, pixels
    soft = 1.0 if rng.random() < 0.7 else rng.uniform(1, 6)
    where = canvas[:, top:bottom, left:right]
    if shadow:
        depth, width = rng.uniform(0.2, 0.6), rng.uniform(0.7, 4)  # a narrow one is an outline
        where *= 1 - depth * np.exp(np.minimum(-outside, 0) / width)
    cover = np.clip(0.5 - outside / soft, 0, 1)
    where += cover * (_fill(rng, palette, pool, outside, u, v) - where)


def _turned(u, v, angle):
    cosine, sine = math.cos(angle), math.sin(angle)
    return u * cosine + v * sine, v * cosine - u * sine


# Signed distances (about) to outlines that stay within a radius of 1.1, negative inside.


def _band(rng, u, v):
    slope, phase = rng.uniform(-0.25, 0.25), rng.uniform(0, 6, 2).tolist()
    ridge = 0.06 * np.sin(5 * u + phase[0]) + 0.025 * np.sin(14 * u + phase[1])
    return rng.integers(2).item() * ridge + slope * u - v


def _ellipse(rng, u, v):
    stretch = rng.uniform(1, 2.5)
    return (np.hypot(u, v * stretch) - 1) / stretch**0.5


def _polygon(rng, u, v):
    corners = rng.integers(3, 6).item()
    turns = (np.arange(corners) + rng.uniform(-0.25, 0.25, corners)) * 2 * np.pi / corners
    sides = [_turned(u, v, turn)[0] - rng.uniform(0.35, 0.78) for turn in turns]
    return np.maximum.reduce([*sides, np.maximum(np.abs(u), np.abs(v)) - 0.78])


def _ribbon(rng, u, v):
    width = rng.uniform(0.05, 0.25)
    return np.maximum(np.abs(v - rng.uniform(-0.6, 0.6) * u * u) - width, np.abs(u) - 0.85)


def _blob(rng, u, v):
    lobes, phase = rng.integers(2, 7).item(), rng.uniform(0, 6)
    turn = np.arctan2(v, u)
    return np.hypot(u, v) - 0.85 - 0.12 * np.cos(lobes * turn + phase) - 0.1 * np.cos(2 * turn)


OUTLINES = (_ellipse, _ellipse, _blob, _polygon, _polygon, _ribbon)


def _fill(rng, palette, pool, outside, u, v):
    """A thing's colours: flat, graded, rounded by light, or a texture: (3, h, w) or (3, 1, 1)."""
    one, other = palette[rng.permutation(len(palette))[:2]]
    one = one + 0.06 * rng.standard_normal(3).astype(np.float32)
    choice = rng.random()
    if choice < 0.2:
        return one[:, None, None]
    light = rng.uniform(-0.35, 0.35, 2).tolist()
    if choice < 0.4:
        return _blend(one, other, np.clip(0.5 + light[0] * u + light[1] * v, 0, 1))
    shade = np.clip(1 + light[0] * u + light[1] * v, 0.3, 1.6)
    if choice < 0.6:
        depth = np.sqrt(np.clip(-2 * outside / (float(np.ptp(outside)) + 1), 0, 1))
        return one[:, None, None] * (shade * (0.55 + 0.6 * depth))
    share = rng.uniform(0.3, 1) * _window(rng, pool, *outside.shape)
    return _blend(one, other, share) * shade


def _paint(canvas, rng, flow, whole):
    """Repaint a canvas in strokes or dabs, coarse to fine; part of it if not whole."""
    size, source = canvas.shape[-1], canvas.copy()
    turns = _along_edges(source) if rng.random() < 0.4 else flow
    kinds = [["stroke"], ["stroke"], ["dab"], ["stroke", "dab"], ["disc"]][rng.integers(5)]
    finest = rng.choice([3, 4, 5, 6, 8], p=(0.1, 0.25, 0.3, 0.2, 0.15))
    layers = (3 * finest, finest) if whole else (finest,)
    relief = rng.uniform(0.2, 1.2)
    for width in layers:
        count = int(rng.uniform(1, 1.8) * size**2 / (2.4 * width**2))
        widths = rng.choice([width - 1, width, width + 1], min(count, 330 * size // 96))
        _scatter(canvas, rng, kinds, widths, turns, source, relief)
    if not whole:
        bare = np.clip(0.5 - 2 * (flow - flow.mean()) / flow.std(), 0, 1)
        canvas += bare * (source - canvas)


def _along_edges(picture):
    """Directions along a picture's edges, radians: (3, size, size) -> (size, size)."""
    grey = ndimage.gaussian_filter(picture.mean(0), 1.5)
    down, across = np.gradient(grey)
    products = (across * across - down * down, 2 * across * down)
    even, odd = (ndimage.gaussian_filter(z, 4) for z in products)
    return 0.5 * np.arctan2(odd, even) + np.pi / 2


def _draw_lines(canvas, rng, flow, palette):
    """A few fine lines along the flow."""
    colour = np.broadcast_to(palette[rng.integers(len(palette)), :, None, None], canvas.shape)
    widths = rng.integers(2, 4, rng.integers(3, 40))
    _scatter(canvas, rng, ["line"], widths, flow, colour, relief=0.3)


def _finish(canvases, rng):
    """Cast light, blur, contrast, gamma, saturation and grain, each on some: (n, 3, size, size)."""
    count, _, size, _ = canvases.shape

    def some(share, low, high, otherwise):
        chosen = rng.random(count) < share
        numbers = np.where(chosen, rng.uniform(low, high, count), otherwise)
        return numbers.astype(np.float32).reshape(-1, 1, 1, 1)

    light = _smooth(rng, count, size, 1.2 * size)[:, None]
    canvases *= 1 + some(0.5, 0.05, 0.3, 0) * light
    for index in np.flatnonzero(rng.random(count) < 0.2):
        sigma = rng.uniform(0.5, 2.2)
        canvases[index] = ndimage.gaussian_filter(canvases[index], (0, sigma, sigma), truncate=3)
    grey = canvases.mean(1, keepdims=True)
    canvases = grey + some(0.5, 0.4, 1.4, 1) * (canvases - grey)
    canvases = 0.5 + some(0.5, 0.6, 1.4, 1) * (canvases - 0.5)
    canvases = np.clip(canvases, 0, 1) ** some(0.4, 0.6, 1.6, 1)
    grain = rng.standard_normal(canvases.shape, dtype=np.float32)
    return np.clip(canvases + some(0.5, 0.005, 0.06, 0) * grain, 0, 1)
