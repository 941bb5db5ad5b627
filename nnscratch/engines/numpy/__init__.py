"""The engine for NumPy arrays: im2col, Winograd, blocks that stay in the cache, threads.

Stands on `kernels` and `registry`. This file registers the implementations of each kernel, the
fastest first, with the conditions under which they run.
"""

import math
from functools import partial
from typing import Any

import numpy as np

from nnscratch.backend import Array
from nnscratch.engines.numpy import (
    activation,
    depthwise,
    im2col,
    layout,
    memory,
    norm,
    pool,
    products,
    sums,
    winograd,
)
from nnscratch.engines.registry import Condition, register
from nnscratch.kernels import Window, sum_type

# By number of axes: with fewer channels, Winograd's transforms cost more than they save.
LEAST_CHANNELS = {2: 64, 3: 16}
# With more groups the matrices of im2col are small, and the definition is faster.
MOST_GROUPS = 4
# With fewer positions per channel, Winograd's gradient of the weights is slower than im2col's.
LEAST_POSITIONS = 8


def on_host(x: Any, *rest: Any, **options: Any) -> bool:
    """Whether the first argument is a NumPy array."""
    return type(x) is np.ndarray


def wide_on_host(x: Any, *rest: Any, **options: Any) -> bool:
    """Whether the first argument is a NumPy array of more than 16 bits."""
    return type(x) is np.ndarray and x.dtype != np.float16


def few_terms(x: Any, window: Window, *rest: Any, **options: Any) -> bool:
    """Whether x is a NumPy array in whose type the sum of a window keeps its digits."""
    return type(x) is np.ndarray and sum_type(x.dtype, math.prod(window.size)) == x.dtype


def never(*args: Any, **options: Any) -> bool:
    """The condition of an algorithm that runs only when it is forced by name."""
    return False


def winograd_applies(x: Array, window: Window, groups: int) -> bool:
    """Whether Winograd's algorithm can compute this convolution and its adjoints."""
    return on_host(x) and x.size > 0 and winograd.suits(window, groups, x.dtype)


def many_channels(x: Array, weight: Array, window: Window, *rest: Any, **options: Any) -> bool:
    """Whether Winograd is the fastest for `conv` and its adjoint in x."""
    return min(weight.shape[:2]) >= LEAST_CHANNELS[len(window.size)]


def many_positions(x: Array, g: Array, window: Window, *rest: Any, **options: Any) -> bool:
    """Whether Winograd is the fastest for the gradient of the weights: in 2D, for large images.

    Its sums at the points are larger than the weights, which only many positions make up for.
    """
    channels = (g.shape[1], x.shape[1])
    positions = x.size // x.shape[1]
    many_channels = min(channels) >= LEAST_CHANNELS[2]
    return len(window.size) == 2 and many_channels and positions >= LEAST_POSITIONS * max(channels)


def register_convolution(
    name: str, winograd_can: Condition, winograd_pays: Condition, im2col_pays: Condition
) -> None:
    """Register the algorithms for `conv` or one of its adjoints."""
    compute = getattr(winograd, name)
    register(name, "numpy:winograd", compute, winograd_can, winograd_pays)
    # 2×2 tiles are more accurate; "numpy:winograd" takes the faster size
    register(name, "numpy:winograd-2x2", partial(compute, m=2), winograd_can, never)
    register(name, "numpy:im2col", getattr(im2col, name), wide_on_host, im2col_pays)


register_convolution(
    "conv",
    lambda x, weight, window, groups=1, bias=None: winograd_applies(x, window, groups),
    many_channels,
    lambda x, weight, window, groups=1, bias=None: groups <= MOST_GROUPS,
)
register_convolution(
    "conv_grad_input",
    lambda g, weight, window, in_size, groups=1: winograd_applies(g, window, groups),
    many_channels,
    lambda g, weight, window, in_size, groups=1: groups <= MOST_GROUPS,
)
register_convolution(
    "conv_grad_weight",
    lambda x, g, window, groups=1: winograd_applies(x, window, groups),
    many_positions,
    lambda x, g, window, groups=1: groups <= MOST_GROUPS,
)
register(
    "conv",
    "numpy:depthwise",
    depthwise.conv,
    lambda x, weight, window, groups=1, bias=None: depthwise.suits(
        x, x.shape[1], len(weight), groups
    ),
)
register(
    "conv_grad_input",
    "numpy:depthwise",
    depthwise.conv_grad_input,
    lambda g, weight, window, in_size, groups=1: depthwise.suits(
        g, g.shape[1], len(weight), groups
    ),
)
register(
    "conv_grad_weight",
    "numpy:depthwise",
    depthwise.conv_grad_weight,
    lambda x, g, window, groups=1: depthwise.suits(x, x.shape[1], g.shape[1], groups),
)
register("total", "numpy", sums.total, sums.suits)
register("match_layout", "numpy", layout.match, layout.differs)
register("matmul", "numpy", products.matmul, products.suits)
register("max_pool", "numpy", pool.max_pool, on_host)
register("max_unpool", "numpy", pool.max_unpool, pool.has_winners)
register("max_gather", "numpy", pool.max_gather, pool.has_winners)
register("sum_pool", "numpy", pool.sum_pool, few_terms)
register("sum_unpool", "numpy", pool.sum_unpool, few_terms)
for name, compute in activation.IN_PIECES.items():
    register(name, "numpy", compute, activation.suits)
register("standardise", "numpy", norm.standardise, norm.suits)
register("standardise_grad", "numpy", norm.standardise_grad, norm.grad_suits)


def free() -> None:
    """Free the memory kept for reuse: scratch buffers, results, transformed weights."""
    memory.free()
    winograd.free()
