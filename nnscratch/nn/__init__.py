"""Layers, the trees they form, and the table of a network.

Stands on `functional`. `module` is the tree, `layers` its leaves, `init` their initial weights.
"""

# fmt: off

from nnscratch.nn import init
from nnscratch.nn.layers import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AvgPool1d, AvgPool2d, AvgPool3d,
    BatchNorm1d, BatchNorm2d, BatchNorm3d, Conv1d, Conv2d, Conv3d, ConvTranspose1d,
    ConvTranspose2d, ConvTranspose3d, Dropout, Flatten, Identity, InstanceNorm2d, L2Normalize,
    LayerNorm, LeakyReLU, Linear, MaxPool1d, MaxPool2d, MaxPool3d, ReLU, Sequential, Sigmoid,
    Softmax, Tanh,
)
from nnscratch.nn.module import Module, Parameter
from nnscratch.summary import summary

_LIST = "layers in a plain list, tuple or dictionary are registered"
OTHER_NAMES = {
    "ModuleList": _LIST, "ModuleDict": _LIST, "ParameterList": _LIST, "ParameterDict": _LIST,
    "Buffer": "use module.register_buffer(name, tensor)",
    "functional": "import nnscratch.functional as F",
    "utils": "gradients are clipped by optim.clip_grad_norm",
    "ELU": "use functional.elu, also as a layer of a Sequential",
    "Softplus": "use functional.softplus, also as a layer of a Sequential",
    "LogSoftmax": "use functional.log_softmax",
    "CrossEntropyLoss": "losses are functions: functional.cross_entropy",
    "NLLLoss": "losses are functions: functional.nll_loss",
    "MSELoss": "losses are functions: functional.mse_loss",
    "BCELoss": "use functional.binary_cross_entropy_with_logits, without a last sigmoid",
    "BCEWithLogitsLoss": "losses are functions: functional.binary_cross_entropy_with_logits",
    "TripletMarginLoss": "losses are functions: functional.triplet_margin_loss",
    "PairwiseDistance": "use functional.pairwise_distances",
    "AdaptiveMaxPool2d": "for size 1, use Tensor.max over the axes",
    "ZeroPad2d": "use functional.pad",
    "ReflectionPad2d": "use functional.pad with mode=\"reflect\"",
    "ReplicationPad2d": "use functional.pad with mode=\"edge\"",
}


def __getattr__(name: str) -> object:
    """Say how a name of PyTorch is called here."""
    hint = OTHER_NAMES.get(name, "not here; a Module with a forward of your own can be it")
    raise AttributeError(f"nn.{name}: {hint}", name=name)
