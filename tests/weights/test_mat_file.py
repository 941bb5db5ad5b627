"""MatConvNet files, written by SciPy as MATLAB would: both releases arrive, broken ones do not."""

import struct
import time
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from nnscratch.weights import layouts, mat_file
from nnscratch.weights.form import CAFFE

MEAN = np.array([123.68, 116.779, 103.939], np.float32)


def cell(items):
    made = np.empty((1, len(items)), object)
    made[0] = items
    return made


def conv(name, weight, bias, release):
    kernel = weight.transpose(2, 3, 1, 0)  # (C_out, C_in, kH, kW) -> (kH, kW, C_in, C_out)
    pair = cell([kernel, bias[None] if release == "old" else bias[:, None]])
    if release == "first":
        return {"filters": kernel, "biases": bias[None], "type": "conv", "name": name}
    if release == "old":
        return {"weights": pair, "pad": 1.0, "type": "conv", "name": name, "stride": 1.0}
    opts = np.empty((0, 0), object)
    return {"name": name, "type": "conv", "weights": pair, "precious": 0.0, "opts": opts}


def network(vgg, release):
    layers = []
    for name, (weight, bias) in vgg.items():
        relu = {"type": "relu", "name": name.replace("conv", "relu")}
        layers += [conv(name, weight, bias, release), relu]
    layers.append(conv("fc6", np.ones((2, 6, 7, 7), np.float32), np.ones(2, np.float32), release))
    mean = MEAN[None, None] if release == "new" else np.tile(MEAN, (224, 224, 1))
    normalization = {"averageImage": mean, "imageSize": np.array([224.0, 224.0, 3.0])}
    if release == "new":
        meta = {"normalization": normalization, "classes": {"name": cell(["tench", "shark"])}}
        return {"layers": cell(layers), "meta": meta}
    return {"layers": cell(layers), "classes": {"name": "x"}, "normalization": normalization}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("release", ["first", "old", "new"])
def test_every_release_arrives_without_swapping_height_and_width(
    tmp_path, small_vgg, release, packed
):
    path = tmp_path / "net.mat"
    savemat(path, network(small_vgg, release), do_compression=packed)
    contents = mat_file.read(path)
    assert contents.container == "mat"
    assert contents.texts["release"] == ("new" if release == "new" else "old")
    loaded, evidence = layouts.vgg(contents, "'net.mat'")
    assert list(loaded.layers) == list(small_vgg)
    assert loaded.preprocess == CAFFE
    assert any("mean colour" in line for line in evidence)
    for name, (weight, bias) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)
        np.testing.assert_array_equal(loaded.layers[name].bias, bias)


def test_numbers_of_the_real_file_stand_at_their_places(tmp_path, small_vgg):
    """W[h, w, c, k] of the real .mat at h = 0, w = 1 is not that at h = 1, w = 0."""
    weight = small_vgg["conv1_1"][0].copy()
    weight[0, :, 0, 0] = 0.39416704, 0.46418372, 0.34119523
    weight[0, :, 0, 1] = 0.37740308, 0.41810837, 0.33999205
    weight[0, :, 1, 0] = 0.2671299, 0.30511212, 0.23215917
    vgg = small_vgg | {"conv1_1": (weight, small_vgg["conv1_1"][1])}
    savemat(tmp_path / "net.mat", network(vgg, "new"))
    _, evidence = layouts.vgg(mat_file.read(tmp_path / "net.mat"), "'net.mat'")
    assert any("VGG-19 of Simonyan and Zisserman: channels in RGB" in line for line in evidence)
    vgg["conv1_1"] = (weight.swapaxes(2, 3), vgg["conv1_1"][1])
    savemat(tmp_path / "net.mat", network(vgg, "new"))
    with pytest.raises(ValueError, match="mirrored"):
        layouts.vgg(mat_file.read(tmp_path / "net.mat"), "'net.mat'")


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i2", "i8"])
def test_numbers_are_those_that_scipy_reads(tmp_path, dtype):
    """Oracle: loadmat, which reads the same files, though not broken ones."""
    values = (100 * np.random.default_rng(0).random((3, 4, 5))).astype(dtype)
    savemat(tmp_path / "a.mat", {"layers": cell([{"name": "a", "filters": values}])})
    read = loadmat(tmp_path / "a.mat")["layers"][0, 0]["filters"][0, 0]
    found = mat_file.read(tmp_path / "a.mat").arrays["a/filters"]
    np.testing.assert_array_equal(found, read)
    np.testing.assert_array_equal(found, values)
    assert found.dtype == read.dtype


