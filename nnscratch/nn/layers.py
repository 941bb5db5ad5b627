"""Layers: the functions of `functional` with their parameters.

Stands on `functional`, `init` and `module`. Arguments and defaults are PyTorch's; weights are drawn
from a `numpy.random.Generator` or seed passed as rng.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch.kernels import as_tuple
from nnscratch.nn.init import kaiming_normal, kaiming_uniform
from nnscratch.nn.module import Module, Parameter
from nnscratch.tensor import Tensor


class Sequential(Module):
    """Layers one after the other; a dictionary gives them names."""

    def __init__(self, *layers: Any):
        named = layers[0] if len(layers) == 1 and isinstance(layers[0], dict) else None
        named = {str(i): layer for i, layer in enumerate(layers)} if named is None else named
        for name, layer in named.items():
            if not callable(layer):
                raise TypeError(f"Sequential: expected layers, got {layer!r} as {name}")
            if hasattr(Sequential, name):
                raise ValueError(
                    f"Sequential: {name!r} means something else here; rename the layer"
                )
            setattr(self, name, layer)

    def forward(self, x: Any) -> Any:
        for layer in self:
            x = layer(x)
        return x

    def _named(self) -> list[tuple[str, Any]]:
        return [(name, layer) for name, layer in vars(self).items() if callable(layer)]

    def __iter__(self) -> Iterator[Any]:
        return (layer for _, layer in self._named())

    def __len__(self) -> int:
        return len(self._named())

    def __getitem__(self, index: Any) -> Any:
        """One layer by number; a slice is a Sequential whose layers keep their names."""
        if isinstance(index, slice):
            return Sequential(dict(self._named()[index]))
        return self._named()[index][1]


# -- linear maps ----------------------------------------------------------------------------------


class Linear(Module):
    """x (..., in_features) -> (..., out_features): x @ weight.T + bias.

    rng: a numpy.random.Generator, or a seed for one, for the weights (He's, uniform, gain 1).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, rng: Any = None):
        self.weight = Parameter(kaiming_uniform((out_features, in_features), rng, gain=1.0))
        self.bias = Parameter(np.zeros(out_features, np.float32)) if bias else None

    def forward(self, x: Any) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def _details(self) -> str:
        return f"{self.weight.shape[1]}, {self.weight.shape[0]}, bias={self.bias is not None}"


class _Conv(Module):
    """Weights of He's normal distribution for ReLU; rng: a numpy.random.Generator, or a seed."""

    ndim: int
    function: Callable

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        rng: Any = None,
    ):
        name = type(self).__name__
        size = as_tuple(name, "kernel_size", kernel_size, self.ndim, least=1)
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups must divide both channels, got groups {groups}, "
                f"in_channels {in_channels}, out_channels {out_channels}"
            )
        self.weight = Parameter(kaiming_normal((out_channels, in_channels // groups, *size), rng))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def forward(self, x: Any) -> Tensor:
        return type(self).function(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def _details(self) -> str:
        out_channels, in_channels, *size = self.weight.shape
        return (
            f"{in_channels * self.groups}, {out_channels}, kernel_size={tuple(size)}, "
            f"stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"groups={self.groups}, bias={self.bias is not None}"
        )


class Conv1d(_Conv):
    """x (N, in_channels, L) -> (N, out_channels, L'); see functional.conv1d."""

    ndim = 1
    function = staticmethod(F.conv1d)


class Conv2d(_Conv):
    """x (N, in_channels, H, W) -> (N, out_channels, H', W'); see functional.conv2d."""

    ndim = 2
    function = staticmethod(F.conv2d)


class Conv3d(_Conv):
    """x (N, in_channels, D, H, W) -> (N, out_channels, *out); see functional.conv3d."""

    ndim = 3
    function = staticmethod(F.conv3d)


class _ConvTranspose(Module):
    """Weights of He's normal distribution, gain 1; rng: a numpy.random.Generator, or a seed."""

    ndim: int
    function: Callable

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        rng: Any = None,
    ):
        size = as_tuple(type(self).__name__, "kernel_size", kernel_size, self.ndim, least=1)
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{type(self).__name__}: groups must divide both channels, got groups {groups}, "
                f"in_channels {in_channels}, out_channels {out_channels}"
            )
        shape = (in_channels, out_channels // groups, *size)
        self.weight = Parameter(kaiming_normal(shape, rng, gain=1.0))
        self.bias = Parameter(np.zeros(out_channels, np.float32)) if bias else None
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.groups, self.dilation = groups, dilation

    def forward(self, x: Any) -> Tensor:
        return type(self).function(
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )

    def _details(self) -> str:
        in_channels, out_channels, *size = self.weight.shape
        return (
            f"{in_channels}, {out_channels * self.groups}, kernel_size={tuple(size)}, "
            f"stride={self.stride}, padding={self.padding}"
        )


class ConvTranspose1d(_ConvTranspose):
    """x (N, in_channels, L) -> (N, out_channels, L'); see functional.conv_transpose1d."""

    ndim = 1
    function = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """x (N, in_channels, H, W) -> (N, out_channels, H', W'); see functional.conv_transpose2d."""

    ndim = 2
    function = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """x (N, in_channels, D, H, W) -> (N, out_channels, *out); see functional.conv_transpose3d."""

    ndim = 3
    function = staticmethod(F.conv_transpose3d)


# -- pooling --------------------------------------------------------------------------------------


class _Pool(Module):
    function: Callable

    def __init__(self, *args: Any, **options: Any):
        self.args, self.options = args, options

    def forward(self, x: Any) -> Tensor:
        return type(self).function(x, *self.args, **self.options)

    def _details(self) -> str:
        named = [f"{key}={value}" for key, value in self.options.items()]
        return ", ".join([*map(str, self.args), *named])


class MaxPool1d(_Pool):
    """functional.max_pool1d with its arguments after x."""

    function = staticmethod(F.max_pool1d)


class MaxPool2d(_Pool):
    """functional.max_pool2d with its arguments after x."""

    function = staticmethod(F.max_pool2d)


class MaxPool3d(_Pool):
    """functional.max_pool3d with its arguments after x."""

    function = staticmethod(F.max_pool3d)


class AvgPool1d(_Pool):
    """functional.avg_pool1d with its arguments after x."""

    function = staticmethod(F.avg_pool1d)


class AvgPool2d(_Pool):
    """functional.avg_pool2d with its arguments after x."""

    function = staticmethod(F.avg_pool2d)


class AvgPool3d(_Pool):
    """functional.avg_pool3d with its arguments after x."""

    function = staticmethod(F.avg_pool3d)


class AdaptiveAvgPool1d(_Pool):
    """functional.adaptive_avg_pool1d with its arguments after x."""

    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_Pool):
    """functional.adaptive_avg_pool2d with its arguments after x."""

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_Pool):
    """functional.adaptive_avg_pool3d with its arguments after x."""

    function = staticmethod(F.adaptive_avg_pool3d)


# -- normalisation --------------------------------------------------------------------------------


class _BatchNorm(Module):
    ndims: tuple[int, ...]

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True
    ):
        self.num_features = num_features
        self.weight = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.running_mean = Tensor(np.zeros(num_features, np.float32))
        self.running_var = Tensor(np.ones(num_features, np.float32))
        self.eps, self.momentum = eps, momentum

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.ndims or x.shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: expected x of rank {self.ndims} with {self.num_features} "
                f"channels on axis 1, got shape {x.shape}"
            )
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )

    def _details(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class BatchNorm1d(_BatchNorm):
    """functional.batch_norm with running statistics: x (N, C) or (N, C, L)."""

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """functional.batch_norm with running statistics: x (N, C, H, W)."""

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """functional.batch_norm with running statistics: x (N, C, D, H, W)."""

    ndims = (5,)


class InstanceNorm2d(Module):
    """functional.instance_norm: x (N, C, H, W); affine adds a learned scale and shift."""

    def __init__(self, num_features: int, eps: float = 1e-5, affine: bool = False):
        self.weight = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.num_features, self.eps = num_features, eps

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != self.num_features:
            raise ValueError(
                f"InstanceNorm2d: expected x (N, {self.num_features}, H, W), got {x.shape}"
            )
        return F.instance_norm(x, self.weight, self.bias, self.eps)

    def _details(self) -> str:
        return f"{self.num_features}, eps={self.eps}, affine={self.weight is not None}"


class LayerNorm(Module):
    """functional.layer_norm with a learned scale and shift over `normalized_shape`."""

    def __init__(self, normalized_shape: Any, eps: float = 1e-5):
        whole = isinstance(normalized_shape, int)
        self.normalized_shape = (normalized_shape,) if whole else tuple(normalized_shape)
        self.weight = Parameter(np.ones(self.normalized_shape, np.float32))
        self.bias = Parameter(np.zeros(self.normalized_shape, np.float32))
        self.eps = eps

    def forward(self, x: Any) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def _details(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}"


# -- functions as layers --------------------------------------------------------------------------


class Flatten(Module):
    """x (N, *rest) -> (N, product of rest)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), math.prod(x.shape[1:]))


class Dropout(Module):
    """functional.dropout, while training. rng: a numpy.random.Generator, or a seed for one."""

    def __init__(self, p: float = 0.5, rng: Any = None):
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: expected a probability p in [0, 1], got {p}")
        self.p, self.rng = p, np.random.default_rng(rng)

    def forward(self, x: Any) -> Tensor:
        return F.dropout(x, self.p, self.training, self.rng)

    def _details(self) -> str:
        return f"p={self.p}"


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: Any) -> Tensor:
        return F.relu(x)


class LeakyReLU(Module):
    """x where it is positive, else negative_slope · x."""

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Tensor:
        return F.leaky_relu(x, self.negative_slope)

    def _details(self) -> str:
        return f"{self.negative_slope}"


class Sigmoid(Module):
    """1 / (1 + exp(−x))."""

    def forward(self, x: Any) -> Tensor:
        return F.sigmoid(x)


class Tanh(Module):
    """tanh(x)."""

    def forward(self, x: Any) -> Tensor:
        return F.tanh(x)


class Softmax(Module):
    """functional.softmax along `axis`."""

    def __init__(self, axis: int):
        self.axis = axis

    def forward(self, x: Any) -> Tensor:
        return F.softmax(x, self.axis)

    def _details(self) -> str:
        return f"axis={self.axis}"


class L2Normalize(Module):
    """Each vector along `axis` scaled to length 1."""

    def __init__(self, axis: int = 1, eps: float = 1e-12):
        self.axis, self.eps = axis, eps

    def forward(self, x: Any) -> Tensor:
        return F.normalize(x, 2.0, self.axis, self.eps)

    def _details(self) -> str:
        return f"axis={self.axis}"
