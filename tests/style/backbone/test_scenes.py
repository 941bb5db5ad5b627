"""Scenes vary as photographs and paintings do, and their parts lie where they should."""

import numpy as np
import pytest
from scipy import stats

from nnscratch.style.backbone import scenes as module
from nnscratch.style.backbone.scenes import scenes


@pytest.fixture(scope="module")
def composed():
    return scenes(160, np.random.default_rng(0))


@pytest.mark.parametrize(("count", "size"), [(0, 96), (1, 96), (33, 16), (9, 35)])
def test_form(count, size):
    images = scenes(count, np.random.default_rng(0), size)
    assert images.shape == (count, 3, size, size) and images.dtype == np.float32
    assert images.flags.c_contiguous
    assert np.all((images >= 0) & (images <= 1))


def test_generator_decides():
    rng = np.random.default_rng(0)
    images = scenes(40, rng, 32)
    np.testing.assert_array_equal(scenes(40, np.random.default_rng(0), 32), images)
    assert np.abs(scenes(40, rng, 32) - images).mean() > 0.1


@pytest.mark.parametrize(("count", "size"), [(-1, 96), (5, 15)])
def test_refuses(count, size):
    words = f"^scenes: expected count .* 16 pixels, got count {count} and size {size}$"
    with pytest.raises(ValueError, match=words):
        scenes(count, np.random.default_rng(0), size)


# -- what they are like ---------------------------------------------------------------------------


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
    put = module._add_objects
    monkeypatch.setattr(module, "_add_objects", lambda *args: (things.append(1), put(*args)))
    scenes(320, np.random.default_rng(0), 16)
    assert 0.22 < sum(painted) / 320 < 0.38
    assert 0.09 < 1 - len(things) / 320 < 0.21


# -- tools ----------------------------------------------------------------------------------------


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
