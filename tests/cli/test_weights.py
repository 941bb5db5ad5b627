"""`nnscratch weights` as a user meets it: answers, exit codes, one line for each mistake."""

import functools
import hashlib
import http.server
import json
import threading

import pytest
from commands import fails, succeeds

from nnscratch import weights
from nnscratch.cli import main
from nnscratch.weights import fetching


@pytest.fixture
def served(tmp_path, monkeypatch, keras_file):
    """A server on loopback, whose folder holds keras_file under the name it deserves."""
    digest = hashlib.sha256(keras_file.read_bytes()).hexdigest()
    name = f"vgg19-{digest[:8]}.pth"
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / name).write_bytes(keras_file.read_bytes())
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setitem(fetching.FILES, "vgg19", name)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{name}", name
        server.shutdown()
        thread.join()


def test_inspect_says_what_it_is(tmp_path, capsys, keras_file):
    figures = tmp_path / "r.json"
    out = succeeds(capsys, "weights", "inspect", keras_file, "--json", figures)
    assert f"{keras_file}: other" in out
    assert "kH, kW, C_in, C_out; the first layer takes BGR" in out
    assert "* 255 - (123.68, 116.779, 103.939)) / (1, 1, 1)" in out
    record = json.loads(figures.read_text())
    assert record["layers"]["conv1_2"] == [5, 4, 3, 3]
    assert record["hash_agrees"] is None
    assert record["sha256"] == hashlib.sha256(keras_file.read_bytes()).hexdigest()
    assert record["preprocess"]["scale"] == 255


def test_inspect_fails_with_1_where_the_name_promises_another_hash(capsys, keras_file):
    path = keras_file.rename(keras_file.with_name("vgg19-dcbb9e9d.pth"))
    assert main(["weights", "inspect", str(path)]) == 1
    assert "but the name says dcbb9e9d" in capsys.readouterr().out


def test_inspect_names_what_is_wrong(tmp_path, capsys, keras_file):
    assert "no file at" in fails(capsys, "weights", "inspect", tmp_path / "none.npz")
    keras_file.write_bytes(keras_file.read_bytes()[:400])
    assert "broken or cut short" in fails(capsys, "weights", "inspect", keras_file)


def test_convert_gives_a_file_that_style_reads(tmp_path, capsys, keras_file):
    out, figures = tmp_path / "slim.safetensors", tmp_path / "r.json"
    words = ("weights", "convert", keras_file, out, "--dtype", "float16", "--json", figures)
    said = succeeds(capsys, *words)
    assert f"{out}: other, 3 convolutions" in said
    assert f"--weights {out}" in said
    assert list(weights.load(out).layers) == ["conv1_1", "conv1_2", "conv2_1"]
    record = json.loads(figures.read_text())
    assert record["before"] == keras_file.stat().st_size
    assert record["size"] == out.stat().st_size


def test_convert_names_what_is_wrong(tmp_path, capsys, keras_file):
    out = tmp_path / "o.npz"
    assert "ends in" in fails(capsys, "weights", "convert", keras_file, tmp_path / "o.pth")
    assert "it is read as well" in fails(capsys, "weights", "convert", keras_file, keras_file)
    assert "no file at" in fails(capsys, "weights", "convert", tmp_path / "none", out)
    words = ("--dtype", "int8")
    assert "invalid choice" in fails(capsys, "weights", "convert", keras_file, out, *words)
    assert not out.exists()


def test_fetch_brings_it_and_says_where_it_is(tmp_path, capsys, served):
    url, name = served
    folder, figures = tmp_path / "mine", tmp_path / "r.json"
    words = ["weights", "fetch", "vgg19", "--folder", folder, "--url", url, "--json", figures]
    assert main([str(word) for word in words]) == 0
    out, err = capsys.readouterr()
    assert f"{folder / name}: 0.0 MB, the SHA-256 begins with {name[6:14]}" in out
    assert "vgg19 100/100" in err
    record = json.loads(figures.read_text())
    assert record["path"] == str(folder / name)
    assert record["size"] == (folder / name).stat().st_size
    assert list(weights.load(folder / name).layers) == ["conv1_1", "conv1_2", "conv2_1"]


def test_fetch_names_what_is_wrong(tmp_path, capsys, served):
    url, _ = served
    words = ("weights", "fetch", "vgg19", "--folder", tmp_path)
    assert "answered 404" in fails(capsys, *words, "--url", f"{url}.not")
    assert "expected an address" in fails(capsys, *words, "--url", "vgg19.pth")
    assert "invalid choice: 'vgg20'" in fails(capsys, "weights", "fetch", "vgg20")
    nowhere = ("--folder", tmp_path / "none" / "deeper", "--url", url)
    assert "create it first" in fails(capsys, "weights", "fetch", "vgg19", *nowhere)


@pytest.mark.parametrize("job", ["inspect", "convert", "fetch"])
def test_every_job_has_an_example(capsys, job):
    with pytest.raises(SystemExit) as stop:
        main(["weights", job, "--help"])
    assert stop.value.code == 0
    assert f"example:\n  nnscratch weights {job}" in capsys.readouterr().out


def test_a_job_is_asked_for(capsys):
    assert "JOB" in fails(capsys, "weights")
