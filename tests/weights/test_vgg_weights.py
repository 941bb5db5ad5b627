"""Our own weight files: a round trip keeps the numbers, and broken files are refused."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnscratch import weights
from nnscratch.files.arrays import CARD, SUFFIXES
from nnscratch.weights import LayerWeights, Preprocess, VGGWeights, vgg_weights

PIXELS = Preprocess(2.0, (0.1, 0.2, 0.3), (1.0, 2.0, 4.0))


@pytest.fixture
def given(small_vgg):
    layers = {name: LayerWeights(*pair) for name, pair in small_vgg.items()}
    return VGGWeights(layers, PIXELS, "made for a test")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_is_saved_is_loaded(tmp_path, given, suffix, dtype):
    path = tmp_path / f"w{suffix}"
    weights.save(path, given, dtype)
    loaded = weights.load(path)
    assert loaded.preprocess == PIXELS
    assert loaded.source == "made for a test"
    assert list(loaded.layers) == list(given.layers)
    for name, layer in given.layers.items():
        for kind in ("weight", "bias"):
            found, expected = getattr(loaded.layers[name], kind), getattr(layer, kind)
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found, expected.astype(dtype).astype(np.float32))


def test_half_precision_halves_the_file(tmp_path, given):
    for dtype in (np.float32, np.float16):
        weights.save(tmp_path / f"{np.dtype(dtype)}.safetensors", given, dtype)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("float16", "float32")]
    count = sum(w.weight.size + w.bias.size for w in given.layers.values())
    assert sizes[1] - sizes[0] == pytest.approx(2 * count, abs=16)


def test_what_does_not_fit_is_refused_and_the_earlier_file_stays(tmp_path, given):
    path = tmp_path / "w.npz"
    weights.save(path, given)
    before = path.read_bytes()
    layer = given.layers["conv1_1"]
    given.layers["conv1_1"] = LayerWeights(layer.weight * 1e6, layer.bias)
    with pytest.raises(ValueError, match=r"conv1_1.weight does not fit into float16; use float32"):
        weights.save(path, given, np.float16)
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match=r"ends in \.npz or \.safetensors"):
        weights.save(tmp_path / "w.pth", given)
    with pytest.raises(ValueError, match="create it first"):
        weights.save(tmp_path / "none" / "w.npz", given)


@pytest.mark.parametrize("dtype", ["int8", bool, complex, object])
def test_types_that_cannot_hold_weights_are_refused(tmp_path, given, dtype):
    with pytest.raises(ValueError, match="weights: expected a dtype of floating point, got "):
        weights.save(tmp_path / "w.npz", given, dtype)
    assert list(tmp_path.iterdir()) == []


def test_what_are_no_weights_is_said(tmp_path, given):
    with pytest.raises(TypeError, match="expected VGGWeights, .*, got str; save takes the path"):
        weights.save(given, str(tmp_path / "w.npz"))
    for numbers in ((float("nan"), (0, 0, 0), (1, 1, 1)), (1.0, (0, 0, 0), (1, 0, 1))):
        with pytest.raises(ValueError, match="Preprocess: expected finite numbers and no std of 0"):
            Preprocess(*numbers)


def write(path, given, card, drop=None):
    arrays = vgg_weights._to_arrays(given, np.dtype(np.float32))
    arrays.pop(drop, None)
    save_file(arrays, path, {CARD: card})


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("{", "its card cannot be read"),
        ("[]", "its card cannot be read"),
        (json.dumps({"version": 1}), "in a readable form"),
        (json.dumps({"version": 1, "preprocess": {"scale": "x"}}), "in a readable form"),
        (
            json.dumps({"version": 9, "preprocess": {"scale": 1, "mean": [0] * 3, "std": [1] * 3}}),
            "version 9, this nnscratch reads up to 1",
        ),
    ],
)
def test_a_card_that_cannot_be_read(tmp_path, given, card, said):
    write(tmp_path / "w.safetensors", given, card)
    with pytest.raises(ValueError, match=said):
        weights.load(tmp_path / "w.safetensors")


def test_a_layer_without_its_bias(tmp_path, given):
    card = {"version": 1, "preprocess": {"scale": 1, "mean": [0] * 3, "std": [1] * 3}}
    write(tmp_path / "w.safetensors", given, json.dumps(card), drop="conv1_2.bias")
    with pytest.raises(ValueError, match="conv1_2 lacks its weight or its bias"):
        weights.load(tmp_path / "w.safetensors")
