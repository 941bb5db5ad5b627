"""Confidence intervals: of shares, of means, and over people by bootstrap.

Stands on `metrics`.
"""

from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from nnscratch.faces.distances import check_finite
from nnscratch.faces.metrics import check_pairs, check_share


class Interval(NamedTuple):
    """An estimate with the ends of its confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def wilson(successes: float, n: int, level: float = 0.95) -> Interval:
    """Wilson's interval of the share successes / n of independent trials.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Source: Wilson 1927.
    """
    check_share("wilson", "level", level)
    if not (n >= 1 and 0 <= successes <= n):
        raise ValueError(f"wilson: expected successes from 0 to n, got {successes} of {n}")
    p, z = successes / n, NormalDist().inv_cdf(0.5 + level / 2)
    centre, scale = p + z * z / (2 * n), 1 + z * z / n
    half = z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    low, high = max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
    return Interval(float(p), float(min(low, p)), float(max(high, p)))


def mean_interval(values: Iterable[float], level: float = 0.95) -> Interval:
    """The mean of values over seeds or folds, ± t s/√n, with Student's t of n − 1 degrees."""
    from scipy.special import stdtrit

    check_share("mean_interval", "level", level)
    x = np.asarray(list(values), np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"mean_interval: expected at least 2 numbers, got shape {x.shape}")
    check_finite("mean_interval", x, "values")
    half = stdtrit(len(x) - 1, 0.5 + level / 2) * x.std(ddof=1) / np.sqrt(len(x))
    return Interval(float(x.mean()), float(x.mean() - half), float(x.mean() + half))


def bootstrap_over_people(
    function: Callable, people_a, people_b, distances, same, rng, repeats=1000, level=0.95
) -> Interval:
    """function(distances, same) with its confidence interval over other samples of people.

    people_a, people_b (P,): the people on the two pictures; rng: a Generator or a seed. People are
    drawn with replacement, not pairs, since pairs share people: one drawn m times counts m times
    in their same pairs, and a pair of two counts as the product. Draws without both kinds of pair
    are repeated. Source: Bolle et al. 2004, "Evaluation techniques for biometrics-based
    authentication systems", subset bootstrap.
    """
    check_share("bootstrap_over_people", "level", level)
    distances, same = check_pairs("bootstrap_over_people", distances, same)
    a, b, count = _people(people_a, people_b, same)
    order = np.argsort(distances)  # once, so that no repeat has to sort
    a, b, distances, same = a[order], b[order], distances[order], same[order]
    rng = np.random.default_rng(rng)
    values: list[float] = []
    while len(values) < repeats:
        drawn = np.bincount(rng.integers(count, size=count), minlength=count)
        weights = drawn[a] * np.where(same, 1, drawn[b])
        if _usable(weights, distances, same):
            values.append(function(np.repeat(distances, weights), np.repeat(same, weights)))
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(function(distances, same)), float(low), float(high))


def _people(a, b, same: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """People numbered from 0: (P,), (P,) -> (P,), (P,), their count."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != same.shape or b.shape != same.shape or not np.array_equal(a == b, same):
        raise ValueError(
            "bootstrap_over_people: expected people_a and people_b that are equal just where "
            f"same is true, got shapes {a.shape}, {b.shape}, same {same.shape}"
        )
    names, numbers = np.unique(np.concatenate([a, b]), return_inverse=True)
    return numbers[: len(a)], numbers[len(a) :], len(names)


def _usable(weights: np.ndarray, distances: np.ndarray, same: np.ndarray) -> bool:
    """Whether a draw has both kinds of pair and two distances; distances (P,) rise."""
    used = np.flatnonzero(weights)
    if len(used) == 0 or distances[used[0]] == distances[used[-1]]:
        return False
    return bool(0 < np.count_nonzero(same[used]) < len(used))
