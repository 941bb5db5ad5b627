"""Drawn textures show what their labels say: directions, scales, colours and blur."""

import colorsys

import numpy as np
import pytest
from scipy import ndimage, stats

from nnscratch.style.backbone import textures as module
from nnscratch.style.backbone.noise import TextureBatch
from nnscratch.style.backbone.textures import (
    FAMILIES,
    FINEST,
    LARGEST,
    NONE,
    ORIENTATIONS,
    ORIENTED,
    SCALES,
    SMALLEST,
    textures,
)

every_family = pytest.mark.parametrize("name", FAMILIES)


@pytest.fixture(scope="module")
def drawn():
    return textures(1600, np.random.default_rng(0))


@pytest.fixture(scope="module")
def shares(drawn):
    """How far each pixel is from the first colour to the second: (N, size, size)."""
    images, labels = drawn
    start, way = labels.palette[:, 0], labels.palette[:, 1] - labels.palette[:, 0]
    way /= (way**2).sum(1, keepdims=True)
    return np.einsum("nchw,nc->nhw", images, way) - (start * way).sum(1)[:, None, None]


# -- form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(0, 96), (1, 96), (33, 16), (9, 35)])
def test_form(count, size):
    images = textures(count, np.random.default_rng(0), size)[0]
    assert images.shape == (count, 3, size, size) and images.dtype == np.float32
    assert images.flags.c_contiguous
    assert np.all((images >= 0) & (images <= 1))


def test_generator_decides():
    rng = np.random.default_rng(0)
    images = textures(40, rng, 32)[0]
    np.testing.assert_array_equal(textures(40, np.random.default_rng(0), 32)[0], images)
    assert np.abs(textures(40, rng, 32)[0] - images).mean() > 0.1


@pytest.mark.parametrize(("count", "size"), [(-1, 96), (5, 15)])
def test_refuses(count, size):
    words = f"^textures: expected count .* 16 pixels, got count {count} and size {size}$"
    with pytest.raises(ValueError, match=words):
        textures(count, np.random.default_rng(0), size)


def test_labels(drawn):
    _, labels = drawn
    for name in ("family", "orientation", "scale", "blur"):
        assert getattr(labels, name).shape == (1600,) and getattr(labels, name).dtype == np.int64
    assert labels.palette.shape == (1600, 2, 3) and labels.palette.dtype == np.float32
    assert np.bincount(labels.family, minlength=len(FAMILIES)).min() > 40
    oriented = np.isin(labels.family, [FAMILIES.index(name) for name in ORIENTED])
    np.testing.assert_array_equal(labels.orientation != NONE, oriented)
    assert set(labels.orientation[oriented]) == set(range(ORIENTATIONS))
    assert set(labels.scale) == set(range(SCALES))
    assert set(labels.blur) == {0, 1, 2}
    assert np.all(labels.scale >= np.array(FINEST)[labels.blur])


# -- labels are true ------------------------------------------------------------------------------


def lines(pictures):
    """Direction of the lines, degrees, and how dominant it is, 0..1 (structure tensor)."""
    smooth = ndimage.gaussian_filter(pictures, (0, 1, 1))
    down, across = np.gradient(smooth, axis=(1, 2))
    even, odd = (across**2 - down**2).mean((1, 2)), (2 * across * down).mean((1, 2))
    angle = np.degrees(np.arctan2(odd, even)) / 2 + 90
    return angle % 180, np.hypot(even, odd) / (across**2 + down**2).mean((1, 2))


def misdirection(pictures, orientation):
    """Degrees between the lines measured and the middle of the labels' bins."""
    middle = (orientation + 0.5) * 180 / ORIENTATIONS
    return np.abs((lines(pictures)[0] - middle + 90) % 180 - 90)


def test_lines_of_a_known_picture():
    """0 is rightwards, 90 downwards, and 45 between them."""
    x, y = np.meshgrid(np.arange(64), np.arange(64))
    waves = np.stack([np.sin(y), np.sin(x), np.sin((y - x) / 2)])
    angle, dominance = lines(waves)
    np.testing.assert_allclose(np.abs((angle - [0, 90, 45] + 90) % 180 - 90), 0, atol=1)
    assert dominance.min() > 0.95


@pytest.mark.parametrize("name", ORIENTED)
def test_orientation_is_true(drawn, shares, name):
    _, labels = drawn
    chosen = labels.family == FAMILIES.index(name)
    off = misdirection(shares[chosen], labels.orientation[chosen])
    half = 90 / ORIENTATIONS
    assert np.mean(off < half) > 0.75
    assert off.max() < 2.5 * half
    assert lines(shares[chosen])[1].min() > 0.3
    wrong = misdirection(shares[chosen], np.roll(labels.orientation[chosen], 1))
    assert np.median(wrong) > 2 * half  # so the measure can fail


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in ORIENTED])
def test_others_have_no_orientation(drawn, shares, name):
    _, labels = drawn
    dominance = lines(shares[labels.family == FAMILIES.index(name)])[1]
    assert np.median(dominance) < 0.12
    assert np.mean(dominance < 0.3) > 0.9


