"""Style transfer with the learner's costs, Gram matrices and optimiser, on the built-in network.

Stands on `learner_ops`, `data` and `style`; the engine's losses judge the result.
"""

import math
from typing import Any

import numpy as np

from nnscratch.autograd import grad, no_grad
from nnscratch.data import PICTURES, contact_strip, save_image
from nnscratch.learn import learner_ops
from nnscratch.learn.course_programs.measurement import Measurement
from nnscratch.learn.folder import HIDDEN
from nnscratch.learn.learner_ops import LearnerFunctions
from nnscratch.operations import concatenate
from nnscratch.style import losses, vgg
from nnscratch.tensor import Tensor

PICTURE = f"{HIDDEN}/mine_style.png"
SHALLOW, DEEP = ("relu1_1", "relu2_1"), "relu3_1"
ALPHA, BETA = 1e-3, 1.0


def paint(
    functions: LearnerFunctions, seed: int, steps: int, size: int, rate: float, most: float
) -> list[Measurement]:
    """Paint a landscape in the style of swirls; save content, style and result as one picture."""
    stylise = functions.get(35, "stylise", patience=math.inf)  # it spends the time of the others
    canvas = _Canvas(functions, size, rate)
    content, style = (
        PICTURES[name](size, seed).astype(np.float64) for name in ("landscape", "swirls")
    )
    arguments = content, content, style, canvas.features, canvas.pull, canvas.cost, 1.0, steps
    image, _ = stylise.arrays((content.shape, (steps,)), *arguments)
    strip = contact_strip([picture.astype(np.float32) for picture in (content, style, image)])
    save_image(functions.folder / PICTURE, strip)
    before, after = (_loss(picture, content, style) for picture in (content, image))
    return [Measurement("share of the loss left", after / before, "at most", most)]


class _Canvas:
    """The arguments that exercise 35 asks for. Its features are those of all layers in one row."""

    def __init__(self, functions: LearnerFunctions, size: int, rate: float):
        self.functions, self.rate = functions, rate
        self.state: Any = (np.zeros((3, size, size)), np.zeros((3, size, size)), 0)
        blank = Tensor(np.zeros((1, 3, size, size), np.float32))
        self.shapes = [layer.shape for layer in _layers(blank).values()]

    def features(self, image: np.ndarray) -> np.ndarray:
        """(3, H, W) -> (all features,)."""
        with no_grad():
            return _row(_batch(image)).numpy().astype(np.float64)

    def pull(self, image: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """The step of exercise 22 instead of the gradient by the pixels; the rate is 1 then."""
        pixels = Tensor(image[None].astype(np.float32), requires_grad=True)
        along = (_row(pixels) * Tensor(slope.astype(np.float32))).sum()
        g = grad(along, [pixels])[0].numpy()[0].astype(np.float64)
        moved, self.state = learner_ops.adam_step(self.functions, image, g, self.state, self.rate)
        return image - moved

    def cost(
        self, generated: np.ndarray, content: np.ndarray, style: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Style at the shallow layers, content and style at the deep one. -> total, slope."""
        row = Tensor(generated, requires_grad=True)
        *shallow, deep = self._split(row)
        *targets, deep_style = self._split(Tensor(style))
        total = self._deep_cost(deep, self._split(Tensor(content))[-1], deep_style)
        for features, target in zip(shallow, targets, strict=True):
            grams = (learner_ops.gram(self.functions, f) for f in (features, target))
            apart = next(grams) - next(grams)
            total = total + (BETA / (4 * features.shape[1] ** 2)) * (apart * apart).sum()
        return total.item(), grad(total, [row])[0].numpy()

    def _deep_cost(self, generated: Tensor, content: Tensor, style: Tensor) -> Tensor:
        """Features (1, C, H, W) each -> the total cost of exercise 35."""
        features = (x.numpy()[0] for x in (generated, content, style))
        shapes = (), (), (), generated.shape[1:]
        *_, total, slope = self.functions.get(35, "costs").arrays(shapes, *features, ALPHA, BETA)
        return learner_ops.operation("costs", total, [generated], lambda g: [g * slope[None]])

    def _split(self, row: Tensor) -> list[Tensor]:
        """(all features,) -> the features of each layer, (1, C, H, W)."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes]).tolist()
        parts = zip([0, *ends], ends, self.shapes, strict=False)
        return [row[start:end].reshape(*shape) for start, end, shape in parts]


def _batch(image: np.ndarray) -> Tensor:
    """(3, H, W) -> (1, 3, H, W) in float32."""
    return Tensor(image[None].astype(np.float32))


def _layers(pictures: Tensor) -> dict[str, Tensor]:
    return vgg.load("builtin").features(pictures, (*SHALLOW, DEEP))


def _row(pictures: Tensor) -> Tensor:
    return concatenate([features.reshape(-1) for features in _layers(pictures).values()])


def _loss(image: np.ndarray, content: np.ndarray, style: np.ndarray) -> float:
    """The loss by the engine's costs."""
    with no_grad():
        generated, target, painted = (_layers(_batch(x)) for x in (image, content, style))
        total = ALPHA * losses.content_cost(generated[DEEP], target[DEEP]).item()
        for name in generated:
            grams = (losses.gram_matrix(features[name]) for features in (generated, painted))
            total += BETA * losses.style_cost(*grams).item()
    return total
