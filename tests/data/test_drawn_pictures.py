"""Drawn pictures: valid, reproducible, the same scene at any size, different from each other."""

import numpy as np
import pytest

from nnscratch.data.drawn_pictures import PICTURES
from nnscratch.data.images import resize_image

PAINTINGS = ("swirls", "mosaic", "woodcut")
NAMES = ("landscape", "figure", *PAINTINGS)


@pytest.fixture(scope="module")
def drawn():
    return {name: draw(96, seed=0) for name, draw in PICTURES.items()}


def test_names():
    assert tuple(PICTURES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_form(drawn, name):
    image = drawn[name]
    assert image.shape == (3, 96, 96) and image.dtype == np.float32
    assert image.flags.c_contiguous and image.flags.writeable
    assert image.min() >= 0 and image.max() <= 1
    assert image.std() > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_seed_decides(drawn, name):
    np.testing.assert_array_equal(PICTURES[name](96, 0), drawn[name])
    assert np.abs(PICTURES[name](96, 1) - drawn[name]).mean() > 0.005


@pytest.mark.parametrize("name", NAMES)
def test_same_scene_at_another_size(drawn, name):
    smaller, other = resize_image(drawn[name], (24, 24)), PICTURES[name](48)
    assert np.abs(resize_image(other, (24, 24)) - smaller).mean() < 0.05


@pytest.mark.parametrize("size", [16, 33])
@pytest.mark.parametrize("name", NAMES)
def test_small_and_odd_sizes(name, size):
    assert PICTURES[name](size, seed=3).shape == (3, size, size)


@pytest.mark.parametrize("name", NAMES)
def test_too_small(name):
    with pytest.raises(ValueError, match=r"^pictures: expected size of at least 16 pixels, got 15"):
        PICTURES[name](15)


def test_default_size():
    assert PICTURES["mosaic"]().shape == (3, 256, 256)


def mean_colour(image, top, bottom, left, right):
    height, width = image.shape[1:]
    rows = slice(int(top * height), int(bottom * height))
    return image[:, rows, int(left * width) : int(right * width)].mean((1, 2))


def test_landscape_shows_its_things(drawn):
    red, _, blue = mean_colour(drawn["landscape"], 0, 0.1, 0.35, 0.6)
    assert blue > red + 0.2  # sky
    assert mean_colour(drawn["landscape"], 0.68, 0.76, 0.66, 0.69).min() > 0.8  # a white sail
    red, green, blue = mean_colour(drawn["landscape"], 0.93, 1, 0, 0.2)
    assert green > red and green > blue + 0.15  # grass


def test_figure_has_a_red_umbrella_and_a_blue_coat(drawn):
    red, green, blue = mean_colour(drawn["figure"], 0.17, 0.24, 0.55, 0.65)
    assert red > 0.6 and max(green, blue) < 0.35
    red, _, blue = mean_colour(drawn["figure"], 0.44, 0.52, 0.53, 0.56)
    assert blue > 0.4 and red < 0.25


def test_water_mirrors_the_town(drawn):
    above = drawn["landscape"][:, 45:60].mean(1)  # (3, H, W) -> (3, W)
    below = drawn["landscape"][:, 65:78].mean(1)
    assert np.corrcoef(above.ravel(), below.ravel())[0, 1] > 0.3


def test_palettes(drawn):
    red, green, blue = drawn["swirls"].mean((1, 2))
    assert blue > green > red
    red, green, blue = drawn["mosaic"].mean((1, 2))
    assert red > green > blue
    brightness = drawn["woodcut"].mean(0)
    assert ((brightness < 0.25) | (brightness > 0.75)).mean() > 0.45  # ink or paper, little between


def gram(image):
    """Products of neighbouring differences: a simple texture statistic without positions."""
    across, down = np.diff(image, axis=2)[:, :-1], np.diff(image, axis=1)[:, :, :-1]
    features = np.concatenate([image[:, :-1, :-1], 4 * across, 4 * down]).reshape(9, -1)
    return features @ features.T / features.shape[1]


def test_paintings_are_different_hands(drawn):
    grams = {name: (gram(drawn[name]), gram(PICTURES[name](96, seed=5))) for name in PAINTINGS}
    for name, (one, again) in grams.items():
        for other in set(PAINTINGS) - {name}:
            assert np.linalg.norm(one - grams[other][0]) > 3 * np.linalg.norm(one - again)
