"""The training of the built-in network, in four ways; the best by measure is shipped.

Stands on `vgg`, `optim`, `scenes` and `textures`. All pictures are drawn by program, with known
labels; `distilled` also needs a VGG as a teacher. Equal seeds give equal networks.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import nn
from nnscratch.autograd import no_grad
from nnscratch.operations import concatenate
from nnscratch.optim import Adam, cosine_rate
from nnscratch.style import vgg
from nnscratch.style.backbone.scenes import scenes
from nnscratch.style.backbone.textures import FAMILIES, NONE, ORIENTATIONS, SCALES, Labels, textures
from nnscratch.style.vgg import CONFIGS, VGG
from nnscratch.tensor import Tensor
from nnscratch.weights import LayerWeights, Preprocess, VGGWeights
from nnscratch.weights.vgg_weights import CAFFE

KINDS = ("distilled", "labels", "gabor", "random")
TRAINED = KINDS[:2]
UNIT = 64.0  # levels of 256: pixels are divided by it in training, and then about ±2
RED, GREEN, BLUE = CAFFE.mean
PIXELS = Preprocess(CAFFE.scale / UNIT, (RED / UNIT, GREEN / UNIT, BLUE / UNIT), CAFFE.std)
SAMPLES = 64  # pictures on which activations are measured
WARMUP = 50  # steps
BLURS = 3
HEADS = {"family": len(FAMILIES), "orientation": ORIENTATIONS, "scale": SCALES, "blur": BLURS}
PALETTE = 6  # numbers of two colours
PALETTE_WEIGHT = 10.0
FAINTEST = 0.1  # channels with a mean below this part of the median are noise: not scaled up fully

OnStep = Callable[[int, float, str], None]  # step, loss, a note


@dataclass(frozen=True)
class BackboneRecipe:
    """How a network gets its weights.

    kind: "distilled" (a teacher's features, see `distil`), "labels" (see `learn_labels`), "gabor"
    or "random"; steps, batch, size (pixels), lr: of the training, if there is one

    Raises ValueError for values out of range.
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
        least = max(16, 2 ** sum(item == "M" for item in self.config))
        if self.steps < 1 or self.batch < 2 or self.size < least:
            raise ValueError(
                "backbone: expected at least 1 step, a batch of 2 and a size of "
                f"{least} pixels, got {self.steps}, {self.batch} and {self.size}"
            )
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"backbone: expected lr above 0, got {self.lr}")


def make(recipe: BackboneRecipe, teacher: VGG | None = None, on_step: OnStep | None = None) -> VGG:
    """A frozen network, made by the recipe, with average pooling and edge padding.

    teacher: for "distilled" only. Each channel is scaled to the teacher's mean activation in its
    layer, or to a mean of 1, so that style weights made for VGG fit. Raises ValueError if the
    teacher is missing or has fewer layers.
    """
    if (recipe.kind == "distilled") != (teacher is not None):
        needs = "needs a teacher, a VGG file" if teacher is None else "takes no teacher"
        raise ValueError(f"backbone: kind {recipe.kind!r} {needs}")
    if teacher is not None:
        _check_teacher(teacher, recipe.config)
    on_step = on_step or (lambda step, loss, note: None)
    rng = np.random.default_rng(recipe.seed)
    samples = scenes(SAMPLES, rng, recipe.size)
    if recipe.kind == "random":
        return vgg.random(recipe.config, samples, seed=recipe.seed)
    if recipe.kind == "gabor":
        return vgg.random(recipe.config, samples, seed=recipe.seed, initial=gabor)
    network = _initial(recipe, samples)
    levels: dict[str, float] = {}
    if teacher is None:
        network = learn_labels(network, recipe, rng, on_step)
    else:
        distil(network, teacher, samples, recipe, rng, on_step)
        levels = _mean_activations(teacher, network, samples)
    return with_levels(_with_caffe_pixels(network), samples, levels)


def _check_teacher(teacher: VGG, config: vgg.Config) -> None:
    names = list(VGG(config).convs)
    if missing := [name for name in names if name not in teacher.convs]:
        raise ValueError(
            f"backbone: expected a teacher with {', '.join(names)}, got one without "
            f"{', '.join(missing)}; take VGG-19"
        )


def _initial(recipe: BackboneRecipe, samples: np.ndarray) -> VGG:
    """Random weights, scaled for fast training: pixels and each channel have a mean of about 1."""
    network = vgg.random(recipe.config, samples, seed=recipe.seed).with_pixels(PIXELS)
    first = next(iter(network.convs.values()))
    first.weight = nn.Parameter(first.weight.data * np.float32(UNIT))
    for parameter in network.parameters():
        parameter.requires_grad = True
    return network


