"""Style transfer: it goes downhill, each setting does something, and the same seed repeats."""

import numpy as np
import pytest

from nnscratch import Tensor
from nnscratch.data import PICTURES
from nnscratch.style import (
    Objective,
    Settings,
    Style,
    costs,
    prepare_targets,
    stylize,
    transfer,
    vgg,
)
from nnscratch.style import scales as sizes
from nnscratch.style.costs import Costs

CONTENT = PICTURES["landscape"](32)
STYLE = PICTURES["swirls"](40)
SMALL = Objective(content_layers=("relu1_1",), style_layers=("relu1_1", "relu2_1"))


@pytest.fixture(scope="module")
def network():
    return vgg.VGG((8, 8, "M", 12, 12, "M", 16), pooling="avg", padding="edge", rng=0).freeze()


@pytest.fixture(scope="module")
def tiny():
    return vgg.VGG((4, "M", 6), pooling="avg", padding="edge", rng=0).freeze()


def run(network, **settings):
    return stylize(network, CONTENT, STYLE, settings=Settings(**{"iterations": 8, **settings}))


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs"])
@pytest.mark.parametrize("init", ["content", "noise", "style"])
def test_the_loss_falls_and_the_picture_is_one(network, optimizer, init):
    steps = []
    settings = Settings(iterations=12, optimizer=optimizer, init=init)
    result = stylize(network, CONTENT, STYLE, Objective(30.0), settings, steps.append)
    assert result.image.shape == CONTENT.shape
    assert result.image.dtype == np.float32
    assert result.image.min() >= 0
    assert result.image.max() <= 1
    assert result.loss < 0.7 * result.history[0]["loss"]
    assert len(steps) == len(result.history) == 12
    assert [step.iteration for step in steps] == list(range(1, 13))
    assert steps[-1].loss == result.history[-1]["loss"]
    assert steps[-1].loss == pytest.approx(steps[-1].content + steps[-1].style + steps[-1].tv)


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs"])
def test_the_best_picture_is_kept(network, optimizer):
    result = run(network, lr=0.3, iterations=15, optimizer=optimizer)  # steps that overshoot
    best = Costs(network, CONTENT, [Style(STYLE)], Objective())
    assert best(Tensor(result.image[None])).total.item() == pytest.approx(result.loss, rel=1e-5)
    assert result.loss <= min(step["loss"] for step in result.history)


def test_the_same_seed_repeats_and_another_differs(network):
    first, again = run(network, init="noise", seed=3), run(network, init="noise", seed=3)
    np.testing.assert_array_equal(first.image, again.image)
    assert np.abs(first.image - run(network, init="noise", seed=4).image).max() > 0.01


def test_a_picture_to_begin_with(tiny):
    steps = []
    settings = Settings(iterations=1, optimizer="gd", lr=1e-9)
    stylize(tiny, CONTENT, STYLE, SMALL, settings, steps.append, start=STYLE)
    expected = sizes.resize(STYLE, (32, 32))
    np.testing.assert_allclose(steps[0].image, expected, atol=1e-6)


def test_the_call_without_an_objective(tiny):
    steps = []
    settings = Settings(iterations=2)
    first = stylize(tiny, CONTENT, STYLE, settings=settings, on_step=steps.append)
    second = stylize(tiny, CONTENT, [Style(STYLE)], Objective(), settings)
    np.testing.assert_array_equal(first.image, second.image)
    assert len(steps) == 2


# -- coarse to fine -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lbfgs"])
def test_scales_grow_to_the_content(tiny, optimizer):
    steps = []
    settings = Settings(optimizer, iterations=(5, 4, 3), scales=3)
    result = stylize(tiny, CONTENT, STYLE, SMALL, settings, steps.append)
    assert [step.image.shape for step in steps] == [(3, 16, 16)] * 5 + [(3, 23, 23)] * 4 + [
        (3, 32, 32)
    ] * 3
    assert [step.scale for step in steps] == [0] * 5 + [1] * 4 + [2] * 3
    last = [costs["loss"] for costs in result.history if costs["scale"] == 2]
    assert result.image.shape == CONTENT.shape
    assert result.loss <= min(last)


def test_coarse_to_fine_is_lower_for_the_same_work(network):
    content, style = PICTURES["landscape"](64), PICTURES["swirls"](64)
    fine = stylize(network, content, style, settings=Settings(iterations=20))
    work = Settings(iterations=(20, 10), scales=2)  # 20/2 + 10 = 20 steps at full size
    assert stylize(network, content, style, settings=work).loss < 0.8 * fine.loss


@pytest.mark.parametrize("optimizer", ["gd", "adam"])
def test_the_optimiser_goes_on_where_it_was(tiny, optimizer, monkeypatch):
    """With what it remembers thrown away between scales, another picture comes out."""
    settings = Settings(optimizer, iterations=6, scales=2)
    carried = stylize(tiny, CONTENT, STYLE, SMALL, settings)
    next_scale = transfer.next_scale

    def forgetful(state, size):
        state = next_scale(state, size)
        state.moments.clear()
        return state

    monkeypatch.setattr(transfer, "next_scale", forgetful)
    anew = stylize(tiny, CONTENT, STYLE, SMALL, settings)
    assert carried.history[:6] == anew.history[:6]
    assert np.abs(carried.image - anew.image).max() > 1e-3


