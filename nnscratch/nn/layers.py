"""Layers: the functions of `functional`, each with its own parameters and settings.

Stands on `functional`, `init` and `module`. Arguments and defaults are PyTorch's, but for what a
docstring states. No layer has `device` or `dtype`: move or convert it with `.to`.

Initial weights come from rng, a `numpy.random.Generator` or a seed for one; biases start at 0.
Differs from PyTorch, which has a uniform distribution of bound 1/sqrt(fan_in) for both.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch.kernels import as_tuple, window
from nnscratch.nn.init import kaiming_normal, kaiming_uniform
from nnscratch.nn.module import Module, Parameter
from nnscratch.tensor import Tensor


class Sequential(Module):
    """Layers one after the other: Sequential(first, second) or Sequential({"name": layer, ...}).

    A layer is an attribute under its name ("0", "1", ... unless a dictionary gives another).
    Assigning to that name or to an index replaces it; no other attribute becomes a layer.
    Differs from PyTorch: plain functions are layers as well; a slice keeps the names.
    """

    _names: tuple[str, ...] = ()

    def __init__(self, *layers: Any):
        is_named = len(layers) == 1 and isinstance(layers[0], dict)
        named = layers[0] if is_named else {str(i): layer for i, layer in enumerate(layers)}
        for name in named:
            if hasattr(Sequential, name):
                raise ValueError(
                    f"Sequential: {name!r} means something else here; rename the layer"
                )
        self._names = tuple(named)
        for name, layer in named.items():
            setattr(self, name, layer)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._names and not callable(value):
            raise TypeError(f"Sequential: expected layers, got {value!r} as {name}")
        super().__setattr__(name, value)

    def forward(self, x: Any) -> Any:
        for layer in self:
            x = layer(x)
        return x

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int | slice) -> Any:
        """One layer by number; a slice is a Sequential whose layers keep their names."""
        if isinstance(index, slice):
            return Sequential({name: getattr(self, name) for name in self._names[index]})
        return getattr(self, self._names[index])

    def __setitem__(self, index: int, layer: Any) -> None:
        """Replace one layer, by number."""
        setattr(self, self._names[index], layer)


# -- linear maps ----------------------------------------------------------------------------------


class Linear(Module):
    """x (..., in_features) -> (..., out_features): x @ weight.T + bias.

    rng draws the initial weight (out_features, in_features): He's uniform distribution, gain 1.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, rng: Any = None):
        _check_counts("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(kaiming_uniform((out_features, in_features), rng, gain=1.0))
        self.bias = _parameter(0, out_features, bias)

    def forward(self, x) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class _Spatial(Module):
    """A layer over `ndim` axes that calls the `function` of `functional` for that many axes."""

    ndim: int
    function: Callable[..., Tensor]


class _Convolution(_Spatial):
    """What convolutions and transposed convolutions share."""

    def _set(self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups):
        name = type(self).__name__
        _check_counts(name, in_channels=in_channels, out_channels=out_channels)
        if not _is_count(groups) or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups must divide both channels, got groups {groups}, "
                f"in_channels {in_channels}, out_channels {out_channels}"
            )
        windows = window(name, self.ndim, kernel_size, stride, padding, dilation)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = windows.size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        return windows


