"""The linear layer and normalisation, as compositions of Tensor operations.

Stands on `operations` and `tensor`, and for batch norm, which many networks have in every block, on
`kernels`.
"""

from nnscratch import kernels
from nnscratch.backend import Array
from nnscratch.operations import maximum, sqrt
from nnscratch.tensor import Tensor, as_tensor


def linear(x, weight, bias=None) -> Tensor:
    """x (..., in), weight (out, in), bias (out,) -> (..., out)."""
    x, weight = as_tensor(x), as_tensor(weight)
    if weight.ndim != 2:
        raise ValueError(f"linear: expected weight (out, in), got {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: expected bias of shape {weight.shape[:1]}, got {bias.shape}")
    if x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: the last axis of x must be {weight.shape[1]} long: x {x.shape}, "
            f"weight {weight.shape}; flatten images first"
        )
    y = x @ weight.T
    return y if bias is None else y + bias


def batch_norm(
    x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
) -> Tensor:
    """x (N, C, *size) with mean 0 and variance 1 in each channel, then times weight plus bias (C,).

    training: normalise by this batch and move the running statistics towards it by `momentum`
    (the variance without bias, as PyTorch does); otherwise normalise by the running statistics.
    Source: Ioffe and Szegedy 2015 (arXiv:1502.03167), algorithms 1 and 2.
    """
    x = as_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"batch_norm: expected x of rank 2 or more (N, C, ...), got {x.shape}")
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm: expected running statistics when not training, got None")
        mean, var = _per_channel(running_mean, x), _per_channel(running_var, x)
        return _scale_shift(_standardise(x, mean, var, eps), weight, bias)
    count = x.size // x.shape[1]
    if count < 2:
        raise ValueError(
            f"batch_norm: expected more than one value per channel in training, got {x.shape}"
        )
    data, batch_mean, batch_var = kernels.standardise(x.data, eps)
    inverse = (batch_var + eps) ** -0.5
    y = Tensor.from_op(
        "standardise", data, (x, lambda g, y: _standardise_grad(g, x, y, inverse, eps))
    )
    unbiased = batch_var * (count / (count - 1))
    for running, batch in ((running_mean, batch_mean), (running_var, unbiased)):
        if running is not None:
            moved = (1 - momentum) * running.data + momentum * batch
            running.data = moved.astype(running.dtype, copy=False)
    return _scale_shift(y, weight, bias)


def _standardise_grad(g: Tensor, x: Tensor, y: Tensor, inverse: Array, eps: float) -> Tensor:
    """The gradient of x: (g − mean g − y · mean(g · y)) · inverse, means over each channel.

    As a function of g it is its own adjoint. Its gradient in x follows from that of y, which is
    this function again, and that of the inverse deviation s, −s² · y / count.
    """
    axes = (0, *range(2, x.ndim))

    def mean(a: Tensor) -> Tensor:
        return a.mean(axes, keepdims=True)

    def grad_g(h: Tensor) -> Tensor:
        return _standardise_grad(h, x, y, inverse, eps)

    def grad_x(h: Tensor) -> Tensor:
        s = (x.var(axes, keepdims=True) + eps) ** -0.5
        mean_gy, mean_hy = mean(g * y), mean(h * y)
        through_s = mean(h * g) - mean(h) * mean(g) - mean_hy * mean_gy
        through_y = _standardise_grad(h * mean_gy + g * mean_hy, x, y, inverse, eps)
        return -s * (s * y * through_s + through_y)

    data = kernels.standardise_grad(g.data, y.data, inverse)
    return Tensor.from_op("standardise_grad", data, (g, grad_g), (x, grad_x))


def instance_norm(x, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """x (N, C, *size) with mean 0 and variance 1 in each channel of each item.

    Source: Ulyanov et al. 2016 (arXiv:1607.08022). Differs from PyTorch: no running statistics.
    """
    x = as_tensor(x)
    if x.ndim < 3:
        raise ValueError(f"instance_norm: expected x of rank 3 or more (N, C, ...), got {x.shape}")
    axes = tuple(range(2, x.ndim))
    y = _standardise(x, x.mean(axes, keepdims=True), x.var(axes, keepdims=True), eps)
    return _scale_shift(y, weight, bias)


def layer_norm(x, normalized_shape, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """x with mean 0 and variance 1 over its last axes, which must be `normalized_shape`.

    Source: Ba et al. 2016 (arXiv:1607.06450).
    """
    x = as_tensor(x)
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not wanted or x.shape[-len(wanted) :] != wanted:
        raise ValueError(f"layer_norm: expected x to end in {wanted}, got {x.shape}")
    axes = tuple(range(x.ndim - len(wanted), x.ndim))
    y = _standardise(x, x.mean(axes, keepdims=True), x.var(axes, keepdims=True), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _standardise(x: Tensor, mean: Tensor, var: Tensor, eps: float) -> Tensor:
    return (x - mean) / sqrt(var + eps)


def _per_channel(values: Tensor, x: Tensor) -> Tensor:
    """(C,) -> (1, C, 1, ...) beside x."""
    return values.reshape(1, -1, *(1,) * (x.ndim - 2))


def _scale_shift(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    y = y if weight is None else y * _per_channel(weight, y)
    return y if bias is None else y + _per_channel(bias, y)


def normalize(x, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Tensor:
    """x divided by max(its p-norm along `axis`, eps); the gradient at 0 is finite."""
    x = as_tensor(x)
    if p == 2:
        return x / sqrt(maximum((x * x).sum(axis, keepdims=True), eps * eps))
    total = (x.abs() ** p).sum(axis, keepdims=True)
    zero = total.data == 0  # where the root has no slope
    return x / maximum((total + zero) ** (1 / p) * ~zero, eps)
