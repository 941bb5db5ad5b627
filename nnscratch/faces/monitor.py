"""Monitoring a training: distances and rank of each batch, and whether the encodings collapsed.

Stands on `losses` and `mining`. A collapsed network gives every picture the same encoding; its loss
then stays at a constant: the margin, ln 2 or ln P.
"""

import math
from dataclasses import dataclass

import numpy as np

from nnscratch.autograd import no_grad
from nnscratch.faces import mining
from nnscratch.faces.distances import distances
from nnscratch.faces.losses import LOSSES, Margin
from nnscratch.tensor import as_tensor

POINT = 1e-3  # spread of the classes / length of the encodings: all at one point
SHRUNK = 0.05  # spread / spread of the first step
AT_PLATEAU = 0.1  # |loss − plateau| / plateau
LINE = 1.05  # effective rank: encodings are on one line ...
APART = 0.3  # ... if the largest distance / length is above this: not at one point
ACTIVE = 0.2  # ... and the share of active triplets above this
GROWTH = 1.5  # a spread that grows by this factor within the patience is a slow start

ADVICE = (
    "start again with a tenth of the learning rate, or with the n-pair loss for the first steps"
)
REMEDIES = {
    "not finite": "encodings are NaN or infinite; start again with a tenth of the learning rate",
    "zero": f"collapsed: all encodings are 0; end the network without ReLU, or {ADVICE}",
    "point": f"collapsed: all encodings are at one point; {ADVICE}",
    "line": f"collapsed: all encodings are on one line; widen the narrowest layer, or {ADVICE}",
}


@dataclass(frozen=True)
class Reading:
    """The figures of one batch.

    active: the share of triplets that are not easy, 0 to 1
    positive, negative: mean distance of rows of one label and of different labels, in the metric
    rank: effective rank of the encodings, 1 to D
    length: mean length of the encodings before normalisation, if known
    collapsed: why the encodings are useless and what to do, or ""
    """

    step: int
    loss: float
    active: float = math.nan
    positive: float = math.nan
    negative: float = math.nan
    rank: float = math.nan
    length: float | None = None
    collapsed: str = ""

    def line(self) -> str:
        """The figures in one line, for a progress display."""
        text = (
            f"loss {self.loss:.4f}, active {100 * self.active:.0f} %, same {self.positive:.3f}, "
            f"other {self.negative:.3f}, rank {self.rank:.1f}"
        )
        text += "" if self.length is None else f", length {self.length:.1f}"
        return f"{text}; {self.collapsed}" if self.collapsed else text


class Monitor:
    """Reports when the encodings have been collapsed for `patience` steps.

    loss: a name in LOSSES, for its plateau, or None to judge by the encodings alone
    margin, metric: those of the loss, or those that define active triplets if it has none

    The spread of a batch is the median distance of rows of different labels. Collapsed means that
    in every step of the patience
    - the spread is below 1/1000 of the encodings' length: all are at one point;
    - or it is below 5 % of the first step's, and the loss within 10 % of its plateau;
    - or three classes or more are on one line through 0, with a fifth of the triplets active.
    A spread that grows by half within the patience is a slow start, not a collapse. A training
    with batch-hard triplets may leave this state by itself after hundreds of steps.
    """

    def __init__(self, loss=None, margin: Margin = 0.2, metric="squared", patience: int = 10):
        if loss is not None and loss not in LOSSES:
            raise ValueError(f"Monitor: expected loss in {tuple(LOSSES)} or None, got {loss!r}")
        if patience < 1:
            raise ValueError(f"Monitor: expected patience of at least 1 step, got {patience}")
        self.loss, self.margin, self.metric, self.patience = loss, margin, metric, patience
        self.step = 0
        self.first_spread = 0.0
        self.suspicious: list[float] = []  # spreads of the latest steps, if all were suspicious

    def update(self, f, labels, loss: float, lengths=None) -> Reading:
        """Encodings f (B, D), labels (B,), the loss of the batch -> Reading.

        lengths (B,): of the encodings before normalisation. A batch of one class tells nothing
        about collapse.
        """
        f, labels, loss = as_tensor(f).numpy(), mining.as_labels("Monitor", labels), float(loss)
        if f.ndim != 2 or len(f) != len(labels) or not len(f):
            raise ValueError(
                "Monitor: expected encodings (B, D) and labels (B,), B of at least 1, "
                f"got {f.shape} and {labels.shape}"
            )
        self.step += 1
        if not np.isfinite(f).all():
            return Reading(self.step, loss, collapsed=REMEDIES["not finite"])
        batch = _Batch(f, labels, loss, self.margin, self.metric)
        figures = batch.active, batch.positive, batch.negative, batch.rank
        length = None if lengths is None else float(as_tensor(lengths).numpy().mean())
        return Reading(self.step, loss, *figures, length, REMEDIES.get(self._cause(batch), ""))

    def _cause(self, batch: "_Batch") -> str:
        """The cause of a collapse that has lasted for the patience, or ""."""
        if batch.classes < 2:
            return ""
        self.first_spread = self.first_spread or batch.spread
        cause = self._suspicion(batch)
        self.suspicious = [*self.suspicious, batch.spread][-self.patience :] if cause else []
        lasting = len(self.suspicious) == self.patience
        return cause if lasting and batch.spread <= GROWTH * self.suspicious[0] else ""

    def _suspicion(self, batch: "_Batch") -> str:
        if batch.length == 0:
            return "zero"
        if batch.on_a_line():
            return "line"
        return "point" if batch.spread < POINT * batch.length or self._shrunk(batch) else ""

    def _shrunk(self, batch: "_Batch") -> bool:
        if self.loss is None or batch.spread > SHRUNK * self.first_spread:
            return False
        rest = plateau(self.loss, batch.labels, self.margin)
        return abs(batch.loss - rest) <= AT_PLATEAU * rest


