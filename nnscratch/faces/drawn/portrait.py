"""A painter of faces: shapes by signed distances, light on an ellipsoid, background and camera.

Stands on NumPy. Arrays hold n pictures at a time; `people` chooses traits and variations.
"""

import numpy as np

# Lengths are in half heights of a head: x to the right, y down from the middle of the face.
SKIN = ((0.30, 0.19, 0.14), (0.55, 0.36, 0.25), (0.78, 0.57, 0.43), (0.95, 0.78, 0.68))
HAIR = (
    *((0.07, 0.06, 0.06), (0.25, 0.16, 0.10), (0.50, 0.24, 0.12)),
    *((0.80, 0.62, 0.36), (0.75, 0.74, 0.73)),
)
IRIS = ((0.16, 0.09, 0.05), (0.30, 0.32, 0.18), (0.35, 0.50, 0.62))
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
ZOOM = 0.84  # half heights of a head in half a picture
DEPTH = 0.8  # of the head, from its middle to the face
PIVOT = 0.4  # depth of the axis of rotation: both the outline and the eyes move


class Portrait:
    """A picture being painted, and the position of each pixel on the head.

    x, y: in the plane of the picture, upright with the head; u, v: on the face seen from the
    front. All (n, size, size). who: traits, now: variations, each (n, 1, 1).
    """

    def __init__(self, who, now, shape):
        self.who, self.now = who, now
        count, channels, size, _ = shape
        self.picture = np.zeros(shape, np.float32)  # multiplied by solid
        self.solid = np.zeros((count, size, size), np.float32)
        self.weights = np.array([LUMINANCE] if channels == 1 else np.eye(3), np.float32)
        at = (np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1
        self.across, self.down = at[None, None, :], at[None, :, None]
        self.zoom = ZOOM * np.exp(now.zoom)
        self.sharp = self.zoom * size / 2  # pixels per unit of length
        self._upright()
        self._turned_back()

    def _upright(self):
        """Undo the shift, zoom and roll of the picture."""
        now = self.now
        x = (self.across - now.shift_x) / self.zoom
        y = (self.down - now.shift_y) / self.zoom
        cosine, sine = np.cos(now.roll), np.sin(now.roll)
        self.x = cosine * x + sine * y + PIVOT * np.sin(now.yaw)
        self.y = cosine * y - sine * x + PIVOT * np.sin(now.pitch)

    def _turned_back(self):
        """Undo yaw and pitch on the front of an ellipsoid."""
        now, who = self.now, self.who
        self.bulge = np.sqrt(np.maximum(1 - (self.x / who.face_width) ** 2 - self.y**2, 0))
        z = DEPTH * self.bulge
        self.u = np.cos(now.yaw) * self.x - np.sin(now.yaw) * z
        z = np.sin(now.yaw) * self.x + np.cos(now.yaw) * z
        self.v = np.cos(now.pitch) * self.y - np.sin(now.pitch) * z
        self.out = np.abs(self.u)  # a face is symmetric

    def cover(self, distance):
        """The share of each pixel inside the shape, where the signed distance is negative."""
        return np.clip(0.5 - distance * self.sharp, 0, 1)

    def paint(self, distance, colour, opacity=1.0):
        """Paint the inside of a shape with a colour (n, 3)."""
        self.lay(self.cover(distance) * opacity, colour)

    def lay(self, cover, colour):
        """cover (n, size, size) in [0, 1], colour (n, 3)."""
        self.picture += cover[:, None] * (self.toned(colour) - self.picture)
        self.solid += cover * (1 - self.solid)

    def toned(self, colour):
        """colour (n, 3) or (3,) -> (n, channels, 1, 1)."""
        colour = np.asarray(colour, np.float32)[..., None, :]
        return (colour * self.weights).sum(-1).reshape(-1, len(self.weights), 1, 1)


def _ellipse(x, y, width, height):
    """Approximate signed distance to an ellipse: k (k − 1) / |∇k²/2| for k = |(x/w, y/h)|."""
    x, y = x / width, y / height
    k = np.sqrt(x**2 + y**2)
    return k * (k - 1) / np.sqrt((x / width) ** 2 + (y / height) ** 2 + 1e-6)


def _bump(x, y, width, height):
    return np.exp(-((x / width) ** 2) - (y / height) ** 2)


def _mix(colours, share):
    """Interpolate in a list of colours: share (n, 1, 1) in [0, 1] -> (n, 3)."""
    places = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(share[:, 0, 0], places, c) for c in np.transpose(colours)], axis=1)


