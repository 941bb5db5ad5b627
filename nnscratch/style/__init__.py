"""Neural style transfer over a VGG: features, costs, and the optimisation of pixels.

Stands on `nn`, `optim`, `weights` and `data`. `vgg.load` gives the network, `stylize` the picture;
`synthesize` makes textures, also of signals and volumes.
"""

from nnscratch.style import presets, vgg
from nnscratch.style.costs import CostParts, Objective, Style, default_layers
from nnscratch.style.losses import content_cost, gram_matrix, style_cost, total_variation
from nnscratch.style.statistics import KINDS
from nnscratch.style.synthesis import synthesize
from nnscratch.style.transfer import Result, Settings, Step, stylize

__all__ = [
    "CostParts",
    "KINDS",
    "Objective",
    "Result",
    "Settings",
    "Step",
    "Style",
    "content_cost",
    "default_layers",
    "gram_matrix",
    "presets",
    "style_cost",
    "stylize",
    "synthesize",
    "total_variation",
    "vgg",
]
