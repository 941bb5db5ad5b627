"""Other right answers for the verification head."""

import math

import numpy as np

from nnscratch.learn import right


@right("head")
def pair_by_pair(a, b, same, w, bias, kind="absolute"):
    """Plain loops; the sigmoid in two branches."""
    pairs, width = a.shape
    z, loss, dw, dbias, da = np.zeros(pairs), 0.0, np.zeros(width), 0.0, np.zeros(a.shape)
    for n in range(pairs):
        x, slope = np.zeros(width), np.zeros(width)
        for d in range(width):
            p, q = a[n, d], b[n, d]
            if kind == "absolute":
                x[d], slope[d] = abs(p - q), 1.0 if p >= q else -1.0
            elif p + q > 0:
                x[d] = (p - q) ** 2 / (p + q)
                slope[d] = (p - q) * (p + 3 * q) / (p + q) ** 2
        z[n] = sum(x * w) + bias
        small = math.exp(-abs(z[n]))
        sigma = 1 / (1 + small) if z[n] >= 0 else small / (1 + small)
        loss += (max(z[n], 0.0) - z[n] * same[n] + math.log1p(small)) / pairs
        dz = (sigma - same[n]) / pairs
        dw += dz * x
        dbias += dz
        da[n] = dz * w * slope
    return z, loss, dw, dbias, da


@right("head")
def by_logaddexp(a, b, same, w, bias, kind="absolute"):
    """log(1 + e^z) is logaddexp(0, z); labels become signs."""
    larger, smaller = np.maximum(a, b), np.minimum(a, b)
    sign = np.where(a > b, 1.0, np.where(a < b, -1.0, 0.0))
    x = larger - smaller
    if kind == "chi-square":
        safe = np.where(a + b > 0, a + b, 1.0)
        sign = 2 * (a - b) / safe - (x / safe) ** 2
        x = x * (x / safe)
    z = np.einsum("nd,d->n", x, w) + bias
    toward = np.where(np.asarray(same) > 0, -1.0, 1.0)  # the side on which the loss grows
    loss = np.logaddexp(0, toward * z).sum() / len(z)
    dz = toward * np.exp(-np.logaddexp(0, -toward * z)) / len(z)
    return z, loss, x.T @ dz, np.sum(dz), np.outer(dz, w) * sign
