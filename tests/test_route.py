"""How many functions a learner meets on the way through one convolution and back."""

import sys
from pathlib import Path

import numpy as np

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor

PACKAGE = str(Path(nns.__file__).parent)
MOST_FUNCTIONS, MOST_FILES = 40, 9


def entered(work):
    """The named functions of the package that `work` enters, each with its file."""
    functions = set()

    def watch(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE) and code.co_name[0] != "<":
            functions.add((code.co_filename, code.co_qualname))

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return functions


def test_a_convolution_and_its_gradients_by_definition_is_a_short_route():
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((2, 3, 8, 8)), requires_grad=True)
    weight = Tensor(rng.standard_normal((4, 3, 3, 3)), requires_grad=True)

    def work():
        F.conv2d(x, weight, padding=1).sum().backward()

    with nns.engine("definition"):
        functions = entered(work)
    files = {file for file, _ in functions}
    assert any(name == "conv2d" for _, name in functions)  # the watch sees something
    assert len(functions) <= MOST_FUNCTIONS, sorted(functions)
    assert len(files) <= MOST_FILES, sorted(files)
    assert len(entered(work)) > len(functions)  # the engine takes a longer way
