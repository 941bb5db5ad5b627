"""Pooling against nested loops: maxima, means, ceil_mode, adjoints, NaN and infinities."""

import importlib
from itertools import product

import numpy as np
import pytest
from engine_choice import ENGINES, engine

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, kernels
from nnscratch.kernels import window


@pytest.fixture(autouse=True, params=ENGINES)
def each_engine(request):
    with engine(request.param):
        yield request.param


def windows_of(in_size, kernel, stride, padding, dilation, ceil_mode):
    """For each output position the input positions it sees, and how many it would have at most.

    The latter counts padding, but not what ceil_mode adds beyond it.
    """
    axes = []
    for n, k, s, p, d in zip(in_size, kernel, stride, padding, dilation, strict=True):
        span = d * (k - 1) + 1
        last = (n + 2 * p - span + (s - 1) * ceil_mode) // s
        if ceil_mode and last * s >= n + p:  # would start beyond the input
            last -= 1
        axes.append([])
        for start in range(-p, last * s - p + 1, s):
            seen = [start + d * i for i in range(k)]
            axes[-1].append(([i for i in seen if 0 <= i < n], sum(i < n + p for i in seen)))
    for places in product(*map(range, map(len, axes))):
        parts = [axis[i] for axis, i in zip(axes, places, strict=True)]
        yield places, list(product(*(seen for seen, _ in parts))), np.prod([c for _, c in parts])


def max_by_loops(x, *setting):
    found = list(windows_of(x.shape[2:], *setting))
    y = np.zeros((*x.shape[:2], *(i + 1 for i in found[-1][0])))
    for places, seen, _ in found:
        y[(..., *places)] = np.max([x[(..., *i)] for i in seen], axis=0)
    return y


def mean_by_loops(x, count_include_pad, *setting):
    found = list(windows_of(x.shape[2:], *setting))
    y = np.zeros((*x.shape[:2], *(i + 1 for i in found[-1][0])))
    for places, seen, count in found:
        total = np.sum([x[(..., *i)] for i in seen], axis=0)
        y[(..., *places)] = total / (count if count_include_pad else len(seen))
    return y


def settings(count, seed, dilated):
    """(x, kernel, stride, padding, dilation, ceil_mode), rank 1 to 3, negative numbers only."""
    rng = np.random.default_rng(seed)
    while count:
        ndim = int(rng.integers(1, 4))
        kernel, stride = (tuple(rng.integers(1, 5, ndim).tolist()) for _ in range(2))
        dilation = tuple(rng.integers(1, 4, ndim).tolist()) if dilated else (1,) * ndim
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
        in_size = tuple(rng.integers(1, 11, ndim).tolist())
        if all(n + 2 * p >= span for n, p, span in zip(in_size, padding, spans, strict=True)):
            count -= 1
            x = -rng.permutation(2 * 2 * np.prod(in_size)).reshape(2, 2, *in_size) - 1.0
            yield x, kernel, stride, padding, dilation, bool(rng.integers(2))


def named(case):
    x, *setting = case
    return f"{x.shape} {setting}".replace(" ", "")


MAX_CASES = list(settings(60, 0, dilated=True))
MEAN_CASES = list(settings(60, 1, dilated=False))


@pytest.mark.parametrize("case", MAX_CASES, ids=named)
def test_max_pool_of_negative_numbers(case):
    x, *setting = case
    y = getattr(F, f"max_pool{x.ndim - 2}d")(x, *setting)
    np.testing.assert_array_equal(y.numpy(), max_by_loops(x, *setting))


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("case", MEAN_CASES, ids=named)
def test_avg_pool(case, count_include_pad):
    x, kernel, stride, padding, dilation, ceil_mode = case
    pool = getattr(F, f"avg_pool{x.ndim - 2}d")
    y = pool(x, kernel, stride, padding, ceil_mode, count_include_pad)
    expected = mean_by_loops(x, count_include_pad, kernel, stride, padding, dilation, ceil_mode)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("case", MAX_CASES[::2], ids=named)
