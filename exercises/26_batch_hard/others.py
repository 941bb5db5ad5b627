"""Other right answers for batch-hard mining."""

import numpy as np

from nnscratch.learn import right


@right("hardest")
def anchor_by_anchor(f, labels):
    """One anchor at a time, among the rows that may be selected."""
    triplets = []
    for i in range(len(f)):
        d = ((f - f[i]) ** 2).sum(axis=1)
        near = np.flatnonzero((labels == labels[i]) & (np.arange(len(f)) != i))
        other = np.flatnonzero(labels != labels[i])
        if len(near) and len(other):
            triplets.append((i, near[d[near].argmax()], other[d[other].argmin()]))
    return np.array(triplets)


@right("hardest")
def by_shifted_distances(f, labels):
    """Finite numbers in place of infinities: rows that may not be selected are moved far away."""
    d = np.sqrt(np.einsum("ijd,ijd->ij", f[:, None] - f, f[:, None] - f))
    far = 2 * d.max() + 1
    same = labels[:, None] == labels
    positive = (d - far * ~same - far * np.eye(len(f))).argmax(1)
    negative = (d + far * same).argmin(1)
    counts = same.sum(1)
    anchor = np.flatnonzero((counts > 1) & (counts < len(f)))
    return np.stack([anchor, positive[anchor], negative[anchor]], 1)


@right("triplet_loss")
def triplet_by_triplet(f, triplets, margin=0.2):
    """One triplet at a time."""
    loss, df = 0.0, np.zeros_like(f)
    for a, p, n in triplets:
        slack = ((f[a] - f[p]) ** 2).sum() - ((f[a] - f[n]) ** 2).sum() + margin
        if slack > 0:
            loss += slack
            df[a] += 2 * (f[n] - f[p])
            df[p] += 2 * (f[p] - f[a])
            df[n] += 2 * (f[a] - f[n])
    return (loss / len(triplets), df / len(triplets)) if len(triplets) else (0.0, df)


@right("triplet_loss")
def by_a_graph(f, triplets, margin=0.2):
    """Active pairs as a matrix of weights between rows, and its Laplacian."""
    a, p, n = triplets.T
    d = ((f[:, None] - f) ** 2).sum(2)
    slack = d[a, p] - d[a, n] + margin
    share = (slack > 0) / max(len(triplets), 1)
    weights = np.zeros((len(f), len(f)))
    np.add.at(weights, (a, p), share)
    np.add.at(weights, (a, n), -share)
    weights = weights + weights.T
    df = 2 * (weights.sum(1)[:, None] * f - weights @ f)
    return np.maximum(slack, 0).sum() / max(len(triplets), 1), df
