"""ReLU and its gradient.

Stands on `backend`. They stand among the kernels because they follow nearly every convolution.
"""

from nnscratch.backend import Array, array_module
from nnscratch.kernels.dispatch import kernel


@kernel
def relu(x: Array) -> Array:
    """max(x, 0) element by element."""
    return array_module(x).maximum(x, 0)


@kernel
def relu_grad(g: Array, y: Array) -> Array:
    """The gradient of x, given that of y = relu(x): g where y > 0, else 0."""
    return g * (y > 0)
