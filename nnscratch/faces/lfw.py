"""The protocol of Labeled Faces in the Wild: lists of pairs, and accuracy over ten folds.

Stands on `metrics`. Source: Huang et al. 2007, "Labeled Faces in the Wild", views 1
and 2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnscratch.faces.metrics import best_threshold, check_pairs

SUFFIXES = (".jpg", ".jpeg", ".png", ".pgm")


class Pair(NamedTuple):
    """Two pictures, each a person's name and number from 1; fold from 0."""

    name_a: str
    number_a: int
    name_b: str
    number_b: int
    fold: int

    @property
    def same(self) -> bool:
        """Whether both show the same person."""
        return self.name_a == self.name_b


@dataclass(frozen=True)
class PairFiles:
    """Pairs with the files of their pictures.

    pictures: each file once; numbers (P, 2): the two pictures of each pair; missing: files that
    do not exist, whose pairs are left out.
    """

    pairs: tuple[Pair, ...]
    pictures: tuple[Path, ...]
    numbers: np.ndarray
    missing: tuple[Path, ...]

    @property
    def same(self) -> np.ndarray:
        """Whether each pair shows the same person, (P,)."""
        return np.array([pair.same for pair in self.pairs])

    @property
    def folds(self) -> np.ndarray:
        """The fold of each pair, (P,)."""
        return np.array([pair.fold for pair in self.pairs])


class TenFolds(NamedTuple):
    """Mean accuracy, its standard error, and each fold's accuracy and threshold."""

    accuracy: float
    standard_error: float
    accuracies: np.ndarray
    thresholds: np.ndarray

    def __str__(self) -> str:
        return f"{self.accuracy:.4f} ± {self.standard_error:.4f} (standard error)"


def read_pairs(path) -> tuple[Pair, ...]:
    """The pairs of pairs.txt, pairsDevTrain.txt or pairsDevTest.txt, in the file's order.

    The first line holds the number of folds and n, or n alone; each fold is n lines
    `name i j` and n lines `name1 i name2 j`, separated by tabs or blanks. Raises ValueError that
    names the line.
    """
    lines = _lines(Path(path))
    number, head = next(lines, (1, []))
    if len(head) not in (1, 2):
        raise _bad(path, number, "expected `folds n` or `n`", head)
    folds, n = ([1] + [_count(path, number, text) for text in head])[-2:]
    pairs = [
        _pair(path, number, fields, fold=i // (2 * n), same=i % (2 * n) < n)
        for i, (number, fields) in enumerate(lines)
    ]
    if len(pairs) != 2 * n * folds:
        raise ValueError(
            f"read_pairs: '{path}': expected {2 * n * folds} pairs after the first line "
            f"({folds} x {n} x 2), got {len(pairs)}; the file is cut short or its head is wrong"
        )
    return tuple(pairs)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The number and the fields of each non-blank line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"read_pairs: cannot read '{path}' ({error}); check the path") from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line.split()


def _pair(path, number: int, fields: list[str], fold: int, same: bool) -> Pair:
    """One line; same: whether its place in the fold is one for same pairs."""
    if len(fields) != (3 if same else 4):
        expected = "one person: `name i j`" if same else "two people: `name1 i name2 j`"
        raise _bad(path, number, f"expected a pair of {expected}", fields)
    name_a, i, *name_b, j = fields
    if any("/" in name or "\\" in name or name.startswith(".") for name in (name_a, *name_b)):
        raise _bad(path, number, "expected names without a path", fields)
    if name_b == [name_a]:
        raise _bad(path, number, "expected two different people", fields)
    first, second = _count(path, number, i), _count(path, number, j)
    return Pair(name_a, first, name_b[0] if name_b else name_a, second, fold)


def _count(path, number: int, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise _bad(path, number, "expected a whole number from 1", [text])
    return int(text)


def _bad(path, number: int, expected: str, fields: list[str]) -> ValueError:
    return ValueError(f"read_pairs: '{path}', line {number}: {expected}, got {' '.join(fields)!r}")


def find_pictures(pairs: Sequence[Pair], root, allow_missing: bool = False) -> PairFiles:
    """The files root/Name/Name_0001.jpg (or .jpeg, .png, .pgm) of pairs.

    Raises ValueError that counts and lists missing files; with allow_missing their pairs are left
    out and `PairFiles.missing` lists the files.
    """
    keys = dict.fromkeys(key for pair in pairs for key in (pair[:2], pair[2:4]))
    files = {key: _picture(Path(root), *key) for key in keys}
    missing = {key: path for key, path in files.items() if not path.is_file()}
    if missing and not allow_missing:
        raise ValueError(_missing_text(root, list(missing.values()), len(files)))
    numbers = {key: i for i, key in enumerate(key for key in files if key not in missing)}
    complete = [p for p in pairs if p[:2] in numbers and p[2:4] in numbers]
    index = [(numbers[p[:2]], numbers[p[2:4]]) for p in complete]
    pictures = tuple(files[key] for key in numbers)
    rows = np.array(index, np.int64).reshape(-1, 2)
    return PairFiles(tuple(complete), pictures, rows, tuple(missing.values()))


def _picture(root: Path, name: str, number: int) -> Path:
    """The file of a picture; if there is none, its name in LFW."""
    paths = [root / name / f"{name}_{number:04d}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])


def _missing_text(root, missing: list[Path], total: int) -> str:
    listed = ", ".join(str(path.relative_to(root)) for path in missing[:10])
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    return (
        f"find_pictures: {len(missing)} of {total} pictures are missing under '{root}': "
        f"{listed}{more}; check the folder, or set allow_missing to leave out their pairs"
    )


def ten_folds(distances, same, folds) -> TenFolds:
    """The accuracy of each fold at the best threshold of the others: (P,), (P,), (P,) -> figures.

    The standard error is s/√F over F folds, with s the standard deviation with F − 1.
    Source: LFW, view 2. Raises CollapsedError if all distances are equal.
    """
    distances, same = check_pairs("ten_folds", distances, same)
    folds = np.asarray(folds)
    if folds.shape != distances.shape:
        raise ValueError(f"ten_folds: expected folds {distances.shape}, got {folds.shape}")
    numbers = np.unique(folds)
    if len(numbers) < 2:
        raise ValueError(f"ten_folds: expected at least 2 folds, got {len(numbers)}")
    thresholds = [best_threshold(distances[folds != n], same[folds != n]) for n in numbers]
    right = [(distances <= t) == same for t in thresholds]
    accuracies = np.array([r[folds == n].mean() for n, r in zip(numbers, right, strict=True)])
    error = accuracies.std(ddof=1) / np.sqrt(len(numbers))
    return TenFolds(float(accuracies.mean()), float(error), accuracies, np.array(thresholds))