def _rgb(*channels):
    """Three arrays (n, 1, 1) -> (n, 3)."""
    return np.stack([c[:, 0, 0] for c in np.broadcast_arrays(*channels)], axis=1)


# -- the person, from back to front ---------------------------------------------------------------


def _body(p):
    now = p.now
    tone = now.clothes
    clothes = np.clip(_rgb(tone + now.clothes_red, tone, tone + now.clothes_blue), 0, 1)
    neck = np.maximum(np.abs(p.x) - 0.55 * p.who.face_width, 0.4 - p.y)
    p.paint(neck, 0.7 * _mix(SKIN, p.who.skin_tone))
    p.paint(_ellipse(p.x, p.y - 1.85, 1.3, 0.7), clothes)


def _ears(p):
    who, now = p.who, p.now
    side = np.abs(p.x + 0.2 * np.sin(now.yaw)) - who.face_width * np.cos(now.yaw)
    ear = _ellipse(side - 0.02, p.v - 0.1, 0.6 * who.ears, 1.3 * who.ears)
    p.paint(ear, 0.85 * _mix(SKIN, who.skin_tone))
    p.paint(ear + 0.06, 0.65 * _mix(SKIN, who.skin_tone))


def _hair_behind(p):
    who = p.who
    width = who.face_width + who.hair_volume
    cap = _ellipse(p.x, np.minimum(p.y + 0.1, 0), width, 0.9 + who.hair_volume)
    ends = p.y - who.hair_length + 0.5 * (p.x / width) ** 2 - 0.25
    p.paint(np.maximum(cap, ends), 0.75 * _mix(HAIR, who.hair_tone))


def _outline(p):
    """Signed distance to the face: an ellipse whose lower half the jaw narrows or widens."""
    who = p.who
    low = np.clip(p.y, 0, 1)
    x = (p.x - 0.25 * np.sin(p.now.yaw) * low) / (1 + who.jaw * low**2)
    return _ellipse(x, np.where(p.y < 0, p.y, p.y / who.chin), who.face_width, 1.0)


def _skin(p):
    who = p.who
    skin, face = _mix(SKIN, who.skin_tone), _outline(p)
    p.paint(face, skin)
    tip = who.eye_height + who.nose_length
    above = tip + 0.12 - p.v - 0.8 * np.maximum(p.out - 0.45, 0)  # rises to the ears
    beard = np.maximum(face, above)
    p.paint(beard, 0.8 * _mix(HAIR, who.hair_tone), np.clip(who.beard, 0, 0.85))
    cheek = 0.25 * _bump(p.out - 0.42, p.v - tip + 0.05, 0.2, 0.16)
    p.lay(cheek * p.cover(face), skin * (1.02, 0.72, 0.7))


def _eyes(p):
    """Sockets, eyeballs between curved lids, brows; x and y are relative to the eye, x outwards."""
    who = p.who
    x = p.out - who.eye_distance
    y = p.v - who.eye_height
    p.lay(0.3 * _bump(x, y, 1.3 * who.eye_size, 0.16), 0.6 * _mix(SKIN, who.skin_tone))
    _eyeballs(p, x, y - who.eye_slant * x)
    _brows(p, x, y + who.brow_height + p.now.brow_raise)


def _eyeballs(p, x, y):
    who, now = p.who, p.now
    ends = np.abs(x) - who.eye_size
    height = who.eye_size * who.eye_shape * np.maximum(1 - (x / who.eye_size) ** 2, 0)
    upper = y + np.clip(now.lids, 0.1, 1.3) * height  # below 0 above the lid
    white = np.maximum(np.maximum(-upper, y - 0.8 * height), ends)
    p.paint(white, (0.93, 0.91, 0.89))
    distance = np.hypot(x - now.gaze * np.sign(p.u), y)
    p.paint(np.maximum(distance - 0.078, white), _mix(IRIS, who.iris))
    p.paint(np.maximum(distance - 0.035, white), (0.03, 0.03, 0.03))
    p.paint(np.maximum(np.abs(upper) - 0.022, ends), 0.25 * _mix(SKIN, who.skin_tone))


