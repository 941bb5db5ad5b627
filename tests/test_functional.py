"""Functions at their limits: messages, large numbers, distance 0, chance, running statistics."""

import warnings

import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor
from nnscratch.functional.loss import REDUCTIONS
from nnscratch.functional.padding import PAD_MODES

FLOATS = [np.float32, np.float64]


def ones(*shape):
    return Tensor(np.ones(shape, np.float32))


def slope(function, *arrays):
    """The gradients of the sum of `function`, by all arrays."""
    leaves = [Tensor(np.asarray(a), requires_grad=True) for a in arrays]
    return [g.numpy() for g in nns.grad(function(*leaves).sum(), leaves)]


# -- messages -------------------------------------------------------------------------------------

REFUSED = {
    "conv rank": (
        lambda: F.conv2d(ones(3, 8, 8), ones(2, 3, 3, 3)),
        r"conv2d: expected x of rank 4 .* got shape \(3, 8, 8\); add the missing axes",
    ),
    "conv weight rank": (
        lambda: F.conv1d(ones(1, 3, 8), ones(2, 3, 3, 3)),
        r"conv1d: expected weight of rank 3 .* got shape \(2, 3, 3, 3\)",
    ),
    "conv channels": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(2, 4, 3, 3)),
        r"conv2d: x has 3 channels but weight expects 4: x \(1, 3, 8, 8\), weight \(2, 4, 3, 3\)",
    ),
    "conv channels and groups": (
        lambda: F.conv2d(ones(1, 4, 8, 8), ones(2, 4, 3, 3), groups=2),
        "conv2d: x has 4 channels but weight expects 8: .* groups 2",
    ),
    "conv groups": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 1, 3, 3), groups=3),
        "conv2d: groups must be a whole number that divides the 4 out channels, got 3",
    ),
    "conv groups 0": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 3, 3, 3), groups=0),
        "conv2d: groups must be a whole number .* got 0",
    ),
    "conv groups 1.0": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 3, 3, 3), groups=1.0),
        "conv2d: groups must be a whole number .* got 1.0",
    ),
    "conv kernel too large": (
        lambda: F.conv3d(ones(1, 1, 4, 4, 2), ones(1, 1, 3, 3, 3), dilation=(1, 1, 2), padding=1),
        r"conv3d: the kernel is larger than the padded input: .*\(1, 1, 2\) spans \(3, 3, 5\)",
    ),
    "conv bias": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 3, 3, 3), ones(3)),
        r"conv2d: expected bias of shape \(4,\), got \(3,\)",
    ),
    "conv padding name": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 3, 3, 3), padding="full"),
        r"conv2d: expected padding as .*\('same', 'valid'\), got 'full'",
    ),
    "conv same stride": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 3, 3, 3), padding="same", stride=2),
        'conv2d: padding "same" needs stride 1',
    ),
    "conv stride": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 3, 3, 3), stride=0),
        "conv2d: expected stride as an int or 2 ints, each at least 1, got 0",
    ),
    "conv dilation": (
        lambda: F.conv2d(ones(1, 3, 8, 8), ones(4, 3, 3, 3), dilation=(1, 2, 3)),
        r"conv2d: expected dilation .* got \(1, 2, 3\)",
    ),
    "transpose channels": (
        lambda: F.conv_transpose2d(ones(1, 3, 4, 4), ones(4, 3, 3, 3)),
        "conv_transpose2d: x has 3 channels but weight expects 4",
    ),
    "transpose groups": (
        lambda: F.conv_transpose2d(ones(1, 3, 4, 4), ones(3, 3, 3, 3), groups=2),
        "conv_transpose2d: groups must be .* divides the 3 in channels, got 2",
    ),
    "transpose output_padding": (
        lambda: F.conv_transpose1d(ones(1, 3, 4), ones(3, 3, 3), stride=2, output_padding=2),
        "conv_transpose1d: output_padding must be smaller than the stride or the dilation",
    ),
    "transpose nothing left": (
        lambda: F.conv_transpose1d(ones(1, 3, 2), ones(3, 3, 3), padding=2),
        r"conv_transpose1d: the output would be of size \(0,\).*use less padding",
    ),
    "transpose of nothing": (
        lambda: F.conv_transpose1d(ones(1, 3, 0), ones(3, 3, 3), stride=2),
        r"conv_transpose1d: .*\(1, 3, 0\)",
    ),
    "linear": (
        lambda: F.linear(ones(2, 3, 4, 4), ones(5, 48)),
        r"linear: the last axis of x must be 48 long: x \(2, 3, 4, 4\).*flatten images first",
    ),
    "batch_norm rank": (
        lambda: F.batch_norm(ones(3), None, None),
        "batch_norm: expected x of rank",
    ),
    "batch_norm without statistics": (
        lambda: F.batch_norm(ones(2, 3), None, None),
        "batch_norm: expected running statistics when not training",
    ),
    "batch_norm of one value": (
        lambda: F.batch_norm(ones(1, 3), None, None, training=True),
        r"batch_norm: expected more than one value per channel in training, got \(1, 3\)",
    ),
    "instance_norm": (lambda: F.instance_norm(ones(2, 3)), "instance_norm: expected x of rank 3"),
    "layer_norm": (
        lambda: F.layer_norm(ones(2, 3, 4), (3, 5)),
        r"layer_norm: expected x to end in \(3, 5\), got \(2, 3, 4\)",
    ),
    "pad mode": (
        lambda: F.pad(ones(3), [(1, 1)], "symmetric"),
        r"pad: expected mode in \('constant', 'reflect', 'edge', 'wrap'\), got 'symmetric'",
    ),
    "pad pairs": (lambda: F.pad(ones(3), [(1, 1), (1, 1)]), "pad: expected at most 1 pairs"),
    "pad a number": (lambda: F.pad(ones(3), 1), r"pad: expected pairs \(\(before, after\), ...\)"),
    "pad flat": (lambda: F.pad(ones(3), (1, 2, 3)), r"pad: expected pairs .* or PyTorch's flat"),
    "pad negative": (lambda: F.pad(ones(3), [(-1, 1)]), r"pad: .*each at least 0"),
    "reflect too far": (
        lambda: F.pad(ones(3), [(3, 0)], "reflect"),
        r"pad: mode 'reflect' can add at most 2 elements to axis 0 of x \(3,\), got 3",
    ),
    "wrap too far": (lambda: F.pad(ones(3), [(4, 0)], "wrap"), "at most 3 elements"),
    "edge of nothing": (lambda: F.pad(ones(0), [(1, 0)], "edge"), r"pad: .*x \(0,\)"),
    "mse shapes": (
        lambda: F.mse_loss(ones(2, 3), ones(3)),
        r"mse_loss: expected two of one shape, got \(2, 3\) and \(3,\)",
    ),
    "bce shapes": (
        lambda: F.binary_cross_entropy_with_logits(ones(2, 1), ones(2)),
        "binary_cross_entropy_with_logits: expected two of one shape",
    ),
    "triplet shapes": (
        lambda: F.triplet_margin_loss(ones(2, 3), ones(2, 3), ones(1, 3)),
        "triplet_margin_loss: expected two of one shape",
    ),
    "triplet margin": (
        lambda: F.triplet_margin_loss(ones(2, 3), ones(2, 3), ones(2, 3), margin=-1),
        "triplet_margin_loss: expected a finite margin of at least 0, got -1",
    ),
    "contrastive margin": (
        lambda: F.contrastive_loss(ones(2, 3), ones(2, 3), ones(2), margin=np.nan),
        "contrastive_loss: expected a finite margin of at least 0, got nan",
    ),
    "contrastive shapes": (
        lambda: F.contrastive_loss(ones(2, 3), ones(2, 3), ones(3)),
        r"contrastive_loss: expected same of shape \(2,\), got \(3,\)",
    ),
    "cross_entropy rank": (
        lambda: F.cross_entropy(ones(3), np.array(1)),
        r"cross_entropy: expected logits of shape \(N, C, ...\), got \(3,\)",
    ),
    "cross_entropy shapes": (
        lambda: F.cross_entropy(ones(2, 3), np.array([1, 2, 0])),
        r"cross_entropy: expected scores \(N, C, ...\) and class numbers \(N, ...\), got",
    ),
    "target too large": (
        lambda: F.cross_entropy(ones(2, 3), np.array([1, 3])),
        "cross_entropy: expected class numbers from 0 to 2, got 1 to 3",
    ),
    "target negative": (
        lambda: F.nll_loss(ones(2, 3), np.array([-1, 2])),
        "nll_loss: expected class numbers from 0 to 2, got -1 to 2",
    ),
    "distances": (
        lambda: F.pairwise_distances(ones(2, 3), ones(2, 4)),
        r"pairwise_distances: expected rows \(N, D\) and \(M, D\), got \(2, 3\) and \(2, 4\)",
    ),
    "dropout": (lambda: F.dropout(ones(3), 1.5), r"dropout: expected a probability p in \[0, 1\]"),
    "softmax axis": (lambda: F.softmax(ones(2, 3), 2), "out of bounds"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_class_numbers_are_integers(loss):
    with pytest.raises(TypeError, match=f"{loss.__name__}: expected class numbers as integers"):
        loss(ones(2, 3), np.array([0.0, 1.0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda r: F.mse_loss(ones(2), ones(2), r),
        lambda r: F.cross_entropy(ones(2, 3), np.array([0, 1]), r),
        lambda r: F.nll_loss(ones(2, 3), np.array([0, 1]), r),
        lambda r: F.binary_cross_entropy_with_logits(ones(2), ones(2), r),
        lambda r: F.triplet_margin_loss(ones(2, 3), ones(2, 3), ones(2, 3), reduction=r),
        lambda r: F.contrastive_loss(ones(2, 3), ones(2, 3), ones(2), reduction=r),
    ],
)
def test_reductions(call):
    each = call("none").numpy()
    assert each.shape == (2,)
    np.testing.assert_allclose(call("sum").item(), each.sum(), rtol=1e-6)
    np.testing.assert_allclose(call("mean").item(), each.mean(), rtol=1e-6)
    for wrong in ("avg", "", None):
        with pytest.raises(ValueError, match=r"_l?o?s?s?.*: expected reduction in \('mean', 'sum'"):
            call(wrong)
    assert REDUCTIONS == ("mean", "sum", "none")


# -- far from 1 -----------------------------------------------------------------------------------

FAR = np.array([-1e4, -800.0, -100.0, -30.0, 0.0, 30.0, 100.0, 800.0, 1e4])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "function",
    [F.sigmoid, F.softplus, F.tanh, F.elu, F.relu, F.leaky_relu]
    + [lambda x: F.softmax(x, 0), lambda x: F.log_softmax(x, 0)]
    + [lambda x, t=t: F.binary_cross_entropy_with_logits(x, x * 0 + t) for t in (0.0, 0.3, 1.0)],
)
def test_far_numbers_stay_finite(function, dtype):
    """Value, gradient and second gradient, without a warning."""
    with warnings.catch_warnings(), np.errstate(under="ignore"):
        warnings.simplefilter("error")
        x = Tensor(FAR.astype(dtype), requires_grad=True)
        y = function(x)
        (g,) = nns.grad((y * y).sum(), x, create_graph=True)
        (h,) = nns.grad((g * g).sum(), x)
    assert y.dtype == g.dtype == h.dtype == dtype
    for values in (y, g, h):
        assert np.isfinite(values.numpy()).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_far_numbers_are_right(dtype):
    x = FAR.astype(dtype)
    close = {"rtol": 8 * np.finfo(dtype).eps, "atol": 0}
    with np.errstate(under="ignore", over="ignore"):
        e = np.exp(-np.abs(x.astype(np.longdouble)))
        softplus = np.maximum(x, 0) + np.log1p(e)
        positive = np.maximum(-x, 0) + np.log1p(e)
        sigmoid = np.where(x > 0, 1, e) / (1 + e)
    tiny = softplus > np.finfo(dtype).tiny
    np.testing.assert_allclose(F.softplus(x).numpy()[tiny], softplus[tiny].astype(dtype), **close)
    tiny = sigmoid > np.finfo(dtype).tiny
    np.testing.assert_allclose(F.sigmoid(x).numpy()[tiny], sigmoid[tiny].astype(dtype), **close)
    for target, exact in ((0.0, softplus), (1.0, positive)):
        got = F.binary_cross_entropy_with_logits(x, np.full_like(x, target), "none").numpy()
        tiny = exact > np.finfo(dtype).tiny
        # no loss of digits where the answer is nearly right: −log σ(30) is 9.4e−14, not 0
        np.testing.assert_allclose(got[tiny], exact[tiny].astype(dtype), **close)


def test_gradient_of_bce_is_sigmoid_less_target():
    for target in (0.0, 0.25, 1.0):
        t = np.full_like(FAR, target)
        (g,) = slope(lambda x, t=t: F.binary_cross_entropy_with_logits(x, t, "sum"), FAR)
        np.testing.assert_allclose(g, F.sigmoid(FAR).numpy() - t, atol=1e-15)


def test_log_softmax_is_exact_where_softmax_rounds_to_zero():
    x = np.array([[0.0, -1000.0, 1000.0]])
    np.testing.assert_allclose(F.log_softmax(x, 1).numpy(), [[-1000.0, -2000.0, 0.0]])
    (g,) = slope(lambda x: F.cross_entropy(x, np.array([0])), x)
    np.testing.assert_allclose(g, [[-1, 0, 1]])


def test_masked_logits():
    """−inf is a class that cannot be; as long as it is not the answer all is finite."""
    x = np.array([[0.0, -np.inf, 1.0]])
    expected = -np.log(1 / (1 + np.e))
    np.testing.assert_allclose(F.softmax(x, 1).numpy()[0, 1], 0)
    np.testing.assert_allclose(F.cross_entropy(x, np.array([0])).item(), expected)
    (g,) = slope(lambda x: F.cross_entropy(x, np.array([0])), x)
    np.testing.assert_allclose(g, [[1 / (1 + np.e) - 1, 0, np.e / (1 + np.e)]])


def test_label_smoothing():
    x, c = np.array([[1.0, 2.0, 4.0]]), np.array([1])
    logs = F.log_softmax(x, 1).numpy()[0]
    got = F.cross_entropy(x, c, label_smoothing=0.3).item()
    np.testing.assert_allclose(got, -(0.7 * logs[1] + 0.1 * logs.sum()))


# -- distance 0 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "function",
    [
        F.normalize,
        lambda x: F.normalize(x, axis=0),
        lambda x: F.normalize(x, p=1.0),
        lambda x: F.normalize(x, p=3.0),
        F.pairwise_distances,
        lambda x: F.pairwise_distances(x, x * 1.0),
        lambda x: F.pairwise_distances(x, squared=True),
        lambda x: F.contrastive_loss(x, x, np.array([1, 0, 1])),
        lambda x: F.contrastive_loss(x, x * 1.0, np.array([0, 0, 0])),
        lambda x: F.triplet_margin_loss(x, x, x),
        lambda x: F.triplet_margin_loss(x, x * 1.0, x * 1.0, swap=True),
        lambda x: F.instance_norm(x.reshape(1, 3, 2)),
        lambda x: F.layer_norm(x, 2),
        lambda x: F.batch_norm(x, None, None, training=True),
    ],
)
def test_gradients_at_distance_zero_are_finite(function, dtype):
    x = np.array([[0, 0], [0, 0], [1, 2]], dtype)
    (g,) = slope(function, x)
    assert g.dtype == dtype and np.isfinite(g).all()


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(F.normalize(x).numpy(), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(F.normalize(x, p=1.0).numpy(), [[3 / 7, 4 / 7], [0, 0]])
    np.testing.assert_allclose(F.normalize(x, p=4.0).numpy()[0], x[0] / (81 + 256) ** 0.25)
    small = np.full((1, 2), 1e-10, np.float32)
    np.testing.assert_allclose(F.normalize(small).numpy(), 0.5**0.5, rtol=1e-6)


def test_pairwise_distances_do_not_cancel():
    a = np.array([[1e6, 0.0], [1e6 + 1e-3, 0.0]])
    np.testing.assert_allclose(F.pairwise_distances(a).numpy()[0, 1], 1e-3, rtol=1e-6)
    d = F.pairwise_distances(np.array([[0.0, 0], [3, 4]]), np.array([[0.0, 0], [6, 8], [3, 4]]))
    np.testing.assert_allclose(d.numpy(), [[0, 10, 5], [5, 5, 0]])


def test_contrastive_loss_by_hand():
    a = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    b = np.array([[3.0, 4.0], [0.3, 0.4], [3.0, 4.0]])
    loss = F.contrastive_loss(a, b, np.array([1, 0, 0]), margin=2.0, reduction="none")
    np.testing.assert_allclose(loss.numpy(), [12.5, 0.5 * 1.5**2, 0])


def test_triplet_margin_loss_by_hand():
    a, p, n = np.zeros((1, 2)), np.array([[0.0, 3.0]]), np.array([[4.0, 0.0]])
    for margin, expected in ((0.5, 0.0), (3.0, 2.0)):
        got = F.triplet_margin_loss(a, p, n, margin).item()
        np.testing.assert_allclose(got, expected, atol=1e-5)


# -- chance ---------------------------------------------------------------------------------------


def test_dropout_statistics():
    x = Tensor(np.full((200, 500), 2.0, np.float32), requires_grad=True)
    y = F.dropout(x, 0.3, rng=np.random.default_rng(0))
    kept = y.numpy() != 0
    assert abs(kept.mean() - 0.7) < 0.005 and y.dtype == np.float32
    np.testing.assert_allclose(y.numpy()[kept], 2 / 0.7, rtol=1e-6)
    rows, columns = kept.mean(1), kept.mean(0)  # every element by itself
    assert rows.std() < 0.03 and columns.std() < 0.045
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), kept / 0.7, rtol=1e-6)


