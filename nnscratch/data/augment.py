"""Augmentation: batches of pictures bent, lit, covered and mirrored at random.

Stands on NumPy: one product gives the places of all pixels of a batch, one gather their values.
"""

from dataclasses import dataclass

import numpy as np

BEFORE, AFTER = 1, 2  # pixels added round a picture, so that every place has four neighbours
BLOCK = 12288  # places looked up at a time; larger arrays leave the cache


def warp(
    images: np.ndarray,
    rng: np.random.Generator,
    rotation: float = 0.0,
    shear: float = 0.0,
    scale: float = 0.0,
    shift: float = 0.0,
    elastic: float = 0.0,
    grid: int = 5,
    fill: float | None = None,
) -> np.ndarray:
    """Move every picture by an affine map and a smooth elastic field of its own.

    images (N, C, H, W) floats -> (N, C, H, W)
    Standard deviations of normal draws: rotation in radians, shear (x += shear · y), scale as the
    logarithm of each axis' factor, shift as a fraction of half the width (height), all about the
    middle; elastic as the same fraction, at each of grid × grid points from corner to corner,
    with cubic interpolation between them (Keys 1981, a = −1/2).
    Values between pixels are bilinear. fill is what lies outside; None repeats the edge.
    All zero gives the pictures as they were.

    Raises TypeError unless images holds floats, ValueError if shapes or sizes are wrong.
    """
    _check("warp", images, rotation, shear, scale, shift, elastic)
    if grid < 2:
        raise ValueError(f"warp: expected a grid of at least 2 points a side, got {grid}")
    count, _, height, width = images.shape
    weights, basis = _affine(count, rng, rotation, shear, scale, shift, (height, width))
    if elastic > 0:
        bumps = elastic * rng.standard_normal((2, count, grid * grid)) / 2
        bumps *= np.reshape((height, width), (2, 1, 1))
        weights = np.concatenate([weights, bumps], axis=2)
        basis = np.concatenate([basis, np.kron(_cubic(grid, height), _cubic(grid, width))])
    places = np.ascontiguousarray(weights, images.dtype) @ basis.astype(images.dtype)
    rows, columns = places.reshape(2, count, height, width)
    rows += np.arange(height, dtype=images.dtype)[:, None]
    columns += np.arange(width, dtype=images.dtype)
    return sample(images, rows, columns, fill)


def _affine(count, rng, rotation, shear, scale, shift, size_hw):
    """What the maps add to the place of a pixel, as weights (2, N, 3) of y, x and 1 (3, H·W)."""
    draws = rng.standard_normal((6, count))
    cos, sin = np.cos(rotation * draws[0]), np.sin(rotation * draws[0])
    slant = shear * draws[1]
    y_scale, x_scale = np.exp(scale * draws[2:4])
    y_shift, x_shift = shift * draws[4:] * np.reshape(size_hw, (2, 1)) / 2
    # turn · shear · stretch − identity, in pixels from the middle
    to_y = (sin * slant + cos) * y_scale - 1, sin * x_scale, y_shift
    to_x = (cos * slant - sin) * y_scale, cos * x_scale - 1, x_shift
    weights = np.array([to_y, to_x]).transpose(0, 2, 1)  # (2, 3, N) -> (2, N, 3)
    y, x = np.indices(size_hw) - (np.reshape(size_hw, (2, 1, 1)) - 1) / 2
    return weights, np.stack([y, x, np.ones(size_hw)]).reshape(3, -1)


def _cubic(points, pixels):
    """Weights (points, pixels) of cubic convolution from points to pixels, corner to corner."""
    at = np.linspace(0, points - 1, pixels)
    near = np.arange(-1, points + 1)  # one more on each side, which repeats the outermost
    far = np.abs(at - near[:, None])
    inner = 1 - 2.5 * far**2 + 1.5 * far**3
    outer = 2 - 4 * far + 2.5 * far**2 - 0.5 * far**3
    kernel = np.where(far < 1, inner, np.where(far < 2, outer, 0))
    kernel[1] += kernel[0]
    kernel[-2] += kernel[-1]
    return kernel[1:-1]


