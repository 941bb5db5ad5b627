"""nnscratch: a deep-learning engine written from scratch on NumPy, made to be read."""

from nnscratch import functional, kernels, nn, optim
from nnscratch.gradcheck import GradcheckError, gradcheck, gradgradcheck
from nnscratch.tensor import (
    Tensor,
    abs,
    clip,
    concatenate,
    cos,
    enable_grad,
    exp,
    grad,
    log,
    log1p,
    matmul,
    maximum,
    minimum,
    no_grad,
    sin,
    sqrt,
    stack,
    tanh,
    where,
)

__version__ = "0.1.0"

__all__ = [
    "GradcheckError",
    "Tensor",
    "abs",
    "clip",
    "concatenate",
    "cos",
    "enable_grad",
    "exp",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "kernels",
    "log",
    "log1p",
    "matmul",
    "maximum",
    "minimum",
    "nn",
    "no_grad",
    "optim",
    "sin",
    "sqrt",
    "stack",
    "tanh",
    "where",
]
