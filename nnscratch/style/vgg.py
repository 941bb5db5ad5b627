"""VGG: 3×3 convolutions between poolings, whose features style transfer compares.

Stands on `nn` and `weights`. Callers give RGB images in [0, 1]; the preprocessing that a weight
file needs (BGR, 0 to 255, means) is done here.
"""

import copy
import functools
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import nn, weights
from nnscratch.autograd import no_grad
from nnscratch.backend import array_module
from nnscratch.nn.init import orthogonal
from nnscratch.tensor import Tensor, as_tensor
from nnscratch.weights import Preprocess, VGGWeights
from nnscratch.weights.vgg_weights import CAFFE

Config = Sequence[int | str]  # channels of each convolution, "M" for a pooling

CONFIGS: dict[str, Config] = {
    "vgg16": (64, 64, "M", 128, 128, "M", *(256,) * 3, "M", *(512,) * 3, "M", *(512,) * 3, "M"),
    "vgg19": (64, 64, "M", 128, 128, "M", *(256,) * 4, "M", *(512,) * 4, "M", *(512,) * 4, "M"),
    "builtin": (32, 32, "M", 64, 64, "M", 128, 128, 128, 128, "M"),
}
POOLINGS = ("max", "avg")
PADDINGS = ("constant", "reflect", "edge", "wrap", "mirror")
MARGIN = 8  # pixels that "mirror" adds on each side, at least
BUILTIN_FILE = Path(__file__).with_name("backbone.safetensors")

CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
POOLS: dict[str, dict[int, Callable[..., nn.Module]]] = {
    "max": {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d},
    "avg": {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d},
}
INPUTS = {1: "signals (N, {}, L)", 2: "images (N, {}, H, W)", 3: "volumes (N, {}, D, H, W)"}


