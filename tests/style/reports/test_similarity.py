"""Signatures and likenesses against loops, published values and what they must not see."""

import numpy as np
import pytest

from nnscratch.data import PICTURES
from nnscratch.data.images import resize_image
from nnscratch.style.reports import similarity
from nnscratch.style.reports.similarity import (
    colour_signature,
    distance,
    edge_correlation,
    lab,
    patch_signature,
    ssim,
    texture_signature,
)
from nnscratch.style.texture import luma, statistics


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.mark.parametrize(
    "rgb, expected",  # Lindbloom's calculator, sRGB and D65
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((0.5, 0.5, 0.5), (53.39, 0, 0)),
        ((0.02, 0.02, 0.02), (1.40, 0, 0)),
    ],
)
def test_lab_of_known_colours(rgb, expected):
    got = lab(np.array(rgb, np.float32).reshape(3, 1, 1))
    np.testing.assert_allclose(got.ravel(), expected, atol=0.03)


def sliced(a, b, directions):
    """Root of the mean squared difference of sorted projections, one direction at a time."""
    total = 0.0
    for direction in directions:
        total += ((np.sort(a @ direction) - np.sort(b @ direction)) ** 2).mean()
    return np.sqrt(total / len(directions))


def test_colour_distance_is_sliced_wasserstein(monkeypatch):
    monkeypatch.setattr(similarity, "QUANTILES", 15 * 20)  # each pixel is one
    a, b = noise(3, 15, 20), noise(3, 15, 20, seed=1) ** 2
    directions = np.random.default_rng(similarity.SEED).standard_normal((similarity.DIRECTIONS, 3))
    directions /= np.sqrt((directions**2).sum(1, keepdims=True))
    expected = sliced(lab(a).reshape(3, -1).T, lab(b).reshape(3, -1).T, directions)
    assert distance(colour_signature(a), colour_signature(b)) == pytest.approx(expected)


def test_colour_sees_colours_and_not_their_places():
    image = PICTURES["mosaic"](48)
    shuffled = np.random.default_rng(0).permutation(image.reshape(3, -1), axis=1)
    shuffled = shuffled.reshape(image.shape)
    same = distance(colour_signature(image), colour_signature(shuffled))
    other = distance(colour_signature(image), colour_signature(image[[2, 0, 1]]))
    assert same < 1e-9 < 5 < other


def test_patch_distance_is_sliced_wasserstein_on_each_size(monkeypatch):
    a, b = noise(3, 26, 30), noise(3, 26, 30, seed=1) ** 2
    squares = []
    for level in range(2):
        if level:
            a, b = (resize_image(x, (13, 15)) for x in (a, b))
        for side in (3, 7):
            rng = np.random.default_rng([similarity.SEED, side])
            filters = rng.standard_normal((similarity.DIRECTIONS, 3, side, side))
            filters -= filters.mean((2, 3), keepdims=True)
            filters = filters.reshape(len(filters), -1)
            filters /= np.sqrt((filters**2).sum(1, keepdims=True))
            squares.append(_by_quantiles(_patches(a, side), _patches(b, side), filters))
    got = distance(*(patch_signature(noise(3, 26, 30, seed=s) ** (s + 1), 2) for s in (0, 1)))
    assert got == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-5)


def _patches(image, side):
    height, width = image.shape[1] - side + 1, image.shape[2] - side + 1
    return np.array(
        [image[:, y : y + side, x : x + side].ravel() for y in range(height) for x in range(width)]
    )


def _by_quantiles(a, b, directions):
    """As `sliced`, squared, where there are not as many quantiles as patches."""
    share = (np.arange(similarity.QUANTILES) + 0.5) / similarity.QUANTILES
    ends = [np.quantile(x @ directions.T, share, axis=0, method="hazen") for x in (a, b)]
    return ((ends[0] - ends[1]) ** 2).mean()


def test_patches_see_structure_and_not_their_mean():
    image = 0.1 + 0.5 * PICTURES["mosaic"](64)
    tinted = image + np.array([0.3, 0.1, -0.05], np.float32)[:, None, None]
    shuffled = np.random.default_rng(0).permutation(image.reshape(3, -1), axis=1)
    own = patch_signature(image, 3)
    unlike = distance(own, patch_signature(shuffled.reshape(image.shape), 3))
    assert distance(own, patch_signature(tinted, 3)) < 1e-3 * unlike


def test_texture_signature_weighs_groups_alike():
    a, b = PICTURES["mosaic"](48), PICTURES["woodcut"](48)
    squares = []
    for name, x in statistics(a, 2).items():
        apart = (x - statistics(b, 2)[name]) / similarity.USUAL[name]
        squares.append((apart**2).mean())
    got = distance(texture_signature(a, 2), texture_signature(b, 2))
    assert got == pytest.approx(np.sqrt(np.mean(squares)))


@pytest.mark.parametrize("signature", [texture_signature, patch_signature])
def test_signatures_are_repeatable_and_leave_pictures_alone(signature):
    image = noise(3, 40, 33)
    before = image.copy()
    first, second = signature(image, 2), signature(np.asfortranarray(image), 2)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(first, signature(image, 2))


# -- content --------------------------------------------------------------------------------------


def plain_ssim(a, b):
    """Wang et al. 2004, one window at a time."""
    weights = np.array(
        [[np.exp(-((i - 5) ** 2 + (j - 5) ** 2) / 4.5) for j in range(11)] for i in range(11)]
    )
    weights /= weights.sum()
    values = []
    for i in range(a.shape[0] - 10):
        for j in range(a.shape[1] - 10):
            x, y = a[i : i + 11, j : j + 11], b[i : i + 11, j : j + 11]
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            cov = (weights * (x - mx) * (y - my)).sum()
            top = (2 * mx * my + 1e-4) * (2 * cov + 9e-4)
            values.append(top / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    return np.mean(values)


@pytest.mark.parametrize("shape", [(11, 11), (19, 26)])
def test_ssim_is_that_of_plain_loops(shape):
    a, b = noise(*shape), noise(*shape, seed=1)
    for other in (b, 1 - a, 0.5 * a + 0.1, np.zeros(shape)):
        assert ssim(a, other) == pytest.approx(plain_ssim(a.astype(float), other), abs=1e-12)


def test_ssim_of_equal_and_of_inverted_pictures():
    grey = luma(PICTURES["landscape"](48))
    assert ssim(grey, grey) == 1
    assert ssim(grey, np.clip(grey + 0.05, 0, 1)) > 0.9 > ssim(grey, noise(48, 48))
    assert ssim(noise(20, 20), 1 - noise(20, 20)) < 0


def test_edges_are_where_they_are_whatever_the_colours():
    grey = luma(PICTURES["landscape"](48))
    assert edge_correlation(grey, grey) == pytest.approx(1)
    assert edge_correlation(grey, 1 - grey) == pytest.approx(1)
    assert abs(edge_correlation(grey, noise(48, 48))) < 0.2
    assert edge_correlation(grey, np.full((48, 48), 0.5)) == 0
    assert edge_correlation(grey, np.roll(grey, 12, 1)) < 0.5


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="sides of at least 11"):
        ssim(noise(10, 20), noise(10, 20))
    with pytest.raises(ValueError, match="ssim: expected two of one shape"):
        ssim(noise(20, 20), noise(20, 21))
    with pytest.raises(ValueError, match="expected two of one shape"):
        edge_correlation(noise(20, 20), noise(20, 21))
