"""VGG: stacks of 3×3 convolutions between poolings, whose features style transfer compares.

Stands on `nn` and `weights`. Callers give RGB images in [0, 1]; what a weight file wants otherwise
(BGR, 0 to 255, means) is done here.
"""

import functools
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import nn, weights
from nnscratch.backend import array_module
from nnscratch.data.pictures import PICTURES
from nnscratch.nn.init import orthogonal
from nnscratch.tensor import Tensor, as_tensor, no_grad
from nnscratch.weights import Preprocess, VGGWeights
from nnscratch.weights.form import CAFFE

Config = Sequence[int | str]  # channels of each convolution, "M" for a pooling

CONFIGS: dict[str, Config] = {
    "vgg16": (64, 64, "M", 128, 128, "M", *(256,) * 3, "M", *(512,) * 3, "M", *(512,) * 3, "M"),
    "vgg19": (64, 64, "M", 128, 128, "M", *(256,) * 4, "M", *(512,) * 4, "M", *(512,) * 4, "M"),
    "builtin": (32, 32, "M", 64, 64, "M", 96, 96, "M", 128, 128, "M", 160),
}
POOLINGS = ("max", "avg")
PADDINGS = ("constant", "reflect", "edge", "wrap")
BUILTIN_SEED = 19


class VGG(nn.Module):
    """The convolutional part of a VGG: layers conv1_1, relu1_1, conv1_2, ..., pool1, conv2_1, ...

    config: channels and "M"; pooling: "max" or "avg"; padding: what borders the images, as in
    functional.pad ("constant" is zeros). Source: Simonyan and Zisserman 2015 (arXiv:1409.1556),
    table 1.
    """

    def __init__(
        self,
        config: Config,
        preprocess: Preprocess = CAFFE,
        pooling: str = "max",
        padding: str = "constant",
        rng: Any = None,
    ):
        if pooling not in POOLINGS:
            raise ValueError(f"VGG: expected pooling in {POOLINGS}, got {pooling!r}")
        if padding not in PADDINGS:
            raise ValueError(f"VGG: expected padding in {PADDINGS}, got {padding!r}")
        rng = np.random.default_rng(rng)
        self.preprocess, self.padding = preprocess, padding
        self.layers: dict[str, nn.Module] = {}
        channels, block, place = 3, 1, 1
        for item in config:
            if item == "M":
                self.layers[f"pool{block}"] = (nn.MaxPool2d if pooling == "max" else nn.AvgPool2d)(
                    2
                )
                block, place = block + 1, 1
                continue
            border = 1 if padding == "constant" else 0
            self.layers[f"conv{block}_{place}"] = nn.Conv2d(
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
    def convs(self) -> dict[str, nn.Conv2d]:
        """The convolutions by name, in order."""
        return {name: x for name, x in self.layers.items() if isinstance(x, nn.Conv2d)}

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

        Raises ValueError for a layer that this network does not hold.
        """
        wanted = list(layers)
        self._check(images := as_tensor(images), wanted)
        found: dict[str, Tensor] = {}
        x = self._prepared(images)
        for name, layer in self.layers.items():
            if len(found) == len(set(wanted)):
                break
            if self.padding != "constant" and isinstance(layer, nn.Conv2d):
                x = F.pad(x, ((1, 1), (1, 1)), self.padding)
            before, x = x, layer(x)
            if name in wanted:
                found[name] = x
            if isinstance(layer, nn.ReLU) and not any(before is kept for kept in found.values()):
                before.release()
        return found

    def _prepared(self, images: Tensor) -> Tensor:
        """(image · scale − mean) / std, as one product and one difference."""
        scale = [self.preprocess.scale / s for s in self.preprocess.std]
        shift = [m / s for m, s in zip(self.preprocess.mean, self.preprocess.std, strict=True)]
        xp = array_module(images.data)
        as_channels = [
            xp.asarray(v, dtype=images.dtype).reshape(1, 3, 1, 1) for v in (scale, shift)
        ]
        return images * as_channels[0] - as_channels[1]

    def _check(self, images: Tensor, wanted: list[str]) -> None:
        for name in wanted:
            if name not in self.layers:
                held = [layer for layer in self.layers if not layer.startswith("relu")]
                raise ValueError(
                    f"features: this network holds no layer {name!r}; it holds "
                    f"{', '.join(held)} and a relu for each conv"
                )
        last = max(map(list(self.layers).index, wanted), default=0)
        least = 2 ** sum(name.startswith("pool") for name in list(self.layers)[: last + 1])
        if images.ndim == 4 and min(images.shape[2:]) < least:
            raise ValueError(
                f"features: images of {images.shape[2]}×{images.shape[3]} pixels are too small for "
                f"{list(self.layers)[last]}, which needs {least} on each side; use larger ones"
            )
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"features: expected images (N, 3, H, W), got shape {images.shape}")


def load(
    path_or_name: str | os.PathLike, pooling: str | None = None, padding: str | None = None
) -> VGG:
    """A frozen VGG: "builtin", or what a weight file holds.

    pooling: "max" for files, "avg" for the built-in network, unless given; padding likewise
    "constant" (zeros) and "edge". Raises ValueError if the file is missing, broken or no VGG.
    """
    if path_or_name == "builtin":
        return builtin(pooling or "avg", padding or "edge")
    given = weights.load(path_or_name)
    return VGG.from_weights(given, pooling or "max", padding or "constant")


@functools.lru_cache(maxsize=4)
def builtin(pooling: str = "avg", padding: str = "edge") -> VGG:
    """The network that comes with nnscratch: orthogonal random weights, each channel's mean at 1.

    The means are measured on pictures of our own, layer by layer (Gatys et al. 2015, section 2.1,
    scale the trained VGG so). Differs from the paper: channels are also centred before the ReLU,
    so that each is at work in about half of the places.
    """
    network = VGG(CONFIGS["builtin"], pooling=pooling, padding=padding, rng=BUILTIN_SEED)
    rng = np.random.default_rng(BUILTIN_SEED)
    pictures = np.stack([draw(64) for draw in PICTURES.values()])
    with no_grad():
        for name, layer in network.convs.items():
            layer.weight = nn.Parameter(orthogonal(layer.weight.shape, rng))
            _normalise(layer, network.features(pictures, [name])[name].data)
    return network.freeze()


def _normalise(layer: nn.Conv2d, responses: np.ndarray) -> None:
    """Shift and scale each channel: `responses` then centre on 0, and their ReLU averages 1."""
    axes = (0, 2, 3)
    mean = responses.mean(axes, keepdims=True)
    level = np.maximum(responses - mean, 0).mean(axes)
    layer.weight = nn.Parameter(layer.weight.data / level.reshape(-1, 1, 1, 1))
    layer.bias = nn.Parameter(-mean.reshape(-1) / level)
