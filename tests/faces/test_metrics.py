"""Measures of verification and identification: hand-made cases, loops, simulated people."""

import json
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from nnscratch.faces import metrics
from nnscratch.faces.metrics import Calibration, CollapsedError

# Sorted: same at 1, 2, 4, 7; different at 3, 5, 6, 8.
DISTANCES = np.array([7.0, 1, 8, 3, 2, 6, 5, 4])
SAME = np.array([1, 1, 0, 0, 1, 0, 0, 1])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def scores(rng, count=300, decimals=None):
    """Overlapping distances of same and different pairs; rounded, they have ties."""
    same = rng.random(count) < 0.4
    distances = rng.normal(np.where(same, 0.8, 1.3), 0.3)
    return (distances if decimals is None else distances.round(decimals)), same


# -- distances


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", metrics.METRICS)
def test_distances_equal_loops(rng, metric, dtype):
    a, b = (rng.standard_normal((n, 5)).astype(dtype) for n in (4, 3))
    found = metrics.distance_matrix(a, b, metric)
    assert found.dtype == dtype
    for i, u in enumerate(a.astype(float)):
        for j, v in enumerate(b.astype(float)):
            expected = {
                "squared": sum((u - v) ** 2),
                "euclidean": math.sqrt(sum((u - v) ** 2)),
                "cosine": 1 - u @ v / math.sqrt(u @ u * (v @ v)),
            }[metric]
            assert found[i, j] == pytest.approx(
                expected, rel=1e-5 if dtype is np.float32 else 1e-12
            )


@pytest.mark.parametrize("metric", metrics.METRICS)
def test_every_pair_comes_once(rng, metric):
    x, labels = rng.standard_normal((6, 4)), np.array([0, 1, 0, 2, 1, 0])
    pairs = metrics.pair_distances(x, labels, metric)
    expected = [(i, j) for i in range(6) for j in range(i + 1, 6)]
    assert list(zip(pairs.i, pairs.j, strict=True)) == expected
    assert pairs.same.tolist() == [labels[i] == labels[j] for i, j in expected]
    matrix = metrics.distance_matrix(x, x, metric)
    np.testing.assert_allclose(pairs.distances, matrix[pairs.i, pairs.j], rtol=1e-12)


def test_near_duplicates_keep_their_digits(rng):
    """|a|² + |b|² − 2ab in float32 would be wrong by its whole size here."""
    a = rng.standard_normal((1, 128)).astype(np.float32)
    a /= np.linalg.norm(a)
    b = a + np.float32(1e-4) * rng.standard_normal((1, 128)).astype(np.float32)
    exact = ((a.astype(float) - b) ** 2).sum()
    assert metrics.distance_matrix(a, b)[0, 0] == pytest.approx(exact, rel=1e-6)


# -- verification


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


@pytest.mark.parametrize("far", [0, 1, -0.1, math.nan])
def test_a_far_outside_0_to_1_is_refused(far):
    with pytest.raises(ValueError, match="far between 0 and 1"):
        metrics.tar_at_far(DISTANCES, SAME, far)


def test_a_constant_embedding_is_called_collapsed(rng):
    x = np.tile(rng.standard_normal(8), (5, 1)).astype(np.float32)
    noise = 1e-8 * rng.standard_normal(x.shape).astype(np.float32)
    for constant in (x, x + noise, np.zeros((5, 8))):
        with pytest.raises(CollapsedError, match="all 5 embeddings are equal"):
            metrics.pair_distances(constant, [0, 0, 1, 1, 2])
    assert len(metrics.pair_distances(x + 1e4 * noise, [0, 0, 1, 1, 2]).distances) == 10


def test_wrong_embeddings_are_refused():
    with pytest.raises(ValueError, match="expected embeddings .N, D. of floats, got int64"):
        metrics.pair_distances(np.eye(3, dtype=int), [0, 1, 2])
    with pytest.raises(ValueError, match="expected metric in .*got 'manhattan'"):
        metrics.pair_distances(np.eye(3), [0, 1, 2], "manhattan")
    with pytest.raises(ValueError, match="a row of zeros"):
        metrics.pair_distances(np.zeros((3, 2)), [0, 1, 2], "cosine")
    with pytest.raises(ValueError, match="finite embeddings"):
        metrics.distance_matrix(np.full((2, 2), np.nan), np.eye(2))
    with pytest.raises(ValueError, match="rows of one length"):
        metrics.distance_matrix(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match="N of at least 2"):
        metrics.pair_distances(np.eye(3), [0, 1])


