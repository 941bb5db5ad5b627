"""The sheet of neighbours: probes, each with the pictures whose encodings are nearest.

Stands on `distances` and `drawing`.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from nnscratch.faces.distances import distance_matrix
from nnscratch.faces.plots import drawing
from nnscratch.faces.plots.drawing import INK, NAME_WIDTH, Size

RIGHT, WRONG = "#009E73", "#CC3311"  # frames of neighbours; wrong ones have a cross as well
SIDE = 96  # height of a picture in pixels
FRAME = 4
GAP = 12
LINE = 20  # of text


def neighbours_sheet(path, images, encodings, labels, names: Sequence[str], rows=8, columns=6):
    """Pictures and those with the nearest encodings, framed green if it is the same person.

    images (N, C, H, W) in [0, 1], encodings (N, D), labels (N,) numbers of names. The probes are
    not selected by result: they are the first pictures of people evenly spread among those who have
    two. The squared distance is printed below each neighbour.
    Raises ValueError if the shapes do not fit, nobody has two pictures, or path is not a .png;
    CollapsedError if all encodings are equal.
    """
    path = drawing.check_png(path)
    encodings, labels = drawing.check_encodings("neighbours_sheet", encodings, labels, names)
    pictures = drawing.thumbnails("neighbours_sheet", images, len(labels), SIDE)
    if rows < 1 or columns < 1:
        raise ValueError(
            f"neighbours_sheet: expected rows and columns of at least 1, got {rows}, {columns}"
        )
    probes = _probes(labels, rows)
    distances = distance_matrix(encodings[probes], encodings)
    distances[np.arange(len(probes)), probes] = np.inf  # not itself
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : min(columns, len(labels) - 1)]
    shown = [str(names[label]) for label in labels[probes]]
    right = int((labels[nearest[:, 0]] == labels[probes]).sum())
    sheet = _Sheet(pictures[0].size, shown, nearest.shape[1], right)
    for row, (i, neighbours) in enumerate(zip(probes, nearest, strict=True)):
        sheet.draw_probe(row, pictures[i])
        for column, j in enumerate(neighbours):
            same = bool(labels[j] == labels[i])
            sheet.draw_neighbour(row, column, pictures[j], float(distances[row, j]), same)
    drawing.save(path, sheet.picture)


def _probes(labels: np.ndarray, rows: int) -> np.ndarray:
    """The first pictures of people evenly spread; second ones if there are too few people."""
    people, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.max() < 2:
        raise ValueError(
            f"neighbours_sheet: expected somebody with 2 pictures, got {len(people)} people with "
            "one each; add pictures"
        )
    turns = np.array([np.count_nonzero(numbers[:i] == n) for i, n in enumerate(numbers)])
    order = np.lexsort((numbers, turns))
    order = order[counts[numbers[order]] > 1]
    order = order[: max(rows, np.count_nonzero(counts > 1))]
    return order[np.linspace(0, len(order) - 1, min(rows, len(order))).round().astype(int)]


class _Sheet:
    """A picture with a line for each probe: a name, the probe, its neighbours, their distances."""

    def __init__(self, size: Size, names: Sequence[str], columns: int, right: int) -> None:
        self.font, self.small = drawing.font(15), drawing.font(13)
        self.bold = drawing.font(15, bold=True)
        self.names = [drawing.shortened(name, self.font, NAME_WIDTH) for name in names]
        self.cell = size[0] + 2 * FRAME + GAP, size[1] + 2 * FRAME + LINE + GAP
        self.left = round(max(map(self.font.getlength, self.names))) + 3 * GAP
        self.first = self.left + self.cell[0] + GAP  # where the neighbours begin
        self.top = 3 * LINE + GAP
        head = f"nearest pictures: the first is right in {right} of {len(names)} lines"
        width = self.first + max(columns * self.cell[0], round(self.bold.getlength(head)) + GAP)
        size = width + GAP, self.top + len(names) * self.cell[1] + GAP
        self.picture = Image.new("RGB", size, "white")
        self.pen = ImageDraw.Draw(self.picture)
        self.pen.text((self.first, LINE), head, INK, self.bold)
        self._draw_key()

    def _draw_key(self) -> None:
        x = self.first
        key = (RIGHT, "same person"), (WRONG, "✗ another"), ("", "below: squared distance")
        for colour, text in key:
            if colour:
                self.pen.rectangle((x, 2 * LINE + 7, x + 11, 2 * LINE + 18), None, colour, 3)
                x += 18
            self.pen.text((x, 2 * LINE + 4), text, INK, self.small)
            x += round(self.small.getlength(text)) + 2 * GAP

    def draw_probe(self, row: int, thumbnail: Image.Image) -> None:
        y = self.top + row * self.cell[1] + FRAME
        self.picture.paste(thumbnail, (self.left + FRAME, y))
        place = (self.left - GAP, y + thumbnail.height // 2)
        self.pen.text(place, self.names[row], INK, self.font, "rm")

    def draw_neighbour(self, row, column, thumbnail: Image.Image, distance: float, same: bool):
        x, y = self.first + column * self.cell[0], self.top + row * self.cell[1]
        colour = RIGHT if same else WRONG
        drawing.paste_framed(self.picture, thumbnail, (x, y), colour, FRAME)
        place = x + FRAME + thumbnail.width // 2, y + 2 * FRAME + thumbnail.height + LINE // 2
        self.pen.text(place, f"{'' if same else '✗ '}{distance:.2f}", colour, self.small, "mm")
