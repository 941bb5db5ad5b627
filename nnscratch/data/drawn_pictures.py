"""Generated pictures: two content scenes and three paintings in different styles.

Stands on NumPy: shapes are signed distances, skies and hills are noise, brushes follow a flow.
"""

import numpy as np

SUPER = 2  # samples per pixel along each axis
WARM = ("f0d9a8", "e8c07a", "d98f4e", "c8643c", "a8402f", "7c2b2b")
PAPER = "f3e8cf"
TILE = 1 / 30  # side of a mosaic tile
EARTH = ("0a1a24", "12383c", "23604f", "7d9a52")
NIGHT = ("0a1236", "12235e", "1c3f96", "2f6cc0", "6cb0d6", "cfe3b0", "f8dd62", "fff7c8")

STARS = (  # centre and radius
    (0.80, 0.17, 0.10), (0.18, 0.14, 0.055), (0.47, 0.10, 0.045),
    (0.10, 0.42, 0.05), (0.62, 0.40, 0.05), (0.93, 0.47, 0.045),
)  # fmt: skip
WHIRLS = ((0.36, 0.34, 0.15, 1.0), (0.64, 0.58, 0.09, -0.9), (0.06, 0.6, 0.09, 0.7))  # and spin

# One shape a line, colour first: a dot (colour/diameter, one point), a line (colour/width, two
# points) or a convex polygon. In thousandths of the picture's side; x to the right, y up.
CHURCH = """
efe6d2 -35,0 35,0 35,290 -35,290
c3b6a6 12,0 35,0 35,290 12,290
4d5668 -43,285 43,285 0,460
39404f 0,285 43,285 0,460
3c4452/40 0,245
fff3cf/30 0,245
3c4452/3 0,245 0,257
3c4452/3 0,245 7,241
3c4452 -9,160 9,160 9,200 -9,200"""
SAILS = """
fbf3e0 -4,24 -4,200 -100,24
e4d3c0 6,24 6,170 80,24"""
HULL = """
4b382d/6 0,0 0,210
8f2f2a -100,0 100,0 72,-28 -76,-28"""
LAMP = """
2a2b33/11 0,0 0,360
fff2c4 -16,360 16,360 24,410 -24,410
2a2b33 -30,410 30,410 0,440"""
WOMAN = """
2b2a36/22 -11,120 -22,5
3a2620/16 -22,3 -2,0
2b2a36/22 12,120 24,5
3a2620/16 24,3 44,0
27508a -34,270 34,270 64,85 -64,85
1b3866 4,270 34,270 64,85 24,85
22467c/24 -30,255 -52,160
1b3866/24 30,255 62,215
3a2a25/7 62,200 50,460
e3b393/20 60,215 54,250
4a2b22/72 0,315
4a2b22 -30,270 0,270 0,315 -30,315
ecc0a0/56 6,308
f0c04a/22 -26,272 28,272
d9a436/16 -26,270 -36,200"""


def landscape(size: int = 256, seed: int = 0) -> np.ndarray:
    """A small town by the water on a clear evening: size (pixels) -> (3, size, size) in [0, 1]."""
    rng = np.random.default_rng(seed)
    canvas = _Canvas(size)
    shore = 0.64
    _sky(canvas, rng, ("3f78b8", "8db8d8", "f3dcb4", "f7c891"), shore)
    _hill(canvas, rng, 0.40, 0.16, "7f97b5", "93a9c2", cells=3)
    _hill(canvas, rng, 0.50, 0.08, "6f9490", "86a58f", cells=4)
    _hill(canvas, rng, 0.57, 0.05, "5f8748", "8aa85a", cells=6)
    _town(canvas, rng, shore)
    _water(canvas, rng, shore + 0.02, "2b5f86")
    canvas.sketch(SAILS, 0.7, 0.8, up=-0.55, opacity=0.4)  # the reflection
    canvas.sketch(SAILS + HULL, 0.7, 0.8)
    _meadow(canvas, rng)
    return canvas.picture()


