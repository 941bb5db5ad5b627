"""Questions on gradients and training: kinks, repeated indices, gradient checks, batch norm.

Stands on `functional`, `nn` and `gradcheck`.
"""

import textwrap

import numpy as np

import nnscratch.functional as F
from nnscratch import GradcheckError, Tensor, grad, gradcheck, nn
from nnscratch.gradcheck import check
from nnscratch.learn.quiz import predictions, question, row, small

TOPIC = "training"


# -- gradients ------------------------------------------------------------------------------------


@question(TOPIC, *predictions("gradient", 1.0, 0.5, 0.0), lambda c: bool(np.isnan(c["gradient"])))
def relu_at_zero():
    """Which slope does the backward pass of ReLU use exactly at 0?

    - 1
    - 0.5, like a central difference
    - 0
    - NaN: there is none

    At the kink any slope from 0 to 1 is valid, and 0 is the usual choice. A checker that
    compares with differences must avoid kinks, or it rejects correct gradients.
    """
    x = Tensor(np.array([0.0]), requires_grad=True)
    gradient = grad(F.relu(x).sum(), [x])[0].item()
    left, right = (abs(F.relu(np.array([s])).item() / s) for s in (-0.5, 0.5))
    central = (left + right) / 2
    moves = check(F.relu, np.array([0.0, 1.0, -1.0])).moves
    return {"gradient": gradient, "left": left, "right": right, "central": central}, [
        f"backward {gradient:g}; central difference {central:g}",
        f"slope on the left {left:g}, on the right {right:g}",
        f"nnscratch gradcheck at 0: it moved away from the kink {moves} time, and passed",
    ]


@question(TOPIC, *predictions("gradient", [1, 0, 1], [1, 1, 1], [0.5, 0, 1], [2, 0, 1]))
def duplicate_indices():
    """x = [1, 2, 3] and y = x[[0, 0, 2]].sum(). What is the gradient of x?

    - 1 0 1: used or not
    - 1 1 1: the gradient of a sum is 1
    - 0.5 0 1: the two uses share a 1
    - 2 0 1: 1 for each use

    An element that is used twice gets the sum of both gradients. With repeated indices += loses
    one of them, and on a GPU it is not even defined which.
    """
    values, index = np.array([1.0, 2.0, 3.0]), [0, 0, 2]
    x = Tensor(values, requires_grad=True)
    gradient = grad(x[index].sum(), [x])[0].numpy().tolist()
    assigned, added = np.zeros(3), np.zeros(3)
    assigned[index] += 1
    np.add.at(added, index, 1)
    change = float((values + [0.5, 0, 0])[index].sum() - values[index].sum())
    return {"gradient": gradient, "slope": change / 0.5}, [
        f"backward:                 {row(gradient)}",
        f"x[0] rises by 0.5: y rises by {change:g}, so the slope is {change / 0.5:g}",
        f"g[[0, 0, 2]] += 1:        {row(assigned)}  (NumPy writes index 0 once)",
        f"np.add.at(g, index, 1):   {row(added)}",
    ]


def _zero_gradient_softmax(x):
    """Right values, wrong derivative."""
    return Tensor.from_op("softmax", F.softmax(x.detach(), 1).data, (x, lambda g, y: g * 0.0))


def _passes(fn, x):
    try:
        return gradcheck(fn, x)
    except GradcheckError:
        return False


@question(
    TOPIC,
    *predictions("found", ["plain sum", "random weights"], ["random weights"], ["plain sum"], []),
)
def sums():
    """A softmax has a derivative that is always 0. One check compares the gradient of the sum of
    all outputs with differences, another that of a randomly weighted sum. Which finds the
    mistake?

    - both
    - only the one with random weights
    - only the one with the plain sum
    - neither

    The outputs of softmax add up to 1 for any x, so the slope of the plain sum is 0, and a
    derivative of zeros agrees with it. Random weights keep errors from cancelling.
    """
    x = np.random.default_rng(4).standard_normal((2, 3))
    before, after = (F.softmax(inputs, 1).numpy()[0] for inputs in (x, x + [0.5, 0.0, 0.0]))
    passes = {
        "plain sum": _passes(lambda t: _zero_gradient_softmax(t).sum(1), x),
        "random weights": _passes(_zero_gradient_softmax, x),
    }
    right_passes = _passes(lambda t: F.softmax(t, 1), x)
    found = [name for name, passed in passes.items() if not passed]
    return {"found": found, "right softmax passes": right_passes}, [
        f"sum of the first row: {before.sum():.3f}, after x[0, 0] rises: {after.sum():.3f}",
        f"its first output:     {before[0]:.3f}, after x[0, 0] rises: {after[0]:.3f}",
        f"the mistake is found by: {', '.join(found)}",
        f"a right softmax passes with random weights: {'yes' if right_passes else 'no'}",
    ]


