"""Normalisation, as compositions of Tensor operations.

Stands on `operations` and `tensor`, and for standardisation, which many networks have in every
block, on `kernels`.
"""

from nnscratch import kernels
from nnscratch.backend import Array
from nnscratch.functional.activation import as_float, wide_float
from nnscratch.functional.distance import p_norm
from nnscratch.operations import maximum, sqrt
from nnscratch.protocols import with_axis
from nnscratch.tensor import Tensor, as_tensor


def batch_norm(
    x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
) -> Tensor:
    """x (N, C, *size) with mean 0 and variance 1 in each channel, then times weight plus bias (C,).

    training: normalise by this batch and move the running statistics towards it by `momentum`
    (the variance without bias, as PyTorch does); otherwise normalise by the running statistics.
    Source: Ioffe and Szegedy 2015 (arXiv:1502.03167), algorithms 1 and 2.
    """
    x = as_float(x)
    if x.ndim < 2:
        raise ValueError(f"batch_norm: expected x of rank 2 or more (N, C, ...), got {x.shape}")
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm: expected running statistics when not training, got None")
        mean, var = _per_channel(running_mean, x), _per_channel(running_var, x)
        return _scale_shift((x - mean) / sqrt(var + eps), weight, bias)
    count = x.size // x.shape[1]
    if count < 2:
        raise ValueError(
            f"batch_norm: expected more than one value per channel in training, got {x.shape}; "
            "use larger batches, or eval()"
        )
    y, batch_mean, batch_var = _standardise(x, (0, *range(2, x.ndim)), eps)
    unbiased = batch_var * (count / (count - 1))
    for running, batch in ((running_mean, batch_mean), (running_var, unbiased)):
        if running is not None:
            moved = (1 - momentum) * running.data + momentum * batch.reshape(-1)
            running.data = moved.astype(running.dtype, copy=False)
    return _scale_shift(y, weight, bias)


def _standardise(x: Tensor, axes: tuple[int, ...], eps: float) -> tuple[Tensor, Array, Array]:
    """x with mean 0 and variance 1 over `axes`; its mean and variance, with 1 for each axis."""
    data, mean, variance = kernels.standardise(x.data, axes, eps)
    inverse = (variance + eps) ** -0.5

    def grad_x(g: Tensor, y: Tensor) -> Tensor:
        return _standardise_grad(g, x, y, inverse, axes, eps)

    return Tensor.from_op("standardise", data, (x, grad_x)), mean, variance


def _standardise_grad(
    g: Tensor, x: Tensor, y: Tensor, inverse: Array, axes: tuple[int, ...], eps: float
) -> Tensor:
    """The gradient of x: (g − mean g − y · mean(g · y)) · inverse, means over `axes`.

    As a function of g it is its own adjoint. Its gradient in x follows from that of y, which is
    this function again, and that of the inverse deviation s, −s² · y / count.
    """

    def mean(a: Tensor) -> Tensor:
        return a.mean(axes, keepdims=True)

    def grad_g(h: Tensor) -> Tensor:
        return _standardise_grad(h, x, y, inverse, axes, eps)

    def grad_x(h: Tensor) -> Tensor:
        s = (x.var(axes, keepdims=True) + eps) ** -0.5
        mean_gy, mean_hy = mean(g * y), mean(h * y)
        through_s = mean(h * g) - mean(h) * mean(g) - mean_hy * mean_gy
        through_y = _standardise_grad(h * mean_gy + g * mean_hy, x, y, inverse, axes, eps)
        return -s * (s * y * through_s + through_y)

    data = kernels.standardise_grad(g.data, y.data, inverse, axes)
    return Tensor.from_op("standardise_grad", data, (g, grad_g), (x, grad_x))


def instance_norm(x, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """x (N, C, *size) with mean 0 and variance 1 in each channel of each item.

    Source: Ulyanov et al. 2016 (arXiv:1607.08022). Differs from PyTorch: no running statistics.
    """
    x = as_float(x)
    if x.ndim < 3:
        raise ValueError(f"instance_norm: expected x of rank 3 or more (N, C, ...), got {x.shape}")
    return _scale_shift(_standardise(x, tuple(range(2, x.ndim)), eps)[0], weight, bias)


def layer_norm(x, normalized_shape, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """x with mean 0 and variance 1 over its last axes, which must be `normalized_shape`.

    Source: Ba et al. 2016 (arXiv:1607.06450).
    """
    x = as_float(x)
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not wanted or x.shape[-len(wanted) :] != wanted:
        raise ValueError(f"layer_norm: expected x to end in {wanted}, got {x.shape}")
    y, _, _ = _standardise(x, tuple(range(x.ndim - len(wanted), x.ndim)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _per_channel(values: Tensor, x: Tensor) -> Tensor:
    """(C,) -> (1, C, 1, ...) beside x."""
    return as_tensor(values).reshape(1, -1, *(1,) * (x.ndim - 2))


def _scale_shift(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    y = y if weight is None else y * _per_channel(weight, y)
    return y if bias is None else y + _per_channel(bias, y)


@with_axis
def normalize(x, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Tensor:
    """x divided by max(its p-norm along `axis`, eps); the gradient at 0 is finite.

    p: at least 1, or inf for the largest absolute value
    """
    x = as_float(x)
    dtype, x = x.dtype, wide_float(x)
    if p == 2:
        norm = sqrt(maximum((x * x).sum(axis, keepdims=True), eps * eps))
    else:
        norm = maximum(p_norm("normalize", x, p, axis, keepdims=True), eps)
    return (x / norm).astype(dtype)