def figure(size: int = 256, seed: int = 0) -> np.ndarray:
    """A person with a red umbrella on a stone bridge: size (pixels) -> (3, size, size)."""
    rng = np.random.default_rng((seed, 1))  # other clouds than in landscape
    canvas = _Canvas(size)
    _sky(canvas, rng, ("7f93b5", "b9b9c9", "ecd0bd", "f4c9a0"), 0.7)
    _hill(canvas, rng, 0.5, 0.1, "97a2b8", "a8afbf", cells=4)
    walls = ("c9b9ae", "b3a8ac", "d0c0ac", "b99f98")
    roofs = ("8a7478", "75707f", "937268", "7d6c70")
    for x, wall, roof in zip((-0.02, 0.13, 0.72, 0.86), walls, roofs, strict=True):
        _house(canvas, rng, x, 0.68, 0.14, rng.uniform(0.16, 0.22), wall, roof)
    for x in (0.3, 0.42, 0.66):
        _tree(canvas, rng, x, 0.68, rng.uniform(0.16, 0.24), "56695f", "a3a678")
    _water(canvas, rng, 0.68, "4a6580")
    _bridge(canvas, rng)
    glow = np.exp(-np.hypot(canvas.x - 0.2, canvas.y - 0.265) / 0.07)[..., None]
    canvas.rgb += 0.75 * glow * (_colour("ffe3a0") - canvas.rgb)
    canvas.sketch(LAMP, 0.2, 0.655)
    canvas.sketch(WOMAN, 0.55, 0.645)
    _umbrella(canvas, 0.595, 0.27, 0.17)
    return canvas.picture()


def swirls(size: int = 256, seed: int = 0) -> np.ndarray:
    """A windy night in thick, short, curved strokes: size (pixels) -> (3, size, size)."""
    rng = np.random.default_rng(seed)
    canvas = _Canvas(size)
    canvas.rgb[:] = _colour("12235e")
    bends = rng.uniform(0, 2 * np.pi, 3)

    def depth(x, y):
        """How far a point lies below the crest of the hills."""
        return y - 0.77 + 0.05 * np.sin(5 * x + bends[0]) + 0.025 * np.sin(13 * x + bends[1])

    for width, count in ((0.03, 500), (0.014, 1600), (0.009, 3000)):
        x, y = rng.uniform(-0.03, 1.03, (2, count))
        below = depth(x, y)
        ridges = 0.5 + 0.5 * np.cos(45 * below + 4 * np.sin(7 * x + bends[2]))
        earth = _gradient(EARTH, 0.75 * ridges**2 + rng.normal(0.1, 0.1, count))
        night = _gradient(NIGHT, _starlight(rng, x, y))
        paths = _follow(lambda x, y: _wind(x, y, depth), x, y, 3.2 * width)
        _strokes(canvas, rng, paths, width, np.where(below[:, None] > 0, earth, night))
    return canvas.picture()


def mosaic(size: int = 256, seed: int = 0) -> np.ndarray:
    """A sun over fields as a mosaic of small tiles: size (pixels) -> (3, size, size)."""
    rng = np.random.default_rng(seed)
    canvas = _Canvas(size)
    x, y = canvas.x, canvas.y
    canvas.rgb[:] = _colour("4a3a33") * (0.8 + 0.4 * _noise(rng, x, y, 60))[..., None]
    wobble = 0.006 * (_noise(rng, x, y, 8) - 0.5)
    crest = y + 0.05 * np.sin(7 * x + 1) + 0.03 * np.sin(13 * x) - 0.68
    _sun_in_tiles(canvas, rng, x - 0.58 + wobble, y - 0.37 - wobble, crest)
    _fields_in_tiles(canvas, rng, x + wobble, crest + wobble, -crest)
    return canvas.picture()


def woodcut(size: int = 256, seed: int = 0) -> np.ndarray:
    """A sun over mountains and a lake, cut in lines: size (pixels) -> (3, size, size)."""
    rng = np.random.default_rng(seed)
    canvas = _Canvas(size)
    fibre = (_noise(rng, canvas.x, 6 * canvas.y, 30) - 0.5)[..., None]
    canvas.rgb[:] = _colour(PAPER) * (1 + 0.07 * fibre)
    ink = _colour("1d1716") * (1 + 0.5 * fibre)
    shake = 0.008 * (_noise(rng, canvas.x, canvas.y, 14) - 0.5)  # the hand is not steady
    _cut_sun(canvas, rng, shake, _colour("c8442c") * (1 + 0.3 * fibre), ink)
    _cut_hills(canvas, rng, shake, ink)
    _cut_lake(canvas, rng, shake, ink)
    for trunk, foot, height in ((0.13, 0.9, 0.62), (0.31, 0.91, 0.36), (0.93, 0.95, 0.28)):
        _cut_pine(canvas, trunk, foot, height, shake, ink)
    return canvas.picture()


