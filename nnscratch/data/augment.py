"""Augmentation: random warps, lighting, cutouts and flips of a batch of images.

Stands on NumPy: one matrix product gives the sample points of a batch, one gather their values.
"""

from dataclasses import dataclass

import numpy as np

BEFORE, AFTER = 1, 2  # padding, so that every point has four neighbours
BLOCK = 12288  # points sampled at a time; larger arrays exceed the cache


def warp(
    images, rng, rotation=0.0, shear=0.0, scale=0.0, shift=0.0, elastic=0.0, grid=5, fill=None
) -> np.ndarray:
    """Warp every image by a random affine map and a random smooth elastic field.

    images (N, C, H, W) floats, rng a Generator -> (N, C, H, W)
    Standard deviations of normal draws: rotation in radians, shear (x += shear · y), scale as the
    logarithm of each axis' factor, shift as a fraction of half the width (height), all about the
    centre; elastic as the same fraction, at each of grid × grid points from corner to corner, with
    cubic interpolation between them (Keys 1981, a = −1/2).
    Sampling is bilinear. fill is the value outside the image; None repeats the edge. With all zero
    the images are unchanged.

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
    points = np.ascontiguousarray(weights, images.dtype) @ basis.astype(images.dtype)
    rows, columns = points.reshape(2, count, height, width)
    rows += np.arange(height, dtype=images.dtype)[:, None]
    columns += np.arange(width, dtype=images.dtype)
    return sample(images, rows, columns, fill)


def _affine(count, rng, rotation, shear, scale, shift, size_hw):
    """The maps' displacement of each pixel, as weights (2, N, 3) of the basis y, x, 1 (3, H·W)."""
    draws = rng.standard_normal((6, count))
    cos, sin = np.cos(rotation * draws[0]), np.sin(rotation * draws[0])
    slant = shear * draws[1]
    y_scale, x_scale = np.exp(scale * draws[2:4])
    y_shift, x_shift = shift * draws[4:] * np.reshape(size_hw, (2, 1)) / 2
    # rotation · shear · scale − identity, in pixels from the centre
    to_y = (sin * slant + cos) * y_scale - 1, sin * x_scale, y_shift
    to_x = (cos * slant - sin) * y_scale, cos * x_scale - 1, x_shift
    weights = np.array([to_y, to_x]).transpose(0, 2, 1)  # (2, 3, N) -> (2, N, 3)
    y, x = np.indices(size_hw) - (np.reshape(size_hw, (2, 1, 1)) - 1) / 2
    return weights, np.stack([y, x, np.ones(size_hw)]).reshape(3, -1)


def _cubic(points, pixels):
    """Weights (points, pixels) of cubic convolution from points to pixels, corner to corner."""
    at = np.linspace(0, points - 1, pixels)
    near = np.arange(-1, points + 1)  # one more on each side repeats the outermost
    distance = np.abs(at - near[:, None])
    inner = 1 - 2.5 * distance**2 + 1.5 * distance**3
    outer = 2 - 4 * distance + 2.5 * distance**2 - 0.5 * distance**3
    kernel = np.where(distance < 1, inner, np.where(distance < 2, outer, 0))
    kernel[1] += kernel[0]
    kernel[-2] += kernel[-1]
    return kernel[1:-1]


def sample(images, rows, columns, fill=None) -> np.ndarray:
    """Sample images bilinearly at points between pixels.

    images (N, C, H, W), rows and columns (N, H', W') in pixels -> (N, C, H', W')
    (0, 0) is the centre of the first pixel. fill is the value outside; None repeats the edge.
    """
    count, channels, height, width = images.shape
    border = ((0, 0), (0, 0), (BEFORE, AFTER), (BEFORE, AFTER))
    mode = {"mode": "edge"} if fill is None else {"constant_values": fill}
    padded = np.pad(images, border, **mode)
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


def _split(points, pixels):
    """Split coordinates into the index of the padded pixel at or before, and the fraction."""
    inside = np.clip(points + BEFORE, 0, pixels - AFTER)
    index = inside.astype(np.intp)  # rounds down, as none is negative
    return index, inside - index.astype(inside.dtype)


def _between(flat, index, fraction):
    """Interpolate between the values at `index` and their right neighbours."""
    left = flat.take(index, mode="clip")
    step = flat.take(index + 1, mode="clip")
    step -= left
    step *= fraction
    left += step
    return left


