"""Neural style transfer: the pixels of a picture, moved until its features match two others'.

Stands on `costs` (what to match), `scales` (at which size), `tiles` (in how much memory),
`descent` (one scale) and `checkpoint`.
Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks".
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from nnscratch.style import scales
from nnscratch.style.checkpoint import Checkpoint, State, fingerprint
from nnscratch.style.costs import Objective, Style
from nnscratch.style.descent import OPTIMIZERS, Descent, fresh, grown
from nnscratch.style.scales import Size
from nnscratch.style.tiles import Evaluation, evaluation

INITS = ("content", "noise", "style")
SMALLEST_STYLE = 32  # pixels; at coarse scales a style must still fill a deep layer


@dataclass(frozen=True)
class Settings:
    """How to get there.

    optimizer: "gd" (gradient descent with momentum), "adam" or "lbfgs"
    iterations: at each scale, or a tuple with one number for each
    lr: how far a pixel moves in a step of Adam; for gd, to begin with, in the mean and where all
    steps have one direction; L-BFGS chooses
    scales: from coarse to fine: how many sizes, each √2 times the one before; or their longer sides
    in pixels; None: as many as lead from 128 pixels to the content's size
    init: what to begin with; seed: of the noise to begin with
    average: decay of the running mean of iterates, which is kept where its loss is lowest; 0 for
    none; L-BFGS, which goes downhill only, has none
    tolerance: a scale ends where the mean loss of 20 iterations is below that of the 20 before by
    less than this part of it; 0: it never ends early
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
        for name, allowed in (("optimizer", OPTIMIZERS), ("init", INITS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"style: expected {name} in {allowed}, got {getattr(self, name)!r}"
                )
        for name, count in (("iteration", self.iterations), ("scale", self.scales)):
            if count is not None and np.min(count, initial=1) < 1:
                raise ValueError(f"style: expected at least 1 {name}, got {count}")
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"style: expected lr above 0, got {self.lr}")
        if self.seed < 0:
            raise ValueError(f"style: expected seed of at least 0, got {self.seed}")
        for name in ("average", "tolerance"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"style: expected {name} in [0, 1), got {getattr(self, name)}")

    def plan(self, size: Size) -> list[tuple[Size, int]]:
        """The sizes on the way to `size`, each with its iterations.

        Raises ValueError where a tuple of iterations is of another length.
        """
        sizes = scales.sizes(size, self.scales)
        counts = self.iterations
        counts = (counts,) * len(sizes) if isinstance(counts, int) else counts
        if len(counts) != len(sizes):
            raise ValueError(
                f"style: expected iterations for each of {len(sizes)} scales, got {counts}"
            )
        return list(zip(sizes, counts, strict=True))


@dataclass(frozen=True)
class Step:
    """Where the pixels are after an iteration: the weighted costs, and the picture (C, *size).

    iteration: from 1, over all scales; scale: its number, from 0
    """

    iteration: int
    loss: float
    content: float
    style: float
    tv: float
    image: np.ndarray
    scale: int = 0


@dataclass
class Result:
    """The best picture (C, *size) in [0, 1] at full size, its loss, and the costs on the way."""

    image: np.ndarray
    loss: float
    history: list[dict[str, float]] = field(default_factory=list)


Watch = Callable[[Step], None]
Styles = np.ndarray | Style | Sequence[np.ndarray | Style]


def stylize(
    network: Any,
    content: np.ndarray,
    styles: Styles,
    objective: Objective | None = None,
    settings: Settings | None = None,
    on_step: Watch | None = None,
    checkpoint: Checkpoint | str | os.PathLike | None = None,
    max_memory: float | None = None,
    start: np.ndarray | None = None,
    targets: dict[float, Any] | None = None,
) -> Result:
    """The content's scene in the styles' hand: (C, *size), one or more styles -> Result.

    Pictures (signals, volumes) are in [0, 1] and of any sizes; the content gives the result's, also
    where its weight is 0. on_step is called after every iteration. checkpoint: a file to save to
    and, where it exists, to go on from, with the same result to the byte. max_memory: bytes for the
    process; a step that needs more is done in tiles. start: a picture to begin with in place of
    settings.init. targets: an empty dictionary, given again with each of several contents, takes
    the styles' statistics from one to the next. Raises ValueError where a cost is not finite, and
    for a checkpoint of another run.

    From coarse to fine: each scale begins with the best picture of the one before, resampled. So
    are Adam's moments, m times r and v times r², and gd's velocity, times r: r old pixels became
    one, and a pixel's part in the costs shrinks as much. L-BFGS has nothing to carry: it begins
    anew every 25 iterations, as SciPy's memory of earlier steps cannot be saved.
    """
    if isinstance(objective, Settings):  # stylize(network, content, style, settings, on_step)
        objective, settings, on_step = None, objective, settings or on_step
    settings = settings or Settings()
    run = _Run(
        network, content, styles, objective or Objective(), settings, max_memory, start, targets
    )
    saved = None if checkpoint is None else Checkpoint.of(checkpoint)
    inputs = run.fingerprints() if saved else {}
    state = saved.load(inputs) if saved else None
    state = state or fresh(run.start())
    while not state.done:
        run.descent(state, on_step, saved and partial(saved.save, inputs=inputs)).run()
        state = run.after(state)
        if saved:
            saved.save(state, inputs)
    return Result(state.best, state.best_loss, state.history)