def test_dropout_from_generator_or_seed():
    x = ones(50)
    first = F.dropout(x, rng=7).numpy()
    np.testing.assert_array_equal(first, F.dropout(x, rng=7).numpy())
    np.testing.assert_array_equal(first, F.dropout(x, rng=np.random.default_rng(7)).numpy())
    rng = np.random.default_rng(7)
    assert (F.dropout(x, rng=rng).numpy() != F.dropout(x, rng=rng).numpy()).any()
    assert (F.dropout(x).numpy() != F.dropout(x).numpy()).any()


def test_dropout_at_its_ends():
    x = ones(50)
    assert F.dropout(x, 0.0) is x and F.dropout(x, training=False) is x
    assert not F.dropout(x, 1.0).numpy().any()
    state = np.random.get_state()[1].copy()
    F.dropout(x, 0.5)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


# -- padding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", PAD_MODES)
@pytest.mark.parametrize(
    "pairs", [((0, 0),), ((1, 2),), ((2, 0), (0, 3)), ((1, 1), (2, 0), (3, 1)), ((2, 2), (3, 3))]
)
@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_pad_as_numpy_does(mode, pairs, dtype):
    x = (np.random.default_rng(0).standard_normal((3, 4, 5)) * 9).astype(dtype)
    whole = ((0, 0),) * (3 - len(pairs)) + pairs
    y = F.pad(x, pairs, mode)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), np.pad(x, whole, mode))


