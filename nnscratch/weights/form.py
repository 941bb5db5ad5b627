"""The inner form of VGG weights, whatever file they came from.

Stands on NumPy alone.
"""

import re
from dataclasses import dataclass

import numpy as np

LAYER_NAME = re.compile(r"conv([1-9])_([1-9])")
WIDTHS = (64, 128, 256, 512, 512)  # channels of each block, Simonyan and Zisserman 2015, table 1
NETWORKS = {  # convolutions of each block
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}


@dataclass(frozen=True)
class Preprocess:
    """What a network wants done to RGB images in [0, 1]: (image · scale − mean) / std."""

    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        """Raise ValueError unless pixels stay numbers."""
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
        """Raise ValueError unless the layers fit together and hold numbers."""
        channels = 3
        for name, layer in self.layers.items():
            weight, bias = layer.weight, layer.bias
            if LAYER_NAME.fullmatch(name) is None:
                raise ValueError(
                    f"{self.source}: {name!r} is no name of a VGG layer (conv1_1, ...)"
                )
            if weight.ndim != 4 or weight.shape[1] != channels or bias.shape != weight.shape[:1]:
                raise ValueError(
                    f"{self.source}: {name} does not fit: expected {channels} input channels, got "
                    f"weight {weight.shape}, bias {bias.shape}"
                )
            if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
                raise ValueError(
                    f"{self.source}: {name} holds NaN or infinity; fetch the file again"
                )
            channels = len(weight)
        if not self.layers:
            raise ValueError(f"{self.source}: holds no VGG layers")
