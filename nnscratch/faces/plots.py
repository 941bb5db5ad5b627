"""Pictures of how well an encoder works: ROC curves, nearest neighbours, a map of the encodings.

Stands on `metrics`, `pairs`, `tsne` and `files`, on Pillow for the sheet and the map, whose pixels
stay as they are, and on matplotlib for the curves and the font.
"""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nnscratch import files
from nnscratch.faces.checks import CollapsedError, all_equal
from nnscratch.faces.metrics import ENOUGH, Roc
from nnscratch.faces.pairs import distance_matrix
from nnscratch.faces.tsne import pca, tsne

METHODS = ("t-sne", "pca")
LEAST_FAR = 1e-3  # where the axis of false accepts begins, if there are pairs enough
CURVES = (  # colours that the colour-blind tell apart (Okabe and Ito), and marks
    *(("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#AA4499", "D")),
    *(("#000000", "v"), ("#56B4E9", "P"), ("#E69F00", "X")),
)
RIGHT, WRONG = "#009E73", "#CC3311"  # neighbours; a cross says it too
INK, FAINT = "#222222", "#777777"
PEOPLE = (  # colours of people on the map; names stand beside them
    *("#0072B2", "#D55E00", "#009E73", "#AA4499", "#E69F00", "#56B4E9"),
    *("#882255", "#808000", "#332288", "#CC3311", "#117733", "#8C564B"),
)
OTHERS = "#B5B5B5"

Size = tuple[int, int]


# -- the ROC --------------------------------------------------------------------------------------


