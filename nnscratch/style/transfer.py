"""Neural style transfer: the pixels of a picture, moved until its features match two others'.

Stands on `losses`, `vgg` and `optim`.
Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnscratch.data.images import resize_image
from nnscratch.optim import LBFGS, Adam
from nnscratch.style.losses import content_cost, gram_matrix, style_cost, total_variation
from nnscratch.style.vgg import VGG
from nnscratch.tensor import Tensor, no_grad

OPTIMIZERS = ("adam", "lbfgs")
INITS = ("content", "noise", "style")


@dataclass(frozen=True)
class Settings:
    """What to match, how much of each, and how to get there.

    content_weight, style_weight, tv_weight: α, β and the weight of total variation, each cost
    being 1 where nothing of the target is there; layers left out are chosen by `default_layers`
    """

    content_weight: float = 1.0
    style_weight: float = 100.0
    tv_weight: float = 1.0
    content_layers: tuple[str, ...] | None = None
    style_layers: tuple[str, ...] | None = None
    optimizer: str = "adam"
    iterations: int = 200
    lr: float = 0.02
    init: str = "content"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (("optimizer", OPTIMIZERS), ("init", INITS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"style: expected {name} in {allowed}, got {getattr(self, name)!r}"
                )
        for name in ("content_weight", "style_weight", "tv_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"style: expected {name} of at least 0, got {getattr(self, name)}")
        if self.content_weight == self.style_weight == 0:
            raise ValueError("style: expected a content or a style weight above 0, got none")
        if self.iterations < 1:
            raise ValueError(f"style: expected at least 1 iteration, got {self.iterations}")
        if not self.lr > 0:
            raise ValueError(f"style: expected lr above 0, got {self.lr}")


@dataclass(frozen=True)
class Step:
    """Where the pixels are after an iteration: the weighted costs, and the picture (3, H, W)."""

    iteration: int
    loss: float
    content: float
    style: float
    tv: float
    image: np.ndarray


@dataclass
class Result:
    """The best picture (3, H, W) in [0, 1], its loss, and the costs on the way."""

    image: np.ndarray
    loss: float
    history: list[dict[str, float]] = field(default_factory=list)


class Costs:
    """The costs of a picture against the features of a content and the Gram matrices of a style."""

    def __init__(self, network: VGG, content: np.ndarray, style: np.ndarray, settings: Settings):
        """content, style: (3, H, W) RGB in [0, 1], of any two sizes."""
        self.network, self.settings = network, settings
        content_layers, style_layers = default_layers(network)
        self.content_layers = settings.content_layers or content_layers
        self.style_layers = settings.style_layers or style_layers
        with no_grad():
            at_content = network.features(content[None], self.content_layers)
            at_style = network.features(style[None], self.style_layers)
            self.content_targets = at_content
            self.style_targets = {name: gram_matrix(x) for name, x in at_style.items()}
            self.blank = self._blank_costs()

    def _blank_costs(self) -> dict[str, float]:
        """What features of 0 would cost, per layer.

        Costs are divided by it, so that 1 means that nothing of the target is there, in any layer
        of any network. Differs from the paper: there the weights α and β have to make up for the
        scale of the features.
        """
        costs = {}
        for name, x in self.content_targets.items():
            costs[f"content {name}"] = content_cost(x * 0.0, x).item()
        for name, gram in self.style_targets.items():
            costs[f"style {name}"] = style_cost(gram * 0.0, gram).item()
        return {name: cost or 1.0 for name, cost in costs.items()}

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """image (1, 3, H, W) -> its weighted content, style and variation costs."""
        features = self.network.features(image, {*self.content_layers, *self.style_layers})
        content = style = 0.0 * image.sum()
        for name, target in self.content_targets.items():
            cost = content_cost(features[name], target) / self.blank[f"content {name}"]
            content = content + cost * (self.settings.content_weight / len(self.content_targets))
        for name, target in self.style_targets.items():
            cost = style_cost(gram_matrix(features[name]), target) / self.blank[f"style {name}"]
            style = style + cost * (self.settings.style_weight / len(self.style_targets))
        return content, style, self.settings.tv_weight * total_variation(image)


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


def stylize(
    network: VGG,
    content: np.ndarray,
    style: np.ndarray,
    settings: Settings | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Result:
    """The content's scene in the style's hand: (3, H, W), (3, H', W') -> Result of (3, H, W).

    Pictures are RGB in [0, 1]. on_step is called after every iteration.
    """
    settings = settings or Settings()
    costs = Costs(network, content, style, settings)
    image = Tensor(_start(content, style, settings)[None], requires_grad=True)
    result = Result(image.data[0].copy(), float("inf"))
    last: dict[str, Any] = {}

    def evaluate() -> Tensor:
        parts = costs(image)
        loss = parts[0] + parts[1] + parts[2]
        values = [loss.item(), *(part.item() for part in parts)]
        if not np.isfinite(values[0]):
            raise ValueError(f"style: the loss became {values[0]}; lower the weights or the rate")
        last.update(zip(("loss", "content", "style", "tv"), values, strict=True))
        if values[0] < result.loss:
            result.loss, result.image = values[0], image.data[0].copy()
        return loss

    def report() -> None:
        result.history.append(dict(last))
        if on_step is not None:
            on_step(Step(len(result.history), **last, image=image.data[0]))

    if settings.optimizer == "adam":
        _run_adam(image, evaluate, report, settings)
    else:
        optimizer = LBFGS([image], max_iter=settings.iterations, bounds=(0.0, 1.0))
        optimizer.step(evaluate, report)
    return result


def _run_adam(
    image: Tensor, evaluate: Callable[[], Tensor], report: Callable[[], None], settings: Settings
) -> None:
    optimizer = Adam([image], settings.lr)
    for _ in range(settings.iterations):
        optimizer.zero_grad()
        evaluate().backward()
        optimizer.step()
        image.data = image.data.clip(0.0, 1.0)
        report()
    with no_grad():
        evaluate()


def _start(content: np.ndarray, style: np.ndarray, settings: Settings) -> np.ndarray:
    """The picture to begin with, of the content's size."""
    if settings.init == "content":
        return content.astype(np.float32)
    if settings.init == "style":
        return resize_image(style, (content.shape[1], content.shape[2]))
    rng = np.random.default_rng(settings.seed)
    return rng.uniform(0.3, 0.7, content.shape).astype(np.float32)
