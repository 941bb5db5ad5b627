"""Augmentation: zero settings change nothing; values agree with SciPy, spreads with the docs."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from nnscratch.data import augment
from nnscratch.data.augment import Augment, _cubic, cutout, flip, jitter, light, sample, warp

EVERYTHING = Augment(
    rotation=0.1, shear=0.1, scale=0.1, shift=0.1, elastic=0.05, flip=0.5, plane=0.3, gamma=0.2,
    gain=0.1, square=5,
)  # fmt: skip


def generator(seed=0):
    return np.random.default_rng(seed)


def pictures(*shape, seed=1, dtype=np.float32):
    return generator(seed).random(shape).astype(dtype)


class Draws:
    """Replaces a generator and returns known numbers."""

    def __init__(self, *values):
        self.values = list(values)

    def standard_normal(self, shape):
        value = np.asarray(self.values.pop(0), np.float64)
        assert value.shape == tuple(np.atleast_1d(shape))
        return value


def affine_draws(count, **settings):
    """The six normal draws of warp for each image, 0 unless named."""
    names = ("rotation", "shear", "y_scale", "x_scale", "y_shift", "x_shift")
    return np.array([np.broadcast_to(settings.get(name, 0.0), count) for name in names])


# -- warp -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fill", [None, 0.5])
def test_zero_settings_change_nothing(dtype, fill):
    images = pictures(5, 2, 9, 12, dtype=dtype)
    warped = warp(images, generator(), fill=fill)
    np.testing.assert_array_equal(warped, images)
    assert warped.dtype == dtype and not np.shares_memory(warped, images)


@pytest.mark.parametrize(("fill", "mode"), [(None, "nearest"), (0.3, "grid-constant")])
@pytest.mark.parametrize("shape", [(3, 2, 11, 14), (2, 1, 7, 5), (1, 3, 1, 1)])
def test_samples_as_scipy(fill, mode, shape):
    images = pictures(*shape, dtype=np.float64)
    count, channels, height, width = shape
    rows = generator(2).uniform(-4, height + 3, (count, 6, 8))
    columns = generator(3).uniform(-4, width + 3, (count, 6, 8))
    found = sample(images, rows, columns, fill)
    assert found.shape == (count, channels, 6, 8)
    for n, c in np.ndindex(count, channels):
        places = rows[n], columns[n]
        expected = ndimage.map_coordinates(images[n, c], places, order=1, mode=mode, cval=0.3)
        np.testing.assert_allclose(found[n, c], expected, atol=1e-12)


def test_blocks_join_without_a_seam(monkeypatch):
    images, rng = pictures(7, 2, 6, 5), generator(2)
    rows, columns = rng.uniform(-1, 6, (2, 7, 6, 5)).astype(np.float32)
    whole = sample(images, rows, columns)
    for block in (1, 61, 90):
        monkeypatch.setattr(augment, "BLOCK", block)
        np.testing.assert_array_equal(sample(images, rows, columns), whole)


@pytest.mark.parametrize(("fill", "mode"), [(None, "nearest"), (0.0, "grid-constant")])
def test_a_shift_is_scipys(fill, mode):
    images = pictures(3, 1, 10, 16, dtype=np.float64)
    down, right = np.array([0.3, -1.2, 2.0]), np.array([-0.5, 0.25, 1.0])
    draws = Draws(affine_draws(3, y_shift=down, x_shift=right))
    shifted = warp(images, draws, shift=0.1, fill=fill)
    for n in range(3):
        by = -0.1 * down[n] * 10 / 2, -0.1 * right[n] * 16 / 2
        expected = ndimage.shift(images[n, 0], by, order=1, mode=mode)
        np.testing.assert_allclose(shifted[n, 0], expected, atol=1e-12)


def test_an_affine_map_is_scipys():
    """Rotation · shear · scale about the centre, for y before x as in SciPy."""
    images = pictures(1, 1, 13, 18, dtype=np.float64)
    draws = affine_draws(1, rotation=1.0, shear=-0.7, y_scale=0.5, x_scale=-1.5, x_shift=1.0)
    warped = warp(images, Draws(draws), 0.3, 0.2, 0.1, 0.05)
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    in_xy = turn @ [[1, -0.14], [0, 1]] @ np.diag(np.exp([-0.15, 0.05]))
    matrix = in_xy[::-1, ::-1]
    middle = np.array([6, 8.5])
    offset = middle - matrix @ middle + (0, 0.05 * 18 / 2)
    expected = ndimage.affine_transform(images[0, 0], matrix, offset, order=1, mode="nearest")
    np.testing.assert_allclose(warped[0, 0], expected, atol=1e-12)


def keys(x):
    """Keys 1981, equation 15: the cubic convolution kernel with a = −1/2."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


