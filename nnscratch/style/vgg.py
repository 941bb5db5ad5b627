"""VGG: stacks of 3×3 convolutions between poolings, whose features style transfer compares.

Stands on `nn` and `weights`. Callers give RGB images in [0, 1]; what a weight file wants otherwise
(BGR, 0 to 255, means) is done here.
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
from nnscratch.backend import array_module
from nnscratch.nn.init import orthogonal
from nnscratch.tensor import Tensor, as_tensor, no_grad
from nnscratch.weights import Preprocess, VGGWeights
from nnscratch.weights.vgg_weights import CAFFE

Initial = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]
Config = Sequence[int | str]  # channels of each convolution, "M" for a pooling

CONFIGS: dict[str, Config] = {
    "vgg16": (64, 64, "M", 128, 128, "M", *(256,) * 3, "M", *(512,) * 3, "M", *(512,) * 3, "M"),
    "vgg19": (64, 64, "M", 128, 128, "M", *(256,) * 4, "M", *(512,) * 4, "M", *(512,) * 4, "M"),
    "builtin": (32, 32, "M", 64, 64, "M", 128, 128, 128, 128, "M"),
}
POOLINGS = ("max", "avg")
PADDINGS = ("constant", "reflect", "edge", "wrap")
BUILTIN_FILE = Path(__file__).with_name("backbone.safetensors")

CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
POOLS = {
    "max": {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d},
    "avg": {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d},
}
INPUTS = {1: "signals (N, {}, L)", 2: "images (N, {}, H, W)", 3: "volumes (N, {}, D, H, W)"}


class VGG(nn.Module):
    """The convolutional part of a VGG: layers conv1_1, relu1_1, conv1_2, ..., pool1, conv2_1, ...

    config: channels and "M"; pooling: "max" or "avg"; padding: what borders the images, as in
    functional.pad ("constant" is zeros); ndim and channels: 2 and 3 for pictures, 1 and 1 for a
    signal, ...; preprocess: for 3 channels, None leaves the values as they are. Source: Simonyan
    and Zisserman 2015 (arXiv:1409.1556), table 1.
    """

    def __init__(
        self,
        config: Config,
        preprocess: Preprocess | None = CAFFE,
        pooling: str = "max",
        padding: str = "constant",
        rng: Any = None,
        ndim: int = 2,
        channels: int = 3,
    ):
        _check_choices(pooling, padding, ndim)
        _check_pixels(preprocess, channels)
        rng = np.random.default_rng(rng)
        self.preprocess, self.padding = preprocess, padding
        self.ndim, self.channels = ndim, channels
        self.layers: dict[str, nn.Module] = {}
        block, place = 1, 1
        for item in config:
            if item == "M":
                self.layers[f"pool{block}"] = POOLS[pooling][ndim](2)
                block, place = block + 1, 1
                continue
            border = 1 if padding == "constant" else 0
            self.layers[f"conv{block}_{place}"] = CONVS[ndim](
                channels, int(item), 3, padding=border, rng=rng
            )
            self.layers[f"relu{block}_{place}"] = nn.ReLU()
            channels, place = int(item), place + 1

    @classmethod
    def from_weights(
        cls, given: VGGWeights, pooling: str = "max", padding: str = "constant"
    ) -> "VGG":
        """The network that `given` holds, frozen: its weights take no gradient."""
        blocks = [name.partition("_")[0] for name in given.layers]
        config: list[int | str] = []
        for i, layer in enumerate(given.layers.values()):
            config += ["M"] if i and blocks[i] != blocks[i - 1] else []
            config.append(len(layer.weight))
        network = cls([*config, "M"], given.preprocess, pooling, padding)
        for name, layer in given.layers.items():
            network.convs[name].weight = nn.Parameter(layer.weight)
            network.convs[name].bias = nn.Parameter(layer.bias)
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
        for parameter in self.parameters():
            parameter.requires_grad = False
        return self

    def forward(self, images: Any) -> Tensor:
        """The last layer's features."""
        last = next(reversed(self.layers))
        return self.features(images, [last])[last]

    def features(self, images: Any, layers: Iterable[str]) -> dict[str, Tensor]:
        """images (N, 3, H, W), RGB in [0, 1] -> {name: features (N, C, H', W')} of `layers`.

        Signals and volumes likewise, where the network is for those.

        Raises ValueError for a layer that this network does not hold, or images of another shape.
        """
        wanted = list(layers)
        self._check(images := as_tensor(images), wanted)
        found: dict[str, Tensor] = {}
        x = self._prepared(images)
        for name, layer in self.layers.items():
            if len(found) == len(set(wanted)):
                break
            if self.padding != "constant" and isinstance(layer, CONVS[self.ndim]):
                x = F.pad(x, ((1, 1),) * self.ndim, self.padding)
            before, x = x, layer(x)
            if name in wanted:
                found[name] = x
            if isinstance(layer, nn.ReLU) and not any(before is kept for kept in found.values()):
                before.release()
        return found

    def _prepared(self, images: Tensor) -> Tensor:
        """(image · scale − mean) / std, as one product and one difference."""
        if self.preprocess is None:
            return images
        scale = [self.preprocess.scale / s for s in self.preprocess.std]
        shift = [m / s for m, s in zip(self.preprocess.mean, self.preprocess.std, strict=True)]
        xp = array_module(images.data)
        as_channels = [
            xp.asarray(v, dtype=images.dtype).reshape(1, -1, *(1,) * self.ndim)
            for v in (scale, shift)
        ]
        return images * as_channels[0] - as_channels[1]

    def check_layers(self, wanted: Iterable[str]) -> None:
        """Raise ValueError for a layer that this network does not hold."""
        for name in wanted:
            if name not in self.layers:
                held = [layer for layer in self.layers if not layer.startswith("relu")]
                raise ValueError(
                    f"features: this network holds no layer {name!r}; it holds "
                    f"{', '.join(held)} and a relu for each conv"
                )

    def _check(self, images: Tensor, wanted: list[str]) -> None:
        self.check_layers(wanted)
        if images.ndim != self.ndim + 2 or images.shape[1] != self.channels:
            expected = INPUTS[self.ndim].format(self.channels)
            raise ValueError(f"features: expected {expected}, got shape {images.shape}")
        last = max(map(list(self.layers).index, wanted), default=0)
        least = 2 ** sum(name.startswith("pool") for name in list(self.layers)[: last + 1])
        if min(images.shape[2:]) < least:
            raise ValueError(
                f"features: images of {'×'.join(map(str, images.shape[2:]))} pixels are too small "
                f"for {list(self.layers)[last]}, which needs {least} on each side; use larger ones"
            )


