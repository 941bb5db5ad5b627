"""Names that are not there: one line that says what to write, and the advice is right."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, nn, optim
from nnscratch.names import OTHER_NAMES, did_you_mean


@pytest.mark.parametrize(
    ("module", "name", "hint"),
    [
        (nns, "zeros", "np.zeros("),
        (nns, "randn", "rng.normal("),
        (nns, "cat", "it is nnscratch.concatenate"),
        (nns, "relu", "it is nnscratch.functional.relu"),
        (nns, "sum", "a method of Tensor: x.sum"),
        (nns, "unsqueeze", "here called expand_dims(axis)"),
        (F, "gelu", "F.tanh("),
        (F, "conv2", "did you mean conv2d?"),
        (F, "Linear", "it is nnscratch.nn.Linear"),
        (nn, "ReLu", "did you mean ReLU?"),
        (nn, "Conv2D", "did you mean Conv2d?"),
        (nn, "CrossEntropyLoss", "functional.cross_entropy"),
        (nn, "Transformer", "not here; a Module with a forward of your own"),
        (optim, "adam", "did you mean Adam?"),
    ],
)
def test_one_line_says_what_to_write(module, name, hint):
    with pytest.raises(AttributeError) as error:
        getattr(module, name)
    assert hint in str(error.value)
    assert str(error.value).startswith(f"{module.__name__.removeprefix('nnscratch.')}.{name}: ")
    assert "\n" not in str(error.value)


def test_a_package_that_is_not_imported_is_named():
    code = "import nnscratch; nnscratch.style"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "nnscratch.style: write import nnscratch.style first" in done.stderr


@pytest.mark.parametrize("module", OTHER_NAMES)
def test_every_name_of_the_table_is_absent(module):
    there = vars(importlib.import_module(module))
    assert not OTHER_NAMES[module].keys() & there.keys()


def test_names_that_are_like_none_get_no_suggestion():
    assert did_you_mean("--itertions", ["--iterations", "--init"]) == "; did you mean --iterations?"
    assert did_you_mean("xyz", ["--iterations", "--init"]) == ""


def test_the_advice_gives_the_right_numbers():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 5))
    x, y = Tensor(a), Tensor(b)
    scope = {"x": x, "y": y, "a": x, "b": y, "F": F, "nns": nns, "np": np}
    cube = a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))) / 2
    size = np.abs(a - b)
    right = {
        "gelu": cube,
        "silu": a / (1 + np.exp(-a)),
        "mish": a * np.tanh(np.log1p(np.exp(a))),
        "logsigmoid": -np.log1p(np.exp(-a)),
        "relu6": np.clip(a, 0, 6),
        "l1_loss": size.mean(),
        "huber_loss": np.where(size < 1, size**2 / 2, size - 0.5).mean(),
        "cosine_similarity": (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1)),
        "pairwise_distance": np.sqrt(((a - b) ** 2).sum(1)),
    }
    for name, values in right.items():
        advice = OTHER_NAMES["nnscratch.functional"][name].removeprefix("write ")
        *statements, result = advice.split("; pairwise")[0].split("; ")
        exec("\n".join(statements), scope)
        np.testing.assert_allclose(eval(result, scope).numpy(), values, rtol=1e-6, err_msg=name)


def test_nearest_neighbours_and_embeddings_as_advised():
    x = Tensor(np.arange(6.0).reshape(1, 1, 2, 3))
    wide = x.reshape(1, 1, 2, 1, 3, 1).broadcast_to((1, 1, 2, 2, 3, 2)).reshape(1, 1, 4, 6)
    np.testing.assert_array_equal(wide.numpy()[0, 0], np.kron(x.numpy()[0, 0], np.ones((2, 2))))
    weight = nn.Parameter(np.arange(6.0).reshape(3, 2))
    weight[np.array([2, 0, 2])].sum().backward()
    np.testing.assert_array_equal(weight.grad.numpy(), [[1, 1], [0, 0], [2, 2]])