# -- intervals


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (15, 148, 0.0624, 0.1605),  # Newcombe 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_of_newcombes_examples(successes, n, low, high):
    interval = metrics.wilson(successes, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)
    assert interval.value == successes / n


def test_wilson_solves_its_equation():
    """At both ends, |p − end| = z √(end (1 − end) / n)."""
    p, low, high = metrics.wilson(7, 30, level=0.9)
    for end in (low, high):
        z = abs(p - end) / math.sqrt(end * (1 - end) / 30)
        assert z == pytest.approx(1.6448536269514722, abs=1e-9)
    assert metrics.wilson(20, 20).high == 1
    with pytest.raises(ValueError, match="successes from 0 to n, got 3 of 2"):
        metrics.wilson(3, 2)
    with pytest.raises(ValueError, match="level between 0 and 1"):
        metrics.wilson(1, 2, level=95)


def test_mean_interval_is_students():
    """t of 2 is p √(2 / (1 − p²)) for the middle share p; s of 1, 2, 3 is 1."""
    t = 0.95 * math.sqrt(2 / (1 - 0.95**2))
    interval = metrics.mean_interval([1, 2, 3])
    assert interval.value == 2
    assert interval.high - 2 == pytest.approx(t / math.sqrt(3), abs=1e-12)
    assert 2 - interval.low == pytest.approx(interval.high - 2, abs=1e-12)
    assert str(metrics.mean_interval([0.5, 0.5])) == "0.5 (0.5 to 0.5)"
    with pytest.raises(ValueError, match="at least 2 numbers"):
        metrics.mean_interval([1])
    with pytest.raises(ValueError, match="finite values"):
        metrics.mean_interval([1, np.nan])


def crowd(rng, people=12, pictures=3, shift=0.0):
    """Distances in which a person's own quirk sits in all of its pairs."""
    labels = np.repeat(np.arange(people), pictures)
    quirk = rng.normal(0, 0.3, people)
    i, j = np.triu_indices(len(labels), 1)
    same = labels[i] == labels[j]
    distances = np.where(same, 1.0, 2.0 + shift) + quirk[labels[i]] + quirk[labels[j]]
    return labels[i], labels[j], distances + rng.normal(0, 0.1, len(i)), same


def test_bootstrap_equals_rebuilt_pairs(rng):
    """Each draw rebuilt by loops over the drawn people gives the same values."""
    a, b, distances, same = crowd(rng, people=5)
    seen = []

    def mean_gap(d, s):
        seen.append(d[~s].mean() - d[s].mean())
        return seen[-1]

    found = metrics.bootstrap_over_people(mean_gap, a, b, distances, same, 3, repeats=20)
    draws, expected = np.random.default_rng(3), []
    while len(expected) < 20:
        drawn = draws.integers(5, size=5).tolist()
        own = [d for p in drawn for d in distances[same & (a == p)]]
        other = [
            d
            for i, p in enumerate(drawn)
            for q in drawn[i + 1 :]
            for d in distances[~same & ((a == p) & (b == q) | (a == q) & (b == p))]
        ]
        if own and other:
            expected.append(np.mean(other) - np.mean(own))
    np.testing.assert_allclose(seen[:20], expected, rtol=1e-12)
    np.testing.assert_allclose(found[1:], np.quantile(expected, [0.025, 0.975]), rtol=1e-12)
    assert found.value == pytest.approx(mean_gap(distances, same), rel=1e-12)


def test_people_give_wider_intervals_than_pairs(rng):
    """Pairs share people: drawn one by one they look far surer than they are."""
    a, b, distances, same = crowd(rng, pictures=8)
    by_people = metrics.bootstrap_over_people(metrics.eer, a, b, distances, same, 0, repeats=200)
    by_pairs = []
    for _ in range(200):
        drawn = rng.integers(len(same), size=len(same))
        by_pairs.append(metrics.eer(distances[drawn], same[drawn]))
    low, high = np.quantile(by_pairs, [0.025, 0.975])
    assert by_people.high - by_people.low > 1.5 * (high - low)
    assert by_people.low <= by_people.value <= by_people.high


def test_bootstrap_is_repeatable_and_takes_names(rng):
    a, b, distances, same = crowd(rng)
    once = metrics.bootstrap_over_people(metrics.auc, a, b, distances, same, 7, repeats=50)
    names = np.array([f"person {i:02}" for i in range(12)])
    again = metrics.bootstrap_over_people(
        metrics.auc, names[a], names[b], distances, same, np.random.default_rng(7), repeats=50
    )
    assert once == again
    with pytest.raises(ValueError, match="equal just where same is true"):
        metrics.bootstrap_over_people(metrics.auc, a, b, distances, ~same, 0)


