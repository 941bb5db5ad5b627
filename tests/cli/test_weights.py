"""`nnscratch weights`: output, exit codes, one line for each error."""

import functools
import hashlib
import http.server
import json
import threading

import numpy as np
import pytest
from commands import fails, succeeds

from nnscratch import weights
from nnscratch.cli import main
from nnscratch.cli import weights as command
from nnscratch.weights import fetching
from nnscratch.weights.vgg_weights import TORCHVISION


@pytest.fixture
def served(tmp_path, monkeypatch, keras_file):
    """A local server of keras_file under a name with its hash."""
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
    assert record["layers"]["conv1_2"] == [4, 4, 3, 3]
    assert record["hash_agrees"] is None
    assert record["sha256"] == hashlib.sha256(keras_file.read_bytes()).hexdigest()
    assert record["preprocess"]["scale"] == 255
    assert record["path"] == str(keras_file)
    assert record["slim_size"] == 4 * (3 * 4 * 9 + 4 + 4 * 4 * 9 + 4 + 4 * 8 * 9 + 8)


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
    assert record["from"] == str(keras_file) and record["path"] == str(out)
    assert record["before"] == keras_file.stat().st_size
    assert record["dtype"] == "float16"
    assert record["size"] == out.stat().st_size


def test_convert_names_what_is_wrong(tmp_path, capsys, keras_file):
    out = tmp_path / "o.npz"
    assert "ends in" in fails(capsys, "weights", "convert", keras_file, tmp_path / "o.pth")
    assert "it is read as well" in fails(capsys, "weights", "convert", keras_file, keras_file)
    assert "no file at" in fails(capsys, "weights", "convert", tmp_path / "none", out)
    words = ("--dtype", "int8")
    assert "invalid choice" in fails(capsys, "weights", "convert", keras_file, out, *words)
    assert not out.exists()


def test_the_answer_does_not_take_the_place_of_weights(tmp_path, capsys, keras_file):
    before, out = keras_file.read_bytes(), tmp_path / "o.npz"
    said = fails(capsys, "weights", "inspect", keras_file, "--json", keras_file)
    assert "it is read as well" in said
    convert = ("weights", "convert", keras_file, out, "--json")
    assert "it is read as well" in fails(capsys, *convert, keras_file)
    assert "two results would go there" in fails(capsys, *convert, out)
    assert keras_file.read_bytes() == before and not out.exists()


def test_fetch_brings_it_and_says_where_it_is(tmp_path, capsys, served):
    url, name = served
    folder, figures = tmp_path / "of mine", tmp_path / "r.json"
    words = ["weights", "fetch", "vgg19", "--folder", folder, "--url", url, "--json", figures]
    assert main([str(word) for word in words]) == 0
    out, err = capsys.readouterr()
    assert f"{folder / name}: 0.0 MB, the SHA-256 begins with {name[6:14]}" in out
    assert f'next: nnscratch style CONTENT STYLE -o OUT.png --weights "{folder / name}"\n' in out
    assert f'nnscratch weights convert "{folder / name}" vgg19.npz' in out
    assert "vgg19 100/100" in err
    content = (folder / name).read_bytes()
    assert json.loads(figures.read_text()) == {
        "name": "vgg19",
        "path": str(folder / name),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert list(weights.load(folder / name).layers) == ["conv1_1", "conv1_2", "conv2_1"]


def test_fetch_names_what_is_wrong(tmp_path, capsys, served):
    url, _ = served
    words = ("weights", "fetch", "vgg19", "--folder", tmp_path)
    assert "answered 404" in fails(capsys, *words, "--url", f"{url}.not")
    assert "expected an address" in fails(capsys, *words, "--url", "vgg19.pth")
    assert "invalid choice: 'vgg20'" in fails(capsys, "weights", "fetch", "vgg20")
    nowhere = ("--folder", tmp_path / "none" / "deeper", "--url", url)
    assert "create it first" in fails(capsys, "weights", "fetch", "vgg19", *nowhere)


def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(
    tmp_path, capsys, monkeypatch, served
):
    url, name = served
    words = ["weights", "fetch", "vgg19", "--folder", str(tmp_path), "--url", url]

    def stop(*told):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(command, "_percents", lambda advance: stop)
        assert main(words) == 130
    part = tmp_path / f"{name}.part"
    _, err = capsys.readouterr()
    said = f"0.0 MB are kept in '{part}', the same command resumes there"
    assert err == f"nnscratch weights: stopped; {said}\n"
    assert part.stat().st_size > 0
    succeeds(capsys, *words)
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "agrees", stop)
        assert main(words) == 130
    assert capsys.readouterr().err == "nnscratch weights: stopped\n"


def test_list_says_what_is_here(tmp_path, capsys, monkeypatch, served):
    url, name = served
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "cache")
    succeeds(capsys, "weights", "fetch", "vgg19", "--url", url)
    path, figures = tmp_path / "cache" / name, tmp_path / "r.json"
    lines = succeeds(capsys, "weights", "list", "--json", figures).splitlines()
    assert [line.split()[0] for line in lines] == list(fetching.FILES)
    assert [line for line in lines if "not fetched" not in line] == [f"vgg19       0.0 MB  {path}"]
    record = json.loads(figures.read_text())
    assert record.pop("vgg19") == {"path": str(path), "size": path.stat().st_size}
    assert len(record) == 7 and not any(record.values())


@pytest.mark.parametrize("job", ["inspect", "convert", "fetch", "list"])
def test_every_job_has_an_example(capsys, job):
    with pytest.raises(SystemExit) as stop:
        main(["weights", job, "--help"])
    assert stop.value.code == 0
    assert f"example:\n  nnscratch weights {job}" in capsys.readouterr().out


def test_a_job_is_asked_for(capsys):
    assert "JOB" in fails(capsys, "weights")


def test_a_complaint_names_the_command_once(tmp_path, capsys):
    line = fails(capsys, "weights", "inspect", tmp_path / "none.npz")
    assert line.startswith("nnscratch weights: expected a file, got no file at ")


def test_convert_believes_the_user(tmp_path, capsys, keras_file):
    out = tmp_path / "slim.npz"
    words = ("--channels", "RGB", "--pixels", "torchvision")
    succeeds(capsys, "weights", "convert", keras_file, out, *words)
    made, found = weights.load(out), weights.load(keras_file)
    assert made.preprocess == TORCHVISION
    first, other = (x.layers["conv1_1"].weight for x in (made, found))
    np.testing.assert_array_equal(first, other[:, ::-1])
    assert "invalid choice: 'GBR'" in fails(
        capsys, "weights", "convert", keras_file, out, "--channels", "GBR"
    )


def test_a_fetched_file_goes_by_its_name(tmp_path, capsys, keras_file, monkeypatch):
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "cache")
    assert "vgg19 has not been fetched" in fails(capsys, "weights", "inspect", "vgg19")
    (tmp_path / "cache").mkdir()
    keras_file.rename(tmp_path / "cache" / fetching.FILES["vgg19"])
    assert "conv2_1" in " ".join(weights.load("vgg19").layers)
    words = ("weights", "convert", "vgg19", tmp_path / "slim.npz")
    assert "3 convolutions" in succeeds(capsys, *words)


def test_the_answer_does_not_take_the_place_of_fetched_weights(
    tmp_path, capsys, keras_file, monkeypatch
):
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    path = keras_file.rename(tmp_path / "cache" / fetching.FILES["vgg19"])
    before = path.read_bytes()
    assert "it is read as well" in fails(capsys, "weights", "inspect", "vgg19", "--json", path)
    assert path.read_bytes() == before