@pytest.mark.parametrize("value", [7.0, -np.inf])
def test_pad_by_a_value(value):
    x = np.ones((2, 3), np.float32)
    expected = np.pad(x, ((1, 0), (2, 3)), constant_values=value)
    np.testing.assert_array_equal(F.pad(x, [(1, 0), (2, 3)], value=value).numpy(), expected)


@pytest.mark.parametrize("mode", PAD_MODES)
def test_gradient_of_pad_counts_the_copies(mode):
    x, pairs = np.arange(20.0).reshape(4, 5), ((2, 1), (3, 2))
    (g,) = slope(lambda x: F.pad(x, pairs, mode), x)
    places = np.pad(np.arange(1, 21).reshape(4, 5), pairs, mode)
    counts = np.bincount(places.reshape(-1), minlength=21)[1:]
    np.testing.assert_array_equal(g, counts.reshape(4, 5))


# -- norms ----------------------------------------------------------------------------------------


def test_batch_norm_trains_and_evaluates():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6, 3, 4, 5)) * 3 + np.arange(3.0).reshape(3, 1, 1)
    mean, var = Tensor(np.full(3, 10.0)), Tensor(np.full(3, 2.0))
    y = F.batch_norm(x, mean, var, training=True, momentum=0.25).numpy()
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((0, 2, 3)), 1, atol=1e-4)
    np.testing.assert_allclose(mean.numpy(), 7.5 + 0.25 * x.mean((0, 2, 3)))
    np.testing.assert_allclose(var.numpy(), 1.5 + 0.25 * x.var((0, 2, 3), ddof=1))
    before = mean.numpy().copy(), var.numpy().copy()
    z = F.batch_norm(x, mean, var, eps=0.0).numpy()
    shape = (1, 3, 1, 1)
    expected = (x - before[0].reshape(shape)) / np.sqrt(before[1].reshape(shape))
    np.testing.assert_allclose(z, expected)
    np.testing.assert_array_equal(mean.numpy(), before[0])
    np.testing.assert_array_equal(var.numpy(), before[1])


