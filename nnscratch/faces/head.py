"""The question "the same or not?" as a binary classification of two encodings.

Stands on `nn` and `optim`. Encodings are computed once and stored; a head is a logistic regression
on what two of them have in common, and its answer does not depend on who comes first.
"""

from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch import nn
from nnscratch.autograd import no_grad
from nnscratch.backend import array_module, to_numpy
from nnscratch.faces import mining
from nnscratch.operations import abs, concatenate, maximum
from nnscratch.optim import LBFGS
from nnscratch.tensor import Tensor, as_tensor


def absolute(a: Tensor, b: Tensor) -> Tensor:
    """|a − b|, (N, D). Source: Koch et al. 2015, section 3.1."""
    return abs(a - b)


def chi_square(a: Tensor, b: Tensor) -> Tensor:
    """(a − b)² / (|a| + |b|), (N, D), and 0 where both are 0. Source: Taigman et al. 2014, 4.1.

    Differs from the paper: absolute values below, so that encodings of either sign are welcome;
    where a and b have one sign nothing changes, where they have not it is |a − b|.
    """
    apart, total = abs(a - b), abs(a) + abs(b)
    tiny = float(np.finfo(total.dtype).tiny)
    return apart * (apart / maximum(total, tiny))  # the quotient is at most 1: no overflow


def concatenation(a: Tensor, b: Tensor) -> Tensor:
    """[|a − b|, a·b, a + b], (N, 3D): all there is to know of the two but their order."""
    return concatenate([abs(a - b), a * b, a + b], axis=1)


KINDS = {"absolute": absolute, "chi-square": chi_square, "concatenation": concatenation}


class BinaryHead(nn.Module):
    """Encodings a (N, D), b (N, D) -> logits (N,), above 0 for the same; s(a, b) = s(b, a).

    kind: what is compared, a name in KINDS. "absolute" and "chi-square" are weighted and summed;
    "concatenation" passes through one hidden layer. The probability is functional.sigmoid(logit).
    """

    def __init__(self, embedding: int, kind: str = "absolute", hidden: int = 32, rng: Any = None):
        if kind not in KINDS:
            raise ValueError(f"BinaryHead: expected kind in {tuple(KINDS)}, got {kind!r}")
        self.embedding, self.kind = embedding, kind
        rng = np.random.default_rng(rng)
        width = 3 * embedding if kind == "concatenation" else embedding
        self.scale = Tensor(np.ones(width, np.float32))  # 1 / the features' deviation, if fitted
        inner = hidden if kind == "concatenation" else 1
        layers: list[nn.Module] = [nn.Linear(width, inner, rng=rng)]
        layers += [nn.ReLU(), nn.Linear(hidden, 1, rng=rng)] if kind == "concatenation" else []
        self.layers = nn.Sequential(*layers)

    def forward(self, a: Any, b: Any) -> Tensor:
        return self.score(self.features(a, b))

    def features(self, a: Any, b: Any) -> Tensor:
        """What the two have in common: (N, D), (N, D) -> (N, D), or (N, 3D) for concatenation."""
        a, b = as_tensor(a), as_tensor(b)
        if a.ndim != 2 or a.shape != b.shape or a.shape[1] != self.embedding:
            raise ValueError(
                f"BinaryHead: expected two arrays (N, {self.embedding}), got {a.shape} and "
                f"{b.shape}"
            )
        return KINDS[self.kind](a, b)

    def score(self, features: Any) -> Tensor:
        """features (N, F) -> logits (N,)."""
        return self.layers(as_tensor(features) * self.scale).squeeze(1)


