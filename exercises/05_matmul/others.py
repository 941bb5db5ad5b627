"""Other right answers for the gradients of a matrix product."""

import numpy as np

from nnscratch.learn import right


@right("matmul_backward")
def product_by_product(a, b, g):
    """One matrix product after another; each adds to the gradients of its two factors."""
    batch = g.shape[:-2]
    all_a, all_b = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    where_a, where_b = (
        np.broadcast_to(np.arange(x[..., 0, 0].size).reshape(x.shape[:-2]), batch) for x in (a, b)
    )
    da = np.zeros((a[..., 0, 0].size, *a.shape[-2:]))
    db = np.zeros((b[..., 0, 0].size, *b.shape[-2:]))
    for at in np.ndindex(batch):
        da[where_a[at]] += g[at] @ all_b[at].T
        db[where_b[at]] += all_a[at].T @ g[at]
    return da.reshape(a.shape), db.reshape(b.shape)


@right("matmul_backward")
def by_einsum(a, b, g):
    """Sums over named axes, then over repeated ones."""
    da = np.einsum("...mn,...kn->...mk", g, b)
    db = np.einsum("...mk,...mn->...kn", a, g)
    while da.ndim > a.ndim:
        da = da.sum(axis=0)
    while db.ndim > b.ndim:
        db = db.sum(axis=0)
    for axis in range(a.ndim - 2):
        da = da.sum(axis=axis, keepdims=True) if a.shape[axis] == 1 else da
    for axis in range(b.ndim - 2):
        db = db.sum(axis=axis, keepdims=True) if b.shape[axis] == 1 else db
    return da, db