# -- identification


def cmc_by_loops(distances, probes, gallery):
    """Each identity's rank, all orders of equal distances averaged."""
    people, curves = sorted(set(gallery)), []
    for row, probe in zip(distances, probes, strict=True):
        if probe not in people:
            continue
        best = {p: min(d for d, g in zip(row, gallery, strict=True) if g == p) for p in people}
        before = sum(best[p] < best[probe] for p in people)
        equal = sum(best[p] == best[probe] for p in people)
        ranks = range(before + 1, before + equal + 1)
        curves.append([np.mean([r <= k for r in ranks]) for k in range(1, len(people) + 1)])
    return np.mean(curves, axis=0)


@pytest.mark.parametrize("decimals", [8, 1])
def test_cmc_equals_loops(rng, decimals):
    gallery, probes = [3, 1, 1, 7, 3, 5], [1, 7, 2, 5, 5, 3, 9]
    distances = rng.random((len(probes), len(gallery))).round(decimals)
    found = metrics.cmc(distances, probes, gallery)
    np.testing.assert_allclose(found, cmc_by_loops(distances, probes, gallery), atol=1e-12)
    assert found[-1] == 1


def test_cmc_by_hand_and_with_names():
    distances = np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.5], [0.9, 0.8, 0.7]])
    found = metrics.cmc(distances, ["ann", "ann", "ann"], ["ann", "bob", "cid"])
    np.testing.assert_allclose(found, [1.5 / 3, 2 / 3, 1], atol=1e-12)


def test_a_constant_embedding_gains_nothing_by_ties():
    distances = np.ones((4, 20))
    distances[0, 0] = 2  # not all equal, or it would be refused
    assert metrics.cmc(distances, [1, 1, 1, 1], range(20))[0] < 0.06
    with pytest.raises(CollapsedError, match="all 80 distances"):
        metrics.cmc(np.ones((4, 20)), [1, 1, 1, 1], range(20))


def open_set_by_loops(distances, probes, gallery, t):
    people, found, alarms, mated, strangers = set(gallery), 0, 0, 0, 0
    for row, probe in zip(distances, probes, strict=True):
        nearest = gallery[int(np.argmin(row))]
        if probe in people:
            mated += 1
            found += nearest == probe and min(row) <= t
        else:
            strangers += 1
            alarms += min(row) <= t
    return found / mated, alarms / strangers


def test_open_set_equals_loops(rng):
    gallery = [0, 0, 1, 1, 2, 3]
    probes = rng.integers(0, 8, 60)
    distances = rng.random((60, 6))
    for row, probe in zip(distances, probes, strict=True):
        row[np.equal(gallery, probe)] -= 0.3
    result = metrics.open_set(distances, probes, gallery, far=0.2)
    for t, far, dir_ in zip(
        result.curve.thresholds, result.curve.far, result.curve.tar, strict=True
    ):
        expected = open_set_by_loops(distances, probes, gallery, t)
        assert (dir_, far) == pytest.approx(expected, abs=1e-12)
    expected = open_set_by_loops(distances, probes, gallery, result.threshold)
    assert (result.dir.value, result.far.value) == pytest.approx(expected, abs=1e-12)
    assert result.far.value <= 0.2
    allowed = result.curve.thresholds[result.curve.far <= 0.2]
    assert result.threshold == allowed.max()
    assert (result.mated, result.strangers, result.gallery) == (
        np.count_nonzero(probes < 4),
        np.count_nonzero(probes >= 4),
        4,
    )
    hits = round(result.dir.value * result.mated)
    assert result.dir == metrics.wilson(hits, result.mated)
    assert f"of {result.strangers} strangers; at least 50" in result.warning


def test_open_set_at_a_threshold_chosen_elsewhere():
    distances = np.array([[0.1, 0.9], [0.8, 0.4], [0.7, 0.5], [0.6, 0.95]])
    result = metrics.open_set(distances, [0, 1, 0, 9], [0, 1], threshold=0.45)
    assert (result.dir.value, result.far.value, result.threshold) == (2 / 3, 0, 0.45)
    strict = metrics.open_set(distances, [0, 1, 0, 9], [0, 1], threshold=0.2)
    assert strict.dir.value == 1 / 3
    lax = metrics.open_set(distances, [0, 1, 0, 9], [0, 1], threshold=2)
    assert (lax.dir.value, lax.far.value) == (2 / 3, 1)


