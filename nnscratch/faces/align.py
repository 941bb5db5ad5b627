"""Alignment: rotate, scale and shift faces so that their eyes are at the same places.

Stands on `data`. The positions of the eyes must be known: there is no detector here.
"""

import csv
from pathlib import Path

import numpy as np

from nnscratch.data.augment import sample
from nnscratch.data.images import resize_image

EYES_AT = ((0.3, 0.4), (0.7, 0.4))  # (x, y) as shares of width and height: left, right
COLUMNS = ("file", "left_x", "left_y", "right_x", "right_y")


def align(image: np.ndarray, eyes, size=(112, 92), eyes_at=EYES_AT, fill=None) -> np.ndarray:
    """The face rotated, scaled and shifted so that its eyes are at eyes_at.

    image (C, H, W) floats in [0, 1], eyes ((x, y), (x, y)) in pixels, size (H', W') -> (C, H', W')
    The left eye is the one at the left of the picture; (0, 0) is the centre of the first pixel.
    eyes_at are shares of W' and H', from edge to edge: share · side − 0.5 is the pixel. fill: the
    grey level outside the picture; None repeats the edge.

    Raises ValueError if the eyes are not two different places in the picture, left before right.
    """
    _check_image("align", image)
    eyes = _check_eyes(eyes, image.shape[1:])
    places = np.asarray(eyes_at, np.float64) * (size[1], size[0]) - 0.5
    return crop(image, similarity(places, eyes), size, fill)


def crop(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], fill=None) -> np.ndarray:
    """A picture resampled under an affine map.

    image (C, H, W) floats in [0, 1], matrix (2, 3): output (x, y, 1) -> input (x, y), in pixels,
    size (H', W') -> (C, H', W')
    Bilinear; a picture that shrinks is first resized with Lanczos' filter. With five points of a
    face instead of its eyes: crop(image, similarity(template, points), size).

    Raises ValueError unless image is (C, H, W), all is finite and size is at least one pixel.
    """
    _check_image("crop", image)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"crop: expected size (H, W) of at least one pixel, got {size}")
    matrix = np.asarray(matrix, np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise ValueError(f"crop: expected a finite matrix (2, 3), got {matrix.tolist()}")
    smaller, matrix = _shrink(image, matrix)
    y, x = np.indices(size)
    columns, rows = matrix @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    rows, columns = (places.reshape(1, *size) for places in (rows, columns))
    return sample(smaller[None], rows, columns, fill)[0].astype(image.dtype)


def _shrink(image, matrix):
    """The picture at the scale of the output, if that is smaller, and its matrix."""
    ratio = np.sqrt(abs(np.linalg.det(matrix[:, :2])))  # input pixels per output pixel
    if ratio <= 1:
        return image, matrix
    height, width = (max(1, round(side / ratio)) for side in image.shape[1:])
    factor = np.array([[width / image.shape[2]], [height / image.shape[1]]])
    matrix = matrix * factor
    matrix[:, 2:] += (factor - 1) / 2  # coordinates refer to pixel centres
    return resize_image(image, (height, width)), matrix


def similarity(from_points, to_points) -> np.ndarray:
    """The rotation, scale and shift that map points to others, by least squares.

    from_points, to_points (K, 2) of x, y -> (2, 3) with to ≈ matrix @ (x, y, 1)
    Points are complex numbers about their means: to = a · from + b, a = Σ f̄·t / Σ |f|².
    Source: Umeyama 1991. Differs from the paper: in the plane and without mirroring it needs no
    singular values.

    Raises ValueError unless there are two lists of K >= 2 finite points, not all at one place.
    """
    start, goal = (np.asarray(points, np.float64) for points in (from_points, to_points))
    if start.shape != goal.shape or start.ndim != 2 or start.shape[1] != 2 or len(start) < 2:
        raise ValueError(
            f"similarity: expected two lists of K >= 2 points (K, 2), got {start.shape} and "
            f"{goal.shape}"
        )
    if not (np.isfinite(start).all() and np.isfinite(goal).all()):
        raise ValueError("similarity: expected finite points, got NaN or infinity among them")
    f, t = start @ (1, 1j), goal @ (1, 1j)  # (K, 2) -> (K,)
    spread = (abs(f - f.mean()) ** 2).sum()
    if spread == 0:
        raise ValueError("similarity: expected different points to start from, got one place only")
    a = ((f - f.mean()).conj() * (t - t.mean())).sum() / spread
    b = t.mean() - a * f.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def read_eyes(path) -> dict[str, np.ndarray]:
    """Read positions of eyes: a CSV file with the header file,left_x,left_y,right_x,right_y.

    path -> {file: (2, 2)}, rows left and right eye, columns x and y in pixels

    Raises ValueError naming the line if a column, a number or the file is missing, or a picture
    occurs twice.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"read_eyes: expected a CSV file, got no file at '{path}'; check the path")
    eyes: dict[str, np.ndarray] = {}
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        rows = csv.DictReader(stream)
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise ValueError(
                f"read_eyes: expected columns {','.join(COLUMNS)} in '{path}', "
                f"got {rows.fieldnames}; name them in the first line, with commas between"
            )
        for row in rows:
            where = f"line {rows.line_num} of '{path}'"
            if row["file"] in eyes:
                raise ValueError(f"read_eyes: '{row['file']}' occurs again in {where}; delete one")
            eyes[row["file"]] = _numbers(row, where)
    return eyes


def _numbers(row, where):
    """The four numbers of a row as (2, 2)."""
    try:
        values = np.array([float(row[name]) for name in COLUMNS[1:]])
    except (TypeError, ValueError) as error:
        raise ValueError(f"read_eyes: expected four numbers in {where}, got {row}") from error
    if not np.isfinite(values).all():
        raise ValueError(f"read_eyes: expected finite numbers in {where}, got {row}")
    return values.reshape(2, 2)


def _check_image(caller, image):
    if image.ndim != 3 or 0 in image.shape or image.dtype.kind != "f":
        raise ValueError(
            f"{caller}: expected image (C, H, W) of floats, got {image.dtype} {image.shape}"
        )
    if not np.isfinite(image).all():
        raise ValueError(f"{caller}: expected finite values, got NaN or infinity in the image")


def _check_eyes(eyes, size_hw):
    """Two places (2, 2) inside the picture, the left one first."""
    eyes = np.asarray(eyes, np.float64)
    if eyes.shape != (2, 2):
        raise ValueError(f"align: expected eyes ((x, y), (x, y)), got shape {eyes.shape}")
    height, width = size_hw
    for name, (x, y) in zip(("left", "right"), eyes, strict=True):
        if not (np.isfinite(x) and np.isfinite(y)):
            raise ValueError(f"align: expected numbers for the {name} eye, got ({x}, {y})")
        if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
            raise ValueError(
                f"align: expected the {name} eye in the picture of {width} × {height} pixels, "
                f"got x {x:g}, y {y:g}; order is x, y"
            )
    if np.hypot(*(eyes[1] - eyes[0])) < 1:
        raise ValueError(
            f"align: expected eyes at two places, got both at x {eyes[0, 0]:g}, y {eyes[0, 1]:g}"
        )
    if eyes[0, 0] > eyes[1, 0]:
        raise ValueError(
            f"align: expected the left eye left of the right one, got x {eyes[0, 0]:g} and "
            f"{eyes[1, 0]:g}; give the eye at the left of the picture first, or turn the picture "
            "upright"
        )
    return eyes
