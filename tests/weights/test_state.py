"""The weights of a Module in a file: they come back, and wrong files are refused with a reason."""

import json
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small_network import net, values

from nnscratch import nn
from nnscratch.files.arrays import CARD
from nnscratch.weights.state import load_state, save_state

FILES = ["net.npz", "net.safetensors"]
every_format = pytest.mark.parametrize("name", FILES)


@every_format
def test_weights_come_back(tmp_path, name):
    ours, theirs = net(0), net(1)
    theirs[1].running_mean.data = np.float32([3, 4])
    save_state(theirs, tmp_path / name)
    load_state(ours, tmp_path / name)
    for key, value in values(theirs).items():
        np.testing.assert_array_equal(values(ours)[key], value)


@every_format
def test_a_parameter_of_no_axes_keeps_its_shape(tmp_path, name):
    class Scaled(nn.Module):
        def __init__(self, scale):
            self.scale = nn.Parameter(np.array(scale, np.float32))

    save_state(Scaled(3.0), tmp_path / name)
    ours = Scaled(1.0)
    load_state(ours, tmp_path / name)
    assert ours.scale.shape == ()
    assert ours.scale.item() == 3.0


@every_format
def test_a_file_without_a_card_is_taken(tmp_path, name):
    arrays = values(net(1))
    save = save_file if name == "net.safetensors" else lambda a, path: np.savez(path, **a)
    save(arrays, tmp_path / name)
    ours = net(0)
    load_state(ours, tmp_path / name)
    np.testing.assert_array_equal(values(ours)["0.weight"], arrays["0.weight"])


def test_the_file_says_what_it_is(tmp_path):
    save_state(net(), tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as file:
        assert json.loads(str(file[CARD])) == {"kind": "state_dict", "version": 1}
        assert set(file) - {CARD} == set(values(net()))
    save_state(net(), tmp_path / "net.safetensors")
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
        load_state(net(), tmp_path / "a.safetensors")


def test_a_file_of_torch_is_to_be_saved_anew(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as file:
        file.writestr("a/data.pkl", "x")
    with pytest.raises(ValueError, match="by PyTorch, not of arrays alone; save it anew, as .npz"):
        load_state(net(), tmp_path / "a.pth")


@every_format
def test_not_strict_loads_the_names_that_agree(tmp_path, name):
    save_state(net(1)[:2], tmp_path / name)
    ours = net(0)
    missing, unexpected = load_state(ours, tmp_path / name, strict=False)
    assert missing == ["3.weight", "3.bias"] and unexpected == []
    np.testing.assert_array_equal(values(ours)["0.weight"], values(net(1))["0.weight"])
    np.testing.assert_array_equal(values(ours)["3.weight"], values(net(0))["3.weight"])


@every_format
def test_a_prefix_of_several_parts_is_recognised_in_any_order(tmp_path, name):
    within = nn.Sequential(nn.Sequential(net()))
    save_state(within, tmp_path / name)
    with pytest.raises(ValueError, match=r"hint: the names agree without '0\.0\.' in front"):
        load_state(net(), tmp_path / name)
    save_state(net(), tmp_path / name)
    with pytest.raises(ValueError, match=r"hint: the names agree with '0\.0\.' in front"):
        load_state(within, tmp_path / name)


def test_what_is_no_module_is_said(tmp_path):
    for move, given in ((save_state, None), (load_state, "net.npz")):
        with pytest.raises(
            TypeError, match=f"_state: expected a Module, got {type(given).__name__}"
        ):
            move(given, tmp_path / "net.npz")
        with pytest.raises(TypeError, match="_state: expected a path"):
            move(net(), None)
