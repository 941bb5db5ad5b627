"""Questions on gradients and training: corners, indices, checks, batch norm.

Stands on `functional`, `nn` and `gradcheck`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import GradcheckError, Tensor, grad, gradcheck, nn
from nnscratch.gradcheck import check
from nnscratch.learn.questions.words import row, small
from nnscratch.learn.quiz import Computed, Option, Question, predicts

TOPIC = "training"


# -- gradients ------------------------------------------------------------------------------------


def _corner() -> Computed:
    x = Tensor(np.array([0.0]), requires_grad=True)
    (g,) = grad(F.relu(x).sum(), [x])
    step = 0.5
    left, right = ((F.relu(np.array([s])).item()) / s for s in (-step, step))
    return {
        "gradient": g.item(),
        "left": abs(left),
        "right": right,
        "central": (left + right) / 2,
        "moves": check(F.relu, np.array([0.0, 1.0, -1.0])).moves,
    }


RELU_AT_ZERO = Question(
    TOPIC,
    "Exactly at 0, what does the backward pass of ReLU take for its slope?",
    (
        Option("1", predicts("gradient", 1.0)),
        Option("0.5, as a central difference does", predicts("gradient", 0.5)),
        Option("0", predicts("gradient", 0.0)),
        Option("NaN: there is none", lambda c: bool(np.isnan(c["gradient"]))),
    ),
    _corner,
    lambda c: [
        f"backward {c['gradient']:g}; central difference {c['central']:g}",
        f"slope to the left {c['left']:g}, to the right {c['right']:g}",
        f"nnscratch gradcheck at 0: a corner; it moved off {c['moves']} time, then all was well",
    ],
    "Any slope from 0 to 1 is allowed at the corner, and 0 is the usual choice. A checker that "
    "compares with differences must step off corners, or it blames what is right.",
)


def _twice() -> Computed:
    x = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    index = [0, 0, 2]
    (g,) = grad(x[index].sum(), [x])
    assigned, added = np.zeros(3), np.zeros(3)
    assigned[index] += 1
    np.add.at(added, index, 1)
    moved = np.array([1.5, 2.0, 3.0])[index].sum() - np.array([1.0, 2.0, 3.0])[index].sum()
    return {
        "gradient": g.numpy().tolist(),
        "assigned": assigned.tolist(),
        "added": added.tolist(),
        "slope": float(moved / 0.5),
    }


DUPLICATE_INDICES = Question(
    TOPIC,
    "x = [1, 2, 3] and y = x[[0, 0, 2]].sum(). What is the gradient of x?",
    (
        Option("1 0 1: used or not", predicts("gradient", [1, 0, 1])),
        Option("1 1 1: a sum gives 1 to each", predicts("gradient", [1, 1, 1])),
        Option("0.5 0 1: the two share a 1", predicts("gradient", [0.5, 0, 1])),
        Option("2 0 1: once for each use", predicts("gradient", [2, 0, 1])),
    ),
    _twice,
    lambda c: [
        f"backward:                 {row(c['gradient'])}",
        f"x[0] moves by 0.5: y moves by {0.5 * c['slope']:g}, so its slope is {c['slope']:g}",
        f"g[[0, 0, 2]] += 1:        {row(c['assigned'])}  (NumPy writes index 0 once)",
        f"np.add.at(g, index, 1):   {row(c['added'])}",
    ],
    "What is used twice gets both gradients, added. With repeated indices += forgets one of them, "
    "and which one survives is not even defined on a GPU.",
)


def _zeros_for_softmax(x: Tensor) -> Tensor:
    """Right values, wrong derivative."""
    return Tensor.from_op("softmax", F.softmax(x.detach(), 1).data, (x, lambda g, y: g * 0.0))


def _passes(fn: Callable[[Tensor], Tensor], x: np.ndarray) -> bool:
    try:
        return gradcheck(fn, x)
    except GradcheckError:
        return False


def _summed() -> Computed:
    x = np.random.default_rng(4).standard_normal((2, 3))
    moved = x + np.array([0.5, 0.0, 0.0])
    return {
        "sum": F.softmax(x, 1).sum(1).numpy().tolist(),
        "sum, x moved": F.softmax(moved, 1).sum(1).numpy().tolist(),
        "first output": F.softmax(x, 1).numpy()[0, 0].item(),
        "first output, x moved": F.softmax(moved, 1).numpy()[0, 0].item(),
        "passes by the sum": _passes(lambda t: _zeros_for_softmax(t).sum(1), x),
        "passes by random weights": _passes(_zeros_for_softmax, x),
        "right one passes": _passes(lambda t: F.softmax(t, 1), x),
    }


SUMS = Question(
    TOPIC,
    "Somebody's softmax has a derivative that is always 0. One check compares the gradient of the "
    "sum of all outputs with differences, another that of a randomly weighted sum. Which finds it?",
    (
        Option("both", lambda c: _found(c) == (True, True)),
        Option("only the one with random weights", lambda c: _found(c) == (False, True)),
        Option("only the one with the plain sum", lambda c: _found(c) == (True, False)),
        Option("neither", lambda c: _found(c) == (False, False)),
    ),
    _summed,
    lambda c: [
        f"plain sum of the first row: {c['sum'][0]:.3f}, after x moved: {c['sum, x moved'][0]:.3f}",
        f"its first output:           {c['first output']:.3f}, after x moved: "
        f"{c['first output, x moved']:.3f}",
        f"the wrong derivative passes by the plain sum: {_yes(c['passes by the sum'])}",
        f"the wrong derivative passes by random weights: {_yes(c['passes by random weights'])}",
        f"the right one passes by random weights: {_yes(c['right one passes'])}",
    ],
    "Softmax adds up to 1 whatever x is, so the slope of the plain sum is 0 and a derivative of "
    "zeros agrees. Weigh outputs at random: then they cannot hide behind each other.",
)


def _found(c: Computed) -> tuple[bool, bool]:
    return not c["passes by the sum"], not c["passes by random weights"]


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _precision() -> Computed:
    rng = np.random.default_rng(5)
    x, w, upstream = (rng.standard_normal(s) for s in ((1, 2, 12), (3, 2, 5), (1, 3, 8)))

    def loss(x: Any, dtype: Any) -> Tensor:
        return (F.conv1d(x, w.astype(dtype)).tanh() * upstream.astype(dtype)).sum()

    leaf = Tensor(x, requires_grad=True)
    exact = grad(loss(leaf, np.float64), [leaf])[0].numpy()

    def error(dtype: Any, step: float) -> float:
        slopes = np.zeros_like(exact)
        for place in np.ndindex(x.shape):
            ends = []
            for sign in (1, -1):
                moved = x.astype(dtype)
                moved[place] += dtype(sign * step)
                ends.append(loss(moved, dtype).item())
            slopes[place] = (ends[0] - ends[1]) / (2 * step)
        return float(np.abs(slopes - exact).max() / np.abs(exact).max())

    return {
        **{f"float32, {step:g}": error(np.float32, step) for step in (1e-2, 1e-6, 1e-8)},
        "float64, 1e-06": error(np.float64, 1e-6),
    }


PRECISION = Question(
    TOPIC,
    "A gradient is right. It is compared with central differences of step 1e-6, in float32 and in "
    "float64. How large do the differences look, beside the largest gradient?",
    (
        Option(
            "below 1e-5 in both: the gradient is right",
            lambda c: c["float32, 1e-06"] < 1e-5 and c["float64, 1e-06"] < 1e-5,
        ),
        Option(
            "above 1 % in both: a difference is no derivative",
            lambda c: c["float32, 1e-06"] > 0.01 and c["float64, 1e-06"] > 0.01,
        ),
        Option(
            "above 1 % in float32, but 1e-8 as a step would mend it",
            lambda c: c["float32, 1e-06"] > 0.01 > c["float32, 1e-08"],
        ),
        Option(
            "above 1 % in float32, also with 1e-8; below 1e-7 in float64",
            lambda c: (
                min(c["float32, 1e-06"], c["float32, 1e-08"]) > 0.01 and c["float64, 1e-06"] < 1e-7
            ),
        ),
    ),
    _precision,
    lambda c: [
        f"float32, step 0.01:  {c['float32, 0.01']:.1e}",
        f"float32, step 1e-06: {c['float32, 1e-06']:.1e}",
        f"float32, step 1e-08: {c['float32, 1e-08']:.1e}",
        f"float64, step 1e-06: {'below 1e-7' if c['float64, 1e-06'] < 1e-7 else 'above 1e-7'}",
    ],
    "The loss is rounded, and the rounding is divided by the step: 7 digits leave nothing of a "
    "small difference. Check gradients in float64, with the step that suits it.",
)


# -- batch norm -----------------------------------------------------------------------------------


def _biased() -> Computed:
    rng = np.random.default_rng(6)
    x, w = rng.standard_normal((4, 2, 6, 6)), rng.standard_normal((3, 2, 3, 3))
    upstream = rng.standard_normal((4, 3, 4, 4))

    def normed(bias: Tensor) -> Tensor:
        return F.batch_norm(F.conv2d(x, w, bias), None, None, training=True)

    bias = Tensor(np.zeros(3), requires_grad=True)
    before = normed(bias)
    after = normed(Tensor(np.full(3, 5.0)))
    (g,) = grad((before * upstream).sum(), [bias])
    return {
        "largest change": float(abs(after - before).numpy().max()),
        "mean change": float((after - before).numpy().mean()),
        "spread": float(after.numpy().std() / before.numpy().std()),
        "gradient": float(abs(g).numpy().max()),
        "without": float(np.abs(upstream.sum((0, 2, 3))).max()),
    }


BIAS_BEFORE_NORM = Question(
    TOPIC,
    "A convolution is followed by batch norm, in training. 5 is added to the convolution's bias. "
    "What happens to the outputs of batch norm?",
    (
        Option("they rise by 5", lambda c: abs(c["mean change"] - 5) < 1e-6),
        Option(
            "nothing, and the bias has no gradient either",
            lambda c: c["largest change"] < 1e-9 and c["gradient"] < 1e-9,
        ),
        Option(
            "nothing, but the bias has a gradient",
            lambda c: c["largest change"] < 1e-9 < c["gradient"],
        ),
        Option(
            "they shrink: larger numbers are divided by more",
            lambda c: c["spread"] < 0.99 and c["largest change"] > 1e-9,
        ),
    ),
    _biased,
    lambda c: [
        f"largest change of an output: {small(c['largest change'])}",
        f"their deviation, after beside before: {c['spread']:.6f}",
        f"gradient of the bias: {small(c['gradient'])} (without batch norm: {c['without']:.3g})",
    ],
    "Batch norm takes each channel's mean away, and any constant with it. A bias before it is "
    "dead weight; the bias of batch norm itself does its work.",
)


def _alone() -> Computed:
    item = np.array([[4.0, -1.0, 7.0]])
    layer = nn.BatchNorm1d(3)
    try:
        trained, said = layer(Tensor(item)).numpy()[0].tolist(), ""
    except ValueError as error:
        trained, said = None, str(error)
    layer.eval()
    centred = item - item.mean(axis=0)
    image = nn.BatchNorm2d(3)(Tensor(np.arange(12.0).reshape(1, 3, 2, 2)))
    return {
        "training": trained,
        "said": said,
        "in eval mode": layer(Tensor(item)).numpy()[0].tolist(),
        "over the three": F.layer_norm(item, 3).numpy()[0].tolist(),
        "less its mean": centred[0].tolist(),
        "image": image.numpy()[0, 0].reshape(-1).tolist(),
    }


NORM_OF_ONE = Question(
    TOPIC,
    "BatchNorm1d(3), in training, gets a batch of one item: [4, -1, 7]. What comes out?",
    (
        Option(
            "[4, -1, 7], by the statistics it starts with", lambda c: _gives(c, c["in eval mode"])
        ),
        Option("[0, 0, 0], whatever the item was", lambda c: _gives(c, c["less its mean"])),
        Option("an error: one value a channel has no spread", lambda c: bool(c["said"])),
        Option("three numbers of mean 0 and variance 1", lambda c: _gives(c, c["over the three"])),
    ),
    _alone,
    lambda c: [
        c["said"] or f"training: {row(c['training'])}",
        f"the item less the mean of its batch, which is itself: {row(c['less its mean'])}",
        f"in eval mode, by the running statistics: {row(c['in eval mode'])}",
        f"an image of one item has values to spare: {row(c['image'], 2)}",
    ],
    "Each channel is compared with the batch. With one value there is nothing to compare, every "
    "item would become zeros, and so nnscratch, like PyTorch, refuses.",
)


def _gives(c: Computed, wanted: list[float]) -> bool:
    return c["training"] is not None and bool(np.allclose(c["training"], wanted, atol=0.01))


QUESTIONS = (RELU_AT_ZERO, DUPLICATE_INDICES, SUMS, PRECISION, BIAS_BEFORE_NORM, NORM_OF_ONE)
