"""Every convolution algorithm against nested loops; the adjoint identities of the three maps."""

import numpy as np
import pytest
from engine_choice import ALGORITHMS, engine

import nnscratch.functional as F
from nnscratch import Tensor, kernels
from nnscratch.kernels import window


def conv_by_loops(x, weight, stride, padding, dilation, groups):
    """One multiplication at a time."""
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    out_channels, in_channels, *size = weight.shape
    axes = zip(x.shape[2:], size, stride, dilation, strict=True)
    out_size = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in axes]
    y = np.zeros((len(x), out_channels, *out_size))
    for n, o, *p in np.ndindex(*y.shape):
        first = o // (out_channels // groups) * in_channels
        for c, *k in np.ndindex(in_channels, *size):
            place = (i * s + j * d for i, s, j, d in zip(p, stride, k, dilation, strict=True))
            y[(n, o, *p)] += weight[(o, c, *k)] * x[(n, first + c, *place)]
    return y


def transpose_by_loops(x, weight, stride, padding, output_padding, dilation, groups):
    """Each input adds a scaled kernel to the output; then the padding is cut off."""
    in_channels, out_channels, *size = weight.shape
    rest = list(zip(x.shape[2:], size, stride, dilation, output_padding, strict=True))
    whole = [(n - 1) * s + d * (k - 1) + 1 + e for n, k, s, d, e in rest]
    y = np.zeros((len(x), out_channels * groups, *whole))
    for n, c, *p in np.ndindex(*x.shape):
        first = c // (in_channels // groups) * out_channels
        for o, *k in np.ndindex(out_channels, *size):
            place = (i * s + j * d for i, s, j, d in zip(p, stride, k, dilation, strict=True))
            y[(n, first + o, *place)] += x[(n, c, *p)] * weight[(c, o, *k)]
    cuts = zip(whole, padding, strict=True)
    return y[(..., *(slice(before, n - after) for n, (before, after) in cuts))]


def settings(count, seed):
    """(x shape, weight shape, stride, padding, dilation, groups) of rank 1 to 3."""
    rng = np.random.default_rng(seed)
    while count:
        ndim = int(rng.integers(1, 4))
        size, stride, dilation = (tuple(rng.integers(1, 4, ndim).tolist()) for _ in range(3))
        padding = tuple(map(tuple, rng.integers(0, 4, (ndim, 2)).tolist()))
        groups, per_in, per_out = rng.integers(1, 4, 3).tolist()
        in_size = tuple(rng.integers(1, 9 - 2 * ndim + 2, ndim).tolist())
        shape = (int(rng.integers(1, 3)), groups * per_in, *in_size)
        w = window("test", ndim, size, stride, padding, dilation)
        if all(n > 0 for n in w.out_size(in_size)):
            count -= 1
            yield shape, (groups * per_out, per_in, *size), stride, padding, dilation, groups


