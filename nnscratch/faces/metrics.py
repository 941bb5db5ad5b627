"""How well distances tell people apart: verification, identification, calibrated thresholds.

Stands on NumPy. A small distance means the same person, and is accepted if it is at most the
threshold.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

METRICS = ("squared", "euclidean", "cosine")
ENOUGH = 10  # false accepts that a rate must rest on to be believed
ROUNDING = 1e-6  # of a float32 embedding: components nearer than this are equal


class CollapsedError(ValueError):
    """All distances are equal: the network gives every picture the same encoding."""


class Interval(NamedTuple):
    """An estimate with the ends of its confidence interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


class Pairs(NamedTuple):
    """Distances (P,) of pictures i (P,) and j (P,), and whether they show the same person."""

    distances: np.ndarray
    same: np.ndarray
    i: np.ndarray
    j: np.ndarray


# -- distances ------------------------------------------------------------------------------------


def distance_matrix(a: Any, b: Any, metric: str = "squared") -> np.ndarray:
    """Distances of all rows: a (N, D), b (M, D) -> (N, M).

    metric: "squared" |a − b|², "euclidean" |a − b|, "cosine" 1 − cos(a, b). The differences are
    formed: |a|² + |b|² − 2ab would cancel where rows are close.
    """
    a, b = (_rows("distance_matrix", x, metric) for x in (a, b))
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"distance_matrix: expected rows of one length, got {a.shape} and {b.shape}"
        )
    squared = np.empty((len(a), len(b)), np.result_type(a, b))
    for row, out in zip(a, squared, strict=True):
        out[:] = _squared_norms(b - row)
    return of_squared(squared, metric)


def pair_distances(embeddings: Any, labels: Any, metric: str = "squared") -> Pairs:
    """Every pair once: embeddings (N, D), labels (N,) -> N(N − 1)/2 distances, same, i < j.

    Raises CollapsedError if all embeddings are equal up to rounding.
    """
    x, labels = _rows("pair_distances", embeddings, metric), np.asarray(labels)
    if labels.shape != (len(x),) or len(x) < 2:
        raise ValueError(
            f"pair_distances: expected embeddings (N, D) and labels (N,) with N of at least 2, "
            f"got {x.shape} and {labels.shape}"
        )
    if np.ptp(x, axis=0).max() <= ROUNDING * np.abs(x).max():
        raise _collapsed("pair_distances", f"all {len(x)} embeddings are equal")
    squared = [_squared_norms(x[k + 1 :] - row) for k, row in enumerate(x[:-1])]
    i, j = np.triu_indices(len(x), 1)
    return Pairs(of_squared(np.concatenate(squared), metric), labels[i] == labels[j], i, j)


def of_squared(squared: np.ndarray, metric: str) -> np.ndarray:
    """Squared L2 distances in another metric; "cosine" holds for rows of length 1."""
    if metric == "squared":
        return squared
    return np.sqrt(squared) if metric == "euclidean" else 0.5 * squared


def check_metric(caller: str, metric: str) -> None:
    """Raise ValueError unless `metric` is one of METRICS."""
    if metric not in METRICS:
        raise ValueError(f"{caller}: expected metric in {METRICS}, got {metric!r}")


def _rows(caller: str, embeddings: Any, metric: str) -> np.ndarray:
    """Finite float rows (N, D), of length 1 where the metric is the cosine."""
    check_metric(caller, metric)
    x = np.asarray(embeddings)
    if x.ndim != 2 or x.dtype.kind != "f":
        raise ValueError(f"{caller}: expected embeddings (N, D) of floats, got {x.dtype} {x.shape}")
    _check_finite(caller, x, "embeddings")
    if metric != "cosine":
        return x
    lengths = np.sqrt(_squared_norms(x))[:, None]
    if (lengths == 0).any():
        raise ValueError(f"{caller}: expected rows with a direction, got a row of zeros")
    return x / lengths