PICTURES = {draw.__name__: draw for draw in (landscape, figure, swirls, mosaic, woodcut)}


class _Canvas:
    """A square image, SUPER times as fine as the picture; x runs right, y down, both 0..1."""

    def __init__(self, size):
        if size < 16:
            raise ValueError(f"pictures: expected size of at least 16 pixels, got {size}")
        self.side = SUPER * size
        at = (np.arange(self.side, dtype=np.float32) + 0.5) / self.side
        self.x, self.y = np.meshgrid(at, at)
        self.rgb = np.zeros((self.side, self.side, 3), np.float32)

    def picture(self):
        """Average the samples of each pixel: (side, side, 3) -> (3, size, size)."""
        size = self.side // SUPER
        pixels = self.rgb.reshape(size, SUPER, size, SUPER, 3).mean(axis=(1, 3))
        return np.ascontiguousarray(np.clip(pixels, 0, 1).transpose(2, 0, 1))

    def window(self, left, top, right, bottom):
        """Slices of the samples in a box, with one more sample on each side."""
        bounds = np.clip(np.array([left, top, right, bottom]) * self.side, -1, self.side)
        left, top, right, bottom = bounds.astype(int) + (-1, -1, 2, 2)
        return np.s_[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]

    def blend(self, distance, colour, opacity=1.0, where=np.s_[:, :]):
        """Paint where the signed distance is negative, with a soft edge of one sample."""
        cover = opacity * np.clip(0.5 - distance * self.side, 0, 1)[..., None]
        self.rgb[where] += (cover * (_colour(colour) - self.rgb[where])).astype(np.float32)

    def polygon(self, corners, colour, opacity=1.0, stripes=0):
        """Fill a convex polygon; stripes: the number of dark bands over the picture's height."""
        corners = np.asarray(corners)
        where = self.window(*corners.min(0), *corners.max(0))
        x, y = self.x[where], self.y[where]
        edges = np.roll(corners, -1, axis=0) - corners
        turn = np.sign(np.sum(corners[:, 0] * edges[:, 1] - corners[:, 1] * edges[:, 0]))
        inside = [
            (ey * (x - cx) - ex * (y - cy)) * turn / np.hypot(ex, ey)
            for (cx, cy), (ex, ey) in zip(corners, edges, strict=True)
        ]
        shade = 1 - 0.14 * (np.sin(2 * np.pi * stripes * y) > 0)
        self.blend(np.max(inside, axis=0), _colour(colour) * shade[..., None], opacity, where)

    def line(self, start, stop, width, colour, opacity=1.0):
        """Draw a line with round ends."""
        (x, y), (dx, dy) = start, np.subtract(stop, start)
        low, high = np.minimum(start, stop) - width, np.maximum(start, stop) + width
        where = self.window(*low, *high)
        px, py = self.x[where] - x, self.y[where] - y
        along = np.clip((px * dx + py * dy) / (dx**2 + dy**2 + 1e-12), 0, 1)
        distance = np.hypot(px - along * dx, py - along * dy) - width / 2
        self.blend(distance, colour, opacity, where)

    def dot(self, x, y, diameter, colour):
        """Fill a circle, drawn as a line of length 0."""
        self.line((x, y), (x, y), diameter, colour)

    def sketch(self, shapes, x, y, up=1.0, opacity=1.0):
        """Draw a text of shapes such as CHURCH with its origin at (x, y), y scaled by `up`."""
        for shape in shapes.strip().splitlines():
            brush, *points = shape.split()
            colour, _, width = brush.partition("/")
            offsets = np.array([point.split(",") for point in points], float) / 1000
            corners = (x, y) + offsets * (1, -up)
            if width:
                self.line(corners[0], corners[-1], float(width) / 1000, colour, opacity)
            else:
                self.polygon(corners, colour, opacity)

    def hatch(self, phase, lines, tone, distance, colour):
        """Draw one line per unit of phase, of relative width tone (0..1), inside a region.

        lines: their number per unit of length, which sets the softness of their edges.
        """
        wave = np.abs(phase % 1 - 0.5) * 2
        self.blend(np.maximum((wave - tone) / (2 * lines), distance), colour)


