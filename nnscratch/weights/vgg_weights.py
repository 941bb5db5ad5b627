"""The convolutions of a VGG as arrays, and our own file format for them.

Stands on NumPy and `files`. A file holds conv1_1.weight, conv1_1.bias, ... and a card (JSON) that
states the preprocessing.
"""

import os
import re
from dataclasses import asdict, dataclass

import numpy as np

from nnscratch.files import check_card, write_arrays

LAYER_NAME = re.compile(r"conv([1-9])_([1-9])")
OWN_KEY = re.compile(rf"({LAYER_NAME.pattern})\.(weight|bias)")
WIDTHS = (64, 128, 256, 512, 512)  # channels of each block, Simonyan and Zisserman 2015, table 1
NETWORKS = {  # convolutions in each block
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
KIND, VERSION = "vgg", 1  # stated by the card, beside preprocess and source


@dataclass(frozen=True)
class Preprocess:
    """The network's input from RGB images in [0, 1]: (image · scale − mean) / std."""

    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that are not finite and for a std of 0."""
        if not np.isfinite([self.scale, *self.mean, *self.std]).all() or 0 in self.std:
            raise ValueError(f"Preprocess: expected finite numbers and no std of 0, got {self}")


CAFFE = Preprocess(255.0, (123.68, 116.779, 103.939), (1.0, 1.0, 1.0))
TORCHVISION = Preprocess(1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class LayerWeights:
    """One convolution: weight (C_out, C_in, kH, kW), bias (C_out,), float32."""

    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class VGGWeights:
    """The convolutions of a VGG by name (conv1_1, ...), in order; the first takes RGB."""

    layers: dict[str, LayerWeights]
    preprocess: Preprocess
    source: str

    def __post_init__(self) -> None:
        """Raise ValueError unless the layers fit together and all numbers are finite."""
        channels = 3
        for name, layer in self.layers.items():
            weight, bias = layer.weight, layer.bias
            if LAYER_NAME.fullmatch(name) is None:
                raise ValueError(f"{self.source}: {name!r} is not a VGG layer name (conv1_1, ...)")
            if weight.ndim != 4 or weight.shape[1] != channels or bias.shape != weight.shape[:1]:
                raise ValueError(
                    f"{self.source}: {name} does not fit: expected {channels} input channels, got "
                    f"weight {weight.shape}, bias {bias.shape}"
                )
            if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
                raise ValueError(f"{self.source}: {name} holds NaN or infinity; fetch it again")
            channels = len(weight)
        if not self.layers:
            raise ValueError(f"{self.source}: holds no VGG layers")


def layer_names(network: str) -> list[str]:
    """The layer names of a network in NETWORKS: "vgg19" -> ["conv1_1", "conv1_2", ...]."""
    counts = enumerate(NETWORKS[network], 1)
    return [f"conv{block}_{i}" for block, count in counts for i in range(1, count + 1)]


def save(path: str | os.PathLike, vgg: VGGWeights, dtype=np.float32) -> None:
    """Write weights to .npz or .safetensors, whole or not at all; `load` reads them.

    dtype: a floating-point type; float16 halves the file. Raises ValueError for another suffix or
    dtype, a place that cannot be written, or a weight too large for the dtype.
    """
    if not isinstance(vgg, VGGWeights):
        raise TypeError(
            f"weights: expected VGGWeights, as load returns them, got {type(vgg).__name__}; save "
            "takes the path first"
        )
    dtype = np.dtype(dtype)
    if dtype.kind != "f":  # weights would be rounded to zeros
        raise ValueError(
            f"weights: expected a dtype of floating point, got {dtype}; use float32 or float16"
        )
    card = {"kind": KIND, "version": VERSION, "preprocess": asdict(vgg.preprocess)}
    card["source"] = vgg.source
    write_arrays(path, _to_arrays(vgg, dtype), card, "weights", compress=True)


def _to_arrays(vgg, dtype):
    arrays = {}
    for name, layer in vgg.layers.items():
        for kind, values in vars(layer).items():
            with np.errstate(over="ignore"):
                arrays[f"{name}.{kind}"] = np.asarray(values, dtype)
            if not np.isfinite(arrays[f"{name}.{kind}"]).all():
                raise ValueError(f"weights: {name}.{kind} does not fit into {dtype}; use float32")
    return arrays


def from_arrays(arrays, card, source) -> VGGWeights:
    """Rebuild what `save` wrote; source names the file. Raises ValueError if parts are missing."""
    # the first files had no kind
    check_card({"kind": KIND, **card}, KIND, VERSION, f"weights: {source}")
    preprocess = _preprocess(card, source)
    layers = {}
    for name in sorted({match[1] for match in map(OWN_KEY.fullmatch, arrays) if match}):
        weight, bias = arrays.get(f"{name}.weight"), arrays.get(f"{name}.bias")
        if weight is None or bias is None:
            raise ValueError(
                f"weights: {source}: {name} lacks its weight or its bias; fetch it again"
            )
        layers[name] = LayerWeights(np.asarray(weight, np.float32), np.asarray(bias, np.float32))
    return VGGWeights(layers, preprocess, str(card.get("source") or source))


def _preprocess(card, source) -> Preprocess:
    try:
        numbers = card["preprocess"]
        (r, g, b), std = map(float, numbers["mean"]), map(float, numbers["std"])
        r_std, g_std, b_std = std
        return Preprocess(float(numbers["scale"]), (r, g, b), (r_std, g_std, b_std))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"weights: {source}: its card does not state the preprocessing in a readable form "
            f"({error}); fetch it again"
        ) from error