NAMED = [
    # what is special about it: shapes, stride, padding, dilation, groups
    ("1x1", (2, 3, 4, 5), (4, 3, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    ("stride beyond kernel", (2, 2, 9, 8), (3, 2, 2, 1), (3, 4), ((0, 0), (1, 0)), (1, 1), 1),
    ("kernel is the image", (2, 2, 3, 4), (3, 2, 3, 4), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    ("only padding seen", (1, 2, 1), (3, 2, 2), (1,), ((6, 5),), (2,), 1),
    ("huge padding", (1, 2, 3), (2, 2, 3), (2,), ((40, 1),), (1,), 1),
    ("depthwise", (2, 6, 5, 5), (12, 1, 3, 3), (2, 1), ((1, 1), (1, 1)), (1, 2), 6),
    ("groups of two", (2, 4, 7), (6, 2, 3), (2,), ((2, 0),), (2,), 2),
    ("3d", (1, 2, 4, 3, 5), (3, 2, 2, 1, 3), (1, 2, 2), ((1, 0), (0, 0), (2, 1)), (2, 1, 1), 1),
    ("4d", (1, 1, 2, 3, 2, 3), (2, 1, 2, 2, 1, 2), (1,) * 4, ((1, 0),) * 4, (1,) * 4, 1),
    ("asymmetric full", (2, 2, 6, 6), (3, 2, 3, 3), (1, 1), ((2, 0), (0, 1)), (1, 1), 1),
    ("more padding than kernel", (2, 2, 4), (3, 2, 2), (1,), ((3, 4),), (1,), 1),
]
CASES = [case[1:] for case in NAMED] + list(settings(40, seed=1))
IDS = [case[0] for case in NAMED] + [f"random{i}" for i in range(40)]
every_algorithm = pytest.mark.parametrize("name", ALGORITHMS)
every_case = pytest.mark.parametrize("case", CASES, ids=IDS)


def draw(case, dtype=np.float64, seed=0):
    shape, weight_shape, stride, padding, dilation, groups = case
    rng = np.random.default_rng(seed)
    w = window("test", len(stride), weight_shape[2:], stride, padding, dilation)
    x, weight = rng.standard_normal(shape), rng.standard_normal(weight_shape)
    g = rng.standard_normal((shape[0], weight_shape[0], *w.out_size(shape[2:])))
    return x.astype(dtype), weight.astype(dtype), g.astype(dtype), w, groups


@every_algorithm
@every_case
def test_agrees_with_nested_loops(name, case):
    x, weight, _, w, groups = draw(case)
    with engine(name):
        y = kernels.conv(x, weight, w, groups)
    expected = conv_by_loops(x, weight, *case[2:5], groups)
    np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-11)


@every_algorithm
@every_case
def test_adjoint_in_input_and_weight(name, case):
    """<conv(x, w), g> = <x, grad_input(g, w)> = <w, grad_weight(x, g)>, for every element."""
    x, weight, g, w, groups = draw(case)
    with engine(name):
        y = kernels.conv(x, weight, w, groups)
        back = kernels.conv_grad_input(g, weight, w, x.shape[2:], groups)
        slope = kernels.conv_grad_weight(x, g, w, groups)
    assert y.shape == g.shape and back.shape == x.shape and slope.shape == weight.shape
    pairing = (y * g).sum()
    np.testing.assert_allclose((x * back).sum(), pairing, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose((weight * slope).sum(), pairing, rtol=1e-10, atol=1e-10)


@every_algorithm
@pytest.mark.parametrize("case", CASES[:24:2], ids=IDS[:24:2])
def test_adjoints_element_by_element(name, case):
    """A unit vector in, one row of the matrix out: no two errors can cancel."""
    x, weight, g, w, groups = draw(case)
    with engine(name):
        back = kernels.conv_grad_input(g, weight, w, x.shape[2:], groups)
        slope = kernels.conv_grad_weight(x, g, w, groups)
    rng = np.random.default_rng(5)
    for whole, gradient in ((x, back), (weight, slope)):
        for flat in rng.choice(whole.size, min(6, whole.size), replace=False):
            unit = np.zeros(whole.size)
            unit[flat] = 1
            unit = unit.reshape(whole.shape)
            pair = (unit, weight) if whole is x else (x, unit)
            expected = (conv_by_loops(*pair, *case[2:5], groups) * g).sum()
            np.testing.assert_allclose(gradient.flat[flat], expected, rtol=1e-10, atol=1e-10)


@every_algorithm
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(name, dtype):
    x, weight, g, w, groups = draw(CASES[6], dtype)
    expected = conv_by_loops(x, weight, *CASES[6][2:5], groups)
    with engine(name):
        results = (
            kernels.conv(x, weight, w, groups),
            kernels.conv_grad_input(g, weight, w, x.shape[2:], groups),
            kernels.conv_grad_weight(x, g, w, groups),
        )
    assert [r.dtype for r in results] == [dtype] * 3
    np.testing.assert_allclose(results[0], expected, atol=30 * np.finfo(dtype).eps)


@every_algorithm
def test_integers_are_exact(name):
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-9, 9, (2, 2, 5, 5)), rng.integers(-9, 9, (3, 2, 3, 3))
    w = window("test", 2, 3, 1, 1, 1)
    with engine(name):
        y = kernels.conv(x, weight, w)
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, conv_by_loops(x, weight, (1, 1), w.padding, (1, 1), 1))


def layouts(array):
    """The same values, differently laid out in memory."""
    last = np.ascontiguousarray(np.moveaxis(array, 1, -1))
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]))
    wide[..., ::2] = array
    frozen = array.copy()
    frozen.flags.writeable = False
    yield from (np.moveaxis(last, -1, 1), wide[..., ::2], np.asfortranarray(array), frozen)
    yield array[::-1].copy()[::-1]


