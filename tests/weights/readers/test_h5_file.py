"""Keras' HDF5 files: the names of several Keras versions are read, broken files are refused."""

import sys
import tracemalloc
import zlib

import numpy as np
import pytest

from nnscratch.weights import layouts
from nnscratch.weights.readers import h5_file
from nnscratch.weights.vgg_weights import CAFFE

NAMES = {
    "Keras 1": "{0}/{0}_{1}_1:0",
    "Keras 2": "{0}/{0}/{2}:0",
    "a whole model": "model_weights/{0}/{0}/{2}:0",
    "Keras 3": "layers/{0}/vars/{3}",
}


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="h5py is an extra; without it there is one error")


def write(h5py, path, vgg, names):
    with h5py.File(path, "w") as file:
        file.attrs["backend"] = "tensorflow"
        file.create_group("block1_pool")
        for name, (weight, bias) in vgg.items():
            given = weight[:, ::-1] if name == "conv1_1" else weight  # RGB -> BGR
            block = f"block{name[4]}_conv{name[6]}"
            for i, array in enumerate((given.transpose(2, 3, 1, 0), bias)):
                file[names.format(block, "Wb"[i], ("kernel", "bias")[i], i)] = array
        file["optimizer_weights/block1_conv1/kernel:0"] = np.zeros(3, np.float32)
        file["fc1/name"] = "text"


@pytest.mark.parametrize("names", NAMES)
def test_names_of_every_keras_arrive(tmp_path, small_vgg, h5py, names):
    path = tmp_path / "vgg.h5"
    write(h5py, path, small_vgg, NAMES[names])
    contents = h5_file.read(path)
    assert contents.container == "h5"
    assert "fc1/name" not in contents.arrays
    with pytest.raises(KeyError):
        contents.arrays["nothing"]
    loaded, evidence = layouts.interpret(contents, "'vgg.h5'")
    assert loaded.preprocess == CAFFE
    assert any("HWIO" in line for line in evidence)
    for name, (weight, bias) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)
        np.testing.assert_array_equal(loaded.layers[name].bias, bias)


def test_without_h5py_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r'needs h5py; install .* pip install "nnscratch\[h5\]"'):
        h5_file.read(tmp_path / "vgg.h5")


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path, small_vgg, h5py, share):
    path = tmp_path / "vgg.h5"
    write(h5py, path, small_vgg, NAMES["Keras 2"])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="broken or cut short"):
        h5_file.read(path)


# -- ways to store arrays -------------------------------------------------------------------------

WAYS = {
    "plain": {},
    "chunks that stick out": {"chunks": (2, 3, 2, 1)},
    "chunks larger than the array": {"chunks": (4, 4, 4, 4), "maxshape": (None,) * 4},
    "gzip": {"compression": "gzip"},
    "gzip of shuffled bytes": {"compression": "gzip", "shuffle": True},
    "with a checksum": {"chunks": (3, 3, 1, 1), "compression": "gzip", "fletcher32": True},
    "a checksum alone": {"fletcher32": True},
}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("dtype", ["f2", "<f4", ">f4", "f8", "i2"])
@pytest.mark.parametrize("way", WAYS)
def test_numbers_are_those_that_h5py_reads(tmp_path, h5py, way, dtype, libver):
    values = (100 * np.random.default_rng(0).random((3, 3, 3, 5))).astype(dtype)
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        file.create_dataset("a/whole", data=values, **WAYS[way])
        part = file.create_dataset("a/part", values.shape, dtype, fillvalue=7, **WAYS[way])
        part[:1] = values[:1]
        read = {name: file[name][()] for name in ("a/part", "a/whole")}
    arrays = h5_file.read(tmp_path / "a.h5").arrays
    assert list(arrays) == list(read)
    for name, array in read.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)
        assert arrays[name].dtype == dtype


