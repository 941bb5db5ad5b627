"""Image files: every mode gives the right colours, every fault its own message."""

import errno
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from nnscratch.data.images import contact_strip, read_image, read_picture, resize_image, save_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quadrants(height=24, width=32):
    """Red and green above blue and white: (H, W, 3) bytes; all flips and rotations differ."""
    bytes_ = np.empty((height, width, 3), np.uint8)
    bytes_[: height // 2, : width // 2] = RED
    bytes_[: height // 2, width // 2 :] = GREEN
    bytes_[height // 2 :, : width // 2] = BLUE
    bytes_[height // 2 :, width // 2 :] = WHITE
    return bytes_


def as_image(bytes_):
    return bytes_.transpose(2, 0, 1).astype(np.float32) / 255  # (H, W, 3) -> (3, H, W)


def stored(tmp_path, picture, name="picture.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return path


def test_rgb_is_exact_float32_contiguous(tmp_path):
    bytes_ = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = read_image(stored(tmp_path, Image.fromarray(bytes_)))
    assert image.dtype == np.float32 and image.flags.c_contiguous
    np.testing.assert_array_equal(image, as_image(bytes_))


@pytest.mark.parametrize("name", ["grey.png", "grey.pgm", "grey.tif"])
def test_grey_repeats_in_three_channels(tmp_path, name):
    grey = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
    image = read_image(stored(tmp_path, Image.fromarray(grey), name))
    np.testing.assert_array_equal(image, np.stack([grey.astype(np.float32) / 255] * 3))
    assert image.flags.c_contiguous


def test_one_bit(tmp_path):
    bits = np.array([[True, False, True], [False, True, True]])
    image = read_image(stored(tmp_path, Image.fromarray(bits)))
    np.testing.assert_array_equal(image, np.stack([bits.astype(np.float32)] * 3))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_shows_white(tmp_path, mode):
    colour = np.array([[10, 100, 200, 250]], np.uint8)
    alpha = np.array([[0, 51, 204, 255]], np.uint8)
    bands = [Image.fromarray(colour)] * (len(mode) - 1) + [Image.fromarray(alpha)]
    image = read_image(stored(tmp_path, Image.merge(mode, bands)))
    share = alpha / 255
    expected = colour / 255 * share + 1 - share
    np.testing.assert_allclose(image, np.stack([expected] * 3), atol=1 / 255)
    assert image[0, 0, 0] == 1


def test_palette(tmp_path):
    picture = Image.fromarray(quadrants()).quantize(4)
    np.testing.assert_array_equal(read_image(stored(tmp_path, picture)), as_image(quadrants()))


@pytest.mark.parametrize("name", ["palette.png", "palette.gif"])
def test_palette_with_transparent_entry(tmp_path, name):
    picture = Image.new("P", (3, 2), 0)
    picture.putpalette([*RED, *GREEN, *BLUE])
    picture.putpixel((1, 0), 1)
    picture.putpixel((2, 1), 2)
    image = read_image(stored(tmp_path, picture, name, transparency=0))
    expected = np.ones((2, 3, 3))
    expected[0, 1], expected[1, 2] = (0, 1, 0), (0, 0, 1)
    np.testing.assert_array_equal(image, expected.transpose(2, 0, 1))


def test_palette_with_an_alpha_for_each_entry(tmp_path):
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([*RED, *BLUE])
    picture.putpixel((1, 0), 1)
    image = read_image(stored(tmp_path, picture, transparency=bytes([255, 51])))
    np.testing.assert_allclose(image[:, 0, 0], (1, 0, 0))
    np.testing.assert_allclose(image[:, 0, 1], (0.8, 0.8, 1), atol=1e-6)


def test_colour_key_transparency(tmp_path):
    path = stored(tmp_path, Image.fromarray(quadrants()), transparency=RED)
    expected = as_image(quadrants())
    expected[:, :12, :16] = 1
    np.testing.assert_array_equal(read_image(path), expected)


@pytest.mark.parametrize("name", ["print.jpg", "print.tif"])
def test_cmyk(tmp_path, name):
    # Pillow writes CMYK JPEG as Adobe does, inverted and marked; reading must undo both
    picture = Image.fromarray(quadrants()).convert("CMYK")
    image = read_image(stored(tmp_path, picture, name))
    np.testing.assert_allclose(image, as_image(quadrants()), atol=0.02)


def test_cmyk_jpeg_file_really_is_inverted_adobe(tmp_path):
    path = stored(tmp_path, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "red.jpg")
    with Image.open(path) as file:
        assert file.mode == "CMYK" and "adobe" in file.info
    np.testing.assert_allclose(read_image(path)[:, 4, 4], (1, 0, 0), atol=0.02)


WIDE = np.array([[0, 1000, 30000], [40000, 65535, 257]], np.uint16)


@pytest.mark.parametrize(
    ("dtype", "name"),
    [("<u2", "wide.png"), ("<u2", "wide.tif"), (">u2", "wide.tif"), ("<i4", "wide.tif")],
)
def test_wide_grey_is_scaled_not_clipped(tmp_path, dtype, name):
    path = stored(tmp_path, Image.fromarray(WIDE.astype(dtype)), name)
    np.testing.assert_allclose(read_image(path)[1], WIDE / 65535, atol=1e-6)


def test_wide_pgm(tmp_path):
    path = tmp_path / "wide.pgm"
    path.write_bytes(b"P5 3 2 65535\n" + WIDE.astype(">u2").tobytes())
    np.testing.assert_allclose(read_image(path)[0], WIDE / 65535, atol=1e-6)


def png_chunk(kind, content):
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def test_wide_rgb_png(tmp_path):
    pixels = np.array([[[0, 30000, 65535], [40000, 257, 12345]]], ">u2")  # (H, W, 3)
    path = tmp_path / "wide.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(b"\x00" + pixels.tobytes()))
        + png_chunk(b"IEND", b"")
    )
    np.testing.assert_allclose(read_image(path), pixels.transpose(2, 0, 1) / 65535, atol=1 / 255)


def test_float_tiff_is_clipped(tmp_path):
    values = np.array([[-1, 0.25], [0.123456, 7]], np.float32)
    image = read_image(stored(tmp_path, Image.fromarray(values), "float.tif"))
    np.testing.assert_array_equal(image, np.stack([np.clip(values, 0, 1)] * 3))


def test_float_tiff_with_nan(tmp_path):
    path = stored(tmp_path, Image.fromarray(np.full((2, 2), np.nan, np.float32)), "nan.tif")
    with pytest.raises(ValueError, match=r"^read_image: expected grey values .* got NaN"):
        read_image(path)


# what a camera must have stored for each orientation, as array operations on the upright picture
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.tif", "photo.webp"])
@pytest.mark.parametrize("orientation", TURNS)
def test_exif_orientation(tmp_path, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    held = np.ascontiguousarray(TURNS[orientation](quadrants()))
    options = {"subsampling": 0} if name.endswith("jpg") else {}
    path = stored(tmp_path, Image.fromarray(held), name, exif=exif, **options)
    image = read_image(path, size=32)
    assert image.shape == (3, 24, 32)
    for row, column in [(5, 7), (5, 24), (18, 7), (18, 24)]:
        np.testing.assert_allclose(
            image[:, row, column], as_image(quadrants())[:, row, column], atol=0.05
        )


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_broken_exif_means_no_turn(tmp_path, exif):
    path = stored(tmp_path, Image.fromarray(quadrants()), "photo.png", exif=exif)
    np.testing.assert_array_equal(read_image(path), as_image(quadrants()))


def swapped_profile():
    """A valid profile made from sRGB by exchanging its red and blue primaries."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(content[i : i + 4]): i for i in range(132, 132 + 12 * content[131], 12)}
    red, blue = at[b"rXYZ"], at[b"bXYZ"]
    entries = content[red + 4 : red + 12], content[blue + 4 : blue + 12]
    content[blue + 4 : blue + 12], content[red + 4 : red + 12] = entries
    return bytes(content)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colour_profile_becomes_srgb(tmp_path, mode):
    picture = Image.fromarray(quadrants())
    picture = picture.quantize(4) if mode == "P" else picture.convert(mode)
    image = read_image(stored(tmp_path, picture, icc_profile=swapped_profile()))
    np.testing.assert_allclose(image, as_image(quadrants())[::-1], atol=0.02)


def test_srgb_profile_changes_nothing(tmp_path):
    bytes_ = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = read_image(stored(tmp_path, Image.fromarray(bytes_), icc_profile=profile))
    np.testing.assert_allclose(image, as_image(bytes_), atol=1.01 / 255)


@pytest.mark.parametrize("profile", [b"no profile", swapped_profile()[:200]])
def test_broken_profile_is_ignored(tmp_path, profile):
    path = stored(tmp_path, Image.fromarray(quadrants()), icc_profile=profile)
    np.testing.assert_array_equal(read_image(path), as_image(quadrants()))


def test_rgb_profile_on_grey_is_ignored(tmp_path):
    path = stored(tmp_path, Image.new("L", (3, 2), 51), icc_profile=swapped_profile())
    np.testing.assert_allclose(read_image(path), 0.2)


@pytest.mark.parametrize(
    ("height", "width", "size", "expected"),
    [
        (40, 30, 20, (20, 15)),
        (30, 40, 20, (15, 20)),
        (10, 8, 30, (30, 24)),
        (1, 300, 9, (1, 9)),
        (300, 1, 1, (1, 1)),
    ],
)
def test_size_is_the_longer_side(tmp_path, height, width, size, expected):
    path = stored(tmp_path, Image.new("RGB", (width, height), (51, 102, 204)))
    image = read_image(path, size)
    assert image.shape == (3, *expected)
    np.testing.assert_allclose(image, np.array([0.2, 0.4, 0.8])[:, None, None] + 0 * image)


def test_shrinking_averages_rather_than_skips(tmp_path):
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    image = read_image(stored(tmp_path, Image.fromarray(checks.astype(np.uint8))), size=8)
    np.testing.assert_allclose(image, 0.5, atol=0.02)


def test_wide_grey_keeps_its_levels_when_resized(tmp_path):
    ramp = np.linspace(0, 600, 64).astype(np.uint16) * np.ones((64, 1), np.uint16)
    image = read_image(stored(tmp_path, Image.fromarray(ramp)), size=32)
    assert len(np.unique(image)) > 20


def test_animation_gives_its_first_picture(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE)]
    path = stored(tmp_path, frames[0], "two.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_image(path)[:, 0, 0], (1, 0, 0))


def refused(path, words, size=None):
    with pytest.raises(ValueError, match=f"^read_image: expected .*{re.escape(words)}") as caught:
        read_image(path, size)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_file(tmp_path):
    path = tmp_path / "absent.png"
    assert str(path) in refused(path, "got no file at")
    with pytest.raises(ValueError, match="^read_image: cannot read .*check its name"):
        read_image(tmp_path / ("long" * 100))


def test_folder(tmp_path):
    refused(tmp_path, "got a folder")


def test_empty_file(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    refused(path, "got an empty file")


def test_text_named_jpg(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("not a picture")
    assert "export it as PNG" in refused(path, "got a file of another kind")


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "cut.tif", "cut.bmp", "cut.gif"])
def test_truncated_file(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = stored(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"^read_image: expected .*cut\."):
        read_image(path)


def test_damaged_png_data(tmp_path):
    path = stored(tmp_path, Image.fromarray(quadrants()))
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 6] ^= 0xFF
    path.write_bytes(content)
    refused(path, "cannot be decoded")


@pytest.mark.parametrize("size", [0, -3, 0.5, float("nan")])
def test_size_below_one(tmp_path, size):
    refused(stored(tmp_path, Image.new("L", (2, 2))), f"at least 1 pixel, got {size}", size)


def test_decompression_bomb(tmp_path, monkeypatch):
    path = stored(tmp_path, Image.new("L", (32, 32)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert read_image(path).shape == (3, 32, 32)  # Pillow's warning alone is no refusal
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    assert "1024 pixels" in refused(path, "a smaller picture")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.tif", "a.tiff", "a.bmp", "a.ppm"])
def test_save_then_read(tmp_path, name, channels):
    image = np.random.default_rng(0).random((channels, 5, 7), dtype=np.float32)
    save_image(tmp_path / name, image)
    back = read_image(str(tmp_path / name))
    np.testing.assert_allclose(back, np.broadcast_to(image, (3, 5, 7)), atol=0.501 / 255)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.webp"])
def test_save_lossy_stays_close(tmp_path, name):
    save_image(tmp_path / name, as_image(quadrants()))
    assert np.abs(read_image(tmp_path / name) - as_image(quadrants())).mean() < 0.03


def test_save_clips_and_rounds(tmp_path):
    values = np.array([[[-0.5, 0.4999 / 255, 0.5001 / 255, 1.5]]])
    save_image(tmp_path / "a.png", values)
    with Image.open(tmp_path / "a.png") as file:
        assert file.mode == "L"
        np.testing.assert_array_equal(np.asarray(file), [[0, 0, 1, 255]])


GOOD = np.zeros((3, 4, 4), np.float32)
SPOILT = np.where(np.eye(4) > 0, np.nan, GOOD)


@pytest.mark.parametrize(
    ("name", "image", "kind", "words"),
    [
        ("a.png", GOOD[:2], ValueError, "got shape (2, 4, 4)"),
        ("a.png", GOOD[0], ValueError, "got shape (4, 4)"),
        ("a.png", GOOD[:, :0], ValueError, "got shape (3, 0, 4)"),
        ("a.png", SPOILT, ValueError, "got NaN or infinity in 12 of 48"),
        ("a.png", GOOD + np.inf, ValueError, "got NaN or infinity in 48 of 48"),
        ("a.png", GOOD.astype(np.uint8), TypeError, "got uint8; divide bytes by 255"),
        ("a.xyz", GOOD, ValueError, "ending in .png, .jpg"),
        ("a", GOOD, ValueError, "ending in .png, .jpg"),
        ("absent/a.png", GOOD, ValueError, "there is no folder"),
    ],
)
def test_save_refuses(tmp_path, name, image, kind, words):
    if "/" not in name:
        (tmp_path / name).write_bytes(b"earlier")
    with pytest.raises(kind, match="^(save_image: expected|cannot write) ") as caught:
        save_image(tmp_path / name, image)
    assert words in str(caught.value)
    assert all(file.read_bytes() == b"earlier" for file in tmp_path.iterdir())


def test_save_refuses_a_folder(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(ValueError, match=r"^cannot write '.*a.png': it is a folder"):
        save_image(tmp_path / "a.png", GOOD)


NO_SPACE = OSError(errno.ENOSPC, "disk full")  # the message that the system gives


@pytest.mark.parametrize("error", [NO_SPACE, KeyboardInterrupt()])
def test_failed_save_leaves_the_earlier_file(tmp_path, monkeypatch, error):
    def half_written(path, content):
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])
        raise error

    save_image(tmp_path / "a.png", GOOD)
    before = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(Path, "write_bytes", half_written)
    expected = ValueError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected, match=r"^cannot write .*disk full|^$"):
        save_image(tmp_path / "a.png", GOOD)
    assert (tmp_path / "a.png").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_resize_image():
    image = np.random.default_rng(0).random((2, 12, 10))
    small = resize_image(image, (6, 7))
    assert small.shape == (2, 6, 7) and small.dtype == np.float32
    np.testing.assert_allclose(small.mean((1, 2)), image.mean((1, 2)), atol=0.03)
    np.testing.assert_allclose(resize_image(image, (12, 10)), image, atol=1e-6)
    np.testing.assert_array_equal(resize_image(image[:, ::-1, ::-1], (6, 7)), small[:, ::-1, ::-1])


def test_resize_image_stays_in_range():
    edge = np.repeat(np.array([0.0] * 8 + [1.0] * 8)[None, None], 8, axis=1)
    large = resize_image(edge, (24, 48))
    assert large.min() == 0 and large.max() == 1


@pytest.mark.parametrize("size_hw", [(0, 5), (5, -1)])
def test_resize_image_refuses_sides(size_hw):
    with pytest.raises(ValueError, match=r"^resize_image: expected sides of at least 1 pixel"):
        resize_image(GOOD, size_hw)


def test_resize_image_refuses_rank():
    with pytest.raises(ValueError, match=r"^resize_image: expected image \(C, H, W\), got .*4, 4"):
        resize_image(GOOD[0], (2, 2))


def test_contact_strip():
    images = [np.full((3, 4, width), value) for width, value in [(2, 0.25), (5, 0.5)]]
    strip = contact_strip(images, gap=3)
    assert strip.shape == (3, 4, 10) and strip.dtype == np.float32
    np.testing.assert_allclose(strip[1, 2], [0.25] * 2 + [1] * 3 + [0.5] * 5)
    np.testing.assert_array_equal(contact_strip([images[0]]), images[0])
    assert contact_strip((image for image in images), gap=0).shape == (3, 4, 7)


def test_contact_strip_refuses():
    with pytest.raises(ValueError, match=r"^contact_strip: expected at least one image"):
        contact_strip([])
    with pytest.raises(ValueError, match=r"^contact_strip: expected images .*\(3, 5, 4\)"):
        contact_strip([GOOD, np.zeros((3, 5, 4))])
    with pytest.raises(ValueError, match=r"^contact_strip: expected images .*\(4, 4\)"):
        contact_strip([GOOD[0]])


# -- transparency and notes -----------------------------------------------------------------------


def veiled(height=6, width=8):
    """(H, W, 4) bytes: the quadrants, one column transparent, one half transparent."""
    alpha = np.full((height, width, 1), 255, np.uint8)
    alpha[:, 0], alpha[:, 1] = 0, 128
    return np.concatenate([quadrants(height, width), alpha], axis=2)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_picture_keeps_its_alpha(tmp_path, name):
    options = {"lossless": True} if name == "a.webp" else {}
    picture = read_picture(stored(tmp_path, Image.fromarray(veiled()), name, **options))
    colours = as_image(veiled())[:3]
    np.testing.assert_array_equal(picture.alpha, as_image(veiled())[3])
    np.testing.assert_array_equal(picture.image[:, :, 1:], colours[:, :, 1:])  # not mixed
    assert (picture.image[:, :, 0] == 1).all()
    assert picture.image.dtype == picture.alpha.dtype == np.float32
    expected = colours * picture.alpha + 1 - picture.alpha
    np.testing.assert_allclose(picture.on_white(), expected, atol=1e-6)


def test_picture_is_opaque_where_alpha_hides_nothing(tmp_path):
    assert read_picture(stored(tmp_path, Image.new("RGBA", (3, 2), (*RED, 255)))).alpha is None
    assert read_picture(stored(tmp_path, Image.new("RGB", (3, 2), RED))).alpha is None


def test_palette_and_grey_keep_their_alpha(tmp_path):
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([*RED, *BLUE])
    picture.putpixel((1, 0), 1)
    read = read_picture(stored(tmp_path, picture, transparency=bytes([255, 51])))
    np.testing.assert_allclose(read.alpha, [[1, 0.2]])
    np.testing.assert_array_equal(read.image[:, 0, 1], (0, 0, 1))
    read = read_picture(stored(tmp_path, Image.new("LA", (2, 1), (51, 102))))
    np.testing.assert_allclose((*read.image[:, 0, 0], read.alpha[0, 0]), (0.2, 0.2, 0.2, 0.4))


def test_hidden_colours_do_not_bleed_when_resized(tmp_path):
    bytes_ = np.zeros((32, 32, 4), np.uint8)
    bytes_[:] = (*BLUE, 0)
    bytes_[5:20, 7:27] = (*RED, 255)
    picture = read_picture(stored(tmp_path, Image.fromarray(bytes_)), size=8)
    shown = picture.alpha > 0.1
    assert 4 < shown.sum() < 64
    assert picture.image[0][shown].min() > 0.99 and picture.image[2][shown].max() < 0.01


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_save_with_alpha(tmp_path, name, channels):
    rng = np.random.default_rng(0)
    image, alpha = rng.random((channels, 5, 7)), rng.uniform(0.01, 1, (5, 7))
    save_image(tmp_path / name, image, alpha)
    back = read_picture(tmp_path / name)
    np.testing.assert_allclose(back.alpha, alpha, atol=0.501 / 255)
    np.testing.assert_allclose(back.image, np.broadcast_to(image, (3, 5, 7)), atol=0.501 / 255)


def test_save_with_text(tmp_path):
    notes = {"Title": "Süden, 北", "settings": '{"a": "\\n"}\n' * 900}
    save_image(tmp_path / "a.png", GOOD, text=notes)
    assert read_picture(tmp_path / "a.png").text == notes
    assert (tmp_path / "a.png").stat().st_size < 1000  # compressed
    assert read_picture(stored(tmp_path, Image.new("RGB", (2, 2)), "a.jpg")).text == {}


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.jpg", {"alpha": GOOD[0]}, "holds transparency, got .*a.jpg'; name a .png"),
        ("a.png", {"alpha": GOOD}, r"alpha of the picture's size \(4, 4\), got \(3, 4, 4\)"),
        ("a.png", {"alpha": GOOD[0, 1:]}, r"size \(4, 4\), got \(3, 4\)"),
        ("a.png", {"alpha": SPOILT[0]}, "NaN or infinity in 4 of 16"),
        ("a.webp", {"text": {"a": "b"}}, "a .png, which can hold text, got .*a.webp"),
    ],
)
def test_save_refuses_alpha_and_text(tmp_path, name, options, words):
    with pytest.raises(ValueError, match=f"^save_image: expected .*{words}"):
        save_image(tmp_path / name, GOOD, **options)
    assert list(tmp_path.iterdir()) == []


def tiff(pixels):
    """(H, W, 3) of 16 bits -> the bytes of a plain TIFF, little-endian, in one strip."""
    height, width, _ = pixels.shape
    tags = [(256, 1, width), (257, 1, height), (258, 3, 0), (259, 1, 1), (262, 1, 2)]
    tags += [(273, 1, 0), (277, 1, 3), (278, 1, height), (279, 1, pixels.nbytes)]
    depths_at = 8 + 2 + 12 * len(tags) + 4
    values = {258: depths_at, 273: depths_at + 6}
    entries = b"".join(struct.pack("<HHII", t, 3, n, values.get(t, v)) for t, n, v in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head + struct.pack("<HHH", 16, 16, 16) + pixels.astype("<u2").tobytes()


def test_wide_rgb_tiff(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, (3, 4, 3))
    (tmp_path / "wide.tif").write_bytes(tiff(pixels))
    image = read_image(tmp_path / "wide.tif")
    np.testing.assert_allclose(image, pixels.transpose(2, 0, 1) / 65535, atol=1 / 255)
    np.testing.assert_array_equal(np.rint(image * 255), pixels.transpose(2, 0, 1) >> 8)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "1", "P", "CMYK", "I;16", "F"])
def test_one_pixel_of_any_mode(tmp_path, mode):
    name = {"CMYK": "a.tif", "F": "a.tif"}.get(mode, "a.png")
    picture = read_picture(stored(tmp_path, Image.new(mode, (1, 1), 0), name), size=5)
    assert picture.image.shape == (3, 5, 5)
    assert (picture.alpha is None) == (mode not in ("RGBA", "LA"))


def test_save_one_pixel(tmp_path):
    save_image(tmp_path / "a.png", GOOD[:, :1, :1], alpha=np.full((1, 1), 0.2))
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").alpha, 0.2)


@pytest.mark.parametrize(
    "name, head, told",
    [
        ("a.heic", b"\0\0\0\x18ftypheic", "a HEIC or AVIF file: .*; export it as PNG or JPEG"),
        ("a.jpg", b"\0\0\0\x18ftypmif1", "a HEIC or AVIF file: .*; export it as PNG or JPEG"),
        ("a.mp4", b"\0\0\0\x18ftypisom", "a video: .*ffmpeg .* --frames"),
        ("a.webm", b"\x1aE\xdf\xa3", "a video: .*ffmpeg .* --frames"),
        ("a.txt", b"words", "a file of another kind"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, head, told):
    (tmp_path / name).write_bytes(head + b"\0" * 20)
    with pytest.raises(ValueError, match=told):
        read_image(tmp_path / name)