def test_max_pool_gradient_goes_to_the_maximum(case):
    x, *setting = case
    leaf = Tensor(x, requires_grad=True)
    y = getattr(F, f"max_pool{x.ndim - 2}d")(leaf, *setting)
    upstream = np.random.default_rng(0).standard_normal(y.shape)
    y.backward(upstream)
    expected = np.zeros_like(x)
    for places, seen, _ in windows_of(x.shape[2:], *setting):
        for n, c in np.ndindex(2, 2):
            best = max(seen, key=lambda i, n=n, c=c: x[(n, c, *i)])
            expected[(n, c, *best)] += upstream[(n, c, *places)]
    np.testing.assert_allclose(leaf.grad.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("case", MAX_CASES[::3] + MEAN_CASES[::3], ids=named)
def test_adjoints(case):
    """<unpool(g), x> = <g, pick(x)> and <sum_unpool(g), x> = <g, sum_pool(x)>."""
    x, kernel, stride, padding, dilation, _ = case
    w = window("test", x.ndim - 2, kernel, stride, padding, dilation)
    rng = np.random.default_rng(0)
    y, winner = kernels.max_pool(x, w)
    g, other = rng.standard_normal(y.shape), rng.standard_normal(x.shape)
    for down, up in (
        (kernels.max_gather(other, winner, w), kernels.max_unpool(g, winner, w, x.shape[2:])),
        (kernels.sum_pool(other, w), kernels.sum_unpool(g, w, x.shape[2:])),
    ):
        assert down.shape == g.shape and up.shape == x.shape
        np.testing.assert_allclose((down * g).sum(), (up * other).sum(), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(kernels.max_gather(x, winner, w), y)


def test_the_first_maximum_wins():
    x = Tensor(np.ones((1, 1, 3, 3)), requires_grad=True)
    F.max_pool2d(x, 2, stride=1, padding=1).sum().backward()
    # each 2×2 window gives to its first element that is no padding
    expected = [[4, 2, 2], [2, 1, 1], [2, 1, 1]]
    np.testing.assert_array_equal(x.grad.numpy()[0, 0], expected)


@pytest.mark.parametrize("value", [-np.inf, np.finfo(np.float32).min])
def test_the_least_numbers_win_over_padding(value):
    """Where all of a window is −inf, its first element is still the maximum, not the padding."""
    x = Tensor(np.full((1, 1, 2, 2), value, np.float32), requires_grad=True)
    y = F.max_pool2d(x, 2, padding=1)
    np.testing.assert_array_equal(y.numpy(), np.full((1, 1, 2, 2), value))
    y.backward(np.arange(1, 5.0).reshape(1, 1, 2, 2))
    np.testing.assert_array_equal(x.grad.numpy()[0, 0], [[1, 2], [3, 4]])


def test_nan_passes_through_the_maximum():
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 0, 1] = x[0, 0, 1, 0] = np.nan
    x[0, 0, 3, 3] = np.inf
    leaf = Tensor(x, requires_grad=True)
    y = F.max_pool2d(leaf, 2)
    np.testing.assert_array_equal(y.numpy()[0, 0], [[np.nan, 0], [0, np.inf]])
    y.backward(np.ones((1, 1, 2, 2)))
    assert np.isnan(x[0, 0][leaf.grad.numpy()[0, 0] == 1]).sum() == 1


def test_infinite_gradient_reaches_the_maximum_only():
    leaf = Tensor(np.arange(4.0).reshape(1, 1, 2, 2), requires_grad=True)
    F.max_pool2d(leaf, 2).backward(np.full((1, 1, 1, 1), np.inf))
    np.testing.assert_array_equal(leaf.grad.numpy()[0, 0], [[0, 0], [0, np.inf]])


def test_windows_of_more_than_255_elements():
    x = np.random.default_rng(0).standard_normal((1, 1, 20, 20))
    leaf = Tensor(x, requires_grad=True)
    y = F.max_pool2d(leaf, 20)
    y.sum().backward()
    assert y.item() == x.max() and leaf.grad.numpy().flat[x.argmax()] == 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    x = np.arange(24).reshape(1, 2, 3, 4).astype(dtype)
    for y in (
        F.max_pool2d(x, 2, padding=1),
        F.avg_pool2d(x, 2),
        F.avg_pool2d(x, 2, padding=1, ceil_mode=True, count_include_pad=False),
        F.adaptive_avg_pool2d(x, (2, 3)),
        F.adaptive_avg_pool2d(x, 1),
    ):
        assert y.dtype == dtype


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_memory_layout_does_not_matter_and_the_input_is_left_alone(name):
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 5))
    pool = getattr(F, name)
    expected = pool(x, 3, 2, 1).numpy()
    last = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    for other in (last, np.asfortranarray(x), x[:, ::-1].copy()[:, ::-1]):
        before = other.copy()
        np.testing.assert_array_equal(pool(other, 3, 2, 1).numpy(), expected)
        np.testing.assert_array_equal(other, before)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"])
def test_no_images(name):
    x = Tensor(np.ones((0, 3, 6, 6)), requires_grad=True)
    y = getattr(F, name)(x, 2)
    y.sum().backward()
    assert y.shape[0] == 0 and x.grad.shape == x.shape


