"""Claims about max pooling and its gradient."""

import numpy as np

from nnscratch.learn import Kink, claim

FUNCTIONS = ("max_pool",)
READS = "nnscratch/kernels/pool.py"
FORBIDDEN = {
    f"scipy.ndimage.{name}": "find the largest of each window yourself"
    for name in ("maximum_filter", "maximum_filter1d", "grey_dilation")
}
TIE = (
    "several places of a window have the same largest number, and any of them may get the "
    "gradient; usually it is the first"
)


def _random(rng, size, stride, padding, dilation, batch=2):
    """x and g of a random case; rows and columns at the end may be in no window."""
    out = rng.permutation([2, 3])
    spans = [dilation * (k - 1) + 1 for k in size]
    height, width = (
        max((n - 1) * stride + span - 2 * padding + rng.integers(stride), k)
        for n, span, k in zip(out, spans, size, strict=True)
    )
    x = rng.standard_normal((batch, 2, height, width))
    rows, columns = (
        (n + 2 * padding - span) // stride + 1
        for n, span in zip((height, width), spans, strict=True)
    )
    return x, rng.standard_normal((batch, 2, rows, columns))


def _bare(rng, rung):
    if rung == 0:
        x = np.array([[1.0, 9, 5, 0], [3, 2, 4, 7], [8, 6, -1, -9]])[None, None]
        return x, np.array([[[[1.0, 2], [3, 4]]]]), (2, 3), 1, {}
    if rung == 1:
        x = rng.permutation(np.arange(-3.0, 7)).reshape(1, 1, 2, 5)
        return x, np.array([[[[1.0, 2]]]]), (1, 2), 2, {"dilation": 2}
    size = tuple(rng.permutation([2, 3]).tolist())
    stride, dilation = (2, 1) if rung == 2 else (int(rng.integers(1, 3)), 2)
    x, g = _random(rng, size, stride, 0, dilation, batch=rung - 1)
    return x, g, size, stride, {} if rung == 2 else {"dilation": dilation}


def _negative(rng, rung):
    if rung == 0:
        x = np.array([[-1.0, -5, -2], [-4, -3, -6]])[None, None]
        return x, np.array([[[[1.0, 2], [3, 4]]]]), (2, 2), 2, {"padding": 1}
    least, padding = (2, 1) if rung == 1 else (4, 2)
    size = tuple(rng.permutation([least, least + 1]).tolist())
    stride = int(rng.integers(1, 3))
    x, g = _random(rng, size, stride, padding, 1, batch=rung)
    return x - 2, g, size, stride, {"padding": padding}


def _results(result):
    """y and dx; None for a missing one."""
    parts = result if isinstance(result, (tuple, list)) else (result,)
    return (*parts, None, None)[:2]


def _forward(x, rows, columns, size, stride, padding=0, dilation=1):
    """By loops, independent of the solution."""
    height, width = x.shape[2:]
    y = np.empty((*x.shape[:2], rows, columns))
    for i, j in np.ndindex(rows, columns):
        down = (i * stride + k * dilation - padding for k in range(size[0]))
        right = (j * stride + k * dilation - padding for k in range(size[1]))
        inside = [k for k in down if 0 <= k < height], [k for k in right if 0 <= k < width]
        y[:, :, i, j] = x[(slice(None), slice(None), *np.ix_(*inside))].max((2, 3))
    return y


def _numeric(inputs):
    def numeric(f, rng, rung):
        x, g, size, stride, options = inputs(rng, rung)
        dx, step = np.empty_like(x), 1e-6
        for at in np.ndindex(x.shape):
            moved = x[at[0]][None].copy()
            ends = []
            for value in (x[at] + step, x[at] - step):
                moved[(0, *at[1:])] = value
                ends.append(
                    (g[at[0]] * _forward(moved, *g.shape[2:], size, stride, **options)).sum()
                )
            dx[at] = (ends[0] - ends[1]) / (2 * step)
        return {"y": _forward(x, *g.shape[2:], size, stride, **options), "dx": dx}

    return numeric


@claim(
    "windows that overlap, strides and dilation",
    rungs=4,
    by_hand="dx[0,0,0,1] = g[0,0] + g[0,1], as 9 wins both = 1 + 2 = 3",
    oracle=_numeric(_bare),
    image=("y", "dx"),
)
def bare(f, rng, rung):
    x, g, size, stride, options = _bare(rng, rung)
    y, dx = _results(f.max_pool(x, g, size, stride, **options))
    return {"y": y, "dx": dx}


@claim(
    "a border of minus infinity, cut off in dx",
    by_hand="y[0,0,0,1] = max of x[0,1] and x[0,2] = max(-5, -2) = -2",
    oracle=_numeric(_negative),
    image=("y", "dx"),
)
def negative(f, rng, rung):
    x, g, size, stride, options = _negative(rng, rung)
    y, dx = _results(f.max_pool(x, g, size, stride, **options))
    return {"y": y, "dx": dx}


def _tied(rng, rung):
    """Small whole numbers, windows that do not overlap."""
    if rung == 0:
        x = np.array([[2.0, 2, 1, 0], [1, 0, 0, 3]])[None, None]
        return x, np.array([[[[5.0, 4]]]]), 2
    edge = int(rng.integers(2, 4))
    x = np.maximum(rng.integers(-2, 3, (2, 2, 2 * edge, 3 * edge)), 0.0)  # as after a ReLU
    return x, rng.standard_normal((2, 2, 2, 3)), edge


def _split(array, edge):
    """(N, C, H, W) -> (N, C, H/edge, edge, W/edge, edge)."""
    batch, channels, height, width = array.shape
    return array.reshape(batch, channels, height // edge, edge, width // edge, edge)


def _paid(dx, x, edge):
    """The sum of dx over each window."""
    return _split(dx, edge).sum((3, 5)) if np.shape(dx) == x.shape else float("nan")


def loops(f, rng, rung):
    x, g, edge = _tied(rng, rung)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(g.shape):
        window = x[n, c, i * edge : (i + 1) * edge, j * edge : (j + 1) * edge].tolist()
        best = max(max(row) for row in window)
        row = next(k for k, numbers in enumerate(window) if best in numbers)
        dx[n, c, i * edge + row, j * edge + window[row].index(best)] = g[n, c, i, j]
    return {"places": dx, "paid": g}


@claim(
    "the shares of equal maxima add up to g",
    by_hand="paid[0,0,0,0] = g[0,0], to one of the two places or shared = 5 + 0 = 5",
    oracle=loops,
)
def tied(f, rng, rung):
    x, g, edge = _tied(rng, rung)
    y, dx = _results(f.max_pool(x, g, (edge, edge), edge))
    windows = _split(x, edge)
    tops = windows == windows.max((3, 5), keepdims=True)
    free = tops & (tops.sum((3, 5), keepdims=True) > 1)
    share = g[:, :, :, None, :, None] * free
    low, high = (bound(share, 0).reshape(x.shape) for bound in (np.minimum, np.maximum))
    return {
        "y": y,
        "places": Kink(dx, free.reshape(x.shape), low, high, TIE),
        "paid": _paid(dx, x, edge),
    }
