"""The fingerprint of a network: what changes it, and what does not."""

import numpy as np
import pytest

from nnscratch import nn
from nnscratch.faces.fingerprint import fingerprint


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_fingerprint_names_all_that_matters(rng):
    state = {"a": rng.standard_normal((2, 3)), "b": np.arange(4, dtype=np.float32)}
    print_ = fingerprint(state)
    assert len(print_) == 16 and int(print_, 16) >= 0
    assert fingerprint(dict(reversed(state.items()))) == print_
    assert fingerprint({k: np.asfortranarray(v) for k, v in state.items()}) == print_
    assert fingerprint({k: v.astype(v.dtype.newbyteorder(">")) for k, v in state.items()}) == print_
    changed = state["a"].copy()
    changed[1, 2] = np.nextafter(changed[1, 2], 9)
    others = [
        state | {"a": changed},
        state | {"a": state["a"].reshape(3, 2)},
        state | {"b": state["b"].astype(np.float64)},
        {"A": state["a"], "b": state["b"]},
        {"a": state["a"]},
        {"a": state["b"], "b": state["a"]},
    ]
    assert len({print_, *map(fingerprint, others)}) == 7


def test_a_fingerprint_of_a_module():
    layer = nn.Linear(3, 2)
    assert fingerprint(layer.state_dict()) == fingerprint(layer.state_dict())
    assert fingerprint(layer.state_dict()) != fingerprint(nn.Linear(3, 2).state_dict())
    arrays = {name: value.numpy() for name, value in layer.state_dict().items()}
    assert fingerprint(arrays) == fingerprint(layer.state_dict())
