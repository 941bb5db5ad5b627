"""The training loop: its schedule by hand, what it passes on, and when it stops."""

import math

import numpy as np
import pytest

from nnscratch import Tensor, nn, optim
from nnscratch.faces import trainer
from nnscratch.faces.trainer import Schedule, train


def test_the_rate_rises_then_falls_along_half_a_cosine():
    schedule = Schedule(steps=110, lr=0.4, last_lr=0.1, warmup=10)
    rates = [schedule.rate(step) for step in range(110)]
    np.testing.assert_allclose(rates[:10], 0.04 * np.arange(1, 11))
    assert rates[10] == pytest.approx(0.4)
    assert rates[60] == pytest.approx(0.25)  # half way
    assert rates[35] == pytest.approx(0.1 + 0.15 * (1 + math.sqrt(0.5)))
    assert schedule.rate(110) == pytest.approx(0.1)
    assert rates[109] == pytest.approx(0.1, abs=1e-3)
    assert (np.diff(rates[10:]) < 0).all()


def test_short_schedules_and_no_warm_up():
    assert Schedule(steps=5, lr=1.0, warmup=0).rate(0) == 1.0
    rates = [Schedule(steps=5, lr=1.0, warmup=50).rate(step) for step in range(5)]
    np.testing.assert_allclose(rates, np.arange(1, 6) / 50)
    assert math.isfinite(Schedule(steps=50, warmup=50).rate(50))


class Line(nn.Module):
    """One weight, and a note of the modes in which it was called."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(np.zeros(1, np.float32))
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return x * self.weight


def sample(step):
    return np.full((4, 1), step, np.float32), np.arange(4) % 2


def towards(target):
    return lambda f, labels: ((f - target) ** 2).mean()


def test_what_a_step_does():
    """Each step takes its own sample, and passes on the encodings from before the update."""
    network, seen = Line().eval(), []
    train(
        network,
        lambda step: sample(step + 1),
        towards(1.0),
        Schedule(steps=5, lr=0.1, warmup=0),
        lambda *args: seen.append(args),
    )
    assert network.modes == [True] * 5
    assert not network.training
    assert [step for step, *_ in seen] == [1, 2, 3, 4, 5]
    for step, loss, encodings, labels in seen:
        assert isinstance(loss, float)
        assert isinstance(encodings, np.ndarray)
        assert loss == pytest.approx(float(((encodings - 1) ** 2).mean()))
        np.testing.assert_array_equal(labels, [0, 1, 0, 1])
        assert len(encodings) == 4 and step > 0
    np.testing.assert_array_equal(seen[0][2], np.zeros((4, 1)))
    np.testing.assert_allclose(seen[1][2], np.full((4, 1), 2 * 0.1), rtol=1e-3)  # Adam: lr a step


def test_the_optimiser_gets_the_schedule(monkeypatch):
    made = []

    class Watched(optim.Adam):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            self.settings, self.rates = settings, []
            made.append(self)

        def step(self):
            self.rates.append(self.lr)
            super().step()

    monkeypatch.setattr(trainer, "Adam", Watched)
    schedule = Schedule(steps=6, lr=0.1, warmup=2, weight_decay=0.03)
    train(Line(), sample, towards(1.0), schedule, lambda *args: None)
    (adam,) = made
    assert adam.settings == {"weight_decay": 0.03}
    assert adam.rates == [schedule.rate(step) for step in range(6)]


def test_it_learns():
    network, losses = Line(), []
    rng = np.random.default_rng(0)

    def draw(step):
        return rng.uniform(1, 2, (8, 1)).astype(np.float32), np.arange(8)

    train(
        network,
        draw,
        lambda f, labels: ((f - 0.5) ** 2).mean(),
        Schedule(steps=150, lr=0.05, warmup=5),
        lambda step, loss, *_: losses.append(loss),
    )
    assert losses[-1] < 0.1 * losses[0]
    assert network.weight.item() == pytest.approx(1 / 3, abs=0.05)  # of x in [1, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_it(value):
    network, steps = Line(), []

    def loss(f, labels):
        return f.sum() * 0.0 + (value if len(steps) == 2 else 1.0)

    with pytest.raises(ValueError, match=f"the loss became {value} at step 3; lower the learning"):
        train(network, sample, loss, Schedule(steps=9), lambda step, *_: steps.append(step))
    assert steps == [1, 2]
    assert np.isfinite(network.weight.numpy()).all()


def test_on_step_may_end_it():
    def stop(step, *_):
        if step == 3:
            raise KeyboardInterrupt

    network = Line()
    with pytest.raises(KeyboardInterrupt):
        train(network, sample, towards(1.0), Schedule(steps=9), stop)
    assert len(network.modes) == 3


def test_gradients_do_not_add_up_over_steps():
    network, found = Line(), []

    def loss(f, labels):
        return (f * Tensor(np.ones((4, 1), np.float32))).sum()

    def look(*_):
        found.append(network.weight.grad.item())

    train(network, lambda step: sample(1), loss, Schedule(steps=3), look)
    assert found == [4, 4, 4]
