"""How papers and programs scale the costs of style transfer: the same sums, other factors.

Stands on `losses`. Weights of one convention mean nothing in another: between two of these the
style cost of one picture differs by up to C², C being the channels. G is always the Gram matrix
divided by the number of places N, so that a program that divides by C N as well has G / C.
"""

from collections.abc import Callable
from dataclasses import dataclass

import nnscratch.functional as F
from nnscratch.style.losses import content_cost, steps, style_cost, total_variation
from nnscratch.tensor import Tensor

Cost = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Convention:
    """The factors before the sums.

    content: features, target -> cost
    style: statistic, target -> cost; None leaves it to the kind of statistic
    kind: the kind of statistic it is for; None: all
    variation: image -> cost; None for `total_variation` with a power of choice
    pixel_scale: what a step of 1 in RGB from 0 to 1 counts for in `variation`, for all channels or
        each
    normalised: whether each cost is divided by what blank features would cost
    """

    content: Cost = content_cost
    style: Cost | None = None
    kind: str | None = "gram"
    variation: Callable[[Tensor], Tensor] | None = None
    pixel_scale: tuple[float, ...] = (1.0,)
    normalised: bool = False


def quarter_mean(features: Tensor, target: Tensor) -> Tensor:
    """Σ (F − P)² / (4 C N)."""
    return 0.25 * F.mse_loss(features, target)


def plain_sum(features: Tensor, target: Tensor) -> Tensor:
    """Σ (F − P)²."""
    return 2.0 * content_cost(features, target)


def mean_per_channel(gram: Tensor, target: Tensor) -> Tensor:
    """Σ (G/C − A/C)² / C²."""
    return F.mse_loss(gram, target) * (1 / gram.shape[-1] ** 2)


def sum_per_channel(gram: Tensor, target: Tensor) -> Tensor:
    """Σ (G/C − A/C)²."""
    return plain_sum(gram, target) * (1 / gram.shape[-1] ** 2)


def half_steps(image: Tensor) -> Tensor:
    """½ Σ (Δx² + Δy²), where a pixel has both neighbours; 2D. jcjohnson uses its gradient only."""
    _check_picture("half_steps", image)
    across, down = steps(image, 3)[:, :, :-1], steps(image, 2)[:, :, :, :-1]
    return 0.5 * ((across**2).sum() + (down**2).sum())


def sum_of_steps(image: Tensor) -> Tensor:
    """Σ Δ² along each axis."""
    return sum(
        ((steps(image, axis) ** 2).sum() for axis in range(2, image.ndim)), 0.0 * image.sum()
    )


def nine_points(image: Tensor) -> Tensor:
    """⅔ of the mean square along the axes + ⅙ along the diagonals, the edge repeated; 2D."""
    _check_picture("nine_points", image)
    wide = F.pad(image, ((1, 1), (1, 1)), "edge")
    inner = wide[:, :, 1:-1, 1:-1]
    across, down = wide[:, :, 1:-1, 2:] - inner, wide[:, :, 2:, 1:-1] - inner
    falling = wide[:, :, 1:, 1:] - wide[:, :, :-1, :-1]
    rising = wide[:, :, 1:, :-1] - wide[:, :, :-1, 1:]
    straight, diagonal = (
        (a**2).mean() + (b**2).mean() for a, b in ((across, down), (falling, rising))
    )
    return straight * (2 / 3) + diagonal * (1 / 6)


def _check_picture(caller: str, image: Tensor) -> None:
    if image.ndim != 4:
        raise ValueError(
            f"{caller}: this total variation is for pictures (N, C, H, W), got {image.shape}; "
            "set tv_weight to 0 or leave the preset out"
        )


CONVENTIONS: dict[str | None, Convention] = {
    None: Convention(kind=None, normalised=True),
    "gatys2015": Convention(style=style_cost),
    "gatys2016": Convention(style=style_cost),
    "jcjohnson": Convention(
        F.mse_loss, mean_per_channel, variation=half_steps, pixel_scale=(256.0,)
    ),
    "crowson": Convention(F.mse_loss, kind="wasserstein", variation=nine_points),
    "anish": Convention(
        F.mse_loss, mean_per_channel, variation=total_variation, pixel_scale=(255.0,)
    ),
    "coursera": Convention(quarter_mean, style_cost),
    "cs231n": Convention(
        plain_sum,
        sum_per_channel,
        variation=sum_of_steps,
        pixel_scale=(1 / 0.229, 1 / 0.224, 1 / 0.225),
    ),
}
