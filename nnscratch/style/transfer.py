"""Neural style transfer: the pixels of a picture follow the gradient of content and style costs.

Stands on `costs` and `tiles` (what is matched), `descent` (the optimisers), `scales` (coarse to
fine) and `checkpoint`. Read `gatys` first: the paper alone, without the options.
Source: Gatys, Ecker and Bethge 2016, "Image Style Transfer Using Convolutional Neural Networks".
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from nnscratch.style import scales
from nnscratch.style.checkpoint import Checkpoint, inputs_digest
from nnscratch.style.costs import Costs, Features
from nnscratch.style.descent import Descent, OnStep, first_state, next_scale
from nnscratch.style.scales import Size
from nnscratch.style.settings import Objective, Settings, Style
from nnscratch.style.tiles import TiledCosts, style_targets, tile_side

SMALLEST_STYLE = 32  # pixels; at coarse scales a style must still fill a deep layer


@dataclass
class Result:
    """The best picture (C, *size) in [0, 1] at full size, its loss, and the costs on the way."""

    image: np.ndarray
    loss: float
    history: list[dict[str, float]] = field(default_factory=list)


Styles = np.ndarray | Style | Sequence[np.ndarray | Style]
Targets = Mapping[float, Sequence[Features]]


def stylize(
    network: Any,
    content: np.ndarray,
    styles: Styles,
    objective: Objective | None = None,
    settings: Settings | None = None,
    on_step: OnStep | None = None,
    *,
    checkpoint: Checkpoint | str | os.PathLike | None = None,
    max_memory: float | None = None,
    start: np.ndarray | None = None,
    targets: Targets | None = None,
) -> Result:
    """Render the content in the given styles: (C, *size), one or more styles -> Result.

    Pictures (signals, volumes) are in [0, 1] and of any sizes; the result has the content's size,
    also where the content's weight is 0.

    on_step: called after every iteration
    checkpoint: a file to save to and, where it exists, to resume from, with the same result to the
        byte
    max_memory: bytes for the process; a step that needs more is done in tiles
    start: the first picture, in place of settings.init
    targets: `prepare_targets` of the same arguments, computed once for several contents

    From coarse to fine: each scale begins with the best picture of the one before, resampled. So
    are Adam's moments, m times r and v times r², and gd's velocity, times r: r old pixels became
    one, and a pixel's part in the costs shrinks as much. L-BFGS begins anew every 25 iterations, as
    SciPy's memory of earlier steps cannot be saved.
    Raises ValueError where a cost is not finite, and for a checkpoint of another run.
    """
    objective, settings = objective or Objective(), settings or Settings()
    content, styles = _checked("content", content), as_styles(styles)
    start = None if start is None else _checked("start", start)
    plan = settings.plan(content.shape[1:])

    state, save = None, lambda state: None
    if checkpoint is not None:
        if not isinstance(checkpoint, Checkpoint):
            checkpoint = Checkpoint(checkpoint)
        options = (objective, settings, max_memory)
        inputs = _digests(network, content, styles, start, options)
        state, save = checkpoint.load(inputs), partial(checkpoint.save, inputs=inputs)
    if state is None:
        state = first_state(_first_picture(content, styles, start, settings, plan[0][0]))
    while not state.done:
        size, iterations = plan[state.scale]
        costs = _costs_at(size, network, content, styles, objective, settings, max_memory, targets)
        Descent(costs, settings, iterations, state, on_step, save).run()
        if state.scale + 1 == len(plan):
            state = replace(state, done=True)
        else:
            state = next_scale(state, plan[state.scale + 1][0])
        save(state)
    return Result(state.best, state.best_loss, state.history)


def prepare_targets(
    network, styles: Styles, size: Size, objective=None, settings=None, max_memory=None
) -> Targets:
    """The styles' statistics at every scale of a result of `size`, for `stylize` to compare with.

    Each of several contents takes them, with the same other arguments.
    -> {scale's size / full size: statistics of each style}
    """
    objective, settings = objective or Objective(), settings or Settings()
    styles, targets = as_styles(styles), {}
    for scale_size in scales.sizes(size, settings.scales):
        ratio = max(scale_size) / max(size)
        scaled = [scaled_style(style, ratio, scale_size) for style in styles]
        blank = np.broadcast_to(styles[0].image.dtype.type(0), (len(styles[0].image), *scale_size))
        side = tile_side(network, blank, scaled, objective, settings.optimizer, max_memory)
        targets[ratio] = style_targets(network, scaled, objective, side)
    return targets


def _costs_at(size: Size, network, content, styles, objective, settings, max_memory, targets):
    """The costs of a picture of `size`; content and styles shrink by the same ratio."""
    ratio = max(size) / max(content.shape[1:])
    content = _resized(content, size)
    styles = [scaled_style(style, ratio, size) for style in styles]
    targets = None if targets is None else targets.get(ratio)
    side = tile_side(network, content, styles, objective, settings.optimizer, max_memory)
    if side is None:
        return Costs(network, content, styles, objective, targets)
    return TiledCosts(network, content, styles, objective, side, targets)


def _first_picture(content, styles, start, settings: Settings, size: Size) -> np.ndarray:
    """(C, *size) of the first scale."""
    if start is not None:
        return _resized(start, size)
    if settings.init == "noise":
        noise = np.random.default_rng(settings.seed).uniform(0.3, 0.7, (len(content), *size))
        return noise.astype(content.dtype)
    picture = content if settings.init == "content" else styles[0].image
    return _resized(picture.astype(content.dtype), size)


def _digests(network, content, styles, start, options) -> dict[str, str]:
    """The size, and digests of all that the result depends on: another run differs in one."""
    identity = [
        {name: p.numpy() for name, p in network.named_parameters()},
        {name: repr(layer) for name, layer in network.layers.items()},
        getattr(network, "padding", None),
        repr(network.preprocess),
    ]
    return {
        "size": f"{'×'.join(map(str, content.shape[1:]))} pixels",
        "network": inputs_digest(identity),
        "content": inputs_digest(content),
        "style": inputs_digest([vars(style) for style in styles]),
        "start": inputs_digest(start),
        "settings": inputs_digest(options),
    }


# -- pictures -------------------------------------------------------------------------------------


def as_styles(styles: Styles) -> list[Style]:
    """A picture, a Style or several of either -> Styles."""
    several = [styles] if isinstance(styles, (np.ndarray, Style)) else list(styles)
    if not several:
        raise ValueError("style: expected at least one style, got none")
    whole = [style if isinstance(style, Style) else Style(style) for style in several]
    return [replace(style, image=_checked("style", style.image)) for style in whole]


def scaled_style(style: Style, ratio: float, size: Size) -> Style:
    """The style for a result of `size`, which is `ratio` of the full one; no side below 32."""
    if ratio == 1:
        return style
    full = style.image.shape[1:]
    own_size = scales.scaled(full, max(ratio, min(1.0, SMALLEST_STYLE / min(full))))
    image, own_mask = _resized(style.image, own_size), _resized_mask(style.own_mask, own_size)
    return replace(style, image=image, mask=_resized_mask(style.mask, size), own_mask=own_mask)


def _checked(name: str, picture: Any) -> np.ndarray:
    picture = np.asarray(picture)
    if picture.dtype.kind != "f" or picture.ndim < 2 or 0 in picture.shape:
        raise ValueError(
            f"style: expected {name} (C, *size) of floats in [0, 1], got shape {picture.shape} "
            f"of {picture.dtype}"
        )
    return picture.astype(np.result_type(picture.dtype, np.float32), copy=False)


def _resized(picture: np.ndarray, size: Size) -> np.ndarray:
    return picture if picture.shape[1:] == size else scales.resize(picture, size)


def _resized_mask(mask: Any, size: Size) -> Any:
    if mask is None:
        return None
    return scales.resample(np.asarray(mask, np.float64), size).clip(0, 1)
