"""Create, compile, fit, evaluate, save: a ConvNet learns, files survive, mistakes are named."""

import re

import numpy as np
import pytest

import nnscratch.functional as F
from nnscratch import nn, optim
from nnscratch.data import digits
from nnscratch.tensor import Tensor
from nnscratch.training import Model, accuracy, binary_accuracy


def small_net(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, rng=rng),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 10, rng=rng),
    )


@pytest.fixture(scope="module")
def data():
    images, labels = digits(3000, np.random.default_rng(0))
    return images[:2500], labels[:2500], images[2500:], labels[2500:]


def test_a_small_convnet_learns_digits(data):
    x, y, held_x, held_y = data
    model = Model(small_net()).compile("adam", "cross_entropy", ["accuracy"], lr=3e-3)
    history = model.fit(x, y, 32, epochs=4, validation_data=(held_x, held_y), verbose=False)
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(values) == 4 for values in history.values())
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_accuracy"][-1] > 0.95
    figures = model.evaluate(held_x, held_y)
    assert figures["accuracy"] == pytest.approx(history["val_accuracy"][-1])
    scores = model.predict(held_x)
    assert scores.shape == (500, 10)
    assert (scores.argmax(1) == held_y).mean() == pytest.approx(figures["accuracy"])


def test_the_same_seed_repeats_the_training(data):
    x, y = data[0][:200], data[1][:200]
    histories = [
        Model(small_net()).compile().fit(x, y, epochs=2, verbose=False, seed=5) for _ in range(2)
    ]
    assert histories[0] == histories[1]


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors"])
def test_saved_weights_come_back(data, tmp_path, name):
    x, y = data[0][:100], data[1][:100]
    model = Model(small_net()).compile()
    model.fit(x, y, verbose=False)
    model.save(tmp_path / name)
    other = Model(small_net(seed=9)).load(tmp_path / name)
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors"])
def test_a_broken_or_foreign_file_is_refused(tmp_path, name):
    model = Model(small_net())
    with pytest.raises(ValueError, match="no file at"):
        model.load(tmp_path / name)
    model.save(tmp_path / name)
    with pytest.raises(ValueError, match=r"load: .* does not fit: (.|\n)*unexpected  1.bias"):
        Model(nn.Sequential(nn.Linear(2, 2))).load(tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:300])
    with pytest.raises(ValueError, match="broken or cut short"):
        model.load(tmp_path / name)


def test_an_earlier_file_survives_a_failed_save(tmp_path, monkeypatch):
    model = Model(small_net())
    path = tmp_path / "net.npz"
    model.save(path)
    before = path.read_bytes()

    def full_disk(stream, array, **options):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.lib.format.write_array", full_disk)
    with pytest.raises(ValueError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_losses_and_optimisers_of_your_own(data):
    x, y = data[0][:64], data[1][:64]
    module = small_net()

    def loss(output, target):
        return F.cross_entropy(output, target, label_smoothing=0.1)

    model = Model(module).compile(optim.SGD(module.parameters(), 0.05, 0.9), loss, [accuracy])
    seen = []
    history = model.fit(x, y, 16, 3, verbose=False, on_epoch=lambda i, f: seen.append((i, f)))
    assert history["loss"][-1] < history["loss"][0]
    assert [number for number, _ in seen] == [1, 2, 3]
    assert set(seen[0][1]) == {"loss", "accuracy"}


def test_the_mode_is_restored_and_running_statistics_rest(data):
    model = Model(small_net()).compile()
    model.module.train()
    before = model.module[1].running_mean.numpy().copy()
    model.evaluate(data[0][:50], data[1][:50])
    assert model.module.training
    np.testing.assert_array_equal(model.module[1].running_mean.numpy(), before)


def sizes_of_batches(count, batch_size, net=None, **options):
    """Batch sizes in one epoch, and the first number of each item in the order it was seen."""
    sizes, seen = [], []

    class Watching(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1, rng=0)

        def forward(self, x):
            sizes.append(len(x))
            seen.extend(x.numpy()[:, 0].tolist())
            return self.layer(x)

    model = Model(net or Watching()).compile("sgd", "mse", lr=1e-3)
    x = np.arange(count, dtype=np.float32)[:, None]
    model.fit(x, x, batch_size, verbose=False, **options)
    return sizes, seen


@pytest.mark.parametrize(
    ("count", "size", "drop_last", "expected"),
    [
        (5, 1, False, [1, 1, 1, 1, 1]),
        (33, 32, False, [32, 1]),
        (33, 32, True, [32]),
        (10, 4, False, [4, 4, 2]),
        (10, 4, True, [4, 4]),
        (8, 4, True, [4, 4]),
        (3, 32, False, [3]),
    ],
)
def test_batches_have_the_size_that_was_asked_for(count, size, drop_last, expected):
    sizes, seen = sizes_of_batches(count, size, drop_last=drop_last)
    assert sizes == expected
    assert len(set(seen)) == len(seen) == sum(expected)


def test_a_single_item_left_over_for_batch_norm_is_an_error_with_its_remedy():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Linear(3, 1, rng=1))
    x = np.random.default_rng(0).random((9, 2), np.float32)
    model = Model(net).compile("sgd", "mse")
    with pytest.raises(ValueError, match="BatchNorm1d: .* more than one value .*drop_last=True"):
        model.fit(x, x[:, :1], 4, verbose=False)
    assert model.fit(x, x[:, :1], 4, verbose=False, drop_last=True)["loss"]