def roc_plot(path: str | os.PathLike, curves: Mapping[str, Roc], title: str = "") -> None:
    """True accepts against false accepts, on a logarithmic axis, with the EER on each curve.

    A curve is dotted where fewer than 10 false accepts stand behind it, and the axis begins where
    the most impostors give one, though not below 1e-3.
    Raises ValueError if there are no curves, or no more colours; or if path is not a .png.
    """
    from matplotlib.figure import Figure

    path = _check_png(path)
    if not 1 <= len(curves) <= len(CURVES):
        raise ValueError(f"roc_plot: expected 1 to {len(CURVES)} curves, got {len(curves)}")
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    left = max(LEAST_FAR, min(_first_far(curve) for curve in curves.values()))
    bottoms = [_draw_curve(axes, *item, left) for item in zip(curves.items(), CURVES, strict=False)]
    _draw_scales(axes, left, min(bottoms), title)
    _draw_legend(axes, list(curves.values()), left)
    _draw_eers(axes, list(curves.values()))
    with files.replacing(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks
        figure.savefig(temporary, format="png", dpi=120)


def _draw_curve(axes: Any, named: tuple[str, Roc], style: tuple[str, str], left: float) -> float:
    """Draw one curve from FAR `left` to 1; its lowest TAR there."""
    (name, curve), (colour, mark) = named, style
    far = np.geomspace(left, 1, 1000)
    tar = curve.tar[np.searchsorted(curve.far, far, side="right") - 1]
    sure = _least_sure(curve)
    label = f"{name}\nEER {_percent(curve.eer)}, AUC {curve.auc:.4f}"
    axes.plot(far, np.where(far < sure, tar, np.nan), ":", color=colour, linewidth=1.5)
    axes.plot(far, np.where(far < sure, np.nan, tar), color=colour, linewidth=2)
    axes.plot([], [], color=colour, marker=mark, linewidth=2, label=label)
    return float(tar[0])


def _draw_scales(axes: Any, left: float, bottom: float, title: str) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

    bottom = max(0.0, np.floor(10 * bottom - 0.5) / 10)
    axes.set(
        xscale="log",
        xlim=(left, 1),
        ylim=(bottom, 1 + 0.02 * (1 - bottom)),
        xlabel="false-accept rate (FAR): other people taken for the same",
        ylabel="true-accept rate (TAR): the same people recognised",
    )
    axes.set_title(title, loc="left", parse_math=False)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda far, _: f"{100 * far:g} %"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_legend(axes: Any, curves: Sequence[Roc], left: float) -> None:
    """Beside the axes: the curves in their colours, then the lines that are not curves."""
    far = np.geomspace(left, 1, 200)
    axes.plot(far, 1 - far, "--", color=FAINT, linewidth=1, label="FAR = 1 − TAR", zorder=1)
    if any(_least_sure(curve) > left for curve in curves):
        axes.plot([], [], ":", color=FAINT, label=f"fewer than {ENOUGH}\nfalse accepts")
    legend = axes.figure.legend(loc="outside right center", frameon=False, labelspacing=1)
    for text, (colour, _) in zip(legend.get_texts()[: len(curves)], CURVES, strict=False):
        text.set(color=colour, parse_math=False)


def _draw_eers(axes: Any, curves: Sequence[Roc]) -> None:
    """A mark where each curve has its EER, and the figure beside it, clear of the others."""
    from matplotlib.patheffects import withStroke

    bottom, top = axes.get_ylim()
    eers = np.array([curve.eer for curve in curves])
    heights = _spread(1 - eers, 0.045 * (top - bottom))
    for eer, height, (colour, mark) in zip(eers, heights, CURVES, strict=False):
        place = max(eer, axes.get_xlim()[0])  # a log axis has no 0
        axes.plot(
            *(place, 1 - eer, mark),
            color=colour,
            markeredgecolor="white",
            markersize=9,
            clip_on=False,
            zorder=4,
        )
        crowded = ((eers > eer) & (eers < 1.8 * eer)).any()
        left = crowded or eer > 0.4  # no room at the right
        axes.annotate(
            _percent(eer),
            (place, height),
            (-10, 9) if left else (10, -9),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            color=colour,
            weight="bold",
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )


def _spread(values: np.ndarray, gap: float) -> np.ndarray:
    """Values moved down, the larger ones first, until all are `gap` apart: (N,) -> (N,)."""
    moved, below = np.array(values), np.inf
    for i in np.argsort(-moved, kind="stable"):
        moved[i] = min(moved[i], below)
        below = moved[i] - gap
    return moved


def _first_far(curve: Roc) -> float:
    """The smallest rate of false accepts that is not 0: of one impostor, if there are no ties."""
    return float(curve.far[curve.far > 0].min())


def _least_sure(curve: Roc) -> float:
    """The rate from which on enough false accepts stand behind it."""
    return ENOUGH * _first_far(curve)


def _percent(rate: float) -> str:
    return f"{100 * rate:.3g} %"


# -- the sheet of neighbours ----------------------------------------------------------------------

SIDE = 96  # of a picture, in pixels: the height, the width follows
FRAME = 4
GAP = 12
LINE = 20  # of text
NAME_WIDTH = 150


def neighbours_sheet(
    path: str | os.PathLike,
    images: np.ndarray,
    encodings: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    rows: int = 8,
    columns: int = 6,
) -> None:
    """Pictures and those whose encodings are nearest, green where it is the same person.

    images (N, C, H, W) in [0, 1], encodings (N, D), labels (N,) numbers of names. The pictures
    that ask are not chosen: they are the first ones of people evenly spread among those who have
    two. Under each neighbour stands the squared distance.
    Raises ValueError if the shapes do not fit, nobody has two pictures, or path is not a .png;
    CollapsedError if all encodings are equal.
    """
    path = _check_png(path)
    encodings, labels = _check_encodings("neighbours_sheet", encodings, labels, names)
    thumbnails = _thumbnails("neighbours_sheet", images, len(labels), SIDE)
    if rows < 1 or columns < 1:
        raise ValueError(
            f"neighbours_sheet: expected rows and columns of at least 1, got {rows}, {columns}"
        )
    asking = _asking(labels, rows)
    distances = distance_matrix(encodings[asking], encodings)
    distances[np.arange(len(asking)), asking] = np.inf  # not itself
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : min(columns, len(labels) - 1)]
    shown = [str(names[label]) for label in labels[asking]]
    right = int((labels[nearest[:, 0]] == labels[asking]).sum())
    sheet = _Sheet(thumbnails[0].size, shown, nearest.shape[1], right)
    for row, (i, found) in enumerate(zip(asking, nearest, strict=True)):
        sheet.draw_asking(row, thumbnails[i])
        for column, j in enumerate(found):
            same = bool(labels[j] == labels[i])
            sheet.draw_found(row, column, thumbnails[j], float(distances[row, j]), same)
    _save(path, sheet.picture)


