"""Keras' HDF5 files: the names of several Keras versions arrive, broken ones do not."""

import sys

import numpy as np
import pytest

from nnscratch.weights import h5_file, layouts
from nnscratch.weights.form import CAFFE

NAMES = {
    "Keras 1": "{0}/{0}_{1}_1:0",
    "Keras 2": "{0}/{0}/{2}:0",
    "a whole model": "model_weights/{0}/{0}/{2}:0",
    "Keras 3": "layers/{0}/vars/{3}",
}


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py is an extra; without it there is one error")


def write(h5py, path, vgg, names):
    with h5py.File(path, "w") as file:
        file.attrs["backend"] = "tensorflow"
        file.create_group("block1_pool")
        for name, (weight, bias) in vgg.items():
            given = weight[:, ::-1] if name == "conv1_1" else weight  # RGB -> BGR
            block = f"block{name[4]}_conv{name[6]}"
            for i, array in enumerate((given.transpose(2, 3, 1, 0), bias)):
                file[names.format(block, "Wb"[i], ("kernel", "bias")[i], i)] = array
        file["optimizer_weights/block1_conv1/kernel:0"] = np.zeros(3, np.float32)
        file["fc1/name"] = "text"


@pytest.mark.parametrize("names", NAMES)
def test_names_of_every_keras_arrive(tmp_path, small_vgg, h5py, names):
    path = tmp_path / "vgg.h5"
    write(h5py, path, small_vgg, NAMES[names])
    contents = h5_file.read(path)
    assert contents.container == "h5"
    assert "fc1/name" not in contents.arrays
    with pytest.raises(KeyError):
        contents.arrays["nothing"]
    loaded, evidence = layouts.vgg(contents, "'vgg.h5'")
    assert loaded.preprocess == CAFFE
    assert any("HWIO" in line for line in evidence)
    for name, (weight, bias) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)
        np.testing.assert_array_equal(loaded.layers[name].bias, bias)


def test_without_h5py_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r'needs h5py; install .* pip install "nnscratch\[h5\]"'):
        h5_file.read(tmp_path / "vgg.h5")


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path, small_vgg, h5py, share):
    path = tmp_path / "vgg.h5"
    write(h5py, path, small_vgg, NAMES["Keras 2"])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="broken or cut short"):
        h5_file.read(path)


def test_arrays_larger_than_the_file_can_hold_are_refused(tmp_path, h5py):
    path = tmp_path / "vgg.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", (1 << 40,), np.float32, chunks=(1024,))
    with pytest.raises(ValueError, match="larger than the file can hold"):
        h5_file.read(path).arrays["a"]


def test_arrays_that_lie_in_other_files_are_refused(tmp_path, h5py):
    (tmp_path / "secret").write_bytes(b"\0" * 16)
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        outside = [(str(tmp_path / "secret"), 0, 16)]
        file.create_dataset("a", (4,), np.float32, external=outside)
        file["b"] = h5py.ExternalLink(str(tmp_path / "secret"), "/x")
    contents = h5_file.read(tmp_path / "vgg.h5")
    assert list(contents.arrays) == ["a"]
    with pytest.raises(ValueError, match="broken"):
        contents.arrays["a"]