def _squared_norms(x: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", x, x)


# -- verification: is it the same person? ---------------------------------------------------------


@dataclass(frozen=True)
class Roc:
    """At each threshold (T,), rising: the shares of impostor pairs (far) and same pairs accepted.

    The first threshold accepts nothing, the last all; between them are the midpoints of distinct
    distances.
    """

    thresholds: np.ndarray
    far: np.ndarray
    tar: np.ndarray

    def at_far(self, far: float) -> int:
        """The place of the largest threshold whose false-accept rate is at most `far`."""
        return int(np.searchsorted(self.far, far, side="right")) - 1

    @property
    def auc(self) -> float:
        """The area under the curve, in [0, 1]."""
        return float(np.trapezoid(self.tar, self.far))

    @property
    def eer(self) -> float:
        """Where FAR first reaches FRR = 1 − TAR, both straight between thresholds; in [0, 1]."""
        gap = self.far - (1 - self.tar)  # rises from −1 to 1
        i = int(np.argmax(gap >= 0))
        part = gap[i - 1] / (gap[i - 1] - gap[i])
        return float(self.far[i - 1] + part * (self.far[i] - self.far[i - 1]))


class TarAtFar(NamedTuple):
    """The true-accept rate, the false-accept rate measured beside it, and their threshold.

    warning: empty, or why the figures are not to be trusted.
    """

    tar: float
    far: float
    threshold: float
    warning: str


def roc(distances: Any, same: Any) -> Roc:
    """distances (P,), same (P,) of 0 and 1 -> the curve.

    Raises ValueError on NaN or where one kind of pair is missing, CollapsedError where all
    distances are equal.
    """
    return _curve(*check_pairs("roc", distances, same))


def auc(distances: Any, same: Any) -> float:
    """P(same pair nearer than impostor pair), a tie counting one half; in [0, 1].

    It is the area under the ROC: its straight pieces across ties average their ranks.
    """
    return _curve(*check_pairs("auc", distances, same)).auc


def eer(distances: Any, same: Any) -> float:
    """The rate, in [0, 1], at which as many impostors are accepted as same pairs are rejected."""
    return _curve(*check_pairs("eer", distances, same)).eer


def tar_at_far(distances: Any, same: Any, far: float) -> TarAtFar:
    """The true-accept rate at the largest threshold with a false-accept rate of at most `far`.

    far in (0, 1). It warns where fewer than 10 / far impostors stand behind it.
    """
    _check_far("tar_at_far", far)
    distances, same = check_pairs("tar_at_far", distances, same)
    curve = _curve(distances, same)
    i = curve.at_far(far)
    warning = _too_few(int(np.count_nonzero(~same)), far, "impostor pairs")
    return TarAtFar(float(curve.tar[i]), float(curve.far[i]), float(curve.thresholds[i]), warning)


def threshold_at_far(distances: Any, same: Any, far: float) -> float:
    """The largest threshold with a false-accept rate of at most `far`, in (0, 1)."""
    return tar_at_far(distances, same, far).threshold


def best_threshold(distances: Any, same: Any) -> float:
    """The threshold that is right for the most pairs; of several, the middle one."""
    distances, same = check_pairs("best_threshold", distances, same)
    curve, share = _curve(distances, same), np.mean(same)
    right = share * curve.tar + (1 - share) * (1 - curve.far)
    best = np.flatnonzero(right >= right.max() - 1e-12)
    return float(curve.thresholds[best[len(best) // 2]])


def check_pairs(caller: str, distances: Any, same: Any) -> tuple[np.ndarray, np.ndarray]:
    """distances (P,), same (P,) -> float64 and bool, or the error that says what is wrong."""
    distances, same = np.asarray(distances, np.float64), np.asarray(same)
    if distances.ndim != 1 or same.shape != distances.shape:
        raise ValueError(
            f"{caller}: expected distances (P,) and same (P,), got {distances.shape} "
            f"and {same.shape}"
        )
    _check_finite(caller, distances, "distances")
    if not ((same == 0) | (same == 1)).all():
        raise ValueError(f"{caller}: expected same to be 0 or 1, got other values")
    same = same.astype(bool)
    if not 0 < np.count_nonzero(same) < len(same):
        raise ValueError(
            f"{caller}: expected pairs of the same and of different people, got "
            f"{np.count_nonzero(same)} and {len(same) - np.count_nonzero(same)}"
        )
    _check_spread(caller, distances)
    return distances, same


def _curve(distances: np.ndarray, same: np.ndarray) -> Roc:
    order = np.argsort(distances, kind="stable")  # quick where a bootstrap comes sorted
    distances, same = distances[order], same[order]
    thresholds = _thresholds(distances)
    return Roc(
        thresholds, _accepted(distances[~same], thresholds), _accepted(distances[same], thresholds)
    )


def _thresholds(rising: np.ndarray) -> np.ndarray:
    """Below all values, between each two distinct ones, at the last: (N,) -> (T,)."""
    distinct = rising[np.append(True, rising[1:] > rising[:-1])]
    low, high = distinct[:-1], distinct[1:]
    below = np.nextafter(distinct, -np.inf)
    middle = np.minimum(low + 0.5 * (high - low), below[1:])  # neighbours have no middle
    return np.concatenate([below[:1], middle, distinct[-1:]])


def _accepted(rising: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The share of the values that are at most each threshold."""
    return np.searchsorted(rising, thresholds, side="right") / len(rising)


def _too_few(count: int, far: float, what: str) -> str:
    """A warning, or an empty text where a rate of `far` has enough behind it."""
    if count * far >= ENOUGH * (1 - 1e-9):
        return ""
    return (
        f"a rate of {far:g} rests on {count * far:.3g} of {count} {what}; "
        f"at least {ENOUGH / far:.0f} are needed to believe it"
    )


def _check_far(caller: str, far: float) -> None:
    if not 0 < far < 1:
        raise ValueError(f"{caller}: expected far between 0 and 1, got {far}")


def _check_finite(caller: str, x: np.ndarray, what: str) -> None:
    bad = x.size - np.count_nonzero(np.isfinite(x))
    if bad:
        raise ValueError(
            f"{caller}: expected finite {what}, got NaN or infinity in {bad} of {x.size}; "
            "look at the pictures and the network that they come from"
        )


def _check_spread(caller: str, distances: np.ndarray) -> None:
    equal = ROUNDING**2 * max(1.0, float(np.abs(distances).max()))  # distances of unit rows
    if distances.size > 1 and np.ptp(distances) <= equal:
        raise _collapsed(caller, f"all {distances.size} distances are {distances.flat[0]:g}")


def _collapsed(caller: str, what: str) -> CollapsedError:
    return CollapsedError(
        f"{caller}: {what}: the encoding has collapsed to a constant and tells nobody apart; "
        "train anew with a lower learning rate, or begin with a softmax loss"
    )


# -- intervals ------------------------------------------------------------------------------------


def wilson(successes: float, n: int, level: float = 0.95) -> Interval:
    """Wilson's interval of a share successes / n, for independent trials.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Source: Wilson 1927.
    """
    _check_level("wilson", level)
    if not (n >= 1 and 0 <= successes <= n):
        raise ValueError(f"wilson: expected successes from 0 to n, got {successes} of {n}")
    p, z = successes / n, NormalDist().inv_cdf(0.5 + level / 2)
    centre, scale = p + z * z / (2 * n), 1 + z * z / n
    half = z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    low, high = max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
    return Interval(float(p), float(min(low, p)), float(max(high, p)))


def mean_interval(values: Iterable[float], level: float = 0.95) -> Interval:
    """The mean of values over seeds or folds, ± t s/√n with Student's t of n − 1."""
    from scipy.special import stdtrit

    _check_level("mean_interval", level)
    x = np.asarray(list(values), np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"mean_interval: expected at least 2 numbers, got shape {x.shape}")
    _check_finite("mean_interval", x, "values")
    half = stdtrit(len(x) - 1, 0.5 + level / 2) * x.std(ddof=1) / np.sqrt(len(x))
    return Interval(float(x.mean()), float(x.mean() - half), float(x.mean() + half))


def bootstrap_over_people(
    function: Callable[[np.ndarray, np.ndarray], float],
    people_a: Any,
    people_b: Any,
    distances: Any,
    same: Any,
    rng: Any,
    repeats: int = 1000,
    level: float = 0.95,
) -> Interval:
    """function(distances, same) with the interval that other people would have given.

    people_a, people_b (P,): who is on the two pictures; rng: a Generator or a seed. Identities
    are drawn with replacement, not pairs, as pairs share people: one drawn m times counts m
    times in its same pairs, and a pair of two counts as the product. Draws without both kinds of
    pair are drawn again. Source: Bolle et al. 2004, "Evaluation techniques for biometrics-based
    authentication systems", subset bootstrap.
    """
    _check_level("bootstrap_over_people", level)
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


def _people(a: Any, b: Any, same: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Identities numbered from 0: (P,), (P,) -> (P,), (P,), how many there are."""
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
    there = np.flatnonzero(weights)
    if len(there) == 0 or distances[there[0]] == distances[there[-1]]:
        return False
    return bool(0 < np.count_nonzero(same[there]) < len(there))


def _check_level(caller: str, level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"{caller}: expected level between 0 and 1, got {level}")


# -- identification: who is it? -------------------------------------------------------------------


@dataclass(frozen=True)
class OpenSet:
    """Detection and identification rate (DIR) and false alarms (far) at one threshold.

    mated probes show somebody of the gallery, the others are strangers; gallery: its identities.
    curve: DIR (as `tar`) and false alarms at every threshold. warning: empty, or why the figures
    are not to be trusted. The intervals are Wilson's and take probes as independent.
    """

    dir: Interval
    far: Interval
    threshold: float
    mated: int
    strangers: int
    gallery: int
    curve: Roc
    warning: str


def cmc(distances: Any, probe_labels: Any, gallery_labels: Any) -> np.ndarray:
    """Distances (P, G), labels (P,), (G,) -> (K,): how often the right one is among the k best.

    The nearest picture of an identity counts for it. Probes of nobody in the gallery are left
    out. Among equal distances each order is as likely: k places in a tie of n count k/n.
    """
    best, column = _by_identity("cmc", distances, probe_labels, gallery_labels)
    mated = column >= 0
    if not mated.any():
        raise ValueError("cmc: expected a probe of somebody in the gallery, got none")
    own, closer, tied = _places(best[mated], column[mated])
    ranks = np.arange(1, best.shape[1] + 1)
    return _among(ranks, closer[:, None], tied[:, None]).mean(0)  # (P, K) -> (K,)


def open_set(
    distances: Any,
    probe_labels: Any,
    gallery_labels: Any,
    far: float = 0.01,
    threshold: float | None = None,
) -> OpenSet:
    """Distances (P, G), labels (P,), (G,) -> DIR at a rate `far` of strangers taken for somebody.

    DIR(t): the share of mated probes nearest to their own identity, at a distance of at most t;
    FAR(t): the share of strangers with any distance of at most t. The threshold is the largest
    one with FAR of at most `far` among these strangers, unless one chosen on other people is
    given. Source: Grother and Ngan, NIST IR 8009; rank 1.
    """
    _check_far("open_set", far)
    best, column = _by_identity("open_set", distances, probe_labels, gallery_labels)
    mated = column >= 0
    if not 0 < np.count_nonzero(mated) < len(mated):
        raise ValueError(
            "open_set: expected probes of people in the gallery and of strangers, got "
            f"{np.count_nonzero(mated)} and {np.count_nonzero(~mated)}"
        )
    own, closer, tied = _places(best[mated], column[mated])
    hits = _among(1, closer, tied)
    alarms = np.sort(best[~mated].min(1))
    curve = _dir_curve(own, hits, alarms)
    t = float(curve.thresholds[curve.at_far(far)] if threshold is None else threshold)
    return OpenSet(
        dir=wilson(float(hits[own <= t].sum()), len(own)),
        far=wilson(int(np.count_nonzero(alarms <= t)), len(alarms)),
        threshold=t,
        mated=len(own),
        strangers=len(alarms),
        gallery=best.shape[1],
        curve=curve,
        warning=_too_few(len(alarms), far, "strangers"),
    )


def _dir_curve(own: np.ndarray, hits: np.ndarray, alarms: np.ndarray) -> Roc:
    """own (M,) distances that count hits (M,) of 0 to 1, alarms (S,) rising -> the curve."""
    thresholds = _thresholds(np.sort(np.concatenate([own, alarms])))
    order = np.argsort(own)
    sums = np.append(0.0, np.cumsum(hits[order]))
    found = sums[np.searchsorted(own[order], thresholds, side="right")]
    return Roc(thresholds, _accepted(alarms, thresholds), found / len(own))


def _by_identity(
    caller: str, distances: Any, probe_labels: Any, gallery_labels: Any
) -> tuple[np.ndarray, np.ndarray]:
    """-> the least distance to each identity (P, K), and the column of the own one (P,) or −1."""
    distances = np.asarray(distances, np.float64)
    probes, gallery = np.asarray(probe_labels), np.asarray(gallery_labels)
    if distances.shape != (*probes.shape, *gallery.shape) or distances.ndim != 2:
        raise ValueError(
            f"{caller}: expected distances (P, G) with labels (P,) and (G,), got "
            f"{distances.shape}, {probes.shape} and {gallery.shape}"
        )
    if distances.size == 0:
        raise ValueError(f"{caller}: expected probes and a gallery, got none: {distances.shape}")
    _check_finite(caller, distances, "distances")
    _check_spread(caller, distances)
    order = np.argsort(gallery, kind="stable")
    identities, starts = np.unique(gallery[order], return_index=True)
    best = np.minimum.reduceat(distances[:, order], starts, axis=1)  # (P, G) -> (P, K)
    column = np.searchsorted(identities, probes).clip(max=len(identities) - 1)
    return best, np.where(identities[column] == probes, column, -1)


def _places(best: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P, K), (P,) -> the own distance, how many are closer and how many just as far, all (P,)."""
    own = np.take_along_axis(best, column[:, None], axis=1)  # (P, 1)
    return own[:, 0], (best < own).sum(1), (best == own).sum(1) - 1


def _among(k: Any, closer: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """The chance to be among the k first, in [0, 1], where equals come in any order."""
    return np.clip((k - closer) / (tied + 1), 0, 1)


# -- calibration ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calibration:
    """What distances mean, learned on pairs of people held out from training.

    far: the false-accept rate asked for, of one comparison or of one search; threshold: where one
    comparison has it; spread: σ of the normal distribution that impostors follow below it;
    slope, offset: log-odds of "same" = slope · distance + offset;
    impostors: how many pairs of different people it rests on.
    """

    far: float
    threshold: float
    spread: float
    slope: float
    offset: float
    impostors: float

    def __post_init__(self) -> None:
        """Raise ValueError unless the numbers can be what `fit` found."""
        values = [getattr(self, field.name) for field in fields(self)]
        if not np.isfinite(values).all() or not 0 < self.far < 1 or self.spread < 0:
            raise ValueError(
                f"Calibration: expected finite numbers, far in (0, 1), spread >= 0; got {self}"
            )

    @classmethod
    def fit(cls, distances: Any, same: Any, far: float) -> "Calibration":
        """distances (P,), same (P,) of held-out people -> the threshold for `far`, and the odds."""
        threshold = threshold_at_far(distances, same, far)
        distances, same = check_pairs("Calibration", distances, same)
        impostors = np.sort(distances[~same])
        slope, offset = _platt(distances, same)
        return cls(far, threshold, _spread(impostors, threshold), slope, offset, len(impostors))

    @property
    def warning(self) -> str:
        """Empty, or why the threshold is not to be trusted."""
        return _too_few(int(self.impostors), self.far, "impostor pairs")

    def probability(self, distance: Any, prior: float = 0.5) -> Any:
        """P(same | distance), where a share `prior` of pairs shows the same person beforehand."""
        if not 0 < prior < 1:
            raise ValueError(f"probability: expected prior between 0 and 1, got {prior}")
        odds = self.slope * np.asarray(distance) + self.offset + np.log(prior / (1 - prior))
        return 0.5 + 0.5 * np.tanh(0.5 * odds)  # the sigmoid, without overflow

    def threshold_for_gallery(self, k: int) -> float:
        """The threshold at which a search among k encodings takes a stranger in at a rate `far`.

        With independent comparisons, FPIR = 1 − (1 − FMR)^k. Below `threshold` the impostors are
        taken to thin out as a normal distribution does. On pixels of real faces (ORL), at a
        hundredth of the rate that it was fitted at, FMR was 0.4 to 1.3 times the one asked for;
        an exponential tail was up to ten times too strict. Where people look alike, as in a
        family, impostors are nearer than that.
        """
        if k < 1:
            raise ValueError(f"threshold_for_gallery: expected at least 1 encoding, got {k}")
        fmr = -np.expm1(np.log1p(-self.far) / k)
        z = NormalDist().inv_cdf
        return self.threshold + self.spread * min(0.0, z(float(fmr)) - z(self.far))

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, for JSON or .npz."""
        return {name: float(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, numbers: Mapping[str, Any]) -> "Calibration":
        """What `to_dict` gave. Raises ValueError if names are missing or unknown."""
        names = {field.name for field in fields(cls)}
        if set(numbers) != names:
            raise ValueError(
                f"Calibration: expected the numbers {sorted(names)}, got {sorted(numbers)}"
            )
        return cls(**{name: float(value) for name, value in numbers.items()})


def _spread(impostors: np.ndarray, threshold: float) -> float:
    """σ of a normal distribution from the part of impostors (N,), rising, below the threshold.

    At z it has the share Φ(z) below, on average σ (z + φ(z)/Φ(z)) away. Where fewer than 10 are
    there, the 10 nearest stand in.
    """
    below = int(np.searchsorted(impostors, threshold, side="right"))
    if below < ENOUGH:
        below = min(ENOUGH, len(impostors) - 1)
        threshold = float(impostors[below])
    if below == 0:
        return 0.0
    normal, share = NormalDist(), below / (len(impostors) + 1)
    z = normal.inv_cdf(share)
    return float(np.mean(threshold - impostors[:below])) / (z + normal.pdf(z) / share)


def _platt(distances: np.ndarray, same: np.ndarray) -> tuple[float, float]:
    """Logistic regression of `same` on the distance, both kinds of pair weighing the same.

    Source: Platt 1999, with its targets (n + 1)/(n + 2) and 1/(n + 2), which keep the slope
    finite where the kinds do not overlap; Newton's method. Differs from the paper: the weights.
    """
    centre, scale = distances.mean(), distances.std()
    x = np.stack([(distances - centre) / scale, np.ones(len(distances))])  # (2, P)
    counts = np.where(same, np.count_nonzero(same), np.count_nonzero(~same))
    target = np.where(same, counts + 1, 1) / (counts + 2)
    weight = 0.5 / counts

    def cost(w: np.ndarray) -> float:
        return float(np.sum(weight * (np.logaddexp(0, w @ x) - target * (w @ x))))

    w = np.zeros(2)
    for _ in range(100):
        p = 0.5 + 0.5 * np.tanh(0.5 * (w @ x))
        hessian = (x * (weight * p * (1 - p))) @ x.T + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, x @ (weight * (p - target)))
        while cost(w - step) > cost(w) and np.abs(step).max() > 1e-12:
            step = 0.5 * step
        w = w - step
        if np.abs(step).max() <= 1e-10:
            break
    return float(w[0] / scale), float(w[1] - w[0] * centre / scale)
