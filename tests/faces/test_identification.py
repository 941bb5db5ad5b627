"""Identification, closed and open: against loops, with ties, at given thresholds."""

import numpy as np
import pytest

from nnscratch.faces.distances import CollapsedError
from nnscratch.faces.identification import cmc, open_set
from nnscratch.faces.intervals import wilson


@pytest.fixture
def rng():
    return np.random.default_rng(0)


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
    found = cmc(distances, probes, gallery)
    np.testing.assert_allclose(found, cmc_by_loops(distances, probes, gallery), atol=1e-12)
    assert found[-1] == 1


def test_cmc_by_hand_and_with_names():
    distances = np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.5], [0.9, 0.8, 0.7]])
    found = cmc(distances, ["ann", "ann", "ann"], ["ann", "bob", "cid"])
    np.testing.assert_allclose(found, [1.5 / 3, 2 / 3, 1], atol=1e-12)


def test_a_constant_embedding_gains_nothing_by_ties():
    distances = np.ones((4, 20))
    distances[0, 0] = 2  # not all equal, or it would be refused
    assert cmc(distances, [1, 1, 1, 1], range(20))[0] < 0.06
    with pytest.raises(CollapsedError, match="all 80 distances"):
        cmc(np.ones((4, 20)), [1, 1, 1, 1], range(20))


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
    result = open_set(distances, probes, gallery, far=0.2)
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
    assert result.dir == wilson(hits, result.mated)
    assert f"of {result.strangers} strangers; at least 50" in result.warning


def test_open_set_at_a_threshold_chosen_elsewhere():
    distances = np.array([[0.1, 0.9], [0.8, 0.4], [0.7, 0.5], [0.6, 0.95]])
    result = open_set(distances, [0, 1, 0, 9], [0, 1], threshold=0.45)
    assert (result.dir.value, result.far.value, result.threshold) == (2 / 3, 0, 0.45)
    strict = open_set(distances, [0, 1, 0, 9], [0, 1], threshold=0.2)
    assert strict.dir.value == 1 / 3
    lax = open_set(distances, [0, 1, 0, 9], [0, 1], threshold=2)
    assert (lax.dir.value, lax.far.value) == (2 / 3, 1)


def test_wrong_identifications_are_refused():
    distances = np.array([[0.1, 0.2], [0.3, 0.4]])
    with pytest.raises(ValueError, match="people in the gallery and of strangers, got 2 and 0"):
        open_set(distances, [0, 1], [0, 1])
    with pytest.raises(ValueError, match="somebody in the gallery, got none"):
        cmc(distances, [5, 6], [0, 1])
    with pytest.raises(ValueError, match=r"labels \(P,\) and \(G,\)"):
        cmc(distances, [0, 1, 2], [0, 1])
    with pytest.raises(ValueError, match="probes and a gallery, got none"):
        cmc(np.ones((2, 0)), [0, 1], [])
    with pytest.raises(ValueError, match="finite distances"):
        cmc(np.array([[0.1, np.nan]]), [0], [0, 1])
