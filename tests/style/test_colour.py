"""Colours given from one picture to another: means and covariances, luma, histograms."""

import colorsys

import numpy as np
import pytest
import scipy.linalg
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnscratch.data.images import read_image
from nnscratch.style.colour import (
    EPS,
    KINDS,
    LINEAR,
    finish,
    grey,
    keep_luminance,
    luma,
    match_colours,
    match_histogram,
    match_luma,
    moments,
    prepare,
    recolour,
)

YIQ = np.array(  # NTSC, to the four digits in which it is usually given
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
)


def picture(seed=0, size=(13, 17), spread=0.05):
    """Colours that lean on each other, well inside [0, 1]: (3, H, W) float64."""
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((3, 3)) @ rng.standard_normal((3, np.prod(size)))
    mean = rng.uniform(0.4, 0.6, (3, 1))
    return np.clip(mean + spread * mixed, 0, 1).reshape(3, *size)


def grey_picture(seed=0, size=(13, 17)):
    values = np.random.default_rng(seed).random(size)
    return np.stack([values] * 3)


def flat_picture(size=(6, 5)):
    return np.broadcast_to(np.array([0.2, 0.5, 0.7])[:, None, None], (3, *size)).copy()


# -- mean and covariance --------------------------------------------------------------------------


def loop_moments(image):
    pixels = [image[:, y, x] for y in range(image.shape[1]) for x in range(image.shape[2])]
    mean = sum(pixels) / len(pixels)
    return mean, sum(np.outer(p - mean, p - mean) for p in pixels) / len(pixels)


def test_moments_are_those_of_a_loop():
    for value, expected in zip(moments(picture()), loop_moments(picture()), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", LINEAR)
def test_mean_and_covariance_become_the_references(kind, dtype):
    image, reference = picture(1).astype(dtype), picture(2, (9, 8)).astype(dtype)
    matched = match_colours(image, reference, kind)
    assert matched.dtype == dtype and matched.shape == image.shape
    mean, covariance = loop_moments(matched)
    goal, goal_covariance = loop_moments(reference)
    np.testing.assert_allclose(mean, goal, atol=1e-6)
    np.testing.assert_allclose(covariance, goal_covariance, atol=1e-6)
    assert np.abs(loop_moments(image)[1] - goal_covariance).max() > 1e-3  # it was another


def transport(kind, image, reference):
    """The matrix that `match_colours` applies, found from what it does."""
    mean, goal = (x.mean((1, 2)) for x in (image, reference))
    before = (image - mean[:, None, None]).reshape(3, -1)
    after = (match_colours(image, reference, kind) - goal[:, None, None]).reshape(3, -1)
    return np.linalg.lstsq(before.T, after.T, rcond=None)[0].T


def independent_picture():
    """Every corner of a box once: the covariance is diagonal, to the last bit."""
    corners = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, 2, 4)
    return 0.5 + np.array([0.25, 0.125, 0.0625])[:, None, None] * corners


@pytest.mark.parametrize("image", [picture(1), independent_picture()])
def test_cholesky_is_the_quotient_of_triangles(image):
    reference = picture(2)
    lower, goal = (np.linalg.cholesky(loop_moments(x)[1]) for x in (image, reference))
    expected = goal @ np.linalg.inv(lower)
    np.testing.assert_allclose(transport("cholesky", image, reference), expected, atol=1e-8)
    assert np.abs(np.triu(expected, 1)).max() < 1e-12


def test_pca_is_the_quotient_of_roots():
    image, reference = picture(1), picture(2)
    root, goal = (scipy.linalg.sqrtm(loop_moments(x)[1]) for x in (image, reference))
    np.testing.assert_allclose(
        transport("pca", image, reference), goal @ np.linalg.inv(root), atol=1e-8
    )