def test_running_statistics_are_outside_the_graph_and_keep_their_dtype():
    mean, var = Tensor(np.zeros(2, np.float32)), Tensor(np.ones(2, np.float32))
    old = mean.data
    x = Tensor(np.random.default_rng(0).standard_normal((4, 2)), requires_grad=True)
    F.batch_norm(x, mean, var, training=True).sum().backward()
    assert mean.dtype == var.dtype == np.float32
    assert not mean.requires_grad and mean.is_leaf and not old.any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_norms_keep_dtype(dtype):
    x = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(dtype)
    w = Tensor(np.ones(4, dtype))
    stats = Tensor(np.zeros(4, dtype)), Tensor(np.ones(4, dtype))
    for y in (
        F.batch_norm(x, *stats, w, w),
        F.batch_norm(x, *stats, w, w, training=True),
        F.instance_norm(x, w, w),
        F.layer_norm(x, 5),
    ):
        assert y.dtype == dtype
    assert stats[0].dtype == stats[1].dtype == dtype


@pytest.mark.parametrize(
    "function",
    [
        lambda x: F.relu(x),
        lambda x: F.softmax(x, 1),
        lambda x: F.log_softmax(x, 1),
        lambda x: F.layer_norm(x, 3),
        lambda x: F.normalize(x),
        lambda x: F.linear(x, ones(5, 3)),
        lambda x: F.mse_loss(x, x, "none"),
        lambda x: F.cross_entropy(x, np.zeros(0, int), "sum"),
        lambda x: F.pad(x, [(1, 1)]),
        lambda x: F.pairwise_distances(x, ones(2, 3)),
        lambda x: F.dropout(x, rng=0),
    ],
)
def test_no_rows(function):
    x = Tensor(np.ones((0, 3), np.float32), requires_grad=True)
    function(x).sum().backward()
    assert x.grad.shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.int8])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "relu", "leaky_relu", "elu", "tanh"])
