"""What a picture is to match: shares, layers, masks, cached targets, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnscratch import Tensor, grad, gradcheck
from nnscratch.data import PICTURES
from nnscratch.optim import Adam
from nnscratch.style import vgg
from nnscratch.style.costs import Costs, area_average
from nnscratch.style.losses import content_cost, gram_matrix, style_cost, total_variation
from nnscratch.style.settings import Objective, Style, default_layers
from nnscratch.style.statistics import KINDS, STATISTICS

CONTENT = PICTURES["landscape"](32)
SAMPLES = np.stack([draw(32) for draw in PICTURES.values()])
SWIRLS, OTHER = PICTURES["swirls"](40), PICTURES["landscape"](24)[::-1].copy()


@pytest.fixture(scope="module")
def network():
    return vgg.random((8, 8, "M", 12, 12, "M", 16), SAMPLES)


def parts(network, image=None, content=CONTENT, styles=None, cached=None, **objective):
    styles = [Style(SWIRLS)] if styles is None else styles
    costs = Costs(network, content, styles, Objective(**objective), cached)
    image = (CONTENT + SWIRLS[:, :32, :32]) / 2 if image is None else image
    return costs(Tensor(image[None]))


# -- parts ----------------------------------------------------------------------------------------


def test_costs_are_the_papers_over_those_of_blank_features(network):
    image = (CONTENT + SWIRLS[:, :32, :32]) / 2
    layers = {"content_layers": {"relu2_1": 0.7}, "style_layers": {"relu1_1": 2.0, "conv2_2": 0.5}}
    found = parts(network, image, content_weight=3.0, style_weight=5.0, tv_weight=7.0, **layers)
    names = ["relu2_1", "relu1_1", "conv2_2"]
    here, photo, painting = (network.features(x[None], names) for x in (image, CONTENT, SWIRLS))
    blank = content_cost(photo["relu2_1"] * 0.0, photo["relu2_1"])
    content = content_cost(here["relu2_1"], photo["relu2_1"]) / blank
    assert found.content.item() == pytest.approx(3 * 0.7 * content.item(), rel=1e-5)
    style = 0.0
    for name, share in layers["style_layers"].items():
        gram, target = gram_matrix(here[name]), gram_matrix(painting[name])
        style += share * (style_cost(gram, target) / style_cost(gram * 0.0, target)).item()
    assert found.style.item() == pytest.approx(5 * style, rel=1e-5)
    assert found.tv.item() == pytest.approx(7 * total_variation(Tensor(image[None])).item())
    total = sum(part.item() for part in found)
    assert found.total.item() == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_costs_nothing_at_home_and_one_without_features(network, kind):
    costs = Costs(network, CONTENT, [Style(CONTENT)], Objective(1.0, 1.0, style_kind=kind))
    home = costs(Tensor(CONTENT[None]))
    assert home.content.item() == 0
    assert home.style.item() == pytest.approx(0, abs=1e-6)
    blank = {0: {name: x * 0.0 for name, x in costs.style_targets[0].items()}}
    assert costs.style_cost(blank, Tensor(CONTENT[None])).item() == pytest.approx(1, rel=1e-5)
    assert parts(network, style_kind=kind).style.item() > 1e-3


def test_names_share_alike_and_twice_is_once(network):
    named = parts(network, style_layers=("relu1_1", "relu2_1", "relu1_1"))
    shared = parts(network, style_layers={"relu1_1": 0.5, "relu2_1": 0.5})
    assert named.style.item() == shared.style.item()
    only = parts(network, style_layers={"relu1_1": 1.0, "relu2_1": 0.0})
    assert only.style.item() == parts(network, style_layers=["relu1_1"]).style.item()


def test_default_layers(network):
    costs = Costs(network, CONTENT, [Style(SWIRLS)])
    assert tuple(costs.content_layers) == default_layers(network)[0] == ("relu2_2",)
    assert tuple(costs.style_layers) == ("relu1_1", "relu2_1", "relu3_1")


@pytest.mark.parametrize("name", ["content", "style", "tv"])
def test_a_weight_of_zero_leaves_its_part_out(network, name):
    found = parts(network, **{f"{name}_weight": 0.0})
    assert {part for part, value in found._asdict().items() if not value.item()} == {name}
    assert getattr(found, name).shape == ()


def test_power_1_is_another_variation(network):
    image = np.random.default_rng(0).random((3, 32, 32)).astype(np.float32)
    found = parts(network, image, tv_power=1, tv_weight=2.0)
    assert found.tv.item() == pytest.approx(2 * total_variation(Tensor(image[None]), 1).item())
    assert found.tv.item() != pytest.approx(parts(network, image, tv_weight=2.0).tv.item(), rel=0.1)


# -- several styles -------------------------------------------------------------------------------


def test_styles_share_by_weight(network):
    one, two = (parts(network, styles=[Style(x)]).style.item() for x in (SWIRLS, OTHER))
    both = [Style(SWIRLS, weight=30.0), Style(OTHER, weight=10.0)]
    mixed = parts(network, styles=both).style.item()
    assert mixed == pytest.approx(0.75 * one + 0.25 * two, rel=1e-5)
    twice = parts(network, styles=[Style(SWIRLS)] * 2).style.item()
    assert twice == pytest.approx(one, rel=1e-6)


def test_styles_of_one_mask_are_seen_through_one_statistic(network):
    left, same = half_mask(), half_mask()
    styles = [Style(SWIRLS), Style(OTHER, mask=left), Style(OTHER), Style(SWIRLS, mask=same)]
    costs = Costs(network, CONTENT, styles)
    assert costs.regions == [0, 1, 0, 1]
    features = network.features(CONTENT[None], costs.layers)
    assert set(costs.statistics(features)) == {0, 1}


# -- masks ----------------------------------------------------------------------------------------


def half_mask(size=32):
    mask = np.zeros((size, size))
    mask[:, : size // 2] = 1
    return mask


@pytest.mark.parametrize("kind", KINDS)
def test_masks_of_ones_are_no_masks(network, kind):
    ones = Style(SWIRLS, mask=np.ones((32, 32)), own_mask=np.ones((40, 40)))
    found = parts(network, styles=[ones], style_kind=kind).style.item()
    assert found == pytest.approx(parts(network, style_kind=kind).style.item(), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_style_moves_the_pixels_of_its_region_only(network, kind):
    styles = [Style(SWIRLS, mask=half_mask())]
    objective = Objective(content_weight=0.0, tv_weight=0.0, style_kind=kind)
    costs = Costs(network, None, styles, objective)
    image = Tensor(CONTENT[None], requires_grad=True)
    slope = np.abs(grad(costs(image).style, image)[0].numpy()).max((0, 1, 2))
    reach = 12  # half the receptive field of relu3_1, and a cell of its grid
    assert slope[: 16 - reach].min() > 0
    assert slope[16 + reach :].max() == 0


def test_own_masks_choose_a_part_of_the_style(network):
    changed = SWIRLS.copy()
    changed[:, :, 34:] = 1 - changed[:, :, 34:]
    for own_mask, same in ((half_mask(40), True), (None, False)):
        grams = [
            Costs(network, CONTENT, [Style(x, own_mask=own_mask)])
            .style_targets[0]["relu2_1"]
            .numpy()
            for x in (SWIRLS, changed)
        ]
        assert np.array_equal(*grams) == same


def test_masks_come_to_the_grid_of_their_layer(network):
    costs = Costs(network, CONTENT, [Style(SWIRLS, mask=half_mask()), Style(OTHER)])
    np.testing.assert_allclose(costs.mask_at(0, (4, 4)), half_mask(4), atol=1e-15)
    assert costs.mask_at(1, (4, 4)) is None


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 9), st.integers(0, 99))
def test_area_average_is_the_mean_of_what_a_cell_covers(height, width, rows, seed):
    """Against a grid so fine that cells and pixels both are whole numbers of its points."""
    mask = np.random.default_rng(seed).random((height, width))
    fine = np.repeat(np.repeat(mask, rows, 0), 2, 1)  # (height · rows, width · 2)
    expected = fine.reshape(rows, height, 2, width).mean((1, 3))
    found = area_average(mask, (rows, 2))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.mean() == pytest.approx(mask.mean())
    np.testing.assert_array_equal(area_average(mask, mask.shape).round(12), mask.round(12))


def test_a_mask_of_another_size_than_the_picture_is_refused(network):
    styles = [Style(OTHER), Style(SWIRLS, mask=np.ones((16, 32)))]
    message = r"mask of style 2 of the picture's size \(32, 32\), got \(16, 32\); resize it"
    with pytest.raises(ValueError, match=message):
        Costs(network, CONTENT, styles)
    texture = Costs(network, None, styles, Objective(content_weight=0.0))
    with pytest.raises(ValueError, match=message):
        texture(Tensor(CONTENT[None]))


def test_an_axis_too_many_or_too_few_is_not_blamed_on_the_mask(network):
    styles = [Style(SWIRLS, mask=np.ones((32, 32)))]
    with pytest.raises(
        ValueError, match=r"expected a content .* 3 axes, got shape \(1, 3, 32, 32\)"
    ):
        Costs(network, CONTENT[None], styles)
    with pytest.raises(
        ValueError, match=r"expected images \(N, 3, H, W\), got shape \(3, 32, 32\)"
    ):
        Costs(network, CONTENT, styles)(Tensor(CONTENT))


# -- cached targets -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_cached_targets_spare_the_styles(network, kind, monkeypatch):
    objective = Objective(style_kind=kind)
    styles = [Style(SWIRLS, own_mask=half_mask(40)), Style(OTHER, mask=half_mask())]
    first = Costs(network, CONTENT, styles, objective)
    sizes = []
    features = network.features
    monkeypatch.setattr(
        network, "features", lambda x, layers: sizes.append(x.shape[2:]) or features(x, layers)
    )
    second = CONTENT[:, ::-1].copy()
    again = Costs(network, second, styles, objective, first.style_targets)
    assert sizes == [(32, 32)]
    fresh = Costs(network, second, styles, objective)
    image = Tensor(CONTENT[None])
    assert [p.item() for p in again(image)] == [p.item() for p in fresh(image)]


def test_cached_targets_of_something_else_are_refused(network):
    cached = Costs(network, CONTENT, [Style(SWIRLS)]).style_targets
    for styles, layers in (([Style(SWIRLS)] * 2, None), ([Style(SWIRLS)], ("relu1_1",))):
        with pytest.raises(ValueError, match="the targets are of 1 styles at"):
            parts(network, styles=styles, style_layers=layers, cached=cached)


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, message",
    [
        ({"content": None}, "expected a content, got none"),
        ({"styles": []}, "expected a style of weight above 0, got 0 styles"),
        ({"styles": [Style(SWIRLS, weight=0.0)]}, "expected a style of weight above 0"),
        ({"style_layers": ("relu4_1",)}, "this network holds no layer 'relu4_1'"),
        ({"image": CONTENT[:, :16]}, "features of one shape"),
    ],
)
def test_what_does_not_fit_is_refused(network, given, message):
    with pytest.raises(ValueError, match=message):
        parts(network, **given)


def broken(layer, value=np.nan):
    network = vgg.VGG((8, 8, "M", 12, 12), rng=0).freeze()
    bias = network.convs[layer].bias
    bias.data = bias.data.copy()
    bias.data[3] = value
    return network


@pytest.mark.parametrize("layer", ["conv1_2", "conv2_1"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_layer_that_is_not_finite_is_named(layer, value):
    message = f"features of the content are not finite from layer {layer} on"
    with pytest.raises(ValueError, match=message):
        parts(broken(layer, value), content_layers=("relu2_2",))
    with pytest.raises(ValueError, match=message.replace("the content", "style 1")):
        parts(broken(layer, value), content_layers=("relu1_1",), style_layers=("conv2_2",))


def test_the_layer_is_named_while_it_runs(network):
    fresh = broken("conv2_2", 0.0)
    costs = Costs(fresh, CONTENT, [Style(SWIRLS)])
    fresh.convs["conv2_2"].weight.data[0] = np.nan
    with pytest.raises(ValueError, match="features of the picture .* from layer conv2_2 on"):
        costs(Tensor(CONTENT[None]))


def test_pixels_and_costs_that_are_not_finite_are_said(network):
    image = CONTENT.copy()
    image[0, 3, 3] = np.nan
    with pytest.raises(ValueError, match="the picture holds values that are not finite"):
        parts(network, image)
    with pytest.raises(ValueError, match="the costs are not finite .* lower the weights"):
        parts(network, CONTENT * np.float32(1e15))


# -- any number of axes ---------------------------------------------------------------------------


def sample(channels, size, seed, dtype=np.float32):
    rng = np.random.default_rng(seed)
    noise = np.fft.rfftn(rng.standard_normal((channels, *size)), axes=range(1, len(size) + 1))
    distance = np.sqrt(
        sum(
            np.arange(n).reshape(-1, *(1,) * i) ** 2.0
            for i, n in enumerate(reversed(noise.shape[1:]))
        )
    )
    smooth = np.fft.irfftn(noise / (1 + distance), size, axes=range(1, len(size) + 1))
    return (smooth / smooth.std()).astype(dtype)


@pytest.mark.parametrize("channels, size", [(1, (64,)), (2, (12, 10, 8)), (1, (16, 16))])
@pytest.mark.parametrize("kind", KINDS)
def test_textures_of_signals_and_volumes_by_the_same_code(channels, size, kind):
    texture = sample(channels, size, 0)
    net = vgg.random((6, "M", 8), texture[None], padding="wrap")
    costs = Costs(net, None, [Style(texture)], Objective(0.0, 1.0, 0.0, style_kind=kind))
    start = 0.1 * np.random.default_rng(1).standard_normal((1, channels, *size))
    image = Tensor(start.astype(np.float32), requires_grad=True)
    optimizer, seen = Adam([image], 0.1), []
    for _ in range(40):
        optimizer.zero_grad()
        seen.append(costs(image))
        seen[-1].total.backward()
        optimizer.step()
    assert seen[-1].style.item() < 0.2 * seen[0].style.item()
    assert image.shape == (1, channels, *size)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(8,), (4, 6), (2, 4, 2)])
def test_gradients_in_the_pixels(kind, size):
    net = vgg.VGG((3, "M", 4), None, "avg", "wrap", 0, len(size), 2).to(np.float64).freeze()
    rng = np.random.default_rng(0)
    content, style, start = rng.random((3, 2, *size))
    styles = [Style(style, mask=rng.random(size)), Style(content, 2.0, own_mask=rng.random(size))]
    objective = Objective(2.0, 3.0, 4.0, ["conv2_1"], {"conv1_1": 1, "relu2_1": 2}, kind)
    costs = Costs(net, content, styles, objective)
    assert gradcheck(lambda image: costs(image).total, [start[None]])


def test_dtype_is_kept(network):
    wide = {f"{name}_weight": np.float64(2) for name in ("content", "style", "tv")}
    styles = [Style(SWIRLS, weight=np.float64(3))]
    assert {part.dtype for part in parts(network, **wide, styles=styles)} == {np.dtype("f4")}


def test_additive_kinds_can_be_gathered_in_tiles():
    assert [kind for kind in KINDS if not STATISTICS[kind].additive] == ["sliced"]
