"""The memory that a step of style transfer takes, computed from shapes before the step.

Stands on `settings`, and on `shapes`, which runs a network on arrays that have a shape and no
numbers. The factors are measured; tests compare their sum with the memory of a process.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.kernels import choosing
from nnscratch.style.scales import Size
from nnscratch.style.settings import Objective
from nnscratch.style.statistics import STATISTICS, Sliced
from nnscratch.summary import shapes as shapes_only
from nnscratch.summary.shapes import Field, Meter, ShapeOnly
from nnscratch.tensor import Tensor

PROCESS = 150 * 2**20  # bytes of Python, NumPy, SciPy and Pillow themselves
IDLE_BYTES = 2**26  # of results' memory that the NumPy engine keeps for reuse
SCRATCH = 16 * 2**20  # bytes of scratch memory of fast kernels, at most
AT_POINTS = 8  # weights in Winograd's transform, times the weights: 36 for 9, in two directions
PADDED = 2  # copies that padding other than by zeros leaves in the graph
GRADIENTS = 2  # gradients of the size of the largest features that exist at one time
IDLE = 4  # freed results of that size that are kept for reuse
ARRAYS = {"gd": 14, "adam": 16, "lbfgs": 90}  # arrays like the picture; L-BFGS has 20 in float64
COPIES = {"gram": 0, "wasserstein": 0, "mean-variance": 2, "sliced": 0}  # of style features
SHADOWS = 8  # copies in the sliced statistic: sorted, permuted, their order in int64, ...


class Extent(NamedTuple):
    """A layer's shape (1, C, *places); receptive field and stride on each axis, in pixels."""

    shape: Size
    field: Size
    jump: Size

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def extents(network: Any, layers: Iterable[str], channels: int, size: Size) -> dict[str, Extent]:
    """Each layer up to the last of `layers`, for pictures (channels, *size).

    Raises ValueError for a layer that is not local, such as a global mean.
    """
    names = list(network.layers)
    last = max(map(names.index, layers))
    one = (1,) * len(size)
    weights = (getattr(layer, "weight", None) for layer in network.layers.values())
    dtype = next((weight.dtype for weight in weights if weight is not None), np.float32)
    image = ShapeOnly((1, channels, *size), dtype, Field(one, one), Meter())
    with no_grad(), choosing(shapes_only.choose):
        features = network.features(Tensor(image), names[: last + 1])
    arrays = {name: features[name].data for name in names[: last + 1]}
    for name, x in arrays.items():
        if x.field is None:
            raise ValueError(f"features: expected local layers, got {name}, which sees all at once")
    return {name: Extent(x.shape, x.field.size, x.field.jump) for name, x in arrays.items()}


def step_bytes(network, objective, shape: Size, copies: int = 0, itemsize: int = 4) -> int:
    """Bytes of a forward and a backward pass over a picture of `shape` (C, *size).

    copies: of the style's features, one for each mask
    """
    content, style = objective.layers_in(network)
    used = {*content, *style}
    shapes = extents(network, used, shape[0], shape[1:])
    convs = {name for name in shapes if hasattr(network.layers[name], "weight")}
    features = sum(x.size for name, x in shapes.items() if name not in convs or name in used)
    if getattr(network, "padding", "constant") not in ("constant", "mirror"):
        inputs = zip([math.prod(shape), *(x.size for x in shapes.values())], shapes, strict=False)
        features += PADDED * sum(size for size, name in inputs if name in convs)
    margin = margin_ratio(network, used, shape[1:])
    features = math.ceil(margin * features)
    features += sum(_style_elements(shapes[name], objective.style_kind, copies) for name in style)
    largest = math.ceil(margin * max(x.size for x in shapes.values()))
    weights = sum(network.layers[name].weight.size for name in convs)
    idle = IDLE * largest * itemsize
    spare = min(IDLE_BYTES, idle) + min(SCRATCH, idle)
    return (features + GRADIENTS * largest + AT_POINTS * weights) * itemsize + spare


def margin_ratio(network: Any, layers: Iterable[str], size: Size) -> float:
    """The pixels that a network computes over those of a picture of `size`: 1, or above."""
    if getattr(network, "padding", "constant") != "mirror":
        return 1.0
    sides = zip(size, network.margins(size, layers), strict=True)
    return math.prod(1 + (before + after) / n for n, (before, after) in sides)


def _style_elements(features: Extent, kind: str, copies: int) -> int:
    """Numbers that the style statistic of one layer stores."""
    statistic = STATISTICS[kind]
    shadows = SHADOWS * statistic.directions if isinstance(statistic, Sliced) else 0
    return (COPIES[kind] + copies) * features.size + shadows * math.prod(features.shape[2:])


def kept_bytes(network: Any, objective: Objective, shape: Size, itemsize: int = 4) -> int:
    """Bytes that tiles store of the whole picture: targets, features, gradients of some layers."""
    content, style = objective.layers_in(network)
    additive = STATISTICS[objective.style_kind].additive
    layers = [*content] if additive else [*content, *style]
    if not layers:
        return 0
    shapes = extents(network, layers, shape[0], shape[1:])
    elements = 3 * sum(shapes[name].size for name in layers)
    if not additive:
        elements += sum(_style_elements(shapes[name], objective.style_kind, 0) for name in style)
    return elements * itemsize


def picture_bytes(optimizer: str, shape: Size, itemsize: int = 4) -> int:
    """Bytes of all arrays of the picture's size: itself, gradient, moments, best, mean."""
    return ARRAYS[optimizer] * math.prod(shape) * itemsize
