"""Activations and dropout, each with its derivative beside it.

Stands on `tensor`, and on `kernels` where speed matters.
"""

import numpy as np

from nnscratch import kernels
from nnscratch.backend import Array, array_module
from nnscratch.tensor import Tensor, as_tensor


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
    x = as_tensor(x)
    slope = array_module(x.data).where(x.data > 0, 1.0, negative_slope)
    slope = slope.astype(x.dtype) if x.dtype.kind == "f" else slope
    return Tensor.from_op("leaky_relu", x.data * slope, (x, lambda g: g * slope))


def elu(x, alpha: float = 1.0) -> Tensor:
    """x where it is positive, else alpha · (exp(x) − 1). Source: Clevert et al. 2016."""
    x = as_tensor(x)
    xp = array_module(x.data)
    positive = x.data > 0
    data = xp.where(positive, x.data, alpha * xp.expm1(xp.minimum(x.data, 0)))

    def grad_x(g: Tensor, y: Tensor) -> Tensor:
        return g * positive + g * (y + alpha) * ~positive  # for x <= 0: alpha·exp(x) = y + alpha

    return Tensor.from_op("elu", data, (x, grad_x))


def sigmoid(x) -> Tensor:
    """1 / (1 + exp(−x)), without overflow for any x."""
    x = as_tensor(x)
    xp = array_module(x.data)
    small = xp.exp(-1.0 * xp.absolute(x.data))  # a float factor: −x of unsigned integers wraps
    data = xp.where(x.data >= 0, 1, small) / (1 + small)
    return Tensor.from_op("sigmoid", data, (x, lambda g, y: g * y * (1.0 - y)))


def softplus(x, beta: float = 1.0) -> Tensor:
    """log(1 + exp(beta · x)) / beta, without overflow for any x."""
    x = as_tensor(x)
    data = array_module(x.data).logaddexp(beta * x.data, 0) / beta
    return Tensor.from_op("softplus", data, (x, lambda g: g * sigmoid(beta * x)))


def softmax(x, axis: int) -> Tensor:
    """exp(x) / sum(exp(x)) along `axis`."""
    x = as_tensor(x)
    small = array_module(x.data).exp(x.data - x.data.max(axis, keepdims=True))
    return Tensor.from_op(
        "softmax",
        small / small.sum(axis, keepdims=True),
        (x, lambda g, y: y * (g - (g * y).sum(axis, keepdims=True))),
    )


def log_softmax(x, axis: int) -> Tensor:
    """log(softmax(x)) along `axis`; exact where softmax itself would round to 0."""
    x = as_tensor(x)
    xp = array_module(x.data)
    shifted = x.data - x.data.max(axis, keepdims=True)
    return Tensor.from_op(
        "log_softmax",
        shifted - xp.log(xp.exp(shifted).sum(axis, keepdims=True)),
        (x, lambda g, y: g - y.exp() * g.sum(axis, keepdims=True)),
    )


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