def test_what_stands_beside_the_arrays_may_be_anything(tmp_path, h5py):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["block1/kernel"] = np.ones(3, np.float32)
        file["optimizer_weights/iteration"] = np.int64(3)
        file["again"] = file["block1/kernel"]  # a second name
        file["block1/cycle"] = file
        file["soft"] = h5py.SoftLink("/block1")
        file["nowhere"] = h5py.SoftLink("/nothing")
        file["outside"] = h5py.ExternalLink("b.h5", "/x")
        file["texts"] = ["a", "b"]
        file["pairs"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
        file["flags"] = np.array([True])
        file["complex"] = np.array([1j])
        file["nothing"] = h5py.Empty("f4")
        file["type"] = np.dtype("f4")
        file.create_dataset("references", (1,), h5py.ref_dtype)
        moment = h5py.h5t.UNIX_D32LE  # NumPy has no such type
        h5py.h5d.create(file.id, b"moment", moment, h5py.h5s.create_simple((1,)))
        h5py.h5g.create(file.id, b"\xff\xfe").close()  # a name that is no UTF-8
    found = h5_file.read(tmp_path / "a.h5").arrays
    assert set(found) == {"again", "optimizer_weights/iteration"}


def test_keras_3_names_by_class_arrive_whole(tmp_path, h5py):
    names = [f"layers/{layer}/vars/{i}" for layer in ("conv2d", "conv2d_1") for i in (0, 1)]
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        for name in names:
            file[name] = np.ones(3, np.float32)
        file.create_group("layers/max_pooling2d/vars")
    assert list(h5_file.read(tmp_path / "a.weights.h5").arrays) == names


def test_no_file_stays_open(tmp_path, h5py):
    """HDF5 opens no file for writing while the process has it open for reading."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.ones(3)
        file.create_dataset("b", (1 << 40,), np.float32, chunks=(1024,))
    arrays = h5_file.read(path).arrays
    h5py.File(path, "r+").close()
    np.testing.assert_array_equal(arrays["a"], np.ones(3))
    with pytest.raises(ValueError, match="larger than the file"):
        arrays["b"]
    h5py.File(path, "r+").close()


# -- files made to hurt ---------------------------------------------------------------------------


def refusal(arrays, name="a"):
    """The one-line error for an array; reading it takes at most 16 MiB."""
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"weights: '.*' .*; (fetch|save) it .*") as caught:
        arrays[name]
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_arrays_larger_than_the_file_can_hold_are_refused(tmp_path, h5py):
    path = tmp_path / "vgg.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", (1 << 40,), np.float32, chunks=(1024,))
    assert "larger than the file can hold" in refusal(h5_file.read(path).arrays)


def test_arrays_that_lie_in_other_files_are_refused(tmp_path, h5py):
    (tmp_path / "secret").write_bytes(b"\0" * 16)
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        outside = [(str(tmp_path / "secret"), 0, 16)]
        file.create_dataset("a", (4,), np.float32, external=outside)
        file["b"] = h5py.ExternalLink(str(tmp_path / "secret"), "/x")
        virtual = h5py.VirtualLayout((4,), np.float32)
        virtual[:] = h5py.VirtualSource(str(tmp_path / "secret"), "x", (4,))
        file.create_virtual_dataset("c", virtual)
    contents = h5_file.read(tmp_path / "vgg.h5")
    assert list(contents.arrays) == ["a", "c"]
    for name in contents.arrays:
        assert f"has {name} in other files" in refusal(contents.arrays, name)


def test_arrays_that_are_too_large_together_are_refused(tmp_path, h5py):
    zeros = {"data": np.zeros(1 << 20, np.float32), "compression": "gzip", "chunks": (1 << 20,)}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in "abc":
            file.create_dataset(name, **zeros)  # 4 MiB in 4 KiB
    arrays = h5_file.read(tmp_path / "a.h5").arrays
    for name in "aab":
        assert not arrays[name].any()
    assert "states a size of c that is larger than the file can hold" in refusal(arrays, "c")


CHUNKS = {
    "a bomb": (zlib.compress(bytes(64 << 20)), "gzip", "inflates to more"),
    "cut short": (zlib.compress(bytes(36))[:-1], "gzip", "ends early"),
    "too short": (zlib.compress(bytes(32)), "gzip", "reshape"),
    "no gzip": (b"hello", "gzip", "Error"),
    "packed by other means": (b"hello", "lzf", "filter 32000"),
}


@pytest.mark.parametrize("kind", CHUNKS)
def test_hostile_chunks_are_refused(tmp_path, h5py, kind):
    data, compression, said = CHUNKS[kind]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset("a", (9,), np.float32, chunks=(9,), compression=compression)
        made.id.write_direct_chunk((0,), data)
    assert said in refusal(h5_file.read(tmp_path / "a.h5").arrays)


@pytest.mark.parametrize("size", [0, 2, 1 << 31])
def test_sizes_of_chunks_may_be_broken(tmp_path, h5py, size):
    """The HDF5 library crashes on an empty chunk that should have a checksum."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset(
            "a", (9,), np.float32, chunks=(9,), compression="gzip", fletcher32=True
        )
        made[...] = np.random.default_rng(0).random(9)
        stored = made.id.get_storage_size()
    content = bytearray((tmp_path / "a.h5").read_bytes())
    at = content.index(b"TREE", content.index(b"TREE") + 4) + 24  # of chunks, its first key
    assert int.from_bytes(content[at : at + 4], "little") == stored
    content[at : at + 4] = size.to_bytes(4, "little")
    (tmp_path / "a.h5").write_bytes(content)
    assert "broken" in refusal(h5_file.read(tmp_path / "a.h5").arrays)


def test_checksums_are_compared(tmp_path, h5py):
    values = np.random.default_rng(0).random((3, 3, 3, 5))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=values, fletcher32=True)
    content = bytearray((tmp_path / "a.h5").read_bytes())
    content[content.index(values.tobytes()) + 100] ^= 1
    (tmp_path / "a.h5").write_bytes(content)
    assert "a checksum does not agree" in refusal(h5_file.read(tmp_path / "a.h5").arrays)


def test_groups_within_groups_end_somewhere(tmp_path, h5py):
    """The HDF5 library crashes when visiting thousands of levels."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file
        for _ in range(100):
            group = group.create_group("g")
        group["a"] = np.ones(3)
    with pytest.raises(ValueError, match="more than 32 deep"):
        h5_file.read(tmp_path / "a.h5")
