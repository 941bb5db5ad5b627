"""Other right answers for the gradients of reductions."""

import numpy as np

from nnscratch.learn import right


def _axes(x, axis):
    """All reduced axes, not negative."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(a % x.ndim for a in axes))


@right("reduction_backward")
def by_rows(kind, x, g, axis=None, keepdims=False):
    """One row for each reduced number; the first largest value gets all of g."""
    axes = _axes(x, axis)
    rest = tuple(a for a in range(x.ndim) if a not in axes)
    front = x.transpose(*rest, *axes)
    rows, column = front.reshape(g.size, -1), g.reshape(-1, 1)
    if kind == "max":
        dx = np.zeros_like(rows)
        dx[np.arange(g.size), rows.argmax(axis=1)] = g.ravel()
    else:
        dx = np.repeat(column, rows.shape[1], axis=1) / (rows.shape[1] if kind == "mean" else 1)
    return dx.reshape(front.shape).transpose(np.argsort((*rest, *axes)))


@right("reduction_backward")
def group_by_group(kind, x, g, axis=None, keepdims=False):
    """A loop over the numbers of g; the last largest value gets all of g."""
    axes = _axes(x, axis)
    g = g if keepdims else np.expand_dims(g, axes)
    dx = np.zeros_like(x)
    for at in np.ndindex(g.shape):
        group = tuple(slice(None) if a in axes else at[a] for a in range(x.ndim))
        values = x[group]
        if kind == "max":
            last = np.argwhere(values == values.max())[-1]
            dx[group][tuple(last)] = g[at]
        else:
            dx[group] = g[at] / (1 if kind == "sum" else values.size)
    return dx


@right("reduction_backward")
def with_expanded_axes(kind, x, g, axis=None, keepdims=False):
    """The axes restored by number; equal largest values share evenly."""
    axes = _axes(x, axis)
    if not keepdims:
        g = np.expand_dims(g, axes)
    if kind == "sum":
        weight = np.ones_like(x)
    elif kind == "mean":
        weight = np.full(x.shape, 1 / np.prod([x.shape[a] for a in axes]))
    else:
        mask = (x >= np.max(x, axis=axes, keepdims=True)).astype(x.dtype)
        weight = mask / np.sum(mask, axis=axes, keepdims=True)
    return weight * g
