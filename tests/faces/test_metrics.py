"""Measures of verification: hand-made cases and loops."""

import math
import time

import numpy as np
import pytest
from face_encodings import scores
from hypothesis import assume, given
from hypothesis import strategies as st

from nnscratch.faces import metrics
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.distances import CollapsedError

# Sorted: same at 1, 2, 4, 7; different at 3, 5, 6, 8.
DISTANCES = np.array([7.0, 1, 8, 3, 2, 6, 5, 4])
SAME = np.array([1, 1, 0, 0, 1, 0, 0, 1])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_roc_by_hand():
    curve = metrics.roc(DISTANCES, SAME)
    assert curve.thresholds[1:].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.0]
    assert 0.999 < curve.thresholds[0] < 1
    assert curve.tar.tolist() == [0, 0.25, 0.5, 0.5, 0.75, 0.75, 0.75, 1, 1]
    assert curve.far.tolist() == [0, 0, 0, 0.25, 0.25, 0.5, 0.75, 0.75, 1]


def test_figures_by_hand():
    assert metrics.auc(DISTANCES, SAME) == pytest.approx((4 + 4 + 3 + 1) / 16, abs=1e-12)
    assert metrics.eer(DISTANCES, SAME) == pytest.approx(0.25, abs=1e-12)
    at = metrics.tar_at_far(DISTANCES, SAME, 0.25)
    assert (at.tar, at.far, at.threshold) == (0.75, 0.25, 4.5)
    assert metrics.threshold_at_far(DISTANCES, SAME, 0.24) == 2.5
    assert metrics.best_threshold(DISTANCES, SAME) in (2.5, 4.5)


def test_eer_lies_between_two_thresholds():
    """FAR and FRR go (0, 1), (1/3, 1/2), (2/3, 1/2): they meet at FAR = 1/2."""
    distances, same = np.array([1.0, 1, 2, 3, 3]), np.array([1, 0, 0, 1, 0])
    assert metrics.eer(distances, same) == pytest.approx(0.5, abs=1e-12)
    # (0, 1) to (1/2, 0): FAR = 1 − 2 FAR
    assert metrics.eer([1, 1, 2], [1, 0, 0]) == pytest.approx(1 / 3, abs=1e-12)


def test_perfect_and_reversed_scores():
    distances, same = np.array([1.0, 2, 3, 4]), np.array([1, 1, 0, 0])
    assert (metrics.auc(distances, same), metrics.eer(distances, same)) == (1, 0)
    assert (metrics.auc(-distances, same), metrics.eer(-distances, same)) == (0, 1)
    assert metrics.best_threshold(distances, same) == 2.5


@pytest.mark.parametrize("decimals", [None, 1, 0])
def test_rates_equal_loops(rng, decimals):
    distances, same = scores(rng, 120, decimals)
    curve = metrics.roc(distances, same)
    for t, far, tar in zip(curve.thresholds, curve.far, curve.tar, strict=True):
        assert far == sum(d <= t for d in distances[~same]) / sum(~same)
        assert tar == sum(d <= t for d in distances[same]) / sum(same)
    wins = [(a < b) + 0.5 * (a == b) for a in distances[same] for b in distances[~same]]
    assert metrics.auc(distances, same) == pytest.approx(np.mean(wins), abs=1e-12)
    right = [np.mean((distances <= t) == same) for t in curve.thresholds]
    best = metrics.best_threshold(distances, same)
    assert np.mean((distances <= best) == same) == max(right)


@pytest.mark.parametrize("decimals", [None, 1])
def test_eer_is_where_the_drawn_curves_cross(rng, decimals):
    """FAR and FRR drawn as straight lines from threshold to threshold, on a fine grid."""
    distances, same = scores(rng, 200, decimals)
    curve = metrics.roc(distances, same)
    x = np.linspace(0, len(curve.far) - 1, 200_001)
    places = np.arange(len(curve.far))
    far, frr = np.interp(x, places, curve.far), np.interp(x, places, 1 - curve.tar)
    crossing = np.argmin(np.abs(far - frr))
    assert metrics.eer(distances, same) == pytest.approx(far[crossing], abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=3, max_size=20))
def test_figures_do_not_depend_on_order_or_scale(pairs):
    distances, same = np.array([d for d, _ in pairs], float), np.array([s for _, s in pairs])
    assume(same.any() and not same.all() and np.ptp(distances) > 0)
    for figure in (metrics.auc, metrics.eer):
        value = figure(distances, same)
        assert 0 <= value <= 1
        assert figure(distances[::-1], same[::-1]) == pytest.approx(value, abs=1e-12)
        assert figure(3 * distances + 1, same) == pytest.approx(value, abs=1e-12)
    mirrored = metrics.auc(-distances, same)
    assert metrics.auc(distances, same) + mirrored == pytest.approx(1, abs=1e-12)


def test_neighbouring_floats_have_a_threshold_between_them():
    a = 1.0
    b = np.nextafter(a, 2)
    curve = metrics.roc([a, b, 3], [1, 0, 0])
    assert curve.far.tolist() == [0, 0, 0.5, 1] and curve.tar.tolist() == [0, 1, 1, 1]
    assert metrics.eer([a, b, 3], [1, 0, 0]) == 0


def test_too_few_impostors_are_told(rng):
    distances, same = scores(rng, 300)
    count = np.count_nonzero(~same)
    assert metrics.tar_at_far(distances, same, 10 / count).warning == ""
    warning = metrics.tar_at_far(distances, same, 0.01).warning
    assert f"of {count} impostor pairs; at least 1000 are needed" in warning


@pytest.mark.parametrize("far", [0, 1, -0.1, math.nan])
def test_a_far_outside_0_to_1_is_refused(far):
    with pytest.raises(ValueError, match="far between 0 and 1"):
        metrics.tar_at_far(DISTANCES, SAME, far)


def test_six_thousand_pairs_are_sorted_once_and_never_compared(rng):
    """50 ms are the limit; a double loop would take seconds."""
    distances, same = scores(rng, 6000)
    times = []
    for _ in range(3):
        start = time.process_time()
        metrics.eer(distances, same), metrics.auc(distances, same)
        metrics.tar_at_far(distances, same, 0.01)
        times.append(time.process_time() - start)
    assert min(times) < 0.05


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "figure",
    [metrics.roc, metrics.auc, metrics.eer, metrics.best_threshold]
    + [lambda d, s: metrics.tar_at_far(d, s, 0.1), lambda d, s: Calibration.fit(d, s, 0.1)],
)
def test_wrong_pairs_are_refused(figure):
    with pytest.raises(ValueError, match="finite distances, got NaN or infinity in 1 of 3"):
        figure([0.1, np.nan, 0.3], [1, 0, 1])
    with pytest.raises(ValueError, match="finite distances"):
        figure([0.1, np.inf, 0.3], [1, 0, 1])
    with pytest.raises(ValueError, match="of the same and of different people, got 3 and 0"):
        figure([0.1, 0.2, 0.3], [1, 1, 1])
    with pytest.raises(ValueError, match="got 0 and 0"):
        figure([], [])
    with pytest.raises(
        ValueError, match=r"distances \(P,\) and same \(P,\), got \(3,\) and \(2,\)"
    ):
        figure([0.1, 0.2, 0.3], [1, 0])
    with pytest.raises(ValueError, match="same to be 0 or 1"):
        figure([0.1, 0.2, 0.3], [1, 0, 2])
    with pytest.raises(CollapsedError, match="all 4 distances are 0: the encoding has collapsed"):
        figure([0.0, 0, 0, 0], [1, 0, 1, 0])
