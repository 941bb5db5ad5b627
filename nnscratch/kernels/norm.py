"""Standardisation over some axes, the numerical part of all normalisation, and its gradient.

Stands on `arrays`. With μ and σ² the mean and the variance over the axes, and y = (x − μ) / σ,
every x moves y directly, through μ and through σ:

    dL/dx = (g − mean(g) − y · mean(g · y)) / σ

Batch norm takes the mean over batch and positions, instance norm over positions, layer norm over
the last axes.

Source: Ioffe and Szegedy 2015 (arXiv:1502.03167), section 3.
"""

import math

from nnscratch.backend import Array
from nnscratch.kernels.arrays import total
from nnscratch.kernels.dispatch import kernel

Axes = tuple[int, ...]


@kernel
def standardise(x: Array, axes: Axes, eps: float) -> tuple[Array, Array, Array]:
    """x -> (x − mean) / sqrt(variance + eps), the mean, the variance (with 1 for each axis)."""
    if x.dtype == "float16":  # whose squares underflow
        return tuple(a.astype(x.dtype) for a in standardise(x.astype("float32"), axes, eps))
    mean = _mean(x, axes)
    centred = x - mean
    variance = _mean(centred * centred, axes)
    return centred * (variance + eps) ** -0.5, mean, variance


@kernel
def standardise_grad(g: Array, y: Array, inverse: Array, axes: Axes) -> Array:
    """The gradient of x, given g and y of its shape, and inverse = 1/σ with 1 for each axis."""
    return (g - _mean(g, axes) - y * _mean(g * y, axes)) * inverse


def _mean(x: Array, axes: Axes) -> Array:
    count = math.prod(x.shape[axis] for axis in axes)
    return (total(x, axes) / count).astype(x.dtype, copy=False)