def test_each_fit_has_a_new_order_and_a_program_the_same():
    def orders():
        order = []

        class Watching(nn.Linear):
            def forward(self, x):
                order.extend(x.numpy()[:, 0].astype(int).tolist())
                return super().forward(x)

        model = Model(Watching(1, 1, rng=0)).compile("sgd", "mse")
        x = np.arange(20, dtype=np.float32)[:, None] / 1
        for options in ({}, {}, {"seed": 3}, {"seed": 3}, {"shuffle": False}):
            model.fit(x, x * 0, 8, verbose=False, **options)
        return np.reshape(order, (5, 20))

    first, second, third, fourth, fifth = orders()
    assert (first != second).any() and (third == fourth).all() and (fifth == np.arange(20)).all()
    np.testing.assert_array_equal(orders()[1], second)
    for order in (first, second, third):
        assert sorted(order) == list(range(20)) and (order != np.arange(20)).any()


def test_ctrl_c_keeps_the_history_and_the_weights(capsys):
    net = nn.Linear(1, 1, rng=0)
    model = Model(net).compile("sgd", "mse", lr=0.1)
    x = np.ones((8, 1), np.float32)
    after = []

    def stop_in_the_third(epoch, figures):
        after.append(net.weight.numpy().copy())

    class Interrupting:
        def __init__(self):
            self.calls = 0

        def __call__(self, output, target):
            self.calls += 1
            if self.calls == 6:  # in the middle of the third epoch
                raise KeyboardInterrupt
            return 0.0

    model.compile("sgd", "mse", [Interrupting()], lr=0.1)
    with pytest.raises(KeyboardInterrupt, match="fit: stopped after 2 of 5 epochs; .*history"):
        model.fit(x, x * 3, 4, 5, verbose=False, on_epoch=stop_in_the_third)
    assert len(model.history["loss"]) == len(model.history["Interrupting"]) == 2
    assert model.history["loss"][1] < model.history["loss"][0]
    assert (net.weight.numpy() != after[-1]).all()  # one more step was taken


# -- data -----------------------------------------------------------------------------------------


X = np.random.default_rng(3).standard_normal((12, 2)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int64)