# -- adaptive -------------------------------------------------------------------------------------


def adaptive_by_loops(x, sizes):
    y = np.zeros((*x.shape[:2], *sizes))
    for places in np.ndindex(*sizes):
        axes = zip(places, x.shape[2:], sizes, strict=True)
        bounds = [(int(np.floor(i * n / m)), int(np.ceil((i + 1) * n / m))) for i, n, m in axes]
        part = x[(..., *(slice(*b) for b in bounds))]
        y[(..., *places)] = part.mean(tuple(range(2, x.ndim)))
    return y


@pytest.mark.parametrize(
    ("in_size", "sizes"),
    [
        ((7,), (3,)),
        ((7,), (7,)),
        ((3,), (8,)),  # more outputs than inputs
        ((6, 9), (4, 2)),
        ((5, 4), (1, 1)),
        ((5, 4), (1, 3)),
        ((5, 4, 6), (2, 3, 4)),
        ((1, 1, 1), (2, 1, 3)),
    ],
)
def test_adaptive_avg_pool(in_size, sizes):
    x = np.random.default_rng(0).standard_normal((2, 3, *in_size))
    y = getattr(F, f"adaptive_avg_pool{len(sizes)}d")(x, sizes)
    np.testing.assert_allclose(y.numpy(), adaptive_by_loops(x, sizes), rtol=1e-12)


def test_adaptive_avg_pool_keeps_nan_in_its_window():
    x = np.zeros((1, 1, 6))
    x[0, 0, 1] = np.nan
    np.testing.assert_array_equal(F.adaptive_avg_pool1d(x, 3).numpy(), [[[np.nan, 0, 0]]])


def test_global_average_is_the_mean():
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    y = F.adaptive_avg_pool2d(x, 1)
    assert y.shape == (2, 3, 1, 1)
    np.testing.assert_allclose(y.numpy()[..., 0, 0], x.mean((2, 3)))


# -- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize(
    ("x", "arguments", "error", "words"),
    [
        (np.ones((3, 6, 6)), (2,), ValueError, r"expected x of rank 4 .* got \(3, 6, 6\)"),
        (np.ones((1, 1, 6, 6), int), (2,), TypeError, "expected floats, got int64; .*astype"),
        (np.ones((1, 1, 6, 6)), (7,), ValueError, "kernel is larger than the padded input"),
        (np.ones((1, 1, 6, 6)), (2, 1, 2), ValueError, "padding must be at most half the kernel"),
        (np.ones((1, 1, 6, 6)), ((2, 2, 2),), ValueError, "expected kernel_size as an int or 2"),
        (np.ones((1, 1, 6, 6)), (0,), ValueError, "each at least 1, got 0"),
        (np.ones((1, 1, 6, 6)), (2, 0), ValueError, "expected stride .* got 0"),
        (np.ones((1, 1, 6, 6)), (2, 1, "full"), ValueError, "padding .* got 'full'"),
    ],
)
def test_refused(name, x, arguments, error, words):
    with pytest.raises(error, match=f"{name}: .*{words}"):
        getattr(F, name)(x, *arguments)


def test_adaptive_refuses():
    with pytest.raises(ValueError, match=r"adaptive_avg_pool2d: expected x of rank 4"):
        F.adaptive_avg_pool2d(np.ones((2, 3)), 1)
    with pytest.raises(
        ValueError, match=r"expected output_size as an int or 2 ints, each at least"
    ):
        F.adaptive_avg_pool2d(np.ones((1, 2, 3, 3)), 0)
    with pytest.raises(ValueError, match="adaptive_avg_pool1d: .*at least one element"):
        F.adaptive_avg_pool1d(np.ones((1, 2, 0)), 2)