def test_symmetric_is_monges_map():
    image, reference = picture(1), picture(2)
    covariance, goal = loop_moments(image)[1], loop_moments(reference)[1]
    root = scipy.linalg.sqrtm(covariance)
    inverse = np.linalg.inv(root)
    expected = inverse @ scipy.linalg.sqrtm(root @ goal @ root) @ inverse
    found = transport("symmetric", image, reference)
    np.testing.assert_allclose(found, expected, atol=1e-8)
    np.testing.assert_allclose(found, found.T, atol=1e-8)


def test_symmetric_moves_colours_least():
    image, reference = picture(1), picture(2)
    moved = {k: ((match_colours(image, reference, k) - image) ** 2).mean() for k in LINEAR}
    assert moved["symmetric"] < min(moved["cholesky"], moved["pca"]) - 1e-6


@pytest.mark.parametrize("kind", LINEAR)
def test_a_picture_matched_to_itself_stays(kind):
    np.testing.assert_allclose(match_colours(picture(), picture(), kind), picture(), atol=1e-10)


POOR = {
    "grey": grey_picture(),
    "flat": flat_picture(),
    "black": np.zeros((3, 4, 4)),
    "one pixel": flat_picture((1, 1)),
    "two colours": np.where(np.eye(6) > 0, flat_picture((6, 6)), 0.1),
    "no blue": picture() * np.array([1, 1, 0.0])[:, None, None],
    "nearly grey": grey_picture() + 1e-4 * np.random.default_rng(1).random((3, 13, 17)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", POOR)
def test_poor_colours_give_no_nan_either_way(kind, name):
    rich = picture(3, POOR[name].shape[1:])
    for image, reference in [(POOR[name], rich), (rich, POOR[name]), (POOR[name], POOR[name])]:
        found = recolour(kind, image.astype(np.float32), reference.astype(np.float32))
        assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1


@pytest.mark.parametrize("kind", LINEAR)
def test_without_the_rank_test_noise_becomes_colour(kind):
    image, reference = POOR["nearly grey"], picture(2)
    tame = match_colours(image, reference, kind)
    wild = match_colours(image, reference, kind, eps=0.0)
    np.testing.assert_allclose(loop_moments(wild)[1], loop_moments(reference)[1], atol=1e-9)
    assert np.linalg.matrix_rank(loop_moments(tame)[1], tol=1e-6) == 1
    np.testing.assert_allclose(tame.mean((1, 2)), reference.mean((1, 2)), atol=1e-9)


@pytest.mark.parametrize("kind", LINEAR)
def test_one_colour_becomes_the_mean(kind):
    matched = match_colours(flat_picture(), picture(), kind)
    expected = np.broadcast_to(picture().mean((1, 2))[:, None, None], matched.shape)
    np.testing.assert_allclose(matched, expected, atol=1e-12)


@pytest.mark.parametrize("kind", LINEAR)
def test_colours_of_a_grey_picture_are_grey(kind):
    matched = match_colours(picture(), grey_picture(), kind)
    np.testing.assert_allclose(matched[0], matched[1], atol=1e-7)
    np.testing.assert_allclose(matched[0], matched[2], atol=1e-7)
    np.testing.assert_allclose(matched[0].std(), grey_picture()[0].std(), atol=1e-6)


@given(st.integers(0, 10**6), st.sampled_from(LINEAR), st.integers(2, 40))
@settings(max_examples=40, deadline=None)
def test_covariance_matches_for_any_seed(seed, kind, side):
    image, reference = picture(seed, (side, 9)), picture(seed + 1, (5, side))
    assume(np.linalg.eigvalsh(loop_moments(image)[1]).min() > EPS)  # others have their own tests
    found = moments(match_colours(image, reference, kind))
    for value, expected in zip(found, moments(reference), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-4)


# -- luma -----------------------------------------------------------------------------------------


def test_luma_is_colorsys_y():
    image = picture()
    expected = [colorsys.rgb_to_yiq(*image[:, 4, x])[0] for x in range(17)]
    np.testing.assert_allclose(luma(image)[4], expected, atol=0.002)  # colorsys rounds weights
    np.testing.assert_array_equal(grey(image), np.stack([luma(image)] * 3))
    assert luma(np.ones((3, 1, 1), np.float32)) == 1


def test_keep_luminance_exchanges_y_of_yiq():
    result, content = picture(1, spread=0.03), picture(2, spread=0.03)
    mixed = np.tensordot(YIQ, content, 1)
    mixed[0] = np.tensordot(YIQ[0], result, 1)
    expected = np.tensordot(np.linalg.inv(YIQ), mixed, 1)
    assert expected.min() > 0 and expected.max() < 1  # nothing to lower here
    np.testing.assert_allclose(keep_luminance(result, content), expected, atol=1e-3)


def test_keep_luminance_keeps_luma_and_hue_exactly():
    rng = np.random.default_rng(0)
    result, content = rng.random((2, 3, 20, 20))
    mixed = keep_luminance(result, content)
    assert mixed.min() >= 0 and mixed.max() <= 1
    np.testing.assert_allclose(luma(mixed), luma(result), atol=1e-12)
    chroma, wanted = mixed - luma(mixed), content - luma(content)
    share = (chroma * wanted).sum(0) / (wanted**2).sum(0)
    np.testing.assert_allclose(chroma, share * wanted, atol=1e-12)
    assert share.min() >= 0 and share.max() <= 1 + 1e-12
    full = wanted + luma(result)
    inside = (full >= 0).all(0) & (full <= 1).all(0)
    assert 0.2 < inside.mean() < 0.95
    np.testing.assert_allclose(share[inside], 1)
    clipped = np.clip(full, 0, 1)
    assert np.abs(luma(clipped) - luma(result)).max() > 0.05  # what clipping would do


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keep_luminance_of_black_white_and_itself(dtype):
    content = picture().astype(dtype)
    for level in (0, 1):
        plain = np.full_like(content, level)
        found = keep_luminance(plain, content)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, plain, atol=1e-6)
    np.testing.assert_allclose(keep_luminance(content, content), content, atol=1e-6)
    np.testing.assert_allclose(keep_luminance(content, grey(content)), grey(content), atol=1e-6)


def test_match_luma_has_the_contents_mean_and_deviation():
    style, content = picture(1), picture(2, (8, 9), spread=0.03)
    matched = match_luma(style, content)
    np.testing.assert_allclose(matched.mean(), luma(content).mean(), atol=1e-9)
    np.testing.assert_allclose(luma(matched).std(), luma(content).std(), atol=1e-9)
    np.testing.assert_array_equal(matched[0], matched[2])
    np.testing.assert_allclose(match_luma(flat_picture(), content), luma(content).mean())


# -- histograms -----------------------------------------------------------------------------------


def test_histogram_is_exact_for_pictures_of_one_size():
    image, reference = np.random.default_rng(0).random((2, 3, 7, 9))
    matched = match_histogram(image, reference)
    for a, b, before in zip(matched, reference, image, strict=True):
        np.testing.assert_allclose(np.sort(a, axis=None), np.sort(b, axis=None), atol=1e-12)
        np.testing.assert_array_equal(np.argsort(a, axis=None), np.argsort(before, axis=None))


def test_histogram_of_another_size_has_its_quantiles():
    rng = np.random.default_rng(0)
    image, reference = rng.random((3, 40, 50)), rng.random((3, 30, 20)) ** 2
    matched = match_histogram(image, reference)
    levels = np.linspace(0.02, 0.98, 9)
    for a, b in zip(matched, reference, strict=True):
        np.testing.assert_allclose(np.quantile(a, levels), np.quantile(b, levels), atol=0.005)
        assert a.min() >= b.min() and a.max() <= b.max()


def loop_histogram(values, reference):
    """Each value becomes the mean of the reference's values at the ranks that it holds."""
    ranked, order = sorted(reference), sorted(values)
    ranks = {v: [i for i, other in enumerate(order) if other == v] for v in order}
    return [sum(ranked[i] for i in ranks[v]) / len(ranks[v]) for v in values]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_equal_values_stay_equal(pairs):
    image, reference = np.array(pairs, np.float64).T[:, None] / 5  # (2, 1, N)
    matched = match_histogram(np.stack([image] * 3), np.stack([reference] * 3))
    expected = loop_histogram(image[0].tolist(), reference[0].tolist())
    np.testing.assert_allclose(matched[2, 0], expected, atol=1e-12)
    np.testing.assert_allclose(matched.mean(), reference.mean(), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_histogram_of_itself_and_of_one_colour(dtype):
    image = picture().astype(dtype)
    found = match_histogram(image, image)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, image, atol=1e-7)
    flat = match_histogram(flat_picture(), picture())
    np.testing.assert_allclose(flat[:, 2, 3], picture().mean((1, 2)), atol=1e-3)


# -- by kind --------------------------------------------------------------------------------------


def test_recolour_calls_the_kind_it_names():
    image, reference = picture(1), picture(2)
    for kind in LINEAR:
        expected = np.clip(match_colours(image, reference, kind), 0, 1)
        np.testing.assert_array_equal(recolour(kind, image, reference), expected)
    expected = match_histogram(image, reference)
    np.testing.assert_array_equal(recolour("histogram", image, reference), expected)
    expected = keep_luminance(image, reference)
    np.testing.assert_array_equal(recolour("luminance", image, reference), expected)
    found = [recolour(kind, image, reference) for kind in KINDS]
    assert all(np.abs(a - b).max() > 0.01 for i, a in enumerate(found) for b in found[:i])


@pytest.mark.parametrize("kind", KINDS)
def test_prepare_and_finish(kind):
    content, style = picture(1), picture(2, (8, 9))
    given_content, given_style = prepare(kind, content, style)
    result = picture(4)
    if kind == "luminance":
        np.testing.assert_array_equal(given_content, grey(content))
        np.testing.assert_array_equal(given_style, match_luma(style, content))
        expected = keep_luminance(result, content)
        np.testing.assert_array_equal(finish(kind, result, content), expected)
    else:
        assert given_content is content and finish(kind, result, content) is result
        np.testing.assert_array_equal(given_style, recolour(kind, style, content))


def test_inputs_are_not_changed():
    image, reference = picture(1), picture(2)
    for kind in KINDS:
        recolour(kind, image, reference)
    np.testing.assert_array_equal(image, picture(1))
    np.testing.assert_array_equal(reference, picture(2))


def test_refusals():
    for function in (
        lambda kind: recolour(kind, picture(), picture()),
        lambda kind: prepare(kind, picture(), picture()),
        lambda kind: finish(kind, picture(), picture()),
    ):
        with pytest.raises(ValueError, match=r"expected kind in \('luminance', .* got 'sepia'"):
            function("sepia")
    with pytest.raises(ValueError, match=r"^match_colours: expected kind in \('cholesky'"):
        match_colours(picture(), picture(), "histogram")
    with pytest.raises(ValueError, match=r"^keep_luminance: expected pictures of one size"):
        keep_luminance(picture(), picture(size=(3, 3)))
    with pytest.raises(ValueError, match=r"^match_histogram: .* got shape \(13, 17\)"):
        match_histogram(picture()[0], picture())
    with pytest.raises(ValueError, match=r"^match_colours: .* got shape \(3, 0, 17\)"):
        match_colours(picture(), picture()[:, :0])
    with pytest.raises(TypeError, match=r"^luma: expected floats in \[0, 1\], got uint8"):
        luma(np.zeros((3, 2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"^match_colours: expected finite values"):
        match_colours(picture(), picture() * np.nan)


@pytest.mark.real_data
@pytest.mark.parametrize("kind", LINEAR)
def test_real_paintings_take_the_colours_of_real_towns(real_data, kind):
    content = read_image(real_data / "images" / "tubingen.jpg", 128)
    style = read_image(real_data / "images" / "the_scream.jpg", 128)
    for value, expected in zip(
        moments(match_colours(style, content, kind)), moments(content), strict=True
    ):
        np.testing.assert_allclose(value, expected, atol=1e-4)