@pytest.mark.parametrize(
    "convert",
    [lambda a: a.tolist(), Tensor, lambda a: [Tensor(row) for row in a], list, np.float64],
    ids=["list", "Tensor", "list of Tensors", "list of arrays", "float64"],
)
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_data_may_be_lists_and_tensors(convert, loss):
    def history(x, y):
        model = Model(nn.Linear(2, 2, rng=0)).compile("sgd", loss, lr=0.1)
        figures = model.fit(x, y, 5, 2, validation_data=(x, y), verbose=False, seed=0)
        assert model.predict(x).dtype == np.float32
        return figures | model.evaluate(x, y)

    integers = loss == "cross_entropy"
    y = LABELS if integers else X[:, ::-1].copy()
    if integers and convert is np.float64:
        return
    given = y.tolist() if integers and convert is not Tensor else convert(y)
    assert history(convert(X), given) == history(X, y)


def test_the_lists_of_a_bug_report():
    model = Model(nn.Linear(1, 1, rng=0)).compile("sgd", "mse", lr=0.1)
    assert model.fit([[1.0], [2.0]], [[1.0], [2.0]], verbose=False)["loss"]
    assert model.fit([[1], [2]], [[1], [2]], verbose=False)["loss"]
    assert model.predict([[1], [2]]).dtype == np.float32
    assert next(model.module.parameters()).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float32, np.float64])
def test_targets_may_be_one_hot_in_any_type(dtype):
    def loss(y):
        model = Model(nn.Linear(2, 3, rng=0)).compile("sgd", "cross_entropy", ["accuracy"])
        model.fit(X, y, verbose=False, seed=0)
        return model.evaluate(X, y)

    one_hot = np.eye(3)[LABELS]
    assert loss(one_hot.astype(dtype)) == pytest.approx(loss(LABELS), rel=1e-6)


@pytest.mark.parametrize("loss", ["mse", "binary_cross_entropy"])
def test_one_score_per_item_takes_targets_of_one_axis(loss):
    def history(y):
        return Model(nn.Linear(2, 1, rng=0)).compile("sgd", loss).fit(X, y, verbose=False, seed=0)

    assert history(LABELS) == history(LABELS[:, None].astype(np.float32))


def test_everything_stays_in_the_dtype_of_the_network():
    dtypes = []

    def loss(output, target):
        dtypes.append(output.dtype)
        return F.mse_loss(output, Tensor(target).astype(output.dtype))

    x = X.astype(np.float64)
    for dtype in (np.float32, np.float64):
        net = nn.Linear(2, 2, rng=0).to(dtype)
        Model(net).compile("sgd", loss).fit(x, x, verbose=False)
        assert dtypes[-1] == dtype and net.weight.dtype == dtype