def test_pools_are_differentiable_twice():
    """The second derivative of Σ pool(x)⁴ along v is 12·Σ pool(x)²·pool(v)² for a linear pool."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((1, 2, 7, 6)), requires_grad=True)
    v = rng.standard_normal(x.shape)
    for pool in (
        lambda x: F.avg_pool2d(x, (3, 2), 2, (1, 0), ceil_mode=True, count_include_pad=False),
        lambda x: F.adaptive_avg_pool2d(x, (3, 4)),
    ):
        (g,) = nns.grad((pool(x) ** 4).sum(), x, create_graph=True)
        (h,) = nns.grad((g * v).sum(), x)
        expected = 12 * (pool(x).numpy() ** 2 * pool(Tensor(v)).numpy() ** 2).sum()
        np.testing.assert_allclose((h.numpy() * v).sum(), expected, rtol=1e-10)


# -- against PyTorch, in blocks, with NaN and ties ------------------------------------------------


def random_setting(rng):
    """(input (N, C, *size), kernel, stride, padding, dilation, ceil_mode)."""
    while True:
        ndim = int(rng.integers(1, 4))
        kernel, stride = (tuple(rng.integers(1, 6, ndim).tolist()) for _ in range(2))
        dilation = tuple(rng.integers(1, 4, ndim).tolist())
        padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
        shape = (*rng.integers(1, 4, 2).tolist(), *rng.integers(1, 30 // ndim, ndim).tolist())
        axes = zip(shape[2:], kernel, stride, padding, dilation, strict=True)
        if all(_every_window_sees_an_input(*axis) for axis in axes):
            return shape, kernel, stride, padding, dilation, bool(rng.integers(2))


def _every_window_sees_an_input(n, k, s, p, d):
    """PyTorch has no index for one that sees padding alone, which dilation makes possible."""
    starts = range(-p, n, s)
    return n + 2 * p >= d * (k - 1) + 1 and all(
        any(0 <= start + d * i < n for i in range(k)) for start in starts
    )


def laid_out(x, rng):
    """x itself, or x with its channels last in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1) if rng.integers(2) else x


def in_blocks_of_one_row(one_row, monkeypatch):
    """The NumPy engine then cuts its work as small as it can."""
    if one_row and "numpy" in ENGINES:
        blocks = importlib.import_module("nnscratch.engines.numpy.pool")
        monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
        monkeypatch.setattr(blocks, "LEAST_ROWS", 1)


FILLS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "ties": lambda rng, shape: rng.integers(-1, 2, shape).astype(np.float64),
    "least": lambda rng, shape: rng.choice([-np.inf, -1.0], shape, p=[0.8, 0.2]),
    "not finite": lambda rng, shape: rng.choice([-np.inf, np.inf, np.nan, 0, 1, 2], shape),
}


@pytest.mark.torch
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("one_row", [False, True])
def test_max_pool_equals_pytorch(fill, one_row, monkeypatch):
    """Values and gradients, of equal maxima the first, of NaN the last; whole and in blocks."""
    torch = pytest.importorskip("torch", reason="PyTorch is an oracle here, not a dependency")
    in_blocks_of_one_row(one_row, monkeypatch)
    rng = np.random.default_rng([len(fill), one_row])
    for _ in range(40):
        shape, *setting = random_setting(rng)
        kernel, stride, padding, dilation, ceil_mode = setting
        x = FILLS[fill](rng, shape)
        name = f"max_pool{x.ndim - 2}d"
        ours = Tensor(laid_out(x, rng), requires_grad=True)
        theirs = torch.tensor(x, requires_grad=True)
        y = getattr(F, name)(ours, *setting)
        ty = getattr(torch.nn.functional, name)(
            theirs, kernel, stride, padding, dilation, ceil_mode
        )
        np.testing.assert_array_equal(y.numpy(), ty.numpy(force=True), f"{shape} {setting}")
        g = rng.standard_normal(y.shape)
        y.backward(laid_out(g, rng))
        ty.backward(torch.tensor(g))
        np.testing.assert_allclose(
            ours.grad.numpy(), theirs.grad.numpy(), atol=1e-12, err_msg=f"{shape} {setting}"
        )


@pytest.mark.torch
@pytest.mark.parametrize("one_row", [False, True])
def test_avg_pool_equals_pytorch(one_row, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is an oracle here, not a dependency")
    in_blocks_of_one_row(one_row, monkeypatch)
    rng = np.random.default_rng(int(one_row))
    for _ in range(80):
        shape, kernel, stride, padding, _, ceil_mode = random_setting(rng)
        if any(n < k for n, k in zip(shape[2:], kernel, strict=True)):
            continue  # PyTorch leaves the padding out of its check
        x, inside = rng.standard_normal(shape), bool(rng.integers(2))
        name = f"avg_pool{x.ndim - 2}d"
        ours = Tensor(laid_out(x, rng), requires_grad=True)
        theirs = torch.tensor(x, requires_grad=True)
        setting = (kernel, stride, padding, ceil_mode, inside)
        y = getattr(F, name)(ours, *setting)
        ty = getattr(torch.nn.functional, name)(theirs, *setting)
        np.testing.assert_allclose(y.numpy(), ty.numpy(force=True), atol=1e-12)
        g = rng.standard_normal(y.shape)
        y.backward(laid_out(g, rng))
        ty.backward(torch.tensor(g))
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), atol=1e-12)
