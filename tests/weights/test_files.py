"""Weight files: what is in them arrives, what is not whole is refused in words."""

import io
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnscratch import weights
from nnscratch.weights.form import CAFFE, TORCHVISION


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


def test_missing_file_is_said(tmp_path):
    with pytest.raises(ValueError, match="no file at .*none.npz"):
        weights.load(tmp_path / "none.npz")


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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a weight file of a known kind"),
        (b"hello", "not a weight file of a known kind"),
        (b"<html></html>" * 9, "not a weight file of a known kind"),
        (b"\x80\x02}q\x00.", "a pickle, but none that torch.save wrote"),
    ],
)
def test_other_files_are_refused(tmp_path, content, said):
    path = tmp_path / "vgg.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        weights.load(path)


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
    with pytest.raises(ValueError, match="broken or cut short"):
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


def npz_of(path, header, data, compress=zipfile.ZIP_STORED):
    """A .npz with one entry, of a header and bytes of one's own."""
    entry = io.BytesIO()
    entry.write(b"\x93NUMPY\x01\x00")
    text = header.ljust(118 - 1) + "\n"
    entry.write(len(text).to_bytes(2, "little") + text.encode() + data)
    with zipfile.ZipFile(path, "w", compress) as file:
        file.writestr("block1_conv1/kernel.npy", entry.getvalue())
    return path


def test_an_npz_that_promises_more_than_it_holds(tmp_path):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3, 3, 1000000000000), }"
    with pytest.raises(ValueError, match="and holds"):
        weights.load(npz_of(tmp_path / "large.npz", header, b"1234"))


def test_an_npz_that_would_unpack_to_much_more(tmp_path):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3, 3, 1000000), }"
    path = npz_of(tmp_path / "bomb.npz", header, bytes(108 * 10**6), zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="would unpack to"):
        weights.load(path)


def test_an_npz_of_objects_is_not_run(tmp_path):
    with np.errstate(all="raise"):
        np.savez(tmp_path / "o.npz", **{"block1_conv1/kernel": np.array([print], dtype=object)})
    with pytest.raises(ValueError, match="holds Python objects"):
        weights.load(tmp_path / "o.npz")
