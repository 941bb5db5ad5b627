"""The definitions: convolution, pooling, normalisation and ReLU on plain arrays of any rank.

Each function marked `@kernel` defines what is computed, for NumPy and CuPy alike. An engine may
compute the same numbers faster (`dispatch`); nothing here knows of any.
"""

from nnscratch.kernels.activation import (
    elu,
    elu_grad,
    leaky_relu,
    leaky_relu_grad,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    softplus,
)
from nnscratch.kernels.arrays import match_layout, matmul, power, sum_type, total
from nnscratch.kernels.conv import conv, conv_grad_input, conv_grad_weight
from nnscratch.kernels.dispatch import Chooser, choosing, definition, set_default
from nnscratch.kernels.norm import standardise, standardise_grad
from nnscratch.kernels.pool import max_gather, max_pool, max_unpool, sum_pool, sum_unpool
from nnscratch.kernels.window import Size, Window, as_tuple, pad, window