@question(
    TOPIC,
    lambda c: max(c["32"], c["64"]) < 1e-5,
    lambda c: min(c["32"], c["64"]) > 0.01,
    lambda c: c["32"] > 0.01 > c["32, 1e-8"],
    lambda c: min(c["32"], c["32, 1e-8"]) > 0.01 and c["64"] < 1e-7,
)
def precision():
    """A gradient is right. It is compared with central differences of step 1e-6, in float32 and in
    float64. How large is the difference, relative to the largest gradient?

    - below 1e-5 in both: the gradient is right
    - above 1 % in both: a difference is not a derivative
    - above 1 % in float32, but a step of 1e-8 would help
    - above 1 % in float32, even with 1e-8; below 1e-7 in float64

    The loss is rounded, and the rounding error is divided by the step: of 7 digits nothing is
    left in a small difference. Check gradients in float64, with a step that suits it.
    """
    rng = np.random.default_rng(5)
    x, w, upstream = (rng.standard_normal(s) for s in ((1, 2, 12), (3, 2, 5), (1, 3, 8)))

    def loss(x, dtype):
        return (F.conv1d(x, w.astype(dtype)).tanh() * upstream.astype(dtype)).sum()

    leaf = Tensor(x, requires_grad=True)
    exact = grad(loss(leaf, np.float64), [leaf])[0].numpy()

    def slope(at, dtype, step):
        ends = [x.astype(dtype), x.astype(dtype)]
        ends[0][at] += dtype(step)
        ends[1][at] -= dtype(step)
        high, low = (loss(end, dtype).item() for end in ends)
        return (high - low) / (2 * step)

    def error(dtype, step):
        slopes = [slope(at, dtype, step) for at in np.ndindex(x.shape)]
        return float(np.abs(slopes - exact.ravel()).max() / np.abs(exact).max())

    errors = {"32, 0.01": error(np.float32, 1e-2), "32": error(np.float32, 1e-6)}
    errors |= {"32, 1e-8": error(np.float32, 1e-8), "64": error(np.float64, 1e-6)}
    return errors, [
        f"float32, step 0.01: {errors['32, 0.01']:.1e}",
        f"float32, step 1e-6: {errors['32']:.1e}",
        f"float32, step 1e-8: {errors['32, 1e-8']:.1e}",
        f"float64, step 1e-6: {'below' if errors['64'] < 1e-7 else 'above'} 1e-7",
    ]


# -- batch norm -----------------------------------------------------------------------------------


@question(
    TOPIC,
    lambda c: abs(c["mean change"] - 5) < 1e-6,
    lambda c: max(c["largest change"], c["gradient"]) < 1e-9,
    lambda c: c["largest change"] < 1e-9 < c["gradient"],
    lambda c: c["spread"] < 0.99 and c["largest change"] > 1e-9,
)
def bias_before_norm():
    """A convolution is followed by batch norm, in training. 5 is added to the bias of the
    convolution. What happens to the outputs of batch norm?

    - they rise by 5
    - nothing, and the bias has no gradient either
    - nothing, but the bias has a gradient
    - they shrink: larger numbers have a larger deviation

    Batch norm subtracts the mean of each channel, and any constant with it. A bias before it
    has no effect; batch norm has a bias of its own.
    """
    rng = np.random.default_rng(6)
    x, w = rng.standard_normal((4, 2, 6, 6)), rng.standard_normal((3, 2, 3, 3))
    upstream = rng.standard_normal((4, 3, 4, 4))

    def normed(bias):
        return F.batch_norm(F.conv2d(x, w, bias), None, None, training=True)

    bias = Tensor(np.zeros(3), requires_grad=True)
    before, after = normed(bias), normed(Tensor(np.full(3, 5.0)))
    gradient = float(np.abs(grad((before * upstream).sum(), [bias])[0].numpy()).max())
    without_norm = float(np.abs(upstream.sum((0, 2, 3))).max())
    changes = {
        "largest change": float(abs(after - before).numpy().max()),
        "mean change": float((after - before).numpy().mean()),
        "spread": float(after.numpy().std() / before.numpy().std()),
    }
    return {**changes, "gradient": gradient}, [
        f"largest change of an output: {small(changes['largest change'])}",
        f"their standard deviation, after / before: {changes['spread']:.6f}",
        f"gradient of the bias: {small(gradient)} (without batch norm: {without_norm:.3g})",
    ]


def _trains_to(name):
    """The prediction that training gives the row computed under `name`."""
    return lambda c: c["training"] is not None and np.allclose(c["training"], c[name], atol=0.01)


@question(
    TOPIC,
    _trains_to("in eval mode"),
    _trains_to("minus its mean"),
    lambda c: bool(c["message"]),
    _trains_to("over the three"),
)
def norm_of_one():
    """BatchNorm1d(3), in training, gets a batch of one item: [4, -1, 7]. What is the result?

    - [4, -1, 7], by the statistics it starts with
    - [0, 0, 0], whatever the item is
    - an error: one value per channel has no variance
    - three numbers of mean 0 and variance 1

    Each channel is compared with the batch. With one value there is nothing to compare: every
    item would become zeros. So nnscratch refuses, like PyTorch.
    """
    item = np.array([[4.0, -1.0, 7.0]])
    layer = nn.BatchNorm1d(3)
    try:
        training, message = layer(Tensor(item)).numpy()[0].tolist(), ""
    except ValueError as error:
        training, message = None, str(error)
    layer.eval()
    image = nn.BatchNorm2d(3)(Tensor(np.arange(12.0).reshape(1, 3, 2, 2))).numpy()[0, 0]
    rows = {
        "in eval mode": layer(Tensor(item)).numpy()[0].tolist(),
        "over the three": F.layer_norm(item, 3).numpy()[0].tolist(),
        "minus its mean": (item - item.mean(axis=0))[0].tolist(),
    }
    return {"training": training, "message": message, **rows}, [
        *textwrap.wrap(message.partition(";")[0] or f"training: {row(training)}", 76),
        f"the item minus the mean of its batch, which is itself: {row(rows['minus its mean'])}",
        f"in eval mode, by the running statistics: {row(rows['in eval mode'])}",
        f"one image has several values per channel: {row(image.ravel(), 2)}",
    ]
