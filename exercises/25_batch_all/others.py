"""Other right answers for batch-all mining."""

import numpy as np

from nnscratch.learn import right


@right("batch_all")
def anchor_by_anchor(f, labels, margin=0.2):
    """The positives of each anchor against its negatives."""
    costs = []
    for i, (row, label) in enumerate(zip(f, labels, strict=True)):
        d = ((f - row) ** 2).sum(1)
        others = np.arange(len(f)) != i
        near, far = d[(labels == label) & others], d[labels != label]
        costs.extend((near[:, None] - far + margin).ravel())
    active = [cost for cost in costs if cost > 0]
    return (sum(active) / len(active) if active else 0.0), len(active), len(costs)


@right("batch_all")
def mask_as_factor(f, labels, margin=0.2):
    """A mask of ones and zeros, multiplied after the maximum."""
    same = np.equal.outer(labels, labels).astype(float)
    factor = np.einsum("ij,ik->ijk", same - np.eye(len(f)), 1 - same)
    d = np.array([[np.dot(a - b, a - b) for b in f] for a in f])
    costs = np.clip(d[:, :, None] - d[:, None, :] + margin, 0, None) * factor
    active = np.count_nonzero(costs)
    return costs.sum() / (active or 1), active, factor.sum()


@right("batch_all")
def from_the_positive(f, labels, margin=0.2):
    """The negative measured from the positive: pairs occur in both orders, so the sum is equal."""
    total, active, valid = 0.0, 0, 0
    for i in range(len(f)):
        for j in range(len(f)):
            for k in range(len(f)):
                if i == j or labels[i] != labels[j] or labels[j] == labels[k]:
                    continue
                cost = ((f[i] - f[j]) ** 2).sum() - ((f[j] - f[k]) ** 2).sum() + margin
                total, active, valid = total + max(cost, 0.0), active + (cost > 0), valid + 1
    return total / max(active, 1), active, valid
