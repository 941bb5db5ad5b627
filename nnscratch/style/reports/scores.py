"""Quality scores of stylised pictures: similarity to the style and to the content.

Stands on `similarity` and `texture`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from nnscratch.data.images import resize_image
from nnscratch.style.reports import similarity
from nnscratch.style.texture import luma

Signature = Callable[..., np.ndarray]  # of a picture, and levels

MEASURES: dict[str, Signature] = {
    "texture": similarity.texture_signature,
    "patches": similarity.patch_signature,
    "colour": lambda image, levels: similarity.colour_signature(image),
}
LEAST = 32  # pixels, smallest shorter side
LEVELS = 4  # scales of a measure, where the pictures are large enough
ROOM = {"texture": 8, "patches": 16}  # pixels, smallest side of a quarter at the coarsest scale
APART = 1.2  # smallest ceiling over floor for which a measure gives scores


@dataclass(frozen=True)
class Scale:
    """The distances that get the scores 0 (floor) and 1 (ceiling)."""

    floor: float
    ceiling: float

    def score(self, distance: float) -> float | None:
        """(distance − floor) / (ceiling − floor); None if floor and ceiling are too close."""
        if self.ceiling <= APART * self.floor:
            return None
        return (distance - self.floor) / (self.ceiling - self.floor)


@dataclass(frozen=True)
class Score:
    """The scores of one picture.

    texture, patches, colour: 0 if as similar to the style as another part of the style is, below 0
        if more similar, 1 if as different as the content; None if the content is as similar to the
        style as the style's own parts
    style: the mean of those that are not None
    ssim, edges: similarity to the content; 1 if equal
    """

    name: str
    texture: float | None
    patches: float | None
    colour: float | None
    style: float | None
    ssim: float
    edges: float


@dataclass(frozen=True)
class StyleReport:
    """Scores of all pictures, the best style score first, and the scale and levels by measure."""

    scores: list[Score]
    scales: dict[str, Scale]
    levels: dict[str, int]

    def silent(self) -> list[str]:
        """The measures that cannot distinguish this content from this style."""
        return [name for name, scale in self.scales.items() if scale.score(0.0) is None]


def style_report(content, style, results: Mapping[str, np.ndarray]) -> StyleReport:
    """Scores of results by name; all pictures (3, H, W) RGB in [0, 1], at one scale.

    Paintings differ from part to part, so parts are compared: each quarter of a result (half the
    height, half the width) with the most similar of nine overlapping parts of that size of the
    style; a distance is the mean over quarters. Floor: each quarter of the style with the most
    similar of the other three. Ceiling: the content. A crop of the style scores below 0, the
    content 1. Nothing is random.

    Raises ValueError if a picture is not RGB or narrower than 32 pixels, or if there are no
    results.
    """
    if not results:
        raise ValueError("style_report: expected at least one result, got none")
    pictures = [("content", content), ("style", style), *results.items()]
    side = min(_check_picture(*picture) for picture in pictures)
    levels = {name: min(LEVELS, int(np.log2(side / room))) for name, room in ROOM.items()}
    scales: dict[str, Scale] = {}
    by_measure: dict[str, list[float | None]] = {}
    for name, signature in MEASURES.items():
        measure = partial(signature, levels=levels.get(name, 1))
        scales[name], distances = _compare(measure, content, style, results.values())
        by_measure[name] = [scales[name].score(distance) for distance in distances]
    scores = [
        _score(content, result, name, {m: by_measure[m][i] for m in MEASURES})
        for i, (name, result) in enumerate(results.items())
    ]
    return StyleReport(sorted(scores, key=_rank), scales, levels)


def _compare(signature, content, style, images) -> tuple[Scale, list[float]]:
    """The scale of a measure, and the distance of each image from the style."""

    def signatures(image: np.ndarray, steps: int) -> np.ndarray:
        return np.stack([signature(part) for part in _parts(image, steps)])

    nine = signatures(style, 2)  # (9, D)
    ceiling, *distances = (
        float(_nearest(signatures(image, 1), nine).mean()) for image in (content, *images)
    )
    return Scale(_floor(nine[[0, 2, 6, 8]]), ceiling), distances


def _parts(image: np.ndarray, steps: int) -> list[np.ndarray]:
    """(steps + 1)² evenly spaced parts of half the height and width."""
    height, width = (side // 2 for side in image.shape[1:])
    down, across = (
        [(side - side // 2) * i // steps for i in range(steps + 1)] for side in image.shape[1:]
    )
    return [image[:, y : y + height, x : x + width] for y in down for x in across]


def _nearest(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of each signature (N, D) to the nearest of (M, D) -> (N,)."""
    return np.array([np.linalg.norm(others - row, axis=1).min() for row in rows])


def _floor(quarters: np.ndarray) -> float:
    """Mean distance of each quarter's signature to the nearest of the others."""
    others = [np.delete(quarters, i, axis=0) for i in range(len(quarters))]
    return float(np.mean([_nearest(q[None], o) for q, o in zip(quarters, others, strict=True)]))


def _score(content, result, name: str, by_measure: Mapping[str, float | None]) -> Score:
    known = [score for score in by_measure.values() if score is not None]
    if result.shape != content.shape:
        result = resize_image(result, content.shape[1:])
    greys = luma(content), luma(result)
    mean = float(np.mean(known)) if known else None
    ssim, edges = similarity.ssim(*greys), similarity.edge_correlation(*greys)
    return Score(name, **by_measure, style=mean, ssim=ssim, edges=edges)


def _rank(score: Score) -> tuple[bool, float]:
    return score.style is None, score.style or 0.0


def _check_picture(name: str, image: np.ndarray) -> int:
    """The shorter side; ValueError if the picture cannot be measured."""
    if image.ndim != 3 or image.shape[0] != 3 or image.dtype.kind != "f":
        raise ValueError(
            f"style_report: expected RGB floats (3, H, W) for {name}, got {image.dtype} of shape "
            f"{image.shape}"
        )
    height, width = image.shape[1:]
    if min(height, width) < LEAST:
        raise ValueError(
            f"style_report: expected sides of at least {LEAST} pixels, got {width} × {height} for "
            f"{name}; take a larger size"
        )
    if not np.isfinite(image).all():
        raise ValueError(f"style_report: expected finite values, got others in {name}")
    return min(height, width)