def test_integers_count_as_their_values(name, dtype):
    values = np.array([0, 1, 5, 100], dtype)
    got = getattr(F, name)(values).numpy()
    expected = getattr(F, name)(values.astype(np.float64)).numpy()
    if np.dtype(got.dtype).kind == "f":
        np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(got.dtype).eps)
    else:
        np.testing.assert_array_equal(got, expected.astype(dtype))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.int8, np.int64])
@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: F.softmax(a, 1),
        lambda a, b: F.log_softmax(a, 1),
        lambda a, b: F.cross_entropy(a, [0, 1]),
        lambda a, b: F.nll_loss(a, [0, 1]),
        F.mse_loss,
        F.binary_cross_entropy_with_logits,
        lambda a, b: F.triplet_margin_loss(a, b, a),
        lambda a, b: F.contrastive_loss(a, b, np.array([0, 1], np.uint8)),
        F.pairwise_distances,
        lambda a, b: F.normalize(a),
        lambda a, b: F.layer_norm(a, 2),
        lambda a, b: F.batch_norm(a, None, None, training=True),
    ],
)
def test_narrow_integers_do_not_wrap_around(function, dtype):
    """Losses, distances and norms of whole numbers are those of the same floats."""
    a, b = np.array([[100, 1], [2, 120]], dtype), np.array([[1, 100], [127, 3]], dtype)
    expected = function(a.astype(np.float32), b.astype(np.float32)).numpy()
    np.testing.assert_allclose(function(a, b).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (
            lambda x: F.softmax(x, dim=1),
            "softmax: got 'dim', which is PyTorch's name; write axis=1",
        ),
        (lambda x: x.sum(dim=0), "sum: got 'dim', .* write axis=0"),
        (lambda x: x.mean(0, keepdim=True), "mean: got 'keepdim', .* write keepdims=True"),
        (lambda x: nns.concatenate([x, x], dim=1), "concatenate: got 'dim'"),
        (
            lambda x: Tensor.from_op("s", x.data, x, lambda g: g),
            r"from_op: expected edges .*\(x, l",
        ),
        (lambda x: Tensor.from_op("s", x.data, (x.data, lambda g: g)), "from_op: expected edges"),
    ],
)
def test_names_of_pytorch_are_answered_with_ours(mistake, words):
    with pytest.raises(TypeError, match=words):
        mistake(Tensor(np.ones((2, 2)), requires_grad=True))


