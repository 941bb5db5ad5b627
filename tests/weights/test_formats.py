"""One small VGG in every format, by the library that writes it: the same tensors and features.

Its conv1_1 has the numbers of VGG-19's, so that all files of it mean the same pixels. What only
PyTorch or h5py can write is left out where they are missing.
"""

import functools
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import weights.makers as makers
from safetensors.numpy import save_file
from scipy.io import savemat

from nnscratch import weights
from nnscratch.style import vgg
from nnscratch.weights import LayerWeights, VGGWeights, channels
from nnscratch.weights.vgg_weights import CAFFE, TORCHVISION

LAYERS = ("conv1_1", "relu1_2", "pool1", "relu2_1")


@pytest.fixture
def network(small_vgg):
    return makers.marked(small_vgg, channels.PUBLISHED[0])


# -- writers --------------------------------------------------------------------------------------


def own(path, network):
    layers = {name: LayerWeights(*pair) for name, pair in network.items()}
    weights.save(path, VGGWeights(layers, CAFFE, "made for a test"))


def npz(make):
    return lambda path, network: np.savez(path, **make(network))


def safetensors(make):
    return lambda path, network: save_file(make(network), path)


def torch_file(make, legacy=False, protocol=2, within=None):
    """Written by PyTorch."""

    def write(path, network):
        torch = pytest.importorskip("torch", reason="without PyTorch nobody writes its files")
        arrays = {key: np.ascontiguousarray(array) for key, array in make(network).items()}
        state = OrderedDict((key, torch.from_numpy(array)) for key, array in arrays.items())
        kept = state if within is None else {within: state, "epoch": 3}
        options = {"_use_new_zipfile_serialization": not legacy, "pickle_protocol": protocol}
        torch.save(kept, path, **options)

    return write


def torch_safetensors(path, network):
    pytest.importorskip("torch", reason="without PyTorch nobody writes its files")
    from safetensors.torch import save_file as save
    from torch import from_numpy

    save({key: from_numpy(array.copy()) for key, array in makers.timm(network).items()}, path)


def torch_network(path, network):
    """A PyTorch Module, which decides the names."""
    torch = pytest.importorskip("torch", reason="without PyTorch nobody writes its files")
    from torch import nn

    convs = [nn.Conv2d(*pair[0].shape[1::-1], 3, padding=1) for pair in network.values()]
    relu, pool = nn.ReLU(), nn.MaxPool2d(2)
    whole = nn.Module()
    whole.features = nn.Sequential(convs[0], relu, convs[1], relu, pool, convs[2], relu)
    whole.classifier = nn.Sequential(nn.Linear(6, 4), relu, nn.Dropout(), nn.Linear(4, 2))
    for conv, (weight, bias) in zip(convs, network.values(), strict=True):
        conv.weight.data = torch.from_numpy(weight)
        conv.bias.data = torch.from_numpy(bias)
    torch.save(whole.state_dict(), path)


def h5(names):
    """Written by h5py, kernels in Keras's order."""

    def write(path, network):
        h5py = pytest.importorskip("h5py", reason="without h5py nobody writes its files")
        with h5py.File(path, "w") as file:
            for key, array in makers.keras(network).items():
                layer, _, kind = key.partition("/")
                place = {"kernel": 0, "bias": 1}[kind]
                file[names.format(layer=layer, kind=kind, place=place)] = array

    return write


def mat(release, packed):
    """Written by SciPy."""
    return lambda path, network: savemat(
        path, makers.matconvnet(network, release), do_compression=packed
    )


