"""Settings in a PNG: they come back as they were, and whatever changed is said."""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnscratch.data.images import read_picture, save_image
from nnscratch.style import metadata, vgg
from nnscratch.style.metadata import (
    KEY,
    Record,
    Source,
    check_network,
    find_inputs,
    network_fingerprint,
    read_settings,
    rebuild,
    record,
    source,
    to_text,
)

IMAGE = np.random.default_rng(0).random((3, 4, 5))


@dataclass(frozen=True)
class Wanted:
    weight: float = 1.0
    layers: dict[str, float] | tuple | None = None
    name: str | None = None
    scales: tuple = ()

    def __post_init__(self):
        if self.weight < 0:
            raise ValueError("style: expected weight of at least 0")


OBJECTIVE = Wanted(0.1 + 0.2, {"relu1_1": 1 / 3, "relu2_1": 1e-30})
SETTINGS = Wanted(2.0, ("relu1_1",), "Süden", ((128, 90), (256, 181)))


@pytest.fixture(scope="module")
def network():
    return vgg.VGG((4, "M", 5), rng=0)


@pytest.fixture
def run(tmp_path, monkeypatch, network):
    """A result in out/, made of in/town.png and in/art.png, read from the working folder."""
    monkeypatch.chdir(tmp_path)
    for folder in ("in", "out"):
        os.mkdir(folder)
    for i, name in enumerate(("town", "art")):
        save_image(f"in/{name}.png", IMAGE * (0.5 + i / 2))
    paths = {"content": ["in/town.png"], "styles": ["in/art.png"], "masks": []}
    made = record(paths, OBJECTIVE, SETTINGS, network, {"size": 256, "weights": "builtin"})
    save_image("out/result.png", IMAGE, text=to_text(made))
    return made


def test_settings_come_back_as_they_were(run):
    found = read_settings("out/result.png")
    assert found.inputs == run.inputs and found.network == run.network
    assert found.options == {"size": 256, "weights": "builtin"} and found.program == run.program
    assert rebuild(Wanted, found.objective) == OBJECTIVE
    assert rebuild(Wanted, found.settings) == SETTINGS
    digest = hashlib.sha256(Path("in/town.png").read_bytes()).hexdigest()
    assert found.inputs["content"] == [Source("in/town.png", digest)]


def test_settings_change_no_pixel(run):
    save_image("plain.png", IMAGE)
    np.testing.assert_array_equal(
        read_picture("plain.png").image, read_picture("out/result.png").image
    )


def test_one_key_of_versioned_json(run):
    with Image.open("out/result.png") as file:
        assert list(file.text) == [KEY]
        content = json.loads(file.text[KEY])
    assert content["version"] == 1 and content["settings"]["name"] == "Süden"


def test_any_mapping_will_do(run, network):
    made = record({}, {"a": 1}, {"b": [1, 2]}, network)
    assert (made.objective, made.settings, made.inputs, made.options) == (
        {"a": 1},
        {"b": [1, 2]},
        {},
        {},
    )


@pytest.mark.parametrize(("value", "kind"), [(np.float32(1), TypeError), (np.inf, ValueError)])
def test_values_that_json_lacks_are_refused_before_writing(run, value, kind):
    with pytest.raises(kind):
        to_text(replace(run, settings={"lr": value}))


# -- faults ---------------------------------------------------------------------------------------


def test_pictures_without_settings(run):
    save_image("plain.png", IMAGE, text={"Title": "a town"})
    save_image("photo.jpg", IMAGE)
    for name in ("plain.png", "photo.jpg"):
        with pytest.raises(ValueError, match=f"^read_settings: .*'{name}' without settings"):
            read_settings(name)
    with pytest.raises(ValueError, match=r"got no file at 'none.png'"):
        read_settings("none.png")


def test_another_version(run):
    content = json.loads(to_text(run)[KEY]) | {"version": 7, "program": "9.1"}
    save_image("later.png", IMAGE, text={KEY: json.dumps(content)})
    with pytest.raises(ValueError, match=r"of version 1, got 7 in 'later.png'; nnscratch '9.1'"):
        read_settings("later.png")