# -- Gabor filters; orthogonal random weights are in `vgg` ----------------------------------------


def gabor(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Weights (C_out, C_in, *kernel): a Gabor filter for each output, of random direction,
    frequency and phase, times a random factor for each input.

    Source: Daugman 1985, equation 1; σ is 1 pixel, the frequency at most half a period a pixel.
    """
    out, _, *kernel = shape
    axes = [np.arange(side) - (side - 1) / 2 for side in kernel]
    at = np.stack(np.meshgrid(*axes, indexing="ij"))  # (ndim, *kernel)
    wave = rng.standard_normal((out, len(kernel)))
    wave *= np.pi * rng.random((out, 1)) / np.linalg.norm(wave, axis=1, keepdims=True)
    phase = np.tensordot(wave, at, 1) + rng.uniform(0, 2 * np.pi, (out, *(1,) * len(kernel)))
    filters = np.exp(-(at**2).sum(0) / 2) * np.cos(phase)  # (C_out, *kernel)
    factors = rng.standard_normal((*shape[:2], *(1,) * len(kernel)))
    return (filters[:, None] * factors / math.sqrt(shape[1])).astype(np.float32)


# -- training -------------------------------------------------------------------------------------


def _train(parameters, recipe: BackboneRecipe, loss_and_note, on_step: OnStep) -> None:
    """Adam, with a rate that falls along half a cosine."""
    optimizer = Adam(parameters, recipe.lr)
    for step in range(recipe.steps):
        optimizer.lr = cosine_rate(step, recipe.steps, recipe.lr, warmup=WARMUP)
        loss, note = loss_and_note()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not math.isfinite(loss.item()):
            raise ValueError(
                f"backbone: the loss became {loss.item()} at step {step + 1}; lower the learning "
                "rate"
            )
        on_step(step + 1, loss.item(), note)


def distil(network: VGG, teacher: VGG, samples, recipe: BackboneRecipe, rng, on_step) -> None:
    """Train in place until 1×1 projections of the features after each ReLU are the teacher's.

    The teacher's channels are standardised by their mean and deviation on `samples`, so the loss of
    a layer is the unexplained part of the teacher's variance. Source: Romero et al. 2015
    (arXiv:1412.6550), equation 3. Differs from the paper: all layers at once, no labels.
    """
    layers = [name for name in network.layers if name.startswith("relu")]
    teacher.check_layers(layers)
    mean, deviation = _moments(teacher, layers, samples)
    projections = {
        name: _projection(len(network.convs[_conv(name)].weight), mean[name].shape[1])
        for name in layers
    }

    def unexplained() -> tuple[Tensor, str]:
        images = scenes(recipe.batch, rng, recipe.size)
        with no_grad():
            raw = teacher.features(images, layers)
        targets = {name: (raw[name].data - mean[name]) / deviation[name] for name in layers}
        features = network.features(images, layers)
        losses = {n: F.mse_loss(projections[n](features[n]), targets[n]) for n in layers}
        parts = ", ".join(f"{name[4:]} {losses[name].item():.2f}" for name in layers[::2])
        total = sum(losses.values(), Tensor(np.float32(0)))
        return total / len(losses), f"unexplained {parts}"

    parameters = nn.Sequential(network, *projections.values()).parameters()
    _train(parameters, recipe, unexplained, on_step)


def _projection(channels: int, outputs: int) -> nn.Sequential:
    """Batch norm, then a 1×1 convolution from zeros: (N, channels, H, W) -> (N, outputs, H, W).

    The norm centres the channels. With a mean of 1 in each, a step of all weights in one direction
    would change the output much more than other steps.
    """
    matrix = nn.Conv2d(channels, outputs, 1)
    matrix.weight = nn.Parameter(np.zeros_like(matrix.weight.data))
    return nn.Sequential(nn.BatchNorm2d(channels), matrix)


def _moments(teacher: VGG, layers: list[str], samples) -> tuple[dict, dict]:
    """Mean and deviation of each channel, (1, C, 1, 1), by layer; above 0 for silent channels."""
    mean, deviation = {}, {}
    for name, values in _by_layer(teacher, layers, samples):
        mean[name] = values.mean((0, 2, 3), keepdims=True)
        deviation[name] = values.std((0, 2, 3), keepdims=True)
        deviation[name] += 1e-3 * deviation[name].mean()
    return mean, deviation


def _by_layer(network: VGG, layers: list[str], samples) -> Iterator[tuple[str, np.ndarray]]:
    """The features of one layer after another, because all at once need too much memory."""
    for name in layers:
        with no_grad():
            parts = [
                network.features(samples[i : i + 8], [name])[name].data
                for i in range(0, len(samples), 8)
            ]
        yield name, np.concatenate(parts)


def _mean_activations(teacher: VGG, network: VGG, samples: np.ndarray) -> dict[str, float]:
    """The teacher's mean activation after each of the network's convolutions."""
    layers = [name.replace("conv", "relu") for name in network.convs]
    return {_conv(name): float(x.mean()) for name, x in _by_layer(teacher, layers, samples)}


def _conv(relu: str) -> str:
    return relu.replace("relu", "conv")


class LabelClassifier(nn.Module):
    """A VGG with batch norm before each ReLU, which predicts the labels of a texture.

    images (N, 3, H, W) -> logits and colours (N, 53): means and deviations of the last features of
    each block, as on the diagonal of a Gram matrix, then a linear layer.
    """

    def __init__(self, network: VGG, rng: np.random.Generator):
        self.network = network
        self.norms = {
            name: nn.BatchNorm2d(len(conv.weight)) for name, conv in network.convs.items()
        }
        network.layers = dict(_with_norms(network.layers, self.norms))
        relus = [name for name in network.layers if name.startswith("relu")]
        self.lasts = list({name[4]: name for name in relus}.values())
        width = sum(network.convs[_conv(name)].weight.shape[0] for name in self.lasts)
        self.head = nn.Linear(2 * width, sum(HEADS.values()) + PALETTE, rng=rng)

    def forward(self, images: Any) -> Tensor:
        features = self.network.features(images, self.lasts)
        pooled = [_mean_and_deviation(features[name]) for name in self.lasts]
        return self.head(concatenate([part for pair in pooled for part in pair], axis=1))

    def folded(self) -> VGG:
        """The network alone, with each norm folded into the weights of its convolution."""
        network = self.network
        network.layers = {k: v for k, v in network.layers.items() if not k.startswith("norm")}
        for name, conv in network.convs.items():
            norm: Any = self.norms[name]
            scale = norm.weight.data / np.sqrt(norm.running_var.data + norm.eps)
            conv.weight = nn.Parameter(conv.weight.data * scale[:, None, None, None])
            bias = (conv.bias.data - norm.running_mean.data) * scale + norm.bias.data
            conv.bias = nn.Parameter(bias)
        return network


def learn_labels(network: VGG, recipe: BackboneRecipe, rng, on_step: OnStep) -> VGG:
    """The network after training on family, direction, scale, blur and colours of textures.

    Source for training on generated pictures: Baradad et al. 2021 (arXiv:2106.05963).
    """
    classifier = LabelClassifier(network, rng)
    classifier.train()

    def label_loss() -> tuple[Tensor, str]:
        images, labels = textures(recipe.batch, rng, recipe.size)
        loss, right = _label_loss(classifier(images), labels)
        return loss, f"families right {right:.0%}"

    _train(classifier.parameters(), recipe, label_loss, on_step)
    classifier.eval()
    return classifier.folded()


def _label_loss(output: Tensor, labels: Labels) -> tuple[Tensor, float]:
    """Cross-entropies plus the squared error of the colours; the share of right families."""
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
    """(N, C, H, W) -> (N, C) and (N, C)."""
    mean = features.mean((2, 3))
    variance = ((features - mean.reshape(*mean.shape, 1, 1)) ** 2).mean((2, 3))
    return mean, (variance + 1e-5).sqrt()


def _with_norms(layers: Mapping, norms: Mapping) -> Iterator[tuple[str, nn.Module]]:
    for name, layer in layers.items():
        yield name, layer
        if name in norms:
            yield name.replace("conv", "norm"), norms[name]


# -- after training -------------------------------------------------------------------------------


def _with_caffe_pixels(network: VGG) -> VGG:
    """The same function of images, for pixels scaled as in most VGG files."""
    first = next(iter(network.convs.values()))
    first.weight = nn.Parameter(first.weight.data / np.float32(UNIT))
    return network.with_pixels(CAFFE)


def with_levels(network: VGG, samples: np.ndarray, levels: Mapping[str, float]) -> VGG:
    """Scale each channel to its layer's level in the mean, 1 if `levels` does not name it.

    A factor above 0 passes through ReLU and pooling, and the next weights are divided by it, so the
    features are otherwise the same. Then all layers and channels have equal weight in a Gram matrix
    (Gatys et al. 2015, section 2.1).
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
    """The factor from each channel's mean (C,) to the level; smaller for faint channels."""
    active = means[means > 0]
    if not len(active):
        return np.ones_like(means)
    return level / np.maximum(means, FAINTEST * np.median(active))


def as_weights(network: VGG, source: str) -> VGGWeights:
    """The network as the content of a weight file."""
    layers = {
        name: LayerWeights(conv.weight.numpy(), conv.bias.numpy())
        for name, conv in network.convs.items()
    }
    return VGGWeights(layers, network.preprocess or CAFFE, source)
