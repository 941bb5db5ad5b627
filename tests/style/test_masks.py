"""Masks: read from any picture, brought to a picture's size, made to share it."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from nnscratch.data.images import save_image
from nnscratch.style.masks import fit_mask, read_mask, regions


def stored(tmp_path, values, mode="L", name="mask.png"):
    path = tmp_path / name
    Image.fromarray(np.asarray(values, np.uint8)).convert(mode).save(path)
    return path


def half(height=12, width=16):
    mask = np.zeros((height, width), np.float32)
    mask[:, width // 2 :] = 1
    return mask


@pytest.mark.parametrize(
    ("mode", "name"),
    [("L", "m.png"), ("1", "m.png"), ("RGB", "m.png"), ("P", "m.gif"), ("CMYK", "m.tif")],
)
def test_white_is_one_in_any_mode(tmp_path, mode, name):
    mask = read_mask(stored(tmp_path, 255 * half(), mode, name))
    assert mask.dtype == np.float32
    np.testing.assert_array_equal(mask, half())


def test_grey_is_between(tmp_path):
    values = np.array([[0, 51], [102, 255]])
    np.testing.assert_allclose(read_mask(stored(tmp_path, values)), values / 255, atol=1e-6)


def test_colours_count_by_their_luma(tmp_path):
    save_image(tmp_path / "m.png", np.eye(3)[:, None])  # red, green and blue
    np.testing.assert_allclose(read_mask(tmp_path / "m.png"), [[0.299, 0.587, 0.114]], atol=1e-6)


def test_transparent_is_outside(tmp_path):
    save_image(tmp_path / "m.png", np.ones((3, 2, 2)), alpha=np.array([[0, 0.2], [0.4, 1]]))
    np.testing.assert_allclose(read_mask(tmp_path / "m.png"), [[0, 0.2], [0.4, 1]], atol=1e-6)


# -- size -----------------------------------------------------------------------------------------


def test_shrinking_is_the_mean_of_areas():
    mask = np.random.default_rng(0).random((12, 20), dtype=np.float32)
    fitted = fit_mask(mask, (4, 5))
    # rank 4: rows, 3 of each, columns, 4 of each
    np.testing.assert_allclose(fitted, mask.reshape(4, 3, 5, 4).mean((1, 3)), atol=1e-6)
    assert np.abs(fitted - mask[1::3, 2::4]).max() > 0.1  # picking pixels is something else


def test_enlarging_is_smooth_and_keeps_the_range():
    fitted = fit_mask(half(4, 4), (16, 16))
    assert fitted.dtype == np.float32 and fitted.min() == 0 and fitted.max() == 1
    np.testing.assert_allclose(fitted[3], fitted[12])
    assert (np.diff(fitted[0]) >= 0).all() and np.diff(fitted[0]).max() <= 0.25 + 1e-6


def test_own_size_stays():
    mask = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    np.testing.assert_allclose(fit_mask(mask, (5, 7)), mask, atol=1e-6)


ROUNDINGS = st.sampled_from([round, math.floor, math.ceil])


@given(st.floats(0.2, 5), st.integers(1, 600), st.integers(50, 900), ROUNDINGS, ROUNDINGS)
@settings(max_examples=80, deadline=None)
def test_rounding_of_sides_is_no_other_shape(ratio, side, mask_side, rounding, mask_rounding):
    """A photograph and its mask, each shrunk by another program with its own rounding."""

    def sides(longer, rounding):
        shorter = max(1, rounding(longer * min(ratio, 1 / ratio)))
        return (longer, shorter) if ratio > 1 else (shorter, longer)

    size_hw = sides(side, rounding)
    assert fit_mask(np.ones(sides(mask_side, mask_rounding)), size_hw).shape == size_hw


@pytest.mark.parametrize("size_hw", [(16, 12), (12, 12), (100, 160), (6, 18), (1000, 1100)])
def test_another_shape_is_refused(tmp_path, size_hw):
    path = stored(tmp_path, 255 * half())
    high, wide = size_hw
    words = f"the picture, {wide}×{high} pixels, got '{path}' of 16×12"
    with pytest.raises(ValueError, match=f"^mask: expected .*{re.escape(words)}"):
        read_mask(path, size_hw)


@pytest.mark.parametrize(("height", "width"), [(1000, 104), (1000, 120), (96, 1000)])
def test_a_long_picture_is_measured_by_its_short_side(height, width):
    wanted = (1000, 100) if height > width else (100, 1000)
    with pytest.raises(ValueError, match=r"^mask: expected the shape of the picture"):
        fit_mask(np.ones((height, width)), wanted)


def test_a_small_long_mask_is_rounded_more():
    assert fit_mask(np.ones((200, 3)), (2000, 34)).shape == (2000, 34)


@pytest.mark.parametrize("mode", ["L", "1", "RGB"])
def test_black_is_refused(tmp_path, mode):
    path = stored(tmp_path, np.zeros((3, 4)), mode, "night.png")
    with pytest.raises(ValueError, match=r"^mask: .* got '.*night.png' black at 4×3 pixels; paint"):
        read_mask(path)


def test_a_dot_that_vanishes_is_refused(tmp_path):
    dot = np.zeros((64, 64))
    dot[30, 30] = 200
    path = stored(tmp_path, dot, name="dot.png")
    assert read_mask(path, (32, 32)).max() > 0.1
    with pytest.raises(ValueError, match=r"^mask: .*dot.png' black at 2×2 pixels"):
        read_mask(path, (2, 2))


def test_one_pixel_and_missing_file(tmp_path):
    np.testing.assert_array_equal(read_mask(stored(tmp_path, [[255]]), (3, 3)), np.ones((3, 3)))
    np.testing.assert_array_equal(fit_mask(half(6, 6), (1, 1)), [[0.5]])
    with pytest.raises(ValueError, match=r"got no file at '.*none.png'"):
        read_mask(tmp_path / "none.png")


@pytest.mark.parametrize("spoilt", [half() * 2, half() - 0.5, half() * np.nan])
def test_values_outside_are_refused(spoilt):
    with pytest.raises(ValueError, match=r"^fit_mask: expected values in \[0, 1\]"):
        fit_mask(spoilt, (6, 8))


def test_ranks_and_sides_are_refused():
    with pytest.raises(ValueError, match=r"^fit_mask: expected a mask \(H, W\), got .*\(1, 2, 2\)"):
        fit_mask(np.ones((1, 2, 2)), (2, 2))
    with pytest.raises(ValueError, match=r"^fit_mask: expected sides of at least 1 pixel, got \(0"):
        fit_mask(half(), (0, 4))


# -- regions --------------------------------------------------------------------------------------


def loop_regions(masks):
    shared = np.zeros((len(masks), *masks[0].shape))
    for y, x in np.ndindex(*masks[0].shape):
        total = sum(float(mask[y, x]) for mask in masks)
        for i, mask in enumerate(masks):
            shared[i, y, x] = mask[y, x] / total if total > 1 else mask[y, x]
    return shared


@given(arrays(np.float32, (3, 2, 4), elements=st.floats(0, 1, width=32)))
@settings(max_examples=40, deadline=None)
def test_regions_add_up_to_one_where_they_overlap(masks):
    shared = regions(list(masks))
    assert shared.dtype == np.float32
    np.testing.assert_allclose(shared, loop_regions(masks), atol=1e-6)
    expected = np.minimum(masks.sum(0), 1)
    np.testing.assert_allclose(shared.sum(0), expected, atol=1e-6)


def test_one_region_stays_as_it_is():
    np.testing.assert_array_equal(regions([half() * 0.7])[0], half() * np.float32(0.7))


def test_the_rest_goes_to_those_without_a_mask():
    shared = regions([None, half(), None, half() * 0.5])
    np.testing.assert_allclose(shared.sum(0), 1, atol=1e-6)
    np.testing.assert_allclose(shared[0], (1 - half()) / 2, atol=1e-6)
    np.testing.assert_array_equal(shared[0], shared[2])
    np.testing.assert_allclose(shared[1], half() * 2 / 3, atol=1e-6)


def test_regions_refuse():
    with pytest.raises(ValueError, match=r"^regions: expected at least one mask, got none"):
        regions([None])
    with pytest.raises(ValueError, match=r"^regions: .*\[\(12, 16\), \(6, 8\)\]; fit_mask"):
        regions([half(), half(6, 8)])
    with pytest.raises(ValueError, match=r"^mask: expected some white, got what the masks leave"):
        regions([np.ones((2, 2)), None])
    with pytest.raises(ValueError, match=r"^regions: expected values in \[0, 1\], got 0 to 2"):
        regions([half() * 2])
