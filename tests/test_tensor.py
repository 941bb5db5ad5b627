"""Tensor and its graph: what is made and refused, how gradients flow, how memory is freed."""

import copy
import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, nn, optim
from nnscratch.gradcheck import gradcheck
from nnscratch.opcases import CASES
from nnscratch.tensor import as_tensor


def leaf(*values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


def same(x, expected):
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-12, atol=1e-12)


# -- construction ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1, 2.5, True, [1, 2], [[1.0], [2.0]], (1, 2), [], [True, False]])
def test_numbers_and_lists_become_float32(value):
    x = Tensor(value)
    assert x.dtype == np.float32 and x.op == "leaf" and not x.requires_grad
    np.testing.assert_array_equal(x.numpy(), np.asarray(value, np.float32))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i1", "i8", "u1", "?"])
def test_arrays_keep_dtype_and_memory(dtype):
    array = np.ones((2, 3), dtype)
    x = Tensor(array)
    assert x.dtype == array.dtype and x.data is array and x.numpy() is array
    assert (x.shape, x.ndim, x.size, len(x), x.device) == ((2, 3), 2, 6, 2, "cpu")


@pytest.mark.parametrize("scalar", [np.float32(2), np.float64(2), np.int16(2), np.bool_(True)])
def test_numpy_scalars_become_arrays(scalar):
    x = Tensor(scalar)
    assert type(x.data) is np.ndarray and x.shape == () and x.dtype == scalar.dtype


def test_array_subclasses_lose_their_own_arithmetic():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    x = Tensor(matrix)
    same(x * x, [[1, 4], [9, 16]])
    assert type(x.data) is np.ndarray and np.shares_memory(x.data, matrix)


@pytest.mark.parametrize("array", [np.arange(3), np.ones(3, bool), np.ones(3, np.uint8)])
def test_only_floats_require_gradients(array):
    with pytest.raises(TypeError, match=r"expected floats for requires_grad.*\.astype"):
        Tensor(array, requires_grad=True)


@pytest.mark.parametrize(
    "value",
    [None, "3", ["a"], 1j, np.array([1j]), np.array(["a"]), np.array([None]), [None], {"a": 1}],
)
def test_what_is_no_real_number_is_refused(value):
    with pytest.raises(TypeError, match="Tensor: expected real numbers or bools"):
        Tensor(value)


@pytest.mark.parametrize("nest", [lambda x: [x, x], lambda x: (x,), lambda x: [[x], [x]]])
def test_a_list_of_tensors_is_refused(nest):
    with pytest.raises(TypeError, match="list of Tensors; use stack"):
        Tensor(nest(leaf(1.0)))


def test_a_tensor_of_a_tensor_is_a_new_leaf():
    x = leaf(1.0)
    y = Tensor(x * 2, requires_grad=True)
    (y * 3).sum().backward()
    assert x.grad is None and y.is_leaf
    same(y.grad, [3])
    assert as_tensor(x) is x


# -- operands -------------------------------------------------------------------------------------


OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("number", [2, 2.0, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_python_numbers_are_weak_on_either_side(operator, number, dtype):
    x = Tensor(np.array([1.5, 3.0], dtype), requires_grad=True)
    apply = OPERATORS[operator]
    for y, expected in ((apply(x, number), apply(x.data, number)), (apply(number, x), None)):
        expected = apply(number, x.data) if expected is None else expected
        assert y.dtype == dtype
        np.testing.assert_array_equal(y.data, expected)
        y.sum().backward()
        assert x.grad.dtype == dtype


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("number", [np.float64(2.0), np.sqrt(2), np.int64(3), np.float16(2)])
def test_numpy_scalars_are_weak_on_either_side(operator, number):
    x = Tensor(np.array([1.5, 3.0], np.float32))
    apply = OPERATORS[operator]
    for y, expected in (
        (apply(x, number), apply(x.data, number.item())),
        (apply(number, x), apply(number.item(), x.data)),
    ):
        assert isinstance(y, Tensor) and y.dtype == np.float32
        np.testing.assert_array_equal(y.data, expected)
    assert x.clip(number, np.float64(9)).dtype == np.clip(x, None, number).dtype == np.float32


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("partner", [np.array([2.0, 3.0]), np.float64(2.0), np.float32(2.0)])
def test_arrays_on_either_side(operator, partner):
    x = leaf(1.5, 3.0)
    apply = OPERATORS[operator]
    for y, expected in (
        (apply(x, partner), apply(x.data, partner)),
        (apply(partner, x), apply(partner, x.data)),
    ):
        assert isinstance(y, Tensor) and y.requires_grad
        same(y, expected)


def test_matmul_with_arrays_on_either_side():
    a, x = np.arange(6.0).reshape(2, 3), leaf(*np.arange(3.0))
    assert isinstance(a @ x, Tensor) and isinstance(x @ a.T, Tensor)
    same(a @ x, a @ x.data)
    same(x @ a.T, x.data @ a.T)


@pytest.mark.parametrize("wrong", [2, 2.0, np.float64(2), np.ones((4, 4))])
def test_matmul_says_which_shapes_do_not_fit(wrong):
    with pytest.raises(ValueError, match="matmul: the last axis"):
        leaf(1.0, 2.0) @ wrong
    with pytest.raises(ValueError, match="matmul: the last axis"):
        wrong @ leaf(1.0, 2.0)


def test_nothing_is_added_to_none():
    with pytest.raises(TypeError, match="expected real numbers"):
        leaf(1.0) + None


def test_numpy_functions_do_not_swallow_the_graph():
    """np.f(x) is a Tensor with its gradient, or an error with the remedy."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.random((3, 3)), requires_grad=True)
    condition = rng.random((3, 3)) > 0.5
    for function in (
        *(np.exp, np.log, np.sqrt, np.tanh, np.abs, np.negative, np.square, np.sum, np.mean),
        *(np.std, np.var, np.max, np.amin, np.transpose, np.ravel, np.cos, np.log1p),
        lambda x: np.sum(x, axis=0),
        lambda x: np.mean(x, axis=(0, 1), keepdims=True),
        lambda x: np.var(x, 1, ddof=1),
        lambda x: np.dot(x, np.ones((3, 2))),
        lambda x: np.dot(np.ones(3), x),
        lambda x: np.concatenate([x, np.ones((1, 3))]),
        lambda x: np.stack([x, x * 2], axis=1),
        lambda x: np.where(condition, x, 0.0),
        lambda x: np.einsum("ij,kj->ik", x, x),
        lambda x: np.maximum(x, 0.5),
        lambda x: np.clip(x, 0.2, 0.7),
        lambda x: np.reshape(x, (9,)),
        lambda x: np.moveaxis(x, 0, 1),
        lambda x: np.add(np.ones(3), x),
        lambda x: np.float64(2.0) * x,
        lambda x: np.ones(3) @ x,
    ):
        y = function(x)
        assert isinstance(y, Tensor) and y.requires_grad
        np.testing.assert_allclose(y.numpy(), function(x.data), rtol=1e-12)
        gradcheck(function, [x.data])
    assert not np.isnan(x).any() and np.allclose(x, x.data)
    for function in (
        *(np.sort, np.cumsum, np.prod, np.linalg.norm, np.median, np.expm1, np.fft.fft),
        lambda x: np.add.reduce(x),
        lambda x: np.exp(x, out=np.zeros((3, 3))),
        lambda x: np.asarray(x),
    ):
        with pytest.raises(TypeError, match=r"x\.numpy\(\) for the values alone"):
            function(x)


def test_comparisons_give_bools_without_a_graph():
    x, y = leaf(1.0, 2.0, 3.0), np.array([3.0, 2.0, 1.0])
    for got, expected in (
        (x == y, x.data == y),
        (x != y, x.data != y),
        (x < y, x.data < y),
        (x <= 2, x.data <= 2),
        (x > Tensor(y), x.data > y),
        (2 >= x, 2 >= x.data),
        (y < x, y < x.data),
    ):
        assert isinstance(got, Tensor) and got.dtype == bool and not got.requires_grad
        np.testing.assert_array_equal(got.data, expected)


def test_tensors_are_hashed_by_identity():
    x, y = leaf(1.0), leaf(1.0)
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1


# -- the Python protocols -------------------------------------------------------------------------


def test_one_element_is_a_number():
    for x in (Tensor(2.0), Tensor([2.0]), Tensor([[2.0]])):
        assert x.item() == float(x) == 2.0 and bool(x)
    assert not Tensor(0.0) and isinstance(Tensor(np.array(3)).item(), int)


@pytest.mark.parametrize("shape", [(2,), (0,), (1, 2)])
def test_many_elements_are_not_a_number(shape):
    x = Tensor(np.ones(shape))
    with pytest.raises(ValueError, match=r"item: expected one element, got shape"):
        x.item()
    with pytest.raises(ValueError, match="expected one element"):
        float(x)
    with pytest.raises(ValueError, match=r"no single truth value; reduce it first"):
        bool(x)


def test_len_and_iter():
    x = leaf(1.0, 2.0, 3.0)
    rows = list(x)
    assert len(rows) == len(x) == 3
    (rows[0] + 5 * rows[2]).backward()
    same(x.grad, [1, 0, 5])
    with pytest.raises(TypeError, match="has no length"):
        len(Tensor(1.0))
    with pytest.raises(TypeError, match="has no length"):
        iter(Tensor(1.0))


def test_repr():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert repr(leaf(1.0)) == "Tensor([1.], requires_grad=True)"
    assert repr(leaf(1.0) * 2) == "Tensor([2.], op=mul, requires_grad=True)"


def test_array_protocol():
    x = Tensor([1.0, 2.0])
    assert np.asarray(x) is not None and np.asarray(x, np.float32).dtype == np.float32
    np.testing.assert_array_equal(np.array(x), x.data)
    assert np.array(x, copy=True) is not x.data


def test_in_place_is_refused_with_the_reason():
    x = leaf(1.0, 2.0)
    before = x.data.copy()
    for statement in ("x += 1", "x -= 1", "x *= 2", "x /= 2", "x **= 2", "x @= x"):
        with pytest.raises(TypeError, match=r"needed by backward; write x = x \+ y"):
            exec(statement, {"x": x})
    with pytest.raises(TypeError, match="needed by backward; .* where, concatenate or stack"):
        x[0] = 5.0
    np.testing.assert_array_equal(x.data, before)


# -- axes out of range are not wrapped around -----------------------------------------------------


@pytest.mark.parametrize("axis", [2, 7, -3])
@pytest.mark.parametrize(
    "call",
    [
        lambda x, axis: x.sum(axis),
        lambda x, axis: x.mean(axis),
        lambda x, axis: x.max(axis),
        lambda x, axis: x.transpose(0, axis),
        lambda x, axis: x.swapaxes(0, axis),
        lambda x, axis: x.moveaxis(0, axis),
        lambda x, axis: x.moveaxis(axis, 0),
        lambda x, axis: x.squeeze(axis),
        lambda x, axis: x.expand_dims(axis + (axis > 0) - (axis < 0)),
        lambda x, axis: nns.concatenate([x, x], axis),
        lambda x, axis: nns.stack([x, x], axis + (axis > 0) - (axis < 0)),
    ],
)
def test_axis_out_of_range(call, axis):
    with pytest.raises((ValueError, IndexError), match="out of (range|bounds)"):
        call(Tensor(np.ones((2, 3))), axis)


def test_transpose_wants_every_axis_once():
    for axes in ((0, 0), (0,), (1, -1)):
        with pytest.raises(ValueError, match="transpose: expected each of the 2 axes once"):
            Tensor(np.ones((2, 3))).transpose(*axes)


# -- empty arrays ---------------------------------------------------------------------------------


def test_reductions_of_empty_batches():
    x = Tensor(np.ones((0, 3)), requires_grad=True)
    assert x.max(axis=1).shape == x.min(1).shape == x.mean(1).shape == x.var(1).shape == (0,)
    (x.max(axis=1).sum() + x.mean(1).sum() + F.softmax(x, 1).sum()).backward()
    assert x.grad.shape == (0, 3)
    same(x.sum(0), [0, 0, 0])
    for axis in (None, 0):
        with pytest.raises(ValueError, match=r"max: expected at least one element.*\(0, 3\)"):
            x.max(axis)


# -- the graph ------------------------------------------------------------------------------------


def test_gradients_accumulate_on_leaves_only():
    x = leaf(1.0, 2.0)
    for times in (1, 2):
        y = x * x
        y.sum().backward()
        assert y.grad is None and not y.is_leaf
        same(x.grad, times * 2 * x.data)


def test_gradient_has_dtype_of_the_leaf():
    x = leaf(1.0, 2.0, dtype=np.float32)
    (x * Tensor(np.ones(2))).sum().backward()
    assert x.grad.dtype == np.float32
    y = leaf(1.0, 2.0, dtype=np.float32)
    y.backward(np.ones(2))
    assert y.grad.dtype == np.float32


def test_accumulation_does_not_write_into_an_older_gradient():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first, seen = x.grad, x.grad.numpy().copy()
    (x * 3).sum().backward()
    np.testing.assert_array_equal(first.numpy(), seen)
    same(x.grad, [5, 5])


def test_second_backward_explains_itself():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(ValueError, match="freed by an earlier backward; pass retain_graph=True"):
        y.backward()
    with pytest.raises(ValueError, match="retain_graph=True"):
        nns.grad(y, x)
    with pytest.raises(ValueError, match="retain_graph=True"):
        (y * 2).backward()


def test_retain_graph():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    same(x.grad, 2 * 2 * x.data)


def test_two_outputs_on_a_shared_part_that_is_kept():
    x = leaf(2.0)
    shared = x * x
    (shared * 3).backward(np.ones(1), retain_graph=True)
    (shared * 5).backward(np.ones(1))
    same(x.grad, [8 * 2 * 2.0])


def test_backward_of_nothing_that_requires_a_gradient():
    with pytest.raises(ValueError, match="nothing here requires a gradient; create an input"):
        (Tensor([1.0]) * 2).backward()


def test_backward_of_many_numbers():
    y = leaf(1.0, 2.0) * 2
    words = r"backward: expected an output of one element, got shape \(2,\); reduce it with .sum"
    with pytest.raises(ValueError, match=words):
        y.backward()
    with pytest.raises(ValueError, match=r"grad: expected an output of one element"):
        nns.grad(y, y)


@pytest.mark.parametrize("gradient", [np.ones(3), np.ones((2, 1)), 1.0, [1.0]])
def test_gradient_of_the_wrong_shape(gradient):
    y = leaf(1.0, 2.0) * 2
    with pytest.raises(ValueError, match=r"expected a gradient of the output's shape \(2,\), got"):
        y.backward(gradient)


def test_gradient_may_be_a_list_array_or_tensor():
    for gradient in ([1, 2], np.array([1.0, 2.0]), Tensor([1.0, 2.0]), np.array([1, 2])):
        x = leaf(3.0, 4.0)
        (x * x).backward(gradient)
        same(x.grad, [6, 16])


def test_diamond_and_shared_subexpressions():
    x = leaf(0.5, 1.5)
    a = x * 2
    b, c = a.exp(), a * a
    (b * c + b / c + a + x).sum().backward()
    u = 2 * x.data
    slope = np.exp(u) * (u**2 + 2 * u) + np.exp(u) * (u - 2) / u**3 + 1
    same(x.grad, 2 * slope + 1)


def test_one_tensor_as_both_operands():
    x = leaf(2.0, 3.0)
    (x * x + x / x + x - x + nns.maximum(x, x)).sum().backward()
    same(x.grad, 2 * x.data + 1)


def test_a_deep_ladder_of_diamonds_is_walked_once():
    """2^60 paths, 60 steps."""
    x = y = leaf(1.0)
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    y.sum().backward()
    same(x.grad, [1])


def counting(x, calls, shape=None):
    """x, and a note in `calls` when a gradient comes by."""

    def vjp(g, y):
        calls.append(g.shape)
        return g if shape is None else Tensor(np.zeros(shape))

    return Tensor.from_op("spy", x.data, (x, vjp))


def test_frozen_inputs_cost_nothing():
    calls = []
    frozen, x = counting(Tensor([3.0, 4.0]), calls), leaf(1.0, 2.0)
    y = frozen * x
    assert not frozen.requires_grad and len(y.node.edges) == 1
    y.sum().backward()
    assert calls == []
    same(x.grad, [3, 4])


def test_grad_walks_only_towards_the_inputs():
    calls = []
    a, b = leaf(1.0), leaf(2.0)
    y = (counting(a, calls) * b).sum()
    same(nns.grad(y, b)[0], [1])
    assert calls == []
    same(nns.grad(y, a)[0], [2])
    assert calls == [(1,)]


def test_detach_cuts_the_graph():
    x = leaf(3.0)
    y = x * x
    assert y.detach().data is y.data and not y.detach().requires_grad
    (x * y.detach()).sum().backward()
    same(x.grad, [9])


@pytest.mark.parametrize("shape", [(3,), (2, 2), (1, 1, 2), ()])
def test_wrong_shape_from_a_vjp_is_reported_with_its_op(shape):
    y = counting(leaf(*np.ones(2)), [], shape)
    fits = shape in [(2, 2), (1, 1, 2)]  # broadcasting can have made these from (2,)
    if fits:
        return y.sum().backward()
    with pytest.raises(ValueError, match=r"'spy' returned a gradient of shape .* of shape \(2,\)"):
        y.sum().backward()
    return None


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=3))
def test_broadcasting_is_undone(shapes):
    rng = np.random.default_rng(0)
    xs = [Tensor(rng.standard_normal(s), requires_grad=True) for s in shapes.input_shapes]
    upstream = rng.standard_normal(shapes.result_shape)
    (xs[0] + xs[1] * xs[2]).backward(upstream)
    ones = np.ones(shapes.result_shape)
    slopes = [ones, ones * xs[2].data, ones * xs[1].data]
    for x, slope in zip(xs, slopes, strict=True):
        assert x.grad.shape == x.shape
        whole = upstream * slope
        lead = whole.ndim - x.ndim
        axes = (*range(lead), *(i + lead for i, n in enumerate(x.shape) if n == 1))
        same(x.grad, whole.sum(axes).reshape(x.shape))


@given(st.data())
def test_indexing_adds_repeated_elements(data):
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    index = data.draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True),
            hnp.integer_array_indices(shape),
            hnp.arrays(bool, shape),
        )
    )
    x = Tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)
    y = x[index]
    np.testing.assert_array_equal(y.numpy(), x.data[index])
    upstream = np.random.default_rng(1).standard_normal(y.shape)
    y.backward(upstream)
    expected = np.zeros(shape)
    np.add.at(expected, index, upstream)
    same(x.grad if x.grad is not None else Tensor(np.zeros(shape)), expected)


# -- modes ----------------------------------------------------------------------------------------


def test_no_grad_as_block_and_decorator():
    x = leaf(1.0)

    @nns.no_grad()
    def double(x):
        return x * 2

    with nns.no_grad():
        y = x * 2
        with nns.enable_grad():
            inner = x * 2
        again = x * 2
    for _ in range(2):
        assert not double(x).requires_grad
    assert not y.requires_grad and not again.requires_grad
    assert inner.requires_grad and (x * 2).requires_grad


def test_mode_is_restored_after_an_exception():
    with pytest.raises(KeyError), nns.no_grad():
        raise KeyError
    assert (leaf(1.0) * 2).requires_grad


def test_each_thread_has_its_own_mode():
    inside, done = threading.Barrier(2, timeout=10), threading.Barrier(2, timeout=10)
    found = {}

    def work(name, mode):
        x = leaf(1.0)
        with mode():
            inside.wait()
            found[name] = (x * 2).requires_grad
            done.wait()
        found[name, "after"] = (x * 2).requires_grad

    modes = {"off": nns.no_grad, "on": nns.enable_grad}
    threads = [threading.Thread(target=work, args=item) for item in modes.items()]
    with nns.no_grad():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not (leaf(1.0) * 2).requires_grad
    assert found == {"off": False, "on": True, ("off", "after"): True, ("on", "after"): True}


def test_threads_train_side_by_side():
    def train(seed, out):
        rng = np.random.default_rng(seed)
        w = Tensor(rng.standard_normal(5), requires_grad=True)
        for _ in range(200):
            w.grad = None
            ((w - 3.0) ** 2).sum().backward()
            w.data = w.data - 0.1 * w.grad.data
        out[seed] = w.data

    alone, together = {}, {}
    for seed in range(4):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(s, together)) for s in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        np.testing.assert_array_equal(alone[seed], together[seed])


# -- grad -----------------------------------------------------------------------------------------


def test_grad_returns_a_tuple_and_leaves_grad_alone():
    x, unused = leaf(1.0, 2.0), leaf(1.0, 2.0, 3.0, dtype=np.float32)
    y = (x**3).sum()
    result = nns.grad(y, [x, unused])
    assert isinstance(result, tuple) and x.grad is None
    same(result[0], 3 * x.data**2)
    same(result[1], [0, 0, 0])
    assert result[1].dtype == np.float32 and not result[0].requires_grad
    same(nns.grad(y, x)[0], 3 * x.data**2)  # the graph is kept


def test_grad_by_an_intermediate_value_and_by_the_output():
    x = leaf(2.0)
    y = x * x
    z = y**2
    same(nns.grad(z, y)[0], [8])
    same(nns.grad(z, [z, y, x])[2], [4 * 8])
    same(nns.grad(z, z)[0], [1])


def test_grad_wants_inputs_that_require_gradients():
    x = leaf(1.0)
    with pytest.raises(ValueError, match=r"grad: input 1 of shape \(2,\) does not require"):
        nns.grad((x * 2).sum(), [x, Tensor([1.0, 2.0])])


def test_grad_output():
    x = leaf(1.0, 2.0)
    same(nns.grad(x * x, x, grad_output=[1.0, 10.0])[0], [2, 40])
    with pytest.raises(ValueError, match="grad: expected a gradient of the output's shape"):
        nns.grad(x * x, x, grad_output=[1.0])


def sigmoid_slopes(x):
    y = 1 / (1 + np.exp(-x))
    return [y * (1 - y), y * (1 - y) * (1 - 2 * y), y * (1 - y) * (1 - 6 * y + 6 * y**2)]


def tanh_slopes(x):
    t = np.tanh(x)
    s = 1 - t**2
    return [s, -2 * t * s, -2 * s * (1 - 3 * t**2)]


THREE_SLOPES = {
    "exp": (nns.exp, lambda x: [np.exp(x)] * 3),
    "log": (nns.log, lambda x: [1 / x, -1 / x**2, 2 / x**3]),
    "sqrt": (nns.sqrt, lambda x: [x**-0.5 / 2, -(x**-1.5) / 4, 3 * x**-2.5 / 8]),
    "sin": (nns.sin, lambda x: [np.cos(x), -np.sin(x), -np.cos(x)]),
    "cos": (nns.cos, lambda x: [-np.sin(x), -np.cos(x), np.sin(x)]),
    "log1p": (nns.log1p, lambda x: [1 / (1 + x), -1 / (1 + x) ** 2, 2 / (1 + x) ** 3]),
    "tanh": (nns.tanh, tanh_slopes),
    "sigmoid": (F.sigmoid, sigmoid_slopes),
    "softplus": (F.softplus, lambda x: [1 / (1 + np.exp(-x)), *sigmoid_slopes(x)[:2]]),
    "x**4": (lambda x: x**4, lambda x: [4 * x**3, 12 * x**2, 24 * x]),
    "x**2": (lambda x: x**2, lambda x: [2 * x, 2 + 0 * x, 0 * x]),
    "x**-1": (lambda x: x**-1, lambda x: [-(x**-2), 2 * x**-3, -6 * x**-4]),
    "1/x": (lambda x: 1 / x, lambda x: [-(x**-2), 2 * x**-3, -6 * x**-4]),
    "2**x": (lambda x: 2**x, lambda x: [2**x * np.log(2) ** n for n in (1, 2, 3)]),
    "x*x*x": (lambda x: x * x * x, lambda x: [3 * x**2, 6 * x, 6 + 0 * x]),
}


@pytest.mark.parametrize("name", THREE_SLOPES)
def test_first_to_third_derivative(name):
    function, slopes = THREE_SLOPES[name]
    x = leaf(0.3, 0.9, 2.1)
    y = function(x)
    for expected in slopes(x.data):
        (y,) = nns.grad(y.sum(), x, create_graph=True)
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-10, atol=1e-12)


def test_third_derivatives_of_a_convolution_cubed():
    """f(w) = Σ (x * w)³ is cubic: contracted with v, its third derivative is 6·Σ (x * v)³."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((2, 3, 6, 5)))
    w, v = (Tensor(rng.standard_normal((4, 3, 3, 2)), requires_grad=True) for _ in range(2))
    y = (F.conv2d(x, w, stride=(2, 1), padding=1, dilation=(1, 2)) ** 3).sum()
    for _ in range(3):
        y = (nns.grad(y, w, create_graph=True)[0] * v.detach()).sum()
    along = F.conv2d(x, v, stride=(2, 1), padding=1, dilation=(1, 2)).numpy()
    np.testing.assert_allclose(y.item(), 6 * (along**3).sum(), rtol=1e-10)


def test_third_derivatives_through_max_pooling():
    x = leaf(np.random.default_rng(0).permutation(24).reshape(1, 4, 6))
    y = (F.max_pool2d(x, 2) ** 4).sum()
    for factor, power in ((4, 3), (12, 2), (24, 1)):
        (g,) = nns.grad(y, x, create_graph=True)
        top = x.data == np.kron(F.max_pool2d(x, 2).numpy(), np.ones((2, 2)))
        same(g, factor * x.data**power * top)
        y = g.sum()


def test_create_graph_also_inside_no_grad():
    x = leaf(2.0)
    y = (x**3).sum()
    with nns.no_grad():
        (g,) = nns.grad(y, x, create_graph=True)
    same(nns.grad(g.sum(), x)[0], [12])


def test_without_create_graph_no_graph():
    x = leaf(2.0)
    (g,) = nns.grad((x**3).sum(), x)
    assert not g.requires_grad
    (x**3).sum().backward()
    assert not x.grad.requires_grad


def test_power_at_zero():
    """Known slopes at base 0, without a warning."""
    for power, slope in ((0, 0), (1, 1), (2, 0), (3.0, 0), (1.0, 1), (0.0, 0)):
        for exponent in (power, Tensor(np.array([power], np.float64))):
            x = leaf(0.0)
            y = x**exponent
            same(nns.grad(y, x)[0], [slope])
    x, b = leaf(0.0, 2.0), leaf(2.0, 3.0)
    (x**b).sum().backward()
    same(b.grad, [0, 8 * np.log(2)])


# -- depth and memory -----------------------------------------------------------------------------


def chain(x, length):
    for i in range(length):
        x = x + 1.0 if i % 2 else x * 1.0
    return x


def test_a_chain_of_100000_operations():
    x = leaf(1.0)
    y = chain(x, 100_000)
    assert y.item() == 50_001
    y.backward()
    same(x.grad, [1])


def test_a_long_chain_is_freed_without_backward():
    x = leaf(1.0)
    y = chain(x, 100_000)
    end = weakref.ref(y)
    del y
    assert end() is None


def test_backward_frees_the_graph_as_it_goes():
    """When the gradient reaches the start, what lies behind it is gone already."""
    alive = []
    x = leaf(*np.ones(4))

    def at_start(g, y):
        alive.append([ref() is not None for ref in refs])
        return g

    y = Tensor.from_op("start", x.data, (x, at_start))
    refs = []
    for _ in range(10):
        y = y * y
        refs.append(weakref.ref(y))
    y = y.sum()
    y.backward()
    # the last step of the walk may still be in the hands of the loop
    assert sum(alive[0]) <= 2 and not any(alive[0][2:])
    assert sum(ref() is not None for ref in refs) == 0


def test_retained_graph_stays():
    x = leaf(*np.ones(4))
    y = x * 2
    ref = weakref.ref(y)
    z = (y * y).sum()
    del y
    z.backward(retain_graph=True)
    assert ref() is not None
    z.backward()
    assert ref() is None


def small_net(rng):
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, rng=rng),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 2, stride=2, rng=rng),
        nn.LeakyReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2, rng),
        nn.Linear(4, 3, rng=rng),
    )


