"""Stamps of the sizes and directions they say, also at a canvas's border."""

import numpy as np
import pytest

from nnscratch.style.backbone import stamps as module
from nnscratch.style.backbone.stamps import draw_radii


def test_radii_have_the_density_of_things_at_all_distances():
    radii = draw_radii(np.random.default_rng(0), 40000, 2, 1000)
    assert radii.min() >= 2 and radii.max() <= 1000
    assert np.mean(radii > 4) == pytest.approx(1 / 4, abs=0.01)
    assert np.mean(radii > 8) == pytest.approx(1 / 16, abs=0.01)


@pytest.mark.parametrize(("x", "y"), [(10, 10), (0, 0), (19, 3), (5, 19)])
def test_press_cuts_stamps_at_the_border(x, y):
    stamp = module._stamps("stroke", 8)[5][1]
    colour = np.array([0.2, 0.9], np.float32)[:, None, None]
    whole, part = np.zeros((2, 80, 80), np.float32), np.zeros((2, 20, 20), np.float32)
    module._press(whole, stamp, 30 + x, 30 + y, colour)
    module._press(part, stamp, x, y, colour)
    np.testing.assert_array_equal(part, whole[:, 30:50, 30:50])
    assert part.any()


@pytest.mark.parametrize("kind", ["stroke", "dab", "line"])
def test_stamps_point_where_they_say(kind):
    for turn in (0, 5, 12, 20):
        opacity = module._stamps(kind, 6)[turn][0][0]
        y, x = np.indices(opacity.shape) - len(opacity) // 2
        even, odd = (opacity * (x**2 - y**2)).sum(), (opacity * 2 * x * y).sum()
        angle = np.degrees(np.arctan2(odd, even)) / 2  # of the longest axis of inertia
        assert abs((angle - 180 * turn / module.TURNS + 90) % 180 - 90) < 10
