"""ReLU and its gradient in pieces that stay in the cache, on all cores.

Stands on `memory`, `layout` and `parallel`. Each passes over memory once, without a mask of the
whole array; results have the memory layout of the inputs.
"""

from typing import Any

import numpy as np

from nnscratch.engines.numpy import layout, memory, parallel

PIECE = 2**17  # elements at a time


def suits(x: Any) -> bool:
    """Whether x is large and has no gaps in memory."""
    return type(x) is np.ndarray and x.size > PIECE and _flat(x) is not None


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0) element by element."""
    y = memory.like(x)
    flat_x, flat_y = _flat(x), _flat(y)

    def compute(piece: slice) -> None:
        np.maximum(flat_x[piece], 0, out=flat_y[piece])

    parallel.each(compute, _pieces(x.size))
    return y


def grad_suits(g: Any, y: Any) -> bool:
    """Whether y is large and has no gaps in memory, and g is an array of the same dtype."""
    return suits(y) and type(g) is np.ndarray and g.dtype == y.dtype


def relu_grad(g: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of x: g where y > 0, else 0."""
    x = memory.like(y)
    g = layout.match(g, x.strides)
    order = memory.order(x.shape, x.strides)
    flat_g, flat_y, flat_x = (_flat(array, order) for array in (g, y, x))

    def compute(piece: slice) -> None:
        np.multiply(flat_g[piece], flat_y[piece] > 0, out=flat_x[piece])

    parallel.each(compute, _pieces(g.size))
    return x


def _flat(x: np.ndarray, order: tuple[int, ...] | None = None) -> Any:
    """A 1-D view of x in memory order, or with its axes in `order`; None if there are gaps."""
    ordered = x.transpose(order or memory.order(x.shape, x.strides))
    return ordered.reshape(-1) if ordered.flags.c_contiguous else None


def _pieces(size: int) -> list[slice]:
    return [slice(start, start + PIECE) for start in range(0, size, PIECE)]
