"""Questions on neural style transfer: what a Gram matrix forgets, layers, weights.

Stands on `style` and its built-in network, and on pictures drawn by program.
"""

import numpy as np

from nnscratch import Tensor, no_grad
from nnscratch.data.drawn_pictures import PICTURES
from nnscratch.learn.questions.words import small
from nnscratch.learn.quiz import Computed, Option, Question
from nnscratch.style import vgg
from nnscratch.style.losses import content_cost, gram_matrix
from nnscratch.style.settings import Objective, Settings
from nnscratch.style.transfer import stylize

TOPIC = "style"
SHALLOW, DEEP = "relu1_1", "relu3_3"
LEVEL = 1 / 255  # of a pixel: less cannot be seen


def _features(image: np.ndarray, *layers: str) -> dict[str, Tensor]:
    """image (3, H, W) -> features (1, C, H', W') by layer, float64."""
    with no_grad():
        found = vgg.load("builtin").features(Tensor(image[None]), layers)
    return {name: x.astype(np.float64) for name, x in found.items()}


def _beside(cost: float, whole: Tensor) -> float:
    """A content cost as a part of what blank features would cost."""
    return cost / content_cost(whole * 0.0, whole).item()


def _shuffled() -> Computed:
    image = PICTURES["landscape"](32)
    order = np.random.default_rng(10).permutation(32 * 32)
    mixed = image.reshape(3, -1)[:, order].reshape(image.shape)
    f = _features(image, SHALLOW)[SHALLOW]
    g = f.reshape(1, -1, 32 * 32)[:, :, order].reshape(f.shape)
    gram = gram_matrix(f)
    return {
        "gram": _change(gram_matrix(g), gram),
        "content": _beside(content_cost(g, f).item(), f),
        "gram, pixels": _change(gram_matrix(_features(mixed, SHALLOW)[SHALLOW]), gram),
    }


def _change(a: Tensor, b: Tensor) -> float:
    """|a - b| beside |b|."""
    return float(np.linalg.norm((a - b).numpy()) / np.linalg.norm(b.numpy()))


GRAM = Question(
    TOPIC,
    "The positions of a layer's features are shuffled, all channels alike. What becomes of their "
    "Gram matrix, and of the content cost against the features as they were?",
    (
        Option("both change", lambda c: c["gram"] > 1e-6 and c["content"] > 1e-6),
        Option("neither changes", lambda c: c["gram"] < 1e-6 and c["content"] < 1e-6),
        Option("only the Gram matrix changes", lambda c: c["gram"] > 1e-6 > c["content"]),
        Option("only the content cost rises from 0", lambda c: c["content"] > 1e-6 > c["gram"]),
    ),
    _shuffled,
    lambda c: [
        f"Gram matrix: changed by {small(c['gram'])} of itself",
        f"content cost: {c['content']:.3f} (1 is what blank features would cost)",
        f"pixels shuffled before the network instead: the Gram matrix changes by "
        f"{c['gram, pixels']:.3f}",
    ],
    "A Gram matrix sums over positions: it knows which channels are at work together, not where. "
    "Shuffled pixels are another matter, as each feature looks at neighbours.",
)


def _moved() -> Computed:
    wide = PICTURES["landscape"](72)
    scenes = {
        "moved": (wide[:, :64, :64], wide[:, :64, 1:65]),
        "another": (wide[:, :64, :64], PICTURES["figure"](64)),
    }
    found = {}
    for name, (scene, other) in scenes.items():
        f, g = (_features(x, SHALLOW, DEEP) for x in (scene, other))
        for layer in (SHALLOW, DEEP):
            found[f"{name}, {layer}"] = _beside(content_cost(g[layer], f[layer]).item(), f[layer])
    return found


DEEP_CONTENT = Question(
    TOPIC,
    f"A scene is moved by one pixel. How much content cost does that make at {DEEP}, compared "
    f"with {SHALLOW}, each as a part of what blank features would cost?",
    (
        Option("less than a third of it", lambda c: _ratio(c) < 1 / 3),
        Option("about as much: it is one scene", lambda c: 1 / 3 <= _ratio(c) <= 3),
        Option("over three times as much: deep layers see more", lambda c: _ratio(c) > 3),
        Option(
            "both 0: features move along",
            lambda c: max(c[f"moved, {SHALLOW}"], c[f"moved, {DEEP}"]) < 1e-6,
        ),
    ),
    _moved,
    lambda c: [
        f"moved by one pixel: {c[f'moved, {SHALLOW}']:.3f} at {SHALLOW}, "
        f"{c[f'moved, {DEEP}']:.3f} at {DEEP}",
        f"another scene:      {c[f'another, {SHALLOW}']:.3f} at {SHALLOW}, "
        f"{c[f'another, {DEEP}']:.3f} at {DEEP}",
        f"the deep one of the shallow one, moved: {_ratio(c):.2f}",
    ],
    "Deep features tell scenes apart and forgive a pixel. So they fix what is where, roughly, "
    "and leave the strokes to the style; shallow ones would fix every pixel.",
)


def _ratio(c: Computed) -> float:
    """Of the deep to the shallow cost; far from 1 on no account where both are nothing."""
    return (c[f"moved, {DEEP}"] + 1e-12) / (c[f"moved, {SHALLOW}"] + 1e-12)


def _weighted() -> Computed:
    content, hand = PICTURES["landscape"](16), PICTURES["woodcut"](16)
    settings = Settings(iterations=15, average=0.0)

    def paint(alpha: float, beta: float) -> tuple[np.ndarray, float]:
        objective = Objective(alpha, beta, 0.0, ["relu1_2"], ["relu1_1", "relu1_2"])
        result = stylize(vgg.load("builtin"), content, hand, objective, settings)
        return result.image, result.history[-1]["style"] / beta

    (doubled, cost), (as_it_was, cost_before) = paint(1.0, 6.0), paint(1.0, 3.0)

    def apart(image: np.ndarray) -> float:
        return float(np.abs(image - doubled).max())

    return {
        "as it was": apart(as_it_was),
        "content halved": apart(paint(0.5, 3.0)[0]),
        "both doubled": apart(paint(2.0, 6.0)[0]),
        "style cost": cost / cost_before,
    }


STYLE_WEIGHT = Question(
    TOPIC,
    "The style weight is doubled, the content weight stays (there is no other). What is that the "
    "same as?",
    (
        Option(
            "nothing was changed: costs double, pictures do not", lambda c: c["as it was"] < LEVEL
        ),
        Option("the result's style cost is halved", lambda c: 0.4 < c["style cost"] < 0.6),
        Option("the content weight is halved", lambda c: c["content halved"] < LEVEL),
        Option("both weights are doubled", lambda c: c["both doubled"] < LEVEL),
    ),
    _weighted,
    lambda c: [
        "after 15 steps, how far a pixel is at most from style weight doubled:",
        f"  weights as they were    {c['as it was']:.3f}",
        f"  content weight halved   {small(c['content halved'], 1e-4)}",
        f"  both weights doubled    {c['both doubled']:.3f}",
        f"style cost, unweighted, beside what it was: {c['style cost']:.2f}",
    ],
    "A factor before the whole cost moves no minimum: only the ratio of the weights counts. And "
    "twice the weight does not halve a cost, it only says what lowering it may cost elsewhere.",
)

QUESTIONS = (GRAM, DEEP_CONTENT, STYLE_WEIGHT)
