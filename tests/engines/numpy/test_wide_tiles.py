"""One huge, infinite or NaN value must not touch results that do not see it."""

import definitions as plain
import numpy as np
import pytest

import nnscratch as nns
from nnscratch.engines.numpy import im2col, wide_tiles, winograd
from nnscratch.kernels.window import Window

TILES = (2, 4)
VALUES = (1e6, -3e8, 1e30, np.inf, -np.inf, np.nan)


def window(axes, padding=1):
    return Window((3,) * axes, (1,) * axes, ((padding, padding),) * axes, (1,) * axes)


def agrees(got, expected, channels=1):
    """Infinities and NaN in the same places, all others within 1e-3 of their own position's size.

    The size at a position is the norm over the `channels` axis, of which each value is one term.
    """
    finite = np.isfinite(expected)
    if not np.array_equal(np.where(finite, 0, got), np.where(finite, 0, expected), equal_nan=True):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        wide = np.where(finite, expected, 0).astype(np.float64)
        size = np.sqrt((wide**2).mean(channels, keepdims=True))
        error = np.abs(np.where(finite, got, 0) - wide)
    return bool((error <= 1e-3 * size).all())


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("size", "position"), [((23, 18), (9, 11)), ((7, 7), (3, 3)), ((9,) * 3, (4, 3, 8))]
)
@pytest.mark.filterwarnings("ignore:(invalid value|overflow) encountered:RuntimeWarning")
def test_one_value_of_the_input(value, size, position):
    rng = np.random.default_rng(1)
    x = (1e-3 * rng.standard_normal((2, 8, *size))).astype(np.float32)
    weight = rng.standard_normal((6, 8, *(3,) * len(size))).astype(np.float32)
    g = rng.standard_normal((2, 6, *size)).astype(np.float32)
    x[(0, 5, *position)] = value
    of_window = window(len(size))
    for m in TILES:
        expected = plain.conv(x.astype(np.float64), weight, of_window)
        expected = expected.astype(np.float32)
        assert agrees(winograd.conv(x, weight, of_window, m=m), expected)
        expected = plain.conv_grad_input(x[:, :6].astype(np.float64), weight, of_window, size)
        got = winograd.conv_grad_input(x[:, :6], weight, of_window, size, m=m)
        assert agrees(got, expected.astype(np.float32))
        expected = plain.conv_grad_weight(x.astype(np.float64), g, of_window).astype(np.float32)
        # each input channel has a slope of its own
        assert agrees(winograd.conv_grad_weight(x, g, of_window, m=m), expected, channels=0)


@pytest.mark.parametrize("pattern", ["row", "column", "half", "corner", "alone"])
def test_patterns_of_large_values(pattern):
    rng = np.random.default_rng(2)
    x = (1e-3 * rng.standard_normal((1, 64, 21, 34))).astype(np.float32)
    x = np.zeros_like(x) if pattern == "alone" else x
    place = {
        "row": (slice(8, 9), slice(None)),
        "column": (slice(None), slice(13, 14)),
        "half": (slice(10, None), slice(None)),
        "corner": (slice(0, 1), slice(0, 1)),
        "alone": (slice(7, 8), slice(6, 7)),
    }[pattern]
    x[(slice(None), slice(None), *place)] += 1e5
    weight = rng.standard_normal((64, 64, 3, 3)).astype(np.float32)
    expected = plain.conv(x.astype(np.float64), weight, window(2)).astype(np.float32)
    for engine in ("numpy:winograd", "numpy:winograd-2x2"):
        with nns.engine(engine):
            got = nns.functional.conv2d(x, weight, padding=1).numpy()
        assert agrees(got, expected)


@pytest.mark.parametrize("value", [1e7, np.inf, np.nan])
@pytest.mark.filterwarnings("ignore:(invalid value|overflow) encountered:RuntimeWarning")
def test_one_weight(value):
    rng = np.random.default_rng(3)
    weight = (1e-3 * rng.standard_normal((6, 8, 3, 3))).astype(np.float32)
    weight[2, 1, 0, 0] = value
    x, g = (rng.standard_normal((2, c, 11, 10)).astype(np.float32) for c in (8, 6))
    for m in TILES:
        expected = plain.conv(x.astype(np.float64), weight, window(2)).astype(np.float32)
        assert agrees(winograd.conv(x, weight, window(2), m=m), expected, channels=0)
        got = winograd.conv_grad_input(g, weight, window(2), (11, 10), m=m)
        # the padding of g counts as 0, and 0 times infinity is NaN
        expected = im2col.conv_grad_input(g, weight, window(2), (11, 10))
        assert agrees(got, expected, channels=0)


@pytest.mark.parametrize("value", [1e7, np.inf, np.nan])
@pytest.mark.filterwarnings("ignore:(invalid value|overflow) encountered:RuntimeWarning")
def test_one_value_of_the_upstream_gradient(value):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 8, 11, 10)).astype(np.float32)
    g = (1e-3 * rng.standard_normal((2, 6, 11, 10))).astype(np.float32)
    g[0, 3, 0, 9] = value  # two rows and columns of the kernel see it, the third is in the padding
    expected = plain.conv_grad_weight(x.astype(np.float64), g, window(2)).astype(np.float32)
    for m in TILES:
        assert agrees(winograd.conv_grad_weight(x, g, window(2), m=m), expected, channels=1)


def test_usual_values_are_not_wide(monkeypatch):
    """Rows of zeros, as pooling leaves them in a gradient, cost no second computation."""
    rng = np.random.default_rng(5)
    monkeypatch.setattr(wide_tiles, "patches", None)
    x, weight = rng.standard_normal((2, 8, 15, 15)), rng.standard_normal((8, 8, 3, 3))
    g = rng.standard_normal((2, 8, 15, 15))
    g[0] = 0
    g[:, :, -1] = g[:, :, :, -1] = 0
    x, g = np.maximum(x, 0).astype(np.float32), g.astype(np.float32)
    for m in TILES:
        winograd.conv(x, weight.astype(np.float32), window(2), m=m)
        winograd.conv_grad_input(g, weight.astype(np.float32), window(2), (15, 15), m=m)
        winograd.conv_grad_weight(x, g, window(2), m=m)


def test_the_limit_follows_the_precision():
    x = np.ones((1, 12, 12, 4))
    x[0, 4, 4] = 1e6
    starts, counts = (-1, -1), (12, 12)
    assert wide_tiles.find(x.astype(np.float32), starts, counts, 3, 4, 4) == [
        (0, 0, 0),
        (0, 0, 1),
        (0, 1, 0),
        (0, 1, 1),
    ]
    assert wide_tiles.find(x, starts, counts, 3, 4, 4) == []
