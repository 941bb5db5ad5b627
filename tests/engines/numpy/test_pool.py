"""The pooling of the NumPy engine: blocks, threads, winners axis by axis."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, kernels
from nnscratch.engines.numpy import pool
from nnscratch.kernels import window


def channels_last_in_memory(x):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def random_windows(count):
    """x with ties, and windows over one to three axes, padded, strided and dilated."""
    rng = np.random.default_rng(0)
    while count:
        ndim = int(rng.integers(1, 4))
        size, stride, dilation = (tuple(rng.integers(1, 4, ndim).tolist()) for _ in range(3))
        spans = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
        padding = tuple((int(rng.integers(0, s // 2 + 1)),) * 2 for s in spans)
        w = window("test", ndim, size, stride, padding, dilation)
        in_size = tuple(rng.integers(1, 12, ndim).tolist())
        if min(w.out_size(in_size)) > 0:
            count -= 1
            x = rng.integers(-2, 3, (2, 3, *in_size)).astype(np.float32)
            yield (channels_last_in_memory(x) if count % 2 else x), w


def test_winners_are_those_of_the_definition():
    """Also where the definition continues what the engine began."""
    for x, w in random_windows(150):
        rng = np.random.default_rng(1)
        with nns.engine("definition"):
            y, numbers = kernels.max_pool(x, w)
        fast, winners = kernels.max_pool(x, w)
        assert isinstance(winners, pool.Winners)
        np.testing.assert_array_equal(fast, y)
        seen = np.isfinite(y)  # elsewhere dilation leaves nothing but padding
        np.testing.assert_array_equal(np.asarray(winners)[seen], numbers[seen])
        g = rng.standard_normal(y.shape).astype(np.float32)
        up, down = kernels.max_unpool(g, winners, w, x.shape[2:]), kernels.max_gather(x, winners, w)
        for other in (winners, numbers):
            with nns.engine("definition"):
                expected = kernels.max_unpool(g, other, w, x.shape[2:])
                np.testing.assert_array_equal(kernels.max_gather(x, other, w), down)
            np.testing.assert_allclose(up, expected, rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(kernels.max_gather(x, numbers, w), down)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), [((2, 2), 2), ((3, 3), 2), ((5, 3), 1), ((1, 4), 3)])
def test_blocks_and_threads_change_nothing(kernel, stride, channels_last, monkeypatch):
    """Each block on its own, in two threads, gives every bit of the whole; also of the adjoints."""
    rng = np.random.default_rng(0)
    x, other = rng.integers(-2, 3, (2, 3, 4, 37, 11)).astype(np.float32)  # (3, 4, 37, 11), ties
    if channels_last:
        x, other = (
            np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1) for a in (x, other)
        )
    w = window("test", 2, kernel, stride, tuple(k // 2 for k in kernel), 1)

    def everything():
        y, winners = kernels.max_pool(x, w)
        total = kernels.sum_pool(other, w)
        up = kernels.max_unpool(total, winners, w, x.shape[2:])
        picked = kernels.max_gather(other, winners, w)
        return y, picked, total, up, kernels.sum_unpool(y, w, x.shape[2:])

    expected = [array.copy() for array in everything()]
    monkeypatch.setattr(pool, "BLOCK_BYTES", 1)
    for rows in (1, 2, 3, 8):
        monkeypatch.setattr(pool, "LEAST_ROWS", rows)
        for count in (1, 2):
            with threadpool_limits(count, "blas"):
                for a, b in zip(everything(), expected, strict=True):
                    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("axis", [2, 3])
def test_kernels_wider_than_256(axis, channels_last):
    """The numbers of the winners no longer fit into a byte."""
    shape = [2, 3, 4, 4]
    shape[axis] = 700
    x = -np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape).astype(np.float64)
    if channels_last:
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    kernel, stride, padding = [2, 2], [2, 2], [0, 1]
    kernel[axis - 2], stride[axis - 2], padding[axis - 2] = 300, 170, 150
    setting = (tuple(kernel), tuple(stride), tuple(padding), (1, 1), False)
    y, winners = kernels.max_pool(x, window("test", 2, *setting[:4]))
    assert winners.offsets[axis].dtype == np.uint16 and winners.offsets[axis].max() > 255
    with nns.engine("definition"):
        np.testing.assert_array_equal(y, kernels.max_pool(x, window("test", 2, *setting[:4]))[0])
    leaf = Tensor(x, requires_grad=True)
    F.max_pool2d(leaf, *setting).sum().backward()
    won = np.isin(x, y)
    assert (leaf.grad.numpy()[won] > 0).all() and not leaf.grad.numpy()[~won].any()
    assert leaf.grad.numpy().sum() == y.size


def test_a_nan_in_one_block_wins_there_alone(monkeypatch):
    monkeypatch.setattr(pool, "BLOCK_BYTES", 1)
    x = np.random.default_rng(0).standard_normal((1, 1, 64, 6))
    x[0, 0, 40, 3] = x[0, 0, 41, 2] = np.nan
    leaf = Tensor(x, requires_grad=True)
    y = F.max_pool2d(leaf, 2)
    assert np.argwhere(np.isnan(y.numpy())).tolist() == [[0, 0, 20, 1]]
    y.sum().backward()
    assert np.isfinite(leaf.grad.numpy()).all()
    assert leaf.grad.numpy()[0, 0, 40:42, 2:4].tolist() == [[0, 0], [1, 0]]  # the last NaN


@pytest.mark.parametrize(("stride", "in_place"), [(1, False), (2, False), (3, True)])
def test_no_block_works_where_another_may_write(stride, in_place, monkeypatch):
    """Rows that two blocks see: with two threads the one would read what the other has begun."""
    used, work = [], pool._max_along

    def watched(step, offsets):
        used.append((step.axis, offsets))
        work(step, offsets)

    monkeypatch.setattr(pool, "_max_along", watched)
    x = np.random.default_rng(0).standard_normal((1, 1, 40, 6))
    w = window("test", 2, (3, 3), stride, 0, 1)
    _, winners = kernels.max_pool(x, w)
    assert all(
        np.shares_memory(number, winners.offsets[axis]) for axis, number in used
    )  # one block
    used.clear()
    monkeypatch.setattr(pool, "BLOCK_BYTES", 1)
    _, winners = kernels.max_pool(x, w)
    rows = [number for axis, number in used if axis == 2]
    assert len(rows) > 1 and not np.shares_memory(rows[0], rows[1])
    columns = [number for axis, number in used if axis == 3]
    assert {np.shares_memory(number, winners.offsets[3]) for number in columns} == {in_place}


@pytest.mark.parametrize("threads", [1, 2])
def test_blocks_agree_on_nan_in_rows_that_one_of_them_does_not_see(threads, monkeypatch):
    """With dilation a block has input rows between those that its outputs see."""
    w = window("test", 2, (2, 4), (1, 2), 1, 3)
    rng = np.random.default_rng(0)
    for _ in range(40):
        x = rng.choice([-np.inf, np.inf, np.nan, 0.0, 1.0, 2.0], (2, 2, 6, 9))
        with nns.engine("definition"):
            y, numbers = kernels.max_pool(x, w)
        with monkeypatch.context() as patch, threadpool_limits(threads, "blas"):
            patch.setattr(pool, "BLOCK_BYTES", 1)
            patch.setattr(pool, "LEAST_ROWS", 1)
            fast, winners = kernels.max_pool(x, w)
        np.testing.assert_array_equal(fast, y)
        np.testing.assert_array_equal(np.asarray(winners)[y > -np.inf], numbers[y > -np.inf])
        assert (np.asarray(winners) == numbers)[np.isnan(y)].all()
