"""Pictures of people, from folders or an .npz file, and splits without a person in both parts.

Stands on NumPy and `data.images`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnscratch.data.images import read_image, resize_image
from nnscratch.files import open_arrays

SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff",
    ".pgm", ".ppm", ".pbm", ".pnm",
)  # fmt: skip
FITS = ("crop", "pad", "stretch")


@dataclass(frozen=True, eq=False, repr=False)
class People:
    """Pictures by person: images (N, C, H, W) float32 in [0, 1], labels (N,), names of the labels.

    sources: the origin of each picture, or empty. skipped: pictures that were left out, because
    they are broken or their person has too few. ignored: files and folders without a picture of a
    person.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    sources: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shapes = f"images {self.images.shape} and labels {self.labels.shape}"
        if self.images.ndim != 4 or self.labels.shape != self.images.shape[:1]:
            raise ValueError(f"People: expected images (N, C, H, W) and labels (N,), got {shapes}")
        if self.sources and len(self.sources) != len(self.images):
            raise ValueError(f"People: expected a source a picture, got {len(self.sources)}")
        if self.labels.dtype.kind not in "iu":
            raise TypeError(f"People: expected whole numbers as labels, got {self.labels.dtype}")
        if len(self) and not 0 <= self.labels.min() <= self.labels.max() < len(self.names):
            raise ValueError(
                f"People: expected labels from 0 to {len(self.names) - 1}, one for each name, "
                f"got {self.labels.min()} to {self.labels.max()}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        text = f"{len(self)} pictures of {len(self.names)} people, "
        text += " × ".join(map(str, self.images.shape[1:]))
        text += f", {len(self.skipped)} skipped" if self.skipped else ""
        return text + (f", {len(self.ignored)} ignored" if self.ignored else "")

    @property
    def counts(self) -> np.ndarray:
        """The number of pictures of each person: (len(names),)."""
        return np.bincount(self.labels, minlength=len(self.names))

    def only(self, numbers: Iterable[int]) -> "People":
        """The people with these labels, renumbered from 0 in the order given."""
        numbers = [int(number) for number in numbers]
        if len(set(numbers)) < len(numbers) or not set(numbers) <= set(range(len(self.names))):
            raise ValueError(
                f"People.only: expected different numbers below {len(self.names)}, got {numbers}"
            )
        renumbered = np.full(len(self.names), -1)
        renumbered[numbers] = np.arange(len(numbers))
        rows = np.flatnonzero(renumbered[self.labels] >= 0)
        sources = tuple(self.sources[row] for row in rows) if self.sources else ()
        names = tuple(self.names[number] for number in numbers)
        return People(self.images[rows], renumbered[self.labels[rows]], names, sources)


def split_people(people: People, held_out: float, seed=0) -> tuple[People, People]:
    """Split by person, at random: -> (people to train on, people held out).

    held_out: a number of people, or a share between 0 and 1; seed: a number or a Generator

    Raises ValueError unless at least one person is left on either side.
    """
    total = len(people.names)
    count = round(held_out * total) if 0 < held_out < 1 else held_out
    if not 0 < count < total or count != int(count):
        raise ValueError(
            f"split_people: expected to hold out 1 to {total - 1} of {total} people, "
            f"or a share between 0 and 1, got {held_out}"
        )
    order = np.random.default_rng(seed).permutation(total)
    rest, held = np.sort(order[int(count) :]), np.sort(order[: int(count)])
    return people.only(rest), people.only(held)


def folds(people: People, count: int) -> Iterator[tuple[People, People]]:
    """Hold out each person once: count pairs (all others, a group of adjacent people), in order.

    The groups differ by at most one person in size; 40 people in 8 folds are 8 groups of 5.

    Raises ValueError unless 2 <= count <= number of people.
    """
    total = len(people.names)
    if not 2 <= count <= total:
        raise ValueError(f"folds: expected 2 to {total} folds for {total} people, got {count}")
    everyone = np.arange(total)
    groups = np.array_split(everyone, count)
    return ((people.only(np.setdiff1d(everyone, g)), people.only(g)) for g in groups)


# -- reading --------------------------------------------------------------------------------------


class _Picture(NamedTuple):
    """A picture (C, H, W), None if it is broken, with its person and its origin."""

    image: np.ndarray | None
    owner: str
    source: str


def read_people(
    source, size=None, grey=True, min_images=1, min_people=2,
    fit="crop", skip_bad=False, drop_few=False,
) -> People:  # fmt: skip
    """Read pictures of people from a folder with a folder for each person, or from an .npz file.

    source, size (pixels: a side or (H, W); None keeps the size) -> People
    Folders: source/person/picture, as in LFW and ORL, sorted with s2 before s10. Hidden files,
    files without one of SUFFIXES, files beside the people's folders, folders within them and
    folders without a picture are listed in `ignored`.
    .npz: `images` (N, H, W), (N, 1 or 3, H, W) or (N, H, W, 1 or 3), bytes or floats in [0, 1],
    and `labels` (N,), whole numbers or text, which become the names; no pickle.
    grey: 1 channel (0.299 R + 0.587 G + 0.114 B, ITU-R BT.601), else 3.
    fit: how a picture of another shape is brought to size: "crop" cuts off both ends, "pad" repeats
    the edge, "stretch" distorts. Resampled with Lanczos' filter.
    skip_bad: list broken pictures in `skipped`; drop_few: list there the pictures of people who
    have fewer than min_images. Otherwise either is an error.

    Raises ValueError if the source is not as described, or sizes differ and size is None.
    """
    source, size_hw = Path(source), _check_size(size, fit)

    def prepare(image):
        return _resize(_in_mode(image, grey), size_hw, fit)

    if source.is_file():
        pictures, ignored = _read_arrays(source, prepare), []
    else:
        pictures, ignored = _read_folder(source, prepare, skip_bad)
    counts = Counter(p.owner for p in pictures if p.image is not None)
    names = _names(source, pictures, counts, min_images, drop_few)
    if len(names) < min_people:
        raise ValueError(
            f"read_people: expected at least {min_people} people, got {len(names)} with enough "
            f"pictures ({min_images}) in '{source}'; give each person a folder of their own"
        )
    numbers = {name: at for at, name in enumerate(names)}
    usable = [p for p in pictures if p.image is not None and p.owner in numbers]
    skipped = tuple(p.source for p in pictures if p.image is None or p.owner not in numbers)
    labels = np.array([numbers[p.owner] for p in usable])
    sources = tuple(p.source for p in usable)
    return People(_stack(usable), labels, names, sources, skipped, tuple(ignored))


def _natural(name):
    """A key that sorts s2 before s10."""
    parts = re.split("([0-9]+)", name.lower())
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


def _names(source, pictures, counts, least, drop_few):
    """The people with at least that many pictures, in natural order."""
    everyone = sorted({picture.owner for picture in pictures}, key=_natural)
    few = [name for name in everyone if counts[name] < least]
    if few and not drop_few:
        others = f" and too few of {len(few) - 1} others" if len(few) > 1 else ""
        raise ValueError(
            f"read_people: expected at least {least} pictures of each person, got "
            f"{counts[few[0]]} of '{few[0]}'{others} in '{source}'; add pictures, or leave such "
            "people out with drop_few"
        )
    return tuple(name for name in everyone if name not in few)


def _stack(pictures):
    """Pictures of one size -> (N, C, H, W)."""
    first = pictures[0]
    other = next((p for p in pictures if p.image.shape != first.image.shape), None)
    if other is not None:
        raise ValueError(
            f"read_people: expected pictures of one size, got {first.image.shape[1:]} in "
            f"'{first.source}' and {other.image.shape[1:]} in '{other.source}'; name a common size"
        )
    return np.stack([picture.image for picture in pictures])


# -- folders --------------------------------------------------------------------------------------


def _read_folder(folder, prepare, skip_bad):
    """The pictures folder/person/picture as _Picture, and the names of everything else."""
    paths, ignored = _find_pictures(folder)
    pictures = []
    for path in paths:
        try:
            image = prepare(read_image(path))
        except ValueError:
            if not skip_bad:
                raise
            image = None
        pictures.append(_Picture(image, path.parent.name, path.relative_to(folder).as_posix()))
    return pictures, ignored


def _find_pictures(folder):
    """Paths of the pictures in folder/person/, in natural order, and names of everything else."""
    if not folder.is_dir():
        raise ValueError(
            f"read_people: expected a folder or an .npz file, got nothing at '{folder}'; "
            "check the path"
        )
    paths, ignored = [], []
    for person in _contents(folder):
        inside = [] if person.name.startswith(".") or not person.is_dir() else _contents(person)
        pictures = [path for path in inside if _is_picture(path)]
        paths += pictures
        ignored += [path for path in inside if not _is_picture(path)] if pictures else [person]
    if not paths:
        raise ValueError(f"read_people: expected a folder for each person, {_what_else(folder)}")
    return paths, [path.relative_to(folder).as_posix() for path in ignored]


def _contents(folder):
    return sorted(folder.iterdir(), key=lambda path: _natural(path.name))


def _is_picture(path):
    return path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.is_file()


def _what_else(folder):
    """The contents of a folder without people, with a remedy."""
    if any(_is_picture(path) for path in folder.iterdir()):
        return (
            f"got pictures in '{folder}' itself; put those of each person into a folder with "
            "the person's name"
        )
    deeper = next((path for path in folder.rglob("*") if _is_picture(path)), None)
    if deeper:
        return f"got pictures deeper in '{folder}'; name '{deeper.parent.parent}' instead"
    return f"got no pictures in '{folder}'; it should hold files ending in {', '.join(SUFFIXES)}"


# -- arrays ---------------------------------------------------------------------------------------


def _read_arrays(path, prepare):
    """The pictures of an .npz file, in its order."""
    remedy = "save it anew with numpy.savez(path, images=..., labels=...)"
    arrays = open_arrays(path, "read_people", remedy, "an .npz file of plain arrays")
    if not {"images", "labels"} <= set(arrays):
        raise ValueError(
            f"read_people: expected arrays images and labels in '{path}', got {sorted(arrays)}; "
            "rename them"
        )
    images, labels = _channels_first(path, arrays["images"]), arrays["labels"]
    if labels.shape not in ((len(images),), (len(images), 1)) or labels.dtype.kind not in "iuU":
        raise ValueError(
            f"read_people: expected {len(images)} labels, whole numbers or text, got "
            f"{labels.dtype} {labels.shape} in '{path}'"
        )
    return [
        _Picture(prepare(image), str(label), f"{path.name}[{at}]")
        for at, (image, label) in enumerate(zip(images, labels.reshape(-1), strict=True))
    ]


def _channels_first(path, images):
    """Bytes or floats of any of the three layouts -> (N, C, H, W) float32 in [0, 1]."""
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in (1, 3):
        images = images.transpose(0, 3, 1, 2)  # (N, H, W, C) -> (N, C, H, W)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise ValueError(
            f"read_people: expected images (N, H, W), (N, 1 or 3, H, W) or (N, H, W, 1 or 3), "
            f"got {images.shape} in '{path}'"
        )
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 255
    if images.dtype.kind != "f" or not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(
            f"read_people: expected bytes (uint8) or floats from 0 to 1, got {images.dtype} from "
            f"{images.min()} to {images.max()} in '{path}'; save bytes, or divide them by 255"
        )
    return images.astype(np.float32)


