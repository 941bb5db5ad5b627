"""Files of 16 bits for each colour: Pillow reads them, and our own decoder finds every level."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from nnscratch.data import deep_images
from nnscratch.data.images import read_picture, save_image

LEVELS = np.random.default_rng(0).integers(0, 65536, (5, 7, 4)).astype(np.uint16)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_holds_every_level(channels):
    levels = LEVELS[..., :channels]
    data, chunks, at = deep_images.png(levels, {"note": "süß"}), {}, 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunks[kind] = data[at + 8 : at + 8 + length]
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(5, -1)[:, 1:]
    found = np.ascontiguousarray(rows).view(">u2").reshape(levels.shape)
    np.testing.assert_array_equal(found, levels)
    assert Image.open(io.BytesIO(data)).text == {"note": "süß"}


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("transparent", [False, True])
def test_other_programs_read_them(tmp_path, suffix, transparent):
    image = (LEVELS / np.float32(65535)).transpose(2, 0, 1)
    alpha = 0.2 + 0.8 * image[3] if transparent else None  # 0 would become white
    save_image(tmp_path / f"a{suffix}", image[:3], alpha, bits=16)
    found = read_picture(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(found.image, image[:3], atol=1 / 255)
    if transparent:
        np.testing.assert_allclose(found.alpha, alpha, atol=1 / 255)


def test_a_tiff_holds_every_level():
    data = deep_images.tiff(LEVELS[..., :1], {})
    found = np.asarray(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(found, LEVELS[..., 0])


@pytest.mark.parametrize("name, bits", [("a.jpg", 16), ("a.png", 12)])
def test_other_formats_and_depths_are_refused(tmp_path, name, bits):
    with pytest.raises(ValueError, match="expected 8 bits for each colour, or 16 in a .png"):
        save_image(tmp_path / name, np.zeros((3, 2, 2)), bits=bits)
