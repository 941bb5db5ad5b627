"""The encoder: a small convolutional network that turns a picture into a unit vector.

Stands on `nn`. Two pictures are compared by the distance of their encodings. They share the weights
if the same network encodes both, in two calls or, faster, in one batch.
"""

import math
from collections.abc import Sequence

import numpy as np

from nnscratch import nn, no_grad
from nnscratch.tensor import Tensor

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}


class Encoder(nn.Module):
    """x (N, C, *size) -> unit rows (N, embedding), for signals, pictures and volumes.

    One block for each of `widths`: convolution, batch norm, ReLU, and a pooling by 2, except in the
    first, whose 5 × 5 convolution has stride 2, and in the last. Then dropout, a dense layer and
    the L2 norm. Source: after Koch et al. 2015, with the unit vectors of Schroff et al. 2015
    (arXiv:1503.03832).
    """

    def __init__(
        self, in_channels: int, size, widths=(32, 64, 64, 128), embedding=128, dropout=0.2, rng=None
    ):
        size, widths = tuple(size), tuple(widths)
        if len(size) not in CONV or not widths:
            raise ValueError(
                "Encoder: expected a size of 1 to 3 axes and at least one width, "
                f"got size {size}, widths {widths}"
            )
        rng = np.random.default_rng(rng)
        self.input_shape = (in_channels, *size)
        self.settings = {"in_channels": in_channels, "size": list(size), "widths": list(widths)}
        self.settings |= {"embedding": embedding, "dropout": dropout}
        self.blocks = nn.Sequential(*_blocks(in_channels, len(size), widths, rng))
        features = widths[-1] * math.prod(_reduced(size, len(widths)))
        dense = nn.Linear(features, embedding, rng=rng)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(dropout, rng=rng), dense)
        self.normalize = nn.L2Normalize()

    def forward(self, x) -> Tensor:
        if tuple(x.shape[1:]) != self.input_shape:
            raise ValueError(
                f"Encoder: expected pictures (N, {', '.join(map(str, self.input_shape))}), "
                f"got {tuple(x.shape)}; resize them first"
            )
        return self.normalize(self.head(self.blocks(x)))


def _blocks(in_channels: int, ndim: int, widths: Sequence[int], rng) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for i, width in enumerate(widths):
        kernel, stride = (5, 2) if i == 0 else (3, 1)
        shape = in_channels, width, kernel, stride, kernel // 2
        conv = CONV[ndim](*shape, bias=False, rng=rng)  # batch norm has the bias
        layers += [conv, NORM[ndim](width), nn.ReLU()]
        if 0 < i < len(widths) - 1:
            layers.append(POOL[ndim](2))
        in_channels = width
    return layers


def _reduced(size: Sequence[int], blocks: int) -> list[int]:
    """The length of each axis: halved by the stride, rounding up, and by each pooling, down."""
    reduced = [-(-n // 2) // 2 ** max(0, blocks - 2) for n in size]
    if 0 in reduced:
        raise ValueError(
            f"Encoder: {blocks} blocks leave nothing of size {tuple(size)}; "
            "give fewer widths or larger pictures"
        )
    return reduced


def encode(network, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """images (N, C, *size) -> encodings (N, D), in eval mode, without a graph.

    network: a module, or any function of a Tensor
    """
    modules = list(network.modules()) if isinstance(network, nn.Module) else []
    modes = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        with no_grad():
            starts = range(0, max(1, len(images)), batch_size)
            parts = [network(Tensor(images[i : i + batch_size])).numpy() for i in starts]
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
    return np.concatenate(parts)
