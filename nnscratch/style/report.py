"""How good stylised pictures are, in figures: like the style in its parts, like the content.

Stands on `likeness`. What is compared, and with what, is all here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nnscratch.data.images import resize_image
from nnscratch.style.likeness import (
    colour_signature,
    edge_correlation,
    patch_signature,
    ssim,
    texture_signature,
)
from nnscratch.style.texture import luma

Signature = Callable[[np.ndarray, int], np.ndarray]

MEASURES: dict[str, Signature] = {
    "texture": texture_signature,
    "patches": patch_signature,
    "colour": lambda image, levels: colour_signature(image),
}
LEAST = 32  # pixels of the shorter side
LEVELS = 4  # where there is room for them
ROOM = {"texture": 8, "patches": 16}  # least pixels of the coarsest level, of a half
APART = 1.2  # ceiling over floor, below which a measure says nothing


@dataclass(frozen=True)
class Scale:
    """The distances that are 0 and 1 of a score."""

    floor: float
    ceiling: float

    def score(self, distance: float) -> float | None:
        """(distance − floor) / (ceiling − floor); None where these are too close to tell."""
        if self.ceiling <= APART * self.floor:
            return None
        return (distance - self.floor) / (self.ceiling - self.floor)


@dataclass(frozen=True)
class Score:
    """The figures of one picture.

    texture, patches, colour: 0 as like the style as another part of it (below 0: liker), 1 as
    unlike as the content; None where the content is as like the style as its own parts are
    style: the mean of those there are
    ssim, edges: how like the content; 1 is equal
    """

    name: str
    texture: float | None
    patches: float | None
    colour: float | None
    style: float | None
    ssim: float
    edges: float


@dataclass(frozen=True)
class Report:
    """Figures of all pictures, the best in style first, and by what they are scaled."""

    scores: list[Score]
    scales: dict[str, Scale]
    levels: dict[str, int]

    def silent(self) -> list[str]:
        """The measures that cannot tell this content from this style."""
        return [name for name, scale in self.scales.items() if scale.score(0.0) is None]


def style_report(
    content: np.ndarray, style: np.ndarray, results: Mapping[str, np.ndarray]
) -> Report:
    """Figures for results by name; all pictures (3, H, W) RGB in [0, 1], at one scale.

    Paintings are not the same all over, so pictures are compared part by part: each quarter of a
    result (half the height, half the width) with the nearest of nine overlapping parts of that
    size of the style, and the mean taken. Floor: each quarter of the style with the nearest of the
    other three. Ceiling: the content. A crop of the style comes out below 0, the content at 1.
    Nothing is random.

    Raises ValueError if a picture is no RGB, or narrower than 32 pixels; or if there are no
    results.
    """
    if not results:
        raise ValueError("style_report: expected at least one result, got none")
    pictures = [("content", content), ("style", style), *results.items()]
    side = min(_checked(*picture) for picture in pictures)
    levels = {name: min(LEVELS, int(np.log2(side / room))) for name, room in ROOM.items()}
    scales: dict[str, Scale] = {}
    parts: dict[str, dict[str, float | None]] = {name: {} for name in results}
    for measure, signature in MEASURES.items():
        at = levels.get(measure, 1)
        scales[measure], distances = _compare(signature, at, content, style, results)
        for name, distance in zip(results, distances, strict=True):
            parts[name][measure] = scales[measure].score(distance)
    scores = [_score(content, result, name, parts[name]) for name, result in results.items()]
    return Report(sorted(scores, key=_rank), scales, levels)


def _compare(
    signature: Signature,
    levels: int,
    content: np.ndarray,
    style: np.ndarray,
    results: Mapping[str, np.ndarray],
) -> tuple[Scale, list[float]]:
    """What is 0 and 1 by this measure, and the distance of each result."""

    def signatures(image: np.ndarray, steps: int) -> np.ndarray:
        return np.stack([signature(part, levels) for part in _parts(image, steps)])

    parts = signatures(style, 2)  # (9, D)
    ceiling = _nearest(signatures(content, 1), parts).mean()
    distances = [float(_nearest(signatures(x, 1), parts).mean()) for x in results.values()]
    return Scale(_floor(parts[[0, 2, 6, 8]]), float(ceiling)), distances


def _parts(image: np.ndarray, steps: int) -> list[np.ndarray]:
    """Parts of half the height and width, (steps + 1)² of them at even distances."""
    height, width = (side // 2 for side in image.shape[1:])
    down, across = (
        [(side - side // 2) * i // steps for i in range(steps + 1)] for side in image.shape[1:]
    )
    return [image[:, y : y + height, x : x + width] for y in down for x in across]


def _nearest(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The distance of each signature (N, D) to the nearest of (M, D): -> (N,)."""
    return np.array([np.linalg.norm(others - row, axis=1).min() for row in rows])


def _floor(quarters: np.ndarray) -> float:
    """The mean distance of each quarter's signature to the nearest of the others."""
    others = [np.delete(quarters, i, axis=0) for i in range(len(quarters))]
    return float(np.mean([_nearest(q[None], o) for q, o in zip(quarters, others, strict=True)]))


def _score(
    content: np.ndarray, result: np.ndarray, name: str, parts: Mapping[str, float | None]
) -> Score:
    told = [part for part in parts.values() if part is not None]
    if result.shape != content.shape:
        result = resize_image(result, (content.shape[1], content.shape[2]))
    greys = luma(content), luma(result)
    return Score(
        name,
        texture=parts["texture"],
        patches=parts["patches"],
        colour=parts["colour"],
        style=float(np.mean(told)) if told else None,
        ssim=ssim(*greys),
        edges=edge_correlation(*greys),
    )


def _rank(score: Score) -> tuple[bool, float]:
    return score.style is None, score.style or 0.0


def _checked(name: str, image: np.ndarray) -> int:
    """The shorter side of a picture that can be measured."""
    if image.ndim != 3 or image.shape[0] != 3 or image.dtype.kind != "f":
        raise ValueError(
            f"style_report: expected RGB floats (3, H, W) for {name}, got {image.dtype} of shape "
            f"{image.shape}"
        )
    if min(image.shape[1:]) < LEAST:
        height, width = image.shape[1:]
        raise ValueError(
            f"style_report: expected sides of at least {LEAST} pixels, got {width} × {height} for "
            f"{name}; take a larger size"
        )
    if not np.isfinite(image).all():
        raise ValueError(f"style_report: expected finite values, got others in {name}")
    return min(image.shape[1:])
