"""The command line: results, exit codes, one line for each error."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import nnscratch
from nnscratch.cli import COMMANDS, main
from nnscratch.data import PICTURES, read_image, save_image
from nnscratch.opcases import CASES


@pytest.fixture
def pictures(tmp_path):
    paths = tmp_path / "content.png", tmp_path / "style.jpg"
    save_image(paths[0], PICTURES["landscape"](48))
    save_image(paths[1], PICTURES["swirls"](40))
    return [str(path) for path in paths]


def fails(capsys, *arguments):
    """Run a command that must fail with exit code 2; return its error line."""
    try:
        code = main([str(word) for word in arguments])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def test_style_writes_the_picture_and_the_figures(pictures, tmp_path, capsys):
    out, figures = tmp_path / "out.png", tmp_path / "out.json"
    words = ["style", *pictures, "-o", out, "--size", 32, "--iterations", 12, "--json", figures]
    assert main([str(word) for word in words]) == 0
    assert read_image(out).shape == (3, 32, 32)
    record = json.loads(figures.read_text())
    assert record["size"] == [32, 32]
    assert record["loss"] < record["history"][0]["loss"]
    assert len(record["history"]) == 12
    assert record["settings"]["optimizer"] == "adam"
    assert "loss" in capsys.readouterr().err


def test_every_option_of_style_reaches_the_settings(pictures, tmp_path, keras_file):
    figures = tmp_path / "out.json"
    words = (
        f"--weights {keras_file} --size 24 --iterations 2 --content-weight 2 --style-weight 30 "
        "--tv-weight 4 --content-layers conv1_2 --style-layers relu1_1 relu2_1 --optimizer gd "
        f"--init noise --seed 7 --lr 0.5 --json {figures}"
    )
    assert main(["style", *pictures, "-o", str(tmp_path / "o.jpg"), *words.split()]) == 0
    record = json.loads(figures.read_text())
    wanted = {
        "content_weight": 2.0,
        "style_weight": 30.0,
        "tv_weight": 4.0,
        "content_layers": ["conv1_2"],
        "style_layers": ["relu1_1", "relu2_1"],
    }
    assert wanted.items() <= record["objective"].items()
    how = {"optimizer": "gd", "iterations": 2, "lr": 0.5, "init": "noise", "seed": 7}
    assert how.items() <= record["settings"].items()


def test_bad_pictures_are_named_in_one_line(pictures, tmp_path, capsys):
    out = tmp_path / "out.png"
    text, empty, cut = tmp_path / "text.jpg", tmp_path / "empty.png", tmp_path / "cut.jpg"
    text.write_text("this is no picture")
    empty.write_bytes(b"")
    whole = (tmp_path / "style.jpg").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    cases = {
        tmp_path / "none.jpg": "no file at",
        text: "of another kind",
        empty: "an empty file",
        cut: "cannot be decoded",
        tmp_path: "a folder",
    }
    for path, message in cases.items():
        assert message in fails(capsys, "style", path, pictures[1], "-o", out)
        assert message in fails(capsys, "style", pictures[0], path, "-o", out)
    assert not out.exists()


def test_bad_outputs_are_refused_before_any_work(pictures, tmp_path, capsys):
    for out, message in (
        (tmp_path / "none" / "out.png", "there is no folder"),
        (tmp_path / "out.xyz", "expected a file name ending in"),
        (tmp_path, "expected a file name"),
    ):
        assert message in fails(capsys, "style", *pictures, "-o", out)


def test_bad_options_are_refused_in_one_line(pictures, tmp_path, capsys):
    base = ["style", *pictures, "-o", tmp_path / "out.png", "--size", 32]
    cases = (
        (["--size", 0], "size of at least 1"),
        (["--size", "big"], "invalid int value"),
        (["--iterations", 0], "at least 1 iteration"),
        (["--iterations", -3], "at least 1 iteration"),
        (["--style-weight", -1], "style_weight of at least 0"),
        (["--content-weight", "nan"], "content_weight of at least 0"),
        (["--optimizer", "sgd"], "invalid choice"),
        (["--init", "grey"], "no file at 'grey'"),
        (["--content-layers", "relu9_9"], "no layer 'relu9_9'"),
        (["--style-layers", "fc6"], "no layer 'fc6'"),
        (["--weights", tmp_path / "none.npz"], "no file at"),
        (["--weights", pictures[0]], "not a weight file"),
        (["--json", tmp_path / "none" / "x.json"], "no folder"),
        (["--unknown"], "unrecognized arguments"),
    )
    for words, message in cases:
        assert message in fails(capsys, *base, *words)


def test_a_truncated_weight_file_is_named(pictures, tmp_path, capsys, keras_file):
    keras_file.write_bytes(keras_file.read_bytes()[:400])
    words = ["style", *pictures, "-o", tmp_path / "out.png", "--weights", keras_file]
    assert "broken or cut short" in fails(capsys, *words)


def test_pictures_of_every_mode_are_taken(tmp_path):
    colour = Image.fromarray((PICTURES["landscape"](24).transpose(1, 2, 0) * 255).astype(np.uint8))
    save_image(tmp_path / "style.png", PICTURES["swirls"](24))
    for mode, name in (("CMYK", "a.jpg"), ("P", "b.png"), ("LA", "c.png"), ("RGBA", "d.png")):
        colour.convert(mode).save(tmp_path / name)
        words = ["style", tmp_path / name, tmp_path / "style.png", "-o", tmp_path / "o.png"]
        assert main([str(w) for w in [*words, "--size", 24, "--iterations", 1]]) == 0


def test_gradcheck_prints_a_table_and_writes_json(tmp_path, capsys):
    path = tmp_path / "rows.json"
    assert main(["gradcheck", "conv1d", "softmax", "--json", str(path)]) == 0
    out = capsys.readouterr().out
    assert "conv1d" in out
    assert "softmax" in out
    rows = {row["op"]: row for row in json.loads(path.read_text())}
    assert set(rows) == {"conv1d", "softmax"}
    assert rows["conv1d"]["settings"] == sum(case.name == "conv1d" for case in CASES)
    assert 0 < rows["conv1d"]["first"] < 1e-6
    assert 0 < rows["conv1d"]["second"] < 1e-6


def test_gradcheck_names_what_it_does_not_know(capsys):
    assert "no operation 'conv4d'" in fails(capsys, "gradcheck", "conv4d")


def test_gradcheck_names_an_operation_that_is_nearly_the_same(capsys):
    assert fails(capsys, "gradcheck", "conv2").endswith("'conv2'; did you mean conv2d?\n")


def test_tables_are_not_cut_in_a_pipe(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "30")
    name = "binary_cross_entropy_with_logits"
    assert main(["gradcheck", name]) == 0
    out = capsys.readouterr().out
    assert name in out and "worst error, 2nd" in out


@pytest.mark.parametrize(
    ("command", "words", "answer"),
    [
        ("", "stile", "style"),
        ("style", "a b -o c.png --num-iterations 3", "--iterations"),
        ("bench", "1x3x8x8:4k3 -x --secands=3", "--seconds"),
        ("style", "a b -o c.png --optimizer adm", "adam"),
        ("faces", "enrl", "enrol"),
        ("faces enrol", "A b.png --galery g", "--gallery"),
        ("weights fetch", "vgg91", "vgg19"),
    ],
)
def test_misspelt_words_are_answered_with_the_right_ones(command, words, answer, capsys):
    line = fails(capsys, *command.split(), *words.split())
    help_of = " ".join(["nnscratch", *command.split(), "--help"])
    assert line.endswith(f"; did you mean {answer}?; see {help_of}\n")


@pytest.mark.skipif(os.name == "nt", reason="pipes of Windows end otherwise")
@pytest.mark.parametrize(
    "words",
    [
        *(["weights", "inspect", "nnscratch/style/backbone.safetensors"], ["doctor"]),
        *(["style", "--help"], ["bench", "1x3x8x8:4k3", "--seconds", ".01"]),
    ],
)
def test_a_reader_that_stops_reading_is_no_error(words):
    root = os.path.dirname(os.path.dirname(nnscratch.__file__))
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "nnscratch", *words]
    done = subprocess.run(command, cwd=root, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_gradcheck_fails_with_1_where_a_derivative_is_wrong(monkeypatch, capsys):
    monkeypatch.setattr(nnscratch.kernels, "relu_grad", lambda g, y: g)
    assert main(["gradcheck", "relu"]) == 1
    out, err = capsys.readouterr()
    assert "WRONG" in out
    assert "wrong gradient of argument 0" in " ".join(err.split())


def test_doctor_names_the_versions(tmp_path, capsys):
    path = tmp_path / "facts.json"
    assert main(["doctor", "--json", str(path)]) == 0
    facts = json.loads(path.read_text())
    assert facts["numpy"] == np.__version__
    assert facts["nnscratch"] == nnscratch.__version__
    assert {"definition", "numpy:winograd"} <= set(facts["engines"].split(", "))


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "example" in capsys.readouterr().out


def test_no_command_and_unknown_commands(capsys):
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().out
    assert "invalid choice: 'paint'" in fails(capsys, "paint")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nnscratch {nnscratch.__version__}\n"


def test_as_a_process_it_prints_one_line_and_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nnscratch", "style", "none.jpg", "none.jpg", "-o", "out.png"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(nnscratch.__file__))},
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no file at 'none.jpg'" in done.stderr
