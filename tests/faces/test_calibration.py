"""Calibrated thresholds and odds: simulated people, and real ones."""

import json
import math
from statistics import NormalDist

import numpy as np
import pytest
from face_encodings import scores
from PIL import Image

from nnscratch.faces.calibration import Calibration
from nnscratch.faces.distances import distance_matrix


@pytest.fixture
def rng():
    return np.random.default_rng(0)


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
    matrix = distance_matrix(x, x, "cosine")
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
