"""Tiles against the costs and the gradient in one piece."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch import Tensor
from nnscratch.style import KINDS, Objective, Settings, Style, stylize, transfer, vgg
from nnscratch.style import tiles as module
from nnscratch.style.costs import Costs
from nnscratch.style.tiles import Grid, TiledCosts, TiledNetwork, cut, tile_side, tiles_of

LAYERS = Objective(3.0, 50.0, 2.0, ("conv2_2",), ("relu1_1", "pool1", "relu2_1", "relu3_1"))


def small(pooling="avg", padding="edge", ndim=2, channels=3):
    pixels = {} if channels == 3 else {"pixels": None}
    config = (4, "M", 6, 5, "M", 8)
    net = vgg.VGG(
        config, pooling=pooling, padding=padding, rng=0, ndim=ndim, channels=channels, **pixels
    )
    return net.to(np.float64).freeze()


def pictures(size, channels=3, masks=False, seed=0):
    rng = np.random.default_rng(seed)
    content, image = rng.random((2, channels, *size))
    styles = [Style(rng.random((channels, *(n + 5 for n in size))))]
    if masks:
        mask, own = np.zeros(size), rng.random(styles[0].image.shape[1:])
        mask[: size[0] // 3] = rng.random((size[0] // 3, *size[1:]))  # black in whole tiles
        styles = [replace(styles[0], mask=mask, own_mask=own)]
        styles += [Style(rng.random((channels, *size)), weight=2.0, mask=1 - mask)]
        styles += [Style(rng.random((channels, *size)), weight=0.0)]
    return content, styles, image[None]


def differences(net, size, objective=LAYERS, side=16, channels=3, masks=False):
    """How many tiles; of gradient and of costs, what is between tiled and whole, relative."""
    content, styles, image = pictures(size, channels, masks)
    whole = Costs(net, content, styles, objective)
    tiled = TiledCosts(net, content, styles, objective, side)
    (expected, slope), (found, tiled_slope) = whole.gradient(image), tiled.gradient(image)
    value = [part.item() for part in tiled.value(image)]
    np.testing.assert_allclose(value, [part.item() for part in found], rtol=1e-12)
    costs = max(abs(a.item() - b.item()) for a, b in zip(expected, found, strict=True))
    apart = np.abs(slope - tiled_slope).max() / np.abs(slope).max()
    return len(tiled.grid.tiles), apart, costs / expected.total.item()


@pytest.mark.parametrize("pooling", vgg.POOLINGS)
@pytest.mark.parametrize("padding", vgg.PADDINGS)
@pytest.mark.parametrize("masks", [False, True])
def test_the_gradient_is_that_of_the_whole(pooling, padding, masks):
    size = (56, 48) if padding == "wrap" else (45, 39)
    count, slope, costs = differences(small(pooling, padding), size, masks=masks)
    assert count >= 9
    assert slope < 1e-12
    assert costs < 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masks", [False, True])
def test_each_kind_of_style(kind, masks):
    _, slope, costs = differences(
        small(), (45, 39), replace(LAYERS, style_kind=kind), 16, masks=masks
    )
    assert slope < 1e-9
    assert costs < 1e-9


@pytest.mark.parametrize("preset", ["gatys2016", "jcjohnson", "cs231n", "coursera"])
def test_each_convention(preset):
    _, slope, costs = differences(small(), (45, 39), replace(LAYERS, preset=preset), 16)
    assert slope < 1e-12
    assert costs < 1e-12


@pytest.mark.parametrize(
    "size, padding", [((150,), "edge"), ((80,), "wrap"), ((20, 17, 13), "edge")]
)
def test_signals_and_volumes(size, padding):
    net = small(padding=padding, ndim=len(size), channels=2)
    count, slope, costs = differences(net, size, channels=2, masks=True)
    assert count > 3
    assert slope < 1e-12
    assert costs < 1e-12


@given(
    size=st.tuples(st.integers(4, 70), st.integers(4, 70)),
    side=st.integers(1, 40),
    pooling=st.sampled_from(vgg.POOLINGS),
    padding=st.sampled_from(("constant", "reflect", "edge")),
)
@settings(max_examples=8, deadline=None)
def test_any_size_and_any_tile(size, side, pooling, padding):
    size = tuple(max(n, 9) for n in size)
    _, slope, costs = differences(small(pooling, padding), size, side=side)
    assert slope < 1e-12
    assert costs < 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own", [False, True])
def test_single_precision(kind, own):
    """Also of a picture in its own style, where the gradient is small beside what it is made of."""
    net = vgg.VGG((8, "M", 12, 12, "M", 16), pooling="max", padding="edge", rng=0).freeze()
    content, styles, image = pictures((61, 75))
    content, image = content.astype(np.float32), image.astype(np.float32)
    picture = content if own else styles[0].image.astype(np.float32)
    objective = replace(LAYERS, style_kind=kind)
    slope = Costs(net, content, [Style(picture)], objective).gradient(image)[1]
    tiled = TiledCosts(net, content, [Style(picture)], objective, 16).gradient(image)[1]
    assert tiled.dtype == np.float32
    assert np.abs(slope - tiled).max() < 1e-5 * np.abs(slope).max()


def test_a_border_too_narrow_is_noticed(monkeypatch):
    """The check can fail: with four pixels less around each tile the gradient is another."""

    def narrow(n, side, jump, halo, wraps):
        return cut(n, side, jump, halo - 4, wraps)

    monkeypatch.setattr(module, "cut", narrow)
    assert differences(small(), (53, 46))[1] > 1e-6


def test_tiles_off_the_grid_of_pooling_are_noticed(monkeypatch):
    def shifted(n, side, jump, halo, wraps):
        spans = cut(n, side, jump, halo, wraps)
        return [((a, b), (max(0, lo - 2), min(n, hi + 2))) for (a, b), (lo, hi) in spans]

    monkeypatch.setattr(module, "cut", shifted)
    assert differences(small("max"), (56, 48))[1] > 1e-6


# -- where tiles lie ------------------------------------------------------------------------------


@given(
    n=st.integers(1, 200),
    side=st.integers(1, 64),
    jump=st.sampled_from((1, 2, 4, 8)),
    reach=st.integers(0, 5),
    wraps=st.booleans(),
)
def test_cuts(n, side, jump, reach, wraps):
    halo = reach * jump
    spans = cut(n, side, jump, halo, wraps)
    assert [a for (a, _), _ in spans] + [n] == [0] + [b for (_, b), _ in spans]
    for (a, b), (lo, hi) in spans:
        assert a % jump == 0
        assert lo % jump == 0
        assert hi - lo <= n or not wraps
        if len(spans) == 1:
            assert (lo, hi) == (0, n)
        else:
            assert b - a <= math.ceil(side / jump) * jump
            assert (lo == a - halo) or (lo == 0 and not wraps)
            assert (hi == b + halo) or (hi == n and not wraps)


def test_the_cores_of_tiles_cover_each_place_once():
    net = small()
    grid = Grid.of(net, ["relu3_1"], 3, (53, 46), 8)
    for name, positions in grid.positions.items():
        covered = np.zeros((1, 1, *positions), int)
        for tile in grid.tiles:
            covered[grid.inside(tile, name)] += 1
        assert (covered == 1).all()


def test_features_in_tiles_are_the_same_numbers():
    net, image = small("max", "reflect"), pictures((53, 46))[2]
    names = ["relu1_1", "pool2", "conv3_1"]
    expected, found = net.features(image, names), TiledNetwork(net, 8).features(image, names)
    for name in names:
        np.testing.assert_allclose(found[name].numpy(), expected[name].numpy(), atol=1e-12)


def test_an_axis_that_wraps_is_not_cut_where_strides_do_not_divide_it():
    grid = Grid.of(small(padding="wrap"), ["relu3_1"], 3, (96, 97), 8)
    assert len({tile.seen[0] for tile in grid.tiles}) > 1
    assert {tile.seen[1] for tile in grid.tiles} == {(0, 97)}


def test_layers_that_shrink_are_refused():
    class Valid:
        layers = {"conv": None}

        def features(self, images, layers):
            from nnscratch.functional import conv2d

            return {"conv": conv2d(images, np.ones((2, 3, 3, 3), np.float32))}

    with pytest.raises(ValueError, match="layers as large as the picture over their stride"):
        Grid.of(Valid(), ["conv"], 3, (20, 20), 8)


# -- max_memory -----------------------------------------------------------------------------------


def blank(*shape):
    return np.broadcast_to(np.float32(0), shape)


def test_tiles_get_smaller_with_the_memory_and_are_none_where_it_suffices():
    config = (32, 32, "M", 64, 64, "M", 96, 96, "M", 128, 128, "M", 160)  # tiles begin at 16s
    net = vgg.VGG(config, pooling="avg", padding="edge", rng=0).freeze()
    content, styles = blank(3, 2048, 2048), [Style(blank(3, 512, 512))]
    given = (net, content, styles, Objective(), "adam")
    sides = [tile_side(*given, gib * 2**30) for gib in (1.5, 2, 4, 8)]
    assert sides[-1] is None
    assert 16 <= sides[0] < sides[1] < sides[2] <= 2048
    assert all(side % 16 == 0 for side in sides[:-1])
    assert tile_side(*given, None) is None
    with pytest.raises(ValueError, match=r"max_memory of at least \d+ MiB .* got 512"):
        tile_side(*given, 2**29)


def test_what_cannot_be_tiled_is_said():
    net = vgg.VGG((4, "M", 4), padding="wrap", rng=0).freeze()
    content, styles = blank(3, 2048, 2047), [Style(blank(3, 64, 64))]
    objective = Objective(content_layers=("relu2_1",), style_layers=("relu2_1",))
    with pytest.raises(ValueError, match="sides that 2 divides"):
        tile_side(net, content, styles, objective, "adam", 2**29)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_transfer_in_tiles(optimizer, monkeypatch):
    """As that in one piece; the tiles are as if there were little memory."""
    net = small()
    content, styles, _ = pictures((40, 36))
    settings = Settings(optimizer, iterations=3)
    given = (net, content, styles, LAYERS, settings)
    whole = stylize(*given)
    monkeypatch.setattr(transfer, "tile_side", lambda *_: 16)
    built = []
    own = TiledCosts.__init__
    monkeypatch.setattr(TiledCosts, "__init__", lambda self, *a: built.append(1) or own(self, *a))
    tiled = stylize(*given, max_memory=1.0)
    assert built == [1]
    np.testing.assert_allclose(tiled.image, whole.image, atol=1e-7)
    assert tiled.loss == pytest.approx(whole.loss, rel=1e-9)


def test_a_layer_that_is_not_finite_is_named():
    net = small()
    content, styles, image = pictures((40, 36))
    tiled = TiledCosts(net, content, styles, LAYERS, 8)
    net.convs["conv2_1"].bias.data = np.full(6, np.nan)
    with pytest.raises(ValueError, match="not finite from layer conv2_1 on"):
        tiled.gradient(image)


def test_cached_targets_are_taken():
    net = small()
    content, styles, image = pictures((40, 36), masks=True)
    first = TiledCosts(net, content, styles, LAYERS, 16)
    again = TiledCosts(net, content, styles, LAYERS, 16, first.costs.style_targets)
    np.testing.assert_array_equal(first.gradient(image)[1], again.gradient(image)[1])
    assert tiles_of(net, content.shape, LAYERS, 16).tiles == first.grid.tiles


def test_a_texture_has_no_content():
    net = small()
    objective = Objective(0.0, 1.0, 0.0, style_layers=("relu1_1", "relu2_1"))
    _, slope, _ = differences(net, (40, 36), objective)
    assert slope < 1e-12
    content, styles, image = pictures((40, 36))
    tv_only = Objective(1.0, 0.0, 0.0, content_layers=("relu2_1",))
    same = TiledCosts(net, content, styles, tv_only, 8).gradient(Tensor(content[None]).numpy())[1]
    np.testing.assert_allclose(same, 0, atol=1e-12)
