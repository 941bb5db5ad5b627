"""Sizes from coarse to fine, and resampling against Pillow's."""

import numpy as np
import pytest
from PIL import Image

from nnscratch.style import scales


@pytest.mark.parametrize(
    "size, given, expected",
    [
        ((256, 128), 3, [(128, 64), (181, 90), (256, 128)]),
        ((256, 256), None, [(128, 128), (181, 181), (256, 256)]),
        ((100, 80), None, [(100, 80)]),
        ((1000, 64), None, [(500, 32), (707, 45), (1000, 64)]),
        ((100, 80), (25, 50), [(25, 20), (50, 40), (100, 80)]),
        ((100, 80), (50, 100), [(50, 40), (100, 80)]),
        ((100,), 2, [(71,), (100,)]),
        ((8, 16, 4), (8,), [(4, 8, 2), (8, 16, 4)]),
    ],
)
def test_sizes(size, given, expected):
    assert scales.sizes(size, given) == expected


@pytest.mark.parametrize("given", [(50, 25), (0, 50), (200,), (50, 50)])
def test_sizes_that_do_not_grow_are_refused(given):
    with pytest.raises(ValueError, match="scales that grow"):
        scales.sizes((100, 80), given)


def test_more_sizes_than_there_are_pixels_are_refused():
    with pytest.raises(ValueError, match="got 96 of them, each √2 times .*; take fewer"):
        scales.sizes((96, 80), 96)


@pytest.mark.parametrize("size", [(17, 40), (33, 9), (20, 31), (60, 70)])
@pytest.mark.parametrize(
    "kernel, filtered",
    [(scales.lanczos, Image.Resampling.LANCZOS), (scales.triangle, Image.Resampling.BILINEAR)],
)
def test_resampling_is_pillows(size, kernel, filtered):
    x = np.random.default_rng(0).random((2, 20, 31)).astype(np.float32)
    expected = [np.asarray(Image.fromarray(c).resize(size[::-1], filtered)) for c in x]
    found = scales.resample(x, size, kernel)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("size", [(7,), (3, 5), (4, 3, 6)])
def test_a_level_stays_one_in_any_number_of_dimensions(size):
    x = np.full((2, *size), 0.25)
    bigger = tuple(2 * n + 1 for n in size)
    for kernel in (scales.lanczos, scales.triangle):
        np.testing.assert_allclose(scales.resample(x, bigger, kernel), 0.25, rtol=1e-12)


def test_positive_numbers_stay_positive():
    x = np.zeros((1, 9), np.float64)
    x[0, 4] = 1
    assert scales.resample(x, (40,)).min() == 0
    assert scales.resample(x, (40,), scales.lanczos).min() < 0
    assert scales.resize(x, (40,)).min() == 0
