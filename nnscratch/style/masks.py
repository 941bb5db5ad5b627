"""Masks: grey pictures that are white where in a result a style applies.

Stands on `data.images`, on `colour` for luma, and on Pillow for resampling.
"""

import math
import os
from collections.abc import Sequence

import numpy as np
from PIL import Image

from nnscratch.data.images import read_picture
from nnscratch.style.colour import luma

SLACK = 0.01  # relative difference of aspect ratios that is allowed beyond rounding
BLACK = 0.5 / 255  # half a level of 8 bits


def read_mask(path: str | os.PathLike, size_hw: tuple[int, int] | None = None) -> np.ndarray:
    """Read a picture file as a mask: luma, times alpha where there is one.

    size_hw: of the picture it belongs to; None: its own -> (H, W) float32 in [0, 1]
    Raises ValueError, naming the file, if there is no readable picture, if it is black, or if its
    aspect ratio is not that of size_hw.
    """
    picture = read_picture(path)
    mask = luma(picture.image)
    if picture.alpha is not None:
        mask = mask * picture.alpha
    _check_white(mask, f"'{path}'")
    return mask if size_hw is None else fit_mask(mask, size_hw, f"'{path}'")


def fit_mask(mask: np.ndarray, size_hw: tuple[int, int], name: str = "a mask") -> np.ndarray:
    """Bring a mask to a picture's size: mask (H, W) in [0, 1], (H', W') -> (H', W') in [0, 1].

    Shrinking takes the mean of the area that each pixel covers, enlarging is linear; dtype float32.
    Raises ValueError, naming the mask by `name`, if the aspect ratios differ by more than rounding
    and 1 %, or if the result is black.
    """
    mask = _check("fit_mask", mask)
    _check_aspect(mask.shape, size_hw, name)
    shrinks = size_hw[0] < mask.shape[0]
    resampling = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    resized = Image.fromarray(mask).resize(size_hw[::-1], resampling)
    fitted = np.clip(np.asarray(resized), 0, 1)
    _check_white(fitted, name)
    return fitted


def regions(masks: Sequence[np.ndarray | None]) -> np.ndarray:
    """Divide a result among styles: R masks (H, W), or None -> (R, H, W) float32.

    Where masks add up to more than 1, each is divided by the sum. The rest, 1 − their sum, goes to
    those that are None, in equal parts.
    Raises ValueError if the sizes differ, if no mask is given, or nothing is left for a None.
    """
    drawn = [_check("regions", mask) for mask in masks if mask is not None]
    if not drawn:
        raise ValueError("regions: expected at least one mask, got none")
    if len({mask.shape for mask in drawn}) > 1:
        raise ValueError(
            "regions: expected masks of one size, got "
            f"{[mask.shape for mask in drawn]}; fit_mask makes them alike"
        )
    total = np.sum(drawn, axis=0)
    divided = iter(np.stack(drawn) / np.maximum(total, 1))
    others = len(masks) - len(drawn)
    rest = np.clip(1 - total, 0, 1) / max(others, 1)
    if others:
        _check_white(rest, "what the masks leave to the others")
    return np.stack([rest if mask is None else next(divided) for mask in masks])


def _check(caller: str, mask: np.ndarray) -> np.ndarray:
    """The mask as float32, or ValueError."""
    mask = np.asarray(mask, np.float32)
    if mask.ndim != 2 or not mask.size:
        raise ValueError(f"{caller}: expected a mask (H, W), got shape {mask.shape}")
    if not (mask.min() >= 0 and mask.max() <= 1):  # NaN as well
        raise ValueError(
            f"{caller}: expected values in [0, 1], got {mask.min():g} to {mask.max():g}"
        )
    return mask


def _check_white(mask: np.ndarray, name: str) -> None:
    height, width = mask.shape
    if mask.max() < BLACK:
        raise ValueError(
            f"mask: expected some white, got {name} black at {width}×{height} pixels; "
            "paint white where the style applies"
        )


def _check_aspect(shape: tuple[int, ...], size_hw: tuple[int, int], name: str) -> None:
    """Raise ValueError for a mask whose aspect ratio is not that of its picture."""
    if min(size_hw) < 1:
        raise ValueError(f"fit_mask: expected sides of at least 1 pixel, got {tuple(size_hw)}")
    (least, most), (picture_least, picture_most) = _ratios(*shape), _ratios(*size_hw)
    if least > picture_most * (1 + SLACK) or picture_least > most * (1 + SLACK):
        (height, width), (picture_height, picture_width) = shape, size_hw
        raise ValueError(
            f"mask: expected the shape of the picture, {picture_width}×{picture_height} pixels, "
            f"got {name} of {width}×{height}; draw it on the picture itself, or crop it alike"
        )


def _ratios(height: int, width: int) -> tuple[float, float]:
    """The least and the greatest width / height that this size may be the rounding of."""
    widest = width / (height - 1) if height > 1 else math.inf
    return min((width - 1) / height, width / (height + 1)), max((width + 1) / height, widest)
