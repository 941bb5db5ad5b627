"""How papers and programs scale the costs of style transfer: the same sums, other factors.

Stands on `losses`. The weights of one convention do not fit another: the style costs of one picture
differ by up to C², C being the channels. G is always the Gram matrix divided by the number of
positions N; programs that divide by C N have G / C.
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
    style: statistic, target -> cost; None: the distance that belongs to the statistic
    kind: the style statistic that it is for; None: all
    variation: image -> cost; None: `total_variation` with the objective's tv_power
    pixel_scale: `variation` multiplies RGB in [0, 1] by it, one factor or one for each channel
    normalised: whether each cost is divided by the cost of features that are all 0
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
    """½ Σ (Δx² + Δy²) over pixels with both neighbours; 2D. jcjohnson uses only its gradient."""
    _check_picture("half_steps", image)
    across, down = steps(image, 3)[:, :, :-1], steps(image, 2)[:, :, :, :-1]
    return 0.5 * ((across**2).sum() + (down**2).sum())


def sum_of_steps(image: Tensor) -> Tensor:
    """Σ Δ² along each axis."""
    squares = ((steps(image, axis) ** 2).sum() for axis in range(2, image.ndim))
    return sum(squares, 0.0 * image.sum())


def nine_points(image: Tensor) -> Tensor:
    """⅔ of the mean square along the axes + ⅙ along the diagonals, the edge repeated; 2D."""
    _check_picture("nine_points", image)
    wide = F.pad(image, ((1, 1), (1, 1)), "edge")
    inner = wide[:, :, 1:-1, 1:-1]
    across, down = wide[:, :, 1:-1, 2:] - inner, wide[:, :, 2:, 1:-1] - inner
    falling = wide[:, :, 1:, 1:] - wide[:, :, :-1, :-1]
    rising = wide[:, :, 1:, :-1] - wide[:, :, :-1, 1:]
    straight = (across**2).mean() + (down**2).mean()
    diagonal = (falling**2).mean() + (rising**2).mean()
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
    "jcjohnson": Convention(F.mse_loss, mean_per_channel, "gram", half_steps, (256.0,)),
    "crowson": Convention(F.mse_loss, kind="wasserstein", variation=nine_points),
    "anish": Convention(F.mse_loss, mean_per_channel, "gram", total_variation, (255.0,)),
    "coursera": Convention(quarter_mean, style_cost),
    "cs231n": Convention(
        plain_sum, sum_per_channel, "gram", sum_of_steps, (1 / 0.229, 1 / 0.224, 1 / 0.225)
    ),
}
