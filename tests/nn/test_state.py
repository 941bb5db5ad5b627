"""Weights in files: they come back, and where two networks differ the report says how."""

import json
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nnscratch import nn
from nnscratch.files.arrays import CARD
from nnscratch.nn.state import LISTED, differences

FILES = ["net.npz", "net.safetensors"]
every_format = pytest.mark.parametrize("name", FILES)


def net(seed=0, hidden=4):
    return nn.Sequential(
        nn.Conv2d(3, 2, 3, rng=seed),
        nn.BatchNorm2d(2),
        nn.Flatten(),
        nn.Linear(8, hidden, rng=seed),
    )


def values(network):
    return {name: value.numpy().copy() for name, value in network.state_dict().items()}


def refused(network, state):
    before = values(network)
    with pytest.raises(ValueError, match="load_state_dict: ") as caught:
        network.load_state_dict(state)
    for name, value in values(network).items():
        np.testing.assert_array_equal(value, before[name])
    return str(caught.value)


@every_format
def test_weights_come_back(tmp_path, name):
    ours, theirs = net(0), net(1)
    theirs[1].running_mean.data = np.float32([3, 4])
    nn.save_state(theirs, tmp_path / name)
    nn.load_state(ours, tmp_path / name)
    for key, value in values(theirs).items():
        np.testing.assert_array_equal(values(ours)[key], value)


@every_format
def test_a_parameter_of_no_axes_keeps_its_shape(tmp_path, name):
    class Scaled(nn.Module):
        def __init__(self, scale):
            self.scale = nn.Parameter(np.array(scale, np.float32))

    nn.save_state(Scaled(3.0), tmp_path / name)
    ours = Scaled(1.0)
    nn.load_state(ours, tmp_path / name)
    assert ours.scale.shape == ()
    assert ours.scale.item() == 3.0


@every_format
def test_a_file_without_a_card_is_taken(tmp_path, name):
    arrays = values(net(1))
    save = save_file if name == "net.safetensors" else lambda a, path: np.savez(path, **a)
    save(arrays, tmp_path / name)
    ours = net(0)
    nn.load_state(ours, tmp_path / name)
    np.testing.assert_array_equal(values(ours)["0.weight"], arrays["0.weight"])


def test_the_file_says_what_it_is(tmp_path):
    nn.save_state(net(), tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as file:
        assert json.loads(str(file[CARD])) == {"kind": "state_dict", "version": 1}
        assert set(file) - {CARD} == set(values(net()))
    nn.save_state(net(), tmp_path / "net.safetensors")
    assert set(load_file(tmp_path / "net.safetensors")) == set(values(net()))


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"kind": "vgg", "version": 1}, "holds vgg, expected state_dict"),
        ({"kind": "state_dict", "version": 2}, "version 2, this nnscratch reads up to 1"),
    ],
)
def test_files_of_another_kind_or_time(tmp_path, card, said):
    save_file(values(net()), tmp_path / "a.safetensors", {CARD: json.dumps(card)})
    with pytest.raises(ValueError, match=f"load_state: '.*a.safetensors' .*{said}"):
        nn.load_state(net(), tmp_path / "a.safetensors")


def test_a_file_of_torch_is_to_be_saved_anew(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as file:
        file.writestr("a/data.pkl", "x")
    with pytest.raises(ValueError, match="by PyTorch, not of arrays alone; save it anew, as .npz"):
        nn.load_state(net(), tmp_path / "a.pth")


# -- the report -----------------------------------------------------------------------------------


def test_a_report_names_all_that_differs():
    state = values(net(hidden=5))
    del state["1.running_mean"]
    state["0.bias"] = state["0.bias"].astype(np.complex64)
    state["head.bias"] = np.zeros(7)
    assert refused(net(), state) == (
        "load_state_dict: the weights are of another network: 4 of 8 names agree in shape and "
        "dtype\n"
        "  missing     1.running_mean (2,)\n"
        "  unexpected  head.bias (7,)\n"
        "  shape       3.weight: expected (4, 8), got (5, 8)\n"
        "  shape       3.bias: expected (4,), got (5,)\n"
        "  dtype       0.bias: expected float32, got complex64"
    )


@pytest.mark.parametrize("kind", [np.complex64, "U3"])
def test_values_that_are_no_real_numbers_are_refused(kind):
    state = values(net()) | {"0.bias": np.zeros(2).astype(kind)}
    assert "dtype       0.bias: expected float32" in refused(net(), state)


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int32, bool])
def test_real_numbers_of_other_types_are_cast(kind):
    ours = net()
    ours.load_state_dict(values(net()) | {"0.bias": np.ones(2, kind)})
    np.testing.assert_array_equal(values(ours)["0.bias"], np.ones(2, np.float32))


def test_numbers_beyond_the_dtype_are_refused_and_nothing_changes():
    state = {name: value + 1.0 for name, value in values(net()).items()}
    state["3.bias"] = np.full(4, 1e300)
    ours, before = net(), values(net())
    with pytest.raises(
        ValueError, match=r"3.bias holds numbers that float32 cannot hold; take the"
    ):
        ours.load_state_dict(state)
    for name, value in values(ours).items():
        np.testing.assert_array_equal(value, before[name])
    ours.to(np.float64).load_state_dict(state)
    assert values(ours)["3.bias"][0] == 1e300


def test_long_reports_are_cut():
    expected = {f"{i}.weight": ((2, i), np.dtype("f4")) for i in range(LISTED + 8)}
    lines = differences(expected, {}).splitlines()
    assert len(lines) == 1 + LISTED + 1
    assert lines[-1] == "  missing     and 8 more"


def test_a_prefix_is_recognised_in_both_directions():
    state = values(net())
    longer = {f"module.{name}": value for name, value in state.items()}
    assert refused(net(), longer).endswith("hint: the names agree without 'module.' in front")
    within = nn.Sequential(net())
    assert refused(within, state).endswith("hint: the names agree with '0.' in front")


@every_format
def test_a_prefix_of_several_parts_is_recognised_in_any_order(tmp_path, name):
    within = nn.Sequential(nn.Sequential(net()))
    nn.save_state(within, tmp_path / name)
    with pytest.raises(ValueError, match=r"hint: the names agree without '0\.0\.' in front"):
        nn.load_state(net(), tmp_path / name)
    nn.save_state(net(), tmp_path / name)
    with pytest.raises(ValueError, match=r"hint: the names agree with '0\.0\.' in front"):
        nn.load_state(within, tmp_path / name)


def test_names_that_agree_are_not_said_to_be_others():
    assert "hint" not in refused(net(), values(net()) | {"0.bias": np.zeros(2, "c8")})


def test_what_is_no_module_is_said(tmp_path):
    for move, given in ((nn.save_state, None), (nn.load_state, "net.npz")):
        with pytest.raises(
            TypeError, match=f"_state: expected a Module, got {type(given).__name__}"
        ):
            move(given, tmp_path / "net.npz")
        with pytest.raises(TypeError, match="_state: expected a path"):
            move(net(), None)


def test_other_names_and_transposed_matrices_are_recognised():
    state = values(net())
    renamed = {f"layer{i}": value for i, value in enumerate(state.values())}
    assert "the shapes agree in their order" in refused(net(), renamed)
    turned = state | {"3.weight": state["3.weight"].T}
    assert "3.weight is transposed; Linear has (outputs, inputs)" in refused(net(), turned)


def test_equal_networks_have_no_report():
    same = {"a": ((2,), np.dtype("f4"))}
    assert differences(same, same) == ""
    assert differences(same, {"a": ((2,), np.dtype("f8"))}) == ""
