"""Seven ways to do style transfer, as their papers and programs do it, by name.

Stands on `costs`, `conventions` (which has their formulas) and `vgg`. A preset says what to match
and, in hints for the optimisation, how its authors got there. `fit` makes it suit the network at
hand and says in notes what it could not keep.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from nnscratch.style.costs import Objective
from nnscratch.style.vgg import VGG
from nnscratch.weights import Preprocess
from nnscratch.weights.vgg_weights import CAFFE, TORCHVISION

FIRSTS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
FIFTHS = dict.fromkeys(FIRSTS, 0.2)
ONES = dict.fromkeys(FIRSTS, 1.0)
POWERS = {name: 4.0 ** (4 - i) / 341 for i, name in enumerate(FIRSTS)}  # 256, 64, 16, 4, 1
OF_SQUEEZENET = {"relu2_1": 2e4, "relu3_2": 500.0, "relu4_1": 12.0, "relu4_2": 1.0}
RELU4_2 = {"relu4_2": 1.0}
CAFFE_256 = replace(CAFFE, scale=256.0)
LAYER = re.compile(r"(conv|relu|pool)(\d+)(?:_(\d+))?")


@dataclass(frozen=True)
class Preset:
    """What to match, and hints for how.

    settings: init, optimizer, lr (of pixels in [0, 1]), iterations, average (decay of the iterates'
        mean, 0 for none), scales (1: one size; None: from 128 pixels on by √2)
    pooling, padding: as `vgg.load` takes them; pixels: what its network was fed
    notes: where the original differs in what Objective and settings cannot say
    """

    objective: Objective
    settings: Mapping[str, Any]
    pooling: str
    pixels: Preprocess
    source: str
    padding: str = "constant"
    notes: tuple[str, ...] = ()


class Fitted(NamedTuple):
    """A preset for one network."""

    network: VGG
    objective: Objective
    settings: dict[str, Any]
    notes: tuple[str, ...]


def _settings(init: str, optimizer: str, iterations: int, **others: Any) -> dict[str, Any]:
    given = {"init": init, "optimizer": optimizer, "iterations": iterations}
    return {**given, "average": 0.0, "scales": 1, **others}


PRESETS: dict[str, Preset] = {
    "gatys2015": Preset(
        Objective(1.0, 1e4, 0.0, RELU4_2, FIFTHS, preset="gatys2015"),
        _settings("noise", "lbfgs", 500),
        "avg",
        CAFFE,
        "Gatys, Ecker and Bethge 2015 (arXiv:1508.06576), equations 1 to 7",
        notes=(
            "the paper names layers conv4_2 and conv1_1 ...; they are taken after the ReLU, as "
            "programs do",
            "α/β is 1e-3 or 1e-4 there; 1e-4 is taken",
            "the paper descends the gradient and gives neither rate nor number of steps; L-BFGS, "
            "500 steps, is taken",
        ),
    ),
    "gatys2016": Preset(
        Objective(1.0, 1e3, 0.0, RELU4_2, FIFTHS, preset="gatys2016"),
        _settings("noise", "lbfgs", 500),
        "avg",
        CAFFE,
        "Gatys, Ecker and Bethge 2016 (CVPR), equations 1 to 7",
        notes=(
            "the paper names layers conv4_2 and conv1_1 ...; they are taken after the ReLU, as "
            "programs do",
            "α/β is between 5e-4 and 5e-3 there; 1e-3 is taken",
            "the paper's network is scaled so that each channel averages 1; a plain VGG file is "
            "not, which shifts the balance towards style",
            "the paper gives no number of steps; 500, of the authors' program, is taken",
        ),
    ),
    "jcjohnson": Preset(
        Objective(5.0, 100.0, 1e-3, RELU4_2, ONES, preset="jcjohnson"),
        _settings("noise", "lbfgs", 1000),
        "max",
        CAFFE_256,
        "Johnson 2015, github.com/jcjohnson/neural-style",
        notes=(
            "the noise it begins with deviates by 1e-3 of 256 levels from the mean colour",
            "with Adam its rate is 10 of 256 levels",
        ),
    ),
    "crowson": Preset(
        Objective(0.015, 1.0, 2.0, RELU4_2, POWERS, "wasserstein", preset="crowson"),
        _settings("content", "adam", 500, lr=0.02, average=0.99, scales=None),
        "max",
        TORCHVISION,
        "Crowson 2020 to 2023, github.com/crowsonkb/style-transfer-pytorch",
        padding="edge",
        notes=(
            "it repeats the edge before the first convolution only, here before each",
            "it takes 1000 steps at the first size; Adam's second decay is 0.99",
            "several styles are one there, of the mean statistics; here each has its distance",
        ),
    ),
    "anish": Preset(
        Objective(5.0, 500.0, 100.0, RELU4_2, FIFTHS, preset="anish"),
        _settings("noise", "adam", 1000, lr=10 / 255),
        "max",
        CAFFE,
        "Athalye 2015, github.com/anishathalye/neural-style",
        notes=(
            "the noise it begins with deviates by 0.256 of 255 levels from the mean colour",
            "it turns the kernels of its file about their diagonal, which is not imitated",
            "its poolings round sizes up",
        ),
    ),
    "coursera": Preset(
        Objective(10.0, 40.0, 0.0, RELU4_2, FIFTHS, preset="coursera"),
        _settings("content", "adam", 200, lr=2 / 255),
        "avg",
        CAFFE,
        "deeplearning.ai, Convolutional Neural Networks, week 4, Art Generation",
        notes=("it begins with the content under 60 % of noise of ±20 levels",),
    ),
    "cs231n": Preset(
        Objective(0.05, 1.0, 0.05, {"relu3_1": 1.0}, OF_SQUEEZENET, preset="cs231n"),
        _settings("content", "adam", 200, lr=3 * 0.226),
        "max",
        TORCHVISION,
        "Stanford CS231n, assignment 3, style transfer (composition vii)",
        notes=(
            "its network is SqueezeNet 1.1; its layers 3 and 1, 4, 6, 7 are taken to be the VGG's "
            "of the same strides, relu3_1 and relu2_1, relu3_2, relu4_1, relu4_2",
            "Adam's rate is 3 deviations of ImageNet's colours, and 0.1 from step 180 on",
        ),
    ),
}


def find(name: str) -> Preset:
    """The preset of that name; ValueError that lists them if there is none."""
    if name not in PRESETS:
        raise ValueError(f"style: expected preset in {tuple(PRESETS)}, got {name!r}")
    return PRESETS[name]


def fit(name: str, network: VGG) -> Fitted:
    """A preset for this network, and in notes all that is not as in the original.

    A layer that the network lacks becomes the deepest one of its sort (relu, conv) before it, or
    the first; the weights of two that become one add up. What the network wants of its pixels is
    replaced where only its scale differs from the preset's.
    """
    preset = find(name)
    objective, notes = _with_layers(preset.objective, network)
    network, pixel_notes = _with_pixels(preset.pixels, network)
    return Fitted(network, objective, dict(preset.settings), (*preset.notes, *notes, *pixel_notes))


def _with_layers(objective: Objective, network: VGG) -> tuple[Objective, list[str]]:
    content, notes = _held("content", objective.content_layers, network)
    style, more = _held("style", objective.style_layers, network)
    return replace(objective, content_layers=content, style_layers=style), notes + more


def _held(what: str, layers: Any, network: VGG) -> tuple[dict[str, float], list[str]]:
    """The shares of layers that the network holds, and which had to move."""
    shares: dict[str, float] = {}
    notes = []
    for layer, share in layers.items():
        held = nearest(layer, network)
        shares[held] = shares.get(held, 0.0) + share
        if held != layer:
            notes.append(f"{what}: the network holds no {layer}; {held} is taken")
    return shares, notes


def nearest(layer: str, network: VGG) -> str:
    """`layer` if the network holds it, else the deepest of its sort before it, else the first."""
    if layer in network.layers:
        return layer
    sort = _place(layer)[0]
    held = [name for name in network.layers if _place(name)[0] == sort]
    if not held:
        raise ValueError(f"style: the network holds no {sort} to take for {layer}")
    before = [name for name in held if _place(name) < _place(layer)]
    return (before or held[:1])[-1]


def _place(layer: str) -> tuple[str, int, int]:
    """relu4_2 -> ("relu", 4, 2)."""
    found = LAYER.fullmatch(layer)
    if found is None:
        raise ValueError(f"style: expected a layer named as relu4_2 or pool3, got {layer!r}")
    return found[1], int(found[2]), int(found[3] or 0)


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
