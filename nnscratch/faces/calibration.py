"""Calibration: the threshold for a false-accept rate, and the probability of "same person".

Stands on `metrics`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from statistics import NormalDist
from typing import Any

import numpy as np

from nnscratch.faces.metrics import ENOUGH, check_pairs, check_share, threshold_at_far, too_few


@dataclass(frozen=True)
class Calibration:
    """What distances mean, learnt on pairs of people held out of training.

    far: the false-accept rate wanted, of one comparison or of one search; threshold: the distance
    at which one comparison has it; spread: σ of the normal distribution of impostors below it;
    slope, offset: log-odds of "same" = slope · distance + offset;
    impostors: the number of pairs of different people in the fit.
    """

    far: float
    threshold: float
    spread: float
    slope: float
    offset: float
    impostors: float

    def __post_init__(self) -> None:
        """Raise ValueError on numbers that `fit` cannot return."""
        values = [getattr(self, field.name) for field in fields(self)]
        if not np.isfinite(values).all() or not 0 < self.far < 1 or self.spread < 0:
            raise ValueError(
                f"Calibration: expected finite numbers, far in (0, 1), spread >= 0; got {self}"
            )

    @classmethod
    def fit(cls, distances, same, far: float) -> "Calibration":
        """distances (P,), same (P,) of held-out people -> the calibration for the rate `far`."""
        threshold = threshold_at_far(distances, same, far)
        distances, same = check_pairs("Calibration", distances, same)
        impostors = np.sort(distances[~same])
        slope, offset = _platt(distances, same)
        return cls(far, threshold, _spread(impostors, threshold), slope, offset, len(impostors))

    @property
    def warning(self) -> str:
        """Empty, or why the threshold is unreliable."""
        return too_few(int(self.impostors), self.far, "impostor pairs")

    def probability(self, distance, prior: float = 0.5) -> Any:
        """P(same | distance), if a share `prior` of all pairs shows the same person."""
        check_share("probability", "prior", prior)
        odds = self.slope * np.asarray(distance) + self.offset + np.log(prior / (1 - prior))
        return _sigmoid(odds)

    def threshold_for_gallery(self, k: int) -> float:
        """The threshold at which a search among k encodings accepts a stranger at a rate `far`.

        With independent comparisons, FPIR = 1 − (1 − FMR)^k. Below `threshold` the distances of
        impostors are assumed to have a normal tail. On pixels of real faces (ORL), at a hundredth
        of the rate of the fit, FMR was 0.4 to 1.3 times the rate wanted; an exponential tail was up
        to ten times too strict. If people look alike, as in a family, impostors are nearer.
        """
        if k < 1:
            raise ValueError(f"threshold_for_gallery: expected at least 1 encoding, got {k}")
        fmr = -np.expm1(np.log1p(-self.far) / k)
        z = NormalDist().inv_cdf
        return self.threshold + self.spread * min(0.0, z(float(fmr)) - z(self.far))

    def to_dict(self) -> dict[str, float]:
        """The fields as plain numbers, for JSON or .npz."""
        return {name: float(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, numbers: Mapping[str, Any]) -> "Calibration":
        """The inverse of `to_dict`. Raises ValueError if names are missing or unknown."""
        names = {field.name for field in fields(cls)}
        if set(numbers) != names:
            raise ValueError(
                f"Calibration: expected the numbers {sorted(names)}, got {sorted(numbers)}"
            )
        return cls(**{name: float(value) for name, value in numbers.items()})


def _spread(impostors: np.ndarray, threshold: float) -> float:
    """σ of a normal distribution fitted to impostors (N,), rising, below the threshold.

    A share Φ(z) lies below z, on average σ (z + φ(z)/Φ(z)) away from it. If fewer than 10 are
    below, the 10 nearest are used.
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
    """Logistic regression of `same` on the distance, both kinds of pair with equal weight.

    Source: Platt 1999, with its targets (n + 1)/(n + 2) and 1/(n + 2), which keep the slope
    finite if the kinds do not overlap; Newton's method. Differs from the paper: the weights.
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
        p = _sigmoid(w @ x)
        hessian = (x * (weight * p * (1 - p))) @ x.T + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, x @ (weight * (p - target)))
        while cost(w - step) > cost(w) and np.abs(step).max() > 1e-12:
            step = 0.5 * step
        w = w - step
        if np.abs(step).max() <= 1e-10:
            break
    return float(w[0] / scale), float(w[1] - w[0] * centre / scale)


def _sigmoid(odds) -> Any:
    """1 / (1 + e^−odds), without overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * odds)
