"""The threaded ReLU against NumPy's maximum: sizes around the pieces, layouts, NaN and infinity."""

import numpy as np
import pytest

from nnscratch.engines.numpy import memory
from nnscratch.engines.numpy.activation import PIECE
from nnscratch.kernels import relu, relu_grad


def layouts(shape):
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    yield x
    yield np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)  # channels last
    yield np.asfortranarray(x)
    yield np.concatenate([x, x], axis=-1)[..., ::2]  # with gaps


@pytest.mark.parametrize(
    "shape", [(2, 3, 4, 5), (1, 3, 150, 149), (2, 64, 33, 40), (1, 1, 1, PIECE)]
)
def test_agrees_with_maximum_in_every_layout(shape):
    for x in layouts(shape):
        y = relu(x)
        np.testing.assert_array_equal(y, np.maximum(x, 0))
        assert y.dtype == x.dtype
        for g in layouts(shape):
            np.testing.assert_array_equal(relu_grad(g, y), g * (y > 0))


def test_results_lie_in_memory_as_inputs_do():
    for x in list(layouts((2, 64, 33, 40)))[:3]:
        assert relu(x).strides == x.strides
        assert relu_grad(x, x).strides == x.strides


def test_nan_passes_and_the_input_rests():
    x = np.full(3 * PIECE, -1.0)
    x[[5, PIECE + 1]] = np.nan, np.inf
    before = x.copy()
    y = relu(x)
    np.testing.assert_array_equal(x, before)
    assert np.isnan(y[5]) and y[PIECE + 1] == np.inf and not y[np.isfinite(y)].any()


def test_like_keeps_the_order_of_axes():
    for x in list(layouts((2, 64, 33, 40)))[:3]:
        assert memory.like(x).strides == x.strides
        assert memory.like(x).shape == x.shape
