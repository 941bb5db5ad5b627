"""Losses that move the encodings of one person together and those of others apart.

Stands on `distances` and `functional`, and on `mining`, which chooses triplets outside the graph.

A batch loss takes encodings f (B, D) and integer labels (B,). Rows without a partner are left out.
A batch without anything to compare (one class, or each class once) costs 0 with a gradient of 0.
Values are finite as long as squares of the encodings are.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch.backend import array_module
from nnscratch.faces import mining
from nnscratch.faces.distances import check_rows, distances, row_distances
from nnscratch.functional.distance import safe_root, squared_distances
from nnscratch.tensor import Tensor

Margin = float | str


# -- pairs and triplets ---------------------------------------------------------------------------


def contrastive(f, labels, margin: float = 1.0) -> Tensor:
    """The mean over all pairs of ½·d² if the labels are equal, else ½·max(0, margin − d)².

    f (B, D), labels (B,) -> (); d is Euclidean. Source: Hadsell et al. 2006, equation 4.
    For ready-made pairs see `functional.contrastive_loss`.
    """
    f, labels = _batch("contrastive", f, labels)
    if not 0 <= margin < math.inf:
        raise ValueError(f"contrastive: expected margin of at least 0, got {margin}")
    i, j = np.triu_indices(len(labels), 1)
    squared = _take(squared_distances(f, f), i, j)  # (B, B) -> (B(B − 1)/2,)
    same = _constant(f, labels[i] == labels[j])
    apart = F.relu(margin - safe_root(squared)) ** 2
    return _mean(0.5 * (same * squared + (1.0 - same) * apart), len(i))


def triplet(f, triplets, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """The mean of max(0, d(a, p) − d(a, n) + margin): f (B, D), triplets (T, 3) of rows -> ().

    margin "soft": log(1 + exp(d(a, p) − d(a, n))), for all triplet losses (Hermans et al. 2017).
    Source: Schroff et al. 2015 (arXiv:1503.03832), equation 3.
    """
    f, triplets = check_rows("triplet", f, metric), np.asarray(triplets)
    if triplets.ndim != 2 or triplets.shape[1] != 3 or triplets.dtype.kind not in "iu":
        raise ValueError(
            f"triplet: expected rows (T, 3) as integers, got {triplets.dtype} {triplets.shape}"
        )
    anchor, positive, negative = (_take(f, rows) for rows in triplets.T)  # (T, D) each
    gap = row_distances(anchor, positive, metric) - row_distances(anchor, negative, metric)
    return _mean(_hinge(gap, _checked_margin("triplet", margin)), len(triplets))


def batch_all(f, labels, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """The mean triplet loss of all active triplets in the batch, those whose loss is not 0.

    f (B, D), labels (B,) -> (). With margin "soft" all are active. Which triplets are active counts
    as constant in the gradient. The loss need not fall while training works: easy triplets leave
    the mean, and their share grows. Source: Hermans et al. 2017, equation 6, mean over "≠ 0".
    """
    f, labels = _batch("batch_all", f, labels)
    margin = _checked_margin("batch_all", margin)
    d = distances(f, metric=metric)
    anchor, positive = mining.positive_pairs(labels)
    gap = _take(d, anchor, positive).expand_dims(1) - _take(d, anchor)  # (Q, 1) − (Q, B)
    valid = _constant(f, mining.negatives(labels)[anchor])
    losses = _hinge(gap, margin) * valid
    active = valid.data if margin == "soft" else losses.data > 0
    return _mean(losses, int(active.sum()))


def batch_hard(f, labels, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """The mean triplet loss of each anchor with its farthest positive and its nearest negative.

    f (B, D), labels (B,) -> (). The mean includes anchors whose loss is 0. Mined by
    `mining.hardest`. Source: Hermans et al. 2017, equation 5.
    """
    return _mined("batch_hard", mining.hardest, f, labels, margin, metric)


def semi_hard(f, labels, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """The mean triplet loss of each pair with the nearest negative beyond the positive.

    f (B, D), labels (B,) -> (). The rule, from `mining.semi_hard`: for each (anchor, positive) the
    nearest negative with d(a, n) > d(a, p), else the farthest negative; the mean is over those with
    d(a, n) < d(a, p) + margin. Source: Schroff et al. 2015, section 3.2.
    """
    return _mined("semi_hard", mining.semi_hard, f, labels, margin, metric)


def _mined(caller: str, miner: mining.Miner, f, labels, margin: Any, metric: str) -> Tensor:
    f, labels = _batch(caller, f, labels)
    margin = _checked_margin(caller, margin)
    reach = math.inf if margin == "soft" else margin
    d = distances(f, metric=metric)
    anchor, positive, negative = miner(d.numpy(), labels, reach).T
    gap = _take(d, anchor, positive) - _take(d, anchor, negative)
    return _mean(_hinge(gap, margin), len(anchor))


def _hinge(gap: Tensor, margin: Margin) -> Tensor:
    return F.softplus(gap) if margin == "soft" else F.relu(gap + margin)


def _checked_margin(caller: str, margin: Margin) -> Any:
    if margin == "soft":
        return margin
    if isinstance(margin, str) or not 0 <= margin < math.inf:
        raise ValueError(f'{caller}: expected margin of at least 0 or "soft", got {margin!r}')
    return float(margin)  # np.float64 would turn float32 into float64


# -- one against all classes ----------------------------------------------------------------------


def n_pair(f, labels, scale: float = 15.0) -> Tensor:
    """The mean over queries of the cross-entropy of softmax(scale · cos(query, support)).

    f (B, D), labels (B,) -> (). The first row of each class is its support, the others are
    queries; a class of one row only adds a wrong answer. Source: Sohn 2016. Differs from the
    paper: scaled cosines instead of its penalty on lengths, and several queries per class.
    """
    f, labels = _batch("n_pair", f, labels)
    means, queries, answers = _episode(labels, 1)
    unit = F.normalize(f)
    supports = _constant(f, means) @ unit
    return _softmax_loss(float(scale) * (_take(unit, queries) @ supports.T), answers)


def prototypical(f, labels, support: int = 1, scale: float = 1.0) -> Tensor:
    """The mean over queries of the cross-entropy of softmax(−scale · |query − class mean|²).

    f (B, D), labels (B,) -> (). A class mean is that of its first `support` rows, or of all its
    rows if they are fewer; the others are queries. Source: Snell et al. 2017 (arXiv:1703.05175),
    equation 2.
    """
    f, labels = _batch("prototypical", f, labels)
    if support < 1:
        raise ValueError(f"prototypical: expected support of at least 1 row, got {support}")
    means, queries, answers = _episode(labels, support)
    squared = squared_distances(_take(f, queries), _constant(f, means) @ f)  # (Q, P)
    return _softmax_loss(-float(scale) * squared, answers)


def _episode(labels: np.ndarray, support: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """labels (B,) -> averaging matrix (P, B), rows of the queries (Q,), their classes (Q,)."""
    numbers, classes = np.unique(labels, return_inverse=True)
    members = classes == np.arange(len(numbers))[:, None]  # (P, B)
    first = members & (members.cumsum(1) <= support)
    queries = np.flatnonzero(~first.any(0))
    return first / first.sum(1, keepdims=True), queries, classes[queries]


def _softmax_loss(scores: Tensor, answers: np.ndarray) -> Tensor:
    """scores (Q, P), answers (Q,) -> ()."""
    target = array_module(scores.data).asarray(answers)
    return F.cross_entropy(scores, target, reduction="sum") / max(len(answers), 1)


Loss = Callable[[Any, Any], Tensor]
LOSSES: dict[str, Loss] = {
    "contrastive": contrastive, "batch-all": batch_all, "batch-hard": batch_hard,
    "semi-hard": semi_hard, "n-pair": n_pair, "prototypical": prototypical,
}  # fmt: skip


# -- small parts ----------------------------------------------------------------------------------


def _batch(caller: str, f, labels) -> tuple[Tensor, np.ndarray]:
    f, labels = check_rows(caller, f), mining.as_labels(caller, labels)
    if len(labels) != len(f) or not len(f):
        raise ValueError(
            f"{caller}: expected one label for each encoding, at least one, got encodings "
            f"{f.shape} and labels {labels.shape}"
        )
    return f, labels


def _constant(f: Tensor, array: np.ndarray) -> Tensor:
    """An array as a constant in f's dtype and library."""
    return Tensor(array_module(f.data).asarray(array.astype(f.dtype)))


def _take(x: Tensor, *places: np.ndarray) -> Tensor:
    """x[places] for index arrays from the host: x (N, ...), (T,) -> (T, ...)."""
    xp = array_module(x.data)
    return x[tuple(xp.asarray(rows) for rows in places)]


def _mean(losses: Tensor, count: int) -> Tensor:
    """The sum divided by count, or by 1 if count is 0: then 0, with f still in the graph."""
    return losses.sum() / max(count, 1)