def _check_choices(pooling: str, padding: str, ndim: int) -> None:
    choices = {"pooling": POOLINGS, "padding": PADDINGS, "ndim": tuple(CONVS)}
    given = {"pooling": pooling, "padding": padding, "ndim": ndim}
    for name, allowed in choices.items():
        if given[name] not in allowed:
            raise ValueError(f"VGG: expected {name} in {allowed}, got {given[name]!r}")


def _check_pixels(preprocess: Preprocess | None, channels: int) -> None:
    if preprocess is not None and channels != len(preprocess.mean):
        raise ValueError(
            f"VGG: expected {len(preprocess.mean)} channels, as in preprocess, got {channels}; "
            "give preprocess=None"
        )


def load(
    path_or_name: str | os.PathLike, pooling: str | None = None, padding: str | None = None
) -> VGG:
    """A frozen VGG: "builtin", what a weight file holds, or "vgg19" and others once fetched.

    path_or_name: the names are those of `weights.fetching.FILES`; a file called so in the current
    folder wins. pooling: "max" for files, "avg" for the built-in network, unless given; padding
    likewise "constant" (zeros) and "edge". Raises ValueError if the file is missing, broken or no
    VGG, or not yet fetched: nothing is downloaded here.
    """
    if path_or_name == "builtin":
        return builtin(pooling or "avg", padding or "edge")
    given = weights.load(path_or_name)
    return VGG.from_weights(given, pooling or "max", padding or "constant")


@functools.lru_cache(maxsize=8)
def builtin(pooling: str = "avg", padding: str = "edge") -> VGG:
    """The network that comes with nnscratch; `nnscratch train-backbone` made it."""
    return VGG.from_weights(weights.load(BUILTIN_FILE), pooling, padding)


def random(
    config: Config,
    samples: np.ndarray,
    pooling: str = "avg",
    padding: str = "edge",
    seed: int = 0,
    initial: Initial = orthogonal,
) -> VGG:
    """A frozen network of random weights, each channel's mean at 1.

    samples (N, C, *size): pictures, signals or volumes such as it is for. The means are measured
    on them, layer by layer (Gatys et al. 2015, section 2.1, scale the trained VGG so). Differs
    from the paper: channels are also centred before the ReLU, so that each is at work in about
    half of the places. initial: shape, generator -> the weights of a layer.
    """
    ndim, channels = samples.ndim - 2, samples.shape[1]
    pixels = CAFFE if (ndim, channels) == (2, 3) else None
    network = VGG(config, pixels, pooling, padding, seed, ndim, channels)
    rng = np.random.default_rng(seed)
    with no_grad():
        for name, layer in network.convs.items():
            layer.weight = nn.Parameter(initial(layer.weight.shape, rng))
            _normalise(layer, network.features(samples, [name])[name].data)
    return network.freeze()


def _normalise(layer: Any, responses: np.ndarray) -> None:
    """Shift and scale each channel: `responses` then centre on 0, and their ReLU averages 1."""
    axes = (0, *range(2, responses.ndim))
    mean = responses.mean(axes, keepdims=True)
    level = np.maximum(responses - mean, 0).mean(axes)
    level = np.where(level > 0, level, 1).astype(responses.dtype)  # a constant stays 0
    layer.weight = nn.Parameter(layer.weight.data / level.reshape(-1, *(1,) * (responses.ndim - 1)))
    layer.bias = nn.Parameter(-mean.reshape(-1) / level)
