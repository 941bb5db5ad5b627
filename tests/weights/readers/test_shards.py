"""Shards are read together from their index; a shard alone and wrong indexes are refused."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from weights.makers import numbered

from nnscratch import weights

NAMES = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
INDEX = "model.safetensors.index.json"


@pytest.fixture
def index(tmp_path, small_vgg):
    """The index of a small VGG in two shards."""
    arrays = {k: np.ascontiguousarray(a) for k, a in numbered(small_vgg).items()}
    keys = list(arrays)
    weight_map = {key: NAMES[i >= 4] for i, key in enumerate(keys)}
    for name in NAMES:
        shard = {key: arrays[key] for key in keys if weight_map[key] == name}
        save_file(shard, tmp_path / name)
    total = sum(array.nbytes for array in arrays.values())
    text = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (tmp_path / INDEX).write_text(json.dumps(text))
    return tmp_path / INDEX


def change(index, key, shard):
    text = json.loads(index.read_text())
    text["weight_map"][key] = shard
    index.write_text(json.dumps(text))


def test_an_index_reads_all_shards(index, small_vgg, tmp_path):
    loaded = weights.load(index)
    assert list(loaded.layers) == list(small_vgg)
    for name, (weight, bias) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)
        np.testing.assert_array_equal(loaded.layers[name].bias, bias)
    inspection = weights.inspect(index)
    assert inspection.container == "safetensors, 2 shards"
    assert inspection.size == sum(file.stat().st_size for file in tmp_path.iterdir())
    assert list(weights.convert(index, tmp_path / "out.npz").layers) == list(small_vgg)
    with pytest.raises(ValueError, match="read as well"):
        weights.convert(index, tmp_path / NAMES[1])


@pytest.mark.torch
def test_an_index_of_pytorch(tmp_path, small_vgg):
    torch = pytest.importorskip("torch", reason="PyTorch writes the shards here")
    weight_map = {}
    for i, (key, array) in enumerate(numbered(small_vgg).items()):
        shard = f"pytorch_model-0000{i + 1}-of-00006.bin"
        torch.save({key: torch.tensor(array)}, tmp_path / shard)
        weight_map[key] = shard
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    assert list(weights.load(index).layers) == list(small_vgg)
    with pytest.raises(ValueError, match="is shard 3 of 6 .*pytorch_model.bin.index.json"):
        weights.load(tmp_path / "pytorch_model-00003-of-00006.bin")


@pytest.mark.parametrize("read", [weights.load, weights.inspect])
@pytest.mark.parametrize("i", [0, 1])
def test_one_shard_points_to_the_index(index, read, i):
    said = rf"is shard {i + 1} of 2 of a network; give the index, '.*{INDEX}'"
    with pytest.raises(ValueError, match=said):
        read(index.with_name(NAMES[i]))


def test_one_shard_without_an_index(index):
    index.unlink()
    said = rf"is shard 1 of 2 of a network; there is no index '{INDEX}' beside it; fetch the index"
    with pytest.raises(ValueError, match=said):
        weights.load(index.with_name(NAMES[0]))


def test_a_shard_of_another_name_is_told_by_the_index(index):
    index.with_name(NAMES[0]).rename(index.with_name("first.safetensors"))
    for key in list(json.loads(index.read_text())["weight_map"])[:4]:
        change(index, key, "first.safetensors")
    with pytest.raises(ValueError, match="is one of several shards of a network; give the index"):
        weights.load(index.with_name("first.safetensors"))


def test_a_file_that_is_the_only_shard_is_read(index, tmp_path, small_vgg):
    only = tmp_path / "whole-00001-of-00001.safetensors"
    save_file({k: np.ascontiguousarray(a) for k, a in numbered(small_vgg).items()}, only)
    assert list(weights.load(only).layers) == list(small_vgg)


def test_a_missing_shard_is_named(index):
    index.with_name(NAMES[1]).unlink()
    said = rf"index.json' lists shards that are not beside it: '{NAMES[1]}'; fetch"
    with pytest.raises(ValueError, match=said):
        weights.load(index)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_half_a_shard_is_named(index, share):
    shard = index.with_name(NAMES[1])
    data = shard.read_bytes()
    shard.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=rf"{NAMES[1]}' is broken or cut short"):
        weights.load(index)


def test_an_array_that_is_not_in_its_shard(index):
    change(index, "features.5.weight", NAMES[0])
    with pytest.raises(
        ValueError, match=rf"{NAMES[0]}' lacks 'features.5.weight', which its index"
    ):
        weights.load(index)


@pytest.mark.parametrize("name", ["../secret.npz", "/etc/passwd", "", 3, None, "a\\b"])
def test_an_index_names_files_beside_it_alone(index, name):
    change(index, "features.5.weight", name)
    with pytest.raises(
        ValueError, match="names the shard .*, expected the name of a file beside it"
    ):
        weights.load(index)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is broken or cut short"),
        ('{"a": 1}', "a JSON text without a weight_map"),
        ('{"weight_map": {}}', "a JSON text without a weight_map"),
        ('{"weight_map": [1]}', "a JSON text without a weight_map"),
        ('{"a":' * 100_000, "is broken or cut short"),
    ],
    ids=range(5),
)
def test_other_texts_are_refused(tmp_path, text, said):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ValueError, match=said):
        weights.load(tmp_path / "model.json")
