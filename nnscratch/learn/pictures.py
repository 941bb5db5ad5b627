"""Draws a learner's result beside the expected one, if the arrays are images.

Stands on `cases`, `files` and Pillow.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nnscratch.files import replacing
from nnscratch.learn.cases import ClaimCase

SIDE, GAP, LINE = 192, 12, 18  # pixels
FOLDER = ".nnscratch"


def compare(case: ClaimCase, file: Path) -> str | None:
    """Draw both and their difference. -> path relative to the file's folder; None: no images."""
    pairs = [
        (name, case.observed.values[name].array, case.expected.values[name].array)
        for name in case.claim.image
        if name in case.observed.values and name in case.expected.values
    ]
    pairs = [pair for pair in pairs if _is_image(pair[1]) and _is_image(pair[2])]
    if not pairs:
        return None
    place = Path(FOLDER, f"{file.stem}.png")
    target = file.parent / place
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as temporary:
        draw(pairs).save(temporary, format="PNG")
    return str(place)


def draw(pairs: list[tuple[str, np.ndarray, np.ndarray]]) -> Image.Image:
    """A row for each name: yours, expected, difference."""
    page = Image.new("RGB", (3 * (SIDE + GAP) - GAP, len(pairs) * (SIDE + LINE + GAP)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for i, (name, yours, expected) in enumerate(pairs):
        low, high = _range(expected)
        shown = {"yours": yours, "expected": expected}
        if yours.shape == expected.shape:
            shown["difference"] = low + np.abs(yours - expected)
        for j, (label, array) in enumerate(shown.items()):
            x, y = j * (SIDE + GAP), i * (SIDE + LINE + GAP)
            page.paste(_tile(array, low, high), (x, y + LINE))
            pen.text((x, y), f"{name}: {label}", "#222222", font)
    return page


def _is_image(array: np.ndarray) -> bool:
    """(H, W), (1, H, W), (3, H, W), or a batch of these, of at least 2 × 2."""
    return array.dtype.kind in "fiub" and array.ndim >= 2 and min(array.shape[-2:]) >= 2


def _plane(array: np.ndarray) -> np.ndarray:
    """The first image: (H, W) or (H, W, 3)."""
    while array.ndim > 3 or (array.ndim == 3 and array.shape[0] != 3):
        array = array[0]
    return array.transpose(1, 2, 0) if array.ndim == 3 else array


def _range(expected: np.ndarray) -> tuple[float, float]:
    finite = expected[np.isfinite(expected)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1


def _tile(array: np.ndarray, low: float, high: float) -> Image.Image:
    shares = np.nan_to_num((_plane(array).astype(float) - low) / (high - low))
    pixels = np.round(shares.clip(0, 1) * 255).astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST)
