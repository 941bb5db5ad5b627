"""MatConvNet files written by SciPy: all releases are read, broken files are refused."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from scipy import sparse
from scipy.io import loadmat, savemat
from weights.makers import MEAN, cell, matconvnet, matconvnet_layer

from nnscratch.weights import layouts
from nnscratch.weights.readers import mat_file
from nnscratch.weights.vgg_weights import CAFFE


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("release", ["first", "old", "new"])
def test_every_release_arrives_without_swapping_height_and_width(
    tmp_path, small_vgg, release, packed
):
    path = tmp_path / "net.mat"
    savemat(path, matconvnet(small_vgg, release), do_compression=packed)
    contents = mat_file.read(path)
    assert contents.container == "mat"
    loaded, evidence = layouts.interpret(contents, "'net.mat'")
    assert list(loaded.layers) == list(small_vgg)
    assert loaded.preprocess == CAFFE
    assert any("mean colour" in line for line in evidence)
    for name, (weight, bias) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)
        np.testing.assert_array_equal(loaded.layers[name].bias, bias)


def test_numbers_of_the_real_file_stand_at_their_places(tmp_path, small_vgg):
    """In the real .mat, W[0, 1, c, k] differs from W[1, 0, c, k]."""
    weight = small_vgg["conv1_1"][0].copy()
    weight[0, :, 0, 0] = 0.39416704, 0.46418372, 0.34119523
    weight[0, :, 0, 1] = 0.37740308, 0.41810837, 0.33999205
    weight[0, :, 1, 0] = 0.2671299, 0.30511212, 0.23215917
    vgg = small_vgg | {"conv1_1": (weight, small_vgg["conv1_1"][1])}
    savemat(tmp_path / "net.mat", matconvnet(vgg, "new"))
    _, evidence = layouts.interpret(mat_file.read(tmp_path / "net.mat"), "'net.mat'")
    assert any("VGG-19 of Simonyan and Zisserman: channels in RGB" in line for line in evidence)
    vgg["conv1_1"] = (weight.swapaxes(2, 3), vgg["conv1_1"][1])
    savemat(tmp_path / "net.mat", matconvnet(vgg, "new"))
    with pytest.raises(ValueError, match="mirrored"):
        layouts.interpret(mat_file.read(tmp_path / "net.mat"), "'net.mat'")


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i2", "i8"])
def test_numbers_are_those_that_scipy_reads(tmp_path, dtype):
    """Oracle: loadmat, for intact files."""
    values = (100 * np.random.default_rng(0).random((3, 4, 5))).astype(dtype)
    savemat(tmp_path / "a.mat", {"layers": cell([{"name": "a", "filters": values}])})
    read = loadmat(tmp_path / "a.mat")["layers"][0, 0]["filters"][0, 0]
    found = mat_file.read(tmp_path / "a.mat").arrays["a/filters"]
    np.testing.assert_array_equal(found, read)
    np.testing.assert_array_equal(found, values)
    assert found.dtype == read.dtype


ODD = {
    "text": "ünïcödé",
    "lines": np.array(["ab", "cde"]),
    "complex": np.array([[1 + 2j, 3]]),
    "sparse": sparse.csc_matrix(np.eye(3)),
    "logical": np.array([[True, False]]),
    "empty": np.zeros((3, 0, 2)),
    "a struct array": np.array([(1.0, "x"), (2.0, "y")], [("a", object), ("b", object)]),
    "cells": cell([cell(["a", np.zeros((0, 0))]), {"b": {"c": 1j}}]),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_stands_beside_the_weights_may_be_anything(tmp_path, small_vgg, kind):
    made, odd = matconvnet(small_vgg, "new"), ODD[kind]
    made["layers"] = cell([{"a": odd} | layer | {"z": odd} for layer in made["layers"][0]])
    made["meta"] = {"a": odd} | made["meta"] | {"classes": odd}
    savemat(tmp_path / "a.mat", {"first": odd} | made | {"last": odd}, do_compression=True)
    arrays = mat_file.read(tmp_path / "a.mat").arrays
    read = loadmat(tmp_path / "a.mat")["layers"][0, 0][0, 0]["weights"]
    np.testing.assert_array_equal(arrays["conv1_1/filters"], read[0, 0])
    np.testing.assert_array_equal(arrays["averageImage"], MEAN[None, None])


def test_columns_of_cells_and_structured_arrays_are_layers_as_well(tmp_path, small_vgg):
    made = matconvnet(small_vgg, "new")
    savemat(tmp_path / "row.mat", made)
    layers = made["layers"].T.copy()
    for layer in layers.ravel():
        if "opts" in layer:
            layer["weights"] = layer["weights"].T
    first = np.empty((1, 1), [(key, object) for key in layers[0, 0]])
    for key, value in layers[0, 0].items():
        first[key][0, 0] = value
    layers[0, 0] = first
    savemat(tmp_path / "column.mat", made | {"layers": layers})
    row, column = (mat_file.read(tmp_path / f"{name}.mat").arrays for name in ("row", "column"))
    assert list(row) == list(column)
    for name, array in row.items():
        np.testing.assert_array_equal(array, column[name])


def test_a_network_saved_as_net_arrives(tmp_path, small_vgg):
    """save('a.mat', 'net') in MATLAB, without -struct."""
    savemat(tmp_path / "a.mat", {"net": matconvnet(small_vgg, "new"), "epoch": 3.0})
    contents = mat_file.read(tmp_path / "a.mat")
    assert list(layouts.interpret(contents, "'a.mat'")[0].layers) == list(small_vgg)


@pytest.mark.parametrize("as_net", [True, False])
def test_a_dagnn_is_refused_in_words(tmp_path, as_net):
    entries = [("conv1_1f", np.ones((3, 3, 3, 2), np.float32)), ("conv1_1b", np.ones((1, 2)))]
    params = np.array([entries], [("name", object), ("value", object)])
    net = {"layers": {"name": "conv1_1", "params": cell(["conv1_1f"])}, "params": params}
    savemat(tmp_path / "a.mat", {"net": net} if as_net else net)
    with pytest.raises(ValueError, match="DagNN.* use imagenet-vgg"):
        mat_file.read(tmp_path / "a.mat")


@pytest.mark.parametrize("name", ["a\nb", "", 3.0, None])
def test_a_layer_without_a_fit_name_bears_its_place(tmp_path, name):
    layer = {"filters": np.eye(3)} | ({} if name is None else {"name": name})
    savemat(tmp_path / "a.mat", {"layers": cell([{"type": "relu"}, layer])})
    assert list(mat_file.read(tmp_path / "a.mat").arrays) == ["layer 2/filters"]


def test_two_layers_of_one_name_are_refused(tmp_path):
    layer = {"name": "conv1_1", "filters": np.eye(3)}
    savemat(tmp_path / "a.mat", {"layers": cell([layer, layer])})
    with pytest.raises(ValueError, match="holds conv1_1/filters twice"):
        mat_file.read(tmp_path / "a.mat")


@pytest.mark.parametrize("packed", [True, False])
def test_fully_connected_layers_are_passed_over(tmp_path, monkeypatch, small_vgg, packed):
    monkeypatch.setattr(mat_file, "LARGEST", 1000)
    monkeypatch.setattr(mat_file, "CHUNK", 1 << 12)
    layers = matconvnet(small_vgg, "new")["layers"][0]
    kernel = np.random.default_rng(0).random((2**18, 1, 1, 1), np.float32)  # 1 MiB
    large = matconvnet_layer("fc7", kernel, np.ones(2**18, np.float32), "new")
    savemat(tmp_path / "a.mat", {"layers": cell([large, *layers])}, do_compression=packed)
    tracemalloc.start()
    arrays = mat_file.read(tmp_path / "a.mat").arrays
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "fc7/filters" not in arrays
    assert "conv2_1/filters" in arrays
    assert peak < 2**18


def test_coarse_numbers_in_wide_types_may_inflate(tmp_path, monkeypatch):
    """float16 numbers stored as float64 compress to less than a third."""
    monkeypatch.setattr(mat_file, "SMALL", 1 << 16)
    values = np.random.default_rng(0).standard_normal((9, 50000)).astype(np.float16)
    layer = {"name": "a", "filters": values.astype(np.float64)}
    savemat(tmp_path / "a.mat", {"layers": cell([layer])}, do_compression=True)
    np.testing.assert_array_equal(mat_file.read(tmp_path / "a.mat").arrays["a/filters"], values)


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
    with pytest.raises(ValueError, match="not a MATLAB file of version 5"):
        mat_file.read(path)


def test_a_mat_file_of_something_else_is_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"x": np.eye(3)})
    with pytest.raises(ValueError, match="expected layers with weights"):
        mat_file.read(tmp_path / "a.mat")
    savemat(tmp_path / "b.mat", {"layers": np.eye(3)})
    with pytest.raises(ValueError, match="expected layers with weights"):
        mat_file.read(tmp_path / "b.mat")
    savemat(tmp_path / "c.mat", {"layers": np.eye(3)}, format="4")
    with pytest.raises(ValueError, match="not a MATLAB file of version 5 to 7"):
        mat_file.read(tmp_path / "c.mat")


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9, 0.99])
def test_truncated_files_are_refused(tmp_path, small_vgg, share, packed):
    path = tmp_path / "net.mat"
    made = matconvnet(small_vgg, "new")
    savemat(path, {"meta": made["meta"], "layers": made["layers"]}, do_compression=packed)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="cut short|not a MATLAB file"):
        mat_file.read(path)


@pytest.mark.parametrize("packed", [True, False])
def test_flipped_bytes_give_arrays_or_words(tmp_path, small_vgg, packed):
    path = tmp_path / "net.mat"
    savemat(path, matconvnet(small_vgg, "new"), do_compression=packed)
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


# -- files made by hand ---------------------------------------------------------------------------

HEADER = b"MATLAB 5.0 MAT-file".ljust(124, b" ") + struct.pack("<H", 0x0100) + b"IM"
CELL, STRUCT, CHAR, DOUBLE, SINGLE = 1, 2, 4, 6, 7
EMPTY = struct.pack("<II", 14, 0)


def element(kind, data, order="<"):
    if 0 < len(data) <= 4:
        return struct.pack(order + "I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(order + "II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(made, shape, rest=b"", name=b"", order="<"):
    flags = element(6, struct.pack(order + "II", made, 0), order)
    sides = element(5, struct.pack(f"{order}{len(shape)}i", *shape), order)
    return element(14, flags + sides + element(1, name, order) + rest, order)


def fields(values, name=b"", order="<"):
    """A struct with one entry."""
    names = b"".join(key.encode().ljust(32, b"\0") for key in values)
    length = element(5, struct.pack(order + "i", 32), order)
    rest = length + element(1, names, order) + b"".join(values.values())
    return matrix(STRUCT, (1, 1), rest, name, order)


def one_layer(values, order="<"):
    return matrix(CELL, (1, 1), fields(values, b"", order), b"layers", order)


def letters(text, order="<"):
    code = "utf-16-le" if order == "<" else "utf-16-be"
    return matrix(CHAR, (1, len(text)), element(17, text.encode(code), order), b"", order)


def packed(data):
    squeezed = zlib.compress(data, 9)
    return struct.pack("<II", 15, len(squeezed)) + squeezed


ONES = matrix(SINGLE, (2, 1), element(7, struct.pack("<2f", 1, 1)))
LAYER = {"name": letters("conv1_1"), "filters": ONES}
OBJECT = element(14, element(6, struct.pack("<II", 17, 0)) + element(1, b"MCOS") * 3)
HANDLE = matrix(16, (1, 1), fields({"file": letters("f.m")}))


@pytest.mark.parametrize("order", "<>")
def test_either_byte_order_is_read(tmp_path, order):
    """Oracle: loadmat. Sizes around the limits for small and for padded elements."""
    values = np.arange(-7, 14, dtype=order + "f4").reshape(7, 3)
    filters = matrix(SINGLE, values.shape, element(7, values.tobytes("F"), order), b"", order)
    biases = matrix(
        DOUBLE, (3, 1), element(3, struct.pack(order + "3h", -1, 2, 300), order), b"", order
    )
    name = letters("çonv", order)
    head = HEADER if order == "<" else HEADER[:124] + b"\1\0MI"
    given = {"name": name, "filters": filters, "biases": biases, "x": letters("", order)}
    (tmp_path / "a.mat").write_bytes(head + one_layer(given, order))
    read = loadmat(tmp_path / "a.mat")["layers"][0, 0]
    arrays = mat_file.read(tmp_path / "a.mat").arrays
    assert list(arrays) == ["çonv/filters", "çonv/biases"]
    for kind, meant in (("filters", values), ("biases", np.array([[-1.0], [2], [300]]))):
        np.testing.assert_array_equal(arrays[f"çonv/{kind}"], meant)
        np.testing.assert_array_equal(read[kind][0, 0], meant)
        assert arrays[f"çonv/{kind}"].dtype == meant.dtype.newbyteorder("=")


def test_doubles_that_matlab_stores_in_bytes_are_doubles(tmp_path):
    content = one_layer(
        {"name": letters("a"), "filters": matrix(DOUBLE, (1, 3), element(2, b"abc"))}
    )
    (tmp_path / "a.mat").write_bytes(HEADER + content)
    found = mat_file.read(tmp_path / "a.mat").arrays["a/filters"]
    np.testing.assert_array_equal(found, np.array([[97.0, 98, 99]]), strict=True)


@pytest.mark.parametrize("odd", [OBJECT, HANDLE], ids=["object", "handle"])
def test_objects_and_handles_do_not_hinder(tmp_path, odd):
    layers = one_layer({"a": odd} | LAYER | {"b": odd})
    mean = {"t": odd, "averageImage": ONES}
    meta = fields({"f": odd, "normalization": fields(mean)}, b"meta")
    (tmp_path / "a.mat").write_bytes(HEADER + odd + layers + packed(odd) + packed(meta))
    assert list(mat_file.read(tmp_path / "a.mat").arrays) == ["conv1_1/filters", "averageImage"]


def test_compressed_and_plain_variables_stand_in_one_file(tmp_path):
    meta = fields({"normalization": fields({"averageImage": ONES})}, b"meta")
    for parts in ((packed(meta), one_layer(LAYER)), (packed(one_layer(LAYER)), meta)):
        (tmp_path / "a.mat").write_bytes(HEADER + b"".join(parts))
        assert list(mat_file.read(tmp_path / "a.mat").arrays) == ["conv1_1/filters", "averageImage"]


def test_the_checksum_of_a_compressed_variable_is_compared(tmp_path):
    content = bytearray(HEADER + packed(one_layer(LAYER) + bytes(2 << 20)))
    content[-1] ^= 1
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(ValueError, match="broken"):
        mat_file.read(tmp_path / "a.mat")


# -- files made to hurt ---------------------------------------------------------------------------


def deep(levels):
    inner = ONES
    for _ in range(levels):
        inner = matrix(CELL, (1, 1), inner)
    return matrix(CELL, (1, 1), inner, b"layers")


def filters(shape, data, made=DOUBLE):
    return one_layer({"name": letters("a"), "filters": matrix(made, shape, data)})


HOSTILE = {
    "a bomb": (packed(filters((1, 8 << 20), element(9, bytes(64 << 20)))), "inflate"),
    "a bomb that is passed over": (
        packed(one_layer({"x": matrix(DOUBLE, (1, 8 << 20), element(9, bytes(64 << 20)))})),
        "inflate",
    ),
    "many wide numbers": (packed(filters((1, 8 << 20), element(2, bytes(8 << 20)))), "inflate"),
    "many cells": (matrix(CELL, (2**31 - 1, 2**31 - 1), name=b"layers"), "16384 parts"),
    "empty cells": (
        packed(matrix(CELL, (1, 1 << 20), EMPTY * (1 << 20), name=b"layers")),
        "16384 parts",
    ),
    "many fields": (
        matrix(STRUCT, (2**20, 2**9), element(5, b"\1\0\0\0") + element(1, b"ab"), b"layers"),
        "16384 parts",
    ),
    "many variables": (ONES * 20000, "16384 parts"),
    "a field longer than the whole": (
        one_layer({"x": struct.pack("<II", 14, 1 << 31)}),
        "longer than the whole",
    ),
    "fields without length": (
        matrix(STRUCT, (1, 1), element(5, bytes(4)) + element(1, b"ab"), b"layers"),
        "fields have no names",
    ),
    "very deep": (deep(3000), "too deep"),
    "a long name": (matrix(DOUBLE, (1, 1), name=b"x" * 70000), "is too long"),
    "an object": (matrix(3, (1, 1), name=b"layers"), "expected layers with weights"),
    "no flags": (element(14, element(6, b"")), "has no flags"),
    "a negative shape": (filters((-1, -2), element(9, bytes(16))), "has no shape"),
    "a hundred axes": (filters((1,) * 100, element(9, bytes(8))), "has no shape"),
    "empty but vast": (filters((0,) + (2**31 - 1,) * 3, element(9, b"")), "broken"),
    "numbers that are not there": (
        filters((9, 9), struct.pack("<II", 9, 1 << 31)),
        "longer than the whole",
    ),
    "numbers past the end": (
        matrix(CELL, (1, 1), EMPTY[:4] + struct.pack("<I", 8), b"layers"),
        "longer than the whole",
    ),
    "shape and numbers apart": (filters((9, 9), element(9, bytes(8))), "got 8 bytes"),
    "a small element of 5 bytes": (
        matrix(CELL, (1, 1), struct.pack("<II", 5 << 16 | 14, 0), b"layers"),
        "more than 4 bytes",
    ),
    "an element past the end": (struct.pack("<II", 14, 1 << 30), "cut short"),
    "an element in a small one": (element(14, b"ab"), "cut short"),
    "a rest": (one_layer(LAYER) + b"1234", "cut short"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_at_once(tmp_path, name):
    content, said = HOSTILE[name]
    path = tmp_path / "net.mat"
    path.write_bytes(HEADER + content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"weights: '.*' .*{said}.*; ") as caught:
        mat_file.read(path)
    assert tracemalloc.get_traced_memory()[1] < mat_file.SMALL + (4 << 20)
    tracemalloc.stop()
    assert len(str(caught.value).replace(str(path), "")) < 200
    assert "\n" not in str(caught.value)