def _colour(value):
    """Six hexadecimal digits -> three floats; an array is returned unchanged."""
    if not isinstance(value, str):
        return value
    return np.array([int(value[at : at + 2], 16) for at in (0, 2, 4)], np.float32) / 255


def _gradient(stops, share):
    """Interpolate between colours, share 0..1 along the stops: (...) -> (..., 3)."""
    colours = np.array([_colour(stop) for stop in stops])
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(share, at, channel) for channel in colours.T], axis=-1)


def _noise(rng, x, y, cells, octaves=4):
    """Smooth noise about 0.5, in 0..1, at points (x, y); cells: the coarsest grid."""
    total, weight = np.zeros(np.shape(x), np.float32), 1.0
    for octave in range(octaves):
        lattice = rng.random((64, 64), dtype=np.float32)
        turn, scale = 0.6 + 1.1 * octave, cells * 2**octave  # rotated, so that no grid shows
        u = scale * (x * np.cos(turn) - y * np.sin(turn))
        v = scale * (x * np.sin(turn) + y * np.cos(turn))
        left, top = np.floor(u).astype(int), np.floor(v).astype(int)
        u, v = u - left, v - top
        u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
        i, j, i1, j1 = left % 64, top % 64, (left + 1) % 64, (top + 1) % 64
        above = lattice[j, i] * (1 - u) + lattice[j, i1] * u
        below = lattice[j1, i] * (1 - u) + lattice[j1, i1] * u
        total += weight * (above * (1 - v) + below * v - 0.5)
        weight /= 2
    return np.clip(0.5 + 0.8 * total, 0, 1)


def _sky(canvas, rng, stops, horizon):
    """A gradient down to the horizon, and clouds lit from below."""
    x, y = canvas.x, canvas.y
    canvas.rgb[:] = _gradient(stops, y / horizon)
    puff = _noise(rng, x, 2.6 * y, 3, octaves=5)
    cover = np.clip((puff - 0.53) * 5, 0, 0.9)[..., None]
    canvas.rgb += cover * (_gradient(("fffaf0", "e6c7b8"), (puff - 0.55) * 3) - canvas.rgb)


def _hill(canvas, rng, level, height, dark, light, cells):
    """Fill everything below a noisy ridge, mottled between two colours."""
    x, y = canvas.x, canvas.y
    ridge = level + height * (0.5 - _noise(rng, x[:1], 0 * x[:1] + level, cells)) * 2
    mottle = _noise(rng, x, 2 * y, 12)
    canvas.blend(ridge - y, _gradient((dark, light), 1.6 * mottle - 0.3))


def _town(canvas, rng, shore):
    """A church, six houses and trees along the shore."""
    canvas.sketch(CHURCH, 0.49, shore)
    for x in (0.06, 0.36, 0.58, 0.93):
        _tree(canvas, rng, x, shore - 0.01, rng.uniform(0.15, 0.2), "2c5a33", "8db551")
    walls = ("f2e3c0", "d9825b", "e9c46a", "c9d8d6", "f0ede2", "d8a27a")
    roofs = ("9c3d2b", "6b4a45", "b5523a", "54515e", "a0452f", "7b3a33")
    places = (0.10, 0.225, 0.335, 0.53, 0.64, 0.765)
    for x, wall, roof in zip(places, walls, roofs, strict=True):
        _house(canvas, rng, x, shore, rng.uniform(0.1, 0.125), rng.uniform(0.1, 0.15), wall, roof)
    for x in (0.015, 0.48, 0.905):
        _tree(canvas, rng, x, shore, rng.uniform(0.1, 0.15), "37672f", "a7c25a")
    canvas.polygon(_box(0, shore - 0.004, 1, 0.024), "a59a88", stripes=180)


