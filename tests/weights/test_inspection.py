"""Inspection distinguishes all ways to store a small VGG; conversion keeps its numbers."""

import hashlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnscratch import weights
from nnscratch.weights import LayerWeights, Preprocess, VGGWeights, inspection, vgg_weights
from nnscratch.weights.readers.contents import Contents
from nnscratch.weights.vgg_weights import CAFFE, TORCHVISION

SHAPES = {"conv1_1": (4, 3, 3, 3), "conv1_2": (4, 4, 3, 3), "conv2_1": (8, 4, 3, 3)}


@pytest.fixture
def given(small_vgg):
    layers = {name: LayerWeights(*pair) for name, pair in small_vgg.items()}
    return VGGWeights(layers, Preprocess(2.0, (0.1, 0.2, 0.3), (1.0, 2.0, 4.0)), "made for a test")


@pytest.fixture
def torchvision_file(tmp_path, small_vgg):
    numbers = {"conv1_1": 0, "conv1_2": 2, "conv2_1": 5}
    arrays = {
        f"features.{number}.{kind}": np.ascontiguousarray(small_vgg[name][i])
        for name, number in numbers.items()
        for i, kind in enumerate(("weight", "bias"))
    }
    arrays["classifier.0.weight"] = np.zeros((100, 100), np.float32)
    save_file(arrays, tmp_path / "vgg.safetensors")
    return tmp_path / "vgg.safetensors"


def test_a_keras_file(keras_file):
    found = inspection.inspect(keras_file)
    assert found.container == "npz"
    assert (found.layout, found.channels) == ("kH, kW, C_in, C_out", "BGR")
    assert found.preprocess == CAFFE
    assert found.layers == SHAPES
    assert found.blocks == {1: 2, 2: 1}
    assert found.network == "other"
    assert found.size == keras_file.stat().st_size
    assert found.sha256 == hashlib.sha256(keras_file.read_bytes()).hexdigest()
    assert found.hash_agrees is None
    assert any("block1_conv1/kernel (3, 3, 3, 4)" in sentence for sentence in found.evidence)


def test_a_torchvision_file(torchvision_file):
    found = inspection.inspect(torchvision_file)
    assert found.container == "safetensors"
    assert (found.layout, found.channels) == ("C_out, C_in, kH, kW", "RGB")
    assert found.preprocess == TORCHVISION
    assert found.layers == SHAPES


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_our_own_files(tmp_path, given, suffix, dtype):
    weights.save(tmp_path / f"w{suffix}", given, dtype)
    found = inspection.inspect(tmp_path / f"w{suffix}")
    assert found.container == suffix[1:]
    assert (found.layout, found.channels) == ("C_out, C_in, kH, kW", "RGB")
    assert (found.preprocess, found.source) == (given.preprocess, "made for a test")


def test_the_size_of_the_convolutions(keras_file, given):
    count = sum(layer.weight.size + layer.bias.size for layer in given.layers.values())
    assert inspection.inspect(keras_file).slim_size == 4 * count


@pytest.mark.parametrize("name", ["vgg19-{}.pth", "vgg16-x-{} (2).pth"])
def test_the_hash_in_a_name(keras_file, name):
    digest = hashlib.sha256(keras_file.read_bytes()).hexdigest()
    right = keras_file.rename(keras_file.with_name(name.format(digest[:8])))
    found = inspection.inspect(right)
    assert found.hash_agrees is True
    assert found.evidence[-1] == f"the SHA-256 begins with {digest[:8]}, as the name says"
    found = inspection.inspect(right.rename(right.with_name(name.format("00000000"))))
    assert found.hash_agrees is False
    assert "but the name says 00000000: it is broken, or another file" in found.evidence[-1]


