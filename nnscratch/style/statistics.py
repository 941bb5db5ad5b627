"""What a style is: statistics of features that forget positions, and distances between them.

Stands on `losses` and `tensor`.

A style statistic has `statistic(features, weights)` and `distance(statistic, target)`. Features are
(N, C, *size): each position is a point with C coordinates, and a statistic describes the cloud of
points. `weights` (*size) is a soft mask T ≥ 0 that gives a position the share T² / Σ T², which is
the guided Gram matrix of Gatys et al. 2017 ("Controlling Perceptual Factors"), section 4; None
stands for a mask of ones. If `additive`, the statistic of a whole is the mean of its parts'
statistics, weighted by their positions (by their Σ T²), so that it can be gathered in tiles.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from nnscratch.backend import Array, array_module
from nnscratch.operations import concatenate, maximum, sqrt
from nnscratch.style.losses import feature_rows, gram_matrix, style_cost
from nnscratch.tensor import Tensor

Distance = Callable[[Tensor], Tensor]

BLOCK = 2048  # positions whose features are converted to float64 at one time


class StyleStatistic(ABC):
    """A statistic of features (N, C, *size), and the distance between two of them."""

    additive = True

    @abstractmethod
    def statistic(self, features: Tensor, weights: Any = None) -> Tensor:
        """Features (N, C, *size), weights (*size) or None -> what is compared."""

    def distance(self, statistic: Tensor, target: Tensor) -> Tensor:
        return self.distance_to(target)(statistic)

    def distance_to(self, target: Tensor) -> Distance:
        """`distance` to a fixed target, with what depends on the target alone computed once."""
        return lambda statistic: self.distance(statistic, target)


@dataclass(frozen=True)
class Gram(StyleStatistic):
    """The mean product of each two channels: G = F Fᵀ / positions, (N, C, C).

    Distance: Σ (G − A)² / (4 C²). Differentiable to any order.
    Source: Gatys, Ecker and Bethge 2016, equations 3 and 4.
    """

    def statistic(self, features: Tensor, weights: Any = None) -> Tensor:
        share = _shares(features, weights)
        if share is not None:  # products of two features then have their share
            features = features * array_module(share).sqrt(share).astype(features.dtype)
        return gram_matrix(features)

    def distance(self, statistic: Tensor, target: Tensor) -> Tensor:
        return style_cost(statistic, target)


@dataclass(frozen=True)
class MeanVariance(StyleStatistic):
    """Each channel's mean and mean square: (N, 2, C), float64.

    Distance: mean over channels of (Δ mean)² + (Δ deviation)², with eps added to the variances.
    It equals `Wasserstein` for uncorrelated channels. Differentiable to any order.
    Source: Li et al. 2017 (arXiv:1701.01036), section 4.2; Huang and Belongie 2017, equation 13.
    """

    eps: float = 1e-4

    def statistic(self, features: Tensor, weights: Any = None) -> Tensor:
        share = _shares(features, weights)
        moments = [_exact_mean(x, share) for x in (features, features**2)]
        return concatenate([x.expand_dims(1) for x in moments], 1)  # 2 × (N, C) -> (N, 2, C)

    def distance(self, statistic: Tensor, target: Tensor) -> Tensor:
        _check_pair("mean-variance", statistic, target)
        mean, deviation = self._moments(statistic)
        target_mean, target_deviation = self._moments(target)
        total = ((mean - target_mean) ** 2).sum() + ((deviation - target_deviation) ** 2).sum()
        return total * (1 / target.shape[-1])

    def _moments(self, statistic: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation, (N, C) each."""
        mean, square = statistic[:, 0], statistic[:, 1]
        return mean, sqrt(maximum(square - mean**2, 0.0) + self.eps)  # rounding may give < 0


