"""The costs of style transfer against loops and against the papers' sums."""

import numpy as np
import pytest

from nnscratch import Tensor, gradcheck
from nnscratch.style import content_cost, gram_matrix, style_cost, total_variation


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("size", [(7,), (3, 4), (2, 3, 4)])
def test_gram_matrix_is_the_mean_product_of_channels(rng, size):
    x = rng.standard_normal((2, 3, *size))
    expected = np.zeros((2, 3, 3))
    for n in range(2):
        for a in range(3):
            for b in range(3):
                expected[n, a, b] = (x[n, a] * x[n, b]).mean()
    np.testing.assert_allclose(gram_matrix(Tensor(x)).numpy(), expected, rtol=1e-12)


def test_gram_matrix_forgets_where_things_are(rng):
    x = rng.standard_normal((1, 3, 30))
    shuffled = x[:, :, rng.permutation(30)]
    grams = [gram_matrix(Tensor(v)).numpy() for v in (x, shuffled)]
    np.testing.assert_allclose(*grams, rtol=1e-12)


def test_content_cost_is_equation_1(rng):
    f, p = rng.standard_normal((2, 1, 3, 4, 5))
    assert content_cost(Tensor(f), Tensor(p)).item() == pytest.approx(((f - p) ** 2).sum() / 2)


def test_style_cost_is_equation_4(rng):
    f, p = rng.standard_normal((2, 3, 20))
    gram, target = f @ f.T, p @ p.T
    expected = ((gram - target) ** 2).sum() / (4 * 3**2 * 20**2)
    found = style_cost(gram_matrix(Tensor(f[None])), gram_matrix(Tensor(p[None]))).item()
    assert found == pytest.approx(expected)


def test_styles_of_different_sizes_compare(rng):
    x = rng.standard_normal((1, 3, 10))
    twice = np.concatenate([x, x], axis=2)
    assert style_cost(gram_matrix(Tensor(x)), gram_matrix(Tensor(twice))).item() < 1e-28


def test_total_variation_is_the_mean_squared_step(rng):
    x = rng.standard_normal((1, 3, 4, 5))
    expected = (np.diff(x, axis=2) ** 2).mean() + (np.diff(x, axis=3) ** 2).mean()
    assert total_variation(Tensor(x)).item() == pytest.approx(expected)
    assert total_variation(Tensor(np.ones((1, 3, 1, 1)))).item() == 0


def test_total_variation_of_power_1_is_the_mean_step(rng):
    x = rng.standard_normal((2, 3, 4, 5))
    expected = np.abs(np.diff(x, axis=2)).mean() + np.abs(np.diff(x, axis=3)).mean()
    assert total_variation(Tensor(x), 1).item() == pytest.approx(expected)
    assert gradcheck(lambda image: total_variation(image, 1), [x])
    with pytest.raises(ValueError, match=r"expected power in \(1, 2\), got 3"):
        total_variation(Tensor(x), 3)


@pytest.mark.parametrize("size", [(9,), (3, 4, 5)])
@pytest.mark.parametrize("power", [1, 2])
def test_total_variation_of_signals_and_volumes(rng, size, power):
    x = rng.standard_normal((1, 2, *size))
    axes = range(2, x.ndim)
    expected = sum((np.abs(np.diff(x, axis=axis)) ** power).mean() for axis in axes)
    assert total_variation(Tensor(x), power).item() == pytest.approx(expected)


def test_an_edge_costs_as_much_as_a_slope_in_power_1_only():
    edge, slope = np.repeat([0.0, 1.0], 5), np.linspace(0, 1, 10)
    for power, ratio in ((1, 1.0), (2, 9.0)):
        costs = [total_variation(Tensor(x[None, None]), power).item() for x in (edge, slope)]
        assert costs[0] == pytest.approx(ratio * costs[1])


def test_costs_of_different_shapes_are_refused(rng):
    a, b = Tensor(np.ones((1, 2, 3, 3))), Tensor(np.ones((1, 3, 3, 3)))
    with pytest.raises(ValueError, match="content_cost: expected features of one shape"):
        content_cost(a, b)
    with pytest.raises(ValueError, match="style_cost: expected Gram matrices of one shape"):
        style_cost(gram_matrix(a), gram_matrix(b))
