"""The registry: the first implementation that fits, in order; else the definition; per thread."""

import threading

import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, kernels
from nnscratch.engines import registry
from nnscratch.engines.registry import IMPLEMENTATIONS, find, names, register


@pytest.fixture
def one_kernel(monkeypatch):
    """A kernel `double` of this test's own; `double.calls` lists who computed."""
    calls = []

    @kernels.dispatch.kernel
    def double(x):
        calls.append("definition")
        return 2 * x

    def offer(name):
        return lambda x: calls.append(name) or 2 * x

    monkeypatch.setitem(IMPLEMENTATIONS, "double", [])
    register("double", "a", offer("a"), lambda x: x > 10)
    register("double", "b:fast", offer("b:fast"), lambda x: x > 0, lambda x: x > 5)
    register("double", "b:slow", offer("b:slow"), lambda x: x > 0)
    double.calls = calls
    return double


def test_the_first_that_fits_and_pays_computes(one_kernel):
    assert [one_kernel(x) for x in (20, 7, 3, -1)] == [40, 14, 6, -2]
    assert one_kernel.calls == ["a", "b:fast", "b:slow", "definition"]


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("definition", ["definition"] * 4),
        ("a", ["a", "definition", "definition", "definition"]),
        ("b", ["b:fast", "b:fast", "b:slow", "definition"]),
        ("b:slow", ["b:slow", "b:slow", "b:slow", "definition"]),
        ("b:fast", ["b:fast", "b:fast", "b:fast", "definition"]),  # asked for: it need not pay
    ],
)
def test_an_engine_or_an_algorithm_can_be_forced(one_kernel, name, who):
    with nns.engine(name):
        for x in (20, 7, 3, -1):
            one_kernel(x)
    assert one_kernel.calls == who


def test_blocks_nest_end_with_an_error_and_hold_for_one_thread(one_kernel):
    with nns.engine("definition"):
        with pytest.raises(KeyError), nns.engine("b"):
            one_kernel(7)
            thread = threading.Thread(target=one_kernel, args=(20,))
            thread.start()
            thread.join()
            raise KeyError
        one_kernel(7)
    one_kernel(7)
    assert one_kernel.calls == ["b:fast", "a", "definition", "b:fast"]


def test_unknown_engine():
    words = r"engine: expected one of \('definition', .*'fft'"
    with pytest.raises(ValueError, match=words), nns.engine("fft"):
        pass


def test_names():
    assert names()[:2] == ("definition", "numpy")
    assert {"numpy:im2col", "numpy:winograd", "numpy:winograd-2x2"} < set(names())


def test_every_implementation_is_of_a_kernel_and_takes_its_arguments():
    for kernel, offers in IMPLEMENTATIONS.items():
        assert hasattr(getattr(kernels, kernel), "__wrapped__"), kernel
        assert offers and all(isinstance(offer, registry.Implementation) for offer in offers)


def test_the_definition_is_a_plain_path(monkeypatch):
    """No thread, no layout, no cache: with every implementation broken it still computes."""
    for kernel, offers in IMPLEMENTATIONS.items():
        broken = [offer._replace(can=None, compute=None) for offer in offers]
        monkeypatch.setitem(IMPLEMENTATIONS, kernel, broken)
    x = Tensor(np.ones((2, 64, 32, 32), np.float32), requires_grad=True)
    weight = Tensor(np.ones((64, 64, 3, 3), np.float32), requires_grad=True)
    with nns.engine("definition"):
        F.max_pool2d(F.relu(F.conv2d(x, weight, padding=1)), 2).sum().backward()
        F.batch_norm(F.avg_pool2d(x, 2), None, None, training=True)
    assert x.grad.data.flags.c_contiguous or x.grad.data.base is not None
    with pytest.raises(TypeError):
        F.relu(x)


def test_find_says_which_algorithm_is_taken():
    window = kernels.window("test", 2, 3, 1, 1, 1)
    few, many = np.ones((1, 8, 9, 9), np.float32), np.ones((1, 64, 9, 9), np.float32)
    weights = {8: np.ones((8, 8, 3, 3), np.float32), 64: np.ones((64, 64, 3, 3), np.float32)}
    assert find("conv", None, few, weights[8], window).name == "numpy:im2col"
    assert find("conv", None, many, weights[64], window).name == "numpy:winograd"
    assert find("conv", None, many, np.ones((64, 8, 3, 3), np.float32), window, 8) is None


def test_engine_and_definition_agree_on_random_networks():
    """Forward, and gradients of input and weights, on sizes above and below all limits."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        channels, filters = rng.choice([1, 3, 16, 64, 70], 2)
        size = tuple(rng.integers(6, 40, 2))
        x = rng.standard_normal((2, channels, *size))
        weight = rng.standard_normal((filters, channels, 3, 3)) / channels
        results = []
        for name in ("definition", "numpy"):
            a, w = Tensor(x, requires_grad=True), Tensor(weight, requires_grad=True)
            with nns.engine(name):
                y = F.max_pool2d(F.relu(F.conv2d(a, w, padding=1)), 3, 2, 1)
                y = F.batch_norm(y, None, None, training=True)
                (y * np.cos(np.arange(y.size)).reshape(y.shape)).sum().backward()
            results.append([y.numpy(), a.grad.numpy(), w.grad.numpy()])
        for expected, got in zip(*results, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8)
