"""Baselines of one-shot learning: comparing drawings by distances of their ink, without training.

Stands on SciPy. Each function returns the costs of all pairs of a test: drawings of ink, booleans
(M, H, W) and (K, H, W) -> (M, K), small for similar drawings.
"""

import itertools
from dataclasses import dataclass

import numpy as np

CANVAS = 160  # pixels a side, with the centroid of the ink in the middle
DIRECTIONS = 6  # of strokes, half a turn in all
SMOOTHING = 2.0  # pixels: of the ink, and of the structure tensor, before directions are read
FARTHEST = 20.0  # pixels: larger distances are clipped
POINTS = 120  # ink pixels sampled from each drawing
SCALES, TURNS, SHEARS = (0.85, 1.0, 1.18), (-0.2, 0.0, 0.2), (-0.15, 0.0, 0.15)


def modified_hausdorff(items: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The larger of the two mean distances from the ink of one to the nearest ink of the other.

    The drawings are aligned at their centroids.
    Source: Dubuisson and Jain 1994, "A modified Hausdorff distance for object matching", d22.
    """
    from scipy.spatial import cKDTree

    def between(a: np.ndarray, b: np.ndarray) -> float:
        near_b, near_a = trees[id(b)].query(a)[0], trees[id(a)].query(b)[0]
        return max(near_b.mean(), near_a.mean())

    first, second = ([_places(drawing) for drawing in group] for group in (items, classes))
    trees = {id(places): cKDTree(places) for places in (*first, *second)}
    return np.array([[between(a, b) for b in second] for a in first])


def _places(ink: np.ndarray) -> np.ndarray:
    """Positions (n, 2) of the ink relative to its centroid; (0, 0) alone if there is none."""
    places = np.argwhere(ink).astype(np.float64)
    return places - places.mean(axis=0) if len(places) else np.zeros((1, 2))


def oriented_chamfer(items: np.ndarray, classes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Mean distance to the nearest ink of like direction, both ways, under the best affine map.

    The 81 maps combine a scale in each axis, a rotation and a shear. Source: after Barrow et al.
    1977 (chamfer matching), with a field for each direction of strokes (Shotton et al. 2008).
    """
    rng = np.random.default_rng(seed)
    fields = [_Field.of(drawing, rng) for drawing in (*items, *classes)]
    tests, trains = fields[: len(items)], fields[len(items) :]
    maps = _maps()
    onto = np.stack([train.far.reshape(-1) for train in trains])
    back = np.stack([train.flat_index(np.linalg.inv(maps)) for train in trains])  # (K, 81, n)
    costs = [
        onto[:, test.flat_index(maps)].mean(-1) + test.far.reshape(-1)[back].mean(-1)
        for test in tests
    ]
    return np.stack(costs).min(axis=-1)  # (M, K, 81) -> (M, K)


@dataclass(frozen=True)
class _Field:
    """A sample of a drawing's ink, and the distance of each place to ink of each direction."""

    places: np.ndarray  # (POINTS, 2), y and x relative to the centroid
    angles: np.ndarray  # (POINTS,) of the strokes, in [0, π)
    far: np.ndarray  # (DIRECTIONS, CANVAS, CANVAS)

    @staticmethod
    def of(ink: np.ndarray, rng: np.random.Generator) -> "_Field":
        from scipy.ndimage import distance_transform_edt

        canvas = np.zeros((CANVAS, CANVAS), bool)
        rows, columns = np.rint(_places(ink) + CANVAS / 2).astype(int).T
        canvas[rows.clip(0, CANVAS - 1), columns.clip(0, CANVAS - 1)] = True
        angles = _stroke_angles(canvas)
        bins = _bin(angles)
        far = np.full((DIRECTIONS, *canvas.shape), FARTHEST, np.float32)
        for b in range(DIRECTIONS):
            ink_of_direction = canvas & (_apart(bins, b) <= 1)
            if ink_of_direction.any():
                far[b] = distance_transform_edt(~ink_of_direction).clip(max=FARTHEST)
        on = np.argwhere(canvas)
        on = on[rng.choice(len(on), POINTS, replace=len(on) < POINTS)]
        return _Field(on - CANVAS / 2, angles[*on.T], far)

    def flat_index(self, maps: np.ndarray) -> np.ndarray:
        """The flat index into `far` of each point under each map: (maps, POINTS)."""
        moved = np.einsum("mij,pj->mpi", maps, self.places) + CANVAS / 2
        rows, columns = np.moveaxis(np.rint(moved).astype(int).clip(0, CANVAS - 1), -1, 0)
        along = np.stack([np.sin(self.angles), np.cos(self.angles)], axis=-1)
        y, x = np.moveaxis(np.einsum("mij,pj->mpi", maps, along), -1, 0)
        return (_bin(np.arctan2(y, x) % np.pi) * CANVAS + rows) * CANVAS + columns


def _stroke_angles(canvas: np.ndarray) -> np.ndarray:
    """The direction of the stroke at each pixel, in [0, π): normal to the main gradient nearby."""
    from scipy.ndimage import gaussian_filter

    dy, dx = np.gradient(gaussian_filter(canvas.astype(float), SMOOTHING))
    yy, xx, xy = (gaussian_filter(a, SMOOTHING) for a in (dy * dy, dx * dx, dx * dy))
    return (np.arctan2(2 * xy, xx - yy) / 2 + np.pi / 2) % np.pi


def _bin(angles: np.ndarray) -> np.ndarray:
    return (angles * (DIRECTIONS / np.pi)).astype(int) % DIRECTIONS


def _apart(bins: np.ndarray, b: int) -> np.ndarray:
    """The distance of two directions, in steps around the half turn."""
    straight = np.abs(bins - b)
    return np.minimum(straight, DIRECTIONS - straight)


def _maps() -> np.ndarray:
    """Rotation · shear · scale, on (y, x): (81, 2, 2)."""
    maps = []
    for sy, sx, turn, shear in itertools.product(SCALES, SCALES, TURNS, SHEARS):
        cos, sin = np.cos(turn), np.sin(turn)
        maps.append(np.array([[cos, -sin], [sin, cos]]) @ [[1, shear], [0, 1]] @ np.diag([sy, sx]))
    return np.stack(maps)
