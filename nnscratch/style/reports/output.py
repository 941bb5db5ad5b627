"""Pictures for Pillow and checks of file names, which all reports share.

Stands on Pillow and `files`.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from nnscratch.files import check_place


def to_pillow(image, caller: str) -> Image.Image:
    """image (3, H, W) in [0, 1] -> 8-bit RGB. Raises ValueError for another shape."""
    image = np.asarray(image)
    if image.ndim != 3 or len(image) != 3 or not image.size:
        raise ValueError(f"{caller}: expected a picture (3, H, W), got shape {image.shape}")
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(levels.transpose(1, 2, 0))  # (3, H, W) -> (H, W, 3)


def thumbnail(image, side: int, caller: str) -> Image.Image:
    """`to_pillow`, reduced until no side is longer than `side` pixels."""
    picture = to_pillow(image, caller)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture


def check_name(path, suffixes: tuple[str, ...], caller: str) -> Path:
    """The path. Raises ValueError for another suffix, or if no file can be written there."""
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise ValueError(
            f"{caller}: expected a file name ending in {', '.join(suffixes)}, got '{path}'"
        )
    return check_place(path)
