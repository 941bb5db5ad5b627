"""The factors of papers and programs against their formulas, written out in NumPy.

The oracle sums over raw features F (C, N) and raw pixels; nothing of the package is in it.
"""

import numpy as np
import pytest
import scipy.linalg

from nnscratch import Tensor, gradcheck
from nnscratch.style import conventions
from nnscratch.style.conventions import CONVENTIONS
from nnscratch.style.costs import Costs
from nnscratch.style.presets import PRESETS
from nnscratch.style.settings import Objective, Style

SIZES = {"content": (6, 7), "style": (5, 9), "result": (6, 7)}


class Fixed:
    """A network whose features are a fixed random function of the layer and the picture's size."""

    def __init__(self, layers, dtype):
        self.layers, self.dtype = dict.fromkeys(sorted(layers)), dtype

    def features(self, images, layers):
        return {name: Tensor(self.of(images.data[0], name)[None]) for name in layers}

    def of(self, image, layer):
        """(3, H, W) -> (C, H, W), C from 4 to 8."""
        rng = np.random.default_rng([ord(letter) for letter in layer])
        mix = rng.standard_normal((4 + int(layer[4]) % 5, 3))
        return np.maximum(np.tensordot(mix, image, 1), 0).astype(self.dtype)


def rows(x):
    """(C, H, W) -> (C, N) of float64."""
    return x.reshape(len(x), -1).astype(np.float64)


def gram(x):
    """F Fᵀ, not divided by anything."""
    return rows(x) @ rows(x).T


def places(x):
    return x[0].size


def squares(x):
    return float((x.astype(np.float64) ** 2).sum())


# -- each convention, from its source -----------------------------------------------------------


def gatys_content(f, p):
    return squares(f - p) / 2


def mean_content(f, p):
    return squares(f - p) / f.size


def coursera_content(f, p):
    return squares(f - p) / (4 * f.size)


def cs231n_content(f, p):
    return squares(f - p)


def gatys_style(f, a):
    """1 / (4 C² N²), the numbers of places being each picture's own."""
    return squares(gram(f) / places(f) - gram(a) / places(a)) / (4 * len(f) ** 2)


def johnson_style(f, a):
    return squares(gram(f) / f.size - gram(a) / a.size) / len(f) ** 2


def cs231n_style(f, a):
    return squares(gram(f) / f.size - gram(a) / a.size)


def crowson_style(f, a):
    means = [rows(x).mean(1) for x in (f, a)]
    covs = [
        gram(x) / places(x) - np.outer(m, m) + 1e-4 * np.eye(len(x))
        for x, m in zip((f, a), means, strict=True)
    ]
    root = scipy.linalg.sqrtm(covs[1])
    cross = scipy.linalg.sqrtm(root @ covs[0] @ root).real
    spread = np.diag(covs[1] + covs[0] - 2 * cross).mean()
    return ((means[0] - means[1]) ** 2).mean() + spread


def no_variation(x):
    return 0.0


def johnson_variation(x):
    """½ Σ over pixels with both neighbours: the function whose gradient the program adds."""
    x, total = 256 * x.astype(np.float64), 0.0
    for channel in x:
        for i in range(channel.shape[0] - 1):
            for j in range(channel.shape[1] - 1):
                total += (channel[i, j] - channel[i, j + 1]) ** 2 / 2
                total += (channel[i, j] - channel[i + 1, j]) ** 2 / 2
    return total


def crowson_variation(x):
    x = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (1, 1)), "edge")
    height, width = x.shape[1] - 2, x.shape[2] - 2
    total = 0.0
    for c in range(len(x)):
        for i in range(1, height + 1):
            for j in range(1, width + 1):
                across, down = x[c, i, j + 1] - x[c, i, j], x[c, i + 1, j] - x[c, i, j]
                total += 2 * (across**2 + down**2) / (3 * len(x) * height * width)
        for i in range(height + 1):
            for j in range(width + 1):
                fall, rise = x[c, i + 1, j + 1] - x[c, i, j], x[c, i + 1, j] - x[c, i, j + 1]
                total += 2 * (fall**2 + rise**2) / (12 * len(x) * (height + 1) * (width + 1))
    return total


def anish_variation(x):
    x = 255 * x.astype(np.float64)
    halves = [squares(np.diff(x, axis=axis)) / 2 / np.diff(x, axis=axis).size for axis in (1, 2)]
    return 2 * sum(halves)