def test_flat_padding_is_pytorchs():
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    expected = np.pad(x, ((0, 0), (0, 0), (2, 3), (0, 1)))
    np.testing.assert_array_equal(F.pad(x, (0, 1, 2, 3)).numpy(), expected)
    np.testing.assert_array_equal(F.pad(x, ((2, 3), (0, 1))).numpy(), expected)


@pytest.mark.parametrize(
    ("n", "kernel", "dilation", "padding", "refused"),
    [
        (1, 3, 2, 1, True),
        (1, 3, 2, 2, False),
        (2, 2, 3, 1, True),
        (1, 2, 3, 1, True),
        (5, 3, 2, 2, False),
    ],
)
def test_a_window_of_padding_only_is_refused(n, kernel, dilation, padding, refused):
    """With dilation the inputs may lie in the gaps; its maximum would be −inf."""
    x = np.ones((1, 1, n), np.float32)
    arguments = {"kernel_size": kernel, "stride": 6, "padding": padding, "dilation": dilation}
    if refused:
        with pytest.raises(ValueError, match="max_pool1d: a window sees padding only"):
            F.max_pool1d(x, **arguments, ceil_mode=True)
    else:
        assert np.isfinite(F.max_pool1d(x, **arguments, ceil_mode=True).numpy()).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_pooling_keeps_the_digits_of_long_windows(dtype):
    x = Tensor(np.full((1, 1, 200, 300), 2.1, dtype), requires_grad=True)
    for y in (
        F.avg_pool2d(x, (200, 300)),
        F.avg_pool2d(x, (100, 150), stride=1),
        F.adaptive_avg_pool2d(x, (2, 1)),
        x.mean((2, 3)),
    ):
        assert y.dtype == dtype
        np.testing.assert_allclose(y.numpy(), np.asarray(2.1, dtype), rtol=np.finfo(dtype).eps)


