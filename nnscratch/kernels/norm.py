"""Standardisation of each channel, the numerical part of batch normalisation, and its gradient.

Stands on `conv` for the sum over a channel. With μ and σ² the mean and the variance of a channel
over batch and positions, and y = (x − μ) / σ, every x moves y directly, through μ and through σ:

    dL/dx = (g − mean(g) − y · mean(g · y)) / σ

Source: Ioffe and Szegedy 2015 (arXiv:1502.03167), section 3.
"""

from nnscratch.backend import Array
from nnscratch.kernels.conv import channel_sum
from nnscratch.kernels.dispatch import kernel


@kernel
def standardise(x: Array, eps: float) -> tuple[Array, Array, Array]:
    """x (N, C, *size) -> (x − mean) / sqrt(variance + eps) in each channel; mean, variance (C,)."""
    mean = _channel_mean(x)
    centred = x - _beside(mean, x)
    variance = _channel_mean(centred * centred)
    return centred * _beside((variance + eps) ** -0.5, x), mean, variance


@kernel
def standardise_grad(g: Array, y: Array, inverse: Array) -> Array:
    """The gradient of x, given g and y (N, C, *size) and inverse = 1/σ (C,)."""
    along = _beside(_channel_mean(g * y), y)
    return (g - _beside(_channel_mean(g), g) - y * along) * _beside(inverse, y)


def _channel_mean(x: Array) -> Array:
    return channel_sum(x) / (x.size // x.shape[1])


def _beside(values: Array, x: Array) -> Array:
    """(C,) -> (C, 1, ...), to go with x (N, C, *size)."""
    return values.reshape(-1, *(1,) * (x.ndim - 2))
