"""Drawn textures show what their labels say; scenes vary as photographs and paintings do."""

import colorsys

import numpy as np
import pytest
from scipy import ndimage, stats

from nnscratch.data import textures as module
from nnscratch.data.textures import (
    FAMILIES,
    FINEST,
    LARGEST,
    NONE,
    ORIENTATIONS,
    ORIENTED,
    SCALES,
    SMALLEST,
    scenes,
    textures,
)

every_family = pytest.mark.parametrize("name", FAMILIES)
both = pytest.mark.parametrize("draw", [textures, scenes])


def pictures(drawn):
    return drawn if isinstance(drawn, np.ndarray) else drawn[0]


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


@pytest.fixture(scope="module")
def composed():
    return scenes(160, np.random.default_rng(0))


# -- form -----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(("count", "size"), [(0, 96), (1, 96), (33, 16), (9, 35)])
def test_form(draw, count, size):
    images = pictures(draw(count, np.random.default_rng(0), size))
    assert images.shape == (count, 3, size, size) and images.dtype == np.float32
    assert images.flags.c_contiguous
    assert np.all((images >= 0) & (images <= 1))


@both
def test_generator_decides(draw):
    rng = np.random.default_rng(0)
    images = pictures(draw(40, rng, 32))
    np.testing.assert_array_equal(pictures(draw(40, np.random.default_rng(0), 32)), images)
    assert np.abs(pictures(draw(40, rng, 32)) - images).mean() > 0.1


@both
@pytest.mark.parametrize(("count", "size"), [(-1, 96), (5, 15)])
def test_refuses(draw, count, size):
    words = f"^{draw.__name__}: expected count .* 16 pixels, got count {count} and size {size}$"
    with pytest.raises(ValueError, match=words):
        draw(count, np.random.default_rng(0), size)


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


# -- scenes ---------------------------------------------------------------------------------------


def test_scenes_are_unlike_each_other(composed):
    small = composed.reshape(len(composed), 3, 6, 16, 6, 16).mean((3, 5)).reshape(160, -1)
    distance = np.abs(small[:, None] - small[None]).mean(-1) + np.eye(160)
    assert distance.min() > 0.01
    assert composed.mean((1, 2, 3)).std() > 0.12  # dark and bright
    assert composed.std((1, 2, 3)).min() > 0.01


def test_scenes_have_colours_of_all_kinds(composed):
    colourful = np.ptp(composed, axis=1).mean((1, 2))
    assert np.mean(colourful < 0.1) > 0.1 and np.mean(colourful > 0.25) > 0.05


def test_scenes_have_the_spectrum_of_pictures(composed):
    """Power falls as frequency to about -2 in photographs, to -3 in pictures of plain things."""
    grey = composed.mean(1)
    window = np.hanning(96)[:, None] * np.hanning(96)
    power = np.abs(np.fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(96)[:, None], np.fft.fftfreq(96))
    bands = np.geomspace(0.03, 0.4, 8)
    means = [
        power[:, (frequency > low) & (frequency < high)].mean(1)
        for low, high in zip(bands[:-1], bands[1:], strict=True)
    ]
    middle = np.log(np.sqrt(bands[:-1] * bands[1:]))
    slopes = np.polyfit(middle, np.log(np.array(means)), 1)[0]
    assert -3.1 < np.median(slopes) < -2


def test_scenes_have_edges(composed):
    """Slopes have the heavy tails that occlusion gives (3 is a normal distribution's)."""
    across = np.diff(composed.mean(1), axis=2).reshape(160, -1)
    assert np.median(stats.kurtosis(across, axis=1, fisher=False)) > 5


def test_some_scenes_are_a_texture_and_some_are_painted(monkeypatch):
    painted = []
    real = module._paint
    monkeypatch.setattr(
        module, "_paint", lambda *args, whole: (painted.append(whole), real(*args, whole=whole))
    )
    things = []
    put = module._things
    monkeypatch.setattr(module, "_things", lambda *args: (things.append(1), put(*args)))
    scenes(320, np.random.default_rng(0), 16)
    assert 0.22 < sum(painted) / 320 < 0.38
    assert 0.09 < 1 - len(things) / 320 < 0.21


# -- tools ----------------------------------------------------------------------------------------


def job(count=2, size=40, period=7.0):
    rng = np.random.default_rng(0)
    angle = np.linspace(0.2, 1.4, count).astype(np.float32)
    return module._Job(rng, size, np.full(count, period, np.float32), angle)


@every_family
def test_families_draw_shares(name):
    maps = module._FAMILIES[name](job(3, 33))
    assert maps.shape == (3, 33, 33) and maps.dtype == np.float32
    assert maps.min() >= 0 and maps.max() <= 1


