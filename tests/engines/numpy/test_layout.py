"""Memory order: copies have the same values in the order asked for."""

import numpy as np
import pytest

from nnscratch import Tensor
from nnscratch.engines.numpy.layout import channels_last, match
from nnscratch.kernels import match_layout

SHAPES = [(2, 3, 5), (1, 1, 4, 4), (3, 7, 40, 33), (2, 64, 40, 41), (2, 4, 5, 6, 7), (4, 32, 3000)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_channels_last_keeps_the_values(shape, dtype):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    before = x.copy()
    y = channels_last(x)
    np.testing.assert_array_equal(y, x)
    assert np.moveaxis(y, 1, -1).flags.c_contiguous
    assert y.dtype == dtype
    assert channels_last(y) is y
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shape", SHAPES)
def test_match_takes_the_order_of_another_array(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    for axes in (range(x.ndim), reversed(range(x.ndim)), (0, *range(2, x.ndim), 1)):
        axes = tuple(axes)
        like = np.empty([shape[a] for a in axes]).transpose(np.argsort(axes))
        for g in (x, channels_last(x), np.asfortranarray(x), np.broadcast_to(x[:1], shape)):
            copy = match(g, like.strides)
            np.testing.assert_array_equal(copy, g)
            assert copy.transpose(axes).flags.c_contiguous


def test_small_arrays_are_not_copied():
    g = np.ones((2, 3, 4))
    assert match_layout(g, np.asfortranarray(g).strides) is g


def test_gradients_lie_in_memory_as_their_values_do():
    x = Tensor(np.ones((2, 8, 64, 64), np.float32), requires_grad=True)
    y = x.transpose(0, 2, 3, 1) * 2.0
    seen = []
    out = Tensor.from_op("look", y.data, (y, lambda g: seen.append(g.data) or g))
    z = out * 1.0
    z.backward(np.ascontiguousarray(np.ones(z.shape, np.float32)))
    assert seen[0].strides == y.data.strides != np.ones(y.shape, np.float32).strides
