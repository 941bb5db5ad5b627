"""The idea of a gradient check, in one page.

Stands on `tensor`. A fixed random g turns the output of fn into one number, L(x) = <fn(x), g>. Two
small steps along an element of x measure the slope of L there, without any calculus; the gradient
that backpropagation computes must agree. All numbers are float64.
"""

from functools import partial

import numpy as np

from nnscratch.autograd import grad
from nnscratch.tensor import Tensor


def central_difference(f, x, direction, eps):
    """The slope of f at x along `direction`; its error shrinks with eps²."""
    return (f(x + eps * direction) - f(x - eps * direction)) / (2 * eps)


def unit_vectors(shape):
    """For each element of `shape`, an array of zeros with a 1 at that element."""
    for index in np.ndindex(shape):
        vector = np.zeros(shape)
        vector[index] = 1.0
        yield vector


def numerical_gradient(loss, x, eps=1e-6):
    """The gradient of `loss`, a function of one float64 array, measured element by element."""
    slopes = [central_difference(loss, x, e, eps) for e in unit_vectors(x.shape)]
    return np.reshape(slopes, x.shape)


def gradient_error(fn, inputs, seed=0, eps=1e-6):
    """The largest |gradient − numerical gradient| / max |numerical gradient| of any input.

    fn: takes Tensors, returns a Tensor; inputs: float64 arrays
    About 1e-9 where the gradient is right, 1 for a factor 2, 2 for a wrong sign.
    """
    leaves = [Tensor(x, requires_grad=True) for x in inputs]
    y = fn(*leaves)
    g = generator(seed).standard_normal(y.shape)

    def loss(i, x):
        return (fn(*leaves[:i], Tensor(x), *leaves[i + 1 :]) * g).sum().item()

    errors = []
    for i, gradient in enumerate(grad((y * g).sum(), leaves)):
        numeric = numerical_gradient(partial(loss, i), inputs[i], eps)
        errors.append(abs(gradient.numpy() - numeric).max() / abs(numeric).max())
    return max(errors)


def generator(seed):
    """Numbers other than those of default_rng(seed), which may have made the inputs."""
    return np.random.default_rng((seed, 9))
