"""Statistics of features against loops and SciPy, their distances, their gradients."""

import numpy as np
import pytest
import scipy.linalg

from nnscratch import Tensor, grad, gradcheck, gradgradcheck
from nnscratch.gradcheck import GradcheckError
from nnscratch.style import statistics
from nnscratch.style.statistics import KINDS, STATISTICS, Gram, MeanVariance, Sliced, Wasserstein

MOMENTS = ("mean-variance", "wasserstein")  # whose covariances are small differences
every_kind = pytest.mark.parametrize("kind", KINDS)


def features(seed=0, channels=3, size=(4, 5), dtype=np.float64, shift=0.5):
    return (np.random.default_rng(seed).standard_normal((1, channels, *size)) + shift).astype(dtype)


def statistic(kind, x, weights=None):
    return STATISTICS[kind].statistic(Tensor(x), weights)


def distance(kind, x, y):
    return STATISTICS[kind].distance(statistic(kind, x), statistic(kind, y)).item()


# -- values ---------------------------------------------------------------------------------------


def test_gram_distance_is_the_papers():
    x, y = features(0)[0].reshape(3, -1), features(1)[0].reshape(3, -1)
    expected = ((x @ x.T - y @ y.T) ** 2).sum() / (4 * 3**2 * 20**2)
    assert distance("gram", features(0), features(1)) == pytest.approx(expected, rel=1e-12)


def test_mean_variance_compares_means_and_deviations():
    x, y = features(0)[0].reshape(3, -1), 2 * features(1)[0].reshape(3, -1)
    expected = 0.0
    for a, b in zip(x, y, strict=True):
        deviations = [np.sqrt(v.var() + 1e-4) for v in (a, b)]
        expected += (a.mean() - b.mean()) ** 2 + (deviations[0] - deviations[1]) ** 2
    found = distance("mean-variance", features(0), 2 * features(1))
    assert found == pytest.approx(expected / 3, rel=1e-12)


def test_wasserstein_is_the_distance_of_gaussians():
    x, y = features(0), 2 * features(1, size=(7, 3)) - 1
    means = [v.mean((0, 2, 3)) for v in (x, y)]
    covs = [np.cov(v[0].reshape(3, -1), bias=True) + 1e-4 * np.eye(3) for v in (x, y)]
    root = scipy.linalg.sqrtm(covs[1])
    cross = scipy.linalg.sqrtm(root @ covs[0] @ root)
    expected = ((means[0] - means[1]) ** 2).sum() + np.trace(covs[0] + covs[1] - 2 * cross)
    assert distance("wasserstein", x, y) == pytest.approx(expected / 3, rel=1e-10)


def test_wasserstein_of_channels_that_vary_alone_is_mean_variance():
    rng = np.random.default_rng(0)
    means, deviations = rng.standard_normal((2, 4)), rng.uniform(0.5, 2, (2, 4))
    gaussian, diagonal = [], []
    for mean, deviation in zip(means, deviations, strict=True):
        products = np.diag(deviation**2) + np.outer(mean, mean)
        gaussian.append(Tensor(np.concatenate([mean[None], products])[None]))
        diagonal.append(Tensor(np.stack([mean, deviation**2 + mean**2])[None]))
    found = Wasserstein().distance(*gaussian).item()
    assert found == pytest.approx(MeanVariance().distance(*diagonal).item(), rel=1e-10)


def test_sliced_sorts_the_projections():
    kind = Sliced(directions=4, seed=3)
    x, y = features(0), features(1) * 2
    lines = np.random.default_rng((3, 3)).standard_normal((4, 3))
    expected = 0.0
    for line in lines:
        unit = line / np.linalg.norm(line)
        projections = [np.sort(unit @ v[0].reshape(3, -1)) for v in (x, y)]
        expected += ((projections[0] - projections[1]) ** 2).mean() / 4
    found = kind.distance(kind.statistic(Tensor(x)), kind.statistic(Tensor(y)))
    assert found.item() == pytest.approx(expected, rel=1e-12)
    other = Sliced(directions=4, seed=4)
    assert not np.allclose(other.statistic(Tensor(x)).numpy(), kind.statistic(Tensor(x)).numpy())


