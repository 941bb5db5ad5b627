"""Neural style transfer over a VGG: features, costs, and the optimisation of pixels.

Stands on `nn`, `optim`, `weights` and `data`. `vgg.load` gives the network, `stylize` the picture.
"""

from nnscratch.style import vgg
from nnscratch.style.losses import content_cost, gram_matrix, style_cost, total_variation
from nnscratch.style.transfer import Result, Settings, Step, default_layers, stylize

__all__ = [
    "Result",
    "Settings",
    "Step",
    "content_cost",
    "default_layers",
    "gram_matrix",
    "style_cost",
    "stylize",
    "total_variation",
    "vgg",
]