def test_voronoi_against_all_points():
    """Two nearest of the jittered points, found among all of them."""
    work = job(1, 24, 6.0)
    near, following, number = module._voronoi(work, 0.9)
    again = job(1, 24, 6.0)
    u, v = module._plane(again)
    first, second, third = (module._table(again) for _ in range(3))
    column, row = (z.ravel()[None] for z in np.mgrid[-8:9, -8:9])
    column, row = column[..., None], row[..., None]
    x = column + 0.5 + 0.9 * (first(column, row) - 0.5)
    y = row + 0.5 + 0.9 * (second(column, row) - 0.5)
    distance = np.hypot(u.ravel() - x[0], v.ravel() - y[0])  # (points, pixels)
    ordered = np.sort(distance, axis=0)
    np.testing.assert_allclose(near.ravel(), ordered[0], atol=1e-4)
    np.testing.assert_allclose(following.ravel(), ordered[1], atol=1e-4)
    nearest = third(column, row).ravel()[distance.argmin(0)]
    assert np.mean(number.ravel() == nearest) > 0.99  # ties may fall to either side


@pytest.mark.parametrize("size", [32, 33])
def test_noise_has_mean_0_and_deviation_1(size):
    rng = np.random.default_rng(0)
    for field in (module._smooth(rng, 4, size, 9), module._fractal(rng, 4, size, 9, 2)):
        assert field.shape == (4, size, size) and field.dtype == np.float32
        np.testing.assert_allclose(field.mean((1, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(field.std((1, 2)), 1, rtol=1e-4)
    steep = module._smooth(rng, 1, size, 2 * size)  # hardly anything passes
    np.testing.assert_allclose(steep.std(), 1, rtol=1e-4)


def test_rgb_against_the_standard_library():
    hue, saturation, value = np.random.default_rng(0).random((3, 50))
    expected = [colorsys.hsv_to_rgb(*hsv) for hsv in zip(hue, saturation, value, strict=True)]
    np.testing.assert_allclose(module._rgb(hue, saturation, value), expected, atol=1e-6)


def test_radii_have_the_density_of_things_at_all_distances():
    radii = module._radii(np.random.default_rng(0), 40000, 2, 1000)
    assert radii.min() >= 2 and radii.max() <= 1000
    assert np.mean(radii > 4) == pytest.approx(1 / 4, abs=0.01)
    assert np.mean(radii > 8) == pytest.approx(1 / 16, abs=0.01)


@pytest.mark.parametrize(("x", "y"), [(10, 10), (0, 0), (19, 3), (5, 19)])
def test_press_cuts_stamps_at_the_border(x, y):
    stamp = module._stamps("stroke", 8)[5][1]
    colour = np.array([0.2, 0.9], np.float32)[:, None, None]
    whole, part = np.zeros((2, 80, 80), np.float32), np.zeros((2, 20, 20), np.float32)
    module._press(whole, stamp, 30 + x, 30 + y, colour)
    module._press(part, stamp, x, y, colour)
    np.testing.assert_array_equal(part, whole[:, 30:50, 30:50])
    assert part.any()


@pytest.mark.parametrize("kind", ["stroke", "dab", "line"])
def test_stamps_point_where_they_say(kind):
    for turn in (0, 5, 12, 20):
        opacity = module._stamps(kind, 6)[turn][0][0]
        angle = lines(np.pad(opacity, 3)[None])[0][0]
        assert abs((angle - 180 * turn / module.TURNS + 90) % 180 - 90) < 10


@pytest.mark.parametrize("outline", set(module.OUTLINES))
def test_outlines_stay_within_the_box_that_is_drawn(outline):
    rng, at = np.random.default_rng(0), np.linspace(-1.5, 1.5, 151, dtype=np.float32)
    for _ in range(60):
        inside = outline(rng, at[None], at[:, None]) < 0
        assert 0.01 < inside.mean() < 0.45
        assert not inside[np.hypot(at, at[:, None]) > 1.12].any()


@pytest.mark.parametrize(("whole", "least", "most"), [(True, 0.7, 1), (False, 0.2, 0.75)])
def test_paint_covers_the_whole_or_a_part(whole, least, most):
    rng = np.random.default_rng(0)
    flows = module._flows(20, rng, 96)
    start = rng.random((20, 3, 96, 96), dtype=np.float32)  # a stroke is smoother than this
    covered = []
    for canvas, flow in zip(start.copy(), flows, strict=True):
        before = canvas.copy()
        module._paint(canvas, rng, flow, whole)
        covered.append(np.any(np.abs(canvas - before) > 0.02, axis=0).mean())
    assert least < np.mean(covered) < most
