"""Mean 0 and variance 1 over some axes: against the formula, PyTorch's accuracy, and gradients."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import nnscratch.functional as F
from nnscratch.engines.numpy import norm as moments
from nnscratch.engines.numpy import parallel
from nnscratch.gradcheck import gradcheck
from nnscratch.kernels import standardise, standardise_grad

EPS = 1e-5
SMALL = [(7, 3), (2, 1), (5, 3, 4), (2, 3, 5, 4), (3, 1, 6, 6), (2, 4, 3, 5, 2), (1, 2, 9, 1)]
# above PIECE; pixels that 32 does not divide, primes, few and many channels
LARGE = [
    *((40_000, 5), (131_101, 1), (3, 7, 9001), (131, 3, 19, 23), (33, 64, 9, 7)),
    *((8, 16, 32, 32), (5, 6, 17, 16, 18), (1, 2, 512, 130)),
]


def laid(x, channels_last):
    """x with its channels last in memory, or first."""
    axes = (0, *range(2, x.ndim), 1) if channels_last else range(x.ndim)
    return np.ascontiguousarray(x.transpose(axes)).transpose(np.argsort(axes))


def axes_of(kind, x):
    """The axes over which batch, instance or layer norm takes its means."""
    positions = tuple(range(2, x.ndim))
    return {"batch": (0, *positions), "instance": positions, "layer": tuple(range(1, x.ndim))}[kind]


def by_formula(x, kind="batch"):
    """y, the mean, the variance, and 1 / deviation, with 1 for each axis."""
    axes = axes_of(kind, x)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    inverse = 1 / np.sqrt(variance + EPS)
    return (x - mean) * inverse, mean, variance, inverse


def input_by_formula(g, y, inverse, kind="batch"):
    axes = axes_of(kind, y)
    along = (g * y).mean(axes, keepdims=True)
    return (g - g.mean(axes, keepdims=True) - y * along) * inverse


def drawn(shape, seed=0, mean=0.0, dtype=np.float64):
    """Deviation 1 in the first channel, 2 in the second, 1 in the third ..."""
    scale = 1 + np.arange(shape[1]).reshape(-1, *(1,) * (len(shape) - 2)) % 2
    x = np.random.default_rng(seed).standard_normal(shape)
    return (mean + scale * x).astype(dtype)


def batch_standardise(x):
    return standardise(x, axes_of("batch", x), EPS)


def batch_standardise_grad(g, y, inverse):
    return standardise_grad(g, y, inverse, axes_of("batch", y))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", SMALL + LARGE, ids=str)
@pytest.mark.parametrize("kind", ["batch", "instance", "layer"])
def test_equals_the_formula(shape, channels_last, kind):
    if kind == "instance" and len(shape) == 2:
        shape = (*shape, 2)  # it needs positions
    x = laid(drawn(shape, mean=0.7), channels_last)
    g = laid(drawn(shape, seed=1), channels_last)
    y, mean, variance = standardise(x, axes_of(kind, x), EPS)
    *expected, inverse = by_formula(x, kind)
    for ours, theirs in zip((y, mean, variance), expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        standardise_grad(g, y, inverse, axes_of(kind, x)),
        input_by_formula(g, y, inverse, kind),
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize("pixels", [1, 2, 31, 32, 33, 64, 96])
def test_a_small_piece_and_pixels_of_any_number(pixels, monkeypatch):
    """With PIECE small the rows are folded and cut for every remainder."""
    monkeypatch.setattr(moments, "PIECE", 64)
    x, g = (laid(drawn((11, 3, pixels), seed), True) for seed in (0, 1))
    y, mean, variance = batch_standardise(x)
    *expected, inverse = by_formula(x)
    for ours, theirs in zip((y, mean, variance), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    slope = batch_standardise_grad(g, y, inverse)
    np.testing.assert_allclose(slope, input_by_formula(g, y, inverse), rtol=1e-12, atol=1e-12)


def test_one_thread_and_two_agree():
    x, g = (laid(drawn((33, 24, 20, 17), seed, dtype=np.float32), True) for seed in (0, 1))
    found = []
    for count in (1, 2):
        with threadpool_limits(count, "blas"):
            assert parallel.threads() == count
            y, mean, variance = batch_standardise(x)
            found.append((y, mean, variance, batch_standardise_grad(g, y, variance**-0.5)))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_wrong_formula_would_be_seen():
    """The check above tells the variance with n − 1 and a forgotten term apart."""
    x, g = drawn((40_000, 5)), drawn((40_000, 5), 1)
    y, _, variance = batch_standardise(x)
    inverse = by_formula(x)[3]
    assert not np.allclose(variance, x.var(0, ddof=1), rtol=1e-12)
    slope = batch_standardise_grad(g, y, inverse)
    assert not np.allclose(slope, (g - g.mean(0)) * inverse, rtol=1e-12, atol=1e-12)


# -- accuracy -------------------------------------------------------------------------------------

SHAPES = [(8, 4, 16, 16), (64, 8, 32, 32), (64, 4, 64, 64), (3, 2, 512, 512), (1, 1, 1024, 1024)]


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_float32_with_a_large_mean(shape, channels_last):
    """A float32 near 1e3 is rounded by up to 3e-5, the mean as well, and the deviation is 1.

    In pieces little is lost beyond that; elsewhere NumPy adds up to 2e3 numbers one by one.
    """
    x = drawn(shape, mean=1e3, dtype=np.float32)
    exact, _, variance, _ = by_formula(x.astype(np.float64))
    y, _, found = batch_standardise(laid(x, channels_last))
    assert y.dtype == found.dtype == np.float32
    assert np.abs(y - exact).max() < (1e-4 if channels_last and x.size >= moments.PIECE else 1e-3)
    np.testing.assert_allclose(found, variance, rtol=1e-5)


def test_as_accurate_as_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is an oracle here, not a dependency")
    for shape in ((64, 8, 32, 32), (64, 2, 64, 64)):
        for mean in (0, 1e3, 1e4):
            x = drawn(shape, mean=mean, dtype=np.float32)
            exact = by_formula(x.astype(np.float64))[0]
            theirs = torch.nn.functional.batch_norm(torch.tensor(x), None, None, training=True)
            ours = batch_standardise(laid(x, True))[0]
            wrong = np.abs(ours - exact).max(), np.abs(theirs.numpy() - exact).max()
            assert wrong[0] < max(4 * wrong[1], 2e-6)  # either is the luck of one rounding


def test_the_gradient_of_batch_norm():
    """Composed of both kernels, against finite differences, on both sides of PIECE."""
    x = drawn((3, 2, 4, 3))
    assert gradcheck(lambda x: F.batch_norm(x, None, None, training=True) ** 3, [x])


# -- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", [(6, 5, 3, 2), (24, 16, 21, 20)], ids=str)
def test_results_lie_in_memory_as_inputs_do(shape, channels_last):
    x = laid(drawn(shape, dtype=np.float32), channels_last)
    y, _, variance = batch_standardise(x)
    assert y.strides == x.strides
    for other in (channels_last, not channels_last):  # the gradient may lie otherwise
        g = laid(drawn(shape, 1, dtype=np.float32), other)
        slope = batch_standardise_grad(g, y, variance**-0.5)
        assert slope.dtype == np.float32
        if other == channels_last or (channels_last and x.size >= moments.PIECE):
            assert slope.strides == y.strides


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", [(6, 5, 3, 2), (24, 16, 21, 20)], ids=str)
def test_inputs_are_left_alone(shape, channels_last):
    x, g = (laid(drawn(shape, seed), channels_last) for seed in (0, 1))
    inverse = np.ones((1, shape[1], 1, 1))
    y = batch_standardise(x)[0]
    before = [a.copy() for a in (x, g, y, inverse)]
    again = batch_standardise(x)[0]
    batch_standardise_grad(g, y, inverse)
    assert not np.shares_memory(again, x)
    for array, old in zip((x, g, y, inverse), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_views_and_strange_strides():
    """Slices, reversed axes and broadcast gradients give what a copy of them gives."""
    whole = drawn((40, 9, 31, 30))
    x = laid(whole, True)
    for view in (x[::2], x[:, 2:7], x[:, ::-1], x[..., ::-1], x[:, 3:4], x[:1], x.swapaxes(2, 3)):
        y, mean, variance = batch_standardise(view)
        *expected, inverse = by_formula(view.copy())
        for ours, theirs in zip((y, mean, variance), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
        g = np.broadcast_to(drawn((1, view.shape[1], 1, 1), 1), view.shape)
        slope = batch_standardise_grad(g, y, inverse)
        np.testing.assert_allclose(slope, input_by_formula(g, y, inverse), rtol=1e-9, atol=1e-12)


def test_a_constant_channel_becomes_zeros():
    x = laid(np.full((8, 16, 40, 40), 3.0, np.float32), True)
    y, mean, variance = batch_standardise(x)
    np.testing.assert_array_equal(y, 0)
    np.testing.assert_array_equal(mean, 3)
    np.testing.assert_array_equal(variance, 0)