@every_algorithm
@pytest.mark.parametrize("case", [CASES[5], CASES[6], CASES[1]])
def test_memory_layout_does_not_matter_and_inputs_are_left_alone(name, case):
    x, weight, g, w, groups = draw(case)
    with engine(name):
        expected = kernels.conv(x, weight, w, groups)
        back = kernels.conv_grad_input(g, weight, w, x.shape[2:], groups)
        slope = kernels.conv_grad_weight(x, g, w, groups)
        for xl, wl, gl in zip(layouts(x), layouts(weight), layouts(g), strict=True):
            before = [a.copy() for a in (xl, wl, gl)]
            for got, wanted in (
                (kernels.conv(xl, wl, w, groups), expected),
                (kernels.conv_grad_input(gl, wl, w, x.shape[2:], groups), back),
                (kernels.conv_grad_weight(xl, gl, w, groups), slope),
            ):
                np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)
            for a, b in zip((xl, wl, gl), before, strict=True):
                np.testing.assert_array_equal(a, b)


@every_algorithm
def test_broadcast_gradient(name):
    """The gradient of a sum is one number with strides of 0."""
    x, weight, g, w, groups = draw(CASES[5])
    ones = np.broadcast_to(np.ones(()), g.shape)
    with engine(name):
        for call in (
            lambda g: kernels.conv_grad_input(g, weight, w, x.shape[2:], groups),
            lambda g: kernels.conv_grad_weight(x, g, w, groups),
        ):
            np.testing.assert_allclose(call(ones), call(np.ones(g.shape)), rtol=1e-11, atol=1e-11)


