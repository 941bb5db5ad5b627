"""Cells against all their points, and noise of the mean and deviation it says."""

import numpy as np
import pytest

from nnscratch.style.backbone.noise import TextureBatch, fractal, smooth


def test_voronoi_against_all_points():
    """Two nearest of the jittered points, found among all of them."""
    period, angle = np.array([[6], [0.2]], np.float32)
    work, again = (TextureBatch(np.random.default_rng(0), 24, period, angle) for _ in range(2))
    near, following, number = work.voronoi(0.9)
    u, v = again.plane()
    first, second, third = (again.table() for _ in range(3))
    column, row = (z.ravel()[None] for z in np.mgrid[-8:9, -8:9])
    column, row = column[..., None], row[..., None]
    x = column + 0.5 + 0.9 * (first(column, row) - 0.5)
    y = row + 0.5 + 0.9 * (second(column, row) - 0.5)
    distance = np.hypot(u.ravel() - x[0], v.ravel() - y[0])  # (points, pixels)
    ordered = np.sort(distance, axis=0)
    np.testing.assert_allclose(near.ravel(), ordered[0], atol=1e-4)
    np.testing.assert_allclose(following.ravel(), ordered[1], atol=1e-4)
    nearest = third(column, row).ravel()[distance.argmin(0)]
    assert np.mean(number.ravel() == nearest) > 0.99  # ties may fall to either side


@pytest.mark.parametrize("size", [32, 33])
def test_noise_has_mean_0_and_deviation_1(size):
    rng = np.random.default_rng(0)
    for field in (smooth(rng, 4, size, 9), fractal(rng, 4, size, 9, 2)):
        assert field.shape == (4, size, size) and field.dtype == np.float32
        np.testing.assert_allclose(field.mean((1, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(field.std((1, 2)), 1, rtol=1e-4)
    steep = smooth(rng, 1, size, 2 * size)  # hardly anything passes
    np.testing.assert_allclose(steep.std(), 1, rtol=1e-4)
