"""`nnscratch train-backbone` as a user meets it: a file for `style`, one line for mistakes."""

import json

import numpy as np
import pytest
from commands import fails, succeeds

from nnscratch import weights
from nnscratch.style import vgg
from nnscratch.style.backbone import train
from nnscratch.weights import fetching

COMMAND = ("train-backbone", "--steps", 2, "--batch", 2, "--size", 32)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(train, "SAMPLES", 4)


def test_labels_without_a_teacher(tmp_path, capsys):
    path, record = tmp_path / "small.safetensors", tmp_path / "r.json"
    out = succeeds(capsys, *COMMAND, "-o", path, "--json", record)
    assert "582,176 weights in 8 convolutions" in out
    assert f"--weights {path}" in out
    assert "labels of procedural pictures; seed 19" in weights.load(path).source
    written = json.loads(record.read_text())
    assert written["recipe"]["kind"] == "labels"
    assert len(written["losses"]) == 2
    features = vgg.load(path).features(np.full((1, 3, 16, 16), 0.5, np.float32), ["relu3_4"])
    assert np.isfinite(features["relu3_4"].numpy()).all()


def test_seed_and_kind_decide_the_bytes(tmp_path, capsys):
    names = {"a": 1, "b": 1, "c": 2}
    for name, seed in names.items():
        words = ("--kind", "gabor", "--seed", seed, "-o", tmp_path / f"{name}.npz")
        succeeds(capsys, *COMMAND, *words)
    a, b, c = (weights.load(tmp_path / f"{name}.npz").layers["conv2_1"].weight for name in names)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_mistakes(tmp_path, capsys, keras_file):
    out = tmp_path / "o.safetensors"
    assert "ends in" in fails(capsys, *COMMAND, "-o", tmp_path / "o.pth")
    assert "create it first" in fails(capsys, *COMMAND, "-o", tmp_path / "none" / "o.npz")
    assert "needs a teacher" in fails(capsys, *COMMAND, "-o", out, "--kind", "distilled")
    words = ("-o", out, "--teacher", keras_file)
    assert "takes no teacher" in fails(capsys, *COMMAND, *words, "--kind", "labels")
    assert "take VGG-19" in fails(capsys, *COMMAND, *words)
    assert "no file at" in fails(capsys, *COMMAND, "-o", out, "--teacher", tmp_path / "none.npz")
    assert "at least 1 step" in fails(capsys, "train-backbone", "-o", out, "--steps", 0)
    assert not out.exists()


def test_a_teacher_that_was_fetched_goes_by_its_name(tmp_path, capsys, monkeypatch, keras_file):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "cache")
    words = (*COMMAND, "-o", "o.npz", "--teacher", "vgg19")
    assert "run: nnscratch weights fetch vgg19" in fails(capsys, *words)
    (tmp_path / "cache").mkdir()
    keras_file.rename(tmp_path / "cache" / fetching.FILES["vgg19"])
    assert "take VGG-19" in fails(capsys, *words)
