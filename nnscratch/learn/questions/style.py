"""Questions on neural style transfer: what a Gram matrix ignores, layers, weights.

Stands on `style` and its built-in network, and on pictures drawn by `data`.
"""

import numpy as np

from nnscratch import Tensor, no_grad
from nnscratch.data.drawn_pictures import PICTURES
from nnscratch.learn.quiz import predictions, question, small
from nnscratch.style import vgg
from nnscratch.style.losses import content_cost, gram_matrix
from nnscratch.style.settings import Objective, Settings
from nnscratch.style.transfer import stylize

TOPIC = "style"
SHALLOW, DEEP = "relu1_1", "relu3_3"
LEVEL = 1 / 255  # of a pixel; smaller differences are invisible


def _features(image, *layers):
    """image (3, H, W) -> features (1, C, H', W') by layer, float64."""
    with no_grad():
        features = vgg.load("builtin").features(Tensor(image[None]), layers)
    return {name: x.astype(np.float64) for name, x in features.items()}


def _content(generated, content):
    """The content cost, relative to that of features that are 0."""
    return content_cost(generated, content).item() / content_cost(content * 0.0, content).item()


def _change(a, b):
    """|a - b| / |b|."""
    return float(np.linalg.norm((a - b).numpy()) / np.linalg.norm(b.numpy()))


@question(TOPIC, *predictions("changed", ["gram", "content"], [], ["gram"], ["content"]))
def gram():
    """The positions of a layer's features are shuffled, all channels alike. What changes: their
    Gram matrix, or the content cost relative to the original features?

    - both
    - neither
    - only the Gram matrix
    - only the content cost, which was 0

    A Gram matrix sums over positions: it says which channels respond together, not where.
    Shuffled pixels are different, as each feature depends on neighbouring pixels.
    """
    image = PICTURES["landscape"](32)
    order = np.random.default_rng(10).permutation(32 * 32)
    mixed = image.reshape(3, -1)[:, order].reshape(image.shape)
    f = _features(image, SHALLOW)[SHALLOW]
    g = f.reshape(1, -1, 32 * 32)[:, :, order].reshape(f.shape)
    target = gram_matrix(f)
    changes = {"gram": _change(gram_matrix(g), target), "content": _content(g, f)}
    pixels = _change(gram_matrix(_features(mixed, SHALLOW)[SHALLOW]), target)
    changed = [name for name, change in changes.items() if change > 1e-6]
    return {**changes, "pixels": pixels, "changed": changed}, [
        f"Gram matrix: relative change {small(changes['gram'])}",
        f"content cost: {changes['content']:.3f} (features that are 0 would cost 1)",
        f"pixels shuffled before the network instead: the Gram matrix changes by {pixels:.3f}",
    ]


@question(
    TOPIC,
    lambda c: c["ratio"] < 1 / 3,
    lambda c: 1 / 3 <= c["ratio"] <= 3,
    lambda c: c["ratio"] > 3,
    lambda c: max(c["moved"]) < 1e-6,
)
def deep_content():
    """A scene is moved by one pixel. How large is its content cost at relu3_3, compared with
    relu1_1, both relative to features that are 0?

    - less than a third
    - about the same: it is one scene
    - more than three times: deep layers see more
    - both are 0: features move along

    Deep features tell scenes apart and tolerate a shift by one pixel. They fix roughly what is
    where and leave the strokes to the style; shallow ones would fix every pixel.
    """
    wide = PICTURES["landscape"](72)
    original, *others = (
        _features(scene, SHALLOW, DEEP)
        for scene in (wide[:, :64, :64], wide[:, :64, 1:65], PICTURES["figure"](64))
    )
    moved, other = (
        [_content(features[layer], original[layer]) for layer in (SHALLOW, DEEP)]
        for features in others
    )
    ratio = (moved[1] + 1e-12) / (moved[0] + 1e-12)  # about 1 if both are 0
    return {"moved": moved, "other": other, "ratio": ratio}, [
        f"moved by one pixel: {moved[0]:.3f} at {SHALLOW}, {moved[1]:.3f} at {DEEP}",
        f"another scene:      {other[0]:.3f} at {SHALLOW}, {other[1]:.3f} at {DEEP}",
        f"moved, deep / shallow: {ratio:.2f}",
    ]


@question(
    TOPIC,
    lambda c: c["as before"] < LEVEL,
    lambda c: 0.4 < c["style cost"] < 0.6,
    lambda c: c["content halved"] < LEVEL,
    lambda c: c["both doubled"] < LEVEL,
)
def style_weight():
    """The style weight is doubled, and the content weight stays (there is no other). What has the
    same effect?

    - changing nothing: the cost doubles, the picture stays
    - halving the style cost of the result
    - halving the content weight
    - doubling both weights

    A factor of the whole cost does not move its minimum: only the ratio of the weights counts.
    And twice the weight does not halve the style cost; it changes the balance of the two.
    """
    content, style = PICTURES["landscape"](16), PICTURES["woodcut"](16)
    settings = Settings(iterations=15, average=0.0)

    def paint(alpha, beta):
        objective = Objective(alpha, beta, 0.0, ["relu1_2"], ["relu1_1", "relu1_2"])
        result = stylize(vgg.load("builtin"), content, style, objective, settings)
        return result.image, result.history[-1]["style"] / beta

    doubled, cost = paint(1.0, 6.0)
    weights = {"as before": (1.0, 3.0), "content halved": (0.5, 3.0), "both doubled": (2.0, 6.0)}
    painted = {name: paint(*pair) for name, pair in weights.items()}
    apart = {name: float(np.abs(x - doubled).max()) for name, (x, _) in painted.items()}
    style_cost = cost / painted["as before"][1]
    return {**apart, "style cost": style_cost}, [
        "after 15 steps, the largest difference of a pixel to style weight doubled:",
        f"  weights as before       {apart['as before']:.3f}",
        f"  content weight halved   {small(apart['content halved'], 1e-4)}",
        f"  both weights doubled    {apart['both doubled']:.3f}",
        f"unweighted style cost, relative to before: {style_cost:.2f}",
    ]