@pytest.mark.parametrize("size", [(4, 5), (3, 3), (6, 9)])
def test_sliced_interpolates_quantiles_of_another_number(size):
    x, y = features(0), features(1, size=size)
    own, target = statistic("sliced", x).numpy()[0], statistic("sliced", y).numpy()[0]
    here, there = ((np.arange(n) + 0.5) / n for n in (own.shape[1], target.shape[1]))
    expected = np.mean(
        [(a - np.interp(here, there, b)) ** 2 for a, b in zip(own, target, strict=1)]
    )
    assert distance("sliced", x, y) == pytest.approx(expected, rel=1e-12)


def test_sliced_sees_what_moments_do_not():
    """Two clouds of one mean and covariance."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((1, 1, 4000))
    coin = rng.choice([-1.0, 1.0], (1, 1, 4000))
    normal, coin = ((v - v.mean()) / v.std() for v in (normal, coin))
    for kind in ("gram", "mean-variance", "wasserstein"):
        assert distance(kind, normal, coin) < 1e-12
    assert distance("sliced", normal, coin) > 0.1


@every_kind
@pytest.mark.parametrize("dtype, close", [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_zero_at_equality_and_above_elsewhere(kind, dtype, close):
    x = features(0, dtype=dtype)
    far = distance(kind, x, features(1, dtype=dtype) * 2)
    assert far > 0
    assert abs(distance(kind, x, x)) < close * far
    shuffled = x.reshape(1, 3, -1)[:, :, np.random.default_rng(0).permutation(20)]
    assert abs(distance(kind, x, shuffled)) < close * far


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_but_by_moments(kind, dtype):
    x = Tensor(features(dtype=dtype), requires_grad=True)
    found = STATISTICS[kind].statistic(x, np.linspace(0, 1, 20).reshape(4, 5))
    expected = np.float64 if kind in MOMENTS else dtype
    assert found.dtype == expected
    cost = STATISTICS[kind].distance(found, statistic(kind, 2 * x.numpy()))
    assert cost.dtype == expected
    cost.backward()
    assert x.grad.dtype == dtype


@every_kind
@pytest.mark.parametrize("size", [(11,), (2, 3, 4)])
def test_signals_and_volumes_are_clouds_as_well(kind, size):
    x = features(size=size)
    flat = x.reshape(1, 3, 1, -1)
    np.testing.assert_array_equal(statistic(kind, x).numpy(), statistic(kind, flat).numpy())


# -- rounding -------------------------------------------------------------------------------------


def far_from_0(seed=0, channels=6):
    """Features whose variances are a ten-thousandth of their squared means, one channel flat."""
    x = 1 + 0.01 * features(seed, channels, (60, 50), shift=0)
    x[:, 2] = 1
    return x.astype(np.float32)


@pytest.mark.parametrize("kind", MOMENTS)
@pytest.mark.parametrize("masked", [False, True])
def test_moments_of_float32_features_are_those_of_the_same_numbers_in_float64(kind, masked):
    x, weights = far_from_0(), np.random.default_rng(1).random((60, 50)) if masked else None
    found = statistic(kind, x, weights).numpy()
    exact = statistic(kind, x.astype(np.float64), weights).numpy()
    np.testing.assert_allclose(found, exact, rtol=1e-8)


@pytest.mark.parametrize(("kind", "close"), [("mean-variance", 1e-5), ("wasserstein", 1e-6)])
@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_does_not_drown_in_rounding(kind, close, masked):
    """Where the target varies, the features hardly do, and their root is steep.

    With moments in float32 it was off by 2 to 12 in 10,000.
    """
    weights = np.random.default_rng(1).random((60, 50)) if masked else None
    target = statistic(kind, features(5, 6).astype(np.float32))
    slopes = []
    for dtype in (np.float32, np.float64):
        x = Tensor(far_from_0().astype(dtype), requires_grad=True)
        STATISTICS[kind].distance(STATISTICS[kind].statistic(x, weights), target).backward()
        slopes.append(x.grad.numpy())
    np.testing.assert_allclose(slopes[0], slopes[1], atol=close * np.abs(slopes[1]).max())


@pytest.mark.parametrize("block", [1, 7, 20])
def test_features_are_widened_in_blocks(monkeypatch, block):
    weights = np.random.default_rng(1).random((4, 5))
    whole, slope = statistic("wasserstein", features(), weights).numpy(), None
    for size in (statistics.BLOCK, block):
        monkeypatch.setattr(statistics, "BLOCK", size)
        x = Tensor(features(), requires_grad=True)
        found = Wasserstein().statistic(x, weights)
        np.testing.assert_allclose(found.numpy(), whole, rtol=1e-13)
        (found**2).sum().backward()
        slope = x.grad.numpy() if slope is None else slope
        np.testing.assert_allclose(x.grad.numpy(), slope, rtol=1e-12)


# -- masks ----------------------------------------------------------------------------------------


@every_kind
def test_a_mask_of_ones_is_no_mask(kind):
    x = features()
    masked = statistic(kind, x, np.full((4, 5), 0.3))
    np.testing.assert_allclose(masked.numpy(), statistic(kind, x).numpy(), rtol=1e-12)


@every_kind
def test_black_places_do_not_count(kind):
    x, mask = features(), np.zeros((4, 5))
    mask[:, :3] = 1
    found = statistic(kind, x, mask).numpy()
    expected = statistic(kind, x[:, :, :, :3]).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)  # one element is near 0
    assert not np.allclose(found.mean(), statistic(kind, x).numpy().mean())


def test_guided_gram_is_that_of_masked_features_of_energy_one():
    x, mask = features(), np.random.default_rng(1).random((4, 5))
    guided = (x * mask / np.sqrt((mask**2).sum()))[0].reshape(3, -1)
    found = Gram().statistic(Tensor(x), mask).numpy()[0]
    np.testing.assert_allclose(found, guided @ guided.T, rtol=1e-12)


def test_masked_moments_are_weighted_means():
    x, mask = features(), np.random.default_rng(1).random((4, 5))
    share = (mask**2 / (mask**2).sum()).reshape(-1)
    rows = x[0].reshape(3, -1)
    found = statistic("mean-variance", x, mask).numpy()[0]
    np.testing.assert_allclose(found, [rows @ share, rows**2 @ share], rtol=1e-12)
    found = statistic("wasserstein", x, mask).numpy()[0]
    np.testing.assert_allclose(found[0], rows @ share, rtol=1e-12)
    np.testing.assert_allclose(found[1:], (rows * share) @ rows.T, rtol=1e-12)


def test_masked_quantiles_lie_where_the_shares_put_them():
    x, mask = features(), np.random.default_rng(1).random((4, 5))
    kind = Sliced(directions=3)
    plain = kind.statistic(Tensor(x)).numpy()[0]
    projections = kind._project(Tensor(x.reshape(1, 3, -1))).numpy()[0]
    found = kind.statistic(Tensor(x), mask).numpy()[0]
    share = (mask**2 / (mask**2).sum()).reshape(-1)
    for row, values in zip(found, projections, strict=True):
        order = values.argsort()
        middles = share[order].cumsum() - share[order] / 2
        expected = np.interp((np.arange(20) + 0.5) / 20, middles, values[order])
        np.testing.assert_allclose(row, expected, rtol=1e-10)
    assert np.abs(found - plain).max() > 0.1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if STATISTICS[kind].additive])
def test_additive_statistics_are_the_mean_of_their_tiles(kind):
    x, mask = features(), np.random.default_rng(1).random((4, 5))
    tiles = [(slice(None), slice(0, 2)), (slice(None), slice(2, 5))]
    plain = [
        statistic(kind, x[(..., *tile)]).numpy() * width
        for tile, width in zip(tiles, (2, 3), strict=True)
    ]
    np.testing.assert_allclose(sum(plain) / 5, statistic(kind, x).numpy(), rtol=1e-12)
    masked = [
        statistic(kind, x[(..., *tile)], mask[tile]).numpy() * (mask[tile] ** 2).sum()
        for tile in tiles
    ]
    whole = statistic(kind, x, mask).numpy() * (mask**2).sum()
    np.testing.assert_allclose(sum(masked), whole, rtol=1e-12)


@every_kind
@pytest.mark.parametrize(
    "weights, message",
    [
        (np.ones((5, 4)), "weights of the features' size"),
        (np.zeros((4, 5)), "not all 0"),
        (np.full((4, 5), -1.0), "at least 0"),
        (np.full((4, 5), np.nan), "at least 0"),
    ],
)
def test_masks_that_do_not_fit_are_refused(kind, weights, message):
    with pytest.raises(ValueError, match=message):
        statistic(kind, features(), weights)


@every_kind
def test_statistics_of_other_networks_are_refused(kind):
    own, other = features(channels=3), features(channels=4)
    directions = Sliced(directions=5).statistic(Tensor(own))
    target = directions if kind == "sliced" else statistic(kind, other)
    with pytest.raises(ValueError, match="expected"):
        STATISTICS[kind].distance(statistic(kind, own), target)


# -- gradients ------------------------------------------------------------------------------------


def cost_of(kind, weights=None, size=(3, 3)):
    target = statistic(kind, 2 * features(5, size=size))
    to_target = STATISTICS[kind].distance_to(target)
    return lambda x: to_target(STATISTICS[kind].statistic(x, weights))


@every_kind
@pytest.mark.parametrize("size", [(3, 3), (4, 5)])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients(kind, size, masked):
    weights = np.random.default_rng(1).random((3, 3)) if masked else None
    assert gradcheck(cost_of(kind, weights, size), [features(2, size=(3, 3))])


@pytest.mark.parametrize("kind", ["gram", "mean-variance", "sliced"])
def test_second_gradients(kind):
    assert gradgradcheck(cost_of(kind), [features(2, size=(2, 3))])


def test_wasserstein_refuses_a_second_gradient():
    x = Tensor(features(2), requires_grad=True)
    (first,) = grad(cost_of("wasserstein")(x), x, create_graph=True)
    with pytest.raises(ValueError, match="a first derivative only"):
        grad((first**2).sum(), x)


def test_the_check_of_gradients_can_fail():
    """A root's slope that is twice too steep."""
    cost = cost_of("wasserstein")

    def wrong(x):
        y = cost(x)
        return y + 0.1 * (y - y.detach())

    with pytest.raises(GradcheckError, match="wrong gradient"):
        gradcheck(wrong, [features(2, size=(3, 3))])


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 500.0])
def test_one_colour_and_few_places_stay_finite(kind, dtype, scale):
    """Covariances without full rank, on either side."""
    rng = np.random.default_rng(0)
    flat = np.broadcast_to(rng.random((1, 8, 1, 1)), (1, 8, 2, 3))
    few, many = rng.random((1, 8, 2, 2)), rng.random((1, 8, 5, 5))
    clouds = [(scale * v).astype(dtype) for v in (flat, few, many)]
    for own in clouds:
        for other in clouds:
            x = Tensor(own.copy(), requires_grad=True)
            kinds = STATISTICS[kind]
            cost = kinds.distance(kinds.statistic(x), kinds.statistic(Tensor(other)))
            cost.backward()
            assert np.isfinite(cost.item())
            assert np.isfinite(x.grad.numpy()).all()


@every_kind
def test_descent_finds_the_style(kind):
    """The gradient leads somewhere: the distance falls to a hundredth.

    Of few points the sliced distance has local minima: forty end at 4 %, hence four hundred.
    """
    cost = cost_of(kind, size=(20, 20))
    x = Tensor(features(2, size=(20, 20)), requires_grad=True)
    first = cost(x).item()
    rate = 0.5 / max(np.abs(grad(cost(x), x)[0].numpy()).max(), 1e-9)
    for _ in range(300):
        (slope,) = grad(cost(x), x)
        step = Tensor(x.data - rate * slope.data, requires_grad=True)
        if cost(step).item() < cost(x).item():
            x = step
        else:
            rate /= 2
    assert cost(x).item() < 0.01 * first