def _brows(p, x, y):
    who = p.who
    along = (x + 0.02) / who.brow_length  # from −1 beside the nose to 1
    line = y + who.brow_tilt * x + 0.05 * along**2
    brow = np.abs(line) - who.brow_weight * (1.2 - 0.5 * along)
    p.paint(np.maximum(brow, np.abs(x) - who.brow_length), 0.6 * _mix(HAIR, who.hair_tone), 0.9)


def _nose(p):
    who = p.who
    skin = _mix(SKIN, who.skin_tone)
    x = np.abs(p.u - 0.2 * np.sin(p.now.yaw))
    y = p.v - who.eye_height - who.nose_length
    wing = _ellipse(x - 0.7 * who.nose_width, y, 0.4 * who.nose_width, 0.06)
    p.paint(wing, 0.85 * skin, 0.6)
    nostril = _ellipse(x - 0.45 * who.nose_width, y - 0.045, 0.35 * who.nose_width, 0.03)
    p.paint(nostril, 0.3 * skin)


def _mouth(p):
    who, now = p.who, p.now
    width = who.mouth_width * (1 + 0.15 * now.smile)
    x = p.u / width
    arch = np.maximum(1 - x**2, 0)
    middle = who.eye_height + who.nose_length + who.mouth_height
    y = p.v - middle - 0.09 * now.smile * (arch - 0.5)
    gap = np.maximum(now.opening, 0) * arch
    ends = np.abs(p.u) - width
    lips = np.maximum(-y - who.lips * arch, y - 1.3 * who.lips * arch) - gap
    p.paint(np.maximum(lips, ends), _mix(SKIN, who.skin_tone) * (0.85, 0.55, 0.55))
    p.paint(np.maximum(np.abs(y) - gap - 0.014, ends), (0.16, 0.05, 0.05))
    teeth = np.abs(y + 0.5 * gap) - 0.5 * gap + 0.01
    p.paint(np.maximum(teeth, ends), (0.92, 0.9, 0.86))


def _hair_above(p):
    who = p.who
    height = 0.5 * (p.out / who.face_width) ** 4 + who.hair_parting * (p.u - 0.25)
    width = who.face_width + 0.4 * who.hair_volume
    head = _ellipse(p.x, p.y + 0.05, width, 1 + who.hair_volume)
    hair = np.maximum(np.maximum(p.v - who.hair_line - height, head), p.v - 0.1)
    p.paint(hair, _mix(HAIR, who.hair_tone))
    strands = 0.5 + 0.5 * np.sin(34 * p.u + 8 * p.v * p.u) * np.sin(11 * p.u + 5 * p.v)
    p.lay(0.3 * strands * p.cover(hair), 0.6 * _mix(HAIR, who.hair_tone))


def _glasses(p):
    who, now = p.who, p.now
    tone = np.clip(_rgb(now.rim_tone, now.rim_tone, now.rim_tone), 0, 1)
    x, y = p.out - who.eye_distance - 0.01, p.v - who.eye_height - 0.02
    lens = _ellipse(x, y, np.maximum(now.rim_size, 0.1), 0.85 * np.maximum(now.rim_size, 0.1))
    p.paint(lens, tone, now.glasses * np.clip(now.lens, 0, 0.9))
    rim = np.abs(lens) - now.rim_weight
    bar = np.maximum(np.abs(y + 0.04) - now.rim_weight, np.maximum(-lens, p.out - who.face_width))
    p.paint(np.minimum(rim, bar), tone, now.glasses)


# -- light, ground, cover and camera --------------------------------------------------------------


def _shade(p):
    """Ambient and Lambertian light: a + (1 − a)·max(0, n·l), on an ellipsoid with facial relief.

    The surface z = ellipsoid + h has the normal (x/w², y, z/d²) − (∂h/∂x, ∂h/∂y, 0)·z/d².
    """
    now, who = p.now, p.who
    depth = p.bulge / DEPTH
    slope_y, slope_x = np.gradient(_relief(p), axis=(1, 2))
    x = p.x / who.face_width**2 - slope_x * p.sharp * depth
    y = p.y - slope_y * p.sharp * depth
    z = depth + 0.2
    height, side = now.light_height, now.light_side
    light = np.sin(side) * np.cos(height) * x - np.sin(height) * y
    light += np.cos(side) * np.cos(height) * z
    light /= np.sqrt(x**2 + y**2 + z**2)
    return now.ambient + (1.3 - now.ambient) * np.maximum(light, 0)