def test_maximum_lets_nan_pass():
    """As in PyTorch: NaN is neither smaller nor larger, so its gradient is that of the winner."""
    x = Tensor([np.nan, 1.0, 3.0], requires_grad=True)
    (g,) = nns.grad(nns.maximum(x, 2.0), x, np.ones(3))
    np.testing.assert_array_equal(g.numpy(), [1, 0, 1])


def test_powers_of_zero_have_no_gradient_in_the_exponent():
    e = Tensor([2.0, 0.0, 0.5], requires_grad=True)
    np.testing.assert_array_equal(nns.grad(0.0**e, e, np.ones(3))[0].numpy(), [0, 0, 0])


NARROW_CALLS = {
    "normalize": lambda x, y: F.normalize(x, axis=0),
    "normalize with p": lambda x, y: F.normalize(x, p=3, axis=0),
    "triplet_margin_loss": lambda x, y: F.triplet_margin_loss(x, y, -x, margin=1e4),
    "contrastive_loss": lambda x, y: F.contrastive_loss(x, y, np.zeros(len(x)), margin=6e2),
    "pairwise_distances": lambda x, y: F.pairwise_distances(x[:4], y[:3]),
}


@pytest.mark.parametrize("name", NARROW_CALLS)
def test_squares_of_float16_do_not_overflow(name):
    """float16 ends at 65504, which the sum of squares of 300 numbers of 30 exceeds."""
    rng = np.random.default_rng(0)
    arrays = [(30 * rng.standard_normal((40, 300))).astype(np.float16) for _ in range(2)]
    arrays = [a.T.copy() if "normalize" in name else a for a in arrays]
    results = []
    for dtype in (np.float16, np.float64):
        x, y = (Tensor(a.astype(dtype), requires_grad=True) for a in arrays)
        value = NARROW_CALLS[name](x, y)
        assert value.dtype == dtype
        upstream = np.linspace(0.5, 1, value.size).reshape(value.shape).astype(dtype)
        results.append((value.numpy(), nns.grad(value, x, upstream)[0].numpy()))
    for narrow, wide in zip(*results, strict=True):
        assert np.abs(narrow - wide).max() <= 4e-3 * np.abs(wide).max()
