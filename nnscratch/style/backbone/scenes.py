"""Drawn scenes composed like photographs and paintings: objects on a ground, light, film grain.

Stands on `textures`, which fill the objects, on `stamps` for paint, and on `noise` for clouds.
"""

import math

import numpy as np
from scipy import ndimage

from nnscratch.style.backbone.noise import fractal, smooth
from nnscratch.style.backbone.stamps import draw_radii, scatter
from nnscratch.style.backbone.textures import check, draw_labels, draw_maps, draw_palettes

CHUNK = 32  # scenes that share a pool of textures


def scenes(count: int, rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """Pictures composed like photographs and paintings; some are only a texture.

    count, size (pixels) -> images (count, 3, size, size) float32 in [0, 1]

    Raises ValueError if count < 0 or size < 16.
    """
    check("scenes", count, size)
    images = np.empty((count, 3, size, size), np.float32)
    for start in range(0, count, CHUNK):
        part = images[start : start + CHUNK]
        part[:] = _finish(_compose(len(part), rng, size), rng)
    return images


def _compose(count, rng, size):
    """Scenes without light, lens and film effects: (n, 3, size, size)."""
    labels = draw_labels(max(count * 2 // 5, 4), rng)
    pool = np.concatenate([maps for _, maps in draw_maps(labels, rng, size)])
    rng.shuffle(pool)
    palettes = draw_palettes(count, rng)
    flows = _flows(count, rng, size)
    kinds = rng.choice(["texture", "photo", "painting", "mixed"], count, p=(0.15, 0.4, 0.3, 0.15))
    canvases = np.empty((count, 3, size, size), np.float32)
    for index, (canvas, kind) in enumerate(zip(canvases, kinds, strict=True)):
        palette, flow = palettes[index], flows[index]
        if kind == "texture":
            canvas[:] = _blend(palette[0], palette[1], pool[index % len(pool)])
            continue
        canvas[:] = _background(rng, palette, pool)
        _add_objects(canvas, rng, palette, pool)
        if kind != "photo":
            _paint(canvas, rng, flow, whole=kind == "painting")
        elif rng.random() < 0.3:
            _draw_lines(canvas, rng, flow, palette)
    return canvases


def _flows(count, rng, size):
    """Smooth fields of directions in radians, from straight to whirling: (n, size, size)."""
    noise = smooth(rng, count, size, size * rng.uniform(0.4, 1.2, count))
    bend = rng.uniform(0.1, 1.6, (count, 1, 1))
    return rng.uniform(0, np.pi, (count, 1, 1)) + bend * noise


def _blend(one, other, share):
    """A mixture of two colours (3,): share of the second (h, w) -> (3, h, w)."""
    return one[:, None, None] + share * (other - one)[:, None, None]


def _window(rng, pool, height, width):
    """A crop of a random texture, transposed or not: (height, width)."""
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
        clouds = fractal(rng, 1, size, size / rng.uniform(1, 4), rng.uniform(2, 3.5))[0]
        cover = np.clip(0.3 * clouds + rng.uniform(-0.4, 0.4), 0, 1)
        ground += cover * (third[:, None, None] - ground)
    elif rng.random() < 0.5:
        weave = rng.uniform(0.1, 0.6) * _window(rng, pool, size, size)
        ground += weave * (third - one)[:, None, None]
    return ground


def _add_objects(canvas, rng, palette, pool):
    """Draw objects of all sizes on a canvas, in place, far ones first."""
    size = canvas.shape[-1]
    for level in np.sort(rng.uniform(0.3, 1, rng.choice(4, p=(0.45, 0.25, 0.2, 0.1)))):
        _add_object(canvas, rng, palette, pool, _band, float(size * level), size)
    count = int(3 * 14 ** rng.random())
    radii = draw_radii(rng, count, rng.uniform(0.02, 0.14) * size + 1, 0.5 * size)
    if rng.random() < 0.6:
        radii = np.sort(radii)[::-1]
    for radius in radii.tolist():
        outline = OUTLINES[rng.integers(len(OUTLINES))]
        _add_object(canvas, rng, palette, pool, outline, rng.uniform(0, size), radius)


def _add_object(canvas, rng, palette, pool, outline, y, radius):
    """Draw one object, some with a shadow, at the height y and a random x."""
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
        depth, width = rng.uniform(0.2, 0.6), rng.uniform(0.7, 4)  # a narrow shadow is an outline
        where *= 1 - depth * np.exp(np.minimum(-outside, 0) / width)
    cover = np.clip(0.5 - outside / soft, 0, 1)
    where += cover * (_fill(rng, palette, pool, outside, u, v) - where)


def _turned(u, v, angle):
    cosine, sine = math.cos(angle), math.sin(angle)
    return u * cosine + v * sine, v * cosine - u * sine


# Approximate signed distances to outlines within a radius of 1.1, negative inside.


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
    """An object's colours: flat, graded, shaded, or a texture: (3, h, w) or (3, 1, 1)."""
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
    """Repaint a canvas in place with strokes or dabs, coarse to fine; only a part if not whole."""
    size, source = canvas.shape[-1], canvas.copy()
    turns = _along_edges(source) if rng.random() < 0.4 else flow
    kinds = [["stroke"], ["stroke"], ["dab"], ["stroke", "dab"], ["disc"]][rng.integers(5)]
    finest = rng.choice([3, 4, 5, 6, 8], p=(0.1, 0.25, 0.3, 0.2, 0.15))
    layers = (3 * finest, finest) if whole else (finest,)
    relief = rng.uniform(0.2, 1.2)
    for width in layers:
        count = int(rng.uniform(1, 1.8) * size**2 / (2.4 * width**2))
        widths = rng.choice([width - 1, width, width + 1], min(count, 330 * size // 96))
        scatter(canvas, rng, kinds, widths, turns, source, relief)
    if not whole:
        bare = np.clip(0.5 - 2 * (flow - flow.mean()) / flow.std(), 0, 1)
        canvas += bare * (source - canvas)


def _along_edges(picture):
    """Directions of a picture's edges in radians: (3, size, size) -> (size, size)."""
    grey = ndimage.gaussian_filter(picture.mean(0), 1.5)
    down, across = np.gradient(grey)
    products = (across * across - down * down, 2 * across * down)
    even, odd = (ndimage.gaussian_filter(z, 4) for z in products)
    return 0.5 * np.arctan2(odd, even) + np.pi / 2


def _draw_lines(canvas, rng, flow, palette):
    """Draw a few fine lines along the flow, in place."""
    colour = np.broadcast_to(palette[rng.integers(len(palette)), :, None, None], canvas.shape)
    widths = rng.integers(2, 4, rng.integers(3, 40))
    scatter(canvas, rng, ["line"], widths, flow, colour, relief=0.3)


def _finish(canvases, rng):
    """Random light, blur, saturation, contrast, gamma and grain: (n, 3, size, size)."""
    count, _, size, _ = canvases.shape

    def random_for(share, low, high, otherwise):
        """A random number for a share of the pictures, a constant for the others: (n, 1, 1, 1)."""
        chosen = rng.random(count) < share
        numbers = np.where(chosen, rng.uniform(low, high, count), otherwise)
        return numbers.astype(np.float32).reshape(-1, 1, 1, 1)

    light = smooth(rng, count, size, 1.2 * size)[:, None]
    canvases *= 1 + random_for(0.5, 0.05, 0.3, 0) * light
    for index in np.flatnonzero(rng.random(count) < 0.2):
        sigma = rng.uniform(0.5, 2.2)
        canvases[index] = ndimage.gaussian_filter(canvases[index], (0, sigma, sigma), truncate=3)
    grey = canvases.mean(1, keepdims=True)
    canvases = grey + random_for(0.5, 0.4, 1.4, 1) * (canvases - grey)
    canvases = 0.5 + random_for(0.5, 0.6, 1.4, 1) * (canvases - 0.5)
    canvases = np.clip(canvases, 0, 1) ** random_for(0.4, 0.6, 1.6, 1)
    grain = rng.standard_normal(canvases.shape, dtype=np.float32)
    return np.clip(canvases + random_for(0.5, 0.005, 0.06, 0) * grain, 0, 1)
