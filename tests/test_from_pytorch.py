"""docs/from-pytorch.md: its programs run in their order, and the names in its tables exist."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor, nn, optim

PAGE = Path(__file__).parents[1] / "docs" / "from-pytorch.md"
TEXT = PAGE.read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
ROWS = [line.split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]
OURS = [row[1] for row in ROWS if not row[0].startswith("| PyTorch")]
PLACES = {
    "nns": nns,
    "nn": nn,
    "F": F,
    "optim": optim,
    "x": Tensor(np.ones((1, 1))),
    "Tensor": Tensor,
}
PLACES |= {"module": nn.Linear(1, 1), "nnscratch": nns, "self": nn.Module()}


def test_the_programs_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for program in PROGRAMS:
        exec(compile(program, str(PAGE), "exec"), names)  # noqa: S102
    printed = capsys.readouterr().out
    assert float(re.findall(r"held-out items: ([\d.]+)", printed)[0]) < 0.35
    assert "argument 0" in printed or "input 0" in printed


@pytest.mark.parametrize(
    "name", sorted({name for cell in OURS for name in re.findall(r"`((?:\w+\.)+\w+)", cell)})
)
def test_the_names_exist(name):
    import nnscratch.training
    import nnscratch.weights  # noqa: F401

    first, *rest = name.split(".")
    value = PLACES[first]
    for part in rest:
        value = getattr(value, part)


ELSEWHERE = {"device", "dtype", "inplace"}  # `to`, and nothing is computed in place
ELSEWHERE |= {"foreach", "fused", "maximize", "capturable", "differentiable"}
ELSEWHERE |= {"decoupled_weight_decay"}
OWN = {"rng", "decoupled"}


def arguments(kind):
    """Names and defaults."""
    parameters = inspect.signature(kind).parameters.items()
    named = [(name, p) for name, p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return [(name, p.default) for name, p in named if name not in ELSEWHERE | OWN]


SHARED = [(nn, name) for name in dir(nn) if isinstance(getattr(nn, name), type)]
SHARED += [(optim, name) for name in ("SGD", "Adam", "AdamW", "RMSprop", "LBFGS")]


@pytest.mark.torch
@pytest.mark.parametrize(("place", "name"), SHARED, ids=[name for _, name in SHARED])
def test_arguments_and_defaults_are_pytorchs_or_the_docstring_says_so(place, name):
    torch = pytest.importorskip("torch", reason="PyTorch is an oracle here, not a dependency")
    theirs = getattr(torch.nn if place is nn else torch.optim, name, None)
    if theirs is None or name in ("Module", "Sequential", "Parameter"):
        return
    ours = getattr(place, name)
    text = f"{ours.__doc__} {ours.__init__.__doc__}"
    if arguments(ours) != arguments(theirs):
        assert "Differs from PyTorch" in text