def test_styles_and_masks_shrink_with_the_scale(tiny, monkeypatch):
    seen = []

    def watched(network, content, styles, *rest):
        seen.append((content.shape, styles[0].image.shape, np.shape(styles[0].mask)))
        return Costs(network, content, styles, *rest)

    monkeypatch.setattr(transfer, "Costs", watched)
    style = Style(PICTURES["swirls"](160), mask=np.eye(32, dtype=np.float32))
    stylize(tiny, CONTENT, style, SMALL, Settings(iterations=1, scales=(16,)))
    assert seen == [((3, 16, 16), (3, 80, 80), (16, 16)), ((3, 32, 32), (3, 160, 160), (32, 32))]


def test_targets_are_computed_once_for_several_contents(tiny, monkeypatch):
    calls = []
    style_targets = costs.style_targets
    monkeypatch.setattr(costs, "style_targets", lambda *a: calls.append(1) or style_targets(*a))
    settings = Settings(iterations=2, scales=2)
    targets = prepare_targets(tiny, STYLE, (32, 32), SMALL, settings)
    contents = CONTENT, CONTENT[:, ::-1].copy(), CONTENT[:, :24]
    pictures = [stylize(tiny, x, STYLE, SMALL, settings, targets=targets).image for x in contents]
    assert len(calls) == len(targets) == 2  # one for each scale, none for the contents
    for content, picture in zip(contents, pictures, strict=True):
        alone = stylize(tiny, content, STYLE, SMALL, settings).image
        np.testing.assert_array_equal(picture, alone)


def test_targets_of_other_scales_are_not_taken(tiny):
    settings = Settings(iterations=2, scales=2)
    targets = prepare_targets(tiny, STYLE, (32, 32), SMALL, Settings(scales=(20,)))
    found = stylize(tiny, CONTENT, STYLE, SMALL, settings, targets=targets)
    expected = stylize(tiny, CONTENT, STYLE, SMALL, settings)
    np.testing.assert_array_equal(found.image, expected.image)


@pytest.mark.parametrize("size", [(64,), (12, 10, 9)])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_signals_and_volumes(size, optimizer):
    net = vgg.VGG((4, "M", 4), None, "avg", "edge", 0, ndim=len(size), channels=2).freeze()
    content, style = np.random.default_rng(0).random((2, 2, *size)).astype(np.float32)
    settings = Settings(optimizer, iterations=8, scales=2)
    result = stylize(net, content, style, SMALL, settings)
    last = [costs["loss"] for costs in result.history if costs["scale"] == 1]
    assert result.image.shape == content.shape
    assert result.loss < last[0]


# -- the end --------------------------------------------------------------------------------------


def test_it_ends_when_it_has_converged(tiny):
    lengths = [
        len(stylize(tiny, CONTENT, STYLE, SMALL, Settings(iterations=80, tolerance=part)).history)
        for part in (0.0, 0.01, 0.5)
    ]
    assert lengths[0] == 80
    assert 40 <= lengths[2] <= lengths[1] <= 80
    assert lengths[2] < 80


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"iterations": (3, 4)}, "iterations for 1 scales"),
        ({"scales": (64,)}, "scales that grow to the content's longer side of 32"),
        ({"scales": (20, 16)}, "scales that grow"),
    ],
)
def test_settings_that_do_not_fit_the_content(tiny, settings, message):
    with pytest.raises(ValueError, match=message):
        stylize(tiny, CONTENT, STYLE, SMALL, Settings(**settings))


@pytest.mark.parametrize(
    "content, styles, message",
    [
        (CONTENT, [], "at least one style"),
        ((255 * CONTENT).astype(np.uint8), STYLE, "content .* of floats"),
        (CONTENT, np.ones((3, 0, 4), np.float32), "style .* got shape"),
    ],
)
def test_bad_pictures_are_refused(tiny, content, styles, message):
    with pytest.raises(ValueError, match=message):
        stylize(tiny, content, styles, SMALL)


def test_nan_in_the_weights_is_said_and_the_layer_named():
    broken = vgg.VGG((4, "M", 6), rng=0).freeze()
    broken.convs["conv2_1"].bias.data = np.full(6, np.nan, np.float32)
    with pytest.raises(ValueError, match="not finite from layer conv2_1 on"):
        run(broken)


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 3, 200)])
def test_odd_sizes_are_refused_in_words(network, shape):
    content = np.random.default_rng(0).random(shape).astype(np.float32)
    with pytest.raises(ValueError, match="pixels are too small for"):
        stylize(network, content, STYLE, settings=Settings(iterations=1))


def edge_chroma(padding):
    """The chroma of the outermost pixels over that of the middle, mean of two styles."""
    built_in, grey = vgg.load("builtin", padding=padding), np.full((3, 63, 63), 0.5, np.float32)
    ratios = []
    for style in ("swirls", "mosaic"):
        settings = Settings(iterations=40, init="noise")
        image = stylize(built_in, grey, PICTURES[style](64), settings=settings).image
        chroma = np.ptp(image, axis=0)
        edges = np.r_[chroma[0], chroma[-1], chroma[:, 0], chroma[:, -1]]
        ratios.append(edges.mean() / chroma[8:-8, 8:-8].mean())
    return np.mean(ratios)


def test_edges_have_no_strip_of_stronger_colour():
    assert 0.85 < edge_chroma(None) < 1.15