class _Conv(_Convolution):
    """weight (out_channels, in_channels/groups, *kernel_size), bias (out_channels,)."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, dilation=1,
        groups: int = 1, bias: bool = True, rng=None,
    ):  # fmt: skip
        """kernel_size, stride, padding, dilation: an int, or one for each axis.

        padding: also "same" (stride 1 only), "valid" or pairs ((before, after), ...)
        groups: the number of groups of channels, each of which is convolved on its own
        bias: whether to add a learned number to each output channel
        rng: for the initial weights, He's normal distribution for ReLU
        Differs from PyTorch: no padding_mode; pad with functional.pad first.
        """
        self._set(in_channels, out_channels, kernel_size, stride, padding, dilation, groups)
        shape = out_channels, in_channels // groups, *self.kernel_size
        self.weight = Parameter(kaiming_normal(shape, rng))
        self.bias = _parameter(0, out_channels, bias)

    def forward(self, x) -> Tensor:
        settings = self.stride, self.padding, self.dilation, self.groups
        return self.function(x, self.weight, self.bias, *settings)


class Conv1d(_Conv):
    """x (N, in_channels, L) -> (N, out_channels, L'); see functional.conv1d."""

    ndim, function = 1, staticmethod(F.conv1d)


class Conv2d(_Conv):
    """x (N, in_channels, H, W) -> (N, out_channels, H', W'); see functional.conv2d."""

    ndim, function = 2, staticmethod(F.conv2d)


class Conv3d(_Conv):
    """x (N, in_channels, D, H, W) -> (N, out_channels, D', H', W'); see functional.conv3d."""

    ndim, function = 3, staticmethod(F.conv3d)


class _ConvTranspose(_Convolution):
    """weight (in_channels, out_channels/groups, *kernel_size), bias (out_channels,)."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0,
        output_padding=0, groups: int = 1, bias: bool = True, dilation=1, rng=None,
    ):  # fmt: skip
        """kernel_size, stride, padding, dilation: those of the convolution it is the adjoint of.

        output_padding: added to the size of the output, smaller than stride or dilation
        groups: the number of groups of channels, each of which is convolved on its own
        bias: whether to add a learned number to each output channel
        rng: for the initial weights, He's normal distribution with gain 1
        Differs from PyTorch: no padding_mode.
        """
        windows = self._set(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups
        )
        name = type(self).__name__
        extra = as_tuple(name, "output_padding", output_padding, self.ndim)
        limits = map(max, windows.stride, windows.dilation)
        if any(size >= limit for size, limit in zip(extra, limits, strict=True)):
            raise ValueError(
                f"{name}: output_padding must be smaller than the stride or the dilation, got "
                f"{extra}, {windows.stride} and {windows.dilation}"
            )
        self.output_padding = output_padding
        shape = in_channels, out_channels // groups, *self.kernel_size
        self.weight = Parameter(kaiming_normal(shape, rng, gain=1.0))
        self.bias = _parameter(0, out_channels, bias)

    def forward(self, x) -> Tensor:
        settings = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return self.function(x, self.weight, self.bias, *settings)


class ConvTranspose1d(_ConvTranspose):
    """x (N, in_channels, L) -> (N, out_channels, L'); see functional.conv_transpose1d."""

    ndim, function = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """x (N, in_channels, H, W) -> (N, out_channels, H', W'); see functional.conv_transpose2d."""

    ndim, function = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """x (N, in_channels, D, H, W) -> (N, out_channels, D', H', W').

    See functional.conv_transpose3d.
    """

    ndim, function = 3, staticmethod(F.conv_transpose3d)


def _is_count(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and value >= 1


def _check_counts(caller: str, **counts: Any) -> None:
    for name, value in counts.items():
        if not _is_count(value):
            raise ValueError(f"{caller}: expected {name} as an int of at least 1, got {value!r}")


def _check_number(caller: str, name: str, value: Any, least: float = -math.inf) -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < least:
        limit = "" if least == -math.inf else f" of at least {least:g}"
        raise ValueError(f"{caller}: expected {name} as a finite number{limit}, got {value!r}")


def _check_axis(caller: str, axis: Any) -> None:
    if not hasattr(axis, "__index__"):
        raise TypeError(f"{caller}: expected axis as an int, got {axis!r}")


def _parameter(value: float, shape: int | tuple[int, ...], wanted: bool = True) -> Parameter | None:
    """A Parameter full of `value`, or None if the layer is made without it."""
    return Parameter(np.full(shape, value, np.float32)) if wanted else None


# -- pooling --------------------------------------------------------------------------------------


class _Pool(_Spatial):
    """What maximum and average pooling share."""

    def _set(self, kernel_size, stride, padding, dilation=1) -> None:
        stride = kernel_size if stride is None else stride
        window(type(self).__name__, self.ndim, kernel_size, stride, padding, dilation)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding


class _MaxPool(_Pool):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        """kernel_size, stride (None: kernel_size), padding, dilation: an int, or one for each axis.

        ceil_mode: whether a last window may begin inside the input and end beyond it
        Differs from PyTorch: no return_indices; ceil_mode stands in its place.
        """
        self._set(kernel_size, stride, padding, dilation)
        self.dilation, self.ceil_mode = dilation, ceil_mode

    def forward(self, x) -> Tensor:
        settings = self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        return self.function(x, *settings)


class MaxPool1d(_MaxPool):
    """The maximum over windows: x (N, C, L) -> (N, C, L'); see functional.max_pool1d."""

    ndim, function = 1, staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The maximum over windows: x (N, C, H, W) -> (N, C, H', W'); see functional.max_pool2d."""

    ndim, function = 2, staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The maximum over windows: x (N, C, D, H, W) -> (N, C, D', H', W')."""

    ndim, function = 3, staticmethod(F.max_pool3d)


class _AvgPool(_Pool):
    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True
    ):
        """kernel_size, stride (None: kernel_size), padding: an int, or one for each axis.

        ceil_mode: whether a last window may begin inside the input and end beyond it
        count_include_pad: whether padding counts in the mean
        Differs from PyTorch: no divisor_override.
        """
        self._set(kernel_size, stride, padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, x) -> Tensor:
        options = self.ceil_mode, self.count_include_pad
        return self.function(x, self.kernel_size, self.stride, self.padding, *options)


class AvgPool1d(_AvgPool):
    """The mean over windows: x (N, C, L) -> (N, C, L'); see functional.avg_pool1d."""

    ndim, function = 1, staticmethod(F.avg_pool1d)


class AvgPool2d(_AvgPool):
    """The mean over windows: x (N, C, H, W) -> (N, C, H', W'); see functional.avg_pool2d."""

    ndim, function = 2, staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean over windows: x (N, C, D, H, W) -> (N, C, D', H', W')."""

    ndim, function = 3, staticmethod(F.avg_pool3d)


class _AdaptiveAvgPool(_Spatial):
    def __init__(self, output_size):
        """output_size: an int, or one for each axis; 1 is the mean over all positions."""
        as_tuple(type(self).__name__, "output_size", output_size, self.ndim, least=1)
        self.output_size = output_size

    def forward(self, x) -> Tensor:
        return self.function(x, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The mean over near-equal windows: x (N, C, L) -> (N, C, output_size)."""

    ndim, function = 1, staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The mean over near-equal windows: x (N, C, H, W) -> (N, C, *output_size)."""

    ndim, function = 2, staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The mean over near-equal windows: x (N, C, D, H, W) -> (N, C, *output_size)."""

    ndim, function = 3, staticmethod(F.adaptive_avg_pool3d)


# -- normalisation --------------------------------------------------------------------------------


class _ChannelNorm(Module):
    """What batch and instance norm share: num_features channels, scale and shift (C,) if affine."""

    ranks: tuple[int, ...]

    def __init__(self, num_features: int, eps: float, affine: bool):
        _check_counts(type(self).__name__, num_features=num_features)
        _check_number(type(self).__name__, "eps", eps, least=0)
        self.num_features, self.eps = num_features, eps
        self.weight = _parameter(1, num_features, affine)
        self.bias = _parameter(0, num_features, affine)

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self.ranks or x.shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: expected x of rank {self.ranks} with {self.num_features} "
                f"channels on axis 1, got shape {x.shape}"
            )


class _BatchNorm(_ChannelNorm):
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps=1e-5, momentum=0.1, affine=True):
        """num_features: the number of channels; eps: added to the variance

        momentum: the share of each training batch in the running mean and variance
        affine: whether to learn a scale and a shift for each channel
        Differs from PyTorch: no track_running_stats, and momentum is a number.
        """
        super().__init__(num_features, eps, affine)
        _check_number(type(self).__name__, "momentum", momentum, least=0)
        self.momentum = momentum
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)))
        self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)))

    def forward(self, x: Tensor) -> Tensor:
        self._check(x)
        if self.training and x.size == self.num_features:
            raise ValueError(
                f"{type(self).__name__}: expected more than one value per channel in training, "
                f"got x {x.shape}; use larger batches, leave out a single item at the end with "
                "fit(..., drop_last=True), or call eval()"
            )
        tensors = self.running_mean, self.running_var, self.weight, self.bias
        return F.batch_norm(x, *tensors, self.training, self.momentum, self.eps)


class BatchNorm1d(_BatchNorm):
    """Each channel of x (N, C) or (N, C, L) to mean 0 and variance 1; see functional.batch_norm."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel of x (N, C, H, W) to mean 0 and variance 1; see functional.batch_norm."""

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Each channel of x (N, C, D, H, W) to mean 0 and variance 1; see functional.batch_norm."""

    ranks = (5,)


class InstanceNorm2d(_ChannelNorm):
    """x (N, C, H, W): each channel of each image to mean 0 and variance 1.

    Differs from PyTorch: no running statistics, and so no momentum before affine.
    """

    ranks = (4,)

    def __init__(self, num_features: int, eps=1e-5, *, affine=False):
        super().__init__(num_features, eps, affine)

    def forward(self, x: Tensor) -> Tensor:
        self._check(x)
        return F.instance_norm(x, self.weight, self.bias, self.eps)


class LayerNorm(Module):
    """x (..., *normalized_shape): the last axes to mean 0 and variance 1, then scaled and shifted.

    normalized_shape: an int is one axis; elementwise_affine: whether to learn scale and shift
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        several = isinstance(normalized_shape, (tuple, list))
        shape = tuple(normalized_shape) if several else (normalized_shape,)
        self.normalized_shape = as_tuple(
            "LayerNorm", "normalized_shape", shape, len(shape), least=1
        )
        _check_number("LayerNorm", "eps", eps, least=0)
        self.eps = eps
        self.weight = _parameter(1, self.normalized_shape, elementwise_affine)
        self.bias = _parameter(0, self.normalized_shape, elementwise_affine and bias)

    def forward(self, x) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


# -- functions as layers --------------------------------------------------------------------------


class Identity(Module):
    """x, as it is: to take the place of a layer."""

    def forward(self, x: Any) -> Any:
        return x


class Flatten(Module):
    """x (N, *rest) -> (N, product of rest).

    Differs from PyTorch: no start_dim and end_dim; for other axes, use Tensor.reshape.
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), math.prod(x.shape[1:]))


class Dropout(Module):
    """While training, each element to 0 with probability p and the others times 1/(1 − p).

    rng: a numpy.random.Generator, or a seed for one.
    """

    def __init__(self, p: float = 0.5, rng: Any = None):
        if not isinstance(p, (int, float, np.number)) or not 0 <= p <= 1:
            raise ValueError(f"Dropout: expected a probability p in [0, 1], got {p!r}")
        self.p, self.rng = p, np.random.default_rng(rng)

    def forward(self, x) -> Tensor:
        return F.dropout(x, self.p, self.training, self.rng)


class ReLU(Module):
    """max(x, 0). inplace changes nothing, as the numbers are the same."""

    def __init__(self, inplace: bool = False):
        pass

    def forward(self, x) -> Tensor:
        return F.relu(x)


class LeakyReLU(Module):
    """x where it is positive, negative_slope · x elsewhere. inplace changes nothing."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        _check_number("LeakyReLU", "negative_slope", negative_slope)
        self.negative_slope = negative_slope

    def forward(self, x) -> Tensor:
        return F.leaky_relu(x, self.negative_slope)


class Sigmoid(Module):
    """1 / (1 + exp(−x))."""

    def forward(self, x) -> Tensor:
        return F.sigmoid(x)


class Tanh(Module):
    """tanh(x)."""

    def forward(self, x) -> Tensor:
        return F.tanh(x)


class Softmax(Module):
    """exp(x) / Σ exp(x) along `axis`. Differs from PyTorch: the argument is axis, not dim."""

    def __init__(self, axis: Any = None, dim: Any = None):
        if dim is not None:
            raise TypeError(f"Softmax: the argument is called axis here; write Softmax(axis={dim})")
        _check_axis("Softmax", axis)
        self.axis = axis

    def forward(self, x) -> Tensor:
        return F.softmax(x, self.axis)


class L2Normalize(Module):
    """Each vector along `axis` scaled to length 1."""

    def __init__(self, axis: int = 1, eps: float = 1e-12):
        _check_axis("L2Normalize", axis)
        _check_number("L2Normalize", "eps", eps, least=0)
        self.axis, self.eps = axis, eps

    def forward(self, x) -> Tensor:
        return F.normalize(x, 2.0, self.axis, self.eps)