GOOD = json.loads(to_text(Record({"content": [Source("a", "b")]}, {}, {}, "0123", {}))[KEY])
BROKEN = {
    "no JSON": "hello",
    "cut": json.dumps(GOOD)[:-9],
    "deep": "[" * 100_000,
    "a list": "[1]",
    "no version": json.dumps({k: v for k, v in GOOD.items() if k != "version"}),
    "no inputs": json.dumps({k: v for k, v in GOOD.items() if k != "inputs"}),
    "no network": json.dumps({k: v for k, v in GOOD.items() if k != "network"}),
    "one too many": json.dumps(GOOD | {"extra": 1}),
    "inputs a list": json.dumps(GOOD | {"inputs": [1]}),
    "inputs of numbers": json.dumps(GOOD | {"inputs": {"content": [1]}}),
    "inputs a number": json.dumps(GOOD | {"inputs": {"content": 1}}),
    "paths of numbers": json.dumps(GOOD | {"inputs": {"content": [{"path": 1, "sha256": "b"}]}}),
    "settings a list": json.dumps(GOOD | {"settings": []}),
    "network a number": json.dumps(GOOD | {"network": 3}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_settings(tmp_path, name):
    save_image(tmp_path / "a.png", IMAGE, text={KEY: BROKEN[name]})
    with pytest.raises(ValueError, match=r"^read_settings: .* got broken ones in '.*a.png'"):
        read_settings(tmp_path / "a.png")


def test_the_unbroken_one_reads(tmp_path):
    save_image(tmp_path / "a.png", IMAGE, text={KEY: json.dumps(GOOD)})
    assert read_settings(tmp_path / "a.png").inputs == {"content": [Source("a", "b")]}


# -- inputs ---------------------------------------------------------------------------------------


def names(found):
    return {use: [str(path) for path in paths] for use, paths in found.items()}


def test_inputs_are_found_from_the_working_folder(run):
    found = find_inputs(read_settings("out/result.png"), "out/result.png")
    assert names(found) == {"content": ["in/town.png"], "styles": ["in/art.png"], "masks": []}


def test_inputs_are_found_beside_the_result(run, tmp_path, monkeypatch):
    for name in ("town", "art"):
        os.rename(f"in/{name}.png", f"out/{name}.png")
    os.mkdir("elsewhere")
    monkeypatch.chdir("elsewhere")
    found = find_inputs(run, "../out/result.png")
    assert names(found)["content"] == ["../out/town.png"]


def test_another_file_of_that_name_is_passed_over(run):
    save_image("out/town.png", IMAGE * 0.5)  # the same, beside the result
    save_image("in/town.png", IMAGE)
    found = find_inputs(run, "out/result.png")
    assert names(found)["content"] == ["out/town.png"]


def test_a_changed_input_is_named(run):
    save_image("in/art.png", IMAGE * 0.9)
    with pytest.raises(ValueError, match=r"^rerun: expected 'in/art.png' as it was, got a changed"):
        find_inputs(run, "out/result.png")


def test_a_missing_input_is_named(run):
    os.remove("in/art.png")
    with pytest.raises(ValueError, match=r"^rerun: expected 'in/art.png', got no file; put"):
        find_inputs(run, "out/result.png")


def test_source_refuses(run):
    with pytest.raises(ValueError, match=r"^cannot read 'in': Is a directory"):
        source("in")
    with pytest.raises(ValueError, match=r"^cannot read 'none': No such file"):
        record({"content": ["none"]}, {}, {}, vgg.VGG((4,), rng=0))


# -- networks -------------------------------------------------------------------------------------


def small(rng=0, **options):
    return vgg.VGG((4, "M", 5), rng=rng, **options)


def test_fingerprint_knows_all_that_matters(network):
    given = network_fingerprint(network)
    assert len(given) == 64 and network_fingerprint(small()) == given
    assert network_fingerprint(small().freeze().eval()) == given
    others = [
        small(1),
        small(pooling="avg"),
        small(padding="edge"),
        small(pixels=vgg.Preprocess(1.0, (0, 0, 0), (1, 1, 1))),
        small().to(np.float64),
        vgg.VGG((4, 5, "M"), rng=0),
    ]
    nudged = small()
    nudged.convs["conv2_1"].bias.data[3] += 1e-7
    prints = [network_fingerprint(other) for other in [*others, nudged]]
    assert len({given, *prints}) == 1 + len(prints)


def test_another_network_is_refused(run, network):
    check_network(run, network)
    with pytest.raises(ValueError, match=r"^rerun: expected the network .*; name the same weights"):
        check_network(run, small(1))


# -- rebuild --------------------------------------------------------------------------------------


def test_rebuild_makes_tuples_and_runs_the_checks():
    found = rebuild(Wanted, {"scales": [[1, 2], [3, 4]], "layers": {"relu1_1": 1.0}})
    assert found == Wanted(scales=((1, 2), (3, 4)), layers={"relu1_1": 1.0})
    with pytest.raises(ValueError, match=r"^style: expected weight of at least 0"):
        rebuild(Wanted, {"weight": -1})
    with pytest.raises(ValueError, match=r"^rebuild: expected fields of Wanted, got lr, size as"):
        rebuild(Wanted, {"weight": 1, "size": 2, "lr": 3})


def test_version_is_written_where_it_is_checked():
    assert GOOD["version"] == metadata.VERSION
