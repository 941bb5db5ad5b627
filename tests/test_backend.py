"""Which library owns an array, what happens when two meet, and what importing nnscratch costs."""

import subprocess
import sys
import types

import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, backend, nn, optim


class Foreign:
    """Just enough of an array to be taken for one."""

    dtype, shape, ndim, size = np.dtype("f4"), (2, 2), 2, 4

    def reshape(self, *shape):
        return self

    def astype(self, dtype, copy=True):
        return self

    def get(self):
        return np.ones((2, 2), np.float32)


@pytest.fixture
def libraries(monkeypatch):
    """An array of library `gpuone`, found by its class, and one of `gputwo`, which says so."""
    one, two = types.ModuleType("gpuone"), types.ModuleType("gputwo")
    for name, module in (("gpuone", one), ("gputwo", two)):
        monkeypatch.setitem(sys.modules, name, module)
    first = type("ArrayOne", (Foreign,), {"__module__": "gpuone.core.array"})
    second = type("ArrayTwo", (Foreign,), {"__array_namespace__": lambda self: two})
    return (first(), one), (second(), two)


def test_array_module_by_the_arrays_type(libraries):
    assert backend.array_module(np.ones(2)) is np
    assert backend.array_module(np.ones(2), np.ones((), int)) is np
    assert backend.array_module(np.float32(1), np.ones(2)) is np
    for array, module in libraries:
        assert backend.array_module(array, array) is module


def test_a_mixture_raises_and_names_both(libraries):
    (a, _), (b, _) = libraries
    for mixture, names in (
        ((np.ones(2), a), "gpuone and numpy"),
        ((a, np.ones(2), np.ones(2)), "gpuone and numpy"),
        ((b, a), "gpuone and gputwo"),
    ):
        with pytest.raises(TypeError, match=rf'got {names}; .*\.to\("cpu"\) or \.to\("cuda"\)'):
            backend.array_module(*mixture)


@pytest.mark.parametrize(
    "operation",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: a**b,
        lambda a, b: a @ b,
        lambda a, b: a < b,
        lambda a, b: a == b,
        nns.matmul,
        nns.maximum,
        nns.minimum,
        lambda a, b: nns.where(a, b, 1.0),
        lambda a, b: nns.where(a, 1.0, b),
        lambda a, b: nns.concatenate([a, b]),
        F.mse_loss,
    ],
)
def test_operations_refuse_a_mixture(libraries, operation):
    here, there = Tensor(np.ones((2, 2), np.float32)), Tensor(libraries[0][0])
    for pair in ((here, there), (there, here)):
        with pytest.raises(TypeError, match="gpuone and numpy"):
            operation(*pair)


def test_convolution_refuses_a_mixture(libraries):
    there = libraries[0][0]
    there.ndim, there.shape = 4, (2, 2, 1, 1)
    here = Tensor(np.ones((2, 2, 1, 1), np.float32))
    for x, weight in ((here, Tensor(there)), (Tensor(there), here)):
        with pytest.raises(TypeError, match="gpuone and numpy"):
            F.conv2d(x, weight)


def test_gradient_of_another_library(libraries):
    x = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    with pytest.raises(TypeError, match="gpuone and numpy"):
        (x * 2).backward(libraries[0][0])


def test_is_array(libraries):
    arrays = [np.ones(2), np.float32(1), libraries[0][0], libraries[1][0]]
    assert all(map(backend.is_array, arrays))
    assert not any(map(backend.is_array, [1, 1.0, [1.0], (), "a", None]))


def test_to_numpy(libraries):
    array = np.ones(3)
    assert backend.to_numpy(array) is array
    np.testing.assert_array_equal(Tensor(libraries[0][0]).numpy(), np.ones((2, 2)))
    assert Tensor(libraries[0][0]).to("cpu").device == "cpu"


def test_implicit_conversion_is_refused(libraries):
    with pytest.raises(TypeError, match=r"is on a GPU, .* use x\.numpy\(\)"):
        np.asarray(Tensor(libraries[0][0]))


def test_to_cuda_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # import cupy: ImportError
    x = Tensor([1.0], requires_grad=True)
    words = r'to\("cuda"\): CuPy is not installed; .* pip install "nnscratch\[cuda12\]"'
    with pytest.raises(ValueError, match=words):
        x.to("cuda")
    with pytest.raises(ValueError, match=words):
        nn.Linear(2, 3).to("cuda")


def test_to_cuda_with_a_stand_in(monkeypatch, libraries):
    (there, module), _ = libraries
    module.asarray = lambda array: there
    monkeypatch.setitem(sys.modules, "cupy", module)
    moved = Tensor(np.ones((2, 2), np.float32)).to("cuda")
    assert moved.data is there and moved.device == "cuda"


@pytest.mark.parametrize("device", ["gpu", "cuda:0", "", None, 0])
def test_unknown_device(device):
    with pytest.raises(ValueError, match=r"expected a device in \('cpu', 'cuda'\), got"):
        Tensor([1.0]).to(device)


def test_to_cpu_passes_gradients():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x.to("cpu") * 3).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])


def test_put_adds_twice():
    array = backend.put(np.arange(8.0).reshape(4, 2), np.array([0, 2, 0, 0]), (3, 2))
    np.testing.assert_array_equal(array, [[0 + 4 + 6, 1 + 5 + 7], [0, 0], [2, 3]])


def test_importing_takes_no_heavy_library():
    heavy = ["matplotlib", "cupy", "scipy", "torch", "PIL", "rich", "safetensors", "h5py"]
    code = f"import sys, nnscratch; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert out.stdout.strip() == "[]"


def test_optimisers_stay_on_the_arrays_library(libraries):
    """SGD uses operators only: a foreign array that has them is enough."""
    calls = []

    class Counting(Foreign):
        __module__ = "gpuone.core"

        def _note(self, *_):
            calls.append(1)
            return self

        __add__ = __sub__ = __mul__ = __rmul__ = __radd__ = _note

    p = nn.Parameter(Counting())
    p.grad = Tensor(Counting())
    optim.SGD([p], 0.1, momentum=0.9, nesterov=True, weight_decay=0.1).step()
    assert isinstance(p.data, Counting) and len(calls) > 3
