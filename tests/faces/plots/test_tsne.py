"""Principal components against the covariance; t-SNE against its definition, term by term."""

import numpy as np
import pytest

from nnscratch.faces.distances import distance_matrix
from nnscratch.faces.plots import tsne


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def blobs(rng, dtype=np.float64):
    """Two groups of 20 points, far apart: (40, 6)."""
    return np.concatenate([rng.standard_normal((20, 6)), rng.standard_normal((20, 6)) + 8]).astype(
        dtype
    )


def map_problem(rng, n=12):
    """p (N, N), symmetric with sum 1, some of it 0, and places (N, 2)."""
    p = rng.random((n, n)) * (rng.random((n, n)) < 0.7)
    np.fill_diagonal(p, 0)
    p += p.T
    return p / p.sum(), rng.standard_normal((n, 2))


# -- principal components


def test_pca_finds_the_axes_of_the_covariance(rng):
    x = rng.standard_normal((50, 4)) @ rng.standard_normal((4, 4)) + 3
    y = tsne.pca(x, 3)
    values, axes = np.linalg.eigh(np.cov(x.T, bias=True))
    np.testing.assert_allclose(np.cov(y.T, bias=True), np.diag(values[:0:-1]), atol=1e-12)
    for column, axis in zip(y.T, axes.T[:0:-1], strict=True):
        axis = axis * np.sign(axis[np.abs(axis).argmax()])
        np.testing.assert_allclose(column, (x - x.mean(0)) @ axis, atol=1e-12)


def test_pca_does_not_depend_on_the_order_of_points(rng):
    x, order = rng.standard_normal((9, 5)), rng.permutation(9)
    np.testing.assert_allclose(tsne.pca(x)[order], tsne.pca(x[order]), atol=1e-12)


@pytest.mark.parametrize("components", [0, 4])
def test_pca_refuses_more_components_than_there_are(components):
    with pytest.raises(ValueError, match="pca: expected components from 1 to 3"):
        tsne.pca(np.eye(3), components)


# -- neighbours of encodings


def perplexities(p):
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    return 2 ** -(p * logs).sum(1)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
@pytest.mark.parametrize("perplexity", [2, 7.5, 13])
def test_the_perplexity_is_reached(rng, perplexity, scale):
    x = scale * blobs(rng)
    p = tsne.conditional(distance_matrix(x, x), perplexity)
    np.testing.assert_allclose(p.sum(1), 1)
    assert (np.diag(p) == 0).all()
    np.testing.assert_allclose(perplexities(p), perplexity, rtol=1e-10)


def test_probabilities_are_gaussian_in_the_distance(rng):
    squared = distance_matrix(*[rng.standard_normal((8, 3))] * 2)
    p = tsne.conditional(squared, 2)
    for i in range(8):
        others = np.arange(8) != i
        slope, _ = np.polyfit(squared[i, others], np.log(p[i, others]), 1)
        assert slope < 0
        fitted = np.exp(slope * squared[i, others])
        np.testing.assert_allclose(p[i, others], fitted / fitted.sum(), rtol=1e-6)


def test_a_far_point_spoils_no_perplexity(rng):
    x = np.concatenate([rng.standard_normal((20, 3)), np.full((1, 3), 1e6)])
    p = tsne.conditional(distance_matrix(x, x), 5)
    np.testing.assert_allclose(perplexities(p)[:-1], 5, rtol=1e-4)


def test_many_copies_share_the_probability(rng):
    x = np.concatenate([np.zeros((6, 2)), 1 + rng.random((10, 2))])
    p = tsne.conditional(distance_matrix(x, x), 2)
    np.testing.assert_allclose(p[0, 1:6], 1 / 5, rtol=1e-6)


# -- the cost and its gradient