def _house(canvas, rng, x, base, width, height, wall, roof):
    """A house with its gable or its eaves to the front."""
    right, top, rise = x + width, base - height, 0.55 * height
    canvas.polygon(_box(x + 0.72 * width, top - 0.95 * rise, 0.13 * width, rise), "6d4a40")
    canvas.polygon(_box(x, top, width, height), wall)
    if rng.random() < 0.5:
        canvas.polygon([(x, top), (right, top), (x + width / 2, top - rise)], wall)
        for side in (x - 0.06 * width, right + 0.06 * width):
            canvas.line((side, top + 0.004), (x + width / 2, top - rise), 0.014, roof)
        canvas.dot(x + width / 2, top - 0.35 * rise, 0.14 * width, "3c4452")
    else:
        eaves = [(x - 0.07 * width, top + 0.004), (right + 0.07 * width, top + 0.004)]
        ridge = [(right - 0.08 * width, top - rise), (x + 0.08 * width, top - rise)]
        canvas.polygon([*eaves, *ridge], roof, stripes=90)
    canvas.polygon(_box(x + 0.7 * width, top, 0.3 * width, height), "402a3a", opacity=0.16)
    _windows(canvas, rng, x, base, width, height)


def _windows(canvas, rng, x, base, width, height):
    """Three windows on each floor, the middle one of the lowest floor is the door."""
    floors = 2 if height > 0.12 else 1
    for floor, column in np.ndindex(floors, 3):
        left = x + width * (0.12 + 0.29 * column)
        upper = base - height + height * (0.14 + 0.46 * floor)
        if (floor, column) == (floors - 1, 1):
            canvas.polygon(_box(left, base - 0.36 * height, 0.19 * width, 0.36 * height), "5a3327")
            continue
        glass, middle = ("ffd77a" if rng.random() < 0.35 else "3d4f63"), left + 0.09 * width
        canvas.polygon(_box(left - 0.002, upper - 0.002, 0.18 * width + 0.004, 0.036), "fbf5e6")
        canvas.polygon(_box(left, upper, 0.18 * width, 0.032), glass)
        canvas.line((middle, upper), (middle, upper + 0.032), 0.003, "fbf5e6")


def _box(x, y, width, height):
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _tree(canvas, rng, x, base, height, dark, light):
    """A trunk and a crown of leaves, lit from the upper left."""
    canvas.line((x, base), (x, base - 0.6 * height), 0.07 * height, "4b382d")
    angle, radius = rng.uniform(0, 2 * np.pi, 90), np.sqrt(rng.random(90))
    dx, dy = 0.36 * radius * np.cos(angle), 0.4 * radius * np.sin(angle)
    lit = 0.5 - 1.1 * dx - 1.2 * dy + rng.normal(0, 0.12, 90)
    for at in np.argsort(lit):  # light leaves last: they face the sun
        px, py = x + height * dx[at], base - height * (0.6 - dy[at])
        canvas.dot(px, py, height * rng.uniform(0.1, 0.22), _gradient((dark, light), lit[at]))


def _water(canvas, rng, level, colour):
    """Mirror everything above the level, with ripples that grow towards the viewer."""
    first = int(level * canvas.side)
    x, y = canvas.x[first:], canvas.y[first:]
    depth = y - level
    ripple = _noise(rng, 0.25 * x, y + 0.35 * np.sqrt(depth + 0.01), 40, octaves=3) - 0.5
    row = first - (depth * 1.15 + 0.05 * ripple * (0.2 + 3 * depth)) * canvas.side
    column = x * canvas.side + ripple * (4 + 50 * depth) * canvas.side / 512
    row, column = np.clip(row, 0, first - 1), np.clip(column, 0, canvas.side - 1)
    mirror = canvas.rgb[row.astype(int), column.astype(int)]
    tint = np.clip(0.25 + 0.9 * depth, 0, 0.75)[..., None]
    glint = np.clip((ripple - 0.12) * 3, 0, 0.5)[..., None]
    water = mirror * (1 - tint) + _colour(colour) * tint
    canvas.rgb[first:] = water + glint * (_colour("fdeed2") - water)


def _meadow(canvas, rng):
    """A bank in the nearest corner, with grass and flowers."""
    x, y = canvas.x, canvas.y
    edge = 0.86 + 0.32 * x + 0.03 * np.sin(18 * x)
    mottle = _noise(rng, x, y, 20)
    canvas.blend(edge - y, _gradient(("2f5a2a", "86a545"), 1.5 * mottle - 0.2))
    for px in rng.uniform(0, 0.42, 130):
        py = rng.uniform(0.87 + 0.32 * px, 1.03)
        tip = (px + rng.normal(0, 0.012), py - rng.uniform(0.025, 0.06))
        canvas.line((px, py), tip, 0.004, _gradient(("3c6a2c", "b9cc62"), rng.random()))
        if rng.random() < 0.3:
            canvas.dot(*tip, 0.014, ("d8412f", "f6e27a", "f7f2ea")[rng.integers(3)])


