"""Alignment: dots land where they should, least squares against Umeyama, bad eyes are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.faces.align import align, crop, read_eyes, similarity


def dots(eyes, size_hw, spread):
    """Two channels, each black with one round dot at an eye."""
    y, x = np.indices(size_hw)
    far = [(x - ex) ** 2 + (y - ey) ** 2 for ex, ey in eyes]
    return np.exp(-np.array(far) / (2 * spread**2)).astype(np.float32)


def centres(image):
    """The centre of mass (x, y) of each channel."""
    y, x = np.indices(image.shape[1:])
    mass = image.sum((1, 2))
    return np.stack([(image * x).sum((1, 2)) / mass, (image * y).sum((1, 2)) / mass], 1)


def eyes_about(x, y, distance, degrees):
    arm = distance / 2 * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    return np.array([[x, y] - arm, [x, y] + arm])


@settings(max_examples=40, deadline=None)
@given(st.floats(70, 130), st.floats(70, 110), st.floats(8, 80), st.floats(-89, 89))
def test_dots_land_where_the_eyes_belong(x, y, distance, degrees):
    eyes = eyes_about(x, y, distance, degrees)
    image = dots(eyes, (180, 200), spread=max(1.5, distance / 15))
    aligned = align(image, eyes, size=(56, 46), fill=0)
    assert aligned.shape == (2, 56, 46) and aligned.dtype == np.float32
    expected = np.array([(0.3 * 46 - 0.5, 0.4 * 56 - 0.5), (0.7 * 46 - 0.5, 0.4 * 56 - 0.5)])
    assert np.abs(centres(aligned) - expected).max() < 0.1


def test_the_check_of_the_dots_can_fail():
    eyes = eyes_about(100, 90, 40, 20)
    aligned = align(dots(eyes, (180, 200), 3), eyes + (2.5, 0), size=(56, 46), fill=0)
    assert np.abs(centres(aligned) - [(13.3, 21.9), (31.7, 21.9)]).max() > 0.5


def test_eyes_in_place_change_nothing():
    image = np.random.default_rng(0).random((3, 20, 30))
    eyes = [(0.3 * 30 - 0.5, 0.4 * 20 - 0.5), (0.7 * 30 - 0.5, 0.4 * 20 - 0.5)]
    aligned = align(image, eyes, size=(20, 30))
    assert aligned.dtype == np.float64
    np.testing.assert_allclose(aligned, image, rtol=0, atol=1e-6)


def test_shrinking_is_antialiased():
    """Stripes finer than the new pixels become grey; looked up bilinearly they would not."""
    stripes = np.broadcast_to(np.arange(400) % 2, (1, 300, 400)).astype(np.float32)
    aligned = align(stripes, [(120, 120), (280, 120)], size=(30, 40), fill=0.5)
    assert np.abs(aligned - 0.5).max() < 0.05


@pytest.mark.parametrize(("fill", "corner"), [(None, 1.0), (0.25, 0.25)])
def test_what_lies_outside(fill, corner):
    white = np.ones((1, 40, 40), np.float32)
    aligned = align(white, [(1, 1), (5, 1)], size=(40, 40), fill=fill)
    assert aligned[0, 0, 0] == pytest.approx(corner)
    assert aligned[0, 20, 30] == pytest.approx(1)


def umeyama(start, goal):
    """Umeyama 1991, equations 40 to 42, with singular values."""
    start_mean, goal_mean = start.mean(0), goal.mean(0)
    covariance = (goal - goal_mean).T @ (start - start_mean) / len(start)
    u, d, vt = np.linalg.svd(covariance)
    signs = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = u @ signs @ vt
    scale = np.trace(np.diag(d) @ signs) / ((start - start_mean) ** 2).sum(1).mean()
    return np.column_stack([scale * turn, goal_mean - scale * turn @ start_mean])


@pytest.mark.parametrize("seed", range(20))
def test_similarity_is_umeyamas(seed):
    rng = np.random.default_rng(seed)
    start, goal = rng.standard_normal((2, rng.integers(2, 7), 2))
    if seed % 2:
        goal = start @ [[0, 3], [3, 0]] + 0.1 * goal  # mirrored: the case that needs the sign
    np.testing.assert_allclose(similarity(start, goal), umeyama(start, goal), atol=1e-12)


def test_similarity_recovers_a_turn_scale_and_shift():
    turn = 1.7 * np.array([[np.cos(2.5), -np.sin(2.5)], [np.sin(2.5), np.cos(2.5)]])
    start = np.random.default_rng(0).standard_normal((5, 2))
    expected = np.column_stack([turn, (3, -4)])
    np.testing.assert_allclose(similarity(start, start @ turn.T + (3, -4)), expected, atol=1e-12)


def test_crop_by_five_points():
    template = np.array([(15, 20), (31, 20), (23, 30), (16, 40), (30, 40)])
    points = template * 1.3 + (7, 9)
    image = np.zeros((5, 90, 80), np.float32)
    for channel, point in enumerate(points):
        image[channel] = dots([point], (90, 80), 2.0)[0]
    cropped = crop(image, similarity(template, points), (56, 46), fill=0)
    assert np.abs(centres(cropped) - template).max() < 0.1


NAN = float("nan")


@pytest.mark.parametrize(
    ("eyes", "words"),
    [
        ([(5, 5), (5, 5)], "eyes at two places, got both at x 5, y 5"),
        ([(9, 5), (3, 5)], "left of the right one, got x 9 and 3; give the eye at the left"),
        ([(NAN, 5), (3, 5)], "numbers for the left eye"),
        ([(3, 5), (7, float("inf"))], "numbers for the right eye"),
        ([(3, 5), (25, 5)], "right eye in the picture of 20 × 30 pixels, got x 25, y 5"),
        ([(3, -1), (9, 5)], "left eye in the picture"),
        ([3, 5, 9, 5], r"got shape \(4,\)"),
    ],
)
def test_refuses_eyes(eyes, words):
    with pytest.raises(ValueError, match=f"^align: expected .*{words}"):
        align(np.zeros((1, 30, 20), np.float32), eyes)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((30, 20), np.float32), r"got float32 \(30, 20\)"),
        (np.zeros((1, 30, 20), np.uint8), "got uint8"),
        (np.full((1, 30, 20), np.nan), "NaN or infinity in the image"),
    ],
)
def test_refuses_images(image, words):
    with pytest.raises(ValueError, match=f"^align: expected .*{words}"):
        align(image, [(3, 5), (9, 5)])


def test_refuses_sizes_and_matrices():
    image = np.zeros((1, 9, 9))
    with pytest.raises(ValueError, match=r"^crop: expected size .* got \(0, 5\)"):
        crop(image, np.eye(3)[:2], (0, 5))
    with pytest.raises(ValueError, match=r"^crop: expected a finite matrix \(2, 3\)"):
        crop(image, np.eye(3), (5, 5))


@pytest.mark.parametrize(
    ("start", "goal", "words"),
    [
        ([(1, 2)], [(1, 2)], "K >= 2"),
        ([(1, 2), (3, 4)], [(1, 2)], r"got \(2, 2\) and \(1, 2\)"),
        ([(1, 2), (1, 2)], [(1, 2), (3, 4)], "one place only"),
        ([(1, 2), (1, NAN)], [(1, 2), (3, 4)], "NaN"),
    ],
)
def test_similarity_refuses(start, goal, words):
    with pytest.raises(ValueError, match=f"^similarity: expected .*{words}"):
        similarity(start, goal)


HEADER = "file,left_x,left_y,right_x,right_y"


def test_reads_eyes(tmp_path):
    path = tmp_path / "eyes.csv"
    path.write_text(f'\ufeff{HEADER},by\ns1/1.pgm,30,40.5,60,41,me\n"a,b.png",1,2,3,4,\n')
    eyes = read_eyes(path)
    assert list(eyes) == ["s1/1.pgm", "a,b.png"]
    np.testing.assert_array_equal(eyes["s1/1.pgm"], [(30, 40.5), (60, 41)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns file,left_x.*got None"),
        ("file;left_x;left_y;right_x;right_y\n", "commas between"),
        (f"{HEADER}\na,1,2,3,4\nb,1,2,x,4\n", "four numbers in line 3"),
        (f"{HEADER}\na,1,2,3\n", "four numbers in line 2"),
        (f"{HEADER}\na,1,2,3,nan\n", "finite numbers in line 2"),
        (f"{HEADER}\na,1,2,3,4\na,1,2,3,4\n", "'a' occurs again in line 3"),
    ],
)
def test_refuses_files_of_eyes(tmp_path, text, words):
    path = tmp_path / "eyes.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"^read_eyes: .*{words}"):
        read_eyes(path)


def test_refuses_a_missing_file_of_eyes(tmp_path):
    with pytest.raises(ValueError, match="^read_eyes: expected a CSV file, got no file at"):
        read_eyes(tmp_path / "none.csv")
