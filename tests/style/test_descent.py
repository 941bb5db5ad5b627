"""The optimisers of a scale, on costs that are easy to see through."""

from types import SimpleNamespace

import numpy as np
import pytest

from nnscratch.style.descent import Descent, first_state, has_converged, next_scale
from nnscratch.style.settings import Settings

TARGET = np.linspace(0.1, 0.9, 3 * 4 * 5).reshape(3, 4, 5)
CURVATURE = np.geomspace(1, 30, TARGET.size).reshape(TARGET.shape)


class Bowl:
    """½ Σ c (x − t)², told apart into the three costs."""

    def __init__(self, target=TARGET):
        self.target = target

    def value(self, image):
        loss = float((0.5 * CURVATURE * (image[0] - self.target) ** 2).sum())
        return SimpleNamespace(content=0.5 * loss, style=0.25 * loss, tv=0.25 * loss)

    def gradient(self, image):
        return self.value(image), CURVATURE * (image - self.target)


def descend(settings, iterations, bowl=None, state=None):
    state = state or first_state(np.full(TARGET.shape, 0.5))
    pauses = []
    Descent(
        bowl or Bowl(), settings, iterations, state, None, lambda state: pauses.append(state.step)
    ).run()
    return state, pauses


@pytest.mark.parametrize(
    "optimizer, lr", [("gd", 0.02), ("gd", 10.0), ("adam", 0.02), ("lbfgs", 1)]
)
def test_each_finds_the_bottom(optimizer, lr):
    state, _ = descend(Settings(optimizer, lr=lr), 400)
    np.testing.assert_allclose(state.best, TARGET, atol=2e-3)


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs"])
def test_pixels_stay_in_range_and_reach_its_end(optimizer):
    state, _ = descend(Settings(optimizer), 200, Bowl(2 * TARGET - 0.5))
    np.testing.assert_allclose(state.best, (2 * TARGET - 0.5).clip(0, 1), atol=5e-3)
    assert state.best.min() >= 0
    assert state.best.max() <= 1


def test_gradient_descent_begins_with_a_tenth_of_lr():
    state, _ = descend(Settings("gd", lr=0.03, average=0.0), 1)
    length = np.sqrt(np.mean((state.image[0] - 0.5) ** 2))
    assert length == pytest.approx(0.003)


def test_nothing_to_do_is_no_error():
    for optimizer in ("gd", "adam", "lbfgs"):
        state, _ = descend(Settings(optimizer), 5, Bowl(np.full(TARGET.shape, 0.5)))
        np.testing.assert_array_equal(state.best, 0.5)


def test_lbfgs_pauses_between_rounds_only():
    narrow = Bowl()
    narrow.gradient = lambda image: (Bowl.value(narrow, image), CURVATURE * (image - TARGET))
    _, pauses = descend(Settings("adam"), 3)
    assert pauses == [1, 2, 3]
    state, pauses = descend(Settings("lbfgs"), 60, narrow)
    assert pauses[0] == 25
    assert pauses[-1] == state.step


def test_has_converged():
    falling, flat = [2.0**-k for k in range(40)], [1.0] * 40
    assert not has_converged(falling, 0.01)
    assert has_converged(flat, 0.01)
    assert not has_converged(flat, 0.0)
    assert not has_converged(flat[:39], 0.01)
    slow = [100 - k for k in range(40)]  # from 90.5 to 70.5: by 22 %
    assert has_converged(slow, 0.23)
    assert not has_converged(slow, 0.22)


def test_the_running_mean_is_without_bias():
    decay, iterates = 0.9, []
    state = first_state(np.full(TARGET.shape, 0.5))
    one = Descent(
        Bowl(),
        Settings(average=decay),
        7,
        state,
        lambda step: iterates.append(step.image.copy()),
        lambda state: None,
    )
    one.run()
    weights = decay ** np.arange(6, -1, -1.0)
    expected = np.tensordot(weights / weights.sum(), iterates, 1)
    np.testing.assert_allclose(state.average / state.share, expected)


def test_the_mean_of_iterates_is_the_best_where_they_jump_to_and_fro():
    start = np.random.default_rng(0).random(TARGET.shape)
    steps = [
        descend(Settings(lr=0.5, average=decay), 12, state=first_state(start))[0]
        for decay in (0, 0.8)
    ]
    assert steps[0].history == steps[1].history
    assert steps[1].best_loss < 0.9 * steps[0].best_loss


def test_moments_grow_as_gradients_shrink():
    """A cost that is a mean over pixels: with 4 times as many, each has a quarter of the slope."""
    state = first_state(np.full((1, 4, 4), 0.5))
    state.moments = {
        "m": np.full((1, 1, 4, 4), 8.0),
        "v": np.full((1, 1, 4, 4), 16.0),
        "t": np.array(7),
        "rate": np.array(3.0),
    }
    bigger = next_scale(state, (8, 8))
    np.testing.assert_allclose(bigger.moments["m"], np.full((1, 1, 8, 8), 2.0))
    np.testing.assert_allclose(bigger.moments["v"], np.full((1, 1, 8, 8), 1.0))
    assert bigger.moments["t"] == 7
    assert bigger.moments["t"].dtype.kind == "i"
    assert bigger.moments["rate"] == 12.0
    assert bigger.scale == 1
    assert bigger.step == 0


def test_a_gradient_that_is_not_finite_is_said():
    broken = Bowl()
    broken.gradient = lambda image: (broken.value(image), image * np.nan)
    with pytest.raises(ValueError, match="gradient is not finite where the loss is"):
        descend(Settings(), 2, broken)