@pytest.mark.parametrize(("points", "pixels"), [(5, 28), (2, 9), (4, 4), (7, 13)])
def test_cubic_weights_against_a_loop(points, pixels):
    expected = np.zeros((points, pixels))
    for pixel in range(pixels):
        at = pixel * (points - 1) / (pixels - 1)
        for near in range(-2, points + 2):
            expected[min(max(near, 0), points - 1), pixel] += keys(at - near)
    np.testing.assert_allclose(_cubic(points, pixels), expected, atol=1e-12)
    np.testing.assert_allclose(_cubic(points, pixels).sum(0), 1)


def ramps(count, height, width):
    """Two channels that hold y and x: warped, they show the source of each pixel."""
    return np.broadcast_to(np.indices((height, width)).astype(float), (count, 2, height, width))


def test_the_elastic_field_is_smooth_and_of_the_stated_size():
    sides = np.array([41, 33])
    field = elastic_field(400, sides, elastic=0.05, grid=5)
    at_points = field[:, :, ::10, ::8]  # the 5 × 5 points themselves
    measured = at_points[:, :, 1:-1, 1:-1].std((0, 2, 3))  # inside: the edge is cut off
    np.testing.assert_allclose(measured, 0.05 * sides / 2, rtol=0.05)
    assert np.abs(at_points.mean((0, 2, 3))).max() < 0.1
    bend = np.diff(field[:, 1, 8:-8, 8:-8], 2, axis=2)  # second differences along x
    assert bend.std() < 0.12 * measured[1]  # of unrelated numbers: 2.4
    assert np.abs(field[:, :, 15, 12].std(0) / measured - 0.64).max() < 0.1


def elastic_field(count, sides, elastic, grid):
    """The source of each pixel minus its position: (N, 2, H, W)."""
    images = ramps(count, *sides)
    return warp(images, generator(), elastic=elastic, grid=grid) - images


def test_spreads_are_those_asked_for():
    """The shift of the centre and the slopes of many warps, measured on ramps."""
    images = ramps(3000, 21, 21)
    shifts = warp(images, generator(), shift=0.1)[:, :, 10, 10] - 10
    np.testing.assert_allclose(shifts.std(0), 0.1 * 21 / 2, rtol=0.05)
    scaled = warp(images, generator(), scale=0.1)
    rates = np.log(np.stack([np.diff(scaled[:, 0, 9:11, 10]), np.diff(scaled[:, 1, 10, 9:11])]))
    np.testing.assert_allclose(rates.std((1, 2)), 0.1, rtol=0.05)
    turned = warp(images, generator(), rotation=0.1)
    angles = np.arcsin(turned[:, 0, 10, 11] - turned[:, 0, 10, 10])
    assert angles.std() == pytest.approx(0.1, rel=0.05)


@settings(max_examples=30, deadline=None)
@given(st.tuples(*(st.integers(1, 6) for _ in range(4))), st.integers(0, 99), st.booleans())
def test_shapes_and_range_are_kept(shape, seed, wide):
    images = pictures(*shape, dtype=np.float64 if wide else np.float32)
    before = images.copy()
    changed = EVERYTHING(images, generator(seed))
    assert changed.shape == shape and changed.dtype == images.dtype
    assert changed.min() >= 0 and changed.max() <= 1
    np.testing.assert_array_equal(images, before)


def test_no_pictures_and_pictures_in_any_layout():
    assert EVERYTHING(pictures(0, 1, 8, 8), generator()).shape == (0, 1, 8, 8)
    images = pictures(3, 8, 9, 2).transpose(0, 3, 1, 2)
    expected = EVERYTHING(np.ascontiguousarray(images), generator())
    np.testing.assert_array_equal(EVERYTHING(images, generator()), expected)


def test_the_generator_decides():
    images = pictures(4, 1, 12, 12)
    first = EVERYTHING(images, generator(3))
    np.testing.assert_array_equal(EVERYTHING(images, generator(3)), first)
    assert np.abs(EVERYTHING(images, generator(4)) - first).mean() > 0.01


# -- light, cutout, flip, jitter ------------------------------------------------------------------


def test_light_against_the_formula():
    images = pictures(2, 3, 4, 5, dtype=np.float64)
    draws = generator(5).standard_normal((4, 2, 1, 1, 1))
    lit = light(images, Draws(draws), plane=0.3, gamma=0.2, gain=0.1)
    for n, c, i, j in np.ndindex(images.shape):
        curve, gain, slope_y, slope_x = draws[:, n, 0, 0, 0]
        y, x = 2 * i / 3 - 1, 2 * j / 4 - 1
        factor = np.exp(0.1 * gain) + 0.3 * (slope_y * y + slope_x * x)
        value = images[n, c, i, j] ** np.exp(0.2 * curve) * factor
        assert lit[n, c, i, j] == pytest.approx(min(max(value, 0), 1), abs=1e-12)