def _relief(p):
    """The height of nose, lips, cheeks and chin above the ellipsoid, and the depth of the eyes."""
    who = p.who
    x = p.u - 0.15 * np.sin(p.now.yaw)
    tip = who.eye_height + who.nose_length
    ridge = np.clip((p.v - who.eye_height + 0.1) / (who.nose_length + 0.1), 0, 1)
    ridge *= np.clip((tip + 0.08 - p.v) / 0.1, 0, 1)
    relief = 0.22 * ridge * np.exp(-((x / (0.4 * who.nose_width + 0.05)) ** 2))
    relief -= 0.09 * _bump(p.out - who.eye_distance, p.v - who.eye_height, 0.2, 0.13)
    relief += 0.05 * _bump(p.u, p.v - tip - who.mouth_height, 0.22, 0.1)
    return relief + 0.05 * _bump(p.u, p.v - 0.88, 0.2, 0.12)


def _ground(p):
    """A smooth gradient with a soft light or dark blob: (n, channels, size, size)."""
    now = p.now
    tone = now.ground
    tone = p.toned(_rgb(tone + now.ground_red, tone, tone + now.ground_blue))
    blob = _bump(p.across - now.blob_x, p.down - now.blob_y, 0.6, 0.6)
    light = now.slope_x * p.across + now.slope_y * p.down + now.blob * blob
    return np.clip(tone + light[:, None], 0, 1)


def _covered(p, picture):
    """A striped scarf over mouth and nose, or a striped bar across the picture."""
    now = p.now
    scarf = 0.5 + 0.12 * now.cover_place + 0.2 * now.cover_turn * p.x - p.y
    angle = np.pi / 2 * now.cover_turn
    bar = np.cos(angle) * p.across + np.sin(angle) * p.down - 0.5 * now.cover_place
    distance = np.where(now.cover_kind < 0, scarf, np.abs(bar) - 0.11)
    cover = p.cover(distance) * now.cover
    stripes = 0.1 * np.sin(14 * (p.x + now.cover_turn * p.y))
    tone = np.clip(now.cover_tone + stripes, 0, 1)
    return picture + cover[:, None] * (tone[:, None] - picture)


def photograph(p, streams):
    """Paint and light the face, add background and cover, blur, expose, add noise."""
    for paint in (_body, _ears, _hair_behind, _skin, _eyes, _nose, _mouth, _hair_above, _glasses):
        paint(p)
    picture = p.picture * _shade(p)[:, None] + (1 - p.solid[:, None]) * _ground(p)
    picture = _blurred(_covered(p, picture), p.now.blur[..., None])
    picture *= np.exp(p.now.gain)[..., None] * p.toned(_light_colour(p.now))
    noise = np.stack([s.standard_normal(picture.shape[1:], np.float32) for s in streams])
    return np.clip(picture + np.maximum(p.now.noise, 0)[..., None] * noise, 0, 1)


def _light_colour(now):
    return _rgb(1 + now.warmth, np.ones_like(now.warmth), 1 - now.warmth)


def _blurred(picture, width):
    """A Gaussian of 5 pixels, σ = width (n, 1, 1, 1), along both axes; the edge is repeated."""
    share = np.exp(-0.5 * (np.arange(3) / np.maximum(width, 1e-3)) ** 2).astype(np.float32)
    share /= 2 * share.sum(-1, keepdims=True) - share[..., :1]
    for axis in (2, 3):
        padded = np.pad(picture, [(0, 0)] * axis + [(2, 2)] + [(0, 0)] * (3 - axis), "edge")
        near = [np.take(padded, range(k, k + picture.shape[axis]), axis) for k in range(5)]
        picture = share[..., :1] * near[2] + share[..., 1:2] * (near[1] + near[3])
        picture += share[..., 2:] * (near[0] + near[4])
    return picture