@dataclass(frozen=True)
class Wasserstein(StyleStatistic):
    """Means and mean products of channels: (N, C + 1, C) with the means in row 0, float64.

    Distance: that of the Gaussians with these moments, |Δ mean|² + tr(Σ + Σ' − 2 (Σ'½ Σ Σ'½)½),
    divided by C, with eps on the diagonals of the covariances Σ.
    Differentiable once, in the statistic; the target is a constant. With R = Σ'½ and M = R Σ R,
    d tr(M½) / dΣ = ½ R M^−½ R, so that the root's derivative needs no Lyapunov equation.
    Source: Olkin and Pukelsheim 1982; as a style by Katherine Crowson's style-transfer-pytorch.
    """

    eps: float = 1e-4

    def statistic(self, features: Tensor, weights: Any = None) -> Tensor:
        return _exact_products(feature_rows(features), _shares(features, weights))

    def distance_to(self, target: Tensor) -> Distance:
        mean, cov = self._moments(target.detach())
        root = _root(cov.data)

        def distance(statistic: Tensor) -> Tensor:
            _check_pair("wasserstein", statistic, target)
            own_mean, own_cov = self._moments(statistic)
            spread = _trace(own_cov) + _trace(cov) - 2.0 * _trace_of_root(own_cov, root, self.eps)
            total = (((own_mean - mean) ** 2).sum(-1) + spread).sum()
            return (total * (1 / target.shape[-1])).astype(statistic.dtype)

        return distance

    def _moments(self, statistic: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C + 1, C) -> mean (N, C), covariance + eps (N, C, C), float64."""
        exact = statistic.astype(np.float64)
        mean, products = exact[:, 0], exact[:, 1:]
        outer = mean.expand_dims(2) * mean.expand_dims(1)  # (N, C, 1) · (N, 1, C)
        xp = array_module(exact.data)
        return mean, products - outer + self.eps * xp.eye(mean.shape[1])


@dataclass(frozen=True)
class Sliced(StyleStatistic):
    """The points projected on random directions, sorted: (N, directions, positions).

    Distance: the mean squared difference of the k-th smallest, over all k and directions; where the
    numbers of positions differ, the target's quantiles are interpolated. The directions are unit
    vectors drawn from `seed`, the same each time. Differentiable to any order; not `additive`.
    Source: Heitz et al. 2021 (arXiv:2006.07229), section 3. Differs from the paper: there each
    iteration draws new directions, with which no line search works.
    """

    directions: int = 32
    seed: int = 0
    additive = False

    def statistic(self, features: Tensor, weights: Any = None) -> Tensor:
        points = features.reshape(*features.shape[:2], -1)  # (N, C, *size) -> (N, C, P)
        share = None
        if weights is not None:
            share = _shares(features, weights).reshape(-1)
            points, share = points[:, :, share > 0], share[share > 0]
        projections = self._project(points)
        order = projections.data.argsort(axis=-1)
        projections = _take_along(projections, order)
        return projections if share is None else _quantiles(projections, share[order])

    def _project(self, points: Tensor) -> Tensor:
        """Points (N, C, P) -> (N, D, P)."""
        channels = points.shape[1]
        rng = np.random.default_rng((self.seed, channels))
        directions = rng.standard_normal((self.directions, channels))
        directions /= np.sqrt((directions**2).sum(1, keepdims=True))
        xp = array_module(points.data)
        return Tensor(xp.asarray(directions.astype(points.dtype))) @ points

    def distance(self, statistic: Tensor, target: Tensor) -> Tensor:
        if statistic.shape[1] != target.shape[1]:
            raise ValueError(
                f"sliced: expected statistics of as many directions, got {statistic.shape} and "
                f"{target.shape}"
            )
        difference = statistic - _resampled(target, statistic.shape[2])
        return (difference**2).sum() * (1 / math.prod(statistic.shape[1:]))


STATISTICS: dict[str, StyleStatistic] = {
    "gram": Gram(),
    "mean-variance": MeanVariance(),
    "wasserstein": Wasserstein(),
    "sliced": Sliced(),
}
KINDS = tuple(STATISTICS)


# -- masks ----------------------------------------------------------------------------------------


def _shares(features: Tensor, weights: Any) -> Any:
    """The share of each position, 1 on average: (*size) -> (*size) in float64; None: all 1."""
    if weights is None:
        return None
    xp = array_module(features.data)
    weights = xp.asarray(weights.data if isinstance(weights, Tensor) else weights)
    if weights.shape != features.shape[2:]:
        raise ValueError(
            f"statistic: expected weights of the features' size {features.shape[2:]}, "
            f"got {weights.shape}"
        )
    energy = weights.astype(np.float64) ** 2
    total = float(energy.sum())
    if not 0 < total < math.inf or float(weights.min()) < 0:
        raise ValueError("statistic: expected weights of at least 0 and not all 0; paint the mask")
    return energy * (weights.size / total)


def _check_pair(caller: str, statistic: Tensor, target: Tensor) -> None:
    if statistic.shape[1:] != target.shape[1:]:
        raise ValueError(
            f"{caller}: expected statistics of one shape, got {statistic.shape} and {target.shape}"
        )


# -- moments --------------------------------------------------------------------------------------


def _exact_mean(x: Tensor, share: Any) -> Tensor:
    """The mean over positions, summed in float64: (N, C, *size), (*size) or None -> (N, C)."""
    x = x if share is None else x * share.astype(x.dtype)
    count, ones = math.prod(x.shape[2:]), (1,) * (x.ndim - 2)
    return Tensor.from_op(
        "exact_mean",
        x.data.mean(tuple(range(2, x.ndim)), dtype=np.float64),
        (x, lambda g, y: (g * (1 / count)).reshape(*g.shape, *ones).broadcast_to(x.shape)),
    )


def _exact_products(rows: Tensor, share: Any) -> Tensor:
    """Means and mean products of channels: (N, P, C), P shares or None -> (N, C + 1, C), float64.

    A covariance is a small difference of these; in float32 it would be lost to rounding.
    """
    xp, count = array_module(rows.data), rows.shape[1]
    parts = (xp.ones(count) if share is None else share.reshape(-1)) * (1 / count)

    def grad_rows(g: Tensor, y: Tensor) -> Tensor:
        mean, products = g.detach()[:, :1], g.detach()[:, 1:]
        grad = xp.empty_like(rows.data)
        for block, x, part in _float64_blocks(rows.data, parts):
            grad[:, block] = ((x @ (products + products.swapaxes(1, 2)) + mean) * part).data
        return Tensor.from_op("grad_rows", grad, (g, _no_second), (rows, _no_second))

    total = sum(_moments(x, part) for _, x, part in _float64_blocks(rows.data, parts))
    return Tensor.from_op("exact_products", total, (rows, grad_rows))


def _float64_blocks(rows: Array, parts: Array) -> Iterator[tuple[slice, Tensor, Array]]:
    """Rows (N, P, C) in float64 with their parts, a block at a time to save memory."""
    for start in range(0, rows.shape[1], BLOCK):
        block = slice(start, start + BLOCK)
        yield block, Tensor(rows[:, block].astype(np.float64)), parts[block, None]


def _moments(x: Tensor, part: Array) -> Array:
    """Weighted sums of points (N, P, C) and of their products, by part (P, 1) -> (N, C + 1, C)."""
    weighted = x * part
    return concatenate([weighted.sum(1, keepdims=True), x.swapaxes(1, 2) @ weighted], 1).data


# -- roots of matrices ----------------------------------------------------------------------------


def _trace(matrices: Tensor) -> Tensor:
    """(N, C, C) -> (N,)."""
    diagonal = np.arange(matrices.shape[-1])
    return matrices[:, diagonal, diagonal].sum(-1)


@cache
def _controller() -> ThreadpoolController:
    """The libraries that have threads; finding them takes milliseconds."""
    return ThreadpoolController()


def one_blas_thread() -> Any:
    """Within this block NumPy's matrix library uses one thread.

    Decompositions of a few hundred rows are several times slower on two threads, which wait for
    one another in a loop after each small product.
    """
    return _controller().limit(limits=1, user_api="blas")


def _root(matrices: Array) -> Array:
    """The symmetric square root of positive semidefinite matrices (N, C, C)."""
    xp = array_module(matrices)
    with one_blas_thread():
        values, vectors = xp.linalg.eigh(matrices)
    return (vectors * xp.sqrt(values.clip(0))[:, None]) @ vectors.swapaxes(1, 2)


def _trace_of_root(cov: Tensor, root: Array, eps: float) -> Tensor:
    """tr (R Σ R)½: Σ (N, C, C), R (N, C, C), both at least √eps and eps -> (N,)."""
    xp = array_module(cov.data)
    with one_blas_thread():
        values, vectors = xp.linalg.eigh(root @ cov.data @ root)
    roots = xp.sqrt(values.clip(eps**2))  # without rounding errors, no value is below eps²

    def grad_cov(g: Tensor, y: Tensor) -> Tensor:
        with one_blas_thread():
            half = root @ vectors  # ½ R M^−½ R = ½ (R V) diag(1 / roots) (R V)ᵀ
            grad = 0.5 * (half / roots[:, None]) @ half.swapaxes(1, 2)
        return g.reshape(-1, 1, 1) * Tensor.from_op("grad_cov", grad, (cov, _no_second))

    return Tensor.from_op("trace_of_root", roots.sum(-1), (cov, grad_cov))


def _no_second(g: Tensor, y: Tensor) -> Tensor:
    raise ValueError("wasserstein: has a first derivative only; for a second, use another kind")


# -- quantiles ------------------------------------------------------------------------------------


def _take_along(x: Tensor, order: Array) -> Tensor:
    """x permuted along the last axis; the vjp is the inverse permutation."""
    xp = array_module(x.data)
    return Tensor.from_op(
        "take_along",
        xp.take_along_axis(x.data, order, -1),
        (x, lambda g, y: _take_along(g, order.argsort(axis=-1))),
    )


def _quantiles(x: Tensor, share: Array) -> Tensor:
    """P quantiles of sorted points, interpolated linearly: x, share (N, D, P) -> (N, D, P).

    A point stands for the middle of the range that its share covers: the k-th of P equal points for
    quantile (k + ½) / P.
    """
    xp, count = array_module(x.data), x.shape[-1]
    middles = (xp.cumsum(share, -1, dtype=np.float64) - share / 2) / share.sum(-1, keepdims=True)
    levels = (xp.arange(count) + 0.5) / count
    rows = middles.reshape(-1, count)
    indices = xp.stack([xp.interp(levels, row, xp.arange(count)) for row in rows])
    return _interpolate(x, indices.reshape(x.shape))


def _interpolate(x: Tensor, indices: Array) -> Tensor:
    """x (N, D, P) at fractional indices (N, D, K) along the last axis -> (N, D, K)."""
    xp = array_module(x.data)
    before = xp.floor(indices).astype(np.int64)
    after = xp.minimum(before + 1, x.shape[-1] - 1)
    part = (indices - before).astype(x.dtype)
    n, d = xp.arange(x.shape[0])[:, None, None], xp.arange(x.shape[1])[None, :, None]
    return x[n, d, before] * (1 - part) + x[n, d, after] * part


def _resampled(x: Tensor, count: int) -> Tensor:
    """Sorted points (N, D, P) as `count` quantiles (N, D, count)."""
    size = x.shape[-1]
    if size == count:
        return x
    xp = array_module(x.data)
    indices = ((xp.arange(count) + 0.5) * (size / count) - 0.5).clip(0, size - 1)
    return _interpolate(x, xp.broadcast_to(indices, (*x.shape[:2], count)))
