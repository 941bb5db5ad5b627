"""Omniglot: handwritten characters of many alphabets, read from its zip files.

Stands on Pillow, and on SciPy to centre and scale drawings. Source: Lake, Salakhutdinov and
Tenenbaum 2015, Science 350:1332.
"""

import io
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

MOST_BYTES = 2**20  # of one drawing, unpacked: the real ones have under 1 KiB
MOST_PIXELS = 2**22
DRAWING = re.compile(r"(?:.*/)?([^/]+)/([^/]+)/(\d+)_(\d+)\.png$")  # alphabet/character/id_drawer
RUN_ITEM = re.compile(r"(?:.*/)?(run\d+)/(training|test)/[^/.][^/]*\.png$")
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, SyntaxError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)  # RuntimeError: encrypted, or an unknown compression; SyntaxError: Pillow's, of a PNG


@dataclass(frozen=True)
class Background:
    """Drawings to train on: ink (N, H, W) with characters (N,) and drawers (N,).

    alphabets (classes,): of each character, numbers into alphabet_names
    """

    ink: np.ndarray
    characters: np.ndarray
    drawers: np.ndarray
    alphabets: np.ndarray
    alphabet_names: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One test: items (M, H, W), each drawn like one of classes (K, H, W), number answers (M,)."""

    name: str
    classes: np.ndarray
    items: np.ndarray
    answers: np.ndarray


def read_background(path) -> Background:
    """A zip of alphabet/character/id_drawer.png -> Background; ink is True.

    Raises ValueError if the file is no such zip.
    """
    with _opened(path, "read_background") as archive:
        matches = [m for m in map(DRAWING.match, sorted(archive.namelist())) if m]
        if not matches:
            raise ValueError(
                "read_background: expected drawings ALPHABET/CHARACTER/0001_01.png in the zip, got "
                f"none: '{path}'; images_background_small1.zip of the Omniglot project has them"
            )
        drawings = [_ink(archive, match.string, path) for match in matches]
    keys = [(match[1], match[2]) for match in matches]  # alphabet, character
    classes = sorted(set(keys))
    names = tuple(sorted({alphabet for alphabet, _ in classes}))
    characters = np.array([classes.index(key) for key in keys])
    drawers = np.array([int(match[4]) for match in matches])
    alphabets = np.array([names.index(alphabet) for alphabet, _ in classes])
    ink = _stacked(drawings, path, "read_background")
    return Background(ink, characters, drawers, alphabets, names)


def read_runs(path) -> list[Run]:
    """A zip of runNN/{training,test}/*.png and runNN/class_labels.txt -> the runs, in order.

    Each line of class_labels.txt names a test drawing and the training drawing of its class.
    Raises ValueError if the file is no such zip, or a line names a missing drawing.
    """
    with _opened(path, "read_runs") as archive:
        names = sorted(archive.namelist())
        runs = sorted({m[1] for m in map(RUN_ITEM.match, names) if m})
        if not runs:
            raise ValueError(
                "read_runs: expected run01/training/class01.png and so on in the zip, got none: "
                f"'{path}'; all_runs.zip of the Omniglot project has them"
            )
        tests = [_read_run(archive, names, run, path) for run in runs]
    counts = {(len(run.classes), len(run.items)) for run in tests}
    if len(counts) > 1:
        raise ValueError(
            f"read_runs: expected the same numbers of classes and items in all runs of '{path}', "
            f"got {sorted(counts)}; fetch the file again"
        )
    return tests


def _read_run(archive: zipfile.ZipFile, names: list[str], run: str, path) -> Run:
    def drawings(kind: str) -> dict[str, np.ndarray]:
        own = [n for n in names if (m := RUN_ITEM.match(n)) and m.groups() == (run, kind)]
        return {_tail(name): _ink(archive, name, path) for name in own}

    classes, items = drawings("training"), drawings("test")
    listing = next((n for n in names if _tail(n, 2) == f"{run}/class_labels.txt"), None)
    if listing is None or not classes or not items:
        raise ValueError(
            f"read_runs: {run} of '{path}' lacks training or test drawings, or class_labels.txt; "
            "fetch the file again"
        )
    lines = _bytes(archive, listing, path).decode("utf-8", "replace").split("\n")
    answer = {_tail(words[0]): _tail(words[-1]) for line in lines if (words := line.split())}
    order = list(classes)
    for item in items:
        if answer.get(item) not in classes:
            raise ValueError(
                f"read_runs: class_labels.txt of {run} in '{path}' names no training drawing for "
                f"{item}; fetch the file again"
            )
    class_ink, item_ink = (_stacked(g.values(), path, "read_runs") for g in (classes, items))
    answers = np.array([order.index(answer[item]) for item in items])
    return Run(run, class_ink, item_ink, answers)


def pseudo_runs(background: Background, count: int, rng, ways: int = 20) -> list[Run]:
    """Runs like the official ones, each from the characters of one alphabet and two drawers.

    Use them to choose settings, so that the official runs remain unseen.
    """
    rng = np.random.default_rng(rng)
    large = np.flatnonzero(np.bincount(background.alphabets) >= ways)
    if not len(large):
        raise ValueError(f"pseudo_runs: no alphabet has {ways} characters; ask for fewer ways")
    if len(np.unique(background.drawers)) < 2:
        raise ValueError("pseudo_runs: expected drawings of 2 drawers or more, got 1")
    runs = []
    for number in range(count):
        alphabet = large[number % len(large)]
        chosen = rng.choice(np.flatnonzero(background.alphabets == alphabet), ways, replace=False)
        drawers = rng.permutation(np.unique(background.drawers))[:2]
        classes, items = (
            np.stack([_drawing(background, character, drawer) for character in chosen])
            for drawer in drawers
        )
        order = rng.permutation(ways)
        name = f"{background.alphabet_names[alphabet]} {number + 1}"
        runs.append(Run(name, classes, items[order], order))
    return runs


def _drawing(background: Background, character: int, drawer: int) -> np.ndarray:
    rows = np.flatnonzero(background.characters == character)
    exact = rows[background.drawers[rows] == drawer]
    return background.ink[exact[0] if len(exact) else rows[drawer % len(rows)]]


def centred(ink: np.ndarray, size: int = 28, radius: float = 0.26, blur: float = 0.5) -> np.ndarray:
    """ink (N, H, W) -> (N, 1, size, size) float32 in [0, 1], ink bright, centred and scaled.

    The centroid of the ink moves to the middle, and its root mean square distance from there
    becomes `radius` of the side. blur: Gaussian, in new pixels, so that thin strokes survive.
    """
    images = [_centre(drawing, size, radius * size, blur) for drawing in ink]
    return np.stack(images).astype(np.float32)[:, None]


def _centre(ink: np.ndarray, size: int, radius: float, blur: float) -> np.ndarray:
    from scipy.ndimage import affine_transform, gaussian_filter

    places = np.argwhere(ink)
    if len(places) == 0:
        return np.zeros((size, size))
    middle = places.mean(axis=0)
    spread = np.sqrt(((places - middle) ** 2).sum(axis=1).mean())
    step = max(spread, 1.0) / radius  # old pixels per new one
    blurred = gaussian_filter(ink.astype(np.float32), blur * step)
    corner = middle - step * (size - 1) / 2
    picture = affine_transform(blurred, [step, step], corner, (size, size), order=1)
    return picture / max(picture.max(), 1e-6)


# -- the files ------------------------------------------------------------------------------------


def _opened(path, caller: str) -> zipfile.ZipFile:
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{caller}: expected a zip file, got no file at '{path}'; check the path")
    try:
        return zipfile.ZipFile(path)
    except BROKEN as error:
        raise ValueError(
            f"{caller}: expected a zip file, got another kind or a broken one: '{path}' ({error}); "
            "fetch it again"
        ) from error


def _ink(archive: zipfile.ZipFile, name: str, path) -> np.ndarray:
    """One drawing as (H, W) booleans: dark is ink."""
    data = io.BytesIO(_bytes(archive, name, path))
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            picture = Image.open(data)
        with picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError("it has far more pixels than a drawing")
            return np.asarray(picture.convert("L")) < 128
    except UnidentifiedImageError as error:
        raise _unreadable(name, path, "it is no picture") from error
    except BROKEN as error:
        raise _unreadable(name, path, error) from error


def _bytes(archive: zipfile.ZipFile, name: str, path) -> bytes:
    """The contents of one file of the archive."""
    try:
        if archive.getinfo(name).file_size > MOST_BYTES:
            raise ValueError("it is far larger than a drawing")
        return archive.read(name)
    except BROKEN as error:
        raise _unreadable(name, path, error) from error


def _unreadable(name: str, path, why) -> ValueError:
    return ValueError(f"omniglot: {name} in '{path}' cannot be read ({why}); fetch the file again")


def _stacked(drawings, path, caller: str) -> np.ndarray:
    shapes = {drawing.shape for drawing in drawings}
    if len(shapes) > 1:
        raise ValueError(
            f"{caller}: expected drawings of one size in '{path}', got {sorted(shapes)}; "
            "resize them"
        )
    return np.stack(list(drawings))


def _tail(name: str, parts: int = 1) -> str:
    return "/".join(name.split("/")[-parts:])
