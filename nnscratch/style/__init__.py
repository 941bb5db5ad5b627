"""Neural style transfer over a VGG: features, costs, and the optimisation of pixels.

Stands on `nn`, `optim`, `weights` and `data`. Read `gatys` first: the paper on one page. `vgg.load`
gives the network, `stylize` the picture, `Costs` the loss for a loop of your own; `synthesize`
makes textures, also of signals and volumes.
"""

from nnscratch.style import gatys, presets, vgg
from nnscratch.style.costs import CostParts, Costs
from nnscratch.style.descent import Step
from nnscratch.style.losses import content_cost, gram_matrix, style_cost, total_variation
from nnscratch.style.settings import Objective, Settings, Style, default_layers
from nnscratch.style.statistics import KINDS
from nnscratch.style.synthesis import synthesize
from nnscratch.style.transfer import Result, prepare_targets, stylize
