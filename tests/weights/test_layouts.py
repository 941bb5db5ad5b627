"""One small VGG in every layout becomes the same network; other contents are refused."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from weights.makers import (
    NUMBERS,
    SHIFT,
    adain,
    amdegroot,
    bgr,
    chainer,
    frossard,
    gatys,
    jcjohnson,
    keras,
    keyed,
    marked,
    numbered,
    timm,
    torchvision,
    with_norms,
)

from nnscratch.weights import channels, layouts
from nnscratch.weights.loading import open_contents
from nnscratch.weights.readers.contents import Contents
from nnscratch.weights.vgg_weights import (
    CAFFE,
    NETWORKS,
    TORCHVISION,
    WIDTHS,
    LayerWeights,
    Preprocess,
    VGGWeights,
    layer_names,
    save,
)


def within(prefix, arrays):
    return {prefix + key: array for key, array in arrays.items()}


def tensorflow(vgg):
    def form(name, i):
        return f"vgg_19/conv{name[4]}/{name}/{('weights', 'biases')[i]}:0"

    return keyed(vgg, form, "HWIO")


def slices(vgg):
    """As in perceptual losses: numbers continue from slice to slice."""
    return {
        f"net.slice{1 + (i > 3)}.{key}": array
        for i, (key, array) in enumerate(numbered(vgg, NUMBERS, "").items())
    }


LAYOUTS = {
    "Keras": (keras, CAFFE),
    "Keras with :0": (lambda vgg: keras(vgg, ":0"), CAFFE),
    "Gatys": (gatys, CAFFE),
    "Gatys within": (lambda vgg: within("net.vgg.", gatys(vgg)), CAFFE),
    "Frossard": (frossard, CAFFE),
    "Chainer": (chainer, CAFFE),
    "TensorFlow": (tensorflow, CAFFE),
    "Chainer with _": (lambda vgg: chainer(vgg, "_"), CAFFE),
    "torchvision": (torchvision, TORCHVISION),
    "in parallel": (lambda vgg: numbered(vgg, NUMBERS, "module.features."), TORCHVISION),
    "in slices": (slices, TORCHVISION),
    "torchvision's features alone": (lambda vgg: numbered(vgg, NUMBERS, ""), TORCHVISION),
    "timm": (timm, TORCHVISION),
    "amdegroot": (amdegroot, channels.AMDEGROOT),
    "jcjohnson": (jcjohnson, CAFFE),
    "torchvision with norms": (with_norms, TORCHVISION),
    "AdaIN": (adain, CAFFE),
}
ROUNDED = ("torchvision with norms",)


def npz(path, arrays):
    np.savez(path, **arrays)
    with np.load(path) as file:
        return Contents("npz", {key: file[key] for key in file.files})


def safetensors(path, arrays):
    save_file(arrays, path)
    return Contents("safetensors", load_file(path))


def read(arrays, order=None, pixels=None):
    return layouts.interpret(Contents("npz", arrays), "net", order, pixels)


@pytest.mark.parametrize("write", [npz, safetensors])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_becomes_the_same_network(tmp_path, small_vgg, layout, write):
    make, wants = LAYOUTS[layout]
    loaded, evidence = layouts.interpret(write(tmp_path / "net.npz", make(small_vgg)), "net")
    assert list(loaded.layers) == list(small_vgg)
    assert loaded.preprocess == wants
    for name, pair in small_vgg.items():
        for found, expected in zip(vars(loaded.layers[name]).values(), pair, strict=True):
            assert found.dtype == np.float32
            assert found.flags.c_contiguous
            tolerance = 1e-5 if layout in ROUNDED else 0
            np.testing.assert_allclose(found, expected, tolerance, tolerance)
    assert any(line.startswith("names as ") for line in evidence)
    assert any("RGB" in line or "BGR" in line for line in evidence)
    assert any(line.startswith("takes RGB in [0, 1] times") for line in evidence)


@pytest.mark.parametrize("counts", [(1, 1, 2, 2, 2), (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)])
@pytest.mark.parametrize("norms", [False, True])
def test_numbers_of_real_networks_get_their_names(counts, norms):
    """VGG-11, -16 and -19, with norms and without; a norm adds one to each step."""
    step, number, numbers = 2 + norms, 0, []
    for count in counts:
        numbers += range(number, number + step * count, step)
        number += step * count + 1
    pairs = {n: (np.zeros((4, 3 if n == 0 else 4, 3, 3)), np.zeros(4)) for n in numbers}
    expected = [f"conv{b}_{i}" for b, n in enumerate(counts, 1) for i in range(1, n + 1)]
    assert list(layouts._name_by_gaps(pairs, step)) == expected
    if counts == (2, 2, 4, 4, 4) and not norms:
        assert numbers == [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]


# -- the numbers of conv1_1 -----------------------------------------------------------------------


@pytest.mark.parametrize("known", channels.PUBLISHED, ids=lambda known: known.name)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("change", [dict, bgr])
def test_the_numbers_tell_channels_and_pixels_whatever_the_names(small_vgg, known, dtype, change):
    vgg = marked(small_vgg, known)
    for make in (numbered, torchvision, jcjohnson, gatys, keras, frossard, chainer):
        arrays = {key: array.astype(dtype) for key, array in make(change(vgg)).items()}
        loaded, evidence = read(arrays)
        expected = vgg["conv1_1"][0].astype(dtype).astype(np.float32)
        np.testing.assert_array_equal(loaded.layers["conv1_1"].weight, expected)
        assert loaded.preprocess == known.preprocess
        assert any(f"has the numbers of the {known.name}: " in line for line in evidence)


def test_the_printed_first_filter_of_torchvisions_vgg19_is_recognised(small_vgg):
    """features.0.weight[0], as PyTorch prints it."""
    weight = small_vgg["conv1_1"][0].copy()
    weight[0] = [
        [
            [-0.053474, -0.049257, -0.067942],
            [0.015314, 0.045068, 0.0021444],
            [0.036226, 0.02, 0.02],
        ],
        [[0.017015, 0.055403, -0.0062293], [0.14165, 0.22705, 0.13758], [0.12, 0.2003, 0.092114]],
        [[-0.044885, 0.01268, -0.014497], [0.059742, 0.13955, 0.054102], [-0.001, 0.0583, -0.0297]],
    ]
    vgg = small_vgg | {"conv1_1": (weight, small_vgg["conv1_1"][1])}
    loaded, evidence = read(keras(vgg))
    assert loaded.preprocess == TORCHVISION
    assert "the numbers of the torchvision's VGG-19: channels in BGR" in " ".join(evidence)


def test_torchvisions_names_with_caffes_numbers_are_caffes(small_vgg):
    """jcjohnson's files without their heads have torchvision's names."""
    vgg = marked(small_vgg, channels.PUBLISHED[0])
    loaded, evidence = read(numbered(bgr(vgg)))
    assert loaded.preprocess == CAFFE
    assert "channels in BGR" in " ".join(evidence)
    _, evidence = read(numbered(small_vgg))
    assert "of an unknown network; channels taken as RGB" in " ".join(evidence)


def test_a_head_that_begins_with_dropout_is_not_yet_jcjohnsons(small_vgg):
    head = {f"classifier.{i}.weight": np.zeros((2, 2), np.float32) for i in (1, 4)}
    loaded, _ = read(numbered(small_vgg) | head)
    assert loaded.preprocess == TORCHVISION


@pytest.mark.parametrize("turn", ["swapped", "turned"])
def test_mirrored_kernels_are_refused(small_vgg, turn):
    vgg = marked(small_vgg, channels.PUBLISHED[0])
    weight, bias = vgg["conv1_1"]
    turned = weight.swapaxes(2, 3) if turn == "swapped" else weight[:, :, ::-1, ::-1]
    for make in (keras, gatys, frossard):
        with pytest.raises(ValueError, match="VGG-19 .* mirrored .*convert it again"):
            read(make(vgg | {"conv1_1": (turned, bias)}))


@pytest.mark.real_data
def test_the_real_first_layer_is_recognised(real_data):
    with np.load(real_data / "vgg" / "vgg19_keras_block1_3.npz") as file:
        loaded, evidence = layouts.interpret(Contents("npz", file), "real")
    assert "VGG-19 of Simonyan and Zisserman: channels in BGR" in " ".join(evidence)
    first = loaded.layers["conv1_1"]
    np.testing.assert_allclose(
        first.bias[:4], [0.73017758, 0.06493629, 0.03428847, 0.8260386], 1e-6
    )
    assert len(loaded.layers) == 8


# -- layers that are counted ----------------------------------------------------------------------


def counted(network, start="layers/"):
    """A whole network as Keras 3 saves it; the arrays are broadcast views without memory."""
    arrays, inputs, n = {}, 3, 0
    for width, count in zip(WIDTHS, NETWORKS[network], strict=True):
        for _ in range(count):
            key = f"{start}conv2d{f'_{n}' if n else ''}/vars/"
            arrays[f"{key}0"] = np.broadcast_to(np.float32(0.1 * n), (3, 3, inputs, width))
            arrays[f"{key}1"] = np.broadcast_to(np.float32(n), width)
            inputs, n = width, n + 1
    return dict(sorted(arrays.items()))  # conv2d_10 before conv2d_2


@pytest.mark.parametrize("start", ["layers/", "layers/functional/layers/"])
def test_layers_that_keras_numbers_are_told_by_their_channels(start):
    loaded, evidence = read(counted("vgg16", start) | {"layers/dense/vars/0": np.zeros((2, 2))})
    assert list(loaded.layers) == layer_names("vgg16")
    assert [layer.bias[0] for layer in loaded.layers.values()] == list(range(13))
    assert loaded.preprocess == CAFFE
    assert "told by their number and their channels" in " ".join(evidence)


def test_numbered_layers_of_a_part_are_refused_with_the_way_out():
    arrays = counted("vgg16")
    del arrays["layers/conv2d_12/vars/0"], arrays["layers/conv2d_12/vars/1"]
    with pytest.raises(ValueError, match="expected a whole vgg11, .*got 12 conv.*numpy.savez"):
        read(arrays)
    with pytest.raises(ValueError, match="holds both .* of two networks"):
        read(counted("vgg11") | counted("vgg11", "layers/functional/layers/"))


# -- what the caller knows better -----------------------------------------------------------------


def test_the_caller_may_know_better(small_vgg):
    loaded, evidence = read(torchvision(bgr(small_vgg)), "BGR", "caffe")
    assert loaded.preprocess == CAFFE
    for name, (weight, _) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)
    assert "you said that its first layer takes BGR" in evidence
    assert "you said that it takes pixels as caffe" in evidence
    assert read(with_norms(small_vgg), pixels="plain")[0].preprocess == channels.PLAIN
    loaded, evidence = read(keras(small_vgg), "BGR", "caffe")  # as it is found anyway
    assert not any("you said" in line for line in evidence)


@pytest.mark.parametrize("word", ["order", "pixels"])
def test_what_nobody_can_know_is_refused(small_vgg, word):
    with pytest.raises(ValueError, match=r"weights: expected .* in \(.*\), got 'GBR'"):
        read(torchvision(small_vgg), **{word: "GBR"})


# -- one by one -----------------------------------------------------------------------------------


def test_our_own_card_comes_first(tmp_path, small_vgg):
    wants = Preprocess(2.0, (0.1, 0.2, 0.3), (1.0, 2.0, 4.0))
    layers = {name: LayerWeights(*pair) for name, pair in small_vgg.items()}
    save(tmp_path / "own.npz", VGGWeights(layers, wants, "made for a test"))
    contents = open_contents(tmp_path / "own.npz")
    loaded, evidence = layouts.interpret(contents, "own.npz")
    assert loaded.preprocess == wants
    assert "our own card" in evidence[0]
    assert contents.card["kind"] == "vgg"
    earlier = Contents("npz", contents.arrays, card={**contents.card, "kind": "vgg"})
    earlier.card.pop("kind")  # files of before the kinds
    assert layouts.interpret(earlier, "own.npz")[0].preprocess == wants


def test_a_mixing_layer_in_front_keeps_its_meaning(small_vgg):
    """conv1_1(A·x + b) is preserved, also at zero padding, for any invertible A."""
    rng = np.random.default_rng(2)
    matrix, shift = rng.standard_normal((3, 3)), rng.standard_normal(3)
    arrays = adain(small_vgg) | {"0.weight": matrix[:, :, None, None], "0.bias": shift}
    loaded, _ = read(arrays)
    image = rng.random((3, 3, 3))  # C, H, W: one position of conv1_1
    wants = loaded.preprocess
    mean, std = (np.array(v)[:, None, None] for v in (wants.mean, wants.std))
    inner = (image * wants.scale - mean) / std
    inner[:, 0] = 0  # the border
    found = np.einsum("ochw,chw->o", loaded.layers["conv1_1"].weight, inner)
    mixed = np.einsum("dc,chw->dhw", matrix, image) + shift[:, None, None]
    mixed[:, 0] = 0
    expected = np.einsum("ochw,chw->o", bgr(small_vgg)["conv1_1"][0], mixed)
    np.testing.assert_allclose(found, expected, 1e-5, 1e-5)


def test_the_mean_colour_in_a_file_says_the_order(small_vgg):
    arrays = keyed(bgr(small_vgg), lambda n, i: f"{n}/{('filters', 'biases')[i]}", "HWIO")
    arrays["averageImage"] = np.tile(-SHIFT, (2, 2, 1))
    loaded, evidence = read(arrays)
    np.testing.assert_array_equal(loaded.layers["conv1_1"].weight, small_vgg["conv1_1"][0])
    assert loaded.preprocess == CAFFE
    assert "pictures in BGR" in " ".join(evidence)


def test_a_first_layer_of_three_channels_is_told_by_a_later_one():
    rng = np.random.default_rng(0)
    vgg = {}
    for name, out in (("conv1_1", 3), ("conv1_2", 3), ("conv2_1", 6)):
        vgg[name] = (rng.random((out, 3, 3, 3), np.float32), np.zeros(out, np.float32))
    for make in (frossard, chainer):
        loaded, _ = read(make(vgg))
        np.testing.assert_array_equal(loaded.layers["conv1_1"].weight, vgg["conv1_1"][0])
    with pytest.raises(ValueError, match="HWIO as well as OIHW"):
        read(frossard({"conv1_1": vgg["conv1_1"]}))


# -- refused --------------------------------------------------------------------------------------


def layers(*blocks):
    """Layers of zeros with these channels in each block."""
    network, inputs = {}, 3
    for block, widths in enumerate(blocks, 1):
        for place, width in enumerate(widths, 1):
            weight = np.zeros((width, inputs, 3, 3), np.float32)
            network[f"conv{block}_{place}"] = weight, np.zeros(width, np.float32)
            inputs = width
    return network


def without(make, key):
    def made(vgg):
        arrays = make(vgg)
        del arrays[key]
        return arrays

    return made


def changed(make, key, change):
    def made(vgg):
        arrays = make(vgg)
        return arrays | {key: change(arrays.get(key))}

    return made


def zeros(*shape):
    return lambda _: np.zeros(shape, np.float32)


W2 = "block1_conv2/kernel"
REFUSED = {
    "nothing": (lambda vgg: {}, "holds no VGG layers: .* got none"),
    "others": (lambda vgg: {"a": np.zeros(3)}, "holds no VGG layers: .* got 'a"),
    "several": (lambda vgg: keras(vgg) | gatys(vgg), "names of several makers"),
    "twice": (lambda vgg: keras(vgg) | keras(vgg, ":0"), "holds both block1_conv1/kernel and"),
    "two numbered": (
        lambda vgg: numbered(vgg) | numbered(vgg, NUMBERS, "other.features."),
        "of two networks",
    ),
    "no bias": (without(keras, "block2_conv1/bias"), "conv2_1 lacks its weight or its bias"),
    "no bias of torch": (without(numbered, "features.2.bias"), "layer 2 lacks its weight or"),
    "a layer missing": (
        lambda vgg: frossard({n: p for n, p in vgg.items() if n != "conv1_1"}),
        "lacks conv1_1, though it has conv1_2",
    ),
    "a number missing": (
        lambda vgg: numbered(vgg, NUMBERS | {"conv2_1": 9}),
        "layers 2 and 9 are 7 apart, where a VGG has 2 or 3",
    ),
    "does not fit": (
        changed(keras, W2, lambda a: a[:, :, :2]),
        "conv1_2 does not fit: expected 4 input channels",
    ),
    "NaN": (changed(keras, W2, lambda a: a * np.float32(np.nan)), "conv1_2 holds NaN"),
    "too large": (changed(gatys, "conv1_2.weight", lambda a: a + 1e300), "holds NaN or inf"),
    "rank": (changed(gatys, "conv1_2.weight", zeros(4)), "of shape .4,., expected rank 4"),
    "whole numbers": (
        changed(keras, W2, lambda a: a.astype(np.int8)),
        "as int8, expected floating point",
    ),
    "Theano": (changed(keras, "block1_conv1/kernel", zeros(4, 3, 3, 3)), "th_kernels"),
    "four channels": (changed(gatys, "conv1_1.weight", zeros(5, 4, 3, 3)), "neither as HWIO nor"),
    "a norm not whole": (without(with_norms, "features.4.running_var"), "batch norm after layer 3"),
    "a norm too short": (changed(with_norms, "features.4.weight", zeros(2)), "does not fit"),
    "grey only": (changed(adain, "0.weight", lambda a: np.ones_like(a)), "cannot be inverted"),
    "a shift of five": (
        changed(adain, "0.bias", lambda a: np.zeros(5, a.dtype)),
        "cannot be inverted",
    ),
    "a shift of NaN": (changed(adain, "0.bias", lambda a: a * np.nan), "cannot be inverted"),
    "1x1 alone": (lambda vgg: dict(list(adain(vgg).items())[:2]), "but the 1×1"),
    "a long name": (lambda vgg: {"block1_conv1/" * 5000: np.zeros(3)}, "more than 300 letters"),
    "one layer": (
        lambda vgg: {k: a for k, a in numbered(vgg).items() if "s.0." in k},
        "holds conv1_1 alone, .* nnscratch weights fetch vgg19",
    ),
    "kernels of 5×5": (
        changed(gatys, "conv1_2.weight", zeros(4, 4, 5, 5)),
        "not a VGG: conv1_2 has 5×5 kernels, a VGG's are 3×3",
    ),
    "channels": (
        lambda vgg: gatys(layers((32, 32), (32,))),
        "not a VGG: .* 32, 32, 32 channels, expected 32, 32, 64",
    ),
    "channels within a block": (
        lambda vgg: keras(layers((32, 64))),
        "not a VGG: .* 32, 64 channels, expected 32, 32",
    ),
    "a ConvNet of one layer a block": (
        lambda vgg: gatys(layers((32,), (64,), (128,))),
        "not a VGG: its blocks have 1, 1, 1 convolutions",
    ),
    "blocks of 3": (
        lambda vgg: gatys(layers((64,) * 3, (128,))),
        "not a VGG: its blocks have 3, 1 convolutions, a VGG's 1, 1, 2, 2, 2; 2, 2, 2, 2, 2; ",
    ),
    "a block that is not whole": (
        lambda vgg: gatys(layers((64,) * 2, (128,), (256,))),
        "not a VGG: its blocks have 2, 1, 1 convolutions",
    ),
    "layers within a block": (
        lambda vgg: numbered(vgg) | {"features.8.0.conv.weight": np.zeros((8, 8, 1, 1))},
        "not a VGG: it holds 'features.8.0.conv.weight'",
    ),
    "mean image": (
        lambda vgg: frossard(vgg) | {"averageImage": np.zeros((4, 4))},
        r"averageImage \(H, W, 3\), got \(4, 4\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_contents_are_refused_in_words(small_vgg, case):
    make, said = REFUSED[case]
    with pytest.raises(ValueError, match=said):
        read(make(small_vgg))


@pytest.mark.parametrize("make", [gatys, keras, frossard, numbered])
@pytest.mark.parametrize(
    "blocks",
    [
        ((64, 64),),
        ((64, 64), (128,)),
        ((64, 64), (128, 128), (256,) * 4),
        ((64, 64), (128, 128), (256,) * 3, (512,)),
        ((32, 32), (64, 64), (128,) * 4),
        ((64,), (128,), (256,)),
    ],
    ids=str,
)
def test_vggs_that_end_early_and_their_students_load(make, blocks):
    vgg = layers(*blocks)
    if make is numbered:
        numbers, number = {}, 0
        for name in vgg:
            number += name.endswith("_1") and name != "conv1_1"
            numbers[name], number = number, number + 2
        arrays = numbered(vgg, numbers)
    else:
        arrays = make(vgg)
    assert list(read(arrays)[0].layers) == list(vgg)


@pytest.mark.torch
@pytest.mark.parametrize("norms", [False, True])
def test_features_agree_with_torch(small_vgg, norms):
    """The convolutions as PyTorch runs them, with its batch norms."""
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    arrays = with_norms(small_vgg) if norms else numbered(small_vgg)
    loaded, _ = read(arrays)
    x = torch.tensor(np.random.default_rng(3).random((1, 3, 8, 8), np.float32))
    weight, bias = (torch.tensor(a) for a in vars(loaded.layers["conv1_1"]).values())
    conv, norm = torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.BatchNorm2d(4)
    parts = {k.split(".")[2]: torch.tensor(a) for k, a in arrays.items() if ".0." in k}
    conv.load_state_dict(parts)
    if norms:
        parts = {k.split(".")[2]: torch.tensor(a) for k, a in arrays.items() if ".1." in k}
        norm.load_state_dict(parts, strict=False)
    with torch.no_grad():
        expected = norm.eval()(conv(x)) if norms else conv(x)
        found = torch.nn.functional.conv2d(x, weight, bias, padding=1)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), 1e-4, 1e-4)
