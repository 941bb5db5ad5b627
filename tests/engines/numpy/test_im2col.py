"""Convolution in blocks of columns against the definition, in one to three dimensions."""

import definitions as plain
import numpy as np
import pytest

from nnscratch.engines.numpy import im2col
from nnscratch.kernels.window import Window

ACCURACY = {np.float32: 1e-5, np.float64: 1e-12}


def random_case(rng, k):
    axes, groups = int(rng.integers(1, 4)), (1, 1, 2, 3)[k % 4]

    def draw(low, high):
        return tuple(int(v) for v in rng.integers(low, high, axes))

    pads = tuple(zip(draw(0, 3), draw(0, 3), strict=True))
    window = Window(draw(1, 4), draw(1, 3), pads, draw(1, 3))
    size, dtype = draw(5, 14), (np.float32, np.float64)[k // 4 % 2]
    n, c_in, c_out = rng.integers(1, 4, 3)
    x = rng.normal(size=(n, groups * c_in, *size)).astype(dtype)
    weight = rng.normal(size=(groups * c_out, c_in, *window.size)).astype(dtype)
    g = rng.normal(size=(n, groups * c_out, *window.out_size(size))).astype(dtype)
    return x, weight, g, window, groups


@pytest.mark.parametrize("block", [2000, im2col.BLOCK])
def test_agrees_with_the_definition(block, monkeypatch):
    monkeypatch.setattr(im2col, "BLOCK", block)
    rng = np.random.default_rng(0)
    for k in range(150):
        x, weight, g, window, groups = random_case(rng, k)
        bias = np.arange(len(weight)).astype(x.dtype)
        pairs = (
            (
                im2col.conv(x, weight, window, groups, bias),
                plain.conv(x, weight, window, groups, bias),
            ),
            (
                im2col.conv_grad_input(g, weight, window, x.shape[2:], groups),
                plain.conv_grad_input(g, weight, window, x.shape[2:], groups),
            ),
            (
                im2col.conv_grad_weight(x, g, window, groups),
                plain.conv_grad_weight(x, g, window, groups),
            ),
        )
        for got, expected in pairs:
            assert got.dtype == x.dtype and got.shape == expected.shape
            error = np.abs(got - expected).max()
            assert error <= ACCURACY[x.dtype.type] * max(np.abs(expected).max(), 1e-3)


@pytest.mark.parametrize("block", [1, 200, 3000])
def test_blocks_of_any_size(monkeypatch, block):
    """Cut between images, between rows and within an image: the same numbers."""
    case = ((3, 4, 7, 6), (6, 2, 3, 2), (2, 1), ((1, 2), (0, 1)), (1, 2), 2)
    shape, weight_shape, stride, padding, dilation, groups = case
    rng = np.random.default_rng(0)
    w = Window(weight_shape[2:], stride, padding, dilation)
    x, weight = rng.standard_normal(shape), rng.standard_normal(weight_shape)
    g = rng.standard_normal((shape[0], weight_shape[0], *w.out_size(shape[2:])))
    whole = [
        im2col.conv(x, weight, w, groups),
        im2col.conv_grad_input(g, weight, w, x.shape[2:], groups),
        im2col.conv_grad_weight(x, g, w, groups),
    ]
    monkeypatch.setattr(im2col, "BLOCK", block)
    parts = [
        im2col.conv(x, weight, w, groups),
        im2col.conv_grad_input(g, weight, w, x.shape[2:], groups),
        im2col.conv_grad_weight(x, g, w, groups),
    ]
    for a, b in zip(parts, whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)