def _bridge(canvas, rng):
    """A stone bridge across the picture, with one arch and an iron rail."""
    x, y = canvas.x, canvas.y
    deck = 0.64 + 0.16 * (x - 0.5) ** 2
    arch = 1 - ((x - 0.5) / 0.3) ** 2 - ((y - 0.95) / 0.21) ** 2  # positive in the opening
    arch_distance = 0.1 * arch
    course = (y - deck) * 24
    column, row, edge = _cells(rng, x * 17 + 0.5 * np.floor(course), course)
    stone = _gradient(("6e6258", "a89a86", "c6b79c"), rng.random(4096)[_hash(column, row)])
    stone *= ((0.85 + 0.3 * _noise(rng, x, y, 40)) * np.clip(0.72 + 3 * edge, 0, 1))[..., None]
    canvas.blend(np.maximum(deck - y, arch_distance), stone)
    canvas.blend(np.abs(arch_distance + 0.006) - 0.007, "6b5f56")
    canvas.blend(np.abs(deck + 0.006 - y) - 0.009, "ddd0b6")
    for post in np.linspace(0.02, 0.98, 25):
        foot = 0.64 + 0.16 * (post - 0.5) ** 2
        canvas.line((post, foot), (post, foot - 0.085), 0.005, "33343d")
    canvas.blend(np.abs(deck - 0.085 - y) - 0.004, "33343d")


def _umbrella(canvas, x, y, radius):
    """A red dome in five panels with a scalloped rim."""
    px, py = canvas.x - x, canvas.y - y
    dome = np.hypot(px, py * 1.35) - radius
    rim = py - 0.12 * radius * np.abs(np.sin(px / radius * 2.5 * np.pi)) ** 0.7 + 0.08 * radius
    bulge = np.arcsin(np.clip(px / np.sqrt(np.maximum(radius**2 - (1.35 * py) ** 2, 1e-6)), -1, 1))
    panel = np.floor((bulge / np.pi + 0.5) * 5)
    colour = _gradient(("e8553f", "c42f2a", "d8402f", "b02528", "8d1c24"), panel / 4)
    canvas.blend(np.maximum(dome, rim), colour)
    canvas.line((x, y - radius / 1.35), (x, y - radius / 1.35 - 0.02), 0.007, "3a2a25")


def _starlight(rng, x, y):
    """The brightness of the sky at points, about 0..1: streaks, haloes and rings."""
    light = 0.2 + 0.4 * (_noise(rng, x, 2.2 * y, 5) - 0.5) + rng.normal(0, 0.08, len(x))
    for cx, cy, radius in STARS:
        light += 0.95 * np.exp(-((np.hypot(x - cx, y - cy) / radius) ** 1.6))
    for cx, cy, radius, _ in WHIRLS:
        ring = np.hypot(x - cx, y - cy) / radius
        light += 0.25 * np.exp(-ring) * (1 + np.cos(9 * ring))
    return light


def _wind(x, y, depth):
    """The direction of the brush: across the sky, around stars and whirls, along the hills."""
    u, v = 1.0 + 0 * x, 0.35 * np.sin(9 * x + 2)
    for cx, cy, radius, turn in [*WHIRLS, *((*star, 1.3) for star in STARS)]:
        dx, dy = x - cx, y - cy
        pull = 9 * turn * np.exp(-(dx**2 + dy**2) / (1.3 * radius) ** 2) / radius
        u, v = u - pull * dy, v + pull * dx
    hill = depth(x, y) > 0
    slope = 0.25 * np.cos(5 * x) + 0.4 * np.cos(11 * x + 14 * y)
    return np.where(hill, 1, u), np.where(hill, slope, v)


