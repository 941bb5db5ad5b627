"""The built-in network: four ways to its weights, of which the best by measure is shipped.

Stands on `vgg`, `optim` and `data`. Everything is learnt from procedural pictures, whose labels
the generator knows; `distilled` also needs a VGG to imitate. One seed, one network.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import nn
from nnscratch.data.scenes import scenes
from nnscratch.data.textures import FAMILIES, NONE, ORIENTATIONS, SCALES, Labels, textures
from nnscratch.optim import Adam, cosine_rate
from nnscratch.style import vgg
from nnscratch.style.vgg import CONFIGS, VGG, Config
from nnscratch.tensor import Tensor, concatenate, no_grad
from nnscratch.weights import LayerWeights, Preprocess, VGGWeights
from nnscratch.weights.vgg_weights import CAFFE

KINDS = ("distilled", "labels", "gabor", "random")
LEARNT = KINDS[:2]
UNIT = 64.0  # levels of 256: while it learns, a network sees pixels of about ±2 of these
RED, GREEN, BLUE = CAFFE.mean
PIXELS = Preprocess(CAFFE.scale / UNIT, (RED / UNIT, GREEN / UNIT, BLUE / UNIT), CAFFE.std)
SAMPLES = 64  # pictures on which the levels of features are measured
WARMUP = 50
BLURS = 3
HEADS = {"family": len(FAMILIES), "orientation": ORIENTATIONS, "scale": SCALES, "blur": BLURS}
PALETTE = 6  # two colours
PALETTE_WEIGHT = 10.0
FAINTEST = 0.1  # a channel fainter than this part of its layer's median is noise: not made louder

OnStep = Callable[[int, float, str], None]  # step, loss, a note


@dataclass(frozen=True)
class Recipe:
    """How a network comes by its weights.

    kind: "distilled" (a teacher's features, see `distil`), "labels" (see `learn_labels`), "gabor"
    or "random"; steps, batch, size (pixels), lr: of the training, where there is one

    Raises ValueError for what cannot be.
    """

    kind: str = "distilled"
    steps: int = 2000
    batch: int = 8
    size: int = 96
    lr: float = 4e-3
    seed: int = 19
    config: vgg.Config = CONFIGS["builtin"]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"backbone: expected kind in {KINDS}, got {self.kind!r}")
        least = 2 ** sum(item == "M" for item in self.config)
        if self.steps < 1 or self.batch < 2 or self.size < max(16, least):
            raise ValueError(
                "backbone: expected at least 1 step, a batch of 2 and a size of "
                f"{max(16, least)} pixels, got {self.steps}, {self.batch} and {self.size}"
            )
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"backbone: expected lr above 0, got {self.lr}")


def make(recipe: Recipe, teacher: VGG | None = None, on_step: OnStep | None = None) -> VGG:
    """A frozen network by the recipe, average pooling, edges repeated.

    teacher: for "distilled", and only there. The features are brought to the teacher's levels, or
    to a mean of 1 in each channel: weights of presets made for VGG then suit. Raises ValueError if
    the teacher is missing, or holds fewer layers.
    """
    if (recipe.kind == "distilled") != (teacher is not None):
        needs = "needs a teacher, a VGG file" if teacher is None else "takes no teacher"
        raise ValueError(f"backbone: kind {recipe.kind!r} {needs}")
    missing = (
        [] if teacher is None else [n for n in _names(recipe.config) if n not in teacher.convs]
    )
    if missing:
        raise ValueError(
            f"backbone: expected a teacher with {', '.join(_names(recipe.config))}, got one "
            f"without {', '.join(missing)}; take VGG-19"
        )
    watch = on_step or (lambda step, loss, note: None)
    rng = np.random.default_rng(recipe.seed)
    samples = scenes(SAMPLES, rng, recipe.size)
    if recipe.kind == "random":
        return vgg.random(recipe.config, samples, seed=recipe.seed)
    if recipe.kind == "gabor":
        return vgg.random(recipe.config, samples, seed=recipe.seed, initial=gabor)
    network = _start(recipe, samples)
    if teacher is None:
        network = learn_labels(network, recipe, rng, watch)
        return with_levels(_with_caffe_pixels(network), samples, {})
    distil(network, teacher, samples, recipe, rng, watch)
    return with_levels(_with_caffe_pixels(network), samples, _levels(teacher, network, samples))


def _start(recipe: Recipe, samples: np.ndarray) -> VGG:
    """Random weights from which learning is fast: each channel averages 1, and so do pixels."""
    network = vgg.random(recipe.config, samples, seed=recipe.seed).with_pixels(PIXELS)
    first = next(iter(network.convs.values()))
    first.weight = nn.Parameter(first.weight.data * np.float32(UNIT))
    for parameter in network.parameters():
        parameter.requires_grad = True
    return network


# -- two kinds of random weights: orthogonal ones are in `vgg` ------------------------------------


def gabor(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Weights (C_out, C_in, *kernel): an oriented wave under a bell for each output, of random
    direction, frequency and phase, times a random share of each input.

    Source: Daugman 1985, equation 1; σ is 1 pixel, the frequency up to half a period a pixel.
    """
    out, _, *kernel = shape
    axes = [np.arange(side) - (side - 1) / 2 for side in kernel]
    at = np.stack(np.meshgrid(*axes, indexing="ij"))  # (ndim, *kernel)
    wave = rng.standard_normal((out, len(kernel)))
    wave *= np.pi * rng.random((out, 1)) / np.linalg.norm(wave, axis=1, keepdims=True)
    turn = np.tensordot(wave, at, 1) + rng.uniform(0, 2 * np.pi, (out, *(1,) * len(kernel)))
    filters = np.exp(-(at**2).sum(0) / 2) * np.cos(turn)  # (C_out, *kernel)
    shares = rng.standard_normal((*shape[:2], *(1,) * len(kernel)))
    return (filters[:, None] * shares / math.sqrt(shape[1])).astype(np.float32)


# -- a teacher's features -------------------------------------------------------------------------


def distil(
    network: VGG,
    teacher: VGG,
    samples: np.ndarray,
    recipe: Recipe,
    rng: np.random.Generator,
    watch: OnStep,
) -> None:
    """Train in place until 1×1 projections of each ReLU's features are the teacher's.

    The teacher's channels are standardised by their mean and deviation on `samples`, so that the
    loss of a layer is the part of the teacher's variance that is not explained. Source: Romero et
    al. 2015 (arXiv:1412.6550), equation 3. Differs from the paper: all layers at once, no labels.
    """
    layers = [name for name in network.layers if name.startswith("relu")]
    teacher.check_layers(layers)
    mean, deviation = _moments(teacher, layers, samples)
    projections = {
        name: _projection(len(network.convs[_conv(name)].weight), mean[name].shape[1])
        for name in layers
    }
    trained = nn.Sequential(network, *projections.values())
    optimizer = Adam(trained.parameters(), recipe.lr)
    for step in _steps(recipe, optimizer):
        images = scenes(recipe.batch, rng, recipe.size)
        with no_grad():
            wanted = teacher.features(images, layers)
        optimizer.zero_grad()
        found = network.features(images, layers)
        losses = {
            name: F.mse_loss(
                projections[name](found[name]), (wanted[name].data - mean[name]) / deviation[name]
            )
            for name in layers
        }
        total = sum(losses.values(), Tensor(np.float32(0))) / len(losses)
        total.backward()
        optimizer.step()
        left = ", ".join(f"{name[4:]} {losses[name].item():.2f}" for name in layers[::2])
        watch(step + 1, _finite(total.item(), step), f"unexplained {left}")


def _projection(channels: int, wanted: int) -> nn.Sequential:
    """Batch norm, then a matrix for each pixel, from zeros: (N, channels, H, W) -> (N, wanted, ..).

    The norm keeps steps of one size in all channels: an average of 1 in each would else make a
    step of all weights in one direction a long one.
    """
    matrix = nn.Conv2d(channels, wanted, 1)
    matrix.weight = nn.Parameter(np.zeros_like(matrix.weight.data))
    return nn.Sequential(nn.BatchNorm2d(channels), matrix)


def _moments(
    teacher: VGG, layers: list[str], samples: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Mean and deviation of each channel, (1, C, 1, 1), by layer; silent channels stay silent."""
    mean, deviation = {}, {}
    for name, values in _by_layer(teacher, layers, samples):
        mean[name] = values.mean((0, 2, 3), keepdims=True)
        deviation[name] = values.std((0, 2, 3), keepdims=True)
        deviation[name] += 1e-3 * deviation[name].mean()
    return mean, deviation


def _by_layer(
    network: VGG, layers: list[str], samples: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """The features of one layer after another: all at once would not fit."""
    for name in layers:
        with no_grad():
            parts = [
                network.features(samples[i : i + 8], [name])[name].data
                for i in range(0, len(samples), 8)
            ]
        yield name, np.concatenate(parts)


def _levels(teacher: VGG, network: VGG, samples: np.ndarray) -> dict[str, float]:
    """The teacher's mean activation in each of the network's convolutions."""
    layers = [name.replace("conv", "relu") for name in network.convs]
    return {_conv(name): float(x.mean()) for name, x in _by_layer(teacher, layers, samples)}


def _names(config: Config) -> Iterator[str]:
    """conv1_1, conv1_2, ... of a configuration."""
    block, place = 1, 1
    for item in config:
        if item == "M":
            block, place = block + 1, 1
        else:
            yield f"conv{block}_{place}"
            place += 1


def _conv(relu: str) -> str:
    return relu.replace("relu", "conv")


# -- labels of the generator ----------------------------------------------------------------------


class Reader(nn.Module):
    """A VGG with batch norm before each ReLU, which says what a texture is by all its blocks.

    images (N, 3, H, W) -> logits and colours (N, 53): means and deviations of the last features of
    each block, as in the diagonal of a Gram matrix, then a matrix.
    """

    def __init__(self, network: VGG, rng: np.random.Generator):
        self.network = network
        self.norms = {
            name: nn.BatchNorm2d(conv.weight.shape[0]) for name, conv in network.convs.items()
        }
        network.layers = dict(_with_norms(network.layers, self.norms))
        relus = [name for name in network.layers if name.startswith("relu")]
        self.lasts = list({name[4]: name for name in relus}.values())
        width = sum(network.convs[_conv(name)].weight.shape[0] for name in self.lasts)
        self.head = nn.Linear(2 * width, sum(HEADS.values()) + PALETTE, rng=rng)

    def forward(self, images: Any) -> Tensor:
        found = self.network.features(images, self.lasts)
        pooled = [_mean_and_deviation(found[name]) for name in self.lasts]
        return self.head(concatenate([part for pair in pooled for part in pair], axis=1))

    def folded(self) -> VGG:
        """The network alone, each norm in the weights of its convolution."""
        network = self.network
        network.layers = {k: v for k, v in network.layers.items() if not k.startswith("norm")}
        for name, conv in network.convs.items():
            norm: Any = self.norms[name]
            scale = norm.weight.data / np.sqrt(norm.running_var.data + norm.eps)
            conv.weight = nn.Parameter(conv.weight.data * scale[:, None, None, None])
            bias = (conv.bias.data - norm.running_mean.data) * scale + norm.bias.data
            conv.bias = nn.Parameter(bias)
        return network


def learn_labels(network: VGG, recipe: Recipe, rng: np.random.Generator, watch: OnStep) -> VGG:
    """The network after it has learnt to tell family, direction, scale, blur and colours.

    Source for learning from generators: Baradad et al. 2021 (arXiv:2106.05963).
    """
    reader = Reader(network, rng)
    reader.train()
    optimizer = Adam(reader.parameters(), recipe.lr)
    for step in _steps(recipe, optimizer):
        images, labels = textures(recipe.batch, rng, recipe.size)
        optimizer.zero_grad()
        loss, right = _label_loss(reader(images), labels)
        loss.backward()
        optimizer.step()
        watch(step + 1, _finite(loss.item(), step), f"families right {right:.0%}")
    reader.eval()
    return reader.folded()


def _label_loss(output: Tensor, labels: Labels) -> tuple[Tensor, float]:
    """The sum of cross-entropies and the colours' squared error; the share of right families."""
    total, at = Tensor(np.float32(0)), 0
    for name, classes in HEADS.items():
        target = getattr(labels, name)
        known = np.flatnonzero(target != NONE)
        if len(known):
            total = total + F.cross_entropy(output[known, at : at + classes], target[known])
        at += classes
    colours = labels.palette.reshape(len(output), PALETTE)
    right = (output.data[:, : len(FAMILIES)].argmax(1) == labels.family).mean()
    return total + PALETTE_WEIGHT * F.mse_loss(output[:, at:], colours), float(right)


def _mean_and_deviation(features: Tensor) -> tuple[Tensor, Tensor]:
    """(N, C, H, W) -> two times (N, C)."""
    mean = features.mean((2, 3))
    variance = ((features - mean.reshape(*mean.shape, 1, 1)) ** 2).mean((2, 3))
    return mean, (variance + 1e-5).sqrt()


def _with_norms(
    layers: Mapping[str, nn.Module], norms: Mapping[str, nn.Module]
) -> Iterator[tuple[str, nn.Module]]:
    for name, layer in layers.items():
        yield name, layer
        if name in norms:
            yield name.replace("conv", "norm"), norms[name]


# -- what both trainings share --------------------------------------------------------------------


def _steps(recipe: Recipe, optimizer: Adam) -> Iterator[int]:
    """The numbers of the steps; the rate falls along half a cosine."""
    for step in range(recipe.steps):
        optimizer.lr = cosine_rate(step, recipe.steps, recipe.lr, warmup=WARMUP)
        yield step


def _finite(loss: float, step: int) -> float:
    if not math.isfinite(loss):
        raise ValueError(
            f"backbone: the loss became {loss} at step {step + 1}; lower the learning rate"
        )
    return loss


def _with_caffe_pixels(network: VGG) -> VGG:
    """The same function of images, of pixels as most VGG files want them."""
    first = next(iter(network.convs.values()))
    first.weight = nn.Parameter(first.weight.data / np.float32(UNIT))
    return network.with_pixels(CAFFE)


def with_levels(network: VGG, samples: np.ndarray, levels: Mapping[str, float]) -> VGG:
    """The same features but for the scale of channels: each averages its layer's level, else 1.

    A factor above 0 goes through ReLU and pooling, and the next weights take it back. So no layer
    and no channel is louder than another in a Gram matrix (Gatys et al. 2015, section 2.1).
    """
    before = np.ones(network.channels, np.float32)
    for name, conv in network.convs.items():
        conv.weight = nn.Parameter(conv.weight.data / before[None, :, None, None])
        relu = name.replace("conv", "relu")
        ((_, features),) = _by_layer(network, [relu], samples)
        factor = _factors(features.mean((0, 2, 3)), levels.get(name, 1.0))
        conv.weight = nn.Parameter(conv.weight.data * factor[:, None, None, None])
        conv.bias = nn.Parameter(conv.bias.data * factor)
        before = factor
    return network.freeze()


def _factors(means: np.ndarray, level: float) -> np.ndarray:
    """What brings each channel's mean (C,) to the level; of faint channels, less."""
    loud = means[means > 0]
    if not len(loud):
        return np.ones_like(means)
    return level / np.maximum(means, FAINTEST * np.median(loud))


# -- as a file ------------------------------------------------------------------------------------


def as_weights(network: VGG, source: str) -> VGGWeights:
    """What a weight file holds of the network."""
    layers = {
        name: LayerWeights(conv.weight.numpy(), conv.bias.numpy())
        for name, conv in network.convs.items()
    }
    return VGGWeights(layers, network.preprocess or CAFFE, source)
