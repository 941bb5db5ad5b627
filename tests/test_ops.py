"""Every operation of the table: values, derivatives, dtypes, memory layouts and devices.

The value of a row is compared with NumPy, SciPy or nested loops, never with the engine itself.
"""

import inspect
from functools import partial
from itertools import product

import device
import numpy as np
import pytest
from engine_choice import ALGORITHMS, engine
from scipy import special

import nnscratch.functional as F
from nnscratch import Tensor, backend, grad, opcases, operations
from nnscratch.backend import array_module
from nnscratch.opcases import CASES

NOT_DIFFERENTIABLE = """
__format__ node constant _xp
__init__ __hash__ __module__
__doc__ __slots__ __weakref__ __array_ufunc__ __array_priority__ __annotations__ __eq__ __ne__
__lt__ __le__ __gt__ __ge__ __and__ __or__ __invert__ __pos__ any all
__iadd__ __isub__ __imul__ __itruediv__ __ipow__ __imatmul__
data grad requires_grad op from_op shape ndim size dtype device is_leaf item numpy detach backward
argmax argmin
"""


def named(case):
    return case.__name__.replace(" ", "")


each_case = pytest.mark.parametrize("case", CASES, ids=named)
each_conv = pytest.mark.parametrize(
    "case", [case for case in CASES if case.name.startswith("conv")], ids=named
)


def draw(case, seed=1):
    return case.inputs(np.random.default_rng(seed))


# -- values: other ways to the same numbers -------------------------------------------------------


def per_axis(value, ndim):
    return value if isinstance(value, tuple) else (value,) * ndim