class _Run:
    """The inputs of a transfer, and what follows from them for each scale."""

    def __init__(
        self,
        network: Any,
        content: np.ndarray,
        styles: Styles,
        objective: Objective,
        settings: Settings,
        max_memory: float | None,
        start: np.ndarray | None,
        targets: dict[float, Any] | None,
    ):
        self.network, self.objective, self.settings = network, objective, settings
        self.content, self.styles = _floats("content", content), as_styles(styles)
        self.max_memory, self.targets = max_memory, {} if targets is None else targets
        self.given_start = None if start is None else _floats("start", start)
        self.plan = settings.plan(self.content.shape[1:])

    def fingerprints(self) -> dict[str, str]:
        """What the result depends on."""
        settings = (self.objective, self.settings, self.max_memory)
        return {
            "network": fingerprint(_identity(self.network)),
            "content": fingerprint(self.content),
            "style": fingerprint([vars(style) for style in self.styles]),
            "start": fingerprint(self.given_start),
            "settings": fingerprint(settings),
        }

    def start(self) -> np.ndarray:
        """The picture to begin with, of the first scale's size."""
        size, init = self.plan[0][0], self.settings.init
        if self.given_start is not None:
            return _resized(self.given_start, size)
        if init == "noise":
            noise = np.random.default_rng(self.settings.seed).uniform
            shape = (len(self.content), *size)
            return noise(0.3, 0.7, shape).astype(self.content.dtype)
        picture = self.content if init == "content" else self.styles[0].image
        return _resized(picture.astype(self.content.dtype), size)

    def descent(self, state: State, on_step: Watch | None, save: Any) -> Descent:
        """All that is needed to go through the state's scale."""

        def report() -> None:
            if on_step is not None:
                now = state.history[-1]
                costs = now["loss"], now["content"], now["style"], now["tv"]
                on_step(Step(len(state.history), *costs, state.image[0], state.scale))

        def pause() -> None:
            if save is not None:
                save(state)

        size, iterations = self.plan[state.scale]
        return Descent(self.evaluation(size), self.settings, iterations, state, report, pause)

    def evaluation(self, size: Size) -> Evaluation:
        """The costs of a picture of `size`; content and styles are made smaller alike."""
        ratio = max(size) / max(self.content.shape[1:])
        styles = [smaller(style, ratio, size) for style in self.styles]
        found = evaluation(
            self.network,
            _resized(self.content, size),
            styles,
            self.objective,
            self.settings.optimizer,
            self.max_memory,
            self.targets.get(ratio),
        )
        self.targets[ratio] = found.costs.targets()
        return found

    def after(self, state: State) -> State:
        """Where the next scale begins, or the end."""
        if state.scale + 1 == len(self.plan):
            return replace(state, done=True)
        return grown(state, self.plan[state.scale + 1][0])


def _identity(network: Any) -> list[Any]:
    """Weights and layers of a network, and what it does to its input."""
    weights = {name: p.numpy() for name, p in network.named_parameters()}
    layers = {name: repr(layer) for name, layer in network.layers.items()}
    return [weights, layers, getattr(network, "padding", None), repr(network.preprocess)]


def _floats(name: str, picture: Any) -> np.ndarray:
    picture = np.asarray(picture)
    if picture.dtype.kind != "f" or picture.ndim < 2 or 0 in picture.shape:
        raise ValueError(
            f"style: expected {name} (C, *size) of floats in [0, 1], got shape {picture.shape} "
            f"of {picture.dtype}"
        )
    return picture.astype(np.result_type(picture.dtype, np.float32), copy=False)


def as_styles(given: Styles) -> list[Style]:
    """A picture, a Style or several of either, as Styles."""
    several = [given] if isinstance(given, (np.ndarray, Style)) else list(given)
    if not several:
        raise ValueError("style: expected at least one style, got none")
    styles = [style if isinstance(style, Style) else Style(style) for style in several]
    return [replace(style, image=_floats("style", style.image)) for style in styles]


def _resized(picture: np.ndarray, size: Size) -> np.ndarray:
    return picture if picture.shape[1:] == size else scales.resize(picture, size)


def smaller(style: Style, ratio: float, size: Size) -> Style:
    """The style for a result of `size`, which is `ratio` of the full one; no side below 32."""
    if ratio == 1:
        return style
    full = style.image.shape[1:]
    own = scales.scaled(full, max(ratio, min(1.0, SMALLEST_STYLE / min(full))))
    return replace(
        style,
        image=_resized(style.image, own),
        mask=_resized_mask(style.mask, size),
        own_mask=_resized_mask(style.own_mask, own),
    )


def _resized_mask(mask: Any, size: Size) -> Any:
    if mask is None:
        return None
    return scales.resample(np.asarray(mask, np.float64), size).clip(0, 1)
