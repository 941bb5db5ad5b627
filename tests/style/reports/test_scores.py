"""The quality report: what must come out best, what worst, and what cannot be told."""

import dataclasses
import functools

import numpy as np
import pytest

from nnscratch.autograd import no_grad
from nnscratch.data import PICTURES
from nnscratch.data.images import resize_image
from nnscratch.optim import Adam
from nnscratch.style import vgg
from nnscratch.style.reports import scores
from nnscratch.style.reports.scores import MEASURES, Scale, style_report
from nnscratch.tensor import Tensor

PARTS = tuple(MEASURES)
drawn = functools.cache(lambda name, side: PICTURES[name](side))


def flat(value, side=48):
    return np.full((3, side, side), value, np.float32)


def stylised(content, style, iterations):
    """Pictures on the way from the content to the Gram matrices of the style, at `iterations`.

    A loop of its own, as the report is to judge what `transfer` makes.
    """
    samples = np.stack([drawn(name, 64) for name in PICTURES])
    network = vgg.random((16, "M", 32, "M", 48, "M", 64), samples, seed=19)  # not all see as well
    names = [name for name in network.layers if name.startswith("relu") and name.endswith("_1")]

    def grams(image):
        rows = network.features(image, names).values()
        rows = [x.reshape(x.shape[1], -1) for x in rows]
        return [x @ x.swapaxes(0, 1) * (1 / x.shape[1]) for x in rows]

    with no_grad():
        targets = grams(style[None])
        scales = [1 / float((target.data**2).sum()) for target in targets]
    image = Tensor(content[None].copy(), requires_grad=True)
    optimizer, pictures = Adam([image], 0.02), {}
    for iteration in range(max(iterations) + 1):
        if iteration in iterations:
            pictures[iteration] = image.data[0].clip(0, 1)
        pairs = zip(grams(image), targets, scales, strict=True)
        loss = sum(((gram - target) ** 2).sum() * scale for gram, target, scale in pairs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        image.data = image.data.clip(0, 1)
    return pictures


@pytest.mark.parametrize("name, side", [("swirls", 64), ("mosaic", 64), ("woodcut", 128)])
def test_a_crop_of_the_style_is_best_and_the_content_is_worst(name, side):
    content, style = drawn("landscape", side), drawn(name, side)
    crop, mixed = style[:, 6:-2, 2:-6], 0.5 * content + 0.5 * style
    found = style_report(content, style, {"content": content, "mixed": mixed, "crop": crop})
    assert [score.name for score in found.scores] == ["crop", "mixed", "content"]
    best, _, worst = found.scores
    for part in PARTS:
        assert getattr(best, part) < 0
        assert getattr(worst, part) == pytest.approx(1)
    assert worst.ssim == worst.style == pytest.approx(1)
    assert worst.edges == pytest.approx(1)


def test_scores_fall_as_iterations_proceed():
    content, style = drawn("landscape", 64), drawn("mosaic", 64)
    steps = (0, 3, 10, 25)
    found = style_report(content, style, stylised(content, style, steps))
    by_step = {score.name: score for score in found.scores}
    for a, b in zip(steps[:-1], steps[1:], strict=True):
        assert by_step[b].style < by_step[a].style
        assert by_step[b].ssim < by_step[a].ssim
        assert by_step[b].edges < by_step[a].edges
    assert by_step[0].style == pytest.approx(1)
    assert [score.name for score in found.scores] == [25, 10, 3, 0]


def test_another_part_of_an_even_texture_is_at_0():
    """Noise is the same all over: what is drawn anew is as near as the parts are."""
    rng = np.random.default_rng(0)
    style, more = (0.5 + 0.1 * rng.standard_normal((3, 96, 96)).astype(np.float32) for _ in "ab")
    (score,) = style_report(drawn("landscape", 96), style, {"more": more}).scores
    for part in PARTS:
        assert getattr(score, part) == pytest.approx(0, abs=0.08)


def test_style_is_the_mean_of_its_parts():
    content, style = drawn("figure", 64), drawn("mosaic", 64)
    (score,) = style_report(content, style, {"r": 0.6 * content + 0.4 * style}).scores
    assert score.style == pytest.approx(np.mean([getattr(score, part) for part in PARTS]))


def test_the_mean_is_of_what_can_be_told(monkeypatch):
    """Brightness in place of texture: the content is grey, and as bright as the style."""
    monkeypatch.setitem(scores.MEASURES, "texture", lambda image, levels: image.mean((1, 2)))
    style = drawn("mosaic", 48)
    content = np.repeat(style.mean((1, 2)), 48 * 48).reshape(3, 48, 48)
    found = style_report(content, style, {"r": 0.5 * content + 0.5 * style})
    (score,) = found.scores
    assert found.silent() == ["texture"]
    assert score.texture is None
    assert score.style == pytest.approx((score.patches + score.colour) / 2)


def test_scale_by_hand():
    assert Scale(2, 6).score(3) == 0.25
    assert Scale(0, 4).score(5) == 1.25
    assert Scale(2, 6).score(1) == -0.25
    assert Scale(1, 1.19).score(1) is None
    assert Scale(5, 1).score(1) is None
    assert Scale(0, 0).score(0) is None


def test_floor_ceiling_and_distance_by_hand(monkeypatch):
    """One number as a signature: the mean brightness, in quarters .1, .2, .4 and .8."""
    monkeypatch.setitem(scores.MEASURES, "colour", lambda image, levels: image.mean((1, 2))[:1])
    quarters = np.array([[0.1, 0.2], [0.4, 0.8]], np.float32)
    style = np.repeat(np.kron(quarters, np.ones((20, 20), np.float32))[None], 3, axis=0)
    found = style_report(flat(2.0, 40), style, {"r": flat(0.7, 40)})
    scale = found.scales["colour"]
    assert scale.floor == pytest.approx((0.1 + 0.1 + 0.2 + 0.4) / 4)
    assert scale.ceiling == pytest.approx(2.0 - 0.8)
    # the nine parts have .1, .15, .2, .25, .375, .5, .4, .6 and .8
    assert found.scores[0].colour == pytest.approx((0.1 - 0.2) / (1.2 - 0.2), rel=1e-5)


def test_pictures_are_compared_quarter_by_quarter(monkeypatch):
    """A result of two parts of the style, each exact, is as near as can be."""
    monkeypatch.setitem(scores.MEASURES, "colour", lambda image, levels: image.mean((1, 2))[:1])
    ends = np.concatenate([flat(0.1, 40)[:, :20], flat(0.9, 40)[:, :20]], axis=1)
    found = style_report(flat(0.0, 40), ends, {"same": ends[:, ::-1], "between": flat(0.3, 40)})
    scale = found.scales["colour"]
    by_name = {score.name: score for score in found.scores}
    assert scale == Scale(pytest.approx(0), pytest.approx(0.1))
    assert by_name["same"].colour == pytest.approx(0, abs=1e-5)
    assert by_name["between"].colour == pytest.approx(2, abs=1e-4)  # .2 from the nearest, .5 and .1


def test_styles_of_one_colour_have_a_floor_of_0():
    content = drawn("landscape", 48)
    nearer = 0.5 * content + 0.5 * flat(0.3)
    found = style_report(content, flat(0.3), {"same": flat(0.3), "nearer": nearer})
    for part in PARTS:
        assert found.scales[part].floor == pytest.approx(0, abs=1e-6)
        assert getattr(found.scores[0], part) == pytest.approx(0, abs=1e-5)
        assert 0 < getattr(found.scores[1], part) < 1
    assert [score.name for score in found.scores] == ["same", "nearer"]


def test_a_content_that_is_the_style_gives_no_score():
    picture = drawn("swirls", 48)
    for content in (picture, flat(0.5)):
        found = style_report(content, content, {"r": drawn("landscape", 48)})
        assert found.silent() == list(PARTS)
        assert found.scores[0].style is None
        assert 0 < found.scores[0].ssim < 1


def test_it_is_repeatable_and_pictures_are_left_alone():
    pictures = [drawn(name, 48) for name in ("landscape", "mosaic", "figure")]
    before = [picture.copy() for picture in pictures]
    first, second = (style_report(*pictures[:2], {"r": pictures[2]}) for _ in "ab")
    assert dataclasses.asdict(first) == dataclasses.asdict(second)
    for picture, copy in zip(pictures, before, strict=True):
        np.testing.assert_array_equal(picture, copy)


def test_pictures_of_different_shapes():
    content, style = drawn("landscape", 64)[:, :40], drawn("mosaic", 50)
    found = style_report(content, style, {"r": drawn("mosaic", 70)[:, 5:50, :33]})
    assert found.scores[0].style < 0.5
    assert found.levels == {"texture": 2, "patches": 1}


def test_levels_grow_with_the_smallest_side(monkeypatch):
    for name in MEASURES:
        monkeypatch.setitem(scores.MEASURES, name, lambda image, levels: image.mean((1, 2)))
    pictures = [drawn(name, 32) for name in ("landscape", "woodcut")]
    levels = {}
    for side in (32, 63, 64, 128, 256, 512):
        small = [resize_image(picture, (side, 520)) for picture in pictures]
        levels[side] = style_report(*small, {"r": small[0]}).levels
    assert levels[32] == levels[63] == {"texture": 2, "patches": 1}
    assert levels[64] == {"texture": 3, "patches": 2}
    assert levels[128] == {"texture": 4, "patches": 3}
    assert levels[256] == levels[512] == {"texture": 4, "patches": 4}


@pytest.mark.parametrize(
    "bad, message",
    [
        (np.zeros((3, 31, 64), np.float32), "at least 32 pixels, got 64 × 31 for r"),
        (np.zeros((1, 64, 64), np.float32), r"RGB floats \(3, H, W\) for r"),
        (np.zeros((3, 64, 64), np.uint8), "got uint8"),
        (np.full((3, 64, 64), np.nan, np.float32), "finite values, got others in r"),
    ],
)
def test_pictures_that_cannot_be_measured(bad, message):
    good = drawn("landscape", 64)
    with pytest.raises(ValueError, match=message):
        style_report(good, good, {"r": bad})
    for pictures, name in (((bad, good), "content"), ((good, bad), "style")):
        with pytest.raises(ValueError, match=message.replace(" r", f" {name}")):
            style_report(*pictures, {name: good})  # a result may have any name


def test_no_results():
    good = drawn("landscape", 64)
    with pytest.raises(ValueError, match="at least one result"):
        style_report(good, good, {})