def test_the_cost_is_the_divergence(rng):
    p, y = map_problem(rng)
    q = np.array([[1 / (1 + ((a - b) ** 2).sum()) for a in y] for b in y])
    np.fill_diagonal(q, 0)
    q /= q.sum()
    terms = [a * np.log(a / b) for a, b in zip(p.ravel(), q.ravel(), strict=True) if a > 0]
    assert tsne.cost(p, y) == pytest.approx(sum(terms), rel=1e-12)
    assert tsne.cost(q, y) == pytest.approx(0, abs=1e-12)


def slopes(p, y, step=1e-5):
    """The gradient of the cost from central differences."""
    found = np.zeros_like(y)
    for place in np.ndindex(*y.shape):
        moved = np.zeros_like(y)
        moved[place] = step
        found[place] = (tsne.cost(p, y + moved) - tsne.cost(p, y - moved)) / (2 * step)
    return found


def test_the_gradient_is_the_slope_of_the_cost(rng):
    p, y = map_problem(rng)
    found, expected = tsne.gradient(p, y), slopes(p, y)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.abs(tsne.gradient(p, 1.01 * y) - expected).max() > 1e-4  # the check can fail


# -- maps


def test_groups_stay_groups(rng):
    """Every point is nearer to all of its group than to any of the other."""
    y = tsne.tsne(blobs(rng), perplexity=8, steps=300)
    squared = distance_matrix(y, y)
    own, other = squared[:20, :20], squared[:20, 20:]
    assert own.max() < other.min()
    assert y.shape == (40, 2)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-9)


def test_descent_lowers_the_cost(rng):
    x = rng.standard_normal((40, 10))
    p = tsne.conditional(distance_matrix(x, x), 8)
    p = (p + p.T) / 80
    costs = [tsne.cost(p, tsne.tsne(x, 8, steps)) for steps in (1, 300)]
    plane = tsne.pca(x)
    assert costs[1] < costs[0]
    assert costs[1] < min(tsne.cost(p, scale * plane) for scale in (0.3, 1, 3, 10))


def test_a_seed_makes_the_map(rng):
    x = blobs(rng)
    first, again, other = (tsne.tsne(x, 5, 40, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


def test_single_stays_single(rng):
    x = blobs(rng, np.float32)
    before = x.copy()
    assert tsne.tsne(x, 5, 20).dtype == tsne.pca(x).dtype == np.float32
    np.testing.assert_array_equal(x, before)


def test_points_on_a_line_leave_it():
    x = np.outer(np.arange(20.0), [1, 2, 3])
    y = tsne.tsne(x, 5, 200)
    assert np.isfinite(y).all()
    assert tsne.pca(y).std(0).min() > 0.1


# -- bad input


@pytest.mark.parametrize("function", [tsne.pca, tsne.tsne])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(5), r"encodings \(N, D\) of floats, got float64 \(5,\)"),
        (np.ones((40, 3), int), "of floats, got int"),
        (np.zeros((0, 3)), r"got none: \(0, 3\)"),
        (np.full((40, 3), np.nan), "got NaN or infinity in 120 of 120"),
    ],
)
def test_what_is_no_table_of_floats_is_refused(function, x, message):
    with pytest.raises(ValueError, match=f"{function.__name__}: expected .*{message}"):
        function(x)


@pytest.mark.parametrize(("count", "perplexity"), [(90, 30), (40, 1), (3, 1.5), (40, np.nan)])
def test_too_few_points_for_the_perplexity(rng, count, perplexity):
    with pytest.raises(ValueError, match="tsne: expected a perplexity .*; add points, or use pca"):
        tsne.tsne(rng.standard_normal((count, 3)), perplexity)


def test_equal_points_and_no_steps_are_refused(rng):
    with pytest.raises(ValueError, match="tsne: expected rows that differ, got 40 equal ones"):
        tsne.tsne(np.ones((40, 3)), 5)
    with pytest.raises(ValueError, match="tsne: expected at least 1 step, got 0"):
        tsne.tsne(rng.standard_normal((40, 3)), 5, steps=0)
