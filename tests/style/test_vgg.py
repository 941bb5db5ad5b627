"""VGG: names, features against nested definitions and PyTorch, missing layers."""

from pathlib import Path

import numpy as np
import pytest

import nnscratch.functional as F
from nnscratch import Tensor, nn
from nnscratch.data import PICTURES
from nnscratch.style import vgg
from nnscratch.weights import Preprocess, fetching
from nnscratch.weights import load as load_weights
from nnscratch.weights.vgg_weights import CAFFE


def test_vgg19_is_built_from_numbers_and_m():
    network = vgg.VGG(vgg.CONFIGS["vgg19"], rng=0)
    convs = list(network.convs)
    assert len(convs) == 16
    assert convs[:3] == ["conv1_1", "conv1_2", "conv2_1"]
    assert convs[-1] == "conv5_4"
    assert list(network.layers)[:5] == ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1"]
    assert list(network.layers)[-1] == "pool5"
    assert sum(p.size for p in network.parameters()) == 20_024_384
    sixteen = vgg.VGG(vgg.CONFIGS["vgg16"], rng=0)
    assert sum(p.size for p in sixteen.parameters()) == 14_714_688


def test_receptive_fields_of_vgg19():
    table = nn.summary(vgg.VGG(vgg.CONFIGS["vgg19"], rng=0), (1, 3, 224, 224))
    seen = {row.name.removeprefix("layers."): row.receptive_field for row in table.rows}
    expected = {"conv1_1": 3, "pool1": 6, "conv3_4": 48, "conv4_2": 84, "conv5_1": 156}
    assert {name: seen[name][0] for name in expected} == expected


def test_features_equal_the_layers_one_by_one(keras_file):
    network = vgg.load(keras_file)
    given = load_weights(keras_file)
    images = np.random.default_rng(1).random((2, 3, 9, 10)).astype(np.float32)
    mean = np.array([123.68, 116.779, 103.939], np.float32).reshape(1, 3, 1, 1)
    x = Tensor(images * 255 - mean)
    expected = {}
    for name in ("conv1_1", "conv1_2", "conv2_1"):
        layer = given.layers[name]
        x = F.max_pool2d(x, 2) if name == "conv2_1" else x
        x = expected[name] = F.conv2d(x, layer.weight, layer.bias, padding=1)
        x = expected[name.replace("conv", "relu")] = F.relu(x)
    found = network.features(images, expected)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].numpy(), value.numpy(), rtol=1e-4, atol=1e-3)


def test_conv_features_are_before_the_relu(keras_file):
    found = vgg.load(keras_file).features(
        np.full((1, 3, 8, 8), 0.4, np.float32), ["conv1_1", "relu1_1"]
    )
    assert found["conv1_1"].numpy().min() < 0
    np.testing.assert_array_equal(found["relu1_1"].numpy(), np.maximum(found["conv1_1"].numpy(), 0))


def test_what_was_fetched_goes_by_its_name(tmp_path, monkeypatch, keras_file):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "cache")
    for name in ("vgg19", "vgg11_bn"):
        with pytest.raises(ValueError, match=f"has not been fetched.*weights fetch {name}$"):
            vgg.load(name)
    (tmp_path / "cache").mkdir()
    keras_file.rename(tmp_path / "cache" / fetching.FILES["vgg19"])
    assert list(vgg.load("vgg19").convs) == ["conv1_1", "conv1_2", "conv2_1"]
    for path in ("./vgg19", Path("vgg19")):
        with pytest.raises(ValueError, match="no file at 'vgg19'"):
            vgg.load(path)
    Path("vgg19").write_text("not weights, but here")
    with pytest.raises(ValueError, match="'vgg19' is not a weight file"):
        vgg.load("vgg19")


def test_nothing_is_computed_beyond_the_last_layer_asked(keras_file):
    network = vgg.load(keras_file)
    ran = []
    for name, layer in network.layers.items():
        layer.forward = lambda x, name=name, forward=layer.forward: (ran.append(name), forward(x))[
            1
        ]
    network.features(np.zeros((1, 3, 8, 8), np.float32), ["relu1_1"])
    assert ran == ["conv1_1", "relu1_1"]