@pytest.mark.parametrize("place", ["x", "y"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_in_the_data_is_named_before_anything_is_trained(place, value):
    data = {"x": X.copy(), "y": X.copy()}
    data[place][7, 1] = value
    net = nn.Linear(2, 2, rng=0)
    before = net.weight.numpy().copy()
    model = Model(net).compile("sgd", "mse")
    words = f"{place} holds NaN or infinite numbers in 1 of 12 items, first in item 7"
    with pytest.raises(ValueError, match=f"fit: {words}"):
        model.fit(**data, verbose=False)
    with pytest.raises(ValueError, match=f"fit: validation_data: {words}"):
        model.fit(X, X, validation_data=(data["x"], data["y"]), verbose=False)
    with pytest.raises(ValueError, match=f"evaluate: {words}"):
        model.evaluate(**data)
    np.testing.assert_array_equal(net.weight.numpy(), before)


def test_wrong_data_are_named():
    model = Model(nn.Linear(2, 2, rng=0)).compile("sgd", "mse")
    for x, words in (
        ([[1.0, 2.0], [3.0]], "fit: the items of x differ in shape"),
        ([], r"fit: expected x \(N, ...\) of at least 1 item"),
        (3.0, r"fit: expected x \(N, ...\) of at least 1 item"),
        ((row for row in X), "fit: expected x as an array, .* got generator"),
        ([["a", "b"]], "fit: expected x as an array, .* got list"),
        ({"x": X}, "fit: expected x as an array, .* got dict"),
        (X.astype(complex), "fit: expected x as an array, .* got ndarray of complex64|128"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            model.fit(x, X, verbose=False)
    with pytest.raises(TypeError, match=r"fit: expected validation_data as a pair \(x, y\), got"):
        model.fit(X, X, validation_data=X, verbose=False)
    with pytest.raises(ValueError, match="predict: expected x"):
        model.predict([])
    with pytest.raises(ValueError, match="fit: drop_last leaves nothing of 12 items; use a batch"):
        model.fit(X, X, 13, drop_last=True, verbose=False)


# -- frozen layers, optimisers --------------------------------------------------------------------


def test_frozen_layers_stay_and_the_rest_trains():
    net = small_net()
    net[0].weight.requires_grad = False
    net[4].requires_grad_(False)
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    x = np.random.default_rng(0).random((8, 1, 28, 28), np.float32)
    Model(net).compile("adam", "cross_entropy").fit(x, np.arange(8), verbose=False)
    moved = {n for n, v in net.state_dict().items() if (v.numpy() != before[n]).any()}
    assert not moved & {"0.weight", "4.weight", "4.bias"}
    assert {"8.weight", "8.bias", "1.weight"} <= moved
    with pytest.raises(ValueError, match="Adam: no parameter requires a gradient; unfreeze one"):
        Model(net.requires_grad_(False)).compile("adam")


def test_an_optimiser_of_another_network_is_refused():
    net, other = nn.Linear(2, 1, rng=0), nn.Linear(2, 1, rng=0)
    with pytest.raises(ValueError, match="compile: the optimizer has no parameter of this network"):
        Model(net).compile(optim.SGD(other.parameters()), "mse")
    both = [*net.parameters(), *other.parameters()]
    Model(net).compile(optim.SGD(both), "mse").fit(X, LABELS, verbose=False)
    head_only = nn.Sequential(nn.Linear(2, 2, rng=0), net)
    Model(head_only).compile(optim.SGD(net.parameters()), "mse").fit(X, LABELS, verbose=False)


def test_a_layer_that_is_replaced_after_compile_is_noticed():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1))
    model = Model(net).compile("sgd")
    net[1] = nn.Linear(2, 2, rng=2)
    with pytest.raises(ValueError, match="fit: the network has other parameters .*compile again"):
        model.fit(X, LABELS, verbose=False)
    model.compile("sgd").fit(X, LABELS, verbose=False)
    net[0].requires_grad_(False)
    model.fit(X, LABELS, verbose=False)


# -- accuracy and metrics -------------------------------------------------------------------------


def test_accuracy_of_one_score():
    """The case of a bug report: 50 epochs of logistic regression on a separable line."""
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    y = (x > 0).astype(np.float32)
    for loss in ("binary_cross_entropy", F.binary_cross_entropy_with_logits):
        model = Model(nn.Linear(1, 1, rng=0)).compile("sgd", loss, ["accuracy"], lr=1.0)
        model.fit(x, y, epochs=50, verbose=False)
        assert model.evaluate(x, y)["accuracy"] == 1.0
        assert model.evaluate(x, 1 - y)["accuracy"] == 0.0


class Fixed(nn.Module):
    """Gives the scores it was made with, whatever the input."""

    def __init__(self, scores):
        self.scores = nn.Parameter(np.array(scores, np.float32))

    def forward(self, x):
        return self.scores


@pytest.mark.parametrize(
    ("loss", "scores", "target", "expected"),
    [
        ("cross_entropy", [[1, 2, 0], [3, 2, 1]], [1, 1], 1 / 2),
        ("cross_entropy", [[1, 2, 0], [3, 2, 1]], [[0, 1, 0], [0, 0, 1]], 1 / 2),
        ("cross_entropy", [[1, 2, 0], [3, 2, 1]], [[0.1, 0.8, 0.1], [0.6, 0.2, 0.2]], 1.0),
        ("cross_entropy", [[[1, 2], [3, 0]]], [[1, 1]], 1 / 2),
        ("binary_cross_entropy", [[2], [-2], [0.3], [-0.3]], [[1], [0], [0], [1]], 1 / 2),
        ("binary_cross_entropy", [[2], [-2], [0.3], [0.2]], [1, 0, 1, 0], 3 / 4),
        ("binary_cross_entropy", [2, -2, 0.3], [1, 0, 1], 1.0),
        ("binary_cross_entropy", [[2, 1, -1], [-2, -1, 3]], [[1, 1, 0], [0, 1, 1]], 5 / 6),
        ("binary_cross_entropy", [[2, 1], [-2, -1]], [[1, 0], [0, 1]], 1 / 2),
        ("mse", [[0.9], [0.1], [0.4], [0.7]], [[1], [0], [1], [1]], 3 / 4),
        ("mse", [[0.4, 0.3], [0.1, 0.2]], [[1, 0], [0, 1]], 1.0),
        ("mse", [[0.9, 0.8], [0.1, 0.6]], [[1, 1], [0, 0]], 3 / 4),
    ],
)
def test_accuracy_fits_the_loss(loss, scores, target, expected):
    model = Model(Fixed(scores)).compile("sgd", loss, ["accuracy"])
    x = np.zeros((len(scores), 1), np.float32)
    for y in (target, np.array(target)):
        assert model.evaluate(x, y)["accuracy"] == pytest.approx(expected)


def test_accuracy_that_cannot_be_told_is_refused():
    one, two = Tensor(np.zeros((4, 1))), Tensor(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="accuracy: .* use training.binary_accuracy"):
        accuracy(one, np.zeros((4, 1)))
    with pytest.raises(ValueError, match="accuracy: .*several labels .*binary_accuracy"):
        accuracy(two, np.array([[1, 1, 0], [0, 0, 1]]))
    for target in (np.zeros(3), np.zeros((3, 2)), np.zeros((2, 1))):
        with pytest.raises(ValueError, match=r"accuracy: expected scores \(N, C, ...\) and target"):
            accuracy(two, target)
    for target in (np.zeros(3), np.zeros((3, 2)), np.zeros((3, 4))):
        with pytest.raises(ValueError, match="binary_accuracy: expected two of one shape"):
            binary_accuracy(two, target)
    with pytest.raises(ValueError, match="binary_accuracy: expected targets 0 and 1, got -1"):
        binary_accuracy(one, np.array([1, -1, 1, -1]))
    assert binary_accuracy(np.array([0.4, 0.6]), [0, 1], threshold=0.5) == 1.0


def test_metrics_that_are_tensors_become_numbers():
    model = Model(nn.Linear(2, 2, rng=0)).compile("sgd", "mse", [F.mse_loss])
    history = model.fit(X, X, 5, verbose=False)
    assert type(history["mse_loss"][0]) is float
    assert history["mse_loss"] == pytest.approx(history["loss"])
    assert type(model.evaluate(X, X)["mse_loss"]) is float


def test_metrics_of_one_name_are_all_kept():
    metrics = [lambda o, t: 1.0, lambda o, t: 2.0, accuracy, "accuracy"]
    metrics[2:2] = [lambda o, t: Tensor([3.0])]

    def loss(output, target):
        return 4

    model = Model(nn.Linear(2, 2, rng=0)).compile("sgd", "cross_entropy", [*metrics, loss])
    figures = model.evaluate(X, LABELS)
    assert [*figures.values()][1:4] == [1.0, 2.0, 3.0] and len(figures) == 7
    assert figures["loss"] != 4 and [*figures.values()][-1] == 4.0


def test_mistakes_are_named(data):
    x, y = data[0][:10], data[1][:10]
    model = Model(small_net())
    with pytest.raises(ValueError, match="fit: call compile"):
        model.fit(x, y)
    with pytest.raises(
        ValueError, match="expected optimizer in .*'adamw', 'rmsprop'.*got 'adagrad'"
    ):
        model.compile("adagrad")
    with pytest.raises(ValueError, match="expected loss in"):
        model.compile(loss="hinge")
    with pytest.raises(ValueError, match="expected metric in"):
        model.compile(metrics=["f1"])
    for metrics in ("accuracy", accuracy, None):
        with pytest.raises(
            TypeError,
            match=f"compile: expected metrics as a list, got .*{metrics}"
            if isinstance(metrics, str)
            else "compile: expected metrics as a list",
        ):
            model.compile(metrics=metrics)
    with pytest.raises(TypeError, match="compile: expected metric in .* got 3"):
        model.compile(metrics=[3])
    with pytest.raises(TypeError, match="compile: expected loss in .* got None"):
        model.compile(loss=None)
    words = r"compile: expected an optimizer in .*got Adam; write optim.Adam\(net.parameters"
    with pytest.raises(TypeError, match=words):
        model.compile(optim.Adam)
    with pytest.raises(TypeError, match="compile: expected an optimizer in .*got NoneType"):
        model.compile(None)
    with pytest.raises(TypeError, match="compile: LBFGS needs a closure"):
        model.compile(optim.LBFGS(model.module.parameters()))
    with pytest.raises(ValueError, match="compile: lr is for an optimizer given by name"):
        model.compile(optim.SGD(model.module.parameters()), lr=0.1)
    with pytest.raises(ValueError, match="Adam: expected lr as a finite number"):
        model.compile("adam", lr=np.nan)
    with pytest.raises(ValueError, match="fit: call compile"):
        model.fit(x, y)  # a compile that failed changed nothing
    model.compile(loss=lambda output, target: output)
    with pytest.raises(TypeError, match=r"fit: expected the loss .* got Tensor of shape \(10, 10"):
        model.fit(x, y)
    model.compile(loss=lambda output, target: 0.5)
    with pytest.raises(TypeError, match="fit: expected the loss as a Tensor .* got float"):
        model.fit(x, y)
    model.compile(metrics=[lambda output, target: output])
    with pytest.raises(TypeError, match="fit: expected one number from metric <lambda>, got Tens"):
        model.fit(x, y)
    model = Model(nn.Linear(2, 1)).compile("sgd", "cross_entropy")
    with pytest.raises(
        ValueError, match=r"fit: the cross-entropy of one score \(12, 1\) is always"
    ):
        model.fit(X, LABELS)
    model = Model(small_net()).compile()
    with pytest.raises(ValueError, match="as many inputs as targets"):
        model.fit(x, y[:5])
    for wrong in (0, -1, 2.5, "2", None, True):
        words = f"expected {{}} as an int of at least 1, got {re.escape(repr(wrong))}"
        for name in ("epochs", "batch_size"):
            with pytest.raises(ValueError, match=f"fit: {words.format(name)}"):
                model.fit(x, y, **{name: wrong})
        for method in (model.evaluate, model.predict):
            arguments = (x, y) if method == model.evaluate else (x,)
            with pytest.raises(ValueError, match=words.format("batch_size")):
                method(*arguments, batch_size=wrong)
    with pytest.raises(ValueError, match="save: expected a name that ends in"):
        model.save("net.pth")
    model.compile(lambda_ := optim.SGD(model.module.parameters(), 1e38), "cross_entropy")
    assert lambda_ is model.optimizer
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match="the loss became (nan|inf), .* lower the learning rate"),
    ):
        model.fit(x, y, batch_size=5, epochs=20, verbose=False)


def test_accuracy_counts_the_highest_scores():
    scores = Tensor(np.array([[1.0, 2, 3], [3, 2, 1], [0, 5, 0]]))
    assert accuracy(scores, np.array([2, 0, 0])) == pytest.approx(2 / 3)


def test_a_model_says_what_it_is():
    model = Model(nn.Linear(2, 1, rng=0))
    layer = "Linear(in_features=2, out_features=1)"
    assert repr(model) == f"Model({layer}, not compiled)"
    model.compile("adam", "mse", [accuracy])
    assert repr(model) == f"Model({layer}, optimizer=Adam, loss=mse_loss, metrics=['accuracy'])"
