"""Convolution with one kernel a channel against the definition, in one to three dimensions."""

import definitions as plain
import numpy as np
import pytest

from nnscratch import kernels
from nnscratch.engines.numpy import depthwise
from nnscratch.engines.registry import find
from nnscratch.kernels.window import Window

ACCURACY = {np.float32: 1e-5, np.float64: 1e-12}


def random_case(rng, k):
    axes, channels = int(rng.integers(1, 4)), int(rng.integers(1, 7))

    def draw(low, high):
        return tuple(int(v) for v in rng.integers(low, high, axes))

    pads = tuple(zip(draw(0, 3), draw(0, 3), strict=True))
    window = Window(draw(1, 4), draw(1, 3), pads, draw(1, 3))
    size, dtype = draw(5, 14), (np.float32, np.float64)[k % 2]
    x = rng.normal(size=(int(rng.integers(1, 4)), channels, *size)).astype(dtype)
    if k % 3 == 0:
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    weight = rng.normal(size=(channels, 1, *window.size)).astype(dtype)
    g = rng.normal(size=(len(x), channels, *window.out_size(size))).astype(dtype)
    return x, weight, g, window, channels


@pytest.mark.parametrize("piece", [40, depthwise.PIECE])
def test_agrees_with_the_definition(piece, monkeypatch):
    monkeypatch.setattr(depthwise, "PIECE", piece)
    rng = np.random.default_rng(0)
    for k in range(120):
        x, weight, g, window, groups = random_case(rng, k)
        bias = np.linspace(-1, 1, groups).astype(x.dtype)
        before = [a.copy() for a in (x, weight, g)]
        size = x.shape[2:]
        pairs = (
            (depthwise.conv(x, weight, window, groups), plain.conv(x, weight, window, groups)),
            (
                depthwise.conv(x, weight, window, groups, bias),
                plain.conv(x, weight, window, groups, bias),
            ),
            (
                depthwise.conv_grad_input(g, weight, window, size, groups),
                plain.conv_grad_input(g, weight, window, size, groups),
            ),
            (
                depthwise.conv_grad_weight(x, g, window, groups),
                plain.conv_grad_weight(x, g, window, groups),
            ),
        )
        for got, expected in pairs:
            assert got.dtype == x.dtype and got.shape == expected.shape
            largest = max(1.0, np.abs(expected).max())
            assert np.abs(got - expected).max() <= ACCURACY[x.dtype.type] * largest
        for a, b in zip((x, weight, g), before, strict=True):
            np.testing.assert_array_equal(a, b)


def test_is_taken_for_one_kernel_a_channel():
    window = kernels.window("test", 2, 3, 1, 1, 1)
    x = np.ones((2, 64, 9, 9), np.float32)
    weight = np.ones((64, 1, 3, 3), np.float32)
    assert find("conv", None, x, weight, window, 64).name == "numpy:depthwise"
    assert find("conv_grad_input", None, x, weight, window, (9, 9), 64).name == "numpy:depthwise"
    assert find("conv_grad_weight", None, x, x, window, 64).name == "numpy:depthwise"
    two_each = np.ones((128, 1, 3, 3), np.float32)
    assert find("conv", None, x, two_each, window, 64) is None


def test_long_sums_keep_their_digits():
    x = np.full((8, 1, 512, 512), 0.1, np.float32)
    got = depthwise.conv_grad_weight(x, x, kernels.window("test", 2, 1, 1, 0, 1), 1)
    assert abs(got.item() / (x.size * np.float64(np.float32(0.1)) ** 2) - 1) < 1e-6