def test_light_of_nothing_is_the_picture():
    images = pictures(2, 1, 4, 5)
    np.testing.assert_array_equal(light(images, generator()), images)


@pytest.mark.parametrize("size", [1, 4, 5])
def test_cutout_covers_squares(size):
    images = 2 * np.ones((400, 2, 15, 12), np.float32)
    covered = cutout(images, generator(), size, p=0.7, fill=0.5) == 0.5
    np.testing.assert_array_equal(covered[:, 0], covered[:, 1])
    areas = covered[:, 0].sum((1, 2))
    assert np.mean(areas > 0) == pytest.approx(0.7, abs=0.07)
    assert areas.max() == size**2
    heights = covered[:, 0].any(2).sum(1)
    widths = covered[:, 0].any(1).sum(1)
    np.testing.assert_array_equal(areas, heights * widths)  # rectangles: cut off at the edge
    assert size == 1 or covered[:, 0].any(0).all()


def test_cutout_draws_a_grey_for_each_picture():
    covered = cutout(np.full((50, 3, 6, 6), 2.0), generator(), 3, p=1)
    greys = [np.unique(image[image < 2]) for image in covered]
    assert all(len(grey) == 1 and 0 <= grey[0] <= 1 for grey in greys)
    assert len({grey[0] for grey in greys}) == 50


def test_flip_mirrors_some():
    images = pictures(300, 1, 3, 4)
    flipped = flip(images, generator(), 0.3)
    mirrored = (flipped == images[..., ::-1]).all((1, 2, 3))
    kept = (flipped == images).all((1, 2, 3))
    assert (mirrored ^ kept).all() and mirrored.mean() == pytest.approx(0.3, abs=0.08)
    np.testing.assert_array_equal(flip(images, generator(), 1.0), images[..., ::-1])
    np.testing.assert_array_equal(flip(images, generator(), 0.0), images)


@pytest.mark.parametrize("shape", [(2000, 2, 7), (2000, 1, 2, 3, 4)])
def test_jitter_in_any_number_of_dimensions(shape):
    items = np.ones(shape, np.float32)
    moved = jitter(items, generator(), gain=0.1, offset=0.0)
    assert moved.dtype == np.float32 and moved.shape == shape
    one_each = moved.reshape(2000, -1)
    assert np.ptp(one_each, axis=1).max() == 0
    assert np.log(one_each[:, 0]).std() == pytest.approx(0.1, rel=0.06)
    assert jitter(items, generator(), offset=0.2).std() == pytest.approx(0.2, rel=0.06)
    noisy = jitter(items, generator(), noise=0.2)
    assert noisy.std(0).mean() == pytest.approx(0.2, rel=0.05) and noisy.dtype == np.float32
    np.testing.assert_array_equal(jitter(items, generator()), items)


def test_what_is_zero_is_not_done():
    images = pictures(3, 1, 5, 5)
    assert Augment()(images, None) is images
    mirrored = Augment(flip=1.0)(images, generator())
    np.testing.assert_array_equal(mirrored, images[..., ::-1])


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Augment)])
def test_every_setting_has_an_effect(name):
    images = pictures(6, 1, 9, 9)
    changed = {"grid": 3, "fill": 0.0, "cover": 1.0}.get(name, 0.0)
    other = dataclasses.replace(EVERYTHING, **{name: changed})
    assert (other(images, generator()) != EVERYTHING(images, generator())).any()


# -- what is refused ------------------------------------------------------------------------------

IMAGES = pictures(2, 1, 5, 5)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda rng: warp(IMAGES[0], rng), ValueError, r"warp: expected images .* got shape"),
        (lambda rng: warp((IMAGES * 255).astype(np.uint8), rng), TypeError, "uint8; divide"),
        (lambda rng: warp(IMAGES, rng, rotation=-1), ValueError, "warp: expected settings"),
        (lambda rng: warp(IMAGES, rng, elastic=float("nan")), ValueError, "warp: expected setti"),
        (lambda rng: warp(IMAGES, rng, elastic=0.1, grid=1), ValueError, "at least 2 points"),
        (lambda rng: light(IMAGES - 0.5, rng), ValueError, "light: .* before standard"),
        (lambda rng: light(IMAGES * np.nan, rng), ValueError, "light: expected values in"),
        (lambda rng: cutout(IMAGES, rng, 3, p=1.5), ValueError, "cutout: expected a prob"),
        (lambda rng: flip(IMAGES, rng, p=-0.5), ValueError, "flip: expected a probability"),
        (lambda rng: jitter(IMAGES[0, 0], rng), ValueError, "jitter: expected floats"),
    ],
)
def test_refuses(call, error, words):
    with pytest.raises(error, match=words):
        call(generator())