class _Batch:
    """The figures of one batch: finite f (B, D), labels (B,)."""

    def __init__(self, f: np.ndarray, labels: np.ndarray, loss: float, margin: Margin, metric: str):
        self.labels, self.loss, self.width = labels, loss, f.shape[1]
        near, other = mining.positives(labels), mining.negatives(labels)
        with no_grad():
            squared = distances(f).numpy()
            d = squared if metric == "squared" else distances(f, metric=metric).numpy()
        self.classes = len(np.unique(labels))
        self.active = _active_share(d, labels, margin)
        self.positive, self.negative = _mean(d[near]), _mean(d[other])
        # the median: one row that differs does not hide the others
        self.spread = math.sqrt(np.median(squared[other])) if other.any() else 0.0
        self.farthest = math.sqrt(squared.max())
        self.length = math.sqrt((f * f).sum(1).mean())
        self.rank = effective_rank(f)

    def on_a_line(self) -> bool:
        """Whether they are, except where a line separates classes: two of them, or D = 1."""
        separable = self.width == 1 or self.classes < 3 or self.active <= ACTIVE
        return not separable and self.rank < LINE and self.farthest > APART * self.length


def plateau(loss: str, labels, margin: Margin = 0.2) -> float:
    """The loss of a batch whose encodings are all equal: labels (B,) -> the margin, ln 2, ln P, ...

    loss: a name in LOSSES
    """
    labels = mining.as_labels("plateau", labels)
    if loss in ("n-pair", "prototypical"):
        return math.log(len(np.unique(labels)))
    if margin == "soft":
        return math.log(2)
    if loss == "contrastive":
        pairs = len(labels) * (len(labels) - 1)
        return 0.5 * float(margin) ** 2 * int(mining.negatives(labels).sum()) / max(pairs, 1)
    return float(margin)


def effective_rank(f: np.ndarray) -> float:
    """exp(entropy of the eigenvalues of fᵀf, as shares of their sum): f (B, D) -> 1 to min(B, D).

    1 for rows of zeros. Source: Roy and Vetterli 2007. Differs from the paper: eigenvalues, which
    are squares of its singular values.
    """
    f = f.astype(np.float64)
    gram = f @ f.T if len(f) < f.shape[1] else f.T @ f  # equal eigenvalues except for zeros
    values = np.linalg.eigvalsh(gram)
    values = values[values > 0]
    shares = values / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _active_share(d: np.ndarray, labels: np.ndarray, margin: Margin) -> float:
    """The share of triplets that are not easy, or with a soft margin the share that are hard."""
    anchor, _ = mining.positive_pairs(labels)
    valid = mining.negatives(labels)[anchor]
    slack = mining.slacks(d, labels, 0.0 if margin == "soft" else float(margin))
    return int(((slack > 0) & valid).sum()) / max(int(valid.sum()), 1)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else 0.0
