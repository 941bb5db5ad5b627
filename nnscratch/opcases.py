"""The table of operations: for each public one, inputs at which its derivatives can be judged.

Stands on `gradcheck`, `functional` and `tensor`. `nnscratch gradcheck` prints what `run` finds, row
by row; the tests hold values, dtypes and devices against the same rows.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnscratch import functional as F
from nnscratch import operations as T
from nnscratch.gradcheck import Report, check, check_second, gradient_of
from nnscratch.tensor import Tensor

Inputs = Callable[[np.random.Generator], list[np.ndarray]]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """One row: `fn(*inputs, **settings)`, a function of float64 arrays (integers are constants).

    note: what this row adds where settings do not say it; linear: whether fn is, in each argument
    """

    name: str
    fn: Callable[..., Any]
    inputs: Inputs
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    linear: bool = False

    def __call__(self, *arguments: Any) -> Any:
        return self.fn(*arguments, **self.settings)

    @property
    def __name__(self) -> str:
        said = [self.note] if self.note else []
        return f"{self.name}({', '.join(said + [f'{k}={v}' for k, v in self.settings.items()])})"


def run(case: Case, order: int = 1, seed: int = 0) -> Report:
    """Check the derivative of that order: the gradient, the gradient of the gradient, ..."""
    if order not in (1, 2, 3):
        raise ValueError(f"run: expected order 1, 2 or 3, got {order!r}")
    inputs = case.inputs(np.random.default_rng(seed))
    if order == 1:
        return check(case, inputs, seed=seed, linear=case.linear)
    if order == 2:
        return check_second(case, inputs, seed=seed)
    return check_second(*gradient_of(case, inputs, seed), seed=seed + 1)


# -- inputs ---------------------------------------------------------------------------------------


def normal(*shapes: Shape) -> Inputs:
    """Normal numbers."""
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes: Shape) -> Inputs:
    """Uniform numbers from 0.5 to 2."""
    return lambda rng: [rng.uniform(0.5, 2, shape) for shape in shapes]


def spaced(*shapes: Shape) -> Inputs:
    """Shuffled values ..., −0.15, −0.05, 0.05, 0.15, ...: no two equal, none near 0."""

    def draw(rng: np.random.Generator) -> list[np.ndarray]:
        sizes = [int(np.prod(shape)) for shape in shapes]
        values = 0.1 * (rng.permutation(sum(sizes)) - sum(sizes) // 2 + 0.5)
        parts = np.split(values, np.cumsum(sizes)[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    return draw


def whole(shape: Shape, low: int, high: int, dtype: Any = np.int64) -> Inputs:
    """Integers from low to high − 1, as constants of the function."""
    return lambda rng: [rng.integers(low, high, shape).astype(dtype)]


def both(*parts: Inputs) -> Inputs:
    """The arrays of each of `parts`, one after the other."""
    return lambda rng: [array for part in parts for array in part(rng)]


# -- rows -----------------------------------------------------------------------------------------


def row(name: str, inputs: Inputs, fn=None, note="", linear=False, **settings: Any) -> Case:
    """A row whose function, where it is not given, is found by its name."""
    if fn is None and name.startswith("Tensor."):
        fn = _method(name.removeprefix("Tensor."))
    fn = fn or getattr(F, name, None) or getattr(T, name)
    return Case(name, fn, inputs, settings, note, linear)


def _method(name: str) -> Callable[..., Any]:
    """The method of that name of whatever it is given: a NumPy array has it too."""

    def call(x: Any, **settings: Any) -> Any:
        return getattr(x, name)(**settings)

    return call


def _raw(x: Any) -> Any:
    """The array in a Tensor: operators must take that too, on either side."""
    return x.data if isinstance(x, Tensor) else x


def _arithmetic(name: str) -> list[Case]:
    op, left, right = getattr(operator, name), f"Tensor.__{name}__", f"Tensor.__r{name}__"
    pair = positive((2, 3), (2, 3))
    array = both(positive((4, 1, 3)), whole((2, 3), 1, 4, np.int8))  # int8: float32 stays float32
    return [
        row(left, pair, op, linear=name == "mul"),
        row(left, positive((2, 1, 3), (4, 1)), op, "broadcast"),
        row(left, positive((2, 3), ()), op, "0-d"),
        row(left, positive((2, 3)), lambda x: op(x, x), "x, x"),
        row(left, positive((2, 3)), lambda x: op(x, 1.5), "x, 1.5"),
        row(right, positive((2, 3)), lambda x: op(1.5, x), "1.5, x"),
        row(left, array, lambda x, n: op(x, _raw(n)), "x, array"),
        row(right, array, lambda x, n: op(_raw(n), x), "array, x"),
    ]


def _power(exponent: float) -> Case:
    return row("Tensor.__pow__", spaced((2, 3)), lambda x: x**exponent, f"x, {exponent}")


def _matmul(a: Shape, b: Shape) -> Case:
    return row("Tensor.__matmul__", normal(a, b), operator.matmul, f"{a}, {b}", linear=True)


def _extremes(name: str) -> list[Case]:
    fn = getattr(T, name)
    return [
        row(name, spaced((2, 3), (2, 3))),
        row(name, spaced((2, 1, 3), (4, 1)), note="broadcast"),
        row(name, spaced((2, 3)), lambda x: fn(x, 0.1), "x, 0.1"),
        row(name, spaced((2, 3)), lambda x: fn(-0.1, x), "-0.1, x"),
    ]


def _reductions(name: str) -> list[Case]:
    x = spaced((2, 3, 4))
    over: list[dict[str, Any]] = [{}, {"axis": 1}, {"axis": (0, -1)}]
    over += [{"axis": -1, "keepdims": True}, {"axis": (0, 2), "keepdims": True}]
    linear = name in ("sum", "mean")
    return [row(f"Tensor.{name}", x, linear=linear, **settings) for settings in over]


def _item(note: str, index: Inputs, fn: Callable[..., Any]) -> Case:
    return row("Tensor.__getitem__", both(normal((4, 3, 5)), index), fn, note, linear=True)


def _of(*indices: Any) -> Inputs:
    return lambda rng: [np.array(index) for index in indices]


def _conv(name: str, *shapes: Shape, **settings: Any) -> Case:
    return row(name, normal(*shapes), linear=len(shapes) == 2, **settings)  # 2: without bias


def _pool(name: str, shape: Shape, kernel_size: Any, **settings: Any) -> Case:
    linear = name.startswith("avg")
    draw = normal(shape) if linear else spaced(shape)
    return row(name, draw, linear=linear, kernel_size=kernel_size, **settings)


_X = normal((2, 3, 4))
_LINE = spaced((3, 4))
_MASK = whole((3, 1), 0, 2, bool)
_LABELS = both(normal((4, 3)), whole((4,), 0, 3))
_IMAGES = both(normal((2, 3, 2, 2)), whole((2, 2, 2), 0, 3))
_TRIPLE = normal((6, 4), (6, 4), (6, 4))
_FEATURES = normal((4, 3, 2, 2), (3,), (3,))  # x, weight, bias

TENSOR_CASES = (
    *(case for name in ("add", "sub", "mul", "truediv", "pow") for case in _arithmetic(name)),
    *(_power(exponent) for exponent in (-2, 0, 1, 2, 3)),
    row("Tensor.__pow__", positive((2, 3)), lambda x: x**0.5, "x, 0.5"),
    row("Tensor.__neg__", _X, operator.neg, linear=True),
    row("Tensor.__abs__", _LINE, operator.abs),
    *(_matmul((3,), b) for b in ((3,), (3, 2), (2, 3, 4))),
    *(_matmul(a, (3,)) for a in ((2, 3), (2, 4, 3))),
    _matmul((2, 3), (3, 4)),
    _matmul((2, 1, 2, 3), (4, 3, 2)),
    row("Tensor.__rmatmul__", both(normal((4, 3)), whole((2, 4), -3, 4, np.int8)),
        lambda x, n: _raw(n) @ x, "array, x", linear=True),
    row("matmul", normal((2, 3), (3, 4)), linear=True),
    *(row(f"Tensor.{name}", positive((2, 3))) for name in ("exp", "log", "log1p", "sqrt", "abs")),
    *(row(f"Tensor.{name}", positive((2, 3))) for name in ("sin", "cos", "tanh")),
    *(row(name, normal((2, 3))) for name in ("exp", "sin", "cos", "tanh")),
    *(row(name, positive((2, 3))) for name in ("log", "log1p", "sqrt")),
    row("abs", _LINE),
    row("clip", _LINE, low=-0.3, high=0.4),
    row("clip", _LINE, low=-0.1),
    row("Tensor.clip", _LINE, high=0.1),
    *_extremes("maximum"),
    *_extremes("minimum"),
    row("where", both(_MASK, normal((3, 4), (3, 4)))),
    row("where", both(_MASK, normal((4,), (2, 1, 1))), note="broadcast"),
    row("where", both(_MASK, _LINE), lambda mask, x: T.where(mask, 2.0, x), "mask, 2.0, x"),
    *(case for name in ("sum", "mean", "var", "max", "min") for case in _reductions(name)),
    row("Tensor.var", _X, axis=(0, 2), ddof=1),
    row("Tensor.reshape", _X, lambda x: x.reshape(4, -1), "4, -1", linear=True),
    row("Tensor.reshape", _X, lambda x: x.reshape((3, 8)), "(3, 8)", linear=True),
    row("Tensor.flatten", _X, linear=True),
    row("Tensor.T", _X, lambda x: x.T, linear=True),
    row("Tensor.transpose", _X, linear=True),
    row("Tensor.transpose", _X, lambda x: x.transpose(1, -1, 0), "1, -1, 0", linear=True),
    row("Tensor.transpose", _X, lambda x: x.transpose((2, 0, 1)), "(2, 0, 1)", linear=True),
    row("Tensor.swapaxes", _X, lambda x: x.swapaxes(0, -1), "0, -1", linear=True),
    row("Tensor.moveaxis", _X, linear=True, source=0, destination=-1),
    row("Tensor.moveaxis", _X, linear=True, source=-1, destination=0),
    row("Tensor.squeeze", normal((1, 3, 1)), linear=True),
    row("Tensor.squeeze", normal((1, 3, 1)), linear=True, axis=-1),
    row("Tensor.expand_dims", _X, linear=True, axis=-2),
    row("Tensor.broadcast_to", normal((3, 1)), linear=True, shape=(2, 3, 4)),
    row("Tensor.astype", _X, lambda x: x.astype(x.dtype), "its own", linear=True),
    row("Tensor.to", _X, linear=True, device="cpu"),
    row("concatenate", normal((2, 3), (1, 3)), lambda *xs: T.concatenate(xs)),
    row("einsum", normal((2, 3), (3, 4)), lambda a, b: T.einsum("ij,jk", a, b), "ij,jk"),
    row("einsum", normal((2, 3), (3,)), lambda a, b: T.einsum("bi,j->b", a, b), "bi,j->b"),
    row("concatenate", normal((2, 1, 2), (2, 3, 2)), lambda a, b: T.concatenate([a, b], -2), "-2"),
    row("stack", normal((2, 3), (2, 3)), lambda *xs: T.stack(xs)),
    row("stack", normal((2, 3), (2, 3)), lambda a, b: T.stack([a, b], -1), "-1"),
    _item("-1", _of(), lambda x: x[-1]),
    _item("2, 1, 0", _of(), lambda x: x[2, 1, 0]),
    _item("1:, ..., ::-2", _of(), lambda x: x[1:, ..., ::-2]),
    _item("None, :, 0, None", _of(), lambda x: x[None, :, 0, None]),
    _item("[0, 0, 2]", _of(), lambda x: x[[0, 0, 2]]),
    _item("i", _of([2, 0, 2, -1, 2]), lambda x, i: x[i]),
    _item(":, 1, i", _of([4, 4, 0]), lambda x, i: x[:, 1, i]),
    _item("i, :, j", _of([[0], [3], [0]], [1, 4, 1, 0]), lambda x, i, j: x[i, :, j]),
    _item("mask", whole((4, 3), 0, 2, bool), lambda x, mask: x[mask]),
)  # fmt: skip

FUNCTIONAL_CASES = (
    row("relu", _LINE),
    row("leaky_relu", _LINE, negative_slope=0.2),
    row("elu", _LINE, alpha=0.7),
    row("sigmoid", _LINE),
    row("softplus", _LINE),
    row("softplus", _LINE, beta=2.5),
    row("softmax", normal((3, 4)), axis=-1),
    row("softmax", normal((3, 4, 2)), axis=1),
    row("log_softmax", normal((3, 4, 2)), axis=1),
    row("dropout", _LINE, p=0.4, rng=3, linear=True),
    row("dropout", _LINE, p=0.4, training=False, linear=True),
    row("linear", normal((2, 3, 4), (5, 4), (5,))),
    row("linear", normal((4,), (5, 4)), note="1-D", linear=True),
    row("batch_norm", normal((5, 3)), lambda x: F.batch_norm(x, None, None, training=True),
        "train, plain"),
    row("batch_norm", _FEATURES, lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        "train"),
    row("batch_norm", both(positive((3,), (3,)), _FEATURES),
        lambda mean, var, x, w, b: F.batch_norm(x, mean, var, w, b), "eval"),
    row("instance_norm", normal((2, 3, 5))),
    row("instance_norm", _FEATURES, note="scaled"),
    row("layer_norm", _X, normalized_shape=4),
    row("layer_norm", normal((2, 3, 4), (3, 4), (3, 4)),
        lambda x, w, b: F.layer_norm(x, (3, 4), w, b), "(3, 4)"),
    row("normalize", normal((3, 4))),
    row("normalize", _LINE, p=1.0, axis=0),
    row("normalize", spaced((3, 2, 2)), p=3.0, axis=-1),
    *(row("mse_loss", normal((3, 4), (3, 4)), reduction=how) for how in ("mean", "sum", "none")),
    row("cross_entropy", _LABELS),
    row("cross_entropy", _IMAGES, reduction="none", label_smoothing=0.1),
    row("cross_entropy", positive((4, 3), (4, 3)), note="probabilities", reduction="sum"),
    row("nll_loss", _LABELS, linear=True),
    row("nll_loss", _IMAGES, reduction="none", linear=True),
    row("binary_cross_entropy_with_logits", spaced((3, 4), (3, 4)), reduction="none"),
    row("triplet_margin_loss", _TRIPLE, reduction="none"),
    row("triplet_margin_loss", _TRIPLE, margin=2.0, p=3.0, swap=True),
    row("contrastive_loss", both(normal((5, 3), (5, 3)), _of([1, 0, 0, 1, 0])), margin=3.0,
        reduction="none"),
    row("pairwise_distances", normal((3, 2), (4, 2))),
    row("pairwise_distances", normal((4, 3)), note="a alone"),
    row("pairwise_distances", normal((3, 2), (4, 2)), squared=True),
    _conv("conv1d", (2, 3, 6), (2, 3, 3), (2,)),
    _conv("conv1d", (2, 2, 11), (4, 1, 3), (4,), stride=3, padding=1, dilation=2, groups=2),
    _conv("conv1d", (1, 2, 6), (3, 2, 2), padding="same", dilation=3),
    _conv("conv1d", (1, 2, 6), (3, 2, 2), padding="valid", stride=2),
    _conv("conv2d", (1, 2, 5, 4), (3, 2, 3, 2), (3,), padding=(1, 0)),
    _conv("conv2d", (1, 4, 7, 6), (2, 2, 3, 2), stride=(3, 2), padding=(2, 1), groups=2),
    _conv("conv2d", (1, 2, 6, 5), (2, 2, 2, 3), padding=((2, 0), (1, 2)), dilation=(3, 2)),
    _conv("conv2d", (1, 3, 5, 4), (6, 1, 2, 2), (6,), padding="same", groups=3),
    _conv("conv2d", (1, 6, 4, 3), (6, 1, 2, 3), stride=2, padding=1, groups=6),
    _conv("conv3d", (1, 2, 3, 4, 3), (2, 2, 2, 2, 3), (2,), padding=(0, 1, 1)),
    _conv("conv3d", (1, 2, 3, 5, 4), (2, 1, 2, 3, 2), stride=(1, 3, 2), padding=1, dilation=2,
          groups=2),
    _conv("conv_transpose1d", (2, 3, 4), (3, 2, 3), (2,)),
    _conv("conv_transpose1d", (1, 4, 4), (4, 1, 3), stride=3, padding=2, output_padding=2,
          groups=2),
    _conv("conv_transpose1d", (1, 2, 4), (2, 2, 2), stride=2, dilation=3, output_padding=2),
    _conv("conv_transpose2d", (1, 2, 3, 2), (2, 3, 2, 3), (3,), stride=(2, 1), padding=1),
    _conv("conv_transpose2d", (1, 4, 2, 3), (4, 1, 3, 2), stride=(3, 2), dilation=(1, 2),
          groups=4, output_padding=(2, 1)),
    _conv("conv_transpose3d", (1, 2, 2, 3, 2), (2, 2, 2, 2, 1), (2,), stride=(2, 1, 3),
          padding=(1, 1, 0)),
    _conv("conv_transpose3d", (1, 2, 2, 2, 3), (2, 1, 3, 2, 2), stride=2, dilation=(1, 2, 1),
          groups=2, output_padding=1),
    _pool("max_pool1d", (2, 3, 7), 2),
    _pool("max_pool1d", (1, 2, 9), 3, stride=2, padding=1, dilation=3),
    _pool("max_pool2d", (1, 2, 5, 6), (3, 2), stride=(2, 1), padding=(1, 0)),
    _pool("max_pool2d", (2, 2, 5, 6), 2, ceil_mode=True),
    _pool("max_pool2d", (1, 2, 7, 6), 3, stride=(3, 2), padding=1, dilation=(2, 1),
          ceil_mode=True),
    _pool("max_pool3d", (1, 2, 4, 3, 5), 2, stride=(2, 1, 3), padding=1),
    _pool("max_pool3d", (1, 1, 4, 5, 3), (2, 3, 1), dilation=(2, 1, 1), ceil_mode=True),
    _pool("avg_pool1d", (2, 3, 7), 3),
    _pool("avg_pool1d", (1, 2, 8), 3, stride=2, padding=1, ceil_mode=True),
    _pool("avg_pool2d", (1, 2, 5, 6), (3, 2), stride=(2, 1), padding=1),
    _pool("avg_pool2d", (1, 2, 6, 4), 3, stride=2, padding=1, ceil_mode=True,
          count_include_pad=False),
    _pool("avg_pool3d", (1, 2, 4, 3, 5), 2, stride=(2, 1, 3), padding=1, count_include_pad=False),
    _pool("avg_pool3d", (1, 1, 4, 5, 3), (2, 3, 1), ceil_mode=True),
    row("adaptive_avg_pool1d", normal((2, 3, 7)), linear=True, output_size=3),
    row("adaptive_avg_pool2d", normal((2, 2, 4, 3)), linear=True, output_size=1),
    row("adaptive_avg_pool2d", normal((1, 2, 5, 3)), linear=True, output_size=(3, 4)),
    row("adaptive_avg_pool3d", normal((1, 2, 3, 4, 2)), linear=True, output_size=(2, 3, 1)),
    *(row("pad", _X, linear=True, pairs=((2, 1), (0, 3)), mode=m) for m in F.padding.PAD_MODES),
    row("pad", normal((2, 3)), pairs=((0, 2),), value=1.5),
)  # fmt: skip

CASES = TENSOR_CASES + FUNCTIONAL_CASES