def test_a_layer_that_the_file_lacks_raises_only_when_asked(keras_file):
    network = vgg.load(keras_file)
    with pytest.raises(ValueError, match="no layer 'relu4_2'; it holds conv1_1, conv1_2, pool1"):
        network.features(np.zeros((1, 3, 8, 8), np.float32), ["relu4_2"])


def test_weights_are_frozen_and_images_are_not(keras_file):
    network = vgg.load(keras_file)
    images = Tensor(np.full((1, 3, 8, 8), 0.5, np.float32), requires_grad=True)
    network.features(images, ["relu2_1"])["relu2_1"].sum().backward()
    assert images.grad is not None
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 1, 8, 8), (1, 4, 8, 8)])
def test_images_of_another_shape_are_refused(keras_file, shape):
    with pytest.raises(ValueError, match=r"expected images \(N, 3, H, W\)"):
        vgg.load(keras_file).features(np.zeros(shape, np.float32), ["relu1_1"])


@pytest.mark.parametrize("option", ["pooling", "padding", "ndim"])
def test_unknown_choices_are_listed(option):
    with pytest.raises(ValueError, match=f"expected {option} in"):
        vgg.VGG((4, "M"), **{option: "median"})


# -- borders --------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", [p for p in vgg.PADDINGS if p != "mirror"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_padding_borders_each_convolution_as_numpy_would(padding, ndim):
    size = (7, 6, 5)[:ndim]
    network = vgg.VGG((2, 3), None, padding=padding, rng=0, ndim=ndim, channels=2).freeze()
    images = np.random.default_rng(0).random((1, 2, *size))
    x = images
    for conv in network.to(np.float64).convs.values():
        wide = np.pad(x, ((0, 0), (0, 0), *((1, 1),) * ndim), padding)
        x = np.zeros((1, len(conv.weight), *size))
        for offset in np.ndindex((3,) * ndim):
            seen = wide[(..., *(slice(o, o + n) for o, n in zip(offset, size, strict=True)))]
            weight = conv.weight.numpy()[(..., *offset)]  # (C_out, C_in)
            x += np.moveaxis(np.tensordot(weight, seen, (1, 1)), 0, 1)
        x = np.maximum(x + conv.bias.numpy().reshape(1, -1, *(1,) * ndim), 0)
    found = network.features(images, ["relu1_2"])["relu1_2"].numpy()
    np.testing.assert_allclose(found, x, rtol=1e-10, atol=1e-12)