@pytest.mark.parametrize("start", [b"MATLAB 7.3 MAT-file", b"x" * 512 + b"\x89HDF\r\n"])
def test_version_7_3_is_refused_in_words(tmp_path, start):
    path = tmp_path / "net.mat"
    path.write_bytes(start.ljust(2000, b" "))
    with pytest.raises(ValueError, match="version 7.3 .*-v7"):
        mat_file.read(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" * 200])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "net.mat"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no MATLAB file of version 5"):
        mat_file.read(path)


def test_a_mat_file_of_something_else_is_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"x": np.eye(3)})
    with pytest.raises(ValueError, match="expected layers with weights"):
        mat_file.read(tmp_path / "a.mat")
    savemat(tmp_path / "b.mat", {"layers": np.eye(3)})
    with pytest.raises(ValueError, match="expected layers with weights"):
        mat_file.read(tmp_path / "b.mat")


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9, 0.99])
def test_truncated_files_are_refused(tmp_path, small_vgg, share, packed):
    path = tmp_path / "net.mat"
    made = network(small_vgg, "new")
    savemat(path, {"meta": made["meta"], "layers": made["layers"]}, do_compression=packed)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="cut short|no MATLAB file"):
        mat_file.read(path)


@pytest.mark.parametrize("packed", [True, False])
def test_flipped_bytes_give_arrays_or_words(tmp_path, small_vgg, packed):
    path = tmp_path / "net.mat"
    savemat(path, network(small_vgg, "new"), do_compression=packed)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        data = bytearray(whole)
        for at in rng.integers(124, len(data), 3):
            data[at] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(data))
        try:
            mat_file.read(path)
        except ValueError as error:
            assert str(error).startswith("weights: ")
            refused += 1
    assert refused > (150 if packed else 5)


# -- files made to hurt ---------------------------------------------------------------------------

HEADER = b"MATLAB 5.0 MAT-file".ljust(124, b" ") + struct.pack("<H", 0x0100) + b"IM"


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(made, shape, rest=b"", name=b"layers"):
    parts = element(6, struct.pack("<II", made, 0)) + element(5, struct.pack("<2i", *shape))
    return element(14, parts + element(1, name) + rest)


def packed(data):
    squeezed = zlib.compress(data, 9)
    return struct.pack("<II", 15, len(squeezed)) + squeezed


def deep(levels):
    inner = matrix(6, (1, 1), element(9, b"\0" * 8), b"")
    for _ in range(levels):
        inner = matrix(1, (1, 1), inner, b"")
    return matrix(1, (1, 1), inner)


HOSTILE = {
    "a bomb": (packed(matrix(6, (1, 1), element(9, bytes(64 << 20)))), "inflate"),
    "many cells": (matrix(1, (2**31 - 1, 2**31 - 1)), "more than its bytes"),
    "many fields": (
        matrix(2, (2**20, 2**9), element(5, b"\1\0\0\0") + element(1, b"ab")),
        "more than its bytes",
    ),
    "very deep": (deep(3000), "too deep"),
    "a long name": (matrix(6, (1, 1), name=b"x" * 70000), "absurd length"),
    "an object": (matrix(3, (1, 1)), "MATLAB object"),
    "a negative shape": (matrix(6, (-1, 2)), "without shape"),
    "numbers that are not there": (
        matrix(6, (9, 9), struct.pack("<II", 9, 1 << 31)),
        "longer than the whole",
    ),
    "shape and numbers apart": (matrix(6, (9, 9), element(9, b"\0" * 8)), "got 8 bytes"),
    "an element past the end": (struct.pack("<II", 14, 1 << 30), "cut short"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_at_once(tmp_path, name):
    content, said = HOSTILE[name]
    path = tmp_path / "net.mat"
    path.write_bytes(HEADER + content)
    start = time.perf_counter()
    with pytest.raises(ValueError, match=said):
        mat_file.read(path)
    assert time.perf_counter() - start < 2