FORMATS = {
    "our .npz": (own, "w.npz"),
    "our .safetensors": (own, "w.safetensors"),
    "Frossard": (npz(makers.frossard), "vgg16_weights.npz"),
    "Chainer": (npz(makers.chainer), "VGG_ILSVRC_19_layers.npz"),
    "Keras' arrays": (npz(makers.keras), "w.npz"),
    "timm": (safetensors(makers.timm), "model.safetensors"),
    "timm by PyTorch": (torch_safetensors, "model.safetensors"),
    "torchvision": (torch_network, "vgg.pth"),
    "torchvision, a stream": (torch_file(makers.torchvision, legacy=True), "vgg.pth"),
    "jcjohnson": (torch_file(makers.jcjohnson, legacy=True), "vgg19-d01eb7cb.pth"),
    "jcjohnson, a zip": (torch_file(makers.jcjohnson), "vgg.pt"),
    "Gatys": (torch_file(makers.gatys, legacy=True), "vgg_conv.pth"),
    "Gatys, protocol 4": (torch_file(makers.gatys, protocol=4), "vgg_conv.pth"),
    "within a checkpoint": (torch_file(makers.torchvision, within="state_dict"), "best.ckpt"),
    "AdaIN": (torch_file(makers.adain, legacy=True), "vgg_normalised.pth"),
    "Keras 1": (h5("{layer}/{layer}_{kind}:0"), "w.h5"),
    "Keras 2": (h5("{layer}/{layer}/{kind}:0"), "w.h5"),
    "a model of Keras 2": (h5("model_weights/{layer}/{layer}/{kind}:0"), "model.h5"),
    "Keras 3": (h5("layers/{layer}/vars/{place}"), "w.weights.h5"),
    **{
        f"MatConvNet, {release}, {'packed' if packed else 'plain'}": (mat(release, packed), "w.mat")
        for release in ("first", "old", "new")
        for packed in (True, False)
    },
}


@functools.cache
def images():
    return np.random.default_rng(5).random((2, 3, 11, 14), np.float32)


def features(network):
    found = network.features(images(), LAYERS)
    return {name: found[name].numpy() for name in LAYERS}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_tensors_and_features(tmp_path, network, kind, monkeypatch):
    write, name = FORMATS[kind]
    write(tmp_path / name, network)
    for forbidden in ("Unpickler", "load", "loads"):
        monkeypatch.setattr(pickle, forbidden, None)
    loaded = weights.load(tmp_path / name)
    assert loaded.preprocess == CAFFE
    assert list(loaded.layers) == list(network)
    for layer, pair in network.items():
        for found, expected in zip(vars(loaded.layers[layer]).values(), pair, strict=True):
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found, expected)
    layers = {layer: LayerWeights(*pair) for layer, pair in network.items()}
    expected = features(vgg.VGG.from_weights(VGGWeights(layers, CAFFE, "")))
    for layer, values in features(vgg.load(tmp_path / name)).items():
        np.testing.assert_array_equal(values, expected[layer])


@pytest.mark.parametrize("legacy", [True, False])
def test_batch_norms_by_pytorch_itself_are_folded(tmp_path, network, legacy):
    """Compared with PyTorch's forward pass in eval mode, up to rounding."""
    torch = pytest.importorskip("torch", reason="without PyTorch nobody writes its files")
    from torch import nn

    torch.manual_seed(0)
    convs = [nn.Conv2d(*pair[0].shape[1::-1], 3, padding=1) for pair in network.values()]
    norms = [nn.BatchNorm2d(conv.out_channels) for conv in convs]
    relu, steps = nn.ReLU(), []
    for i, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
        steps += [nn.MaxPool2d(2)] * (i == 2) + [conv, norm, relu]
        for value in (norm.weight, norm.bias, norm.running_mean):
            nn.init.uniform_(value, 0.5, 1.5)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    whole = nn.Module()
    whole.features = nn.Sequential(*steps).eval()
    torch.save(whole.state_dict(), tmp_path / "a", _use_new_zipfile_serialization=not legacy)
    mean, std = (np.float32(x).reshape(3, 1, 1) for x in (TORCHVISION.mean, TORCHVISION.std))
    with torch.no_grad():
        expected = whole.features(torch.from_numpy((images() - mean) / std)).numpy()
    found = vgg.load(tmp_path / "a").features(images(), ["relu2_1"])["relu2_1"].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_wrong_order_of_channels_would_show(tmp_path, network):
    """The control: with red and blue exchanged, the features differ."""
    own(tmp_path / "w.npz", network)
    right, wrong = (
        vgg.VGG.from_weights(weights.load(tmp_path / "w.npz", c)) for c in ("RGB", "BGR")
    )
    assert np.abs(features(right)["conv1_1"] - features(wrong)["conv1_1"]).max() > 1
