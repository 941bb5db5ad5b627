"""nnscratch: a deep-learning engine written from scratch on NumPy, made to be read."""

# fmt: off

import contextlib
from typing import TYPE_CHECKING

from nnscratch import functional, kernels, nn, numpy_functions, optim
from nnscratch.autograd import enable_grad, grad, no_grad
from nnscratch.gradcheck import GradcheckError, gradcheck, gradgradcheck
from nnscratch.names import no_attribute as _no_attribute
from nnscratch.operations import (
    abs, clip, concatenate, cos, einsum, exp, log, log1p, matmul, maximum, minimum, sin, sqrt,
    stack, tanh, where,
)
from nnscratch.tensor import Tensor

with contextlib.suppress(ModuleNotFoundError):  # nothing needs the engines: they are only faster
    from nnscratch.engines import engine

__version__ = "0.1.0"

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
