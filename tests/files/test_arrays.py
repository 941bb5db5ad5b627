"""Files of arrays: a round trip keeps the arrays; broken and lying files are refused."""

import io
import json
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy
from safetensors.numpy import load_file, save_file

from nnscratch.files import check_card, open_arrays, write_arrays, write_npz
from nnscratch.files.arrays import CARD, DIRECTORY, TYPES

NAMES = ["a.npz", "a.safetensors"]
every_format = pytest.mark.parametrize("name", NAMES)


def arrays():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((3, 4)).astype(np.float32)
    return {
        "0.weight": table,
        "turned": table.T,
        "scalar": np.array(2.5, np.float32),
        "none": np.zeros((0, 3)),
        "half": table.astype(np.float16),
        "count": np.arange(5),
        "foreign": np.arange(3, dtype=">f4"),
        "mask": table > 0,
        "file": table[0],
        "a/b c": table[:, ::2],
    }


@every_format
def test_what_is_written_comes_back(tmp_path, name):
    given = arrays()
    write_arrays(tmp_path / name, given, {"kind": "test", "version": 3})
    found = open_arrays(tmp_path / name)
    assert set(found) == set(given)
    assert len(found) == len(given)
    assert found.card == {"kind": "test", "version": 3}
    assert found.container == name[2:]
    for key, array in given.items():
        assert found[key].shape == array.shape
        assert found[key].dtype == array.dtype.newbyteorder("=") or name == "a.npz"
        np.testing.assert_array_equal(found[key], array)
    with pytest.raises(KeyError):
        found["missing"]
    assert found.get("missing") is None


def test_others_read_what_is_written(tmp_path):
    given = arrays()
    for name in NAMES:
        write_arrays(tmp_path / name, given)
    theirs = load_file(tmp_path / "a.safetensors")
    with np.load(tmp_path / "a.npz") as file:
        assert set(file) == set(theirs) == set(given)
        for key, array in given.items():
            np.testing.assert_array_equal(file[key], array)
            np.testing.assert_array_equal(theirs[key], array)


def test_what_others_have_written_is_read(tmp_path):
    given = {"x": np.arange(6.0).reshape(2, 3), "y": np.array(["a", "bc"])}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "theirs.npz", **given)
        found = open_arrays(tmp_path / "theirs.npz")
        assert found.card is None
        for key, array in given.items():
            np.testing.assert_array_equal(found[key], array)


@every_format
def test_equal_arrays_make_equal_bytes(tmp_path, name):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_arrays(tmp_path / folder / name, arrays(), {"kind": "test", "version": 1})
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_bfloat16_becomes_float32_and_what_numpy_lacks_is_said(tmp_path):
    values = np.float32([[1.5, -2.0], [3.25, 1e30]])
    halves = (values.view(np.uint32) >> 16).astype(np.uint16)
    expected = (halves.astype(np.uint32) << 16).view(np.float32)
    write_raw(tmp_path / "b.safetensors", "BF16", halves)
    np.testing.assert_array_equal(open_arrays(tmp_path / "b.safetensors")["x"], expected)
    write_raw(tmp_path / "f8.safetensors", "F8_E4M3", halves.view(np.uint8)[:, :2])
    with pytest.raises(ValueError, match="holds x as F8_E4M3, which NumPy lacks"):
        open_arrays(tmp_path / "f8.safetensors")["x"]


def write_raw(path, kind, array):
    """One tensor x of a type that NumPy lacks."""
    entry = {"dtype": kind, "shape": array.shape, "data_offsets": [0, array.nbytes]}
    header = json.dumps({"x": entry}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + array.tobytes())


