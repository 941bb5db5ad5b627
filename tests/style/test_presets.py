"""Presets: layers that a network lacks, pixels it wants otherwise, notes that say so."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from nnscratch import Tensor
from nnscratch.data import PICTURES
from nnscratch.style import presets, vgg
from nnscratch.style.costs import Costs
from nnscratch.style.presets import PRESETS, fit, nearest
from nnscratch.style.settings import Objective, Style
from nnscratch.weights.vgg_weights import CAFFE, TORCHVISION

every_preset = pytest.mark.parametrize("name", PRESETS)
SCENE = PICTURES["landscape"](16)
BLOCKS_1_TO_3 = (2, 2, "M", 2, 2, "M", *(2,) * 4, "M")
BLOCKS_1_TO_5 = (*BLOCKS_1_TO_3, *(2,) * 4, "M", *(2,) * 4, "M")


def network(config=BLOCKS_1_TO_3, **options):
    return vgg.VGG(config, rng=0, **options).freeze()


@every_preset
def test_a_full_vgg_keeps_every_layer(name):
    fitted = fit(name, network(BLOCKS_1_TO_5, pixels=PRESETS[name].pixels))
    assert fitted.objective == PRESETS[name].objective
    assert fitted.notes == PRESETS[name].notes
    assert fitted.network.preprocess == PRESETS[name].pixels


@every_preset
def test_a_short_vgg_takes_its_deepest_and_says_so(name):
    small = network(pixels=PRESETS[name].pixels)
    given, fitted = PRESETS[name].objective, fit(name, small)
    for field in ("content_layers", "style_layers"):
        before, after = getattr(given, field), getattr(fitted.objective, field)
        assert sum(after.values()) == pytest.approx(sum(before.values()))
        for layer in before:
            said = any(f"holds no {layer}; relu3_4 is taken" in note for note in fitted.notes)
            assert (layer in small.layers) != said
            assert layer in after or "relu3_4" in after
    Costs(small, SCENE, [Style(SCENE)], fitted.objective)


def test_layers_that_become_one_add_their_weights():
    style = fit("crowson", network()).objective.style_layers
    expected = {"relu1_1": 256, "relu2_1": 64, "relu3_1": 16, "relu3_4": 5}
    assert style == pytest.approx({name: w / 341 for name, w in expected.items()})


@pytest.mark.parametrize(
    "layer, expected",
    [
        ("relu2_1", "relu2_1"),
        ("relu2_4", "relu2_2"),
        ("relu4_2", "relu3_4"),
        ("conv5_1", "conv3_4"),
        ("pool5", "pool3"),
    ],
)
def test_nearest_is_the_deepest_before(layer, expected):
    assert nearest(layer, network()) == expected


def test_nearest_has_its_limits():
    assert nearest("pool1", network((2, "M"))) == "pool1"
    with pytest.raises(ValueError, match="holds no pool to take for pool2"):
        nearest("pool2", network((2, 2)))
    with pytest.raises(ValueError, match="named as relu4_2 or pool3, got 'fire4'"):
        nearest("fire4", network())


def test_pixels_of_another_scale_are_given_and_the_network_stays():
    given = network()
    fitted = fit("jcjohnson", given)
    assert fitted.network.preprocess.scale == 256
    assert given.preprocess == CAFFE
    image = SCENE[None]
    expected = given.convs["conv1_1"](
        Tensor(image * 256) - np.array(CAFFE.mean, np.float32).reshape(1, 3, 1, 1)
    )
    found = fitted.network.features(image, ["conv1_1"])["conv1_1"]
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name, own", [("crowson", CAFFE), ("anish", TORCHVISION)])
def test_pixels_of_another_convention_are_kept_and_said(name, own):
    fitted = fit(name, network(BLOCKS_1_TO_5, pixels=own))
    assert fitted.network.preprocess == own
    assert fitted.notes[-1].startswith("pixels: the preset's network wants others")
    assert len(fitted.notes) == len(PRESETS[name].notes) + 1


@every_preset
def test_hints_are_plain_and_complete(name):
    preset = PRESETS[name]
    assert {"init", "optimizer", "iterations", "average", "scales"} <= preset.settings.keys()
    assert preset.settings.keys() - {"lr"} <= {
        "init",
        "optimizer",
        "iterations",
        "average",
        "scales",
    }
    assert ("lr" in preset.settings) == (preset.settings["optimizer"] == "adam")
    assert preset.pooling in vgg.POOLINGS
    assert preset.padding in vgg.PADDINGS
    assert preset.source
    again = Objective(**json.loads(json.dumps(asdict(preset.objective))))
    assert again == preset.objective


def test_unknown_presets_are_listed():
    with pytest.raises(ValueError, match="expected preset in .*'crowson'.*, got 'picasso'"):
        presets.find("picasso")
