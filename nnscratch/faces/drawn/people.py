"""Invented people: 26 numbers each, and pictures of them with random pose, light and expression.

Stands on `portrait` and `folders`. With them, verification and recognition run without data.

These are drawings. A figure measured on them shows that a training works, or which of two works
better here; it says nothing about the accuracy on real faces.
"""

from types import SimpleNamespace

import numpy as np

from nnscratch.faces.drawn.portrait import Portrait, photograph
from nnscratch.faces.folders import People

# Lengths are in half heights of a head: x to the right, y down from the middle of the face.
# fmt: off
TRAITS = {  # of a person: the value at 0 and at 1
    # jaw: pointed to square
    "face_width": (0.62, 0.82), "jaw": (-0.28, 0.28), "chin": (0.90, 1.08),
    # eye_distance: from the middle; eye_shape: height over width; iris: brown to blue
    "eye_distance": (0.26, 0.38), "eye_height": (-0.10, 0.08), "eye_size": (0.11, 0.18),
    "eye_shape": (0.38, 0.68), "eye_slant": (-0.28, 0.28), "iris": (0, 1),
    # brow_height: above the eye
    "brow_height": (0.15, 0.27), "brow_tilt": (-0.15, 0.3), "brow_length": (0.13, 0.24),
    "brow_weight": (0.015, 0.055),
    # mouth_height: below the nose
    "nose_length": (0.30, 0.50), "nose_width": (0.09, 0.18), "mouth_height": (0.18, 0.30),
    "mouth_width": (0.16, 0.32), "lips": (0.025, 0.085), "ears": (0.12, 0.24),
    "hair_line": (-0.85, -0.38), "hair_parting": (-0.35, 0.35), "hair_volume": (0.03, 0.22),
    "hair_length": (-0.35, 1.15), "hair_tone": (0, 1), "skin_tone": (0, 1),
    "beard": (-1.6, 1.0),  # none below 0
}
VARIATIONS = {  # of a picture: the value at rest, and the largest deviation
    # the pose: angles in radians, zoom as a logarithm
    "yaw": (0, 0.33), "pitch": (0, 0.2), "roll": (0, 0.12),
    "zoom": (0, 0.06), "shift_x": (0, 0.05), "shift_y": (0.07, 0.05),
    # the expression; opening: of the mouth, closed below 0
    "smile": (0.2, 0.9), "opening": (-0.05, 0.13), "brow_raise": (0, 0.05),
    "lids": (0.9, 0.3), "gaze": (0, 0.03),
    # the light: angles in radians, gain as a logarithm
    "light_side": (0, 0.9), "light_height": (0.5, 0.4), "ambient": (0.6, 0.2),
    "gain": (0, 0.18), "warmth": (0, 0.12),
    # the background and the clothes
    "ground": (0.5, 0.2), "ground_red": (0, 0.1), "ground_blue": (0, 0.1),
    "slope_x": (0, 0.15), "slope_y": (0, 0.15),
    "blob_x": (0, 1), "blob_y": (0, 1), "blob": (0, 0.2),
    "clothes": (0.4, 0.25), "clothes_red": (0, 0.2), "clothes_blue": (0, 0.2),
    # the camera; blur: pixels, none below 0
    "blur": (0, 0.9), "noise": (0, 0.03),
    # glasses
    "rim_size": (0.21, 0.04), "rim_weight": (0.025, 0.01), "rim_tone": (0.2, 0.2),
    "lens": (0, 0.35),
    # what covers the face; cover_kind: scarf below 0, bar above
    "cover_kind": (0, 1), "cover_place": (0, 1), "cover_turn": (0, 1), "cover_tone": (0.4, 0.35),
}
# fmt: on
CHUNK = 16  # pictures drawn at a time; larger arrays do not fit the cache
HARDEST = 4.0  # nuisance above which pictures are no longer faces
SYLLABLES = [consonant + vowel for vowel in "aeiou" for consonant in "bdklmnrstv"]
NAMES = len(SYLLABLES) ** 3
PARAMETERS = len(TRAITS)


def generated_people(
    people=100, images=10, size=48, seed=0, nuisance=1.0, grey=True, glasses=0.2, occlusion=0.1
) -> People:
    """Invent people with names, and draw that many images of each: see draw_faces.

    With the same seed, more people or more images do not change identities and names.

    Raises ValueError if people or images < 1, or if there are more people than names (125,000).
    """
    if not 1 <= people <= NAMES or images < 1:
        raise ValueError(
            f"generated_people: expected 1 to {NAMES} people and at least 1 image of each, "
            f"got {people} and {images}"
        )
    rngs = np.random.default_rng(seed).spawn(3)
    identity, names = identities(people, rngs[0]), _names(people, rngs[1])
    labels = np.repeat(np.arange(people), images)
    pictures = draw_faces(identity[labels], rngs[2], size, nuisance, grey, glasses, occlusion)
    sources = tuple(f"generated/{name}_{k:04d}" for name in names for k in range(1, images + 1))
    return People(pictures, labels, names, sources)


