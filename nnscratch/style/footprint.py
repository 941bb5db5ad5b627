"""How much memory a step of style transfer takes, worked out from shapes before it is taken.

Stands on `costs`, and on `shapes`: a network is run on arrays that have a shape and no numbers.
The factors are measured; tests compare their sum with what a process really takes.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.kernels import choosing
from nnscratch.style.scales import Size
from nnscratch.style.settings import Objective, default_layers
from nnscratch.style.statistics import STATISTICS, Sliced
from nnscratch.summary import shapes as shapes_only
from nnscratch.summary.shapes import Field, Meter, ShapeOnly
from nnscratch.tensor import Tensor

PROCESS = 150 * 2**20  # Python, NumPy, SciPy and Pillow themselves
IDLE_BYTES = 2**26  # of results' memory that the NumPy engine keeps for reuse
SCRATCH = 16 * 2**20  # of fast kernels, at most
AT_POINTS = 8  # times the weights, as Winograd's transform holds them: 36 for 9, in two directions
PADDED = 2  # copies that padding other than by zeros leaves in the graph
GRADIENTS = 2  # as large as the largest features, alive at one time
IDLE = 4  # results as large as those, which wait to be used again
ARRAYS = {"gd": 14, "adam": 16, "lbfgs": 90}  # like the picture; L-BFGS has 20 and more in float64
COPIES = {"gram": 0, "wasserstein": 0, "mean-variance": 2, "sliced": 0}  # of style features
SHADOWS = 8  # copies of the sliced statistic: sorted, permuted, their order in int64, ...


def used_layers(network: Any, objective: Objective) -> tuple[list[str], list[str]]:
    """The content's and the style's layers that count for something."""
    defaults = default_layers(network)
    given = (objective.content_layers, objective.style_layers)
    weights = (objective.content_weight, objective.style_weight)
    content, style = (
        _counting(default if layers is None else layers) if weight else []
        for layers, default, weight in zip(given, defaults, weights, strict=True)
    )
    return content, style


def _counting(layers: Any) -> list[str]:
    if isinstance(layers, Mapping):
        return [name for name, share in layers.items() if share]
    return list(dict.fromkeys(layers))


class Extent(NamedTuple):
    """A layer's shape (1, C, *places), and per axis: pixels that a place sees, and to the next."""

    shape: Size
    field: Size
    jump: Size

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def extents(network: Any, layers: Iterable[str], channels: int, size: Size) -> dict[str, Extent]:
    """Each layer up to the last of `layers`, for pictures (channels, *size).

    Raises ValueError where a layer sees all of the picture at once.
    """
    names = list(network.layers)
    last = max(map(names.index, layers))
    one = (1,) * len(size)
    image = ShapeOnly((1, channels, *size), np.float32, Field(one, one), Meter())
    with no_grad(), choosing(shapes_only.choose):
        features = network.features(Tensor(image), names[: last + 1])
    return {name: _extent(name, features[name].data) for name in names[: last + 1]}


def _extent(name: str, x: ShapeOnly) -> Extent:
    if x.field is None:
        raise ValueError(f"features: expected local layers, got {name}, which sees all at once")
    return Extent(x.shape, x.field.size, x.field.jump)


def step_bytes(
    network: Any, objective: Objective, shape: Size, copies: int = 0, itemsize: int = 4
) -> int:
    """Bytes of a forward and a backward pass over a picture of `shape` (C, *size).

    copies: of the style's features, beyond those that the kind of style makes: one for each mask
    """
    content, style = used_layers(network, objective)
    shapes = extents(network, {*content, *style}, shape[0], shape[1:])
    convs = {name for name in shapes if hasattr(network.layers[name], "weight")}
    kept = sum(x.size for name, x in shapes.items() if name not in convs or name in content + style)
    if getattr(network, "padding", "constant") != "constant":
        before = [math.prod(shape), *(x.size for x in shapes.values())]
        kept += PADDED * sum(n for n, name in zip(before, shapes, strict=False) if name in convs)
    kept += sum(_for_style(shapes[name], objective.style_kind, copies) for name in style)
    largest = max(x.size for x in shapes.values())
    weights = sum(network.layers[name].weight.size for name in convs)
    waiting = IDLE * largest * itemsize
    spare = min(IDLE_BYTES, waiting) + min(SCRATCH, waiting)
    return (kept + GRADIENTS * largest + AT_POINTS * weights) * itemsize + spare


def _for_style(features: Extent, kind: str, copies: int) -> int:
    """Elements that the statistic of one layer keeps."""
    how = STATISTICS[kind]
    shadows = SHADOWS * how.directions if isinstance(how, Sliced) else 0
    return (COPIES[kind] + copies) * features.size + shadows * math.prod(features.shape[2:])


def kept_bytes(network: Any, objective: Objective, shape: Size, itemsize: int = 4) -> int:
    """Bytes that tiles hold of the whole picture: targets, features and slopes of some layers."""
    content, style = used_layers(network, objective)
    kept = content if STATISTICS[objective.style_kind].additive else [*content, *style]
    if not kept:
        return 0
    shapes = extents(network, kept, shape[0], shape[1:])
    elements = 3 * sum(shapes[name].size for name in kept)
    if kept != content:
        elements += sum(_for_style(shapes[name], objective.style_kind, 0) for name in style)
    return elements * itemsize


def picture_bytes(optimizer: str, shape: Size, itemsize: int = 4) -> int:
    """Bytes of the picture itself and of all that is as large: gradient, moments, best, mean."""
    return ARRAYS[optimizer] * math.prod(shape) * itemsize