def _follow(flow, x, y, length, points=6):
    """Paths that start at (x, y) and follow the flow: (n, points, 2)."""
    path = [(x, y)]
    for _ in range(points - 1):
        u, v = flow(x, y)
        step = length / (points - 1) / np.hypot(u, v)
        x, y = x + step * u, y + step * v
        path.append((x, y))
    return np.moveaxis(np.array(path), 2, 0)


def _strokes(canvas, rng, paths, width, colours):
    """Paint thickly along each path: bristles leave ridges, and the lower side is in shade."""
    phases = rng.uniform(0, 2 * np.pi, len(paths))
    for path, colour, phase in zip(paths, colours, phases, strict=True):
        where = canvas.window(*(path.min(0) - width), *(path.max(0) + width))
        edge = np.diff(path, axis=0)  # (K, 2)
        px = canvas.x[where][..., None] - path[:-1, 0]  # (h, w) -> (h, w, K)
        py = canvas.y[where][..., None] - path[:-1, 1]
        along = np.clip((px * edge[:, 0] + py * edge[:, 1]) / (edge**2).sum(1), 0, 1)
        px, py = px - along * edge[:, 0], py - along * edge[:, 1]
        nearest = np.hypot(px, py).argmin(-1)[..., None]
        px = np.take_along_axis(px, nearest, -1)[..., 0]  # (h, w, K) -> (h, w)
        py = np.take_along_axis(py, nearest, -1)[..., 0]
        distance = np.hypot(px, py) / width
        relief = 1 + 0.13 * np.cos(14 * distance * np.sign(px + py) + phase) - 0.45 * py / width
        canvas.blend((distance - 0.5) * width, colour * relief[..., None], where=where)


def _sun_in_tiles(canvas, rng, dx, dy, outside):
    """Rings of tiles about a centre: a pale disc, fourteen rays, then the sky."""
    radius = np.hypot(dx, dy) / TILE
    ring = np.floor(radius)
    count = np.maximum(np.round(2 * np.pi * (ring + 0.5)), 3)  # of tiles in each ring
    # neighbouring rings start at different angles
    turns = (np.arctan2(dy, dx) / (2 * np.pi) + 0.618 * ring) % 1
    column, row, edge = _cells(rng, turns * count, radius)
    ray = np.abs(((column + 0.5) / count - 0.618 * row) * 14 % 1 - 0.5) * 2
    in_ray = ray > np.clip((row - 4) / 6, 0, 1)
    tone = np.where(row < 10, 0.95 - 0.022 * row, 0.5 + 0.1 * (row % 2))
    tone = np.where(row < 4, 0.06, np.where(in_ray, 0.18, tone))
    cool = (row > 10) & (rng.random(4096) < 0.1)[_hash(column, row)]
    _lay_tiles(canvas, rng, (column, row, edge), outside, tone, cool)


def _fields_in_tiles(canvas, rng, x, down, outside):
    """Rows of tiles along the crest of a hill, each row with its own colour."""
    row = np.floor(down / TILE)
    column, row, edge = _cells(rng, x / TILE + 0.37 * row, down / TILE)
    tones = np.array([0.55, 0.9, 0.0, 0.3, 0.75, 0.1, 0.95])
    _lay_tiles(canvas, rng, (column, row, edge), outside, tones[row.astype(int) % 7], row % 5 == 2)


def _lay_tiles(canvas, rng, cells, outside, tone, cool):
    """Paint each tile in a shade of WARM, or of sea green, and leave the grout around it."""
    column, row, edge = cells
    dice = rng.random((3, 4096))[:, _hash(column, row)]
    colour = _gradient(WARM, tone + 0.16 * (dice[0] - 0.5))
    colour = np.where(cool[..., None], _gradient(("2d5f66", "6f9d8c"), dice[0]), colour)
    colour *= ((0.86 + 0.28 * dice[1]) * np.clip(0.74 + edge, 0, 1))[..., None]
    canvas.blend(np.maximum((0.09 - edge) * TILE, outside + 0.09 * TILE), colour)


def _cells(rng, u, v):
    """Rows of tiles of one unit by one, with uneven joints.

    u, v (H, W) -> column, row and distance to the tile's edge, each (H, W)
    """
    row, column = np.floor(v), np.floor(u)
    uneven = rng.uniform(-0.16, 0.16, 4096)
    left = u - column - uneven[_hash(column, row)]
    right = 1 - (u - column) + uneven[_hash(column + 1, row)]
    edge = np.minimum(np.minimum(np.abs(left), np.abs(right)), np.minimum(v - row, 1 + row - v))
    return column + (right < 0) - (left < 0), row, edge