@pytest.mark.parametrize("kind", sorted({*TYPES} - {"BF16", "BOOL"}))
def test_kinds_of_safetensors(tmp_path, kind):
    values = np.arange(6).reshape(2, 3).astype(TYPES[kind])
    write_raw(tmp_path / "x.safetensors", kind, values)
    found = open_arrays(tmp_path / "x.safetensors")["x"]
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def test_booleans_of_safetensors_are_no_other_bytes(tmp_path):
    write_raw(tmp_path / "x.safetensors", "BOOL", np.uint8([0, 1, 2]))
    found = open_arrays(tmp_path / "x.safetensors")["x"]
    assert found.dtype == bool
    np.testing.assert_array_equal(~found, [True, False, False])


@every_format
def test_a_file_is_closed_where_with_ends(tmp_path, name):
    write_arrays(tmp_path / name, {"a": np.zeros(4)})
    with pytest.raises(ZeroDivisionError), open_arrays(tmp_path / name) as found:
        _ = 1 / 0
    with pytest.raises(ValueError, match="closed"):
        found["a"]


def test_how_much_a_file_may_unpack_to_can_be_said(tmp_path):
    rng = np.random.default_rng(0)
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros(6 << 20), b=rng.random(1 << 15))
    assert "a" in open_arrays(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="it would unpack to"):
        open_arrays(tmp_path / "x.npz", expansion=16)


@every_format
def test_a_file_that_takes_the_name_meanwhile_is_not_mixed_in(tmp_path, name):
    write_arrays(tmp_path / name, {"a": np.zeros(4), "b": np.zeros(4)})
    found = open_arrays(tmp_path / name)
    np.testing.assert_array_equal(found["a"], np.zeros(4))
    write_arrays(tmp_path / name, {"c": np.ones(9), "a": np.ones(4), "b": np.ones(4)})
    np.testing.assert_array_equal(found["b"], np.zeros(4))


