"""Padding by a constant, by reflection, by the edge value or periodically.

Stands on `operations` and `tensor`.
"""

import math

from nnscratch import kernels
from nnscratch.backend import array_module
from nnscratch.kernels import Size
from nnscratch.operations import concatenate
from nnscratch.tensor import Tensor, as_tensor

PAD_MODES = ("constant", "reflect", "edge", "wrap")


def pad(x, pairs, mode: str = "constant", value: float = 0) -> Tensor:
    """x with pairs[i] = (before, after) more elements on the last len(pairs) axes.

    pairs: or flat numbers as PyTorch's, (before, after) of the last axis first
    mode: "constant" (of `value`), "reflect" (edge not repeated), "edge" or "wrap", as numpy.pad
    """
    x = as_tensor(x)
    if mode not in PAD_MODES:
        raise ValueError(f"pad: expected mode in {PAD_MODES}, got {mode!r}")
    flat = isinstance(pairs, (tuple, list)) and all(hasattr(n, "__index__") for n in pairs)
    if not isinstance(pairs, (tuple, list)) or (flat and len(pairs) % 2):
        raise ValueError(
            f"pad: expected pairs ((before, after), ...), or PyTorch's flat numbers, got {pairs!r}"
        )
    if flat:
        pairs = list(zip(pairs[::2], pairs[1::2], strict=True))[::-1]
    pairs = [kernels.as_tuple("pad", "a pair (before, after)", pair, 2) for pair in pairs]
    if len(pairs) > x.ndim:
        raise ValueError(f"pad: expected at most {x.ndim} pairs for x {x.shape}, got {len(pairs)}")
    for axis, (before, after) in enumerate(pairs, start=x.ndim - len(pairs)):
        _check_pad(x.shape, axis, max(before, after), mode)
        if before or after:
            head = _border(x, axis, before, mode, value, at_start=True)
            tail = _border(x, axis, after, mode, value, at_start=False)
            x = concatenate([head, x, tail], axis)
    return x


def _check_pad(shape: Size, axis: int, width: int, mode: str) -> None:
    most = {"constant": math.inf, "edge": math.inf, "wrap": shape[axis]}.get(mode, shape[axis] - 1)
    if width > most or (mode != "constant" and shape[axis] == 0):
        raise ValueError(
            f"pad: mode {mode!r} can add at most {most} elements to axis {axis} of x {shape}, "
            f"got {width}"
        )


def _border(x: Tensor, axis: int, width: int, mode: str, value: float, at_start: bool) -> Tensor:
    """The `width` elements that lie before (at_start) or after x along `axis`."""
    n = x.shape[axis]
    shape = x.shape[:axis] + (width,) + x.shape[axis + 1 :]
    if mode == "constant":
        return Tensor(array_module(x.data).full(shape, value, dtype=x.dtype))

    def along(start: int, stop: int, step: int = 1) -> Tensor:
        return x[(slice(None),) * axis + (slice(start, stop, step),)]

    if mode == "edge":
        return (along(0, 1) if at_start else along(n - 1, n)).broadcast_to(shape)
    if mode == "wrap":
        return along(n - width, n) if at_start else along(0, width)
    piece = along(1, width + 1) if at_start else along(n - 1 - width, n - 1)
    return piece[(slice(None),) * axis + (slice(None, None, -1),)]