@every_algorithm
@pytest.mark.parametrize("groups", [1, 2])
def test_no_images(name, groups):
    w = window("test", 2, 3, 2, 1, 1)
    x, weight = np.ones((0, 4, 5, 5)), np.ones((6, 4 // groups, 3, 3))
    with engine(name):
        y = kernels.conv(x, weight, w, groups)
        assert y.shape == (0, 6, 3, 3)
        assert kernels.conv_grad_input(y, weight, w, (5, 5), groups).shape == x.shape
        slope = kernels.conv_grad_weight(x, y, w, groups)
    assert slope.shape == weight.shape and not slope.any()


@every_algorithm
def test_nan_stays_in_the_windows_that_see_it(name):
    x = np.zeros((1, 1, 8, 8))
    x[0, 0, 1, 1] = np.nan
    with engine(name):
        y = kernels.conv(x, np.ones((1, 1, 3, 3)), window("test", 2, 3, 1, 0, 1))
    seen = np.zeros((6, 6), bool)
    seen[:2, :2] = True
    np.testing.assert_array_equal(np.isnan(y[0, 0]), seen)


TRANSPOSED = [
    # x, weight (C_in, C_out/G, *k), stride, padding, output_padding, dilation, groups
    ((2, 3, 4), (3, 2, 3), (2,), ((1, 1),), (1,), (1,), 1),
    ((1, 4, 3, 4), (4, 3, 2, 3), (3, 2), ((0, 1), (1, 0)), (2, 1), (1, 2), 2),
    ((2, 2, 3, 2), (2, 1, 3, 3), (1, 1), ((1, 1), (0, 0)), (1, 2), (2, 3), 1),  # beyond the stride
    ((1, 3, 2, 2), (3, 2, 1, 1), (3, 3), ((0, 0), (0, 0)), (2, 0), (1, 1), 3),  # beyond the kernel
    ((1, 2, 2, 3, 2), (2, 1, 2, 1, 3), (2, 1, 3), ((1, 0), (0, 0), (1, 2)), (1, 0, 2), (1,) * 3, 2),
    ((1, 1, 1), (1, 1, 1), (5,), ((0, 0),), (4,), (1,), 1),
]


@every_algorithm
@pytest.mark.parametrize("case", TRANSPOSED)
def test_transposed_convolution_against_loops(name, case):
    shape, weight_shape, stride, padding, output_padding, dilation, groups = case
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(shape), rng.standard_normal(weight_shape)
    bias = rng.standard_normal(weight_shape[1] * groups)
    function = getattr(F, f"conv_transpose{len(stride)}d")
    with engine(name):
        y = function(x, weight, bias, stride, padding, output_padding, groups, dilation)
    expected = transpose_by_loops(x, weight, stride, padding, output_padding, dilation, groups)
    expected += bias.reshape(-1, *(1,) * len(stride))
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv_transpose_is_the_adjoint_of_conv(ndim, stride):
    """<conv(x), g> = <x, conv_transpose(g)>; output_padding makes up for the rest of a stride."""
    rng = np.random.default_rng(0)
    for size in range(5, 9):
        x = rng.standard_normal((2, 3, *(size,) * ndim))
        weight = rng.standard_normal((4, 3, *(3,) * ndim))
        y = getattr(F, f"conv{ndim}d")(x, weight, stride=stride, padding=1).numpy()
        g = rng.standard_normal(y.shape)
        back = getattr(F, f"conv_transpose{ndim}d")(
            g, weight, stride=stride, padding=1, output_padding=(size - 1) % stride
        ).numpy()
        assert back.shape == x.shape
        np.testing.assert_allclose((y * g).sum(), (x * back).sum(), rtol=1e-10)


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_same_padding(kernel, dilation):
    x, weight = np.ones((1, 2, 7, 9)), np.ones((3, 2, kernel, 3))
    y = F.conv2d(x, weight, padding="same", dilation=dilation)
    assert y.shape == (1, 3, 7, 9)
    total = dilation * (kernel - 1)
    pairs = ((total // 2, total - total // 2), (dilation, dilation))
    np.testing.assert_array_equal(
        y.numpy(), F.conv2d(x, weight, padding=pairs, dilation=dilation).numpy()
    )


def test_the_kernel_is_not_flipped():
    y = F.conv1d(np.array([[[0.0, 1, 0, 0]]]), np.array([[[1.0, 2, 3]]]))
    np.testing.assert_array_equal(y.numpy(), [[[2, 1]]])


def test_groups_may_be_a_numpy_integer():
    x, weight = np.ones((1, 4, 5)), np.ones((2, 2, 3))
    np.testing.assert_array_equal(
        F.conv1d(x, weight, groups=np.int64(2)).numpy(), F.conv1d(x, weight, groups=2).numpy()
    )


def test_mixed_dtypes_promote_and_gradients_return_to_their_own():
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((1, 2, 5)).astype(np.float32), requires_grad=True)
    weight = Tensor(rng.standard_normal((3, 2, 3)), requires_grad=True)
    with pytest.warns(UserWarning, match=r"conv1d: float64 meets float32 .*astype\(np.float32\)"):
        y = F.conv1d(x, weight)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype, weight.grad.dtype) == (np.float64, np.float32, np.float64)
    assert F.conv1d(np.ones((1, 2, 5), np.uint8), weight.data.astype("f4")).dtype == np.float32


# -- choosing -------------------------------------------------------------------------------------


def test_chosen_algorithms_agree_for_all_group_counts():
    rng = np.random.default_rng(0)
    w = window("test", 2, 3, 1, 1, 1)
    x = rng.standard_normal((2, 12, 6, 6))
    for groups in (1, 2, 3, 4, 6, 12):
        weight = rng.standard_normal((12, 12 // groups, 3, 3))
        expected = conv_by_loops(x, weight, (1, 1), w.padding, (1, 1), groups)
        np.testing.assert_allclose(kernels.conv(x, weight, w, groups), expected, atol=1e-11)
