"""Intervals: published examples, equations, draws of people rebuilt by loops."""

import math

import numpy as np
import pytest

from nnscratch.faces import metrics
from nnscratch.faces.intervals import bootstrap_over_people, mean_interval, wilson


@pytest.fixture
def rng():
    return np.random.default_rng(0)


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
    interval = wilson(successes, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)
    assert interval.value == successes / n


def test_wilson_solves_its_equation():
    """At both ends, |p − end| = z √(end (1 − end) / n)."""
    p, low, high = wilson(7, 30, level=0.9)
    for end in (low, high):
        z = abs(p - end) / math.sqrt(end * (1 - end) / 30)
        assert z == pytest.approx(1.6448536269514722, abs=1e-9)
    assert wilson(20, 20).high == 1
    with pytest.raises(ValueError, match="successes from 0 to n, got 3 of 2"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="level between 0 and 1"):
        wilson(1, 2, level=95)


def test_mean_interval_is_students():
    """t of 2 is p √(2 / (1 − p²)) for the middle share p; s of 1, 2, 3 is 1."""
    t = 0.95 * math.sqrt(2 / (1 - 0.95**2))
    interval = mean_interval([1, 2, 3])
    assert interval.value == 2
    assert interval.high - 2 == pytest.approx(t / math.sqrt(3), abs=1e-12)
    assert 2 - interval.low == pytest.approx(interval.high - 2, abs=1e-12)
    assert str(mean_interval([0.5, 0.5])) == "0.5 (0.5 to 0.5)"
    with pytest.raises(ValueError, match="at least 2 numbers"):
        mean_interval([1])
    with pytest.raises(ValueError, match="finite values"):
        mean_interval([1, np.nan])


def crowd(rng, people=12, pictures=3):
    """Distances in which a person's own quirk sits in all of its pairs."""
    labels = np.repeat(np.arange(people), pictures)
    quirk = rng.normal(0, 0.3, people)
    i, j = np.triu_indices(len(labels), 1)
    same = labels[i] == labels[j]
    distances = np.where(same, 1.0, 2.0) + quirk[labels[i]] + quirk[labels[j]]
    return labels[i], labels[j], distances + rng.normal(0, 0.1, len(i)), same


def test_bootstrap_equals_rebuilt_pairs(rng):
    """Each draw rebuilt by loops over the drawn people gives the same values."""
    a, b, distances, same = crowd(rng, people=5)
    seen = []

    def mean_gap(d, s):
        seen.append(d[~s].mean() - d[s].mean())
        return seen[-1]

    found = bootstrap_over_people(mean_gap, a, b, distances, same, 3, repeats=20)
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
    by_people = bootstrap_over_people(metrics.eer, a, b, distances, same, 0, repeats=200)
    by_pairs = []
    for _ in range(200):
        drawn = rng.integers(len(same), size=len(same))
        by_pairs.append(metrics.eer(distances[drawn], same[drawn]))
    low, high = np.quantile(by_pairs, [0.025, 0.975])
    assert by_people.high - by_people.low > 1.5 * (high - low)
    assert by_people.low <= by_people.value <= by_people.high


def test_bootstrap_is_repeatable_and_takes_names(rng):
    a, b, distances, same = crowd(rng)
    once = bootstrap_over_people(metrics.auc, a, b, distances, same, 7, repeats=50)
    names = np.array([f"person {i:02}" for i in range(12)])
    again = bootstrap_over_people(
        metrics.auc, names[a], names[b], distances, same, np.random.default_rng(7), repeats=50
    )
    assert once == again
    with pytest.raises(ValueError, match="equal just where same is true"):
        bootstrap_over_people(metrics.auc, a, b, distances, ~same, 0)
