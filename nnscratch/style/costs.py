"""The costs of a picture against a content and styles, and their gradient in the pixels.

Stands on `settings`, `statistics`, `conventions` and `vgg`. Signals (C, L) and volumes (C, D, H, W)
go through the same code as pictures (C, H, W).
Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks".
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.backend import array_module, to_numpy
from nnscratch.style.losses import total_variation
from nnscratch.style.scales import Size
from nnscratch.style.settings import Objective, Style, check_mask
from nnscratch.style.statistics import STATISTICS, Distance
from nnscratch.tensor import Tensor

Features = dict[str, Tensor]
Distances = dict[str, tuple[Distance, float]]


class CostParts(NamedTuple):
    """Weighted costs, as Tensors of shape ()."""

    content: Tensor
    style: Tensor
    tv: Tensor

    @property
    def total(self) -> Tensor:
        return self.content + self.style + self.tv


class Costs:
    """The costs of a picture, as a function: image (1, C, *size) -> CostParts.

    content: (C, *size), or None where content_weight is 0 (a texture)
    targets: `style_targets` of the same network, styles and objective; None: computed here
    Raises ValueError if a layer is missing, a mask does not fit, or features are not finite.
    """

    def __init__(self, network, content, styles, objective: Objective | None = None, targets=None):
        self.network, self.styles = network, list(styles)
        self.objective = objective or Objective()
        self.content_layers, self.style_layers = self.objective.layers_in(network)
        self.layers = [*{**self.content_layers, **self.style_layers}]
        self._check_inputs(content)
        # styles without a mask, or with equal masks, share one region of the picture
        masks = [style.mask for style in self.styles]
        self.regions = [next(i for i, x in enumerate(masks) if np.array_equal(x, m)) for m in masks]
        self._grids: dict[tuple[int, Size], Any] = {}
        with no_grad():
            features = finite_features(network, content, self.content_layers, "the content")
            if targets is None:
                targets = style_targets(network, self.styles, self.objective)
            self._check_targets(targets)
            self.style_targets = list(targets)
            self._content_distances = self._distances(features, self.content_layers, "content")
            self._style_distances = [
                self._distances(x, self.style_layers, "style") for x in self.style_targets
            ]

    def __call__(self, image: Tensor) -> CostParts:
        """Raises ValueError, naming the layer, where the features are not finite."""
        with np.errstate(over="ignore", invalid="ignore"):  # the error below says it
            features = self.network.features(image, self.layers)
            self._check_masks(image.shape[2:])
            parts = self.parts(features, self.statistics(features), image)
        if not all(math.isfinite(part.item()) for part in parts):
            raise ValueError(_explain_nonfinite(self.network, image, self.layers, parts=parts))
        return parts

    def value(self, image: np.ndarray) -> CostParts:
        """image (1, C, *size) -> its costs, without a graph."""
        with no_grad():
            return self(Tensor(image))

    def gradient(self, image: np.ndarray) -> tuple[CostParts, np.ndarray]:
        """image (1, C, *size) -> its costs, and the gradient of their sum (1, C, *size)."""
        leaf = Tensor(image, requires_grad=True)
        parts = self(leaf)
        parts.total.backward()
        return parts, gradient_of(leaf)

    # -- the three parts ---------------------------------------------------------------------

    def parts(self, features: Features, statistics: dict[int, Features], image: Tensor):
        """The CostParts of a picture with these features and statistics."""
        content, style = self.content_cost(features, image), self.style_cost(statistics, image)
        return CostParts(content, style, self.variation(image))

    def content_cost(self, features: Features, image: Tensor) -> Tensor:
        """α Σ_l w_l C_l over the content layers."""
        targets = self._content_distances.items()
        return _sum((distance(features[x]) * scale for x, (distance, scale) in targets), image)

    def statistics(self, features: Features) -> dict[int, Features]:
        """What the styles are compared with: {region: {layer: statistic}}.

        A region has the number of the first style with its mask.
        """
        statistic = STATISTICS[self.objective.style_kind].statistic
        return {
            region: {
                name: statistic(features[name], self.mask_at(region, features[name].shape[2:]))
                for name in self.style_layers
            }
            for region in set(self.regions)
        }

    def style_cost(self, statistics: dict[int, Features], image: Tensor) -> Tensor:
        """β Σ_s w_s / Σ w · Σ_l w_l E_l over styles s and style layers l."""
        total_weight = sum(style.weight for style in self.styles)
        styles = zip(self.styles, self.regions, self._style_distances, strict=True)
        terms = (
            distance(statistics[region][name]) * float(scale * style.weight / total_weight)
            for style, region, distances in styles
            for name, (distance, scale) in distances.items()
        )
        return _sum(terms, image).astype(image.dtype)  # some statistics are float64 in any case

    def variation(self, image: Tensor) -> Tensor:
        """The weighted total variation."""
        weight, convention = float(self.objective.tv_weight), self.objective.convention
        if not weight:
            return _sum((), image)
        if convention.variation is None:
            return weight * total_variation(image, self.objective.tv_power)
        if convention.pixel_scale != (1.0,):
            xp = array_module(image.data)
            scale = xp.asarray(convention.pixel_scale, dtype=image.dtype)
            image = image * scale.reshape(-1, *(1,) * (image.ndim - 2))
        return weight * convention.variation(image)

    def mask_at(self, region: int, size: Size) -> Any:
        """The mask of a region on a layer's grid, or None."""
        if (region, size) not in self._grids:
            self._grids[region, size] = area_average(self.styles[region].mask, size)
        return self._grids[region, size]

    # -- what depends on the targets alone ---------------------------------------------------

    def _distances(self, targets: Features, weights: dict[str, float], name: str) -> Distances:
        """{layer: (distance to its target, the factor before it)}.

        Normalised costs are divided by the distance of features that are all 0.
        """
        weight = getattr(self.objective, f"{name}_weight")
        cost, distances = getattr(self.objective.convention, name), {}
        for layer, target in targets.items():
            if cost is None:
                distance = STATISTICS[self.objective.style_kind].distance_to(target)
            else:
                distance = partial(cost, target=target)
            blank = distance(target * 0.0).item() if self.objective.convention.normalised else 1.0
            distances[layer] = distance, float(weight * weights[layer]) / (blank or 1.0)
        return distances

    # -- checks ------------------------------------------------------------------------------

    def _check_inputs(self, content) -> None:
        if self.content_layers and content is None:
            raise ValueError("style: expected a content, got none; set content_weight to 0")
        if self.style_layers and not sum(style.weight for style in self.styles) > 0:
            raise ValueError(
                f"style: expected a style of weight above 0, got {len(self.styles)} styles; give "
                "one, or set style_weight to 0"
            )
        if content is not None:
            axes = getattr(self.network, "ndim", np.ndim(content) - 1)
            if np.ndim(content) != axes + 1:
                raise ValueError(
                    f"style: expected a content (C, *size) with {axes + 1} axes, got shape "
                    f"{np.shape(content)}; leave out the batch axis, as in content[0]"
                )
            self._check_masks(np.shape(content)[1:])

    def _check_masks(self, size: Size) -> None:
        for i, style in enumerate(self.styles):
            if style.mask is not None:
                check_mask(style.mask, size, f"mask of style {i + 1}")

    def _check_targets(self, targets: Sequence[Features]) -> None:
        layers = list(self.style_layers)
        if len(targets) != len(self.styles) or any(list(x) != layers for x in targets):
            raise ValueError(
                f"style: the targets are of {len(targets)} styles at {[list(x) for x in targets]}, "
                f"expected {len(self.styles)} at {layers}; make them with the same styles, network "
                "and objective"
            )


