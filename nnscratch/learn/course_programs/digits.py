"""A convolutional network learns to read digits with the learner's functions.

Stands on `learner_ops`, `data` and, for a second judgement, `functional`.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

import nnscratch.functional as F
from nnscratch import optim
from nnscratch.autograd import no_grad
from nnscratch.data import digits
from nnscratch.learn import learner_ops
from nnscratch.learn.course_programs.measurement import Measurement
from nnscratch.learn.learner_ops import LearnerFunctions
from nnscratch.tensor import Tensor

SIDE, TRAIN, TEST, BATCH = 16, 2000, 500, 32
Layers = tuple[Callable[..., Tensor], Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]
ENGINE: Layers = (partial(F.conv2d, padding=1), F.relu, lambda x: F.max_pool2d(x, 2))


def read_digits(
    functions: LearnerFunctions, seed: int, steps: int, channels, rate: float, least: float
) -> list[Measurement]:
    """Train two convolutions and a dense layer; test with the same functions and the engine's."""
    yours: Layers = (
        partial(learner_ops.conv2d, functions),
        partial(learner_ops.activation, functions, "relu"),
        partial(learner_ops.max_pool, functions),
    )
    rng = np.random.default_rng(seed)
    images, labels = digits(TRAIN, rng, SIDE)
    test = digits(TEST, rng, SIDE)
    weights = _weights(rng, channels)
    states = [(np.zeros(p.shape), np.zeros(p.shape), 0) for p in weights]
    for step in range(steps):
        rows = rng.integers(0, TRAIN, BATCH)
        scores = _scores(images[rows], weights, yours)
        learner_ops.cross_entropy(functions, scores, labels[rows]).backward()
        step_size = optim.cosine_rate(step, steps, rate)
        for i, p in enumerate(weights):
            g = p.grad.numpy() if p.grad is not None else np.zeros(p.shape)
            p.data, states[i] = learner_ops.adam_step(functions, p.numpy(), g, states[i], step_size)
            p.grad = None
    return [
        Measurement("accuracy", _accuracy(weights, yours, *test), "at least", least),
        Measurement("in the engine", _accuracy(weights, ENGINE, *test), "at least", least),
    ]


def _weights(rng: np.random.Generator, channels: tuple[int, int]) -> list[Tensor]:
    """Kernels and biases of two convolutions and a dense layer, as in He et al. 2015."""
    first, second = channels
    weights = []
    for shape in ((first, 1, 3, 3), (second, first, 3, 3), (10, second * (SIDE // 4) ** 2)):
        kernel = rng.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
        weights += [Tensor(kernel, True), Tensor(np.zeros(shape[0]), True)]
    return weights


def _scores(images: np.ndarray, weights: list[Tensor], layers: Layers) -> Tensor:
    """images (N, 1, SIDE, SIDE) -> scores (N, 10)."""
    convolution, activation, pool = layers
    x = Tensor(images.astype(np.float64))
    for kernel, bias in (weights[:2], weights[2:4]):
        x = pool(activation(convolution(x, kernel, bias)))
    return F.linear(x.reshape(len(x), -1), *weights[4:])


def _accuracy(weights: list[Tensor], layers: Layers, images, labels: np.ndarray) -> float:
    with no_grad():
        scores = _scores(images, weights, layers).numpy()
    return float((scores.argmax(axis=1) == labels).mean())