def cs231n_variation(x):
    x = x.astype(np.float64) / np.array([0.229, 0.224, 0.225])[:, None, None]
    return squares(x[:, 1:] - x[:, :-1]) + squares(x[:, :, 1:] - x[:, :, :-1])


FIRSTS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
FIFTHS = dict.fromkeys(FIRSTS, 0.2)
AT_4_2 = ("relu4_2",)
CROWSON = dict(zip(FIRSTS, np.array([256, 64, 16, 4, 1]) / 341, strict=True))
CS231N = {"relu2_1": 20000, "relu3_2": 500, "relu4_1": 12, "relu4_2": 1}

# α, content, its layers; β, style, its layers and weights; weight and form of variation
ORACLES = {
    "gatys2015": (1, gatys_content, AT_4_2, 1e4, gatys_style, FIFTHS, 0, no_variation),
    "gatys2016": (1, gatys_content, AT_4_2, 1e3, gatys_style, FIFTHS, 0, no_variation),
    "jcjohnson": (
        *(5, mean_content, AT_4_2, 100, johnson_style, dict.fromkeys(FIRSTS, 1)),
        *(1e-3, johnson_variation),
    ),
    "crowson": (0.015, mean_content, AT_4_2, 1, crowson_style, CROWSON, 2, crowson_variation),
    "anish": (5, mean_content, AT_4_2, 500, johnson_style, FIFTHS, 100, anish_variation),
    "coursera": (10, coursera_content, AT_4_2, 40, gatys_style, FIFTHS, 0, no_variation),
    "cs231n": (
        *(0.05, cs231n_content, ("relu3_1",), 1, cs231n_style, CS231N),
        *(0.05, cs231n_variation),
    ),
}


def pictures(dtype):
    rng = np.random.default_rng(0)
    return [rng.random((3, *SIZES[name])).astype(dtype) for name in ("content", "style", "result")]


def test_every_convention_has_an_oracle():
    assert set(ORACLES) == set(PRESETS) == set(CONVENTIONS) - {None}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("dtype, rtol", [(np.float32, 1e-5), (np.float64, 1e-10)])
def test_costs_are_those_of_the_source(name, dtype, rtol):
    alpha, content, at, beta, style, weights, gamma, variation = ORACLES[name]
    network = Fixed({*at, *weights}, dtype)
    photo, painting, result = pictures(dtype)
    costs = Costs(network, photo, [Style(painting)], PRESETS[name].objective)
    found = costs(Tensor(result[None]))

    def pair(layer, other):
        return network.of(result, layer), network.of(other, layer)

    expected = (
        alpha * sum(content(*pair(layer, photo)) for layer in at),
        beta * sum(w * style(*pair(layer, painting)) for layer, w in weights.items()),
        gamma * variation(result),
    )
    assert found.content.dtype == found.style.dtype == found.tv.dtype == dtype
    for part, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(part.item(), value, rtol=rtol)


def test_no_two_conventions_are_alike_but_gatys_and_gatys():
    photo, painting, result = pictures(np.float64)
    seen = {}
    for name in CONVENTIONS:
        kind = CONVENTIONS[name].kind or "gram"
        objective = Objective(1, 1, 1, ("relu2_1",), ("relu3_1",), kind, preset=name)
        network = Fixed({"relu2_1", "relu3_1"}, np.float64)
        seen[name] = Costs(network, photo, [Style(painting)], objective)(Tensor(result[None]))
    values = {name: tuple(part.item() for part in parts) for name, parts in seen.items()}
    assert values.pop("gatys2015") == values["gatys2016"]
    assert len(set(values.values())) == len(values)


@pytest.mark.parametrize("name", [n for n in CONVENTIONS if CONVENTIONS[n].variation])
def test_variations_have_right_gradients_and_none_on_one_colour(name):
    variation = CONVENTIONS[name].variation
    assert gradcheck(variation, [np.random.default_rng(0).random((1, 3, 4, 5))])
    assert variation(Tensor(np.full((1, 3, 4, 5), 0.5))).item() == 0


@pytest.mark.parametrize("variation", [conventions.half_steps, conventions.nine_points])
def test_variations_for_pictures_say_so(variation):
    with pytest.raises(ValueError, match="is for pictures"):
        variation(Tensor(np.zeros((1, 1, 9))))
