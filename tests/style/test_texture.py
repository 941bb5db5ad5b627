"""The statistics of textures against plain formulas, and what they tell apart."""

import numpy as np
import pytest
from scipy import stats

from nnscratch.data import PICTURES
from nnscratch.style import texture
from nnscratch.style.pyramid import periodic_part, shrink, steerable_pyramid
from nnscratch.style.texture import luma, statistics

LEVELS = 3


@pytest.fixture(scope="module")
def image():
    return PICTURES["swirls"](64)[:, :48]


@pytest.fixture(scope="module")
def groups(image):
    return statistics(image, LEVELS)


@pytest.fixture(scope="module")
def pyramid(image):
    return steerable_pyramid(periodic_part(luma(image)), LEVELS)


def test_luma_is_a_weighted_mean():
    image = np.random.default_rng(0).random((3, 4, 5), np.float32)
    expected = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
    np.testing.assert_allclose(luma(image), expected, rtol=1e-6)
    assert luma(image).dtype == np.float64


def test_moments_are_those_of_scipy(image, groups):
    y = luma(image)
    for got, x in zip(
        groups["moments"].reshape(3, 6), (y, image[0] - y, image[2] - y), strict=True
    ):
        part = x.var() / (x.var() + 255**-2)  # of the variance, beside a step of 8 bits
        skew = stats.skew(x, None) * part**1.5
        kurtosis = stats.kurtosis(x, None, fisher=False) * part**2
        expected = [x.mean(), x.std(), np.arcsinh(skew), np.log1p(kurtosis), x.min(), x.max()]
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_energies_are_logarithms_of_deviations(groups, pyramid):
    parts = [x for band in pyramid.bands for x in band] + [pyramid.high, *pyramid.lows]
    expected = [np.log(np.sqrt((np.abs(x - x.mean()) ** 2).mean()) + 1 / 255) for x in parts]
    np.testing.assert_allclose(groups["energies"], expected)
    assert groups["tint energies"].shape == (2 * len(parts),)


def test_correlations_with_oneself_are_sums_over_moved_pictures(groups, pyramid):
    got = groups["magnitude correlations"].reshape(LEVELS, 4, 5, 5)
    for level in range(LEVELS):
        for k in range(4):
            x = np.abs(pyramid.bands[level][k])
            x = x - x.mean()
            moved = [[np.roll(x, (i, j), (0, 1)) for j in range(-2, 3)] for i in range(-2, 3)]
            expected = [[(x * m).mean() for m in row] for row in moved]
            np.testing.assert_allclose(
                got[level, k], np.array(expected) / (x.var() + 255**-2), atol=1e-12
            )


def test_correlations_of_bands_are_those_of_numpy(groups, pyramid):
    magnitudes = [np.abs(band) for band in pyramid.bands]
    within = groups["across orientations"].reshape(LEVELS, 4, 4)
    between = groups["across scales"].reshape(LEVELS - 1, 4, 4)
    for level, fine in enumerate(magnitudes):
        damped = np.outer(*[_share(fine)] * 2)
        expected = np.corrcoef(fine.reshape(4, -1))
        np.testing.assert_allclose(within[level], expected * damped, atol=1e-12)
    for level, (fine, coarse) in enumerate(zip(magnitudes[:-1], magnitudes[1:], strict=True)):
        fine = shrink(fine, coarse.shape[1:])
        expected = np.corrcoef(fine.reshape(4, -1), coarse.reshape(4, -1))[:4, 4:]
        damped = np.outer(_share(fine), _share(coarse))
        np.testing.assert_allclose(between[level], expected * damped, atol=1e-12)


def _share(x):
    """How much of each deviation is left beside a step of 8 bits."""
    variance = x.reshape(len(x), -1).var(1)
    return np.sqrt(variance / (variance + 255**-2))


def test_lengths_do_not_depend_on_the_size(groups):
    other = statistics(PICTURES["woodcut"](57)[:, :, :33], LEVELS)
    assert {k: v.shape for k, v in groups.items()} == {k: v.shape for k, v in other.items()}


def test_one_colour_has_finite_statistics_and_no_correlations():
    groups = statistics(np.full((3, 32, 40), 0.4, np.float32), 2)
    assert all(np.isfinite(x).all() for x in groups.values())
    for name, values in groups.items():
        if "correlations" in name or "across" in name:
            np.testing.assert_allclose(values, 0, atol=1e-12)
    np.testing.assert_allclose(groups["energies"], np.log(texture.QUANTUM), rtol=1e-9)


def kinds(seed):
    """White noise, and others that differ from it in one thing."""
    white, red, blue = np.random.default_rng(seed).standard_normal((3, 64, 64))
    smooth = sum(np.roll(white, (i, j), (0, 1)) for i in range(4) for j in range(4))
    calm = np.arange(64) < 40
    pictures = {"white": white, "smooth": smooth, "spiky": white**3, "patchy": white * calm}
    greys = {name: np.repeat(x[None] / x.std(), 3, axis=0) for name, x in pictures.items()}
    greys["tinted"] = greys["white"] + 0.5 * np.stack([red, 0 * red, blue])
    return {name: 0.5 + 0.1 * x for name, x in greys.items()}


@pytest.mark.parametrize(
    "kind, names",
    [
        ("smooth", ("energies", "low correlations")),
        ("spiky", ("moments", "low moments")),
        ("patchy", ("magnitude correlations", "across orientations", "across scales")),
        ("tinted", ("moments", "tint energies")),
    ],
)
def test_groups_tell_their_kind_apart(kind, names):
    """Two of one kind are much nearer than two of different kinds."""
    first, second = kinds(0), kinds(1)
    white, again = statistics(first["white"], 3), statistics(second["white"], 3)
    other = statistics(first[kind], 3)
    for name in names:
        chance = np.linalg.norm(white[name] - again[name])
        assert np.linalg.norm(white[name] - other[name]) > 2 * chance, name
