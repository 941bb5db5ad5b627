"""Options that are out of range or contradict each other are refused."""

import numpy as np
import pytest

from nnscratch.data import PICTURES
from nnscratch.style import vgg
from nnscratch.style.settings import Objective, Settings, Style

SWIRLS = PICTURES["swirls"](40)


@pytest.mark.parametrize(
    "style, message",
    [
        ({"mask": np.zeros((32, 32))}, "mask is black everywhere"),
        ({"own_mask": np.zeros((40, 40))}, "own_mask is black everywhere"),
        ({"own_mask": np.ones((32, 32))}, r"own_mask of the picture's size \(40, 40\)"),
        ({"mask": np.full((32, 32), 2.0)}, "mask of floats from 0 to 1"),
        ({"mask": np.full((32, 32), np.nan)}, "mask of floats from 0 to 1"),
        ({"mask": np.full((32, 32), 255, np.uint8)}, "mask of floats from 0 to 1"),
        ({"weight": -1.0}, "a style's weight of at least 0"),
    ],
)
def test_bad_styles_are_refused(style, message):
    with pytest.raises(ValueError, match=message):
        Style(SWIRLS, **style)


@pytest.mark.parametrize(
    "objective, message",
    [
        ({"style_weight": -1.0}, "style_weight of at least 0"),
        ({"tv_weight": float("nan")}, "tv_weight of at least 0"),
        ({"content_weight": float("inf")}, "content_weight of at least 0"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "content or a style weight above 0"),
        ({"style_kind": "fourier"}, "expected style_kind in .*'sliced'.*, got 'fourier'"),
        ({"tv_power": 3}, r"expected tv_power in \(1, 2\), got 3"),
        ({"preset": "picasso"}, "expected preset in .*'crowson'.*, got 'picasso'"),
        ({"style_layers": ()}, "leave nothing to match"),
        ({"content_layers": {"relu1_1": 0.0}}, "leave nothing to match"),
        ({"style_layers": {"relu1_1": -2.0}}, r"style_layers\['relu1_1'\] of at least 0"),
        ({"preset": "crowson"}, "preset 'crowson' compares styles by 'wasserstein', got"),
        ({"preset": "anish", "tv_power": 1}, "a total variation of its own, of power 2"),
    ],
)
def test_bad_objectives_are_refused(objective, message):
    with pytest.raises(ValueError, match=message):
        Objective(**objective)


def test_one_name_is_no_list():
    with pytest.raises(TypeError, match="style_layers as a list of names, got 'relu1_1'"):
        Objective(style_layers="relu1_1")


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"optimizer": "sgd"}, "expected optimizer in"),
        ({"init": "grey"}, "expected init in"),
        ({"iterations": 0}, "at least 1 iteration"),
        ({"iterations": (3, 0)}, "at least 1 iteration"),
        ({"scales": 0}, "at least 1 scale"),
        ({"lr": 0.0}, "lr above 0"),
        ({"lr": float("nan")}, "lr above 0"),
        ({"average": 1.0}, r"average in \[0, 1\)"),
        ({"tolerance": -0.1}, r"tolerance in \[0, 1\)"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


def test_layers_in_a_network():
    net = vgg.VGG((4, "M", 6, 6), rng=0)
    layers = {"relu1_1": 1.0, "relu2_1": 0.0}
    chosen = Objective(content_layers=("relu2_1",), style_layers=layers).layers_in(net)
    assert [list(part) for part in chosen] == [["relu2_1"], ["relu1_1"]]
    content, style = Objective().layers_in(net)
    assert (list(content), list(style)) == (["relu2_1"], ["relu1_1", "relu2_1", "relu2_2"])
    assert Objective(content_weight=0.0).layers_in(net)[0] == {}
    assert Objective(style_weight=0.0).layers_in(net)[1] == {}
