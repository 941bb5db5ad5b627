"""Memory order: channels last is a copy of the same values, and channel sums do not mind either."""

import numpy as np
import pytest

from nnscratch.kernels import channel_sums, laid_out

SHAPES = [(2, 3, 5), (1, 1, 4, 4), (3, 7, 40, 33), (2, 64, 40, 41), (2, 4, 5, 6, 7), (4, 32, 3000)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_laid_out_keeps_the_values_and_puts_channels_last(shape, dtype):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    before = x.copy()
    y = laid_out(x)
    np.testing.assert_array_equal(y, x)
    assert np.moveaxis(y, 1, -1).flags.c_contiguous
    assert y.dtype == dtype
    assert laid_out(y) is y
    np.testing.assert_array_equal(x, before)


def test_many_groups_stay_as_they_are():
    x = np.zeros((1, 8, 3, 3))
    assert laid_out(x, groups=8) is x


@pytest.mark.parametrize("shape", SHAPES)
def test_channel_sums(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    expected = x.sum((0, *range(2, x.ndim)))
    for g in (x, laid_out(x)):
        np.testing.assert_allclose(channel_sums(g), expected, rtol=1e-10, atol=1e-10)
        single = channel_sums(g.astype(np.float32))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-3)
