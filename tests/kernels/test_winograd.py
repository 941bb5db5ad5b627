"""Winograd's algorithm, as it is derived, against the definition of convolution."""

import definitions
import numpy as np
import pytest

from nnscratch.kernels import Window
from nnscratch.kernels.winograd import transforms, winograd_conv


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
@pytest.mark.parametrize("m", [2, 4])
def test_agrees_with_the_definition_on_any_axes(axes, m):
    rng = np.random.default_rng(axes)
    for _ in range(5):
        pads = tuple(tuple(int(v) for v in rng.integers(0, 4, 2)) for _ in range(axes))
        size = tuple(int(v) for v in rng.integers(3, (20, 12, 7, 5)[axes - 1], axes))
        window = Window((3,) * axes, (1,) * axes, pads, (1,) * axes)
        x, weight = rng.normal(size=(2, 3, *size)), rng.normal(size=(4, 3, *window.size))
        y = winograd_conv(x, weight, window, m)
        np.testing.assert_allclose(y, definitions.conv(x, weight, window), rtol=0, atol=1e-12)


@pytest.mark.parametrize("m, taps", [(2, 3), (4, 3), (3, 4)])
def test_the_matrices_filter_exactly(m, taps):
    rng = np.random.default_rng(3)
    outputs, inputs, weights = transforms(m, np.float64, taps)
    d, w = rng.normal(size=m + taps - 1), rng.normal(size=taps)
    y = outputs @ ((weights @ w) * (inputs @ d))
    assert np.allclose(y, np.correlate(d, w, "valid"), rtol=0, atol=1e-13)