def light(images, rng, plane=0.0, gamma=0.0, gain=0.0) -> np.ndarray:
    """Change the lighting of every image: x^γ · (gain + slope towards one side), clipped to [0, 1].

    images (N, C, H, W) in [0, 1], rng a Generator -> (N, C, H, W)
    Standard deviations of normal draws: plane, of the slope from the centre to the right edge and
    to the lower one; gamma and gain, of the logarithms of exponent and factor.

    Raises TypeError unless images holds floats, ValueError if they leave [0, 1].
    """
    _check("light", images, plane, gamma, gain)
    if images.size and not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(
            f"light: expected values in [0, 1], got {images.min():.3g} to {images.max():.3g}; "
            "light images before standardising them"
        )
    height, width = images.shape[2:]
    draws = rng.standard_normal((4, len(images), 1, 1, 1))
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    factor = np.exp(gain * draws[1]) + plane * draws[2] * y + plane * draws[3] * x
    curved = images ** np.exp(gamma * draws[0]).astype(images.dtype) if gamma > 0 else images
    lit = factor.astype(images.dtype) * curved  # (N, 1, H, W) -> (N, C, H, W)
    return np.clip(lit, 0, 1, out=lit)


def cutout(images, rng, size: int, p=0.5, fill=None) -> np.ndarray:
    """Cover a square of size pixels in each image, with probability p, at a random place.

    images (N, C, H, W), rng a Generator -> (N, C, H, W)
    The square's centre may lie on any pixel, so part of the square may lie outside. fill is its
    grey value; None draws one from [0, 1] for each image. Source: DeVries & Taylor 2017
    (arXiv:1708.04552). Differs from the paper, which fills with the mean grey of the data.
    """
    _check("cutout", images, size)
    _check_probability("cutout", p)
    count, _, height, width = images.shape
    rows, columns = _span(rng, count, height, size), _span(rng, count, width, size)
    rows &= rng.random((count, 1)) < p
    covered = rows[:, None, :, None] & columns[:, None, None, :]  # (N, 1, H, W)
    grey = rng.random((count, 1, 1, 1)) if fill is None else np.full(1, fill)
    return np.where(covered, grey.astype(images.dtype), images)


def _span(rng, count, pixels, size):
    """Mark a random run of `size` pixels in each row: (N, pixels) booleans."""
    offset = np.arange(pixels) - rng.integers(0, pixels, (count, 1)) + size // 2
    return (offset >= 0) & (offset < size)


def flip(images, rng, p=0.5) -> np.ndarray:
    """Flip images left to right, each with probability p: (N, C, H, W) -> (N, C, H, W)."""
    _check("flip", images)
    _check_probability("flip", p)
    flipped = rng.random((len(images), 1, 1, 1)) < p
    return np.where(flipped, images[..., ::-1], images)


def jitter(items, rng, gain=0.0, offset=0.0, noise=0.0) -> np.ndarray:
    """Multiply each signal, image or volume by a factor, add a number, and add noise.

    items (N, C, *size) floats, rng a Generator -> (N, C, *size)
    Standard deviations of normal draws: gain, of the logarithm of the factor; offset, of the
    number; noise, of each value.
    """
    if items.ndim < 3 or items.dtype.kind != "f":
        raise ValueError(f"jitter: expected floats (N, C, *size), got {items.dtype} {items.shape}")
    draws = rng.standard_normal((2, len(items), *(1,) * (items.ndim - 1)))
    jittered = np.exp(gain * draws[0]) * items + offset * draws[1]
    if noise > 0:
        jittered += noise * rng.standard_normal(items.shape)
    return jittered.astype(items.dtype)


@dataclass(frozen=True)
class Augment:
    """The settings of an augmentation: Augment(rotation=0.1, flip=0.5)(images, rng) -> images.

    The names are those of warp, light, cutout and flip; flip and cover are the probabilities of a
    flip and of covering a square of `square` pixels. Settings of zero have no effect.
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
        warping = (self.rotation, self.shear, self.scale, self.shift, self.elastic)
        lighting = (self.plane, self.gamma, self.gain)
        if any(warping):
            images = warp(images, rng, *warping, grid=self.grid, fill=self.fill)
        if self.flip:
            images = flip(images, rng, self.flip)
        if any(lighting):
            images = light(images, rng, *lighting)
        if self.square and self.cover:
            images = cutout(images, rng, self.square, self.cover)
        return images


def _check_probability(caller, p):
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
