"""Functions of each element in pieces that stay in the cache, on all cores.

Stands on `memory`, `layout` and `parallel`. The definition computes each piece: it may pass over a
piece several times, but over memory only once. Results have the memory layout of the inputs.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nnscratch import kernels
from nnscratch.engines.numpy import layout, memory, parallel
from nnscratch.kernels import definition

PIECE = 2**15  # elements at a time
LEAST = 2**16  # elements; fewer are not worth pieces


def suits(x: Any, *others: Any) -> bool:
    """Whether x is large and has no gaps in memory; other arrays have its shape and dtype."""
    if type(x) is not np.ndarray or x.size < LEAST or x.dtype.kind != "f" or _flat(x) is None:
        return False
    arrays = [other for other in others if not isinstance(other, (int, float))]
    return all(type(a) is np.ndarray and a.dtype == x.dtype and a.shape == x.shape for a in arrays)


def relu(y: np.ndarray, x: np.ndarray) -> None:
    """y = max(x, 0)."""
    np.maximum(x, 0, out=y)


def relu_grad(y: np.ndarray, g: np.ndarray, output: np.ndarray) -> None:
    """y = g, but 0 where output <= 0: as integers, because 0 times infinity would be NaN."""
    integer = f"i{g.itemsize}"
    np.multiply(g.view(integer), ~(output <= 0), out=y.view(integer))


def leaky_relu(y: np.ndarray, x: np.ndarray, slope: float) -> None:
    """y = x where it is positive, else slope · x."""
    np.multiply(x, slope, out=y)
    (np.maximum if slope <= 1 else np.minimum)(x, y, out=y)


def leaky_relu_grad(y: np.ndarray, g: np.ndarray, x: np.ndarray, slope: float) -> None:
    """y = g where x is positive, else slope · g."""
    factors = (x > 0).astype(g.dtype)
    factors *= 1 - slope
    factors += slope
    np.multiply(g, factors, out=y)


def elu(y: np.ndarray, x: np.ndarray, alpha: float) -> None:
    """y = x where it is positive, else alpha · (exp(x) − 1).

    exp(x) − 1 = 2t / (1 − t) with t = tanh(x/2), which NumPy computes much faster than expm1.
    """
    np.minimum(x, 0, out=y)
    y *= 0.5
    np.tanh(y, out=y)
    y /= 1 - y
    y *= 2 * alpha
    y += np.maximum(x, 0)


def elu_grad(y: np.ndarray, g: np.ndarray, x: np.ndarray, alpha: float) -> None:
    """y = g where x is positive, else g · alpha · exp(x)."""
    np.minimum(x, 0, out=y)
    np.exp(y, out=y)
    if alpha != 1:
        np.multiply(y, alpha, out=y, where=x <= 0)
    y *= g


def sigmoid(y: np.ndarray, x: np.ndarray) -> None:
    """y = 1 / (1 + exp(−x)); infinity is the right denominator where exp overflows."""
    np.negative(x, out=y)
    with np.errstate(over="ignore"):
        np.exp(y, out=y)
    y += 1
    np.reciprocal(y, out=y)


def sigmoid_grad(y: np.ndarray, g: np.ndarray, output: np.ndarray) -> None:
    """y = g · output · (1 − output)."""
    np.subtract(1, output, out=y)
    y *= output
    y *= g


def softplus(y: np.ndarray, x: np.ndarray) -> None:
    """y = max(x, 0) + log(1 + exp(−|x|))."""
    y[...] = definition(kernels.softplus)(x)


def _in_pieces(compute: Callable[..., None], *arguments: Any) -> np.ndarray:
    """compute(y, *arrays, *numbers) for each piece of the arrays, which have one shape."""
    arrays = [a for a in arguments if isinstance(a, np.ndarray)]
    numbers = arguments[len(arrays) :]
    last = arrays[-1]  # x or y: the gradient g may have another layout
    y = memory.like(last)
    order = memory.order(last.shape, last.strides)
    flat = [_flat(layout.match(a, last.strides), order) for a in arrays]
    flat_y = _flat(y, order)

    def write(piece: slice) -> None:
        compute(flat_y[piece], *(a[piece] for a in flat), *numbers)

    parallel.each(write, [slice(i, i + PIECE) for i in range(0, last.size, PIECE)])
    return y


FUNCTIONS = (
    *(relu, relu_grad, leaky_relu, leaky_relu_grad, elu, elu_grad),
    *(sigmoid, sigmoid_grad, softplus),
)
IN_PIECES = {function.__name__: partial(_in_pieces, function) for function in FUNCTIONS}


def _flat(x: np.ndarray, order: tuple[int, ...] | None = None) -> Any:
    """A 1-D view of x in memory order, or with its axes in `order`; None if there are gaps."""
    ordered = x.transpose(order or memory.order(x.shape, x.strides))
    return ordered.reshape(-1) if ordered.flags.c_contiguous else None