def test_wrong_identifications_are_refused():
    distances = np.array([[0.1, 0.2], [0.3, 0.4]])
    with pytest.raises(ValueError, match="people in the gallery and of strangers, got 2 and 0"):
        metrics.open_set(distances, [0, 1], [0, 1])
    with pytest.raises(ValueError, match="somebody in the gallery, got none"):
        metrics.cmc(distances, [5, 6], [0, 1])
    with pytest.raises(ValueError, match=r"labels \(P,\) and \(G,\)"):
        metrics.cmc(distances, [0, 1, 2], [0, 1])
    with pytest.raises(ValueError, match="probes and a gallery, got none"):
        metrics.cmc(np.ones((2, 0)), [0, 1], [])
    with pytest.raises(ValueError, match="finite distances"):
        metrics.cmc(np.array([[0.1, np.nan]]), [0], [0, 1])


# -- calibration


def test_the_threshold_keeps_its_far_on_other_people(rng):
    """In 100 trials the measured rate lies in its interval around the one asked for."""
    inside = 0
    for _ in range(100):
        fit, test = (
            (rng.normal(np.repeat([0.6, 1.5], n), 0.25), np.repeat([1, 0], n)) for n in (1000, 1000)
        )
        t = Calibration.fit(*fit, far=0.05).threshold
        accepted = np.count_nonzero(test[0][1000:] <= t)
        spread = math.sqrt(2 * 0.05 * 0.95 / 1000)  # of two rates, one chosen and one measured
        inside += abs(accepted / 1000 - 0.05) <= 1.96 * spread
    assert inside >= 90


def test_a_search_among_k_takes_strangers_in_at_the_rate_asked_for(rng):
    """Impostors are normal, so that FMR and FPIR at a threshold are known; the mean of 30 fits."""
    impostors, sizes = NormalDist(2, 0.25), np.array([1, 10, 100, 1000, 10_000])
    same = np.arange(20_000) < 10
    rates, unchanged = np.empty((2, 30, 5))
    for i in range(30):
        distances = rng.normal(np.where(same, 0.5, 2), 0.25)
        calibration = Calibration.fit(distances, same, far=0.05)
        limits = [calibration.threshold_for_gallery(int(k)) for k in sizes]
        rates[i] = 1 - (1 - np.array([impostors.cdf(t) for t in limits])) ** sizes
        unchanged[i] = 1 - (1 - impostors.cdf(calibration.threshold)) ** sizes
    np.testing.assert_allclose(rates.mean(0), 0.05, rtol=0.25)
    assert (unchanged[:, 1:] > 0.3).all()  # the threshold of one comparison is too lax


def test_the_spread_is_that_of_the_impostors_tail(rng):
    """What lies above the threshold does not matter, nor do 5 impostors below it do too little."""
    impostors = np.sort(rng.normal(2, 0.25, 20_000))
    impostors[2000:] += rng.exponential(size=18_000)
    distances, same = np.append(impostors, [0.1, 0.2]), np.arange(20_002) >= 20_000
    assert Calibration.fit(distances, same, far=0.05).spread == pytest.approx(0.25, rel=0.1)
    assert Calibration.fit(distances, same, far=0.0002).spread == pytest.approx(0.25, rel=0.4)


@pytest.mark.real_data
def test_strangers_are_taken_in_at_the_rate_asked_for_on_real_faces(real_data, rng):
    """Pixels of ORL: calibrated on 20 people, searched among the others, one picture each.

    The mean of 30 divisions of the people; one alone gives 0.01 to 0.12, so few are 20.
    """
    folders = [real_data / "orl_faces" / f"s{i + 1}" for i in range(40)]
    files = [folder / f"{i + 1}.pgm" for folder in folders for i in range(10)]
    x = np.stack([np.asarray(Image.open(f).resize((32, 40)), float).ravel() for f in files])
    x, labels = x - x.mean(1, keepdims=True), np.repeat(np.arange(40), 10)
    matrix = metrics.distance_matrix(x, x, "cosine")
    i, j = np.triu_indices(400, 1)
    rates = []
    for _ in range(30):
        held_out, (stranger, *known) = np.split(rng.permutation(40), 2)
        pairs = np.isin(labels[i], held_out) & np.isin(labels[j], held_out)
        same = labels[i[pairs]] == labels[j[pairs]]
        calibration = Calibration.fit(matrix[i, j][pairs], same, far=0.05)
        limit = calibration.threshold_for_gallery(19)
        for _ in range(20):
            stranger, *known = np.roll([stranger, *known], 1)
            pictures = 10 * np.array(known) + rng.integers(10, size=19)
            rates.append(np.mean(matrix[np.ix_(labels == stranger, pictures)].min(1) <= limit))
    assert 0.03 < np.mean(rates) < 0.08