def living_tensors():
    return sum(issubclass(type(o), Tensor) for o in gc.get_objects())


def fill_free_lists():
    """CPython keeps up to 2,000 dead tuples of each small length; they would count as growth."""
    for length in range(1, 20):
        tuples = [(i,) * length for i in range(2000)]
        del tuples


def test_training_makes_no_reference_cycles():
    """300 steps with the garbage collector off: as many Tensors and bytes after as before."""
    rng = np.random.default_rng(0)
    net = small_net(rng)
    adam = optim.Adam(net.parameters(), 1e-3)
    x, target = rng.standard_normal((2, 1, 6, 6)).astype(np.float32), np.array([0, 2])

    def train(steps):
        for _ in range(steps):
            net.zero_grad()
            F.cross_entropy(net(x), target).backward()
            adam.step()

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        fill_free_lists()
        train(50)
        tensors = living_tensors()
        memory = tracemalloc.get_traced_memory()[0]
        train(300)
        grown = tracemalloc.get_traced_memory()[0] - memory
        more = living_tensors() - tensors
    finally:
        tracemalloc.stop()
        gc.enable()
    assert more == 0
    assert grown < 15_000, f"{grown} bytes more after 300 steps"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_no_operation_makes_a_reference_cycle(case):
    """A graph that nobody goes back through dies with its last name: forward, first, second."""
    arrays = case.inputs(np.random.default_rng(0))
    gc.disable()
    try:
        leaves = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        floats = [x for x in leaves if x.requires_grad]
        y = case(*leaves)
        first = nns.grad(y, floats, np.ones(y.shape), create_graph=True)
        total = sum(((g * g).sum() for g in first), Tensor(0.0))
        second = nns.grad(total, floats, create_graph=True)
        refs = [weakref.ref(x) for x in (y, *first, total, *second, *leaves)]
        del leaves, floats, y, first, total, second
        assert [ref() for ref in refs] == [None] * len(refs)
    finally:
        gc.enable()


def test_values_that_no_gradient_needs_are_freed():
    x = Tensor(np.array([-1.0, 2.0, 3.0]), requires_grad=True)
    y = x * 2.0
    values = weakref.ref(y.data)
    z = F.relu(y)  # its gradient needs z alone
    del y
    assert values() is None
    z.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0, 2, 2])


def test_a_vjp_may_take_the_output():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    factor = 2.0
    for vjp in (lambda g: g * factor, lambda g, y: g * y, lambda g, scale=factor: g * scale):
        y = Tensor.from_op("double", x.data * 2, (x, vjp))
        expected = [2, 4] if "y" in vjp.__code__.co_varnames else [2, 2]
        np.testing.assert_array_equal(nns.grad(y, x, np.ones(2))[0].numpy(), expected)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_a_copy_has_gradients_of_its_own(how):
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    other = how(x)
    (other * 3.0).sum().backward()
    same(x.grad, [2, 4])
    assert other.requires_grad and other.is_leaf
    result = how(x * x)
    assert result.is_leaf and not result.requires_grad
    same(result, [1, 4])
