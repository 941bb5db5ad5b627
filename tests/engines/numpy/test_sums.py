"""Long sums in every order of memory, against float64, and with the digits of float32."""

import itertools

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nnscratch.engines.numpy import sums
from nnscratch.kernels import definition, total

SHAPES = [
    (3, 7, 40, 133),
    (2, 64, 40, 41),
    (2, 4, 15, 16, 70),
    (131_101,),
    (70_000, 1),
    (7, 30_011),
]


def layouts(x):
    """x in its own order of memory, with channels last, and reversed."""
    yield x
    yield np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if x.ndim > 1 else x
    yield np.asfortranarray(x)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_set_of_axes_in_every_layout(shape):
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    computed = 0
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            exact = x.sum(axes, dtype=np.float64, keepdims=True)
            for array in layouts(x):
                computed += sums.suits(array, axes)
                sum_ = total(array, axes)
                assert sum_.shape == exact.shape
                # float32 keeps 7 digits of the sum of absolute values
                bound = 1e-6 * np.abs(x).sum(axes, keepdims=True)
                assert (np.abs(sum_ - exact) <= bound).all()
    assert computed > 0


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_long_sum_keeps_its_digits(channels_last):
    """Added one by one, 0.1 four million times is off by 1 %, and ones stop at 2^24."""
    x = np.full((4, 3, 1000, 1000), 0.1, np.float32)
    x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if channels_last else x
    np.testing.assert_allclose(total(x, (0, 2, 3)), 4e5, rtol=1e-6)
    one_by_one = np.full(4_000_000, 0.1, np.float32).cumsum()[-1]
    assert abs(one_by_one / 4e5 - 1) > 1e-3


def test_the_definition_keeps_digits_too():
    x = np.full((70_000, 2), 0.1, np.float32)
    np.testing.assert_allclose(definition(total)(x, 0), 7e3, rtol=1e-7)
    half = np.full(200_000, 0.5, np.float16)  # 1e5 is no float16; adding stops at 1024
    np.testing.assert_allclose(definition(total)(half).sum(), 1e5)


def test_threads_do_not_change_the_sum():
    x = np.random.default_rng(0).standard_normal((5, 8, 300, 100)).astype(np.float32)
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            results.append([total(x, axes) for axes in (None, 1, (2, 3), (0, 1), (0, 2, 3))])
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_gaps_and_integers_are_left_to_the_definition():
    x = np.zeros((400, 400), np.float32)
    assert sums.suits(x, 0) and sums.suits(x, -1) and sums.suits(x)
    assert not sums.suits(x[:, ::2], 0) and not sums.suits(x.astype(int), 0)
    assert not sums.suits(np.zeros((50, 60, 50), np.float32), (0, 2))  # neither inner nor outer
