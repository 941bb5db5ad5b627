"""Create, compile, fit, evaluate, save: a ConvNet learns, files survive, mistakes are named."""

import numpy as np
import pytest

import nnscratch.functional as F
from nnscratch import nn, optim
from nnscratch.data import digits
from nnscratch.tensor import Tensor
from nnscratch.training import Model, accuracy


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


def test_a_last_batch_of_one_joins_the_one_before(data):
    model = Model(small_net()).compile(metrics=["accuracy"])
    history = model.fit(data[0][:33], data[1][:33], batch_size=32, verbose=False)
    assert np.isfinite(history["loss"][0])


def test_mistakes_are_named(data):
    x, y = data[0][:10], data[1][:10]
    model = Model(small_net())
    with pytest.raises(ValueError, match="fit: call compile"):
        model.fit(x, y)
    with pytest.raises(ValueError, match="expected optimizer in"):
        model.compile("adamw")
    with pytest.raises(ValueError, match="expected loss in"):
        model.compile(loss="hinge")
    with pytest.raises(ValueError, match="expected metric in"):
        model.compile(metrics=["f1"])
    model.compile()
    with pytest.raises(ValueError, match="as many inputs as targets"):
        model.fit(x, y[:5])
    with pytest.raises(ValueError, match="at least 1 epoch"):
        model.fit(x, y, epochs=0)
    with pytest.raises(ValueError, match="batch_size of at least 1"):
        model.fit(x, y, batch_size=0)
    with pytest.raises(ValueError, match="save: expected a name that ends in"):
        model.save("net.pth")
    model.compile(lambda_ := optim.SGD(model.module.parameters(), 1e12), "cross_entropy")
    assert lambda_ is model.optimizer
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match="the loss became nan|the loss became inf"),
    ):
        model.fit(x, y, batch_size=5, epochs=20, verbose=False)


def test_accuracy_counts_the_highest_scores():
    scores = Tensor(np.array([[1.0, 2, 3], [3, 2, 1], [0, 5, 0]]))
    assert accuracy(scores, np.array([2, 0, 0])) == pytest.approx(2 / 3)
