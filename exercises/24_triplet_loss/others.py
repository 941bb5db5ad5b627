"""Other right answers for the triplet loss."""

import numpy as np

from nnscratch.learn import right


@right("triplet_loss")
def one_triplet_at_a_time(a, p, n, margin=0.2):
    """Loops and Python's max."""
    costs = []
    for i in range(len(a)):
        ap = sum((a[i, k] - p[i, k]) ** 2 for k in range(a.shape[1]))
        an = sum((a[i, k] - n[i, k]) ** 2 for k in range(a.shape[1]))
        costs.append(max(ap - an + margin, 0.0))
    return sum(costs) / len(costs)


@right("triplet_loss")
def multiplied_out(a, p, n, margin=0.2):
    """ap - an without the squares of the anchor, which cancel."""
    difference = np.einsum("nd,nd->n", p - n, p + n - 2 * a)
    return np.clip(difference + margin, 0.0, None).mean()


@right("triplet_gradients")
def corner_counts(a, p, n, margin=0.2):
    """The corner has the full slope; first one distance, then the other."""
    near, far = a - p, a - n
    active = np.linalg.norm(near, axis=1) ** 2 - np.linalg.norm(far, axis=1) ** 2 >= -margin
    slopes = np.zeros((3, *a.shape))
    slopes[0, active] = 2 * near[active] - 2 * far[active]
    slopes[1, active] = -2 * near[active]
    slopes[2, active] = 2 * far[active]
    return tuple(slopes / len(a))


@right("triplet_gradients")
def half_at_the_corner(a, p, n, margin=0.2):
    """By loops; the corner has half of the slope."""
    da, dp, dn = np.zeros_like(a), np.zeros_like(p), np.zeros_like(n)
    for i in range(len(a)):
        slack = ((a[i] - p[i]) ** 2).sum() - ((a[i] - n[i]) ** 2).sum() + margin
        share = (1 + np.sign(slack)) / len(a)
        da[i] += share * (n[i] - p[i])
        dp[i] += share * (p[i] - a[i])
        dn[i] -= share * (n[i] - a[i])
    return da, dp, dn