def _asking(labels: np.ndarray, rows: int) -> np.ndarray:
    """The first pictures of people evenly spread; second ones where people are too few."""
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
    """A picture with a line for each question: a name, who asks, the answers and distances."""

    def __init__(self, size: Size, names: Sequence[str], columns: int, right: int) -> None:
        self.font, self.small, self.bold = _font(15), _font(13), _font(15, bold=True)
        self.names = [_shortened(name, self.font, NAME_WIDTH) for name in names]
        self.cell = size[0] + 2 * FRAME + GAP, size[1] + 2 * FRAME + LINE + GAP
        self.left = round(max(map(self.font.getlength, self.names))) + 3 * GAP
        self.first = self.left + self.cell[0] + GAP  # where the answers begin
        self.top = 3 * LINE + GAP
        head = f"nearest pictures: the first is right in {right} of {len(names)} lines"
        width = self.first + max(columns * self.cell[0], round(self.bold.getlength(head)) + GAP)
        self.picture = Image.new(
            "RGB", (width + GAP, self.top + len(names) * self.cell[1] + GAP), "white"
        )
        self.pen = ImageDraw.Draw(self.picture)
        self.pen.text((self.first, LINE), head, INK, self.bold)
        self._draw_key()

    def _draw_key(self) -> None:
        x = self.first
        for colour, text in (
            (RIGHT, "same person"),
            (WRONG, "✗ another"),
            (None, "below: squared distance"),
        ):
            if colour:
                self.pen.rectangle((x, 2 * LINE + 7, x + 11, 2 * LINE + 18), None, colour, 3)
                x += 18
            self.pen.text((x, 2 * LINE + 4), text, INK, self.small)
            x += round(self.small.getlength(text)) + 2 * GAP

    def draw_asking(self, row: int, thumbnail: Image.Image) -> None:
        y = self.top + row * self.cell[1] + FRAME
        self.picture.paste(thumbnail, (self.left + FRAME, y))
        place = (self.left - GAP, y + thumbnail.height // 2)
        self.pen.text(place, self.names[row], INK, self.font, "rm")

    def draw_found(
        self, row: int, column: int, thumbnail: Image.Image, distance: float, same: bool
    ) -> None:
        x, y = self.first + column * self.cell[0], self.top + row * self.cell[1]
        colour = RIGHT if same else WRONG
        _paste_framed(self.picture, thumbnail, (x, y), colour, FRAME)
        place = x + FRAME + thumbnail.width // 2, y + 2 * FRAME + thumbnail.height + LINE // 2
        self.pen.text(place, f"{'' if same else '✗ '}{distance:.2f}", colour, self.small, "mm")


# -- the map --------------------------------------------------------------------------------------

MAP = 1200  # pixels of a side
MARGIN = 110
EDGE = 24  # that no picture reaches
FOOT = 36
DOT = 9
RIM = 2
FARTHEST = 3.5  # sides of a thumbnail between its encoding and its place
REACH = 400  # pixels between a name and whom it names


def embedding_map(
    path: str | os.PathLike,
    encodings: np.ndarray,
    labels: np.ndarray,
    images: np.ndarray | None = None,
    names: Sequence[str] | None = None,
    method: str = "t-sne",
) -> None:
    """Encodings on a plane, dots or pictures: (N, D), labels (N,), images (N, C, H, W) in [0, 1].

    The 12 people with the most pictures have colours and names, the others are grey. Pictures stand
    side by side, each in the free place of a grid that is nearest to its encoding; where there is
    none nearby, it is left out. The perplexity of t-SNE is the number of pictures that people have,
    5 to 30.
    Raises ValueError if the shapes do not fit, method is not one of METHODS, or path not a .png;
    CollapsedError if all encodings are equal.
    """
    path = _check_png(path)
    encodings, labels = _check_encodings("embedding_map", encodings, labels, names)
    if method not in METHODS:
        raise ValueError(f"embedding_map: expected method in {METHODS}, got {method!r}")
    side = int(np.clip(0.6 * MAP / np.sqrt(len(labels)), 32, 80))
    faces = [] if images is None else _thumbnails("embedding_map", images, len(labels), side)
    flat, caption = _flatten(encodings, labels, method)
    view = _Map(_to_pixels(flat), labels, names)
    if images is None:
        view.draw_dots()
    else:
        view.draw_faces(faces)
        if len(view.taken) < len(faces):
            caption += f"; {len(view.taken)} of {len(faces)} pictures have room"
    view.draw_foot(caption)
    _save(path, view.picture)


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
        """First people with a colour, then their names, and the others where there is room."""
        size = faces[0].width + 2 * RIM, faces[0].height + 2 * RIM
        cells = _grid((size[0] + 2, size[1] + 2))
        self._draw_on(cells, faces, np.flatnonzero(self.coloured))
        self._draw_names()
        boxes = np.array([_box(cell, size) for cell in cells])
        cells[_covered(boxes, np.array(self.written)) > 0] = np.inf
        self._draw_on(cells, faces, np.flatnonzero(~self.coloured))

    def _draw_on(self, cells: np.ndarray, faces: Sequence[Image.Image], who: np.ndarray) -> None:
        """Each into the free cell (K, 2) nearest to its encoding; taken ones move out of reach."""
        for i in who:
            size = faces[i].width + 2 * RIM, faces[i].height + 2 * RIM
            squared = (((cells - self.places[i]) / size) ** 2).sum(1)
            best = squared.argmin()
            if squared[best] <= FARTHEST**2:
                box = _box(cells[best], size)
                _paste_framed(self.picture, faces[i], (int(box[0]), int(box[1])), self.inks[i], RIM)
                self.taken.append(box)
                cells[best] = np.inf

    def _draw_names(self) -> None:
        """A name near the middle of each coloured person, where it covers least."""
        font = _font(16, bold=True)
        for label, colour in self.colours.items():
            own = self.places[self.labels == label]
            middle = own[np.abs(own[:, None] - own).sum((1, 2)).argmin()]
            name = str(label if self.names is None else self.names[label])
            name = _shortened(name, font, NAME_WIDTH)
            size = round(font.getlength(name)) + 12, 24
            box = _free_box(middle, size, np.array(self.taken), np.array(self.written))
            self.written.append(box)
            x, y = (box[:2] + box[2:]) / 2
            self.pen.text((x, y), name, colour, font, "mm", stroke_width=3, stroke_fill="white")

    def draw_foot(self, text: str) -> None:
        self.pen.text((EDGE, MAP + FOOT // 2), text, FAINT, _font(14), "lm")


def _grid(cell: Size) -> np.ndarray:
    """The middles of all cells that the map has room for: (K, 2)."""
    counts = [(MAP - 2 * EDGE) // side for side in cell]
    across, down = (
        MAP / 2 + side * (np.arange(n) - (n - 1) / 2) for side, n in zip(cell, counts, strict=True)
    )
    return np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)


def _flatten(encodings: np.ndarray, labels: np.ndarray, method: str) -> tuple[np.ndarray, str]:
    """Encodings (N, D) -> places (N, 2), and what to say about them."""
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
    """Places in the plane -> in the picture, one scale for both axes: (N, 2) -> (N, 2)."""
    low, high = flat.min(0), flat.max(0)
    scale = (MAP - 2 * MARGIN) / (high - low).max()
    return MAP / 2 + scale * (flat - (low + high) / 2) * (1, -1)


def _colours(labels: np.ndarray) -> dict[int, str]:
    """label -> colour, of those who have the most pictures."""
    people, counts = np.unique(labels, return_counts=True)
    most = people[np.argsort(-counts, kind="stable")][: len(PEOPLE)]
    return dict(zip(map(int, most), PEOPLE, strict=False))


def _free_box(middle: np.ndarray, size: Size, taken: np.ndarray, written: np.ndarray) -> np.ndarray:
    """A box near `middle` that covers no other text, and little else: -> (4,)."""
    turn = np.arange(0, 2 * np.pi, np.pi / 12)
    rings = np.arange(0, REACH, 8)[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    room = np.array(size) / 2 + 4
    centres = np.clip(middle + rings.reshape(-1, 2), room, MAP - room)  # (K, 2)
    boxes = np.concatenate([centres - np.array(size) / 2, centres + np.array(size) / 2], 1)
    far = np.sqrt(((centres - middle) ** 2).sum(1))
    badness = (
        _covered(boxes, taken.reshape(-1, 4))
        + 100 * _covered(boxes, written.reshape(-1, 4))
        + 3 * far
    )
    return boxes[badness.argmin()]


def _covered(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that each box (K, 4) has in common with all others (M, 4): -> (K,)."""
    low = np.maximum(boxes[:, None, :2], others[:, :2])
    high = np.minimum(boxes[:, None, 2:], others[:, 2:])
    return (high - low).clip(0).prod(2).sum(1)  # (K, M, 2) -> (K,)


def _box(centre: np.ndarray, size: Size) -> np.ndarray:
    """Left, top, right, bottom."""
    corner = np.round(centre - np.array(size) / 2)
    return np.concatenate([corner, corner + size])


def _draw_dot(picture: Image.Image, place: np.ndarray, colour: str) -> None:
    """A round dot with a white rim: drawn larger, then shrunk, as Pillow's edges are hard."""
    fine = 8 * (DOT + 2)
    mask = Image.new("L", (fine, fine))
    ImageDraw.Draw(mask).ellipse((0, 0, fine - 1, fine - 1), 255)
    x, y = map(int, np.round(place))
    for size, ink in ((DOT + 2, "white"), (DOT, colour)):
        shape = mask.resize((size, size), Image.Resampling.BOX)
        picture.paste(Image.new("RGB", (size, size), ink), (x - size // 2, y - size // 2), shape)


# -- small parts ----------------------------------------------------------------------------------


def _thumbnails(caller: str, images: Any, count: int, height: int) -> list[Image.Image]:
    """Images (N, C, H, W) in [0, 1] as pictures of one height."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise ValueError(
            f"{caller}: expected images (N, C, H, W) with 1 or 3 channels, got {images.shape}"
        )
    if len(images) != count:
        raise ValueError(f"{caller}: expected an image a label, got {len(images)} and {count}")
    if images.dtype.kind != "f" or not np.isfinite(images).all():
        raise ValueError(f"{caller}: expected images of finite floats in [0, 1]")
    size = max(1, round(height * images.shape[3] / images.shape[2])), height
    levels = np.rint(255 * images.clip(0, 1)).astype(np.uint8).transpose(0, 2, 3, 1)
    pictures = (Image.fromarray(np.broadcast_to(x, (*x.shape[:2], 3))) for x in levels)
    return [picture.resize(size, Image.Resampling.BICUBIC) for picture in pictures]


def _paste_framed(
    picture: Image.Image, thumbnail: Image.Image, corner: Size, colour: str, width: int
) -> None:
    x, y = corner
    size = thumbnail.width + 2 * width, thumbnail.height + 2 * width
    picture.paste(colour, (x, y, x + size[0], y + size[1]))
    picture.paste(thumbnail, (x + width, y + width))


def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """As much of `text` as fits, with … for the rest."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _save(path: Path, picture: Image.Image) -> None:
    with files.replacing(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True)


def _check_png(path: str | os.PathLike) -> Path:
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"plots: expected a file name ending in .png, got '{path}'")
    return files.check_place(path)


def _check_encodings(
    caller: str, encodings: Any, labels: Any, names: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Finite floats (N, D) and whole numbers (N,), each with a name, or an error."""
    encodings, labels = np.asarray(encodings), np.asarray(labels)
    if encodings.ndim != 2 or encodings.dtype.kind != "f" or not np.isfinite(encodings).all():
        raise ValueError(
            f"{caller}: expected encodings (N, D) of finite floats, got {encodings.dtype} "
            f"{encodings.shape}"
        )
    if labels.shape != encodings.shape[:1] or labels.dtype.kind not in "iu" or len(labels) < 2:
        raise ValueError(
            f"{caller}: expected whole numbers as labels (N,) of {len(encodings)} encodings, "
            f"2 at least, got {labels.dtype} {labels.shape}"
        )
    if names is not None and not 0 <= labels.min() <= labels.max() < len(names):
        raise ValueError(
            f"{caller}: expected labels from 0 to {len(names) - 1}, one for each name, got "
            f"{labels.min()} to {labels.max()}"
        )
    if all_equal(encodings):
        raise CollapsedError(
            f"{caller}: expected encodings that differ, got {len(labels)} equal ones: the encoding "
            "has collapsed; train anew with a lower learning rate"
        )
    return encodings, labels
