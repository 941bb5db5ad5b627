"""What a picture is to match: contents, styles with weights and regions, smoothness.

Stands on `statistics`, `conventions` and `vgg`. Signals (C, L) and volumes (C, D, H, W) go through
the same code as pictures (C, H, W).
Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks".
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.backend import array_module, to_numpy
from nnscratch.style.conventions import CONVENTIONS, Convention
from nnscratch.style.losses import TV_POWERS, total_variation
from nnscratch.style.statistics import KINDS, STATISTICS, Distance
from nnscratch.style.vgg import VGG
from nnscratch.tensor import Tensor

Layers = Mapping[str, float] | Sequence[str] | None
Features = dict[str, Tensor]


@dataclass(frozen=True)
class Objective:
    """How much of what: the weights α, β and of total variation, the layers, the kind of style.

    content_layers, style_layers: names, which share the weight alike; or {name: share}, taken as
        given; None: `default_layers`
    style_kind: one of statistics.KINDS
    tv_power: 1 or 2, see losses.total_variation
    preset: whose factors stand before the sums, one of conventions.CONVENTIONS; None: each cost is
        divided by what blank features would cost, so that 1 means that nothing of the target is
        there, in any layer of any network. Differs from the paper: there α and β have to make up
        for the scale of the features.

    Raises ValueError for what cannot be, and for options that contradict each other.
    """

    content_weight: float = 1.0
    style_weight: float = 100.0
    tv_weight: float = 1.0
    content_layers: Layers = None
    style_layers: Layers = None
    style_kind: str = "gram"
    tv_power: int = 2
    preset: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name.endswith("_weight"):
                _check_weight(field.name, getattr(self, field.name))
        if self.content_weight == self.style_weight == 0:
            raise ValueError("style: expected a content or a style weight above 0, got none")
        _check_among("style_kind", self.style_kind, KINDS)
        _check_among("tv_power", self.tv_power, TV_POWERS)
        _check_among("preset", self.preset, tuple(CONVENTIONS))
        self._check_preset()
        for name in ("content", "style"):
            self._check_layers(name)

    def _check_preset(self) -> None:
        kind, variation = self.convention.kind, self.convention.variation
        if kind not in (None, self.style_kind):
            raise ValueError(
                f"style: preset {self.preset!r} compares styles by {kind!r}, "
                f"got style_kind {self.style_kind!r}; leave one of the two out"
            )
        if variation is not None and self.tv_power != 2:
            raise ValueError(
                f"style: preset {self.preset!r} has a total variation of its own, of power 2, "
                f"got tv_power {self.tv_power}; leave one of the two out"
            )

    def _check_layers(self, name: str) -> None:
        layers, weight = getattr(self, f"{name}_layers"), getattr(self, f"{name}_weight")
        if isinstance(layers, str):
            raise TypeError(f"style: expected {name}_layers as a list of names, got {layers!r}")
        if layers is None or not weight:
            return
        shares = _shared(layers)
        for layer, share in shares.items():
            _check_weight(f"{name}_layers[{layer!r}]", share)
        if not sum(shares.values()) > 0:
            raise ValueError(
                f"style: {name}_layers {layers} leave nothing to match; name a layer, or set "
                f"{name}_weight to 0"
            )

    @property
    def convention(self) -> Convention:
        return CONVENTIONS[self.preset]


@dataclass(frozen=True)
class Style:
    """A picture whose style counts, where it applies, and which part of it is meant.

    image: (C, *size); weight: its share among several, of any scale
    mask: (*size) of the result, in [0, 1]: where this style applies; None: everywhere
    own_mask: (*size) of `image`, in [0, 1]: what of it counts; None: all
    """

    image: Any
    weight: float = 1.0
    mask: Any = None
    own_mask: Any = None

    def __post_init__(self) -> None:
        _check_weight("a style's weight", self.weight)
        size = np.shape(self.image)[1:]
        for name in ("mask", "own_mask"):
            if getattr(self, name) is not None:
                checked_mask(getattr(self, name), size if name == "own_mask" else None, name)


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
    cached: what `targets()` of Costs with the same network, styles and objective gave: a folder of
        contents then costs one pass over the styles

    Raises ValueError if a layer is missing, a mask does not fit, or features are not finite.
    """

    def __init__(
        self,
        network: VGG,
        content: Any,
        styles: Sequence[Style],
        objective: Objective | None = None,
        cached: Sequence[Features] | None = None,
    ):
        self.network, self.objective = network, objective or Objective()
        self.styles = list(styles)
        content_layers, style_layers = default_layers(network)
        wanted = self.objective
        self.content_layers = _active(wanted.content_layers, content_layers, wanted.content_weight)
        self.style_layers = _active(wanted.style_layers, style_layers, wanted.style_weight)
        self.layers = [*{**self.content_layers, **self.style_layers}]
        self._check_given(content)
        self._grids: dict[tuple[int, tuple[int, ...]], Any] = {}
        with no_grad():
            self.content_targets = self._features_of(content, self.content_layers, "the content")
            given = self._style_targets() if cached is None else list(cached)
            self._check_cached(given)
            self.style_targets = given
            self._distances = [self._distances_to(targets) for targets in given]
            self.content_scales = self._scales_of_content()
        # styles without a mask, or of one mask, look at the picture through one statistic
        self.regions = [self._first_alike(i) for i in range(len(self.styles))]

    def targets(self) -> list[Features]:
        """The statistics of each style, to be given as `cached` to the next Costs."""
        return self.style_targets

    def __call__(self, image: Tensor) -> CostParts:
        """Raises ValueError, naming the layer, where the features are not finite."""
        self._check_masks(image.shape[2:])
        with np.errstate(over="ignore", invalid="ignore"):  # said in words below
            features = self.network.features(image, self.layers)
            parts = CostParts(
                self.content_cost(features, image),
                self.style_cost(self.statistics(features), image),
                self.variation(image),
            )
        if not all(math.isfinite(part.item()) for part in parts):
            raise ValueError(self._blame(image, "the picture", parts))
        return parts

    # -- the parts ---------------------------------------------------------------------------

    def content_cost(self, features: Features, image: Tensor) -> Tensor:
        """α Σ_l w_l C_l over the content layers."""
        cost = self.objective.convention.content
        terms = (
            cost(features[name], target) * self.content_scales[name]
            for name, target in self.content_targets.items()
        )
        return _sum(terms, image)

    def statistics(self, features: Features) -> dict[int, Features]:
        """What is compared with the styles: {region: {layer: statistic}}.

        A region is the number of the first style with its mask.
        """
        return {region: self._seen_through(region, features) for region in set(self.regions)}

    def style_cost(self, statistics: dict[int, Features], image: Tensor) -> Tensor:
        """β Σ_s share_s Σ_l w_l E_l over styles and style layers."""
        whole = sum(style.weight for style in self.styles)
        terms = (
            distance(statistics[region][name]) * float(scale * style.weight / whole)
            for style, region, distances in zip(
                self.styles, self.regions, self._distances, strict=True
            )
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

    def mask_at(self, region: int, size: tuple[int, ...]) -> Any:
        """The mask of a region on a layer's grid, or None."""
        mask = self.styles[region].mask
        if mask is None:
            return None
        if (region, size) not in self._grids:
            self._grids[region, size] = area_average(mask, size)
        return self._grids[region, size]

    # -- targets -----------------------------------------------------------------------------

    def _features_of(self, image: Any, layers: Iterable[str], what: str) -> Features:
        if not layers:
            return {}
        data = image.data if isinstance(image, Tensor) else image
        batch = Tensor(data[None])
        with np.errstate(over="ignore", invalid="ignore"):  # said in words below
            features = self.network.features(batch, layers)
        if not all(bool(array_module(x.data).isfinite(x.data).all()) for x in features.values()):
            raise ValueError(self._blame(batch, what))
        return features

    def _style_targets(self) -> list[Features]:
        return [self._statistics_of(style, f"style {i + 1}") for i, style in enumerate(self.styles)]

    def _statistics_of(self, style: Style, what: str) -> Features:
        features = self._features_of(style.image, self.style_layers, what)
        return {name: self._statistic(x, style.own_mask) for name, x in features.items()}

    def _seen_through(self, region: int, features: Features) -> Features:
        chosen = {name: features[name] for name in self.style_layers}
        kind = STATISTICS[self.objective.style_kind]
        return {
            name: kind.statistic(x, self.mask_at(region, x.shape[2:])) for name, x in chosen.items()
        }

    def _statistic(self, features: Tensor, mask: Any) -> Tensor:
        grid = None if mask is None else area_average(mask, features.shape[2:])
        return STATISTICS[self.objective.style_kind].statistic(features, grid)

    def _distances_to(self, targets: Features) -> dict[str, tuple[Distance, float]]:
        """{layer: (distance to its target, the factor before it)}."""
        found = {}
        for name, target in targets.items():
            distance = self._distance_to(target)
            scale = self.objective.style_weight * self.style_layers[name]
            found[name] = distance, scale / self._blank(distance(target * 0.0))
        return found

    def _distance_to(self, target: Tensor) -> Distance:
        own = self.objective.convention.style
        if own is None:
            return STATISTICS[self.objective.style_kind].distance_to(target)
        return lambda statistic: own(statistic, target)

    def _scales_of_content(self) -> dict[str, float]:
        cost, weight = self.objective.convention.content, self.objective.content_weight
        return {
            name: float(weight * self.content_layers[name])
            / self._blank(cost(target * 0.0, target))
            for name, target in self.content_targets.items()
        }

    def _blank(self, cost: Tensor) -> float:
        """What a cost is divided by."""
        return (cost.item() if self.objective.convention.normalised else 1.0) or 1.0

    def _first_alike(self, i: int) -> int:
        """The first style with the mask of style i."""
        masks = [style.mask for style in self.styles]
        return next(k for k, mask in enumerate(masks) if _same(mask, masks[i]))

    # -- checks ------------------------------------------------------------------------------

    def _check_given(self, content: Any) -> None:
        if self.content_layers and content is None:
            raise ValueError("style: expected a content, got none; set content_weight to 0")
        if self.style_layers and not sum(style.weight for style in self.styles) > 0:
            raise ValueError(
                f"style: expected a style of weight above 0, got {len(self.styles)} styles; give "
                "one, or set style_weight to 0"
            )
        if content is not None:
            self._check_masks(np.shape(content)[1:])

    def _check_masks(self, size: tuple[int, ...]) -> None:
        for i, style in enumerate(self.styles):
            if style.mask is not None:
                checked_mask(style.mask, size, f"mask of style {i + 1}")

    def _check_cached(self, given: list[Features]) -> None:
        wanted = list(self.style_layers)
        if len(given) != len(self.styles) or any(list(x) != wanted for x in given):
            raise ValueError(
                f"style: the cached targets are of {len(given)} styles at "
                f"{[list(x) for x in given]}, expected {len(self.styles)} at {wanted}; "
                "make them with the same styles, network and objective"
            )

    def _blame(self, image: Tensor, what: str, parts: CostParts | None = None) -> str:
        """Which layer is the first with a NaN or an infinity, in words."""
        if not np.isfinite(to_numpy(image.data)).all():
            return f"style: {what} holds values that are not finite; lower the rate or the weights"
        names = list(self.network.layers)
        last = max(map(names.index, self.layers))
        with no_grad(), np.errstate(over="ignore", invalid="ignore"):
            features = self.network.features(image.detach(), names[: last + 1])
        for name in names[: last + 1]:
            if not np.isfinite(features[name].numpy()).all():
                return (
                    f"style: the features of {what} are not finite from layer {name} on; look at "
                    "the weights of the network there"
                )
        found = [] if parts is None else [part.item() for part in parts]
        return (
            f"style: the costs are not finite (content, style, variation: {found}), though all "
            "features are; lower the weights"
        )


def default_layers(network: VGG) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Content: relu4_2, or the deepest relu before the last; style: the first relu of each block.

    Source: Gatys et al., section 2; where a network is shallower, also its last relu for style.
    """
    relus = [name for name in network.layers if name.startswith("relu")]
    content = "relu4_2" if "relu4_2" in relus else relus[max(0, len(relus) - 2)]
    style = [name for name in relus if name.endswith("_1")]
    if not style or "relu5_1" not in style:
        style += [relus[-1]] if relus[-1] not in style else []
    return (content,), tuple(style)


def area_average(mask: Any, size: tuple[int, ...]) -> np.ndarray:
    """A mask on another grid, each cell the mean of what it covers: (*size) -> (*size')."""
    mask = np.asarray(mask, dtype=np.float64)
    for axis, count in enumerate(size):
        cells = _cells(mask.shape[axis], count)
        mask = np.moveaxis(np.tensordot(cells, mask, (1, axis)), 0, axis)
    return mask


def _cells(pixels: int, count: int) -> np.ndarray:
    """How much of each cell each pixel fills: (count, pixels), rows sum to 1."""
    edges, left = np.linspace(0, pixels, count + 1)[:, None], np.arange(pixels)
    overlap = np.minimum(edges[1:], left + 1) - np.maximum(edges[:-1], left)
    return overlap.clip(0) * (count / pixels)


def checked_mask(mask: Any, size: tuple[int, ...] | None, name: str = "mask") -> np.ndarray:
    """The mask as an array; ValueError unless it is of `size`, in [0, 1] and not black."""
    mask = np.asarray(mask)
    if size is not None and mask.shape != tuple(size):
        raise ValueError(
            f"style: expected {name} of the picture's size {tuple(size)}, got {mask.shape}; "
            "resize it"
        )
    if mask.dtype.kind not in "fb" or not (mask.size and 0 <= mask.min() <= mask.max() <= 1):
        raise ValueError(f"style: expected {name} of floats from 0 to 1, got others")
    if not mask.any():
        raise ValueError(f"style: {name} is black everywhere; paint white what is meant")
    return mask


def _check_weight(name: str, weight: float) -> None:
    if not 0 <= weight < math.inf:
        raise ValueError(f"style: expected {name} of at least 0 and finite, got {weight}")


def _check_among(name: str, value: Any, allowed: tuple) -> None:
    if value not in allowed:
        raise ValueError(f"style: expected {name} in {allowed}, got {value!r}")


def _shared(layers: Mapping[str, float] | Sequence[str]) -> dict[str, float]:
    """Names -> equal shares; a mapping as it is."""
    if isinstance(layers, Mapping):
        return dict(layers)
    names = dict.fromkeys(layers)
    return {name: 1 / len(names) for name in names}


def _active(layers: Layers, default: tuple[str, ...], weight: float) -> dict[str, float]:
    """{layer: share} of those that count for something."""
    shares = _shared(default if layers is None else layers) if weight else {}
    return {name: share for name, share in shares.items() if share}


def _same(mask: Any, other: Any) -> bool:
    if mask is None or other is None:
        return mask is other
    return mask is other or np.array_equal(mask, other)


def _sum(terms: Iterable[Tensor], like: Tensor) -> Tensor:
    return sum(terms, Tensor(array_module(like.data).zeros((), dtype=like.dtype)))