# -- one mode, one size ---------------------------------------------------------------------------


def _in_mode(image, grey):
    """(1 or 3, H, W) -> (1, H, W) if grey, else (3, H, W)."""
    if len(image) == 1:
        return image if grey else np.repeat(image, 3, axis=0)
    red, green, blue = image
    # in this form equal channels keep their exact values
    return (green + 0.299 * (red - green) + 0.114 * (blue - green))[None] if grey else image


def _check_size(size, fit):
    if fit not in FITS:
        raise ValueError(f"read_people: expected fit in {FITS}, got {fit!r}")
    size_hw = size if size is None or np.ndim(size) else (size, size)
    if size_hw is not None and (len(size_hw) != 2 or min(size_hw) < 1):
        raise ValueError(f"read_people: expected a side or (H, W) in pixels, got {size}")
    return size_hw


def _resize(image, size_hw, fit):
    """Crop or pad to the aspect ratio of size_hw, then resample."""
    if size_hw is None or image.shape[1:] == tuple(size_hw):
        return image
    if fit == "stretch":
        return resize_image(image, size_hw)
    pick = min if fit == "crop" else max
    unit = pick(image.shape[1] / size_hw[0], image.shape[2] / size_hw[1])
    height, width = (max(1, round(unit * side)) for side in size_hw)
    return resize_image((_crop if fit == "crop" else _pad)(image, height, width), size_hw)


def _crop(image, height, width):
    """The centre of the picture."""
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]


def _pad(image, height, width):
    """The picture in the centre, its edges repeated around it."""
    missing = height - image.shape[1], width - image.shape[2]
    pairs = [(0, 0), *((total // 2, total - total // 2) for total in missing)]
    return np.pad(image, pairs, mode="edge")
