"""Presets: seven ways to do style transfer, as their papers and programs do it, by name.

Stands on `settings`, `conventions` (which has their formulas) and `vgg`. A preset holds what is
matched and the settings of its authors. `fit` adapts it to a network and notes what differs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from nnscratch.style.settings import Objective
from nnscratch.style.vgg import VGG
from nnscratch.weights import Preprocess
from nnscratch.weights.vgg_weights import CAFFE, TORCHVISION

FIRSTS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
FIFTHS = dict.fromkeys(FIRSTS, 0.2)
ONES = dict.fromkeys(FIRSTS, 1.0)
POWERS = {name: 4.0 ** (4 - i) / 341 for i, name in enumerate(FIRSTS)}  # 256, 64, 16, 4, 1
SQUEEZENET = {"relu2_1": 2e4, "relu3_2": 500.0, "relu4_1": 12.0, "relu4_2": 1.0}
RELU4_2 = {"relu4_2": 1.0}
CAFFE_256 = replace(CAFFE, scale=256.0)
BEHIND_RELU = "the paper's layers conv4_2 and conv1_1 ... are taken after the ReLU, as programs do"
LAYER = re.compile(r"(conv|relu|pool)(\d+)(?:_(\d+))?")


@dataclass(frozen=True)
class Preset:
    """What is matched, and how.

    settings: values for `Settings`
    pooling, padding: as `vgg.load` takes them; pixels: the preprocessing of its network
    notes: how the original differs beyond Objective and settings
    """

    objective: Objective
    settings: Mapping[str, Any]
    pooling: str
    pixels: Preprocess
    source: str
    padding: str = "constant"
    notes: tuple[str, ...] = ()


class Fitted(NamedTuple):
    """A preset adapted to one network."""

    network: VGG
    objective: Objective
    settings: dict[str, Any]
    notes: tuple[str, ...]


def _settings(init: str, optimizer: str, iterations: int, **others: Any) -> dict[str, Any]:
    required = {"init": init, "optimizer": optimizer, "iterations": iterations}
    return {**required, "average": 0.0, "scales": 1, **others}


# fmt: off
PRESETS: dict[str, Preset] = {
    "gatys2015": Preset(
        Objective(1.0, 1e4, 0.0, RELU4_2, FIFTHS, preset="gatys2015"),
        _settings("noise", "lbfgs", 500), "avg", CAFFE,
        "Gatys, Ecker and Bethge 2015 (arXiv:1508.06576), equations 1 to 7",
        notes=(
            BEHIND_RELU,
            "α/β is 1e-3 or 1e-4 there; 1e-4 is taken",
            "the paper uses gradient descent without a rate or number of steps; L-BFGS, 500 steps, "
            "is taken",
        ),
    ),
    "gatys2016": Preset(
        Objective(1.0, 1e3, 0.0, RELU4_2, FIFTHS, preset="gatys2016"),
        _settings("noise", "lbfgs", 500), "avg", CAFFE,
        "Gatys, Ecker and Bethge 2016 (CVPR), equations 1 to 7",
        notes=(
            BEHIND_RELU,
            "α/β is between 5e-4 and 5e-3 there; 1e-3 is taken",
            "the paper's network is scaled so that each channel averages 1; a plain VGG file is "
            "not, which shifts the balance towards style",
            "the paper gives no number of steps; the 500 of the authors' program are taken",
        ),
    ),
    "jcjohnson": Preset(
        Objective(5.0, 100.0, 1e-3, RELU4_2, ONES, preset="jcjohnson"),
        _settings("noise", "lbfgs", 1000), "max", CAFFE_256,
        "Johnson 2015, github.com/jcjohnson/neural-style",
        notes=(
            "its first noise deviates by 1e-3 of 256 levels from the mean colour",
            "with Adam its rate is 10 of 256 levels",
        ),
    ),
    "crowson": Preset(
        Objective(0.015, 1.0, 2.0, RELU4_2, POWERS, "wasserstein", preset="crowson"),
        _settings("content", "adam", 500, lr=0.02, average=0.99, scales=None), "max", TORCHVISION,
        "Crowson 2020 to 2023, github.com/crowsonkb/style-transfer-pytorch",
        padding="edge",
        notes=(
            "it pads with the edge before the first convolution only, here before each",
            "it takes 1000 steps at the first size; Adam's second decay is 0.99",
            "it averages the statistics of several styles; here each has its distance",
        ),
    ),
    "anish": Preset(
        Objective(5.0, 500.0, 100.0, RELU4_2, FIFTHS, preset="anish"),
        _settings("noise", "adam", 1000, lr=10 / 255), "max", CAFFE,
        "Athalye 2015, github.com/anishathalye/neural-style",
        notes=(
            "its first noise deviates by 0.256 of 255 levels from the mean colour",
            "it transposes the kernels of its file, which is not imitated",
            "its poolings round sizes up",
        ),
    ),
    "coursera": Preset(
        Objective(10.0, 40.0, 0.0, RELU4_2, FIFTHS, preset="coursera"),
        _settings("content", "adam", 200, lr=2 / 255), "avg", CAFFE,
        "deeplearning.ai, Convolutional Neural Networks, week 4, Art Generation",
        notes=("its first picture is 60 % noise of ±20 levels and 40 % content",),
    ),
    "cs231n": Preset(
        Objective(0.05, 1.0, 0.05, {"relu3_1": 1.0}, SQUEEZENET, preset="cs231n"),
        _settings("content", "adam", 200, lr=3 * 0.226), "max", TORCHVISION,
        "Stanford CS231n, assignment 3, style transfer (composition vii)",
        notes=(
            "its network is SqueezeNet 1.1; its layers 3 and 1, 4, 6, 7 become the VGG's of the "
            "same strides, relu3_1 and relu2_1, relu3_2, relu4_1, relu4_2",
            "Adam's rate is 3 deviations of ImageNet's colours, and 0.1 from step 180 on",
        ),
    ),
}
# fmt: on


def find(name: str) -> Preset:
    """The preset of that name; raises ValueError with the names if there is none."""
    if name not in PRESETS:
        raise ValueError(f"style: expected preset in {tuple(PRESETS)}, got {name!r}")
    return PRESETS[name]


def fit(name: str, network: VGG) -> Fitted:
    """A preset adapted to this network, with notes on all that differs from the original.

    A layer that the network lacks becomes the deepest one of its type (relu, conv) before it, or
    the first; the weights of layers that become one add up. The network's preprocessing is replaced
    if it differs from the preset's in its scale only.
    """
    preset = find(name)
    objective, notes = _with_layers(preset.objective, network)
    network, pixel_notes = _with_pixels(preset.pixels, network)
    return Fitted(network, objective, dict(preset.settings), (*preset.notes, *notes, *pixel_notes))


def _with_layers(objective: Objective, network: VGG) -> tuple[Objective, list[str]]:
    notes: list[str] = []
    layers: dict[str, Any] = {}
    for part in ("content", "style"):
        weights: dict[str, float] = {}
        for layer, weight in getattr(objective, f"{part}_layers").items():
            taken = nearest(layer, network)
            weights[taken] = weights.get(taken, 0.0) + weight
            if taken != layer:
                notes.append(f"{part}: the network holds no {layer}; {taken} is taken")
        layers[f"{part}_layers"] = weights
    return replace(objective, **layers), notes


def nearest(layer: str, network: VGG) -> str:
    """`layer` if the network has it, else the deepest of its type before it, else the first."""
    if layer in network.layers:
        return layer
    kind = _parsed(layer)[0]
    candidates = [name for name in network.layers if _parsed(name)[0] == kind]
    if not candidates:
        raise ValueError(f"style: the network holds no {kind} to take for {layer}")
    before = [name for name in candidates if _parsed(name) < _parsed(layer)]
    return (before or candidates[:1])[-1]


def _parsed(layer: str) -> tuple[str, int, int]:
    """relu4_2 -> ("relu", 4, 2)."""
    match = LAYER.fullmatch(layer)
    if match is None:
        raise ValueError(f"style: expected a layer named as relu4_2 or pool3, got {layer!r}")
    return match[1], int(match[2]), int(match[3] or 0)


def _with_pixels(pixels: Preprocess, network: VGG) -> tuple[VGG, list[str]]:
    own = network.preprocess
    if own is not None and replace(own, scale=pixels.scale) == pixels:
        return (network if own == pixels else network.with_pixels(pixels)), []
    return network, [
        "pixels: the preset's network wants others than this one "
        f"({_in_words(pixels)}; {_in_words(own)}); this one's are kept, and the weights of the "
        "preset, made for features of another size, may not suit"
    ]


def _in_words(pixels: Preprocess | None) -> str:
    if pixels is None:
        return "as they are"
    return f"{pixels.scale:g} levels, less {pixels.mean}, over {pixels.std}"
