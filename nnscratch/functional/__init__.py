"""Differentiable functions: activations, convolution, pooling, normalisation, losses, distances.

Stands on `tensor` (the graph) and `kernels` (the arrays). Names, arguments and defaults are
PyTorch's, except that `axis` is said where PyTorch says `dim`. Everything that takes a Tensor
takes an array as well.
"""

# fmt: off

from typing import TYPE_CHECKING

from nnscratch.functional.activation import (
    dropout, elu, leaky_relu, log_softmax, relu, sigmoid, softmax, softplus,
)
from nnscratch.functional.conv import (
    conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d, linear,
)
from nnscratch.functional.distance import pairwise_distances
from nnscratch.functional.loss import (
    binary_cross_entropy_with_logits, contrastive_loss, cross_entropy, mse_loss, nll_loss,
    triplet_margin_loss,
)
from nnscratch.functional.norm import batch_norm, instance_norm, layer_norm, normalize
from nnscratch.functional.padding import pad
from nnscratch.functional.pool import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, avg_pool1d, avg_pool2d,
    avg_pool3d, max_pool1d, max_pool2d, max_pool3d,
)
from nnscratch.names import no_attribute as _no_attribute
from nnscratch.operations import tanh

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