def identities(count: int, rng) -> np.ndarray:
    """Invent people: count -> (count, PARAMETERS) float64 in [0, 1], a column for each of TRAITS.

    Raises ValueError if count < 0. Source: faces with a trait for each number, Chernoff 1973,
    doi:10.1080/01621459.1973.10482434. Differs from the paper: the traits.
    """
    if count < 0:
        raise ValueError(f"identities: expected a count of at least 0, got {count}")
    return np.random.default_rng(rng).random((count, PARAMETERS))


def draw_faces(
    identity, rng, size=48, nuisance=1.0, grey=True, glasses=0.2, occlusion=0.1
) -> np.ndarray:
    """Draw one picture for each row of identity.

    identity (N, PARAMETERS) in [0, 1], size (pixels) -> (N, 1, size, size) float32 in [0, 1],
    or (N, 3, size, size) RGB if not grey
    nuisance: the amount of all variation but identity: 0 is the same passport picture each time, 1
    everyday, 2 hard. glasses, occlusion (by a scarf or a bar): the share of pictures with them,
    multiplied by nuisance if that is below 1. Each picture has its own random stream: drawing the
    rows in several calls with one rng gives the same pictures.

    Raises ValueError if identity has another shape or leaves [0, 1], if size < 8, if nuisance is
    not in [0, HARDEST], or glasses or occlusion not in [0, 1].
    """
    identity = _checked(identity, size, nuisance, glasses, occlusion)
    seeds = np.random.default_rng(rng).integers(2**63, size=len(identity))
    shares = np.array([glasses, occlusion]) * min(1, nuisance)
    pictures = np.empty((len(identity), 1 if grey else 3, size, size), np.float32)
    for at in range(0, len(identity), CHUNK):
        part = slice(at, at + CHUNK)
        streams = [np.random.default_rng(seed) for seed in seeds[part]]
        now = _vary(streams, nuisance, shares)
        portrait = Portrait(_between(TRAITS, identity[part]), now, pictures[part].shape)
        pictures[part] = photograph(portrait, streams)
    return pictures


def _names(count, rng):
    """Different names of three syllables, in an order that looks random."""
    first, base = rng.integers(NAMES), len(SYLLABLES)
    numbers = (int(first) + 48_611 * np.arange(count)) % NAMES  # coprime: reaches every name
    digits = zip(numbers // base**2, numbers // base % base, numbers % base, strict=True)
    return tuple("".join(SYLLABLES[d] for d in name).capitalize() for name in digits)


def _checked(identity, size, nuisance, glasses, occlusion):
    identity = np.asarray(identity)
    if identity.ndim != 2 or identity.shape[1] != PARAMETERS:
        raise ValueError(
            f"draw_faces: expected identity (N, {PARAMETERS}), got {identity.shape}; "
            "make one with identities()"
        )
    if not ((identity >= 0) & (identity <= 1)).all():
        raise ValueError(
            "draw_faces: expected identity in [0, 1], got values outside or NaN; clip them"
        )
    if size < 8 or not 0 <= nuisance <= HARDEST:
        raise ValueError(
            "draw_faces: expected size of at least 8 pixels and nuisance from 0 to "
            f"{HARDEST:g}, got size {size} and nuisance {nuisance}"
        )
    if not (0 <= glasses <= 1 and 0 <= occlusion <= 1):
        raise ValueError(
            "draw_faces: expected glasses and occlusion as shares in [0, 1], "
            f"got {glasses} and {occlusion}"
        )
    return identity


def _between(table, unit):
    """unit (n, len(table)) in [0, 1] -> a value (n, 1, 1) within its range for each name."""
    columns = np.asarray(unit, np.float32).T[..., None, None]
    pairs = zip(table.items(), columns, strict=True)
    return SimpleNamespace(**{name: low + (high - low) * u for (name, (low, high)), u in pairs})


def _vary(streams, nuisance, shares):
    """The variations of each picture; glasses and cover are 0 or 1: arrays (n, 1, 1)."""
    dice = np.stack([stream.random(2 + len(VARIATIONS)) for stream in streams])
    reach = {
        name: (rest - nuisance * far, rest + nuisance * far)
        for name, (rest, far) in VARIATIONS.items()
    }
    now = _between(reach, dice[:, 2:])
    worn = (dice[:, :2] < shares).astype(np.float32)[..., None, None]
    now.glasses, now.cover = worn[:, 0], worn[:, 1]
    return now
