"""Distances of encodings, and the losses that draw one person's together and others' apart.

Stands on `functional`, and on `mining`, which chooses the triplets outside the graph.

A batch loss takes encodings f (B, D) and integer labels (B,). Rows that have no partner are left
out, and a batch in which there is nothing to compare (one class, or each class once) costs 0 with
a gradient of 0. Values are finite as long as squares of the encodings are.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import nnscratch.functional as F
from nnscratch.backend import Array, array_module
from nnscratch.faces import mining
from nnscratch.operations import sqrt
from nnscratch.tensor import Tensor, as_tensor

METRICS = ("squared", "euclidean", "cosine")
BLOCK = 2**18  # elements of the differences formed at a time: they stay in the cache

Margin = float | str


# -- distances ------------------------------------------------------------------------------------


def distances(f: Any, other: Any = None, metric: str = "squared") -> Tensor:
    """Distances of all rows: f (B, D), other (M, D) -> (B, M); other is f where left out.

    metric: "squared" |a − b|², "euclidean" |a − b|, or "cosine" 1 − cos(a, b), which is
    ½·|a/|a| − b/|b||². For unit rows they range to 4, 2 and 2, and squared = 2 · cosine. Equal
    rows are at exactly 0, none is below it. The gradient at distance 0 is 0. A row of zeros has no
    direction: its cosine distance is ½ to others and 0 to another such row.
    """
    f, other = _rows("distances", f, metric), None if other is None else as_tensor(other)
    if other is not None and (other.ndim != 2 or other.shape[1] != f.shape[1]):
        raise ValueError(
            f"distances: expected rows (B, D) and (M, D), got {f.shape} and {other.shape}"
        )
    if metric == "cosine":
        f, other = F.normalize(f), None if other is None else F.normalize(other)
    return _in_metric(_squared(f, f if other is None else other), metric)


def pair_distances(a: Any, b: Any, metric: str = "squared") -> Tensor:
    """Distances row by row: a (N, D), b (N, D) -> (N,); see `distances`."""
    a, b = _rows("pair_distances", a, metric), _rows("pair_distances", b, metric)
    if a.shape != b.shape:
        raise ValueError(f"pair_distances: expected two of one shape, got {a.shape} and {b.shape}")
    if metric == "cosine":
        a, b = F.normalize(a), F.normalize(b)
    return _in_metric(((a - b) ** 2).sum(1), metric)


def _in_metric(squared: Tensor, metric: str) -> Tensor:
    if metric == "euclidean":
        return _root(squared)
    return 0.5 * squared if metric == "cosine" else squared


def _root(x: Tensor) -> Tensor:
    """sqrt(x), but 0 with gradient 0 where x is 0 or, beside the largest, no more than rounding.

    There 1 / (2·sqrt(x)) is infinite, or so large that it lifts the rounding of `_squared`'s
    gradient above the gradient. The guard must be inside: a mask on the outside makes ∞ · 0 = NaN.
    """
    largest = x.data.max() if x.size else 0.0
    zero = x.data <= largest * float(np.finfo(x.dtype).eps) ** 2
    return sqrt(x + zero) * ~zero


def _squared(a: Tensor, b: Tensor) -> Tensor:
    """|a_i − b_j|² for all rows: a (N, D), b (M, D) -> (N, M).

    The gradient, 2·Σ_j g_ij (a_i − b_j) in a, is two matrix products. Both rows may be moved by
    one vector: near their mean the two products cancel least.
    """
    mean = Tensor(b.data.mean(axis=0)) if len(b) else Tensor(b.data.sum(axis=0))

    def grad_a(g: Tensor, y: Tensor) -> Tensor:
        return 2.0 * (g.sum(1, keepdims=True) * (a - mean) - g @ (b - mean))

    def grad_b(g: Tensor, y: Tensor) -> Tensor:
        return 2.0 * (g.sum(0).expand_dims(1) * (b - mean) - g.T @ (a - mean))

    data = _squared_differences(a.data, b.data)
    return Tensor.from_op("squared_distances", data, (a, grad_a), (b, grad_b))


def _squared_differences(a: Array, b: Array) -> Array:
    """The values of `_squared`, some rows of a at a time.

    |a|² + |b|² − 2ab would be ten times as fast (0.1 ms for 128 rows of 128 against 1 ms), but
    cancels: in float32 it is wrong by 1e-7 of |a|², which is all of the distance of near
    duplicates, and the triplets mined among those would be chance.
    """
    xp = array_module(a, b)
    step = max(1, BLOCK // max(b.size, 1))
    blocks = (a[i : i + step, None] - b[None] for i in range(0, max(len(a), 1), step))
    return xp.concatenate([xp.einsum("ijk,ijk->ij", block, block) for block in blocks])


# -- pairs and triplets ---------------------------------------------------------------------------


def contrastive(f: Any, labels: Any, margin: float = 1.0) -> Tensor:
    """½·d² for two rows of one label, ½·max(0, margin − d)² for others, the mean of all pairs.

    f (B, D), labels (B,) -> (); d is Euclidean. Source: Hadsell et al. 2006, equation 4.
    For ready-made pairs see `functional.contrastive_loss`.
    """
    f, labels = _batch("contrastive", f, labels)
    if not 0 <= margin < math.inf:
        raise ValueError(f"contrastive: expected margin of at least 0, got {margin}")
    i, j = np.triu_indices(len(labels), 1)
    squared = _take(_squared(f, f), i, j)  # (B, B) -> (B(B − 1)/2,)
    same = _beside(f, labels[i] == labels[j])
    apart = F.relu(margin - _root(squared)) ** 2
    return _mean(0.5 * (same * squared + (1.0 - same) * apart), len(i))


def triplet(f: Any, triplets: Any, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """max(0, d(a, p) − d(a, n) + margin), the mean of given triplets: f (B, D), (T, 3) -> ().

    margin "soft": log(1 + exp(d(a, p) − d(a, n))), for all triplet losses (Hermans et al. 2017).
    Source: Schroff et al. 2015 (arXiv:1503.03832), equation 3.
    """
    f, triplets = _rows("triplet", f, metric), np.asarray(triplets)
    if triplets.ndim != 2 or triplets.shape[1] != 3 or triplets.dtype.kind not in "iu":
        raise ValueError(
            f"triplet: expected rows (T, 3) as integers, got {triplets.dtype} {triplets.shape}"
        )
    anchor, positive, negative = (_take(f, rows) for rows in triplets.T)  # (T, D) each
    gap = pair_distances(anchor, positive, metric) - pair_distances(anchor, negative, metric)
    return _mean(_hinge(gap, _checked_margin("triplet", margin)), len(triplets))


def batch_all(f: Any, labels: Any, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """The triplet loss of every triplet in the batch, the mean of the active ones.

    f (B, D), labels (B,) -> (). With margin "soft" all are active. Which are is a constant when
    differentiating. This loss need not fall while training works: the easy ones leave the mean,
    and it is their share that grows. Source: Hermans et al. 2017, equation 6, and its "≠ 0".
    """
    f, labels = _batch("batch_all", f, labels)
    margin = _checked_margin("batch_all", margin)
    d = distances(f, metric=metric)
    anchor, positive = mining.pairs(labels)
    gap = _take(d, anchor, positive).expand_dims(1) - _take(
        d, anchor
    )  # (Q, 1) − (Q, B): pairs and negatives
    valid = _beside(f, mining.negatives(labels)[anchor])
    losses = _hinge(gap, margin) * valid
    active = valid.data if margin == "soft" else losses.data > 0
    return _mean(losses, int(active.sum()))


def batch_hard(f: Any, labels: Any, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """The triplet loss of each anchor's farthest positive and nearest negative, their mean.

    f (B, D), labels (B,) -> (); the mean includes anchors whose loss is 0. Chosen by
    `mining.hardest`. Source: Hermans et al. 2017, equation 5.
    """
    return _mined("batch_hard", mining.hardest, f, labels, margin, metric)


def semi_hard(f: Any, labels: Any, margin: Margin = 0.2, metric: str = "squared") -> Tensor:
    """The triplet loss of each pair's nearest negative that is farther than the positive.

    f (B, D), labels (B,) -> (). The rule, from `mining.semi_hard`: for each (anchor, positive) the
    nearest negative with d(a, n) > d(a, p), else the farthest negative; the mean of those with
    d(a, n) < d(a, p) + margin. Source: Schroff et al. 2015, section 3.2.
    """
    return _mined("semi_hard", mining.semi_hard, f, labels, margin, metric)


def _mined(
    caller: str, miner: mining.Miner, f: Any, labels: Any, margin: Margin, metric: str
) -> Tensor:
    f, labels = _batch(caller, f, labels)
    margin = _checked_margin(caller, margin)
    d = distances(f, metric=metric)
    anchor, positive, negative = miner(d.numpy(), labels, _reach(margin)).T
    gap = _take(d, anchor, positive) - _take(d, anchor, negative)
    return _mean(_hinge(gap, margin), len(anchor))


def _hinge(gap: Tensor, margin: Margin) -> Tensor:
    return F.softplus(gap) if margin == "soft" else F.relu(gap + margin)


def _reach(margin: Margin) -> float:
    """How much farther than the positive a negative may be and still cost something."""
    return math.inf if margin == "soft" else float(margin)


def _checked_margin(caller: str, margin: Margin) -> Margin:
    if margin == "soft":
        return margin
    if isinstance(margin, str) or not 0 <= margin < math.inf:
        raise ValueError(f'{caller}: expected margin of at least 0 or "soft", got {margin!r}')
    return float(margin)  # np.float64 would lift float32


# -- one against all classes ----------------------------------------------------------------------


def n_pair(f: Any, labels: Any, scale: float = 15.0) -> Tensor:
    """Cross-entropy of softmax(scale · cos(query, support)), the mean of all queries.

    f (B, D), labels (B,) -> (). The first row of each class is its support, the others are
    queries; a class of one row is one more wrong answer. Source: Sohn 2016. Differs from the
    paper: cosines, with a scale in the place of its penalty on lengths, and several queries a
    class.
    """
    f, labels = _batch("n_pair", f, labels)
    means, queries, answers = _episode(labels, 1)
    unit = F.normalize(f)
    supports = _beside(f, means) @ unit
    return _softmax_loss(float(scale) * (_take(unit, queries) @ supports.T), answers)


def prototypical(f: Any, labels: Any, support: int = 1, scale: float = 1.0) -> Tensor:
    """Cross-entropy of softmax(−scale · |query − class mean|²), the mean of all queries.

    f (B, D), labels (B,) -> (). A class mean is that of its first `support` rows, or of all it has
    where they are fewer; the rest are queries. Source: Snell et al. 2017 (arXiv:1703.05175),
    equation 2.
    """
    f, labels = _batch("prototypical", f, labels)
    if support < 1:
        raise ValueError(f"prototypical: expected support of at least 1 row, got {support}")
    means, queries, answers = _episode(labels, support)
    return _softmax_loss(
        -float(scale) * _squared(_take(f, queries), _beside(f, means) @ f), answers
    )


def _episode(labels: np.ndarray, support: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """labels (B,) -> what takes f to class means (P, B), rows that ask (Q,), their classes (Q,)."""
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
    "contrastive": contrastive,
    "batch-all": batch_all,
    "batch-hard": batch_hard,
    "semi-hard": semi_hard,
    "n-pair": n_pair,
    "prototypical": prototypical,
}


# -- small parts ----------------------------------------------------------------------------------


def _rows(caller: str, f: Any, metric: str = METRICS[0]) -> Tensor:
    f = as_tensor(f)
    if f.ndim != 2 or f.dtype.kind != "f":
        raise ValueError(f"{caller}: expected encodings (B, D) as floats, got {f.dtype} {f.shape}")
    if metric not in METRICS:
        raise ValueError(f"{caller}: expected metric in {METRICS}, got {metric!r}")
    return f


def _batch(caller: str, f: Any, labels: Any) -> tuple[Tensor, np.ndarray]:
    f, labels = _rows(caller, f), mining.as_labels(caller, labels)
    if len(labels) != len(f) or not len(f):
        raise ValueError(
            f"{caller}: expected one label for each encoding, and some, got encodings {f.shape} "
            f"and labels {labels.shape}"
        )
    return f, labels


def _beside(f: Tensor, array: np.ndarray) -> Tensor:
    """A constant in f's dtype and library."""
    return Tensor(array_module(f.data).asarray(array.astype(f.dtype)))


def _take(x: Tensor, *places: np.ndarray) -> Tensor:
    """x at places that were chosen on the host: x (N, ...), (T,) -> (T, ...), or two of them."""
    xp = array_module(x.data)
    return x[tuple(xp.asarray(rows) for rows in places)]


def _mean(losses: Tensor, count: int) -> Tensor:
    """The sum over count, and over 1 where nothing counts: 0, with f still in the graph."""
    return losses.sum() / max(count, 1)
