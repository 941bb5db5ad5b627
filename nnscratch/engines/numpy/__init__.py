"""The engine for NumPy arrays: im2col, Winograd, blocks that stay in the cache, and threads.

Stands on `kernels`. This file lists what it offers for each kernel, in measured order, and when.
"""

from functools import partial
from typing import Any

import numpy as np

from nnscratch.backend import Array
from nnscratch.engines.numpy import (
    activation,
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
from nnscratch.kernels import Window

# By dimension: with fewer channels, Winograd's transforms cost more than they save.
LEAST_CHANNELS = {2: 64, 3: 16}
# More groups make many small products: there one for each kernel offset is faster.
MOST_GROUPS = 4
OUTPUTS = 8  # for each channel, from which on Winograd computes the weights' gradient faster


def on_host(x: Any, *rest: Any, **options: Any) -> bool:
    """Whether the first argument is a NumPy array."""
    return type(x) is np.ndarray


def never(*args: Any, **options: Any) -> bool:
    """The condition of an algorithm that runs only where it is asked for."""
    return False


def winograd_applies(x: Array, window: Window, groups: int) -> bool:
    """Whether Winograd's algorithm can compute this convolution, or its adjoints."""
    return on_host(x) and x.size > 0 and winograd.suits(window, groups, x.dtype)


def many_channels(x: Array, weight: Array, window: Window, *rest: Any, **options: Any) -> bool:
    """Whether Winograd pays for `conv` and its adjoint in x."""
    return min(weight.shape[:2]) >= LEAST_CHANNELS[len(window.size)]


def many_outputs(x: Array, g: Array, window: Window, *rest: Any, **options: Any) -> bool:
    """Whether Winograd pays for the gradient of the weights, whose sums are as large as they are.

    In three dimensions it never does.
    """
    channels = (g.shape[1], x.shape[1])
    enough = min(channels) >= LEAST_CHANNELS[2]
    return len(window.size) == 2 and enough and x.size // x.shape[1] >= OUTPUTS * max(channels)


def register_convolution(
    name: str, can_winograd: Condition, winograd_pays: Condition, few_groups: Condition
) -> None:
    """The algorithms for `conv` or one of its adjoints."""
    tiles = getattr(winograd, name)
    register(name, "numpy:winograd", tiles, can_winograd, winograd_pays)
    # Small tiles are more accurate; `winograd` itself takes the tiles that are faster.
    register(name, "numpy:winograd-2x2", partial(tiles, m=2), can_winograd, never)
    register(name, "numpy:im2col", getattr(im2col, name), on_host, few_groups)


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
    many_outputs,
    lambda x, g, window, groups=1: groups <= MOST_GROUPS,
)
register("channel_sum", "numpy", sums.channel_sum, sums.suits)
register("match_layout", "numpy", layout.match, layout.differs)
register("matmul", "numpy", products.matmul, products.suits)
register("max_pool", "numpy", pool.max_pool, on_host)
register("max_unpool", "numpy", pool.max_unpool, pool.has_winners)
register("max_gather", "numpy", pool.max_gather, pool.has_winners)
register("sum_pool", "numpy", pool.sum_pool, on_host)
register("sum_unpool", "numpy", pool.sum_unpool, on_host)
register("relu", "numpy", activation.relu, activation.suits)
register("relu_grad", "numpy", activation.relu_grad, activation.grad_suits)
register("standardise", "numpy", norm.standardise, norm.suits)
register("standardise_grad", "numpy", norm.standardise_grad, norm.grad_suits)


def free() -> None:
    """Give back the memory kept for reuse: scratch, results, weights at Winograd's points."""
    memory.free()
    winograd.free()