@every_format
def test_a_file_that_becomes_shorter_is_told(tmp_path, name):
    """In a subprocess, since a reader that maps the file into memory would crash."""
    write_arrays(tmp_path / name, {"a": np.ones(1 << 16)})
    script = (
        "import os, sys\nfrom nnscratch.files import open_arrays\n"
        "found = open_arrays(sys.argv[1])\nos.truncate(sys.argv[1], 4096)\nfound['a']"
    )
    command = [sys.executable, "-c", script, str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "is broken or cut short" in done.stderr.splitlines()[-1]


def test_the_directory_is_read_once(tmp_path, monkeypatch):
    """Otherwise thousands of arrays in a small file would take hours."""
    write_npz(tmp_path / "x.npz", {str(i): np.zeros(1) for i in range(20)})
    found, opened = open_arrays(tmp_path / "x.npz"), []
    monkeypatch.setattr(zipfile, "ZipFile", opened.append)
    assert len(dict(found)) == 20
    assert opened == []


def test_a_header_past_measure_is_refused(tmp_path):
    name = b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'.ljust(DIRECTORY + 1) + b"}"
    (tmp_path / "x.safetensors").write_bytes(len(name).to_bytes(8, "little") + name)
    with pytest.raises(ValueError, match="its header has .* bytes, too many for arrays"):
        open_arrays(tmp_path / "x.safetensors")


# -- writing --------------------------------------------------------------------------------------


@every_format
def test_a_failed_write_leaves_the_earlier_file(tmp_path, name, monkeypatch):
    path = tmp_path / name
    write_arrays(path, arrays())
    before = path.read_bytes()

    def full_disk(*args, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(npy, "write_array", full_disk)
    monkeypatch.setattr("pathlib.Path.write_bytes", full_disk)
    with pytest.raises(ValueError, match="cannot write .*No space left"):
        write_arrays(path, arrays())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@every_format
def test_what_cannot_be_written_is_said(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(ValueError, match="save: the name 'nnscratch' is reserved"):
        write_arrays(path, {CARD: np.zeros(2)})
    with pytest.raises(ValueError, match="fit: x holds Python objects|fit: .safetensors does not"):
        write_arrays(path, {"x": np.array([None, 1])}, caller="fit")
    with pytest.raises(ValueError, match="create it first"):
        write_arrays(tmp_path / "none" / name, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["__metadata__", "a\0b", "a\udc80", "a" * 70_000])
@every_format
def test_names_that_would_not_come_back_are_refused(tmp_path, name, key):
    with pytest.raises(ValueError, match=r"save: .* is (reserved|not a valid name); rename th"):
        write_arrays(tmp_path / name, {key: np.zeros(2), "a": np.zeros(2)})
    assert list(tmp_path.iterdir()) == []


@every_format
def test_cards_that_cannot_be_written_are_said(tmp_path, name):
    for value in (float("nan"), np.float32(1)):
        with pytest.raises(ValueError, match="save: the card cannot be JSON .*; correct it"):
            write_arrays(tmp_path / name, {"a": np.zeros(2)}, {"scale": value})


def test_other_ends_of_names(tmp_path):
    with pytest.raises(ValueError, match=r"save: expected a name that ends in \.npz or \.safetens"):
        write_arrays(tmp_path / "a.pth", {})
    with pytest.raises(ValueError, match="not support these arrays, of <U1, complex64.*as .npz"):
        write_arrays(tmp_path / "a.safetensors", {"t": np.array(["a"]), "z": np.zeros(2, "c8")})
    write_npz(tmp_path / "any.name", {"x": np.ones(2)})
    np.testing.assert_array_equal(open_arrays(tmp_path / "any.name")["x"], [1, 1])


# -- reading --------------------------------------------------------------------------------------


def test_the_content_decides_not_the_name(tmp_path):
    write_arrays(tmp_path / "a.npz", arrays())
    (tmp_path / "a.npz").rename(tmp_path / "a.safetensors")
    assert open_arrays(tmp_path / "a.safetensors").container == "npz"


def test_missing_and_other_files(tmp_path):
    with pytest.raises(ValueError, match="resume: expected a file, got no file at .*none"):
        open_arrays(tmp_path / "none", "resume")
    (tmp_path / "text").write_text("hello, hello")
    with pytest.raises(
        ValueError, match="resume: expected a list, got another kind of file, .*text.*; begin anew"
    ):
        open_arrays(tmp_path / "text", "resume", "begin anew", "a list")


@every_format
def test_cut_short_anywhere(tmp_path, name):
    path = tmp_path / name
    write_arrays(path, arrays(), {"kind": "test", "version": 1})
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="broken or cut short|got another kind"):
            dict(open_arrays(path))


@every_format
def test_flipped_bytes_give_arrays_or_words(tmp_path, name):
    path = tmp_path / name
    write_arrays(path, {"x": np.arange(40.0), "y": np.ones((3, 3))}, {"kind": "test", "version": 1})
    whole = path.read_bytes()
    rng, refused = np.random.default_rng(1), 0
    for _ in range(300):
        broken = bytearray(whole)
        broken[rng.integers(len(whole))] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        try:
            dict(open_arrays(path))
        except ValueError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > (200 if name == "a.npz" else 30)  # .safetensors has no checksum


def npz(path, header, data, method=zipfile.ZIP_STORED, twice=False):
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, header)
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("x.npy", stream.getvalue() + data)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate name"):
                file.writestr("x.npy", b"")
    return path


def header(shape, descr="<f4"):
    return {"descr": descr, "fortran_order": False, "shape": shape}


HOSTILE = {
    "promises more than it holds": (header((1 << 40,)), bytes(64)),
    "a size past 64 bits": (header((1 << 40, 1 << 40)), bytes(64)),
    "a negative size": (header((-4,)), bytes(64)),
    "more bytes than the array": (header((4,)), bytes(64)),
    "Python objects": (header((4,), "|O"), b"cos\nsystem\n(S'true'\ntR."),
    "unpacks to much more": (header((1 << 24,)), bytes(1 << 26), zipfile.ZIP_DEFLATED),
    "one name twice": (header((4,)), bytes(16), zipfile.ZIP_STORED, True),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_npz_files_are_refused_in_little_memory(tmp_path, kind):
    path = npz(tmp_path / "x.npz", *HOSTILE[kind])
    tracemalloc.start()
    with pytest.raises(ValueError, match="load: .*x.npz' is broken or cut short"):
        dict(open_arrays(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size + (1 << 20)


def test_labels_that_shrink_to_nothing_are_no_bomb(tmp_path):
    given = {"images": np.random.default_rng(0).random((40, 900)), "labels": np.zeros(10**5, int)}
    np.savez_compressed(tmp_path / "p.npz", **given)
    np.testing.assert_array_equal(open_arrays(tmp_path / "p.npz")["labels"], given["labels"])


def test_a_layer_of_zeros_is_no_bomb(tmp_path):
    given = {"x": np.zeros((600, 600)), "real": np.random.default_rng(0).random(9)}
    write_npz(tmp_path / "a.npz", given, compress=True)
    np.testing.assert_array_equal(open_arrays(tmp_path / "a.npz")["x"], given["x"])


def test_many_small_bombs_are_one(tmp_path):
    zeros = np.zeros(1 << 17)
    write_npz(tmp_path / "a.npz", {str(i): zeros for i in range(99)}, compress=True)
    with pytest.raises(ValueError, match=f"would unpack to {99 * (zeros.nbytes + 128)} bytes"):
        open_arrays(tmp_path / "a.npz")


# -- cards ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"kind": "faces", "version": 1}, "load: 'a' holds faces, expected net; name another"),
        ({"version": 1}, "holds None, expected net"),
        ({"kind": "net"}, "version None, expected a number"),
        ({"kind": "net", "version": True}, "version True"),
        ({"kind": "net", "version": 0}, "version 0"),
        ({"kind": "net", "version": 3}, "version 3, this nnscratch reads up to 2; install a newer"),
    ],
)
def test_cards_of_others_are_refused(card, said):
    with pytest.raises(ValueError, match=said):
        check_card(card, "net", 2, "load: 'a'")
    check_card({"kind": "net", "version": 2}, "net", 2, "load: 'a'")


@pytest.mark.parametrize("text", ["{", "[]", "1", "[" * 100_000])
@every_format
def test_a_card_that_cannot_be_read(tmp_path, name, text):
    path = tmp_path / name
    if name == "a.npz":
        np.savez(path, **{CARD: np.array(text)})
    else:
        save_file({"x": np.zeros(1)}, path, {CARD: text})
    with pytest.raises(ValueError, match="its card cannot be read"):
        open_arrays(path)


@every_format
def test_asking_for_a_name_reads_no_array(tmp_path, name, monkeypatch):
    write_arrays(tmp_path / name, {"x": np.ones(3)})
    found = open_arrays(tmp_path / name)
    monkeypatch.setattr(type(found), "__getitem__", lambda *_: pytest.fail("it was read"))
    assert "x" in found and "y" not in found


def test_a_zip_of_something_else_is_told(tmp_path):
    for name, said in (
        ("archive/data.pkl", "a zip by PyTorch"),
        ("a.txt", "a zip with 'a.txt' in"),
    ):
        with zipfile.ZipFile(tmp_path / "x.pth", "w") as file:
            file.writestr(name, "x")
        with pytest.raises(ValueError, match=f"load: .*x.pth' is {said}.*; fetch it again"):
            open_arrays(tmp_path / "x.pth")


def test_a_header_that_is_exchanged_after_the_check_is_not_believed(tmp_path):
    write_arrays(tmp_path / "x.safetensors", {"x": np.zeros(4)})
    found = open_arrays(tmp_path / "x.safetensors")
    found.names["x"]["shape"] = [1 << 40]
    with pytest.raises(ValueError, match="the size of x does not match its shape"):
        found["x"]