def _hash(i, j):
    """A number in 0..4095 for each pair of integers, without a visible pattern."""
    return (i.astype(int) * 7919 + j.astype(int) * 104729) % 4096


def _cut_sun(canvas, rng, shake, red, ink):
    """A red disc and its rays, of which there are more farther out."""
    dx, dy = canvas.x - 0.66, canvas.y - 0.27
    radius, turns = np.hypot(dx, dy), np.arctan2(dy, dx) / (2 * np.pi)
    tone = 0.25 + 0.35 * np.minimum(radius, 1) + 0.3 * (_noise(rng, canvas.x, canvas.y, 4) - 0.5)
    rays = np.where(radius + 4 * shake > 0.42, 144, 84)
    lines = rays / (6 * np.maximum(radius, 0.1))
    canvas.hatch((turns + shake) * rays, lines, tone, 0.155 - radius, ink)
    canvas.blend(radius + shake - 0.12, red)
    canvas.blend(np.abs(radius + shake - 0.12) - 0.004, ink)


def _cut_hills(canvas, rng, shake, ink):
    """Three peaks, dark on the side away from the sun, behind two rounded hills."""
    x, y = canvas.x, canvas.y
    for peak, top, spread in ((0.22, 0.25, 0.9), (0.52, 0.36, 0.75), (0.9, 0.42, 0.8)):
        crag = 0.09 * (_noise(rng, x, y, 7) - 0.5)
        below = top + np.abs(x - peak + crag) / spread - y
        _cut_out(canvas, below, ink)
        tone = np.where(x + 1.6 * crag > peak + 0.1 * (y - top), 0.72, 0.16)
        tone -= 2.5 * np.clip(0.12 + below, 0, 0.12)
        canvas.hatch((0.8 * y + 0.6 * x + 2 * shake) * 38, 38, tone, below, ink)
    for level, swell in ((0.62, 0.05), (0.67, 0.04)):
        below = level + swell * np.sin(7 * x + 30 * level) - y
        _cut_out(canvas, below, ink)
        canvas.hatch((below + shake) * 42, 42, 0.25 - 2.5 * below, below, ink)


def _cut_lake(canvas, rng, shake, ink):
    """Calm water with a path of light under the sun, behind a dark bank."""
    x, y = canvas.x, canvas.y
    _cut_out(canvas, 0.73 - y + shake, ink)
    glitter = np.exp(-(((x - 0.66 + 3 * shake) / 0.09) ** 2))
    tone = 0.62 - 0.55 * glitter + 0.5 * (_noise(rng, 0.5 * x, 3 * y, 6) - 0.5)
    ripple = y + 0.004 * np.sin(40 * x) + shake
    canvas.hatch(ripple * 46, 46, tone, 0.73 - y + shake, ink)
    bank = 0.93 - 0.12 * np.clip(0.5 - x, 0, 1) + 2 * shake - y
    canvas.blend(bank, ink)
    canvas.hatch((x + 0.5 * y + 3 * shake) * 40, 40, 0.32, bank + 0.012, PAPER)


def _cut_pine(canvas, x, foot, height, shake, ink):
    """A dark fir with light cuts along the branches of one side."""
    side, up = canvas.x - x + 2 * shake, (foot - canvas.y + shake) / height
    boughs = 0.24 * height * (1.02 - up) * (0.55 + 0.45 * ((1 - up) * 7 % 1))
    tree = np.maximum(np.abs(side) - boughs, (np.abs(up - 0.56) - 0.45) * height)
    canvas.blend(tree - 0.006, PAPER)
    canvas.blend(tree, ink)
    canvas.line((x, foot), (x, foot - 0.2 * height), 0.05 * height, "1d1716")
    slant = canvas.y - 0.9 * np.abs(side) + 0.08 * shake
    canvas.hatch(slant * 60, 60, 0.25, np.maximum(tree + 0.01, -side), PAPER)


def _cut_out(canvas, distance, ink):
    """Clear a region to paper and draw its outline."""
    canvas.blend(distance, PAPER)
    canvas.blend(np.abs(distance) - 0.005, ink)
