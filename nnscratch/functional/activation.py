"""Activations and dropout, each with its derivative beside it.

Stands on `tensor`, and on `kernels` where speed matters.
"""

from typing import Any

import numpy as np

from nnscratch import kernels
from nnscratch.backend import Array, array_module
from nnscratch.protocols import with_axis
from nnscratch.tensor import Tensor, as_tensor, where


def relu(x) -> Tensor:
    """max(x, 0); the gradient at 0 is 0."""
    x = as_tensor(x)
    return Tensor.from_op("relu", kernels.relu(x.data), (x, lambda g, y: _relu_grad(g, y.data)))


def _relu_grad(g: Tensor, y: Array) -> Tensor:
    """g where the output y is above 0, else 0; linear in g, so it is its own derivative."""
    data = kernels.relu_grad(g.data, y)
    return Tensor.from_op("relu_grad", data, (g, lambda h: _relu_grad(h, y)))


def leaky_relu(x, negative_slope: float = 0.01) -> Tensor:
    """x where it is positive, else negative_slope · x."""
    x = as_float(x)
    data = kernels.leaky_relu(x.data, negative_slope)
    return Tensor.from_op(
        "leaky_relu", data, (x, lambda g: _leaky_relu_grad(g, x.data, negative_slope))
    )


def _leaky_relu_grad(g: Tensor, x: Array, slope: float) -> Tensor:
    """g where x is positive, else slope · g; linear in g, so it is its own derivative."""
    data = kernels.leaky_relu_grad(g.data, x, slope)
    return Tensor.from_op("leaky_relu_grad", data, (g, lambda h: _leaky_relu_grad(h, x, slope)))


def elu(x, alpha: float = 1.0) -> Tensor:
    """x where it is positive, else alpha · (exp(x) − 1). Source: Clevert et al. 2016."""
    x = as_float(x)
    data = kernels.elu(x.data, alpha)
    return Tensor.from_op("elu", data, (x, lambda g: _elu_grad(g, x, alpha)))


def _elu_grad(g: Tensor, x: Tensor, alpha: float) -> Tensor:
    """g where x is positive, else g · alpha · exp(x)."""

    def grad_x(h: Tensor) -> Tensor:
        return where(x.data > 0, 0.0, h * g * (alpha * x.clip(high=0).exp()))

    data = kernels.elu_grad(g.data, x.data, alpha)
    return Tensor.from_op("elu_grad", data, (g, lambda h: _elu_grad(h, x, alpha)), (x, grad_x))


def sigmoid(x) -> Tensor:
    """1 / (1 + exp(−x)), without overflow for any x."""
    x = as_float(x)
    return Tensor.from_op("sigmoid", kernels.sigmoid(x.data), (x, _sigmoid_grad))


def _sigmoid_grad(g: Tensor, y: Tensor) -> Tensor:
    """g · y · (1 − y)."""
    return Tensor.from_op(
        "sigmoid_grad",
        kernels.sigmoid_grad(g.data, y.data),
        (g, lambda h: _sigmoid_grad(h, y)),
        (y, lambda h: h * g * (1.0 - 2.0 * y)),
    )


def softplus(x, beta: float = 1.0) -> Tensor:
    """log(1 + exp(beta · x)) / beta, without overflow for any x."""
    x = as_float(x)
    if beta != 1:
        return softplus(x * beta) / beta
    return Tensor.from_op("softplus", kernels.softplus(x.data), (x, lambda g: g * sigmoid(x)))


@with_axis
def softmax(x, axis: int) -> Tensor:
    """exp(x) / sum(exp(x)) along `axis`."""
    x = as_float(x)
    _, powers, sums = _powers(x, axis)
    return Tensor.from_op(
        "softmax", powers / sums, (x, lambda g, y: y * (g - (g * y).sum(axis, keepdims=True)))
    )


@with_axis
def log_softmax(x, axis: int) -> Tensor:
    """log(softmax(x)) along `axis`; exact where softmax itself would round to 0."""
    x = as_float(x)
    shifted, _, sums = _powers(x, axis)
    return Tensor.from_op(
        "log_softmax",
        shifted - array_module(x.data).log(sums),
        (x, lambda g, y: g - y.exp() * g.sum(axis, keepdims=True)),
    )


def _powers(x: Tensor, axis: int) -> tuple[Array, Array, Array]:
    """x − max x along `axis`, exp of that, which cannot overflow, and the sums of the powers."""
    if x.size == 0:
        return x.data, x.data, x.data
    shifted = x.data - x.data.max(axis, keepdims=True)
    powers = array_module(x.data).exp(shifted)
    return shifted, powers, kernels.total(powers, axis).astype(x.dtype, copy=False)


def as_float(x: Any) -> Tensor:
    """x as a Tensor of floats: whole numbers as float32, in which they do not wrap around."""
    x = as_tensor(x)
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def wide_float(x: Tensor) -> Tensor:
    """x, but float16 as float32: its squares overflow above 255 and are 0 below 2e-4."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def dropout(x, p: float = 0.5, training: bool = True, rng=None) -> Tensor:
    """Zero each element with probability p and scale the others by 1/(1 − p); x if not training.

    rng: a numpy.random.Generator, or a seed for one
    """
    x = as_tensor(x)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: expected a probability p in [0, 1], got {p}")
    if not training or p == 0:
        return x
    keep = np.random.default_rng(rng).random(x.shape) >= p
    scale = (keep / (1 - p) if p < 1 else keep).astype(x.dtype)
    return x * Tensor(array_module(x.data).asarray(scale))