def test_the_threshold_falls_with_the_gallery(rng):
    calibration = Calibration.fit(*scores(rng), far=0.05)
    limits = [calibration.threshold_for_gallery(k) for k in (1, 2, 10, 1000, 100_000)]
    assert limits[0] == calibration.threshold
    assert limits == sorted(limits, reverse=True) and len(set(limits)) == 5
    with pytest.raises(ValueError, match="at least 1 encoding, got 0"):
        calibration.threshold_for_gallery(0)


def test_probability_is_that_of_the_simulation(rng):
    """Normal distances of one spread have log-odds linear in d: slope (µ₁ − µ₀)/σ² of the means."""
    same = np.arange(60_000) < 20_000
    distances = rng.normal(np.where(same, 0.8, 1.4), 0.3)
    calibration = Calibration.fit(distances, same, far=0.01)
    assert calibration.slope == pytest.approx(-0.6 / 0.09, rel=0.03)
    assert calibration.probability(1.1) == pytest.approx(0.5, abs=0.01)
    assert calibration.probability(1.1, prior=0.01) == pytest.approx(0.01, abs=0.001)
    near = (distances > 0.95) & (distances < 1.05)
    odds = same[near].sum() / (~same[near]).sum() * 2  # twice as many pairs are different
    assert calibration.probability(1.0) == pytest.approx(odds / (1 + odds), abs=0.03)


def test_probability_is_the_optimum(rng):
    """The gradient of the weighted likelihood with Platt's targets is 0 there."""
    distances, same = scores(rng)
    calibration = Calibration.fit(distances, same, far=0.05)
    p, n1, n0 = calibration.probability(distances), same.sum(), (~same).sum()
    target = np.where(same, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    error = (p - target) / np.where(same, n1, n0)
    assert abs(error.sum()) < 1e-12 and abs(error @ distances) < 1e-12


def test_probability_stays_finite_where_nothing_overlaps():
    distances, same = (
        np.append(np.linspace(0, 0.1, 50), np.linspace(3, 4, 500)),
        np.arange(550) < 50,
    )
    calibration = Calibration.fit(distances, same, far=0.01)
    assert calibration.probability(0.05) > 0.95 and calibration.probability(3.5) < 0.05
    assert np.isfinite(calibration.probability(np.array([-1e9, 1e9]))).all()
    with pytest.raises(ValueError, match="prior between 0 and 1"):
        calibration.probability(0.5, prior=1)


def test_calibration_survives_json_and_npz(rng, tmp_path):
    calibration = Calibration.fit(*scores(rng), far=0.05)
    assert all(type(value) is float for value in calibration.to_dict().values())
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration
    np.savez(tmp_path / "c.npz", **calibration.to_dict())
    with np.load(tmp_path / "c.npz", allow_pickle=False) as arrays:
        assert Calibration.from_dict(dict(arrays)) == calibration
    with pytest.raises(ValueError, match="expected the numbers"):
        Calibration.from_dict({"far": 0.1})
    with pytest.raises(ValueError, match="expected finite numbers"):
        Calibration.from_dict(calibration.to_dict() | {"threshold": math.nan})


def test_a_calibration_on_few_pairs_says_so(rng):
    assert "at least 10000" in Calibration.fit(*scores(rng), far=0.001).warning
    assert Calibration.fit(*scores(rng), far=0.2).warning == ""
    two = Calibration.fit([0.1, 0.9], [1, 0], far=0.01)
    assert np.isfinite(two.threshold_for_gallery(1000))


def test_six_thousand_pairs_are_sorted_once_and_never_compared(rng):
    """50 ms are the limit; a double loop would take seconds."""
    import time

    distances, same = scores(rng, 6000)
    times = []
    for _ in range(3):
        start = time.process_time()
        metrics.eer(distances, same), metrics.auc(distances, same)
        metrics.tar_at_far(distances, same, 0.01)
        times.append(time.process_time() - start)
    assert min(times) < 0.05
