"""Texture synthesis: new pictures, signals or volumes in the style of a sample, from noise.

Stands on `transfer` and `vgg`.
Source: Gatys, Ecker and Bethge 2015 (arXiv:1505.07376), "Texture Synthesis Using Convolutional
Neural Networks".
"""

from dataclasses import replace

import numpy as np

from nnscratch.style import vgg
from nnscratch.style.scales import Size
from nnscratch.style.settings import Objective, Settings
from nnscratch.style.transfer import Result, stylize

# random networks by dimensions; the receptive field of the last layer is 78, 18 × 18, 18³
CONFIGS: dict[int, vgg.Config] = {
    1: (32, "M", 64, "M", 96, "M", 128, "M", 128),
    2: (32, "M", 64, "M", 96),
    3: (16, "M", 32, "M", 64),
}
STYLE_ALONE = Objective(content_weight=0.0, tv_weight=0.0)
FROM_NOISE = Settings("lbfgs", iterations=100, scales=3, init="noise")


def synthesize(
    sample, size=None, network=None, objective=STYLE_ALONE, settings=FROM_NOISE, on_step=None
) -> Result:
    """A new picture with the sample's texture: (C, *size) -> Result with an image (C, *size).

    sample: a picture, signal or volume of floats in [0, 1]; size: the result's, None: the sample's
    network: None: the built-in one for RGB pictures, else random weights, normalised on the sample;
        a network with padding "wrap" gives a texture that tiles
    objective: its content weight counts as 0; settings: another seed gives another texture
    Raises ValueError for a sample that is not in [0, 1], and a size of other dimensions.
    Differs from the paper: coarse to fine, and random weights, which Ustyuzhaninov et al. 2016
    (arXiv:1606.00021) found sufficient.
    """
    sample = np.asarray(sample)
    size = sample.shape[1:] if size is None else tuple(size)
    _check(sample, size, settings)
    network = _network_for(sample) if network is None else network
    blank = np.zeros((len(sample), *size), sample.dtype)
    objective = replace(objective, content_weight=0.0)
    return stylize(network, blank, sample, objective, settings, on_step)


def _network_for(sample: np.ndarray) -> vgg.VGG:
    if len(sample) == 3 and sample.ndim == 3:
        return vgg.load("builtin")
    return vgg.random(CONFIGS[sample.ndim - 1], sample[None])


def _check(sample: np.ndarray, size: Size, settings: Settings) -> None:
    if sample.dtype.kind != "f" or sample.ndim - 1 not in CONFIGS or 0 in sample.shape:
        raise ValueError(
            "synthesize: expected a sample of floats, (C, L), (C, H, W) or (C, D, H, W), got shape "
            f"{sample.shape} of {sample.dtype}"
        )
    if not (sample.min() >= 0 and sample.max() <= 1):  # NaN as well
        raise ValueError(
            f"synthesize: expected a sample in [0, 1], got {sample.min():g} to {sample.max():g}; "
            "scale it, (x - x.min()) / np.ptp(x), and the result back"
        )
    if len(size) != sample.ndim - 1 or min(size) < 1:
        raise ValueError(
            f"synthesize: expected a size such as the sample's {sample.shape[1:]}, got {size}"
        )
    if settings.init == "content":
        raise ValueError('synthesize: no content to begin with; choose init "noise" or "style"')
