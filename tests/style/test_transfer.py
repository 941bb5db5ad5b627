"""Style transfer: it goes downhill, each setting does something, and the same seed repeats."""

import numpy as np
import pytest

from nnscratch import Tensor, gradcheck
from nnscratch.data import PICTURES
from nnscratch.style import Settings, default_layers, stylize, vgg
from nnscratch.style.transfer import Costs

CONTENT = PICTURES["landscape"](32)
STYLE = PICTURES["swirls"](40)


@pytest.fixture(scope="module")
def network():
    return vgg.load("builtin")


def run(network, **settings):
    return stylize(network, CONTENT, STYLE, Settings(**{"iterations": 8, **settings}))


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("init", ["content", "noise", "style"])
def test_the_loss_falls_and_the_picture_is_one(network, optimizer, init):
    steps = []
    settings = Settings(iterations=12, optimizer=optimizer, init=init)
    result = stylize(network, CONTENT, STYLE, settings, steps.append)
    assert result.image.shape == CONTENT.shape
    assert result.image.dtype == np.float32
    assert result.image.min() >= 0
    assert result.image.max() <= 1
    assert result.loss < 0.7 * result.history[0]["loss"]
    assert len(steps) == len(result.history) > 3
    assert [step.iteration for step in steps] == list(range(1, len(steps) + 1))


def test_the_best_picture_is_kept(network):
    result = run(network, lr=0.3, iterations=15)  # steps so long that the loss jumps about
    costs = Costs(network, CONTENT, STYLE, Settings())
    loss = sum(part.item() for part in costs(Tensor(result.image[None])))
    assert loss == pytest.approx(result.loss, rel=1e-5)
    assert result.loss <= min(step["loss"] for step in result.history)


def test_the_same_seed_repeats_and_another_differs(network):
    first, again = run(network, init="noise", seed=3), run(network, init="noise", seed=3)
    np.testing.assert_array_equal(first.image, again.image)
    assert np.abs(first.image - run(network, init="noise", seed=4).image).max() > 0.01


@pytest.mark.parametrize(
    "name, low, high", [("content", 1.0, 50.0), ("style", 0.5, 50.0), ("tv", 1.0, 3000.0)]
)
def test_a_weight_pulls_its_own_cost_down(network, name, low, high):
    costs = [
        run(network, iterations=25, **{f"{name}_weight": weight}).history[-1][name] / weight
        for weight in (low, high)
    ]
    assert costs[1] < 0.9 * costs[0]


def test_layers_can_be_chosen(network):
    deep = run(network, content_layers=("relu2_2",), style_layers=("relu1_1", "conv2_1"))
    assert np.abs(deep.image - run(network).image).max() > 0.01


def test_a_picture_has_no_content_cost_against_itself(network):
    content, style, _ = Costs(network, CONTENT, CONTENT, Settings())(Tensor(CONTENT[None]))
    assert content.item() == pytest.approx(0, abs=1e-9)
    assert style.item() == pytest.approx(0, abs=1e-9)


def test_costs_are_one_where_nothing_of_the_target_is_there(network):
    costs = Costs(network, CONTENT, STYLE, Settings(style_weight=1.0))
    blank = {name: x * 0.0 for name, x in costs.content_targets.items()}
    blank |= {
        name: Tensor(np.zeros((1, len(g.data[0]), 4, 4), np.float32))
        for name, g in costs.style_targets.items()
    }
    costs.network = type("Blank", (), {"features": lambda self, image, layers: blank})()
    content, style, _ = costs(Tensor(CONTENT[None]))
    assert content.item() == pytest.approx(1, rel=1e-5)
    assert style.item() == pytest.approx(1, rel=1e-5)


def test_the_gradient_in_the_pixels_is_right():
    network = vgg.VGG((3, "M", 4), pooling="avg", padding="edge", rng=0).to(np.float64).freeze()
    content, style = (p[:, ::4, ::4].astype(np.float64) for p in (CONTENT, STYLE))
    settings = Settings(content_layers=("conv2_1",), style_layers=("conv1_1", "conv2_1"))
    costs = Costs(network, content, style, settings)

    def loss(image):
        content_part, style_part, tv = costs(image)
        return content_part + style_part + tv

    assert gradcheck(loss, [np.random.default_rng(0).random((1, 3, 8, 8))])


def test_default_layers_suit_the_depth():
    deep = vgg.VGG(vgg.CONFIGS["vgg19"], rng=0)
    content, style = default_layers(deep)
    assert content == ("relu4_2",)
    assert style == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    content, style = default_layers(vgg.VGG((8, 8, "M", 8, 8), rng=0))
    assert content == ("relu2_1",)
    assert style == ("relu1_1", "relu2_1", "relu2_2")


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"optimizer": "sgd"}, "expected optimizer in"),
        ({"init": "grey"}, "expected init in"),
        ({"iterations": 0}, "at least 1 iteration"),
        ({"lr": 0.0}, "lr above 0"),
        ({"style_weight": -1.0}, "style_weight of at least 0"),
        ({"tv_weight": float("nan")}, "tv_weight of at least 0"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "content or a style weight above 0"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


def test_nan_in_the_weights_is_said(network):
    broken = vgg.builtin.__wrapped__()
    broken.convs["conv3_1"].bias.data = broken.convs["conv3_1"].bias.data * np.float32("nan")
    with pytest.raises(ValueError, match="the loss became nan"):
        run(broken)


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 5, 200)])
def test_odd_sizes_work_or_are_refused_in_words(network, shape):
    content = np.random.default_rng(0).random(shape).astype(np.float32)
    if min(shape[1:]) < 16:
        with pytest.raises(ValueError, match="pixels are too small for"):
            stylize(network, content, STYLE, Settings(iterations=1))
