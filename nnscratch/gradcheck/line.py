"""L(x) = <fn(x), g> along one direction: a number t in, a number out.

Stands on `idea`. `fn` may have several arguments and outputs; L adds up all of its outputs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.backend import array_module
from nnscratch.gradcheck.idea import central_difference
from nnscratch.tensor import Tensor


@dataclass(frozen=True)
class Line:
    """L(t) with argument `i` at x + t · direction and the others fixed."""

    fn: Callable
    arguments: Sequence[Tensor]
    i: int
    direction: np.ndarray
    gradient: np.ndarray  # of L in argument i, as backpropagation has it
    upstream: Sequence[Tensor]
    size: float  # the sum of the |terms| of L, to which its rounding is proportional

    def __call__(self, t: float) -> float:
        arguments = list(self.arguments)
        arguments[self.i] = like(arguments[self.i], self.x + t * self.direction)
        with no_grad(), np.errstate(all="ignore"):  # a step may leave the domain
            return inner(outputs_of(self.fn, arguments), self.upstream).item()

    @property
    def x(self) -> np.ndarray:
        return self.arguments[self.i].numpy()

    @property
    def analytic(self) -> float:
        """The slope that the gradient gives."""
        with np.errstate(invalid="ignore"):  # inf · 0
            return float((self.gradient * self.direction).sum())

    def slope(self, step: float) -> float:
        return central_difference(self, 0.0, 1.0, step)

    def rounding(self, step):
        """The part of a difference over `step` that may be rounding."""
        return 8 * float(np.finfo(np.float64).eps) * self.size / step


def outputs_of(fn: Callable, arguments: Sequence[Tensor]) -> list[Tensor]:
    """fn(*arguments) as a list; TypeError unless all are Tensors."""
    outputs = fn(*arguments)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    for y in outputs:
        if not isinstance(y, Tensor):
            raise TypeError(f"{name_of(fn)}: expected a Tensor as result, got {type(y).__name__}")
    return outputs


def inner(outputs: Sequence[Tensor], upstream: Sequence[Tensor]) -> Tensor:
    """The sum of all <output, upstream>."""
    first, *rest = [(y * g).sum() for y, g in zip(outputs, upstream, strict=True)]
    return sum(rest, start=first)


def like(x: Tensor, values: np.ndarray) -> Tensor:
    """`values` in the dtype and the array library of x."""
    return Tensor(array_module(x.data).asarray(values.astype(x.dtype)))


def name_of(fn: Callable) -> str:
    """The name of a function, for messages."""
    return getattr(fn, "__name__", type(fn).__name__)
