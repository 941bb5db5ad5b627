"""Layers, the trees they form, and the table of a network.

Stands on `functional`. `module` is the tree, `layers` its leaves, `init` their initial weights.
"""

# fmt: off

from typing import TYPE_CHECKING

from nnscratch.nn import init
from nnscratch.nn.layers import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AvgPool1d, AvgPool2d, AvgPool3d,
    BatchNorm1d, BatchNorm2d, BatchNorm3d, Conv1d, Conv2d, Conv3d, ConvTranspose1d,
    ConvTranspose2d, ConvTranspose3d, Dropout, Flatten, Identity, InstanceNorm2d, L2Normalize,
    LayerNorm, LeakyReLU, Linear, MaxPool1d, MaxPool2d, MaxPool3d, ReLU, Sequential, Sigmoid,
    Softmax, Tanh,
)
from nnscratch.nn.module import Module, Parameter
from nnscratch.names import no_attribute as _no_attribute
from nnscratch.summary import summary

if not TYPE_CHECKING:  # else mypy would take every name for known

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