def rolled(padding, pooling, shift, layers):
    """The worst difference between features of a rolled picture and rolled features."""
    network = vgg.VGG((4, 5, "M", 6), pooling=pooling, padding=padding, rng=0).to(np.float64)
    images = np.random.default_rng(0).random((1, 3, 8, 12))
    moved = network.freeze().features(np.roll(images, shift, (2, 3)), layers)
    errors = []
    for name, found in network.features(images, layers).items():
        factor = 8 // found.shape[2]
        expected = np.roll(found.numpy(), [s // factor for s in shift], (2, 3))
        errors.append(np.abs(moved[name].numpy() - expected).max() / np.abs(expected).max())
    return max(errors)


@pytest.mark.parametrize("shift", [(1, 0), (3, -5), (4, 6)])
def test_wrap_knows_no_border(shift):
    """A rolled picture has rolled features: what is made with wrap can be tiled."""
    assert rolled("wrap", "max", shift, ["conv1_1", "relu1_1", "conv1_2"]) < 1e-12


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_mirror_continues_the_picture_and_drops_what_lies_beyond(ndim):
    size = (23, 18, 13)[:ndim]
    config = (2, "M", 3)
    network = vgg.VGG(config, None, padding="mirror", rng=0, ndim=ndim, channels=2).freeze()
    plain = vgg.VGG(config, None, rng=0, ndim=ndim, channels=2).freeze()
    images = np.random.default_rng(0).random((1, 2, *size), np.float32)
    wide = np.pad(images, ((0, 0), (0, 0), *((8, 8 + n % 2) for n in size)), "reflect")
    for layer, stride in (("relu1_1", 1), ("relu2_1", 2)):
        inside = (..., *(slice(8 // stride, 8 // stride + -(-n // stride)) for n in size))
        found = network.features(images, ["relu1_1", "relu2_1"])[layer].numpy()
        expected = plain.features(wide, [layer])[layer].numpy()[inside]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_mirror_takes_pictures_smaller_than_its_margin():
    network = vgg.VGG((2, "M", 3), padding="mirror", rng=0).freeze()
    image = np.random.default_rng(0).random((1, 3, 3, 2), np.float32)
    assert network.features(image, ["relu2_1"])["relu2_1"].shape == (1, 3, 2, 1)


@pytest.mark.parametrize("pooling", vgg.POOLINGS)
def test_wrap_knows_no_border_behind_a_pooling_for_rolls_by_its_steps(pooling):
    assert rolled("wrap", pooling, (2, -4), ["pool1", "conv2_1"]) < 1e-12
    assert rolled("wrap", pooling, (1, 0), ["pool1"]) > 0.01


@pytest.mark.parametrize("padding", [p for p in vgg.PADDINGS if p != "wrap"])
def test_other_paddings_know_the_border(padding):
    assert rolled(padding, "max", (3, -5), ["conv1_2"]) > 0.01


def test_poolings_differ_as_they_should():
    images = np.random.default_rng(0).random((1, 3, 4, 4)).astype(np.float32)
    found = {}
    for pooling in vgg.POOLINGS:
        network = vgg.VGG((4, "M"), pooling=pooling, rng=0).freeze()
        both = network.features(images, ["relu1_1", "pool1"])
        fours = both["relu1_1"].numpy().reshape(1, 4, 2, 2, 2, 2)
        found[pooling] = both["pool1"].numpy()
        np.testing.assert_allclose(
            found[pooling], (np.max if pooling == "max" else np.mean)(fours, (3, 5)), rtol=1e-6
        )
    assert np.abs(found["max"] - found["avg"]).max() > 0.01


# -- signals and volumes --------------------------------------------------------------------------


@pytest.mark.parametrize("ndim, channels, size", [(1, 1, (16,)), (1, 2, (17,)), (3, 1, (8, 9, 4))])
@pytest.mark.parametrize("pooling", vgg.POOLINGS)
def test_networks_for_signals_and_volumes(ndim, channels, size, pooling):
    network = vgg.VGG((4, "M", 6), None, pooling, "wrap", 0, ndim, channels).freeze()
    given = np.random.default_rng(0).random((2, channels, *size)).astype(np.float32)
    found = network.features(given, ["relu1_1", "pool1", "conv2_1"])
    assert found["relu1_1"].shape == (2, 4, *size)
    assert found["conv2_1"].shape == (2, 6, *(n // 2 for n in size))
    assert list(network.convs) == ["conv1_1", "conv2_1"]


def test_a_network_for_signals_refuses_pictures_and_short_signals():
    network = vgg.VGG((4, "M", 6), None, ndim=1, channels=1, rng=0)
    with pytest.raises(ValueError, match=r"expected signals \(N, 1, L\), got shape \(1, 3, 8, 8\)"):
        network.features(np.zeros((1, 3, 8, 8), np.float32), ["relu1_1"])
    with pytest.raises(ValueError, match="images of 1 pixels are too small for conv2_1"):
        network.features(np.zeros((1, 1, 1), np.float32), ["conv2_1"])
    with pytest.raises(ValueError, match="expected 3 channels, as in pixels, got 1"):
        vgg.VGG((4,), channels=1)


def test_random_networks_average_one_on_what_they_are_for():
    samples = np.random.default_rng(0).standard_normal((2, 1, 256)).astype(np.float32)
    network = vgg.random((8, 8, "M", 12), samples)
    for name, features in network.features(samples, ["relu1_1", "relu1_2", "relu2_1"]).items():
        assert features.dtype == np.float32
        np.testing.assert_allclose(features.numpy().mean((0, 2)), 1, atol=2e-3, err_msg=name)
    assert all(not p.requires_grad for p in network.parameters())
    silent = vgg.random((8,), np.zeros((1, 1, 9), np.float32)).features(samples, ["relu1_1"])
    assert np.isfinite(silent["relu1_1"].numpy()).all()


def test_other_pixels_are_the_same_layers():
    network = vgg.VGG((4,), rng=0)
    half = network.with_pixels(Preprocess(127.5, CAFFE.mean, CAFFE.std))
    image = np.random.default_rng(0).random((1, 3, 6, 6)).astype(np.float32)
    found, expected = (
        n.features(x, ["conv1_1"])["conv1_1"].numpy()
        for n, x in ((half, 2 * image), (network, image))
    )
    np.testing.assert_array_equal(found, expected)
    assert network.preprocess is CAFFE


def test_the_built_in_network_is_small_frozen_and_holds_no_silent_layer():
    network = vgg.load("builtin")
    count = sum(p.numpy().size for p in network.parameters())
    assert 250_000 <= count <= 650_000
    assert vgg.BUILTIN_FILE.stat().st_size < 2_000_000
    assert not any(p.requires_grad for p in network.parameters())
    assert (network.padding, network.preprocess) == ("mirror", CAFFE)
    pictures = np.stack([draw(64) for draw in PICTURES.values()])
    relus = [name for name in network.layers if name.startswith("relu")]
    assert relus == [f"relu{b}_{i}" for b, n in ((1, 2), (2, 2), (3, 4)) for i in range(1, n + 1)]
    for name, features in network.features(pictures, relus).items():
        assert (features.numpy().mean((0, 2, 3)) > 0).mean() > 0.9, name


@pytest.mark.parametrize("change", ["move", "write"])
def test_each_built_in_network_is_of_its_own(change):
    image = PICTURES["landscape"](16)[None]
    one, other = vgg.load("builtin"), vgg.load("builtin")
    before = other.features(image, ["relu3_4"])["relu3_4"].numpy().copy()
    if change == "move":
        one.to(np.float64)
    else:
        one.convs["conv1_1"].weight.data[...] = 0
    for network in (other, vgg.load("builtin")):
        after = network.features(image, ["relu3_4"])["relu3_4"].numpy()
        assert after.dtype == np.float32
        np.testing.assert_array_equal(after, before)


def test_the_built_in_network_is_credited():
    assert "Simonyan and Zisserman" in load_weights(vgg.BUILTIN_FILE).source


@pytest.mark.torch
@pytest.mark.real_data
def test_real_features_agree_with_pytorch(real_data):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    path = real_data / "vgg" / "vgg19_keras_block1_3.npz"
    network, raw = vgg.load(path), np.load(path)
    image = PICTURES["landscape"](96)
    names = [name for name in network.layers if name.startswith(("conv", "pool"))]
    found = network.features(image[None], names)
    mean = torch.tensor([103.939, 116.779, 123.68]).reshape(1, 3, 1, 1)
    x = torch.tensor(image[None]).flip(1) * 255 - mean
    for name in network.layers:
        if name.startswith("relu"):
            x = torch.relu(x)
            continue
        if name.startswith("pool"):
            x = torch.nn.functional.max_pool2d(x, 2)
        else:
            key = f"block{name[4]}_conv{name[6]}"
            weight = torch.tensor(raw[f"{key}/kernel"]).permute(3, 2, 0, 1)
            x = torch.nn.functional.conv2d(x, weight, torch.tensor(raw[f"{key}/bias"]), padding=1)
        error = np.abs(found[name].numpy() - x.numpy()).max() / np.abs(x.numpy()).max()
        assert error < 1e-5, name
