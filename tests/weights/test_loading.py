"""Loading weight files: intact ones are read, damaged and other ones are refused with a remedy."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnscratch import weights
from nnscratch.weights.vgg_weights import CAFFE, TORCHVISION


def test_keras_layout_becomes_oihw_rgb(keras_file, small_vgg):
    loaded = weights.load(keras_file)
    assert list(loaded.layers) == ["conv1_1", "conv1_2", "conv2_1"]
    assert loaded.preprocess == CAFFE
    for name, (weight, bias) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)
        np.testing.assert_array_equal(loaded.layers[name].bias, bias)


def torchvision_arrays(small_vgg):
    numbers = {"conv1_1": 0, "conv1_2": 2, "conv2_1": 5}
    return {
        f"features.{number}.{kind}": np.ascontiguousarray(small_vgg[name][i])
        for name, number in numbers.items()
        for i, kind in enumerate(("weight", "bias"))
    }


def test_torchvision_layout_keeps_oihw_rgb_and_names_follow_the_gaps(tmp_path, small_vgg):
    arrays = torchvision_arrays(small_vgg) | {"classifier.0.weight": np.zeros((2, 2), np.float32)}
    save_file(arrays, tmp_path / "vgg.safetensors")
    loaded = weights.load(tmp_path / "vgg.safetensors")
    assert list(loaded.layers) == ["conv1_1", "conv1_2", "conv2_1"]
    assert loaded.preprocess == TORCHVISION
    for name, (weight, _) in small_vgg.items():
        np.testing.assert_array_equal(loaded.layers[name].weight, weight)


def test_the_content_decides_not_the_name(tmp_path, small_vgg, keras_file):
    save_file(torchvision_arrays(small_vgg), tmp_path / "misnamed.npz")
    assert weights.load(tmp_path / "misnamed.npz").preprocess == TORCHVISION
    keras_file.rename(tmp_path / "misnamed.safetensors")
    assert weights.load(tmp_path / "misnamed.safetensors").preprocess == CAFFE


def test_a_safetensors_whose_first_bytes_look_like_a_pickle(tmp_path, small_vgg):
    save_file(torchvision_arrays(small_vgg), tmp_path / "vgg.safetensors")
    data = (tmp_path / "vgg.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + size].ljust(0x0480)
    assert size < 0x0480
    (tmp_path / "vgg.safetensors").write_bytes(b"\x80\x04" + bytes(6) + header + data[8 + size :])
    assert weights.load(tmp_path / "vgg.safetensors").preprocess == TORCHVISION


def test_missing_file_is_said(tmp_path):
    with pytest.raises(ValueError, match="no file at .*none.npz"):
        weights.load(tmp_path / "none.npz")


@pytest.mark.parametrize("read", [weights.load, weights.inspect, weights.convert])
def test_what_is_no_path_is_said(read, keras_file):
    out = [keras_file.with_name("out.npz")] if read is weights.convert else []
    for given in (None, b"w.npz", 3):
        with pytest.raises(TypeError, match="weights: expected a path, .*; name the file"):
            read(given, *out)
    with pytest.raises(TypeError, match="weights: expected a path, .*; name the file"):
        weights.convert(keras_file, None)
    with pytest.raises(ValueError, match="weights: .* a folder: .*; name a file in it"):
        read(keras_file.parent, *out)


def test_a_program_of_torch_export_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pt2", "w") as archive:
        archive.writestr("w/archive_format", "pt2")
        archive.writestr("w/data/sample_inputs/model.pt", b"x")
    with pytest.raises(ValueError, match=r"is a torch.export program; save model.state_dict"):
        weights.load(tmp_path / "w.pt2")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_truncated_npz_is_said(keras_file, share):
    whole = keras_file.read_bytes()
    keras_file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="broken or cut short"):
        weights.load(keras_file)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_safetensors_is_said(tmp_path, small_vgg, share):
    path = tmp_path / "vgg.safetensors"
    save_file(torchvision_arrays(small_vgg), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="broken or cut short"):
        weights.load(path)


def test_flipped_bytes_in_npz_are_said(keras_file):
    data = bytearray(keras_file.read_bytes())
    for i in range(200, 260):
        data[i] ^= 0xFF
    keras_file.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="broken"):
        weights.load(keras_file)


def archive(name):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr(name, "x")
    return stream.getvalue()


def saved(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


OTHERS = {
    "nothing": (b"", "is empty; fetch it again"),
    "no arrays": (b"PK\x05\x06" + bytes(18), "holds no VGG layers: .* got none"),
    "zeros": (bytes(2000), "begins with zeros only: an interrupted download"),
    "text": (
        b"hello, hello",
        "not a weight file of a known kind; expected .npz, .safetensors, .pth",
    ),
    "a page": (b"<html></html>" * 9, "is a web page, .*download the file in a browser"),
    "a page with a mark": (b"\xef\xbb\xbf\n <!DOCTYPE html>", "is a web page"),
    "a pickle": (b"\x80\x02}q\x00.", "a pickle that torch.save did not write"),
    "a pickled dict": (
        saved(np.array({"conv1_1": [1]})),
        "lone .npy: .* numpy.savez, as conv1_1_W",
    ),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "run: git lfs pull"),
    "gzip": (gzip.compress(b"x"), "compressed with gzip; unpack it first"),
    "bzip2": (bz2.compress(b"x"), "compressed with bzip2; unpack"),
    "xz": (lzma.compress(b"x"), "compressed with xz; unpack"),
    "Lua": (struct.pack("<iii", 4, 1, 3) + b"V 1" + bytes(9), "is a Lua Torch file"),
    "Caffe": (
        b"\n\x14VGG_ILSVRC_19_layers",
        ".caffemodel of Caffe, .* nnscratch weights fetch vgg19",
    ),
    "ONNX": (b"\x08\x07\x12\x07pytorch\x1a\x03", "is an ONNX"),
    "a picture": (b"\x89PNG\r\n", "is a picture, not a weight file; give it as CONTENT or STYLE"),
    "a .keras": (
        archive("model.weights.h5"),
        "an archive with 'model.weights.h5' in it; unpack it",
    ),
    "a zip of one": (archive("a/vgg.MAT"), "an archive with 'a/vgg.MAT' in it; unpack it"),
    "a document": (
        archive("word/document.xml"),
        "is a zip with 'metadata.json' in it, not of arrays",
    ),
}


@pytest.mark.parametrize(("content", "said"), OTHERS.values(), ids=OTHERS)
def test_other_files_are_refused(tmp_path, content, said):
    path = tmp_path / "vgg.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        weights.load(path)


def test_a_tar_is_told(tmp_path):
    (tmp_path / "storages").write_text("x")
    with tarfile.open(tmp_path / "vgg.pth", "w") as file:
        file.add(tmp_path / "storages")
    with pytest.raises(ValueError, match="is a tar: unpack it; one of torch before 0.2"):
        weights.load(tmp_path / "vgg.pth")


def test_an_npz_without_vgg_layers_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="holds no VGG layers"):
        weights.load(tmp_path / "other.npz")


def test_pickled_arrays_are_never_opened(tmp_path):
    path = tmp_path / "evil.npz"
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([{"a": 1}], object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("block1_conv1/kernel.npy", buffer.getvalue())
        archive.writestr("block1_conv1/bias.npy", buffer.getvalue())
    with pytest.raises(ValueError, match="broken or cut short .*holds Python objects"):
        weights.load(path)


def test_layers_that_do_not_fit_are_named(tmp_path, keras_file):
    arrays = dict(np.load(keras_file))
    arrays["block1_conv2/kernel"] = arrays["block1_conv2/kernel"][:, :, :2]
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(ValueError, match="conv1_2 does not fit: expected 4 input channels"):
        weights.load(tmp_path / "odd.npz")


def test_a_missing_bias_is_named(tmp_path, keras_file):
    arrays = dict(np.load(keras_file))
    del arrays["block2_conv1/bias"]
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(ValueError, match="conv2_1 lacks its weight or its bias"):
        weights.load(tmp_path / "odd.npz")


def test_nan_is_refused(tmp_path, keras_file):
    arrays = dict(np.load(keras_file))
    arrays["block1_conv2/kernel"][0, 0, 0, 0] = np.nan
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(ValueError, match="conv1_2 holds NaN"):
        weights.load(tmp_path / "odd.npz")


def test_half_a_batch_norm_is_refused_in_words(tmp_path, small_vgg):
    arrays = torchvision_arrays(small_vgg) | {"features.1.weight": np.ones(4, np.float32)}
    save_file(arrays, tmp_path / "bn.safetensors")
    with pytest.raises(ValueError, match="layer 1 lacks its weight or its bias"):
        weights.load(tmp_path / "bn.safetensors")


def test_weights_do_not_unpack_to_many_times_their_size(tmp_path):
    arrays = {"conv1_1/W": np.zeros(6 << 20), "x": np.random.default_rng(0).random(1 << 15)}
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match="it would unpack to"):
        weights.load(tmp_path / "x.npz")