def sample(
    images: np.ndarray, rows: np.ndarray, columns: np.ndarray, fill: float | None = None
) -> np.ndarray:
    """Bilinear values of pictures at places between pixels.

    images (N, C, H, W), rows and columns (N, H', W') in pixels -> (N, C, H', W')
    (0, 0) is the middle of the first pixel. fill is what lies outside; None repeats the edge.
    """
    count, channels, height, width = images.shape
    border = ((0, 0), (0, 0), (BEFORE, AFTER), (BEFORE, AFTER))
    how = {"mode": "edge"} if fill is None else {"constant_values": fill}
    padded = np.pad(images, border, **how)
    result = np.empty((count, channels, *rows.shape[1:]), images.dtype)
    step = max(1, BLOCK // rows[0].size) if count else 1
    for at in range(0, count, step):
        part = slice(at, at + step)
        _gather(padded[part], rows[part], columns[part], result[part])
    return result


def _gather(padded, rows, columns, result):
    """Values of padded (n, C, H, W) at rows and columns (n, H', W') into result (n, C, H', W')."""
    count, channels, height, width = padded.shape
    top, down = _split(rows, height)
    left, right = _split(columns, width)
    top *= width
    top += left
    top += (np.arange(count) * (channels * height * width))[:, None, None]
    flat = padded.reshape(-1)
    for channel in range(channels):
        corner = top + channel * height * width
        upper = _between(flat, corner, right)
        lower = _between(flat, corner + width, right)
        lower -= upper
        lower *= down
        np.add(upper, lower, out=result[:, channel])


def _split(places, pixels):
    """The last padded pixel at or before each place, and how far behind it the place lies."""
    inside = np.clip(places + BEFORE, 0, pixels - AFTER)
    whole = inside.astype(np.intp)  # cut off, which is rounding down: none is negative
    inside -= whole.astype(inside.dtype)
    return whole, inside


def _between(flat, at, share):
    """The values at `at`, moved by share towards their right neighbours."""
    here = flat.take(at, mode="clip")
    step = flat.take(at + 1, mode="clip")
    step -= here
    step *= share
    here += step
    return here


def light(
    images: np.ndarray,
    rng: np.random.Generator,
    plane: float = 0.0,
    gamma: float = 0.0,
    gain: float = 0.0,
) -> np.ndarray:
    """Light every picture anew: x^γ · (gain + slope towards one side), cut to [0, 1].

    images (N, C, H, W) in [0, 1] -> (N, C, H, W)
    Standard deviations of normal draws: plane, the slope from the middle to the right edge and
    to the lower one; gamma and gain, the logarithms of exponent and factor.

    Raises TypeError unless images holds floats, ValueError where they leave [0, 1].
    """
    _check("light", images, plane, gamma, gain)
    if images.size and not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(
            f"light: expected values in [0, 1], got {images.min():.3g} to {images.max():.3g}; "
            "light pictures before they are standardised"
        )
    height, width = images.shape[2:]
    draws = rng.standard_normal((4, len(images), 1, 1, 1))
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    factor = np.exp(gain * draws[1]) + plane * draws[2] * y + plane * draws[3] * x
    curved = images ** np.exp(gamma * draws[0]).astype(images.dtype) if gamma > 0 else images
    lit = factor.astype(images.dtype) * curved  # (N, 1, H, W) -> (N, C, H, W)
    return np.clip(lit, 0, 1, out=lit)


def cutout(
    images: np.ndarray,
    rng: np.random.Generator,
    size: int,
    p: float = 0.5,
    fill: float | None = None,
) -> np.ndarray:
    """Cover a square of size pixels, with probability p, at a place of each picture's own.

    images (N, C, H, W) -> (N, C, H, W)
    The square's middle may lie on any pixel, so that it can hang over the edge. fill is its grey;
    None draws one from [0, 1] for each picture. Source: DeVries & Taylor 2017 (arXiv:1708.04552).
    Differs from the paper: there it is the mean grey of the data.
    """
    _check("cutout", images, size)
    _check_share("cutout", p)
    count, _, height, width = images.shape
    rows, columns = _span(rng, count, height, size), _span(rng, count, width, size)
    rows &= rng.random((count, 1)) < p
    covered = rows[:, None, :, None] & columns[:, None, None, :]  # (N, 1, H, W)
    grey = rng.random((count, 1, 1, 1)) if fill is None else np.full(1, fill)
    return np.where(covered, grey.astype(images.dtype), images)


def _span(rng, count, pixels, size):
    """Which of a row of pixels lie in a stretch of that size: (N, pixels) booleans."""
    past = np.arange(pixels) - rng.integers(0, pixels, (count, 1)) + size // 2
    return (past >= 0) & (past < size)


def flip(images: np.ndarray, rng: np.random.Generator, p: float = 0.5) -> np.ndarray:
    """Mirror pictures left to right, each with probability p: (N, C, H, W) -> (N, C, H, W)."""
    _check("flip", images)
    _check_share("flip", p)
    mirrored = images.copy()
    chosen = rng.random(len(images)) < p
    mirrored[chosen] = images[chosen, ..., ::-1]
    return mirrored


def jitter(
    items: np.ndarray,
    rng: np.random.Generator,
    gain: float = 0.0,
    offset: float = 0.0,
    noise: float = 0.0,
) -> np.ndarray:
    """Signals, pictures or volumes, each times a factor, plus a number, plus noise.

    items (N, C, *size) floats -> (N, C, *size)
    Standard deviations of normal draws: gain, of the logarithm of the factor; offset, of the
    number; noise, of each value.
    """
    if items.ndim < 3 or items.dtype.kind != "f":
        raise ValueError(f"jitter: expected floats (N, C, *size), got {items.dtype} {items.shape}")
    draws = rng.standard_normal((2, len(items), *(1,) * (items.ndim - 1)))
    moved = np.exp(gain * draws[0]) * items + offset * draws[1]
    if noise > 0:
        moved += noise * rng.standard_normal(items.shape)
    return moved.astype(items.dtype)


@dataclass(frozen=True)
class Augment:
    """All settings of an augmentation: Augment(rotation=0.1, flip=0.5)(images, rng) -> images.

    The names are those of warp, light, cutout and flip; flip and cover are the probabilities of
    mirroring and of covering a square of `square` pixels. What is zero is not done.
    The order is warp, flip, light, cutout. images (N, C, H, W) in [0, 1].
    """

    rotation: float = 0.0
    shear: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    grid: int = 5
    fill: float | None = None
    flip: float = 0.0
    plane: float = 0.0
    gamma: float = 0.0
    gain: float = 0.0
    square: int = 0
    cover: float = 0.5

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        moves = (self.rotation, self.shear, self.scale, self.shift, self.elastic)
        lights = (self.plane, self.gamma, self.gain)
        if any(moves):
            images = warp(images, rng, *moves, grid=self.grid, fill=self.fill)
        if self.flip:
            images = flip(images, rng, self.flip)
        if any(lights):
            images = light(images, rng, *lights)
        if self.square and self.cover:
            images = cutout(images, rng, self.square, self.cover)
        return images


def _check_share(caller, p):
    if not 0 <= p <= 1:
        raise ValueError(f"{caller}: expected a probability p from 0 to 1, got {p}")


def _check(caller, images, *sizes):
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(f"{caller}: expected images (N, C, H, W), got shape {images.shape}")
    if images.dtype.kind != "f":
        raise TypeError(
            f"{caller}: expected floats in [0, 1], got {images.dtype}; divide bytes by 255"
        )
    if not all(0 <= size < np.inf for size in sizes):
        raise ValueError(f"{caller}: expected settings of 0 or more, got {sizes}")
