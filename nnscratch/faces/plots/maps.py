"""The map of encodings: each at its place in a plane, as a picture or a dot.

Stands on `tsne` and `drawing`.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from nnscratch.faces.plots import drawing
from nnscratch.faces.plots.drawing import FAINT, NAME_WIDTH, Size, thumbnails
from nnscratch.faces.plots.tsne import pca, tsne

METHODS = ("t-sne", "pca")
PEOPLE = (  # colours of people; names stand beside them
    *("#0072B2", "#D55E00", "#009E73", "#AA4499", "#E69F00", "#56B4E9"),
    *("#882255", "#808000", "#332288", "#CC3311", "#117733", "#8C564B"),
)
OTHERS = "#B5B5B5"
MAP = 1200  # pixels of a side
MARGIN = 110
EDGE = 24  # without pictures
FOOT = 36
DOT = 9
RIM = 2
FARTHEST = 3.5  # sides of a thumbnail between its encoding and its place
REACH = 400  # pixels between a name and its person


def embedding_map(path, encodings, labels, images=None, names=None, method="t-sne") -> None:
    """Encodings in a plane, dots or pictures: (N, D), labels (N,), images (N, C, H, W) in [0, 1].

    The 12 people with the most pictures have colours and names, the others are grey. Pictures stand
    side by side, each in the free place of a grid that is nearest to its encoding; without a free
    place nearby it is left out. The perplexity of t-SNE is the median number of pictures of a
    person, 5 to 30.
    Raises ValueError if the shapes do not fit, method is not one of METHODS, or path not a .png;
    CollapsedError if all encodings are equal.
    """
    path = drawing.check_png(path)
    encodings, labels = drawing.check_encodings("embedding_map", encodings, labels, names)
    if method not in METHODS:
        raise ValueError(f"embedding_map: expected method in {METHODS}, got {method!r}")
    side = int(np.clip(0.6 * MAP / np.sqrt(len(labels)), 32, 80))
    faces = [] if images is None else thumbnails("embedding_map", images, len(labels), side)
    flat, caption = _flatten(encodings, labels, method)
    view = _Map(_to_pixels(flat), labels, names)
    if images is None:
        view.draw_dots()
    else:
        view.draw_faces(faces)
        if len(view.taken) < len(faces):
            caption += f"; {len(view.taken)} of {len(faces)} pictures have room"
    view.pen.text((EDGE, MAP + FOOT // 2), caption, FAINT, drawing.font(14), "lm")
    drawing.save(path, view.picture)


def _flatten(encodings: np.ndarray, labels: np.ndarray, method: str) -> tuple[np.ndarray, str]:
    """Encodings (N, D) -> places (N, 2), and a caption."""
    if method == "t-sne":
        own = float(np.median(np.unique(labels, return_counts=True)[1]))
        perplexity = min(np.clip(own, 5, 30), (len(encodings) - 1) / 3)
        caption = f"t-SNE, perplexity {perplexity:.3g}: near ones are alike; far ones say nothing"
        return tsne(encodings, perplexity), caption
    flat = pca(encodings)
    first, second = flat.var(0) / encodings.var(0).sum()
    caption = f"principal components: {first:.0%} of the variance across, {second:.0%} upwards"
    return flat, caption


def _to_pixels(flat: np.ndarray) -> np.ndarray:
    """Places in the plane -> pixels, one scale for both axes: (N, 2) -> (N, 2)."""
    low, high = flat.min(0), flat.max(0)
    scale = (MAP - 2 * MARGIN) / (high - low).max()
    return MAP / 2 + scale * (flat - (low + high) / 2) * (1, -1)


class _Map:
    """A picture of points (N, 2) in pixels, and the boxes (left, top, right, bottom) in it."""

    def __init__(self, places: np.ndarray, labels: np.ndarray, names: Sequence[str] | None) -> None:
        self.places, self.labels, self.names = places, labels, names
        self.colours = _colours(labels)
        self.inks = [self.colours.get(int(label), OTHERS) for label in labels]
        self.coloured = np.isin(labels, list(self.colours))
        self.picture = Image.new("RGB", (MAP, MAP + FOOT), "white")
        self.pen = ImageDraw.Draw(self.picture)
        self.taken: list[np.ndarray] = []
        self.written: list[np.ndarray] = []

    def draw_dots(self) -> None:
        for i in np.argsort(self.coloured, kind="stable"):  # grey ones below
            _draw_dot(self.picture, self.places[i], self.inks[i])
            self.taken.append(_box(self.places[i], (DOT, DOT)))
        self._draw_names()

    def draw_faces(self, faces: Sequence[Image.Image]) -> None:
        """Draw people with a colour, then their names, then the others where there is room."""
        size = faces[0].width + 2 * RIM, faces[0].height + 2 * RIM
        cells = _grid((size[0] + 2, size[1] + 2))
        self._draw_on(cells, faces, np.flatnonzero(self.coloured))
        self._draw_names()
        boxes = np.array([_box(cell, size) for cell in cells])
        cells[_covered(boxes, np.array(self.written)) > 0] = np.inf
        self._draw_on(cells, faces, np.flatnonzero(~self.coloured))

    def _draw_on(self, cells: np.ndarray, faces: Sequence[Image.Image], rows: np.ndarray) -> None:
        """Draw each in the free cell (K, 2) nearest to its encoding; used cells become infinite."""
        for i in rows:
            size = faces[i].width + 2 * RIM, faces[i].height + 2 * RIM
            squared = (((cells - self.places[i]) / size) ** 2).sum(1)
            best = squared.argmin()
            if squared[best] <= FARTHEST**2:
                box = _box(cells[best], size)
                corner = int(box[0]), int(box[1])
                drawing.paste_framed(self.picture, faces[i], corner, self.inks[i], RIM)
                self.taken.append(box)
                cells[best] = np.inf

    def _draw_names(self) -> None:
        """Write each coloured name near the middle of the person, where it covers least."""
        bold = drawing.font(16, bold=True)
        for label, colour in self.colours.items():
            own = self.places[self.labels == label]
            middle = own[np.abs(own[:, None] - own).sum((1, 2)).argmin()]
            name = str(label if self.names is None else self.names[label])
            name = drawing.shortened(name, bold, NAME_WIDTH)
            size = round(bold.getlength(name)) + 12, 24
            box = _free_box(middle, size, np.array(self.taken), np.array(self.written))
            self.written.append(box)
            x, y = (box[:2] + box[2:]) / 2
            self.pen.text((x, y), name, colour, bold, "mm", stroke_width=3, stroke_fill="white")


def _grid(cell: Size) -> np.ndarray:
    """The centres of all cells that fit on the map: (K, 2)."""
    across, down = (
        MAP / 2 + side * (np.arange(n) - (n - 1) / 2)
        for side, n in ((side, (MAP - 2 * EDGE) // side) for side in cell)
    )
    return np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)


def _colours(labels: np.ndarray) -> dict[int, str]:
    """label -> colour, of the people with the most pictures."""
    people, counts = np.unique(labels, return_counts=True)
    most = people[np.argsort(-counts, kind="stable")][: len(PEOPLE)]
    return dict(zip(map(int, most), PEOPLE, strict=False))


def _free_box(middle: np.ndarray, size: Size, taken: np.ndarray, written: np.ndarray) -> np.ndarray:
    """A box near `middle` that covers no other text, and few pictures: -> (4,)."""
    turn = np.arange(0, 2 * np.pi, np.pi / 12)
    rings = np.arange(0, REACH, 8)[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    half = np.array(size) / 2
    centres = np.clip(middle + rings.reshape(-1, 2), half + 4, MAP - half - 4)  # (K, 2)
    boxes = np.concatenate([centres - half, centres + half], 1)
    cost = _covered(boxes, taken.reshape(-1, 4)) + 100 * _covered(boxes, written.reshape(-1, 4))
    cost += 3 * np.sqrt(((centres - middle) ** 2).sum(1))
    return boxes[cost.argmin()]


def _covered(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that each box (K, 4) shares with all others (M, 4): -> (K,)."""
    low = np.maximum(boxes[:, None, :2], others[:, :2])
    high = np.minimum(boxes[:, None, 2:], others[:, 2:])
    return (high - low).clip(0).prod(2).sum(1)  # (K, M, 2) -> (K,)


def _box(centre: np.ndarray, size: Size) -> np.ndarray:
    """Left, top, right, bottom."""
    corner = np.round(centre - np.array(size) / 2)
    return np.concatenate([corner, corner + size])


def _draw_dot(picture: Image.Image, place: np.ndarray, colour: str) -> None:
    """A round dot with a white rim: drawn larger, then shrunk, since Pillow does not antialias."""
    fine = 8 * (DOT + 2)
    mask = Image.new("L", (fine, fine))
    ImageDraw.Draw(mask).ellipse((0, 0, fine - 1, fine - 1), 255)
    x, y = map(int, np.round(place))
    for size, ink in ((DOT + 2, "white"), (DOT, colour)):
        shape = mask.resize((size, size), Image.Resampling.BOX)
        picture.paste(Image.new("RGB", (size, size), ink), (x - size // 2, y - size // 2), shape)
