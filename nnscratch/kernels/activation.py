"""Activations as arrays, and the gradient of each in its input.

Stands on `backend`. They are kernels because they follow nearly every convolution. NaN passes
through all of them, and infinity has the limit as its value, as in PyTorch.
"""

from nnscratch.backend import Array, array_module
from nnscratch.kernels.dispatch import kernel


@kernel
def relu(x: Array) -> Array:
    """max(x, 0) element by element."""
    return array_module(x).maximum(x, 0)


@kernel
def relu_grad(g: Array, y: Array) -> Array:
    """The gradient of x, given that of y = relu(x): g, but 0 where y <= 0."""
    return array_module(y).where(y <= 0, 0, g)


@kernel
def leaky_relu(x: Array, slope: float) -> Array:
    """x where it is positive, else slope · x."""
    return array_module(x).where(x > 0, x, x * slope)


@kernel
def leaky_relu_grad(g: Array, x: Array, slope: float) -> Array:
    """The gradient of x, given that of leaky_relu(x)."""
    return array_module(x).where(x > 0, g, g * slope)


@kernel
def elu(x: Array, alpha: float) -> Array:
    """x where it is positive, else alpha · (exp(x) − 1)."""
    xp = array_module(x)
    return xp.where(x > 0, x, xp.expm1(xp.minimum(x, 0)) * alpha)


@kernel
def elu_grad(g: Array, x: Array, alpha: float) -> Array:
    """The gradient of x, given that of elu(x); exp(x), since elu(x) + alpha loses its tail."""
    xp = array_module(x)
    return xp.where(x > 0, g, g * (xp.exp(xp.minimum(x, 0)) * alpha))


@kernel
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)), of |x| lest exp overflow: for x < 0 it is exp(x) / (1 + exp(x))."""
    xp = array_module(x)
    small = xp.exp(-xp.absolute(x))
    return xp.where(x < 0, small, 1) / (1 + small)


@kernel
def sigmoid_grad(g: Array, y: Array) -> Array:
    """The gradient of x, given that of y = sigmoid(x): g · y · (1 − y)."""
    return g * (y * (1 - y))


@kernel
def softplus(x: Array) -> Array:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|))."""
    xp = array_module(x)
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.absolute(x)))
