"""The datasets are valid, reproducible, balanced, and learnable, but not by a linear model."""

import numpy as np
import pytest

from nnscratch.data.drawn_shapes import (
    GLYPHS,
    OUTLINES,
    SHAPES,
    _distance_to_segments,
    digits,
    shapes,
)

DATASETS = [(digits, 1, 10, 28), (shapes, 3, len(SHAPES), 32)]


@pytest.mark.parametrize(("draw", "channels", "classes", "size"), DATASETS)
def test_form(draw, channels, classes, size):
    images, labels = draw(700, np.random.default_rng(0))
    assert images.shape == (700, channels, size, size) and images.dtype == np.float32
    assert labels.shape == (700,) and labels.dtype == np.int64
    assert images.min() >= 0 and images.max() <= 1
    assert images.flags.c_contiguous
    share = np.bincount(labels, minlength=classes) / 700
    assert len(share) == classes and share.min() > 0.6 / classes


@pytest.mark.parametrize(("draw", "channels", "classes", "size"), DATASETS)
def test_generator_decides(draw, channels, classes, size):
    rng = np.random.default_rng(0)
    images, labels = draw(40, rng)
    again, same_labels = draw(40, np.random.default_rng(0))
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(labels, same_labels)
    assert np.abs(draw(40, rng)[0] - images).mean() > 0.01


@pytest.mark.parametrize(("draw", "channels", "classes", "size"), DATASETS)
@pytest.mark.parametrize("count", [0, 1, 33])
def test_counts_and_sizes(draw, channels, classes, size, count):
    images, labels = draw(count, np.random.default_rng(0), size=11)
    assert images.shape == (count, channels, 11, 11) and labels.shape == (count,)
    assert images.dtype == np.float32 and labels.dtype == np.int64


@pytest.mark.parametrize(("draw", "channels", "classes", "size"), DATASETS)
@pytest.mark.parametrize(("count", "side"), [(-1, 28), (5, 7)])
def test_refuses(draw, channels, classes, size, count, side):
    words = f"^{draw.__name__}: expected count .* 8 pixels, got count {count} and size {side}$"
    with pytest.raises(ValueError, match=words):
        draw(count, np.random.default_rng(0), size=side)


def linear_accuracy(draw, classes):
    """Ridge regression onto one-hot labels; accuracy on new images."""
    (seen, labels), (fresh, answers) = (draw(n, np.random.default_rng(n)) for n in (1500, 500))
    seen, fresh = (np.c_[x.reshape(len(x), -1), np.ones(len(x))] for x in (seen, fresh))
    kernel = seen @ seen.T + 30 * np.eye(len(seen))
    weight = seen.T @ np.linalg.solve(kernel, np.eye(classes)[labels])
    return np.mean((fresh @ weight).argmax(1) == answers)


def test_digits_are_neither_trivial_nor_hopeless():
    assert 0.6 < linear_accuracy(digits, 10) < 0.95


def test_shapes_need_more_than_a_linear_model():
    assert linear_accuracy(shapes, len(SHAPES)) < 0.6


def test_every_digit_has_its_own_glyph():
    images, labels = digits(1500, np.random.default_rng(0))
    means = np.stack([images[labels == label].mean((0, 1)) for label in range(10)])
    gaps = np.abs(means[:, None] - means[None]).mean((2, 3)) + np.eye(10)
    assert gaps.min() > 0.02
    assert len(GLYPHS) == 10


def test_digits_stay_inside_the_picture():
    images, _ = digits(500, np.random.default_rng(0))
    border = np.ones((28, 28), bool)
    border[1:-1, 1:-1] = False
    assert images[:, 0, 4:-4, 4:-4].mean() > 4 * images[:, 0, border].mean()


def test_shapes_stand_out_from_their_ground():
    images, _ = shapes(300, np.random.default_rng(0))
    spread = np.linalg.norm(np.percentile(images, 95, axis=(2, 3)) - images[:, :, 0, 0], axis=1)
    assert np.mean(spread > 0.3) > 0.9


def test_shapes_cover_the_areas_of_their_kind():
    at = np.linspace(-1.2, 1.2, 601)
    x, y = np.meshgrid(at, at)
    areas = {name: (outline(x, y) < 0).mean() * 2.4**2 for name, outline in OUTLINES.items()}
    expected = {
        "disc": np.pi * 0.9**2,
        "ring": np.pi * (0.95**2 - 0.55**2),
        "square": 1.5**2,
        "triangle": 3 * np.sqrt(3) / 4,
        "cross": 4 * 0.3 * 1.9 - 4 * 0.3**2,
        "star": 5 * 0.42 * np.sin(np.pi / 5),
    }
    assert tuple(areas) == SHAPES
    for name in SHAPES:
        assert areas[name] == pytest.approx(expected[name], rel=0.01), name


def test_labels_name_the_shape_that_was_drawn():
    images, labels = shapes(1500, np.random.default_rng(0))
    ground = np.median(images, axis=(2, 3), keepdims=True)
    covered = (np.linalg.norm(images - ground, axis=1) > 0.35).mean((1, 2))
    area = {name: covered[labels == index].mean() for index, name in enumerate(SHAPES)}
    assert area["disc"] > area["square"] > area["ring"] > area["triangle"]
    assert area["cross"] > area["star"]


def test_distance_to_segments_against_a_loop():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4, 5, 2)).astype(np.float32)
    ends = rng.normal(size=(3, 6, 2, 2)).astype(np.float32)
    ends[1, 2, 1] = ends[1, 2, 0]  # a segment of no length is a point
    expected = np.full((3, 4, 5), np.inf)
    for n, row, column in np.ndindex(3, 4, 5):
        for start, stop in ends[n].astype(float):
            along = (stop - start) * np.linspace(0, 1, 4001)[:, None]
            gaps = np.linalg.norm(start + along - points[row, column], axis=1)
            expected[n, row, column] = min(expected[n, row, column], gaps.min())
    np.testing.assert_allclose(_distance_to_segments(points, ends), expected, atol=2e-3)