def test_what_is_no_weight_file_is_said(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"hello" * 9)
    np.savez(tmp_path / "none.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="weights: .*w.pth"):
        inspection.inspect(tmp_path / "w.pth")
    with pytest.raises(ValueError, match="weights: .*none.npz"):
        inspection.inspect(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="no file at"):
        inspection.inspect(tmp_path / "missing.npz")


# -- by the layers --------------------------------------------------------------------------------


def shapes_of(network, end=None):
    shapes, channels = {}, 3
    for name in vgg_weights.layer_names(network)[:end]:
        width = vgg_weights.WIDTHS[int(name[4]) - 1]
        shapes[name] = (width, channels, 3, 3)
        channels = width
    return shapes


@pytest.mark.parametrize(
    ("network", "end", "said"),
    [
        *((network, None, network) for network in vgg_weights.NETWORKS),
        ("vgg19", 9, "vgg19 up to conv4_1"),  # AdaIN's encoder
        ("vgg16", 7, "vgg16/vgg19 up to conv3_3"),
        ("vgg19", 8, "vgg19 up to conv3_4"),
        ("vgg13", 1, "vgg11/vgg13/vgg16/vgg19 up to conv1_1"),
        ("vgg16", 8, "vgg16 up to conv4_1"),
    ],
)
def test_networks_are_told_by_their_layers(network, end, said):
    assert inspection.network_of(shapes_of(network, end)) == said


def test_networks_of_other_shapes_are_others():
    narrow = shapes_of("vgg19") | {"conv5_4": (256, 512, 3, 3)}
    assert inspection.network_of(narrow) == "other"
    assert inspection.network_of(shapes_of("vgg19") | {"conv1_1": (64, 3, 5, 5)}) == "other"
    gap = {name: shape for name, shape in shapes_of("vgg19").items() if name != "conv3_1"}
    assert inspection.network_of(gap) == "other"
    assert inspection.network_of(shapes_of("vgg19") | {"conv6_1": (512, 512, 3, 3)}) == "other"
    assert inspection.network_of(shapes_of("vgg19") | {"conv5_5": (512, 512, 3, 3)}) == "other"


def test_vgg19_has_the_layers_of_our_vgg():
    from nnscratch.style import vgg

    for network in ("vgg16", "vgg19"):
        assert vgg_weights.layer_names(network) == list(vgg.VGG(vgg.CONFIGS[network], rng=0).convs)


# -- by comparing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", inspection.LAYOUTS)
@pytest.mark.parametrize("channels", ["RGB", "BGR"])
@pytest.mark.parametrize("scaled", [False, True])
def test_layout_and_channels_are_found_by_comparing(given, layout, channels, scaled):
    stored = given.layers["conv1_1"].weight
    stored = stored if channels == "RGB" else stored[:, ::-1]
    if scaled:  # as where a norm was folded
        stored = stored * np.array([2, -3, 0.5, 1e-3], np.float32).reshape(4, 1, 1, 1)
    back = np.argsort(inspection.LAYOUTS[layout])
    arrays = {"x": np.zeros(3), "decoy": np.ones((4, 3, 3, 3)), "w": stored.transpose(back)}
    found = inspection._compare(Contents("npz", arrays), given)
    assert found[:2] == (layout, channels)
    assert found[2].startswith("w (")


def test_mirrored_kernels_are_not_taken_for_the_same(given):
    stored = given.layers["conv1_1"].weight.swapaxes(2, 3)
    found = inspection._compare(Contents("npz", {"w": stored}), given)
    assert found[:2] == ("unknown", "unknown")
    assert "no array agrees with conv1_1" in found[2]


def test_large_arrays_are_read_last():
    arrays = {"fc6/W": np.zeros(1), "conv1_1/W": np.zeros(1), "classifier.0.weight": np.zeros(1)}
    order = [key for key, _ in inspection._dense_last(Contents("npz", arrays))]
    assert order == ["conv1_1/W", "fc6/W", "classifier.0.weight"]


# -- conversion -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_conversion_keeps_the_convolutions_and_no_more(tmp_path, torchvision_file, suffix):
    out = tmp_path / f"slim{suffix}"
    made = inspection.convert(torchvision_file, out)
    before, after = weights.load(torchvision_file), weights.load(out)
    for name, layer in before.layers.items():
        np.testing.assert_array_equal(after.layers[name].weight, layer.weight)
        np.testing.assert_array_equal(after.layers[name].bias, layer.bias)
    assert after.preprocess == TORCHVISION
    assert made.size == out.stat().st_size < torchvision_file.stat().st_size / 2
    digest = hashlib.sha256(torchvision_file.read_bytes()).hexdigest()
    assert after.source == f"converted from vgg.safetensors, SHA-256 {digest}"


def test_no_folder_goes_into_the_file(tmp_path, keras_file):
    inspection.convert(keras_file, tmp_path / "slim.safetensors")
    assert str(tmp_path).encode() not in (tmp_path / "slim.safetensors").read_bytes()


def test_a_source_that_was_known_is_kept(tmp_path, given):
    weights.save(tmp_path / "a.npz", given)
    inspection.convert(tmp_path / "a.npz", tmp_path / "b.safetensors", "float16")
    assert weights.load(tmp_path / "b.safetensors").source == "made for a test"


def test_conversion_is_refused_before_any_work(tmp_path, keras_file):
    before = keras_file.read_bytes()
    with pytest.raises(ValueError, match="it is read as well"):
        inspection.convert(keras_file, keras_file)
    with pytest.raises(ValueError, match=r"ends in \.npz or \.safetensors"):
        inspection.convert(tmp_path / "missing", tmp_path / "out.pth")
    with pytest.raises(ValueError, match="create it first"):
        inspection.convert(tmp_path / "missing", tmp_path / "none" / "out.npz")
    assert keras_file.read_bytes() == before


def test_what_cannot_be_converted_leaves_the_earlier_file(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"hello" * 9)
    (tmp_path / "out.npz").write_bytes(b"earlier")
    with pytest.raises(ValueError, match="weights: "):
        inspection.convert(tmp_path / "w.pth", tmp_path / "out.npz")
    assert (tmp_path / "out.npz").read_bytes() == b"earlier"
