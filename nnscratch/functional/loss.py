"""Losses, as compositions of Tensor operations.

Stands on `activation`, `distance` and `tensor`.
"""

import math

from nnscratch.backend import array_module, asarray
from nnscratch.functional.activation import as_float, log_softmax, relu, softplus, wide_float
from nnscratch.functional.distance import p_norm, safe_root
from nnscratch.operations import maximum
from nnscratch.tensor import Tensor, as_tensor

REDUCTIONS = ("mean", "sum", "none")


def mse_loss(x, target, reduction: str = "mean") -> Tensor:
    """(x − target)², averaged; x and target of one shape."""
    x, target = as_float(x), as_tensor(target)
    _check_same_shape("mse_loss", x, target)
    return _reduce("mse_loss", (x - target) ** 2, reduction)


def cross_entropy(x, target, reduction: str = "mean", label_smoothing: float = 0.0) -> Tensor:
    """−log softmax(x)[target]: logits x (N, C, *size), target (N, *size) class numbers.

    target may also be probabilities of x's shape. label_smoothing mixes in that share of the
    uniform distribution (Szegedy et al. 2016).
    """
    x, target = as_float(x), _as_target(target)
    if x.ndim < 2:
        raise ValueError(f"cross_entropy: expected logits of shape (N, C, ...), got {x.shape}")
    logs = log_softmax(x, axis=1)
    if target.shape == x.shape and target.dtype.kind == "f":
        losses = -(target * logs).sum(1)
    else:
        losses = _pick_class("cross_entropy", logs, target)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing {label_smoothing} is not in [0, 1]")
    if label_smoothing:  # 0 times a logit of −inf would be NaN
        losses = losses * (1 - label_smoothing) - logs.mean(1) * label_smoothing
    return _reduce("cross_entropy", losses, reduction)


def nll_loss(x, target, reduction: str = "mean") -> Tensor:
    """−x[target]: log-probabilities x (N, C, *size), target (N, *size) class numbers."""
    return _reduce("nll_loss", _pick_class("nll_loss", as_float(x), _as_target(target)), reduction)


def _as_target(target) -> Tensor:
    """Class numbers or probabilities; a list of whole numbers stays whole."""
    return as_tensor(target if isinstance(target, Tensor) else asarray(target))


def _pick_class(caller: str, logs: Tensor, target: Tensor) -> Tensor:
    """(N, C, *size), (N, *size) -> −logs at the target, (N, *size)."""
    if logs.ndim < 2 or target.shape != logs.shape[:1] + logs.shape[2:]:
        raise ValueError(
            f"{caller}: expected scores (N, C, ...) and class numbers (N, ...), "
            f"got {logs.shape} and {target.shape}"
        )
    if target.dtype.kind not in "iu":
        raise TypeError(
            f"{caller}: expected class numbers as integers, got {target.dtype}; "
            "convert with .astype(np.int64)"
        )
    classes = logs.shape[1]
    if target.size and not 0 <= int(target.data.min()) <= int(target.data.max()) < classes:
        raise ValueError(
            f"{caller}: expected class numbers from 0 to {classes - 1}, "
            f"got {int(target.data.min())} to {int(target.data.max())}"
        )
    xp = array_module(logs.data)
    item, *positions = (
        xp.arange(n).reshape(-1, *(1,) * (target.ndim - 1 - axis))  # counts along one axis
        for axis, n in enumerate(target.shape)
    )
    return -_pick(logs, (item, target.data, *positions))


def _pick(x: Tensor, index: tuple) -> Tensor:
    """x[index], which takes no element twice; so the gradient is written, not added."""
    return Tensor.from_op("pick", x.data[index], (x, lambda g: _place(g, index, x.shape)))


def _place(g: Tensor, index: tuple, shape: tuple[int, ...]) -> Tensor:
    """Zeros of `shape` with g at `index`: the adjoint of `_pick`."""
    data = array_module(g.data).zeros(shape, g.dtype)
    data[index] = g.data
    return Tensor.from_op("place", data, (g, lambda h: _pick(h, index)))


def binary_cross_entropy_with_logits(x, target, reduction: str = "mean") -> Tensor:
    """−target·log σ(x) − (1 − target)·log(1 − σ(x)), target in [0, 1]; −log σ(x) = softplus(−x)."""
    x, target = as_float(x), as_tensor(target)
    caller = "binary_cross_entropy_with_logits"
    _check_same_shape(caller, x, target)
    target = target.astype(x.dtype)
    return _reduce(caller, target * softplus(-x) + (1.0 - target) * softplus(x), reduction)


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"
) -> Tensor:
    """max(0, d(a, p) − d(a, n) + margin) for rows (N, D); d is the p-norm, not squared.

    eps is added to the difference, as in PyTorch: the gradient stays finite at distance 0.
    swap: take the smaller of d(a, n) and d(p, n) (Balntas et al. 2016).
    Source: Schroff et al. 2015 (arXiv:1503.03832), equation 3. Differs from the paper: distances
    are not squared.
    """
    anchor, positive, negative = as_float(anchor), as_float(positive), as_float(negative)
    _check_same_shape("triplet_margin_loss", anchor, positive)
    _check_same_shape("triplet_margin_loss", anchor, negative)
    _check_margin("triplet_margin_loss", margin)

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return p_norm("triplet_margin_loss", wide_float(a - b) + eps, p, -1).astype(a.dtype)

    far = distance(anchor, negative)
    if swap:
        far = -maximum(-far, -distance(positive, negative))
    return _reduce(
        "triplet_margin_loss", relu(distance(anchor, positive) - far + margin), reduction
    )


def contrastive_loss(a, b, same, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """½·d² where same is 1, ½·max(0, margin − d)² where it is 0; rows a, b (N, D), d Euclidean.

    The gradient at distance 0 is 0. Source: Hadsell et al. 2006, equation 4.
    """
    a, b = as_float(a), as_float(b)
    _check_same_shape("contrastive_loss", a, b)
    _check_margin("contrastive_loss", margin)
    same = as_tensor(same).astype(a.dtype)
    if same.shape != a.shape[:1]:
        raise ValueError(
            f"contrastive_loss: expected same of shape {a.shape[:1]}, got {same.shape}"
        )
    squared = (wide_float(a - b) ** 2).sum(-1)
    apart = relu(margin - safe_root(squared)) ** 2
    losses = 0.5 * (same * squared + (1.0 - same) * apart)
    return _reduce("contrastive_loss", losses, reduction).astype(a.dtype)


def _check_same_shape(caller: str, x: Tensor, target: Tensor) -> None:
    if x.shape != target.shape:
        raise ValueError(f"{caller}: expected two of one shape, got {x.shape} and {target.shape}")


def _check_margin(caller: str, margin: float) -> None:
    if not 0 <= margin < math.inf:
        raise ValueError(f"{caller}: expected a finite margin of at least 0, got {margin}")


def _reduce(caller: str, losses: Tensor, reduction: str) -> Tensor:
    if reduction not in REDUCTIONS:
        raise ValueError(f"{caller}: expected reduction in {REDUCTIONS}, got {reduction!r}")
    return losses if reduction == "none" else getattr(losses, reduction)()
