"""Other right answers for distances and a shared tower."""

import numpy as np

from nnscratch.learn import right


@right("distances")
def row_by_row(f):
    """One row against all others at a time."""
    return np.stack([np.linalg.norm(f - row, axis=1) for row in f])


@right("distances")
def feature_by_feature(f):
    """Each pair once, feature by feature."""
    result = np.zeros((len(f), len(f)))
    for i in range(len(f)):
        for j in range(i):
            total = 0.0
            for k in range(f.shape[1]):
                total += (f[i, k] - f[j, k]) ** 2
            result[i, j] = result[j, i] = total**0.5
    return result


@right("unit_rows")
def only_where_not_zero(f):
    """Rows of zeros are skipped."""
    result = np.zeros_like(f)
    for i, row in enumerate(f):
        if row.any():
            result[i] = row / np.linalg.norm(row)
    return result


@right("unit_rows")
def with_floor(f):
    """The length is at least 1e-12."""
    return f / np.maximum(np.linalg.norm(f, axis=1, keepdims=True), 1e-12)


@right("tower_gradient")
def by_difference(x1, x2, w, g):
    """The tower is a matrix, so only the difference of the inputs matters."""
    x = x1 - x2
    difference = x @ w
    d = np.sqrt(np.einsum("nk,nk->n", difference, difference))
    scale = np.divide(g, d, out=np.zeros_like(g), where=d > 0)
    return np.einsum("nc,n,nk->ck", x, scale, difference)


@right("tower_gradient")
def pair_by_pair(x1, x2, w, g):
    """One pair at a time, one branch at a time."""
    dw = np.zeros_like(w)
    for first, second, upstream in zip(x1, x2, g, strict=True):
        difference = first @ w - second @ w
        d = np.linalg.norm(difference)
        if d == 0:
            continue
        dw += upstream * np.outer(first, difference / d)
        dw += upstream * np.outer(second, -difference / d)
    return dw