def fit_logistic(
    head: BinaryHead, a: Any, b: Any, same: Any, decay: float = 1e-3, iterations: int = 100
) -> float:
    """Logistic regression of `same` on stored encodings, by L-BFGS; returns the final loss.

    a (N, D), b (N, D), same (N,) of 0 and 1; the head is changed in place. Both answers weigh one
    half, however many pairs they have. Features are scaled to deviation 1, and decay · |weights|²
    is added to the loss: without it, pairs that can be told apart would drive the weights to ∞.
    """
    same = np.asarray(to_numpy(as_tensor(same).data), dtype=bool)
    with no_grad():
        features = head.features(a, b).data
    if same.shape != features.shape[:1] or same.all() or not same.any():
        raise ValueError(
            f"fit_logistic: expected one answer for each of {len(features)} pairs, and both kinds, "
            f"got shape {same.shape} with {int(same.sum())} that are the same"
        )
    if not decay >= 0 or iterations < 1:
        raise ValueError(
            f"fit_logistic: expected decay of at least 0 and iterations of at least 1, "
            f"got {decay} and {iterations}"
        )
    dtype = head.scale.dtype
    head.scale.data = _inverse_deviation(features).astype(dtype)
    head.to(np.float64)  # line searches stop early on the rounding of float32
    loss = _minimise(head, Tensor(features.astype(np.float64)), same, decay, iterations)
    head.to(dtype)
    return loss


def _minimise(
    head: BinaryHead, features: Tensor, same: np.ndarray, decay: float, iterations: int
) -> float:
    xp = array_module(features.data)
    target, weight = Tensor(xp.asarray(same * 1.0)), Tensor(xp.asarray(_balance(same)))
    matrices = [p for p in head.parameters() if p.ndim == 2]

    def loss() -> Tensor:
        logits = head.score(features)
        each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        penalty = sum((w * w).sum() for w in matrices)
        return (each * weight).sum() + decay * penalty

    return LBFGS(head.parameters(), max_iter=iterations).step(loss)


def _balance(same: np.ndarray) -> np.ndarray:
    """Weights (N,) that sum to ½ for the same and ½ for the others."""
    return np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())


def _inverse_deviation(features: Any) -> Any:
    """1 / the standard deviation of each column, (N, F) -> (F,); constant ones stay small."""
    deviation = features.std(axis=0)
    largest = deviation.max()
    return 1 / deviation.clip(1e-3 * largest, None) if largest > 0 else deviation + 1


def pairs(
    labels: Any, per_class: int | None = None, rng: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As many pairs of one label as of two: labels (N,) -> rows (2M,), rows (2M,), same (2M,).

    per_class: at most so many pairs of each label, drawn (None: all), so that those with many
    pictures do not speak for all. No pair comes twice; the two halves are shorter than all pairs of
    one label only where there are fewer pairs of different ones.
    rng: a numpy.random.Generator, or a seed for one
    """
    labels, rng = mining.as_labels("pairs", labels), np.random.default_rng(rng)
    same = _same_pairs(labels, per_class, rng)
    different = _different_pairs(labels, len(same), rng)
    count = min(len(same), len(different))
    if not count:
        raise ValueError(
            "pairs: expected a label with two rows and at least two labels, got "
            f"{len(np.unique(labels))} labels for {len(labels)} rows"
        )
    first, second = np.concatenate([rng.permutation(same)[:count], different[:count]]).T
    return first, second, np.arange(2 * count) < count


def _same_pairs(labels: np.ndarray, per_class: int | None, rng: np.random.Generator) -> np.ndarray:
    """Rows (M, 2) of one label, the smaller number first."""
    found = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        i, j = np.triu_indices(len(rows), 1)
        found.append(rng.permutation(np.stack([rows[i], rows[j]], axis=1))[:per_class])
    return np.concatenate(found) if found else np.zeros((0, 2), int)


def _different_pairs(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `count` rows (M, 2) of different labels, the smaller number first, none twice."""
    size = len(labels)
    _, sizes = np.unique(labels, return_counts=True)
    possible = (size**2 - int((sizes**2).sum())) // 2
    if 2 * count >= possible:  # draws would repeat too often
        i, j = np.nonzero(np.triu(mining.negatives(labels)))
        return rng.permutation(np.stack([i, j], axis=1))[:count]
    found = np.zeros((0, 2), int)
    while len(found) < count:
        drawn = np.sort(rng.integers(0, size, (2 * count, 2)), axis=1)
        drawn = drawn[labels[drawn[:, 0]] != labels[drawn[:, 1]]]
        found = np.unique(np.concatenate([found, drawn]), axis=0)
    return rng.permutation(found)[:count]