def pairs_of(padding, kernel, dilation):
    if padding == "valid":
        padding = 0
    if padding == "same":
        spare = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(n // 2, n - n // 2) for n in spare]
    return [p if isinstance(p, tuple) else (p, p) for p in per_axis(padding, len(kernel))]


def seen_by(place, offset, stride, dilation):
    return tuple(p * s + o * d for p, o, s, d in zip(place, offset, stride, dilation, strict=True))


def conv(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    kernel = weight.shape[2:]
    stride, dilation = per_axis(stride, len(kernel)), per_axis(dilation, len(kernel))
    x = np.pad(x, [(0, 0), (0, 0), *pairs_of(padding, kernel, dilation)])
    axes = zip(x.shape[2:], kernel, stride, dilation, strict=True)
    y = np.zeros((len(x), len(weight), *((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in axes)))
    each_in, each_out = weight.shape[1], len(weight) // groups
    for c_out, c, place, offset in product(
        range(len(weight)), range(each_in), np.ndindex(*y.shape[2:]), np.ndindex(*kernel)
    ):
        where = (slice(None), c_out // each_out * each_in + c)
        seen = x[(*where, *seen_by(place, offset, stride, dilation))]
        y[(slice(None), c_out, *place)] += weight[(c_out, c, *offset)] * seen
    return y if bias is None else y + bias.reshape(-1, *(1,) * len(kernel))


def conv_transpose(
    x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    kernel = weight.shape[2:]
    stride, dilation = per_axis(stride, len(kernel)), per_axis(dilation, len(kernel))
    extra = per_axis(output_padding, len(kernel))
    axes = zip(x.shape[2:], kernel, stride, dilation, extra, strict=True)
    size = [(n - 1) * s + d * (k - 1) + 1 + e for n, k, s, d, e in axes]
    each_in, each_out = x.shape[1] // groups, weight.shape[1]
    y = np.zeros((len(x), each_out * groups, *size))
    for c_in, c, place, offset in product(
        range(x.shape[1]), range(each_out), np.ndindex(*x.shape[2:]), np.ndindex(*kernel)
    ):
        where = (slice(None), c_in // each_in * each_out + c)
        value = weight[(c_in, c, *offset)] * x[(slice(None), c_in, *place)]
        y[(*where, *seen_by(place, offset, stride, dilation))] += value
    cuts = zip(pairs_of(padding, kernel, dilation), size, strict=True)
    y = y[(..., *(slice(before, n - after) for (before, after), n in cuts))]
    return y if bias is None else y + bias.reshape(-1, *(1,) * len(kernel))


def windows(n, k, s, p, d, ceil_mode):
    """Along one axis: for each output the inputs it sees, and how many of them with padding."""
    found, start = [], -p
    while start + d * (k - 1) < n + p or (
        ceil_mode and start < n and start + d * (k - 1) - s < n + p - 1
    ):
        seen = [start + d * i for i in range(k)]
        found.append(([i for i in seen if 0 <= i < n], sum(i < n + p for i in seen)))
        start += s
    return found


def pool(reduce):
    def by_loops(
        x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, count_include_pad=True
    ):
        ndim = x.ndim - 2
        values = (kernel_size, stride or kernel_size, padding, dilation)
        settings = [per_axis(value, ndim) for value in values]
        axes = [windows(*axis, ceil_mode) for axis in zip(x.shape[2:], *settings, strict=True)]
        y = np.zeros((*x.shape[:2], *map(len, axes)))
        for place in np.ndindex(*y.shape[2:]):
            seen, counts = zip(*(axis[i] for axis, i in zip(axes, place, strict=True)), strict=True)
            part = x[np.ix_(range(x.shape[0]), range(x.shape[1]), *seen)]
            count = np.prod(counts) if count_include_pad else part[0, 0].size
            y[(..., *place)] = reduce(part.reshape(*x.shape[:2], -1), count)
        return y

    return by_loops


def adaptive(x, output_size):
    for axis, m in enumerate(per_axis(output_size, x.ndim - 2), start=2):
        n = x.shape[axis]
        cuts = [slice(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        x = np.stack([x[(slice(None),) * axis + (cut,)].mean(axis) for cut in cuts], axis)
    return x


def standard(x, axes, w=1.0, b=0.0):
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + 1e-5) * w + b


def beside(x, w=1.0, b=0.0):
    return (np.reshape(v, (-1, *(1,) * (x.ndim - 2))) for v in (w, b))


def batch_norm_eval(mean, var, x, w, b):
    mean, var, w, b = (v.reshape(-1, 1, 1) for v in (mean, var, w, b))
    return (x - mean) / np.sqrt(var + 1e-5) * w + b


def reduced(losses, reduction="mean"):
    return losses if reduction == "none" else getattr(losses, reduction)()


def nll(x, target, reduction="mean"):
    losses = [-x[(n, target[(n, *i)], *i)] for n, *i in np.ndindex(*target.shape)]
    return reduced(np.reshape(losses, target.shape), reduction)


def cross_entropy(x, target, reduction="mean", label_smoothing=0.0):
    if target.dtype.kind == "i":
        target = np.moveaxis(np.eye(x.shape[1])[target], -1, 1)
    target = target * (1 - label_smoothing) + label_smoothing / x.shape[1]
    return reduced(-(target * special.log_softmax(x, axis=1)).sum(1), reduction)


def bce(x, target, reduction):
    chance = special.expit(x)
    return reduced(-target * np.log(chance) - (1 - target) * np.log(1 - chance), reduction)


def triplet(a, p_, n, margin=1.0, p=2.0, swap=False, reduction="mean"):
    def distance(u, v):
        return np.linalg.norm(u - v + 1e-6, p, axis=1)

    far = np.minimum(distance(a, n), distance(p_, n)) if swap else distance(a, n)
    return reduced(np.maximum(0, distance(a, p_) - far + margin), reduction)


def contrastive(a, b, same, margin, reduction):
    d = np.linalg.norm(a - b, axis=1)
    return reduced(np.where(same, d**2, np.maximum(0, margin - d) ** 2) / 2, reduction)


def distances(a, b=None, squared=False):
    b = a if b is None else b
    d = np.array([[np.linalg.norm(u - v) for v in b] for u in a])
    return d**2 if squared else d


def dropout(x, p, rng=None, training=True):
    kept = np.random.default_rng(rng).random(x.shape) >= p
    return np.where(kept, x / (1 - p), 0) if training else x


def batch_norm_train(x, *scales):
    return standard(x, (0, *range(2, x.ndim)), *beside(x, *scales))


def normalize(x, p=2.0, axis=1):
    return x / np.linalg.norm(x, p, axis=axis, keepdims=True)


def clip(x, low=-np.inf, high=np.inf):
    return np.minimum(np.maximum(x, low), high)


ORACLES = {
    "Tensor.exp": np.exp,
    "Tensor.log1p": np.log1p,
    "Tensor.sin": np.sin,
    "Tensor.cos": np.cos,
    "Tensor.log": np.log,
    "Tensor.sqrt": np.sqrt,
    "Tensor.abs": np.abs,
    "Tensor.tanh": np.tanh,
    "Tensor.clip": clip,
    "Tensor.moveaxis": np.moveaxis,
    "Tensor.expand_dims": np.expand_dims,
    "Tensor.broadcast_to": np.broadcast_to,
    "Tensor.to": lambda x, device: x,
    "clip": clip,
    ("where", "mask, 2.0, x"): lambda mask, x: np.where(mask, 2.0, x),
    ("maximum", "x, 0.1"): lambda x: np.maximum(x, 0.1),
    ("maximum", "-0.1, x"): lambda x: np.maximum(x, -0.1),
    ("minimum", "x, 0.1"): lambda x: np.minimum(x, 0.1),
    ("minimum", "-0.1, x"): lambda x: np.minimum(x, -0.1),
    "concatenate": lambda *xs: np.concatenate(xs),
    ("concatenate", "-2"): lambda *xs: np.concatenate(xs, -2),
    ("einsum", "ij,jk"): lambda a, b: np.einsum("ij,jk", a, b),
    ("einsum", "bi,j->b"): lambda a, b: np.einsum("bi,j->b", a, b),
    "stack": lambda *xs: np.stack(xs),
    ("stack", "-1"): lambda *xs: np.stack(xs, -1),
    "relu": lambda x: np.where(x > 0, x, 0),
    "leaky_relu": lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1)),
    "sigmoid": special.expit,
    "softplus": lambda x, beta=1.0: np.log(1 + np.exp(beta * x)) / beta,
    "softmax": special.softmax,
    "log_softmax": special.log_softmax,
    "dropout": dropout,
    "linear": lambda x, w, b=0.0: np.einsum("...i,oi->...o", x, w) + b,
    "batch_norm": batch_norm_train,
    ("batch_norm", "eval"): batch_norm_eval,
    "instance_norm": lambda x, *scales: standard(x, tuple(range(2, x.ndim)), *beside(x, *scales)),
    "layer_norm": lambda x, normalized_shape: standard(x, -1),
    ("layer_norm", "(3, 4)"): lambda x, w, b: standard(x, (-2, -1), w, b),
    "normalize": normalize,
    "mse_loss": lambda x, target, reduction: reduced((x - target) ** 2, reduction),
    "cross_entropy": cross_entropy,
    "nll_loss": nll,
    "binary_cross_entropy_with_logits": bce,
    "triplet_margin_loss": triplet,
    "contrastive_loss": contrastive,
    "pairwise_distances": distances,
    **{f"conv{n}d": conv for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": conv_transpose for n in (1, 2, 3)},
    **{f"max_pool{n}d": pool(lambda seen, _: seen.max(-1)) for n in (1, 2, 3)},
    **{f"avg_pool{n}d": pool(lambda seen, count: seen.sum(-1) / count) for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": adaptive for n in (1, 2, 3)},
    ("pad", "constant"): lambda x, pairs: np.pad(x, [(0, 0), *pairs], constant_values=1.5),
    "pad": lambda x, pairs, mode: np.pad(x, [(0, 0), *pairs], mode),
}


def expected_value(case, arrays):
    """By the oracle; where the operation is NumPy's own, by NumPy."""
    note = "constant" if "value" in case.settings else case.note
    settings = {name: value for name, value in case.settings.items() if name != "value"}
    for key in ((case.name, note), case.name):
        if key in ORACLES:
            return ORACLES[key](*arrays, **settings)
    of_numpy = case.fn if case.name.startswith("Tensor.") else getattr(np, case.name)
    return of_numpy(*arrays, **settings)


@each_case
def test_value(case):
    arrays = draw(case)
    expected = expected_value(case, arrays)
    assert not isinstance(expected, Tensor)
    found = case(*map(Tensor, arrays))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@each_conv
def test_convolution_by_every_algorithm(case, algorithm):
    arrays = draw(case)
    with engine(algorithm):
        found = case(*map(Tensor, arrays)).numpy()
        opcases.run(case, order=1)
    np.testing.assert_allclose(found, expected_value(case, arrays), rtol=1e-12, atol=1e-12)


# -- derivatives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
@each_case
def test_derivative(case, order):
    report = opcases.run(case, order)
    assert report.worst_error < 1e-7
    assert report.moves == 0 and report.slopes > 0


def test_run_refuses_other_orders():
    with pytest.raises(ValueError, match="^run: expected order 1, 2 or 3, got 4$"):
        opcases.run(CASES[0], 4)


# -- dtypes, memory, devices ----------------------------------------------------------------------


def wave(like):
    """Fixed numbers of this shape, for gradients of outputs, in the same library."""
    values = np.cos(1.0 + np.arange(like.size)).reshape(like.shape).astype(like.dtype)
    return Tensor(array_module(like.data).asarray(values))


def differentiate(case, arrays):
    """The value, the first and the second derivatives by each float input."""
    inputs = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    floats = [x for x in inputs if x.requires_grad]
    y = case(*inputs)
    first = grad(y, floats, wave(y), create_graph=True)
    total = sum(((g * wave(g)).sum() for g in first[1:]), start=(first[0] * wave(first[0])).sum())
    return [y, *first, *grad(total, floats)]


def assert_same(found, expected, tolerance):
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        scale = max(1.0, np.abs(other.numpy()).max())
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=tolerance * scale)


@each_case
def test_dtype_is_kept(case):
    arrays = draw(case)
    double = differentiate(case, arrays)
    assert {x.dtype for x in double} == {np.dtype(np.float64)}
    single = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in arrays]
    found = differentiate(case, single)
    assert {x.dtype for x in found} == {np.dtype(np.float32)}
    assert_same(found, double, 1e-4)


@each_case
def test_inputs_are_unchanged(case):
    arrays = draw(case)
    for x in arrays:
        x.flags.writeable = False
    differentiate(case, arrays)
    for x, before in zip(arrays, draw(case), strict=True):
        np.testing.assert_array_equal(x, before)


def strewn(x):
    """x in memory with gaps, its axes reversed in order and in direction."""
    base = np.zeros(tuple(2 * n for n in x.shape[::-1]), x.dtype)
    view = base.T[(..., *(slice(None, None, -2),) * x.ndim)]
    view[...] = x
    return view


@each_case
def test_non_contiguous_inputs(case):
    arrays = draw(case)
    assert_same(
        differentiate(case, [strewn(x) for x in arrays]), differentiate(case, arrays), 1e-12
    )


@each_case
def test_on_a_device(case, monkeypatch):
    monkeypatch.setattr(backend, "import_cupy", lambda: device)
    arrays = draw(case)
    found = differentiate(case, [device.asarray(x) for x in arrays])
    home = np.ndarray if case.name == "Tensor.to" else device.DeviceArray
    assert type(found[0].data) is home
    assert all(type(x.data) is device.DeviceArray for x in found[1:])
    assert_same(found, differentiate(case, arrays), 1e-12)


@pytest.mark.parametrize(
    "leak",
    [
        np.exp,
        np.sum,
        np.asarray,
        lambda x: np.concatenate([x, x]),
        lambda x: x + np.ones(3),
        lambda x: np.ones(3) * x,
        lambda x: x[np.array([0, 1])],
        lambda x: device.maximum(x, np.zeros(3)),
        lambda x: device.where(x > 0, x, np.zeros(3)),
        lambda x: x.__setitem__(0, np.ones(())),
        lambda x: device.exp(x.get()),
    ],
)
def test_the_stand_in_does_refuse(leak):
    with pytest.raises(TypeError):
        leak(device.asarray(np.ones(3)))


# -- the table is complete ------------------------------------------------------------------------


def functions_of(module):
    functions = inspect.getmembers(module, inspect.isfunction)
    return {name for name, _ in functions if not name.startswith("_")}


def test_every_function_has_a_row():
    assert functions_of(F) <= {case.name for case in CASES}
    assert len(functions_of(F)) > 30


def test_every_operation_on_tensors_has_a_row():
    functions = {name for name in functions_of(operations) if name[0] != "_"}
    functions -= {"array_module", "as_tensor", "common_module", "operands", "with_axis"}
    private = {name for name in vars(Tensor) if name[0] == "_" and name[1] != "_"}
    methods = set(vars(Tensor)) - {"__slotnames__"} - set(NOT_DIFFERENTIABLE.split()) - private
    expected = functions | {f"Tensor.{name}" for name in methods}
    assert expected == {case.name for case in CASES} - functions_of(F) | {"tanh"}


def test_rows_have_names_of_their_own():
    names = [case.__name__ for case in CASES]
    assert len(set(names)) == len(names)


# -- max pooling at its edges ---------------------------------------------------------------------


def first_gradient(x, fn):
    x = Tensor(x, requires_grad=True)
    y = fn(x)
    (g,) = grad(y, x, wave(y))
    return y.numpy(), g.numpy(), wave(y).numpy()


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_max_pool_of_negative_numbers_never_sees_padding(ndim):
    x = -1.0 - np.random.default_rng(ndim).permutation(4**ndim).reshape(1, 1, *(4,) * ndim)
    fn = getattr(F, f"max_pool{ndim}d")
    y, g, upstream = first_gradient(x, partial(fn, kernel_size=3, stride=2, padding=1))
    assert y.max() < 0 and np.isin(y, x).all()
    np.testing.assert_allclose(g.sum(), upstream.sum())
    assert (g[~np.isin(x, y)] == 0).all()


def test_max_pool_gives_ties_to_the_first():
    y, g, upstream = first_gradient(
        np.full((1, 1, 4, 5), 2.0), partial(F.max_pool2d, kernel_size=2)
    )
    expected = np.zeros((1, 1, 4, 5))
    expected[:, :, ::2, :4:2] = upstream
    np.testing.assert_array_equal(g, expected)
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 2), 2.0))


def test_max_pool_passes_nan_through():
    x = np.arange(6.0).reshape(1, 1, 6)
    x[0, 0, 2] = np.nan
    y, g, upstream = first_gradient(x, partial(F.max_pool1d, kernel_size=2, stride=1))
    np.testing.assert_array_equal(y, [[[1, np.nan, np.nan, 4, 5]]])
    u = upstream[0, 0]
    np.testing.assert_allclose(g[0, 0], [0, u[0], u[1] + u[2], 0, u[3], u[4]])