# -- targets --------------------------------------------------------------------------------------


def style_targets(network: Any, styles: Sequence[Style], objective: Objective) -> list[Features]:
    """The statistics {layer: statistic} of each style, with which pictures are compared."""
    layers, statistic = objective.layers_in(network)[1], STATISTICS[objective.style_kind].statistic
    targets = []
    with no_grad():
        for i, style in enumerate(styles, start=1):
            target = finite_features(network, style.image, layers, f"style {i}")
            for name, x in target.items():
                target[name] = statistic(x, area_average(style.own_mask, x.shape[2:]))
            targets.append(target)
    return targets


def finite_features(network: Any, image: Any, layers: Iterable[str], what: str) -> Features:
    """The features of a picture (C, *size). Raises ValueError, naming the layer, for NaN."""
    if not layers:
        return {}
    batch = Tensor((image.data if isinstance(image, Tensor) else image)[None])
    with np.errstate(over="ignore", invalid="ignore"):  # the error below says it
        features = network.features(batch, layers)
    if not all(bool(array_module(x.data).isfinite(x.data).all()) for x in features.values()):
        raise ValueError(_explain_nonfinite(network, batch, layers, what))
    return features


def _explain_nonfinite(network, image, layers, what="the picture", parts=()) -> str:
    """Names the first layer with a NaN or an infinity."""
    if not np.isfinite(to_numpy(image.data)).all():
        return f"style: {what} holds values that are not finite; lower the rate or the weights"
    names = list(network.layers)
    names = names[: 1 + max(map(names.index, layers))]
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        features = network.features(image.detach(), names)
    for name in names:
        if not np.isfinite(features[name].numpy()).all():
            return (
                f"style: the features of {what} are not finite from layer {name} on; look at "
                "the weights of the network there"
            )
    return (
        f"style: the costs are not finite (content, style, variation: "
        f"{[part.item() for part in parts]}), though all features are; lower the weights"
    )


# -- masks on the grids of layers -----------------------------------------------------------------


def area_average(mask: Any, size: Size) -> Any:
    """A mask on another grid, each cell the mean of what it covers: (*size) -> (*size').

    None, which stands for a mask of ones, stays None.
    """
    if mask is None:
        return None
    mask = np.asarray(mask, dtype=np.float64)
    for axis, count in enumerate(size):
        cells = _cells(mask.shape[axis], count)
        mask = np.moveaxis(np.tensordot(cells, mask, (1, axis)), 0, axis)
    return mask


def _cells(pixels: int, count: int) -> np.ndarray:
    """The part of each of `count` cells that each pixel fills: (count, pixels), rows sum to 1."""
    edges, left = np.linspace(0, pixels, count + 1)[:, None], np.arange(pixels)
    overlap = np.minimum(edges[1:], left + 1) - np.maximum(edges[:-1], left)
    return overlap.clip(0) * (count / pixels)


# -- small helpers --------------------------------------------------------------------------------


def gradient_of(leaf: Tensor) -> np.ndarray:
    """The gradient in an array of its own, zeros where there is none."""
    return np.zeros_like(leaf.data) if leaf.grad is None else leaf.grad.numpy().copy()


def _sum(terms: Iterable[Tensor], like: Tensor) -> Tensor:
    return sum(terms, Tensor(array_module(like.data).zeros((), dtype=like.dtype)))
