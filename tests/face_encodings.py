"""Encodings, a gallery of them, and distances, as a network of faces would give them."""

import math

import numpy as np

from nnscratch.faces.gallery import Gallery

NETWORK = "0123456789abcdef"


def unit(rng, *shape):
    x = rng.standard_normal(shape).astype(np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def three_people(rng):
    return {"Ann": unit(rng, 3, 8), "Zoë": unit(rng, 1, 8), "李 雷": unit(rng, 2, 8)}


def gallery_of(people):
    made = Gallery(8, NETWORK)
    for name, rows in people.items():
        made.enrol(name, rows)
    return made


def scores(rng, count=300, decimals=None):
    """Overlapping distances of same and different pairs; rounded, they have ties."""
    same = rng.random(count) < 0.4
    distances = rng.normal(np.where(same, 0.8, 1.3), 0.3)
    return (distances if decimals is None else distances.round(decimals)), same


def dot(a, b):
    """Σ a·b, rounded once."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def distance_by_loops(a, b, metric):
    """The distance of two lists of numbers, one term after another."""
    if metric == "cosine":
        return 0.0 if a == b else 1 - dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))
    squared = math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return squared if metric == "squared" else math.sqrt(squared)