class VGG(nn.Module):
    """The convolutional part of a VGG: layers conv1_1, relu1_1, conv1_2, ..., pool1, conv2_1, ...

    config: output channels of each convolution, and "M" for each pooling
    pixels: their preprocessing; None leaves them unchanged
    pooling: "max" or "avg"; padding: before each convolution, as in functional.pad ("constant" is
        zeros); or "mirror": the picture goes on in its mirror image, see `margins`, and features
        beyond its edges are dropped, so that edges are like the middle and no pixel is left out
    ndim, channels: 2 and 3 for pictures, 1 and 1 for a signal, ...
    Source: Simonyan and Zisserman 2015 (arXiv:1409.1556), table 1.
    """

    def __init__(
        self, config, pixels=CAFFE, pooling="max", padding="constant", rng=None, ndim=2, channels=3
    ):
        choices = {"pooling": POOLINGS, "padding": PADDINGS, "ndim": tuple(CONVS)}
        for (name, allowed), value in zip(choices.items(), (pooling, padding, ndim), strict=True):
            if value not in allowed:
                raise ValueError(f"VGG: expected {name} in {allowed}, got {value!r}")
        if pixels is not None and channels != len(pixels.mean):
            raise ValueError(
                f"VGG: expected {len(pixels.mean)} channels, as in pixels, got {channels}; give "
                "pixels=None"
            )
        rng = np.random.default_rng(rng)
        self.preprocess, self.padding = pixels, padding
        self.ndim, self.channels = ndim, channels
        self.layers: dict[str, nn.Module] = {}
        zeros = 1 if padding in ("constant", "mirror") else 0  # `features` pads in other ways
        block, number = 1, 1
        for item in config:
            if item == "M":
                self.layers[f"pool{block}"] = POOLS[pooling][ndim](2)
                block, number = block + 1, 1
            else:
                conv = CONVS[ndim](channels, item, 3, padding=zeros, rng=rng)
                self.layers[f"conv{block}_{number}"] = conv
                self.layers[f"relu{block}_{number}"] = nn.ReLU()
                channels, number = item, number + 1

    @classmethod
    def from_weights(cls, arrays: VGGWeights, pooling="max", padding="constant") -> "VGG":
        """The frozen network with these weights, which it copies."""
        config: list[int | str] = []
        for name, layer in arrays.layers.items():
            config += ["M"] if config and name.endswith("_1") else []
            config.append(len(layer.weight))
        network = cls([*config, "M"], arrays.preprocess, pooling, padding, rng=0)  # replaced below
        for name, conv in network.convs.items():
            conv.weight = nn.Parameter(arrays.layers[name].weight.copy())
            conv.bias = nn.Parameter(arrays.layers[name].bias.copy())
        return network.freeze()

    @property
    def convs(self) -> dict[str, Any]:
        """The convolutions by name, in order."""
        conv = CONVS[self.ndim]
        return {name: x for name, x in self.layers.items() if isinstance(x, conv)}

    def with_pixels(self, preprocess: Preprocess | None) -> "VGG":
        """The same layers behind another preprocessing."""
        network = copy.copy(self)
        network.preprocess = preprocess
        return network

    def freeze(self) -> "VGG":
        """Make the weights take no gradient; returns the network itself."""
        for parameter in self.parameters():
            parameter.requires_grad = False
        return self

    def forward(self, images: Any) -> Tensor:
        """The last layer's features."""
        last = next(reversed(self.layers))
        return self.features(images, [last])[last]

    def features(self, images: Any, layers: Iterable[str]) -> dict[str, Tensor]:
        """images (N, 3, H, W), RGB in [0, 1] -> {name: features (N, C, H', W')} of `layers`.

        Signals (N, C, L) and volumes (N, C, D, H, W) likewise, as the network's ndim says.
        Raises ValueError for a layer that this network lacks, or images of another shape.
        """
        layers = list(layers)
        self._check(images := as_tensor(images), layers)
        features: dict[str, Tensor] = {}
        size = images.shape[2:]
        margins, stride = self.margins(size, layers), 1
        x = _mirrored(self._preprocessed(images), margins)
        for name, layer in self.layers.items():
            if len(features) == len(set(layers)):
                break
            if self.padding not in ("constant", "mirror") and isinstance(layer, CONVS[self.ndim]):
                x = F.pad(x, ((1, 1),) * self.ndim, self.padding)
            x = layer(x)
            stride *= 2 if name.startswith("pool") else 1
            if name in layers:
                features[name] = x[_inside(size, margins, stride)] if any(margins) else x
        return features

    def margins(self, size: Sequence[int], layers: Iterable[str]) -> list[tuple[int, ...]]:
        """The pixels that padding "mirror" adds before and after each axis; else none.

        At least 8, and as many more as make the strides of `layers` divide the sides.
        """
        if self.padding != "mirror":
            return [(0, 0) for _ in size]
        stride = self._stride(layers)
        before = -(-MARGIN // stride) * stride
        return [(before, before + -n % stride) for n in size]

    def _stride(self, layers: Iterable[str]) -> int:
        """Pixels from one position of the deepest of `layers` to the next."""
        names = list(self.layers)
        last = max(map(names.index, layers), default=0)
        return 2 ** sum(name.startswith("pool") for name in names[: last + 1])

    def _preprocessed(self, images: Tensor) -> Tensor:
        """(image · scale − mean) / std, as one product and one difference."""
        if self.preprocess is None:
            return images
        mean, std = np.array(self.preprocess.mean), np.array(self.preprocess.std)
        xp = array_module(images.data)
        scale, shift = (
            xp.asarray(x, dtype=images.dtype).reshape(1, -1, *(1,) * self.ndim)
            for x in (self.preprocess.scale / std, mean / std)
        )
        return images * scale - shift

    def check_layers(self, names: Iterable[str]) -> None:
        """Raise ValueError for a layer that this network lacks."""
        for name in names:
            if name not in self.layers:
                others = [layer for layer in self.layers if not layer.startswith("relu")]
                raise ValueError(
                    f"features: this network holds no layer {name!r}; it holds "
                    f"{', '.join(others)} and a relu for each conv"
                )

    def _check(self, images: Tensor, layers: list[str]) -> None:
        self.check_layers(layers)
        if images.ndim != self.ndim + 2 or images.shape[1] != self.channels:
            expected = INPUTS[self.ndim].format(self.channels)
            raise ValueError(f"features: expected {expected}, got shape {images.shape}")
        least = self._stride(layers)
        if min(images.shape[2:]) < least:
            deepest = max(layers, key=list(self.layers).index)
            raise ValueError(
                f"features: images of {'×'.join(map(str, images.shape[2:]))} pixels are too small "
                f"for {deepest}, which needs {least} on each side; use larger ones"
            )


def _mirrored(x: Tensor, margins: Sequence[tuple[int, ...]]) -> Tensor:
    """x (N, C, *size) with margins that mirror it; a smaller one repeats its mirror's edge."""
    limits = [n - 1 for n in x.shape[2:]]
    inner = [tuple(min(w, n) for w in pair) for pair, n in zip(margins, limits, strict=True)]
    outer = [tuple(max(0, w - n) for w in pair) for pair, n in zip(margins, limits, strict=True)]
    return F.pad(F.pad(x, inner, "reflect"), outer, "edge")


def _inside(size: Sequence[int], margins: Sequence[tuple[int, ...]], stride: int) -> tuple:
    """Index of the picture's own positions in features (N, C, *places) of that stride."""
    axes = zip(size, margins, strict=True)
    return (..., *(slice(a // stride, a // stride + -(-n // stride)) for n, (a, _) in axes))


def load(path_or_name: str | os.PathLike, pooling=None, padding=None) -> VGG:
    """A new, frozen VGG: "builtin", the weights in a file, or "vgg19" and others once fetched.

    path_or_name: a name of `weights.fetching.FILES`, unless the current folder has such a file
    pooling: by default "max", for the built-in network "avg"; padding: likewise "constant" (zeros,
    as VGG was trained) and "mirror", which is best for pictures, see `VGG`
    Raises ValueError if the file is missing, broken, no VGG, or not yet fetched: nothing is
    downloaded here.
    """
    if path_or_name == "builtin":
        return VGG.from_weights(_builtin_weights(), pooling or "avg", padding or "mirror")
    arrays = weights.load(path_or_name)
    return VGG.from_weights(arrays, pooling or "max", padding or "constant")


@functools.cache
def _builtin_weights() -> VGGWeights:
    """The arrays of the network that comes with nnscratch; `nnscratch train-backbone` made it."""
    return weights.load(BUILTIN_FILE)


def random(config, samples, pooling="avg", padding="edge", seed=0, initial=orthogonal) -> VGG:
    """A frozen network of random weights, each channel's mean at 1.

    samples (N, C, *size): pictures, signals or volumes of the kind that it is for; the means are
    measured on them, layer by layer (Gatys et al. 2015, section 2.1, scale the trained VGG so).
    initial: shape, generator -> the weights of a layer
    Differs from the paper: channels are also centred before the ReLU, so that each is above 0 in
    about half of the positions.
    """
    ndim, channels = samples.ndim - 2, samples.shape[1]
    pixels = CAFFE if (ndim, channels) == (2, 3) else None
    network = VGG(config, pixels, pooling, padding, seed, ndim, channels)
    rng = np.random.default_rng(seed)
    with no_grad():
        for name, conv in network.convs.items():
            conv.weight = nn.Parameter(initial(conv.weight.shape, rng))
            _normalise(conv, network.features(samples, [name])[name].data)
    return network.freeze()


def _normalise(conv: Any, responses: np.ndarray) -> None:
    """Shift and scale each channel so that `responses` centre on 0 and their ReLU averages 1."""
    axes = (0, *range(2, responses.ndim))
    mean = responses.mean(axes, keepdims=True)
    level = np.maximum(responses - mean, 0).mean(axes)
    level = np.where(level > 0, level, 1).astype(responses.dtype)  # a constant stays 0
    conv.weight = nn.Parameter(conv.weight.data / level.reshape(-1, *(1,) * (responses.ndim - 1)))
    conv.bias = nn.Parameter(-mean.reshape(-1) / level)
