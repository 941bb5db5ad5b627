"""A verification head: "same person or not" as binary classification of two encodings.

Stands on `nn` and `optim`. Encodings are computed once and stored; a head is a logistic regression
on symmetric features of two of them, so that their order does not matter.
"""

import numpy as np

import nnscratch.functional as F
from nnscratch import nn
from nnscratch.autograd import no_grad
from nnscratch.backend import array_module
from nnscratch.faces import mining
from nnscratch.operations import abs, concatenate, maximum
from nnscratch.optim import LBFGS
from nnscratch.tensor import Tensor, as_tensor


def absolute(a: Tensor, b: Tensor) -> Tensor:
    """|a − b|, (N, D). Source: Koch et al. 2015, section 3.1."""
    return abs(a - b)


def chi_square(a: Tensor, b: Tensor) -> Tensor:
    """(a − b)² / (|a| + |b|), (N, D), and 0 where both are 0. Source: Taigman et al. 2014, 4.1.

    Differs from the paper: absolute values in the denominator, so that encodings may have either
    sign. Where a and b have the same sign nothing changes; elsewhere it is |a − b|.
    """
    apart, total = abs(a - b), abs(a) + abs(b)
    tiny = float(np.finfo(total.dtype).tiny)
    return apart * (apart / maximum(total, tiny))  # the quotient is at most 1: no overflow


def concatenation(a: Tensor, b: Tensor) -> Tensor:
    """[|a − b|, a·b, a + b], (N, 3D): determines a and b up to their order."""
    return concatenate([abs(a - b), a * b, a + b], axis=1)


KINDS = {"absolute": absolute, "chi-square": chi_square, "concatenation": concatenation}


class BinaryHead(nn.Module):
    """Encodings a (N, D), b (N, D) -> logits (N,), above 0 for the same; s(a, b) = s(b, a).

    kind: the features, a name in KINDS. "absolute" and "chi-square" are weighted and summed;
    "concatenation" passes through one hidden layer. The probability is functional.sigmoid(logit).
    """

    def __init__(self, embedding: int, kind: str = "absolute", hidden: int = 32, rng=None):
        if kind not in KINDS:
            raise ValueError(f"BinaryHead: expected kind in {tuple(KINDS)}, got {kind!r}")
        self.embedding, self.kind = embedding, kind
        rng = np.random.default_rng(rng)
        width = 3 * embedding if kind == "concatenation" else embedding
        # 1 / the features' deviation, once fitted
        self.register_buffer("scale", Tensor(np.ones(width, np.float32)))
        inner = hidden if kind == "concatenation" else 1
        layers: list[nn.Module] = [nn.Linear(width, inner, rng=rng)]
        layers += [nn.ReLU(), nn.Linear(hidden, 1, rng=rng)] if kind == "concatenation" else []
        self.layers = nn.Sequential(*layers)

    def forward(self, a, b) -> Tensor:
        return self.score(self.features(a, b))

    def features(self, a, b) -> Tensor:
        """Symmetric features: (N, D), (N, D) -> (N, D), or (N, 3D) for concatenation."""
        a, b = as_tensor(a), as_tensor(b)
        if a.ndim != 2 or a.shape != b.shape or a.shape[1] != self.embedding:
            raise ValueError(
                f"BinaryHead: expected two arrays (N, {self.embedding}), got {a.shape} and "
                f"{b.shape}"
            )
        return KINDS[self.kind](a, b)

    def score(self, features) -> Tensor:
        """features (N, F) -> logits (N,)."""
        features = as_tensor(features)
        scaled = features.astype(self.scale.dtype) * self.scale
        return self.layers(scaled).squeeze(1).astype(features.dtype)


def fit_logistic(head: BinaryHead, a, b, same, decay=1e-3, iterations: int = 100) -> float:
    """Logistic regression of `same` on stored encodings, by L-BFGS; returns the final loss.

    a (N, D), b (N, D), same (N,) of 0 and 1; the head is trained in place. Both answers have weight
    ½, however many pairs they have. Features are scaled to deviation 1, and decay · |weights|² is
    added to the loss: without it, separable pairs would drive the weights to ∞.
    """
    same = as_tensor(same).numpy().astype(bool)
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


def _minimise(head: BinaryHead, features: Tensor, same, decay, iterations) -> float:
    xp = array_module(features.data)
    balance = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    target, weight = Tensor(xp.asarray(same * 1.0)), Tensor(xp.asarray(balance))
    matrices = [p for p in head.parameters() if p.ndim == 2]

    def loss() -> Tensor:
        logits = head.score(features)
        losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        penalty = sum((w * w).sum() for w in matrices)
        return (losses * weight).sum() + decay * penalty

    return LBFGS(head.parameters(), max_iter=iterations).step(loss)


def _inverse_deviation(features):
    """1 / the standard deviation of each column, (N, F) -> (F,), limited for constant columns."""
    deviation = features.std(axis=0)
    largest = deviation.max()
    return 1 / deviation.clip(1e-3 * largest, None) if largest > 0 else deviation + 1


def balanced_pairs(labels, per_class=None, rng=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As many pairs of one label as of two: labels (N,) -> rows (2M,), rows (2M,), same (2M,).

    per_class: the largest number of pairs of each label, drawn at random (None: all), so that
    labels with many pictures do not dominate. No pair is repeated. Each half has all pairs of one
    label, unless there are fewer pairs of different labels.
    rng: a numpy.random.Generator, or a seed for one
    """
    labels, rng = mining.as_labels("balanced_pairs", labels), np.random.default_rng(rng)
    same = _same_pairs(labels, per_class, rng)
    different = _different_pairs(labels, len(same), rng)
    count = min(len(same), len(different))
    if not count:
        raise ValueError(
            "balanced_pairs: expected a label with two rows and at least two labels, got "
            f"{len(np.unique(labels))} labels for {len(labels)} rows"
        )
    first, second = np.concatenate([rng.permutation(same)[:count], different[:count]]).T
    return first, second, np.arange(2 * count) < count


def _same_pairs(labels: np.ndarray, per_class: int | None, rng: np.random.Generator) -> np.ndarray:
    """Rows (M, 2) of one label, the smaller number first."""
    pairs = [np.zeros((0, 2), int)]
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        i, j = np.triu_indices(len(rows), 1)
        pairs.append(rng.permutation(np.stack([rows[i], rows[j]], axis=1))[:per_class])
    return np.concatenate(pairs)


def _different_pairs(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `count` rows (M, 2) of different labels, without repeats, the smaller number first."""
    size = len(labels)
    _, sizes = np.unique(labels, return_counts=True)
    possible = (size**2 - int((sizes**2).sum())) // 2
    if 2 * count >= possible:  # random draws would repeat too often
        i, j = np.nonzero(np.triu(mining.negatives(labels)))
        return rng.permutation(np.stack([i, j], axis=1))[:count]
    pairs = np.zeros((0, 2), int)
    while len(pairs) < count:
        drawn = np.sort(rng.integers(0, size, (2 * count, 2)), axis=1)
        drawn = drawn[labels[drawn[:, 0]] != labels[drawn[:, 1]]]
        pairs = np.unique(np.concatenate([pairs, drawn]), axis=0)
    return rng.permutation(pairs)[:count]
