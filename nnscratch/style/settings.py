"""The options of a transfer: what to match (`Objective`, `Style`), and how (`Settings`).

Stands on `conventions`, `statistics` and `scales`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.style import scales
from nnscratch.style.conventions import CONVENTIONS, Convention
from nnscratch.style.losses import TV_POWERS
from nnscratch.style.scales import Size
from nnscratch.style.statistics import KINDS

OPTIMIZERS = ("gd", "adam", "lbfgs")
INITS = ("content", "noise", "style")

Layers = Mapping[str, float] | Sequence[str] | None


@dataclass(frozen=True)
class Objective:
    """What to match: the weights α, β and of the total variation, the layers, the style statistic.

    content_layers, style_layers: names, which share the weight equally; or {name: weight}; None:
        `default_layers`
    style_kind: one of statistics.KINDS
    tv_power: 1 or 2, see losses.total_variation
    preset: the convention that scales the costs, one of conventions.CONVENTIONS; None: each cost is
        divided by the cost of features that are all 0, so that 1 means "nothing matched" in any
        layer of any network. Differs from the paper: there α and β make up for the features' scale.

    Raises ValueError for values out of range and for options that contradict each other.
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
        for name in ("content_weight", "style_weight", "tv_weight"):
            _check_weight(name, getattr(self, name))
        if self.content_weight == self.style_weight == 0:
            raise ValueError("style: expected a content or a style weight above 0, got none")
        _check_choice("style_kind", self.style_kind, KINDS)
        _check_choice("tv_power", self.tv_power, TV_POWERS)
        _check_choice("preset", self.preset, tuple(CONVENTIONS))
        self._check_preset()
        self._check_layers("content", self.content_layers, self.content_weight)
        self._check_layers("style", self.style_layers, self.style_weight)

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

    def _check_layers(self, name: str, layers: Layers, weight: float) -> None:
        if isinstance(layers, str):
            raise TypeError(f"style: expected {name}_layers as a list of names, got {layers!r}")
        if layers is None or not weight:
            return
        layer_weights = _layer_weights(layers)
        for layer, layer_weight in layer_weights.items():
            _check_weight(f"{name}_layers[{layer!r}]", layer_weight)
        if not sum(layer_weights.values()) > 0:
            raise ValueError(
                f"style: {name}_layers {layers} leave nothing to match; name a layer, or set "
                f"{name}_weight to 0"
            )

    @property
    def convention(self) -> Convention:
        return CONVENTIONS[self.preset]

    def layers_in(self, network: Any) -> tuple[dict[str, float], dict[str, float]]:
        """The content layers and the style layers with a weight above 0, as {name: weight}."""
        content, style = default_layers(network)
        return (
            _weighted_layers(self.content_layers, content, self.content_weight),
            _weighted_layers(self.style_layers, style, self.style_weight),
        )


@dataclass(frozen=True)
class Style:
    """A style picture, where in the result it applies, and which part of it counts.

    image: (C, *size); weight: relative to the other styles
    mask: (*size) of the result, in [0, 1]: where this style applies; None: everywhere
    own_mask: (*size) of `image`, in [0, 1]: the part of it that counts; None: all
    """

    image: Any
    weight: float = 1.0
    mask: Any = None
    own_mask: Any = None

    def __post_init__(self) -> None:
        _check_weight("a style's weight", self.weight)
        if self.mask is not None:
            check_mask(self.mask, None)
        if self.own_mask is not None:
            check_mask(self.own_mask, np.shape(self.image)[1:], "own_mask")


@dataclass(frozen=True)
class Settings:
    """How to get there.

    optimizer: "gd" (gradient descent with momentum), "adam" or "lbfgs"
    iterations: at each scale, or a tuple with a number for each scale
    lr: how far a pixel moves in a step of Adam; for gd, ten times the root mean square of the first
        step; L-BFGS ignores it
    scales: the sizes from coarse to fine: how many, each √2 times the one before; or their longer
        sides in pixels; None: as many as lead from 128 pixels to the content's size
    init: the first picture; seed: of its noise
    average: decay of the running mean of iterates, which is the result where its loss is lowest;
        0 for none; not for L-BFGS, whose loss only falls
    tolerance: a scale ends when the mean loss of 20 iterations is below that of the 20 before by
        less than this fraction of it; 0: never early
    """

    optimizer: str = "adam"
    iterations: int | tuple[int, ...] = 120
    lr: float = 0.02
    scales: int | tuple[int, ...] | None = None
    init: str = "content"
    seed: int = 0
    average: float = 0.9
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("init", self.init, INITS)
        for name, count in (("iteration", self.iterations), ("scale", self.scales)):
            if count is not None and np.min(count, initial=1) < 1:
                raise ValueError(f"style: expected at least 1 {name}, got {count}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"style: expected lr above 0, got {self.lr}")
        if self.seed < 0:
            raise ValueError(f"style: expected seed of at least 0, got {self.seed}")
        for name in ("average", "tolerance"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"style: expected {name} in [0, 1), got {getattr(self, name)}")

    def plan(self, size: Size) -> list[tuple[Size, int]]:
        """The sizes from the coarsest to `size`, each with its number of iterations.

        Raises ValueError where a tuple of iterations has another length.
        """
        sizes, counts = scales.sizes(size, self.scales), self.iterations
        counts = (counts,) * len(sizes) if isinstance(counts, int) else counts
        if len(counts) != len(sizes):
            raise ValueError(f"style: expected iterations for {len(sizes)} scales, got {counts}")
        return list(zip(sizes, counts, strict=True))


def default_layers(network: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Content: relu4_2, or the deepest relu before the last; style: the first relu of each block.

    Source: Gatys et al., section 2. Differs from the paper: in a network without relu5_1 the last
    relu counts for the style as well.
    """
    relus = [name for name in network.layers if name.startswith("relu")]
    content = "relu4_2" if "relu4_2" in relus else relus[max(0, len(relus) - 2)]
    style = [name for name in relus if name.endswith("_1")]
    if "relu5_1" not in style and relus[-1] not in style:
        style.append(relus[-1])
    return (content,), tuple(style)


def check_mask(mask: Any, size: Size | None, name: str = "mask") -> None:
    """Raise ValueError unless the mask has `size`, lies in [0, 1] and is not black."""
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


def _check_weight(name: str, weight: float) -> None:
    if not 0 <= weight < math.inf:
        raise ValueError(f"style: expected {name} of at least 0 and finite, got {weight}")


def _check_choice(name: str, value: Any, allowed: tuple) -> None:
    if value not in allowed:
        raise ValueError(f"style: expected {name} in {allowed}, got {value!r}")


def _layer_weights(layers: Mapping[str, float] | Sequence[str]) -> dict[str, float]:
    """Names -> equal weights with sum 1; a mapping unchanged."""
    if isinstance(layers, Mapping):
        return dict(layers)
    names = dict.fromkeys(layers)
    return {name: 1 / len(names) for name in names}


def _weighted_layers(layers: Layers, default: tuple[str, ...], weight: float) -> dict[str, float]:
    layer_weights = _layer_weights(default if layers is None else layers) if weight else {}
    return {name: value for name, value in layer_weights.items() if value}
