"""Two generated datasets: digits that look handwritten, and six coloured shapes.

Stands on NumPy: the distance of each pixel to a stroke or an outline decides its ink.
"""

import numpy as np

SHAPES = ("disc", "ring", "square", "triangle", "cross", "star")
CHUNK = 32  # images drawn at a time; larger arrays of distances exceed the cache


def digits(count: int, rng: np.random.Generator, size: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """Draw digits 0 to 9, light on dark, with random slant, rotation, stretch, pen and noise.

    count, size (pixels) -> images (count, 1, size, size) float32 in [0, 1], labels (count,) int64

    Raises ValueError if count < 0 or size < 8.
    """
    _check("digits", count, size)
    labels = rng.integers(0, 10, count)
    images = [_draw_digits(part, rng, size) for part in _chunks(labels)]
    return np.concatenate([np.empty((0, 1, size, size), np.float32), *images]), labels


def shapes(count: int, rng: np.random.Generator, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Draw the SHAPES with random colour, rotation, size and position on a random, shaded ground.

    count, size (pixels) -> images (count, 3, size, size) float32 in [0, 1], labels (count,) int64,
    indices into SHAPES

    Raises ValueError if count < 0 or size < 8.
    """
    _check("shapes", count, size)
    labels = rng.integers(0, len(SHAPES), count)
    images = [_draw_shapes(part, rng, size) for part in _chunks(labels)]
    return np.concatenate([np.empty((0, 3, size, size), np.float32), *images]), labels


def _check(function, count, size):
    if count < 0 or size < 8:
        raise ValueError(
            f"{function}: expected count of at least 0 and size of at least 8 pixels, "
            f"got count {count} and size {size}"
        )


def _chunks(labels):
    return [labels[at : at + CHUNK] for at in range(0, len(labels), CHUNK)]


def _arc(x, y, width, height, start, stop, points=9):
    """Points on an ellipse about (x, y); degrees, 0 is right, 90 is down: (points, 2)."""
    angle = np.radians(np.linspace(start, stop, points))
    return np.stack([x + width * np.cos(angle), y + height * np.sin(angle)], axis=-1)


def _strokes(*lines):
    """Polylines -> the segments between neighbouring points, (K, 2 ends, 2 coordinates)."""
    pens = [np.asarray(line, dtype=np.float32) for line in lines]
    return np.concatenate([np.stack([pen[:-1], pen[1:]], axis=1) for pen in pens])


# in the order of a pen; x runs right and y down, in a box of about -0.6..0.6 by -1..1
GLYPHS = (
    _strokes(_arc(0, 0, 0.58, 0.95, 0, 360, 15)),
    _strokes([(-0.3, -0.6), (0.08, -0.95), (0.08, 0.95)]),
    _strokes([*_arc(0, -0.45, 0.52, 0.5, 190, 380), (-0.55, 0.92), (0.6, 0.92)]),
    _strokes(_arc(0, -0.47, 0.5, 0.46, 205, 450), _arc(0, 0.46, 0.56, 0.48, 270, 515)),
    _strokes([(0.3, 0.95), (0.3, -0.95), (-0.6, 0.35), (0.62, 0.35)]),
    _strokes([(0.5, -0.93), (-0.4, -0.93), *_arc(-0.02, 0.34, 0.58, 0.58, 230, 500, 10)]),
    _strokes([*_arc(0.55, 0.35, 1.08, 1.3, 270, 180), *_arc(0, 0.42, 0.53, 0.53, 180, 540, 12)]),
    _strokes([(-0.55, -0.92), (0.55, -0.92), (-0.15, 0.95)]),
    _strokes(_arc(0, -0.48, 0.45, 0.45, 90, 450, 12), _arc(0, 0.45, 0.55, 0.49, -90, 270, 12)),
    _strokes([*_arc(0, -0.4, 0.52, 0.53, 0, 360, 12), *_arc(-0.5, -0.4, 1.02, 1.35, 0, 80)]),
)
LONGEST = max(len(glyph) for glyph in GLYPHS)
# shorter glyphs repeat their last segment, which changes no distance
SEGMENTS = np.stack([np.pad(g, ((0, LONGEST - len(g)), (0, 0), (0, 0)), "edge") for g in GLYPHS])


def _draw_digits(labels, rng, size):
    """labels (n,) -> (n, 1, size, size)."""
    count = len(labels)
    wobble = rng.normal(0, 0.035, (count, 3, 2, 2)).astype(np.float32)
    ends = SEGMENTS[labels]  # (n, K, 2 ends, 2)
    # a smooth bend keeps strokes joined; moving single points would not
    ends = ends + wobble[:, :1, :1] * np.sin(3 * ends[..., ::-1]) + wobble[:, 1:2, :1] * ends**2
    ends = ends @ _affine(rng, count)[:, None] + _uniform(rng, -0.23, 0.23, (count, 1, 1, 2))
    distance = _distance_to_segments(_pixels(size) * 1.35, ends)  # (n, size, size)
    pen = _uniform(rng, 0.07, 0.19, (count, 1, 1))
    soft = 2.7 / size
    ink = np.clip(0.5 + (pen - distance) / soft, 0, 1) * _uniform(rng, 0.65, 1, (count, 1, 1))
    noise = rng.standard_normal(ink.shape, dtype=np.float32)
    return np.clip(ink + noise * _uniform(rng, 0.02, 0.15, (count, 1, 1)), 0, 1)[:, None]


def _affine(rng, count):
    """Random stretch, slant and rotation: (n, 2, 2), for row vectors."""
    scale = _uniform(rng, 0.7, 1, (count, 1)) * _uniform(rng, 0.85, 1.15, (count, 2))
    slant = _uniform(rng, -0.3, 0.3, count)
    ones, none = np.ones_like(slant), np.zeros_like(slant)
    shear = np.stack([ones, none, slant, ones], axis=-1).reshape(count, 2, 2)
    return (scale[:, :, None] * shear) @ _rotations(_uniform(rng, -0.25, 0.25, count))


def _distance_to_segments(points, ends):
    """points (size, size, 2), ends (n, K, 2, 2) -> distance to the nearest one (n, size, size).

    |p − s − t·a|² = |p − s|² − t·(2 (p − s)·a − t |a|²) for a start s, an edge a and the share
    t = clip((p − s)·a / |a|², 0, 1). Matrix products, without an array of all differences.
    """
    flat = points.reshape(-1, 2)  # (P, 2)
    start, along = ends[:, :, 0], ends[:, :, 1] - ends[:, :, 0]  # (n, K, 2)
    length2 = (along**2).sum(-1, keepdims=True) + 1e-9  # (n, K, 1)
    reach = along @ flat.T - (start * along).sum(-1, keepdims=True)  # (n, K, P)
    share = np.clip(reach / length2, 0, 1)
    square = (start**2).sum(-1, keepdims=True) - 2 * start @ flat.T  # |p − s|² without |p|²
    square -= share * (2 * reach - share * length2)
    nearest = square.min(axis=1) + (flat**2).sum(-1)  # (n, P)
    return np.sqrt(np.maximum(nearest, 0)).reshape(-1, *points.shape[:2])


def _draw_shapes(labels, rng, size):
    """labels (n,) -> (n, 3, size, size)."""
    count = len(labels)
    radius = _uniform(rng, 0.42, 0.72, (count, 1, 1, 1))
    centre = _uniform(rng, -0.28, 0.28, (count, 1, 1, 2))
    rotation = _rotations(_uniform(rng, 0, 2 * np.pi, count))
    points = (_pixels(size) - centre) / radius  # (n, size, size, 2)
    points = (points.reshape(count, -1, 2) @ rotation).reshape(points.shape)
    inside = np.empty((count, size, size), np.float32)
    for index, name in enumerate(SHAPES):
        chosen = labels == index
        inside[chosen] = OUTLINES[name](*np.moveaxis(points[chosen], -1, 0))
    cover = np.clip(0.5 - inside * radius[..., 0] * size / 2, 0, 1)[:, None]  # (n, 1, size, size)
    ground, colour = _two_colours(rng, count)
    slope = _uniform(rng, -0.15, 0.15, (count, 2, 1, 1))
    shade = np.einsum("ndij,hwd->nhw", slope, _pixels(size))[:, None]
    image = ground + shade + cover * (colour - ground)
    noise = 0.03 * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(image + noise, 0, 1)


def _two_colours(rng, count):
    """A dark ground and a shape colour at a distance of at least 0.5: two arrays (n, 3, 1, 1)."""
    ground = _uniform(rng, 0, 0.45, (count, 3))
    away = np.abs(rng.standard_normal((count, 3), dtype=np.float32)) + 0.1
    away *= _uniform(rng, 0.5, 0.9, (count, 1)) / np.linalg.norm(away, axis=1, keepdims=True)
    return ground[..., None, None], (ground + away)[..., None, None]


def _polygon(corners, inner):
    """About the signed distance to a star of radius 1; inner = cos(π / corners) gives a polygon."""
    half = np.pi / corners
    normal = np.array([inner * np.sin(half), 1 - inner * np.cos(half)], dtype=np.float32)
    normal /= np.linalg.norm(normal)

    def outline(x, y):
        angle = np.abs((np.arctan2(y, x) + half) % (2 * half) - half)  # folded into half a spike
        radius = np.hypot(x, y)
        return (radius * np.cos(angle) - 1) * normal[0] + radius * np.sin(angle) * normal[1]

    return outline


def _cross(x, y):
    x, y = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(x, y) - 0.95, np.minimum(x, y) - 0.3)


OUTLINES = {  # signed distance, negative inside, radius about 1
    "disc": lambda x, y: np.hypot(x, y) - 0.9,
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.75) - 0.2,
    "square": lambda x, y: np.maximum(np.abs(x), np.abs(y)) - 0.75,
    "triangle": _polygon(3, 0.5),
    "cross": _cross,
    "star": _polygon(5, 0.42),
}


def _pixels(size):
    """Pixel centres (size, size, 2) as x, y in [-1, 1]."""
    at = (np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1
    return np.stack(np.meshgrid(at, at), axis=-1)


def _rotations(angle):
    """Rotation matrices for angles in radians: (n,) -> (n, 2, 2)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([cosine, sine, -sine, cosine], axis=-1).reshape(-1, 2, 2)


def _uniform(rng, low, high, shape):
    return rng.uniform(low, high, shape).astype(np.float32)