def wavelength(pictures):
    """One over the mean frequency, weighted by power, in pixels."""
    size = pictures.shape[-1]
    window = np.hanning(size)[:, None] * np.hanning(size)
    flat = pictures - pictures.mean((1, 2), keepdims=True)
    power = np.abs(np.fft.rfft2(flat * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    power *= frequency < 0.35  # the corners of the square are grain
    return power.sum((1, 2)) / (power * frequency).sum((1, 2))


@every_family
def test_scale_is_true(drawn, shares, name):
    _, labels = drawn
    chosen = labels.family == FAMILIES.index(name)
    scale, length = labels.scale[chosen], wavelength(shares[chosen])
    assert stats.spearmanr(scale, length).statistic > 0.6
    assert np.median(length[scale > 5]) > 1.8 * np.median(length[scale < 3])


@pytest.mark.parametrize("name", ["stripes", "gabor", "rings", "spots"])
def test_scale_is_the_period(drawn, shares, name):
    _, labels = drawn
    chosen = labels.family == FAMILIES.index(name)
    low, high = (
        SMALLEST * (LARGEST / SMALLEST) ** ((labels.scale[chosen] + step) / SCALES)
        for step in (0, 1)
    )
    length = wavelength(shares[chosen])
    assert np.mean((length > low / 1.2) & (length < high * 1.2)) > 0.8


@every_family
def test_palette_is_true(drawn, shares, name):
    """Colours lie between the palette's two, but for grain, and take in much of the way."""
    images, labels = drawn
    chosen = labels.family == FAMILIES.index(name)
    share, palette = shares[chosen][:, None], labels.palette[chosen][..., None, None]
    expected = palette[:, 0] + share * (palette[:, 1] - palette[:, 0])
    assert np.abs(images[chosen] - expected).mean() < 0.02
    low, high = np.percentile(share, (5, 95), axis=(1, 2, 3))
    assert low.min() > -0.4 and high.max() < 1.4  # grain on a palette of little contrast
    assert np.median(high - low) > 0.5 and (high - low).min() > 0.12
    nearest = np.minimum(np.abs(share), np.abs(1 - share))
    assert np.mean(nearest < 0.25) > 0.2


def test_palettes_are_muted_and_vivid_and_of_some_contrast(drawn):
    palette = drawn[1].palette
    saturation = 1 - palette.min(2) / palette.max(2)
    assert np.mean(saturation < 0.2) > 0.2 and np.mean(saturation > 0.6) > 0.1
    assert np.linalg.norm(palette[:, 0] - palette[:, 1], axis=1).min() > 0.2
    darker = palette.max(2).argmin(1)
    assert 0.4 < darker.mean() < 0.6


@pytest.mark.parametrize("name", ["crackle", "bricks", "dots", "glyphs", "leaves", "hatching"])
def test_blur_is_true(drawn, shares, name):
    """Of families with edges, the steepest slopes, as a part of the contrast, tell the blur."""
    _, labels = drawn
    chosen = (labels.family == FAMILIES.index(name)) & (labels.scale >= FINEST[2])
    smooth = ndimage.gaussian_filter(shares[chosen], (0, 0.5, 0.5))
    slope = np.hypot(*np.gradient(smooth, axis=(1, 2)))
    low, high = np.percentile(smooth, (2, 98), axis=(1, 2))
    steep = np.percentile(slope, 98, axis=(1, 2)) / (high - low)
    sharp, soft, blurred = (np.median(steep[labels.blur[chosen] == blur]) for blur in range(3))
    assert sharp > 1.15 * soft > 1.15**2 * blurred


# -- tools ----------------------------------------------------------------------------------------


@every_family
def test_families_draw_shares(name):
    period, angle = np.full(3, 7, np.float32), np.linspace(0.2, 1.4, 3, dtype=np.float32)
    maps = module._FAMILIES[name](TextureBatch(np.random.default_rng(0), 33, period, angle))
    assert maps.shape == (3, 33, 33) and maps.dtype == np.float32
    assert maps.min() >= 0 and maps.max() <= 1


def test_rgb_against_the_standard_library():
    hue, saturation, value = np.random.default_rng(0).random((3, 50))
    expected = [colorsys.hsv_to_rgb(*hsv) for hsv in zip(hue, saturation, value, strict=True)]
    np.testing.assert_allclose(module._rgb(hue, saturation, value), expected, atol=1e-6)
