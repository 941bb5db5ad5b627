"""Claims about average pooling, global pooling and LP pooling."""

import itertools

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("avg_pool", "global_avg_pool", "lp_pool")
READS = "nnscratch/functional/pool.py"
FORBIDDEN = {
    f"scipy.ndimage.{name}": "add up the windows yourself"
    for name in ("uniform_filter", "uniform_filter1d", "generic_filter", "convolve", "correlate")
}


def _starts(n, k, stride, padding, ceil_mode):
    """The starts of windows along an axis, listed; and whether one had to be left out."""
    starts = list(range(-padding, n + padding - k + 1, stride))
    following = starts[-1] + stride
    is_over = ceil_mode and starts[-1] + k < n + padding
    if is_over and following < n:
        return [*starts, following], False
    return starts, is_over


def _geometries(ceil_mode):
    """Sizes, strides, paddings and lengths for which rounding up or down makes a difference.

    In ceil mode a window extends past the end along one axis, and one is left out along the other.
    """
    for k, stride, lengths in itertools.product((2, 3, 4), (2, 3), np.ndindex(8, 8)):
        for size, padding in itertools.product(((k, k + 1), (k + 1, k)), range(1, k // 2 + 1)):
            if min(lengths) < 3:
                continue
            axes = list(zip(lengths, size, strict=True))
            results = [_starts(n, m, stride, padding, True) for n, m in axes]
            reach = [starts[-1] + m - n for (starts, _), (n, m) in zip(results, axes, strict=True)]
            if max(reach) > padding and (not ceil_mode or any(left_out for _, left_out in results)):
                yield size, stride, padding, lengths


def _exact(rng):
    """x, size, stride and padding: nothing is left over, and one more window would still fit."""
    stride, padding = int(rng.integers(1, 3)), int(rng.integers(2))
    size = rng.permutation([stride + padding + 1, stride + padding + 2])
    lengths = size - 2 * padding + stride * rng.integers(1, 4, 2)
    x = rng.standard_normal((2, int(rng.integers(1, 3)), *lengths))
    return x, tuple(size.tolist()), stride, padding


GEOMETRIES = {ceil_mode: list(_geometries(ceil_mode)) for ceil_mode in (False, True)}


def _random(rng, ceil_mode):
    """x, size, stride and padding."""
    choices = GEOMETRIES[ceil_mode]
    size, stride, padding, lengths = choices[rng.integers(len(choices))]
    return rng.standard_normal((2, rng.integers(1, 3), *lengths)), size, stride, padding


def _uncounted(rng, rung):
    if rung == 0:
        x = np.array([[4.0, 2, 6], [8, 3, 1]])[None, None]
        return x, (2, 2), 2, 1, False, False
    if rung == 3:
        return *_exact(rng), True, False
    return *_random(rng, rung == 2), rung == 2, False


def _counted(rng, rung):
    if rung == 0:
        x = np.array([[4.0, 2, 6], [8, 0, 1], [5, 3, 7], [8, 2, 4]])[None, None]
        return x, (3, 2), 2, 1, True, True
    if rung == 3:
        return *_exact(rng), True, True
    return *_random(rng, rung == 2), rung == 2, True


def _loops(inputs):
    def loops(f, rng, rung):
        x, size, stride, padding, ceil_mode, count_padding = inputs(rng, rung)
        height, width = x.shape[2:]
        border = padding if count_padding else 0
        tops, lefts = (
            _starts(n, k, stride, padding, ceil_mode)[0]
            for n, k in zip(x.shape[2:], size, strict=True)
        )
        y = np.zeros((*x.shape[:2], len(tops), len(lefts)))
        for i, j in np.ndindex(y.shape[2:]):
            count = 0
            for k, m in np.ndindex(*size):
                row, column = tops[i] + k, lefts[j] + m
                if 0 <= row < height and 0 <= column < width:
                    y[:, :, i, j] += x[:, :, row, column]
                count += -border <= row < height + border and -border <= column < width + border
            y[:, :, i, j] /= count
        return {"y": y}

    return loops


@claim(
    "means that count the padding, ceil mode or not",
    rungs=4,
    by_hand="y[0,0,2,0] = x[3,0] / (rows 3, 4 times columns -1, 0) = 8 / (2 * 2) = 2",
    oracle=_loops(_counted),
)
def counted(f, rng, rung):
    return {"y": f.avg_pool(*_counted(rng, rung))}


@claim(
    "means without the padding, ceil mode or not",
    rungs=4,
    by_hand="y[0,0,0,1] = mean of the two pixels it sees, 2 and 6 = (2 + 6) / 2 = 4",
    oracle=_loops(_uncounted),
)
def uncounted(f, rng, rung):
    return {"y": f.avg_pool(*_uncounted(rng, rung))}


@claim("the global mean", rungs=2, by_hand="y[1,1] = (5 + 7) / 2 = 6")
def whole(f, rng, rung):
    x = np.array([1.0, 3, 2, 6, 0, 4, 5, 7]).reshape(2, 2, 1, 2)
    if rung:
        x = rng.standard_normal(rng.permutation([2, 3, 4, 5]))
    return {"y": f.global_avg_pool(x)}


def _norms(rng, rung):
    if rung == 0:
        return np.array([[3.0, -4, 0], [5, 0, -1]])[None, None], 3, (2, 2), 1
    size = tuple(rng.permutation([2, 3]).tolist())
    x = rng.standard_normal((2, 2, *rng.integers(4, 7, 2)))
    p = (3, 2, float(rng.choice([1.5, 2.5])), int(rng.choice([1, 4, 7])))[rung]
    return x, p, size, int(rng.integers(1, 3))


def loops(f, rng, rung):
    x, p, size, stride = _norms(rng, rung)
    rows, columns = ((n - k) // stride + 1 for n, k in zip(x.shape[2:], size, strict=True))
    y = np.empty((*x.shape[:2], rows, columns))
    for n, c, i, j in np.ndindex(y.shape):
        top, left = i * stride, j * stride
        window = x[n, c, top : top + size[0], left : left + size[1]]
        y[n, c, i, j] = np.linalg.norm(window.ravel(), p)
    return {"y": y}


@claim(
    "LP pooling",
    rungs=4,
    by_hand="y[0,0,0,0] = (3^3 + 4^3 + 5^3 + 0)^(1/3) = (27 + 64 + 125) ** (1 / 3) = 6",
    oracle=loops,
)
def norms(f, rng, rung):
    return {"y": f.lp_pool(*_norms(rng, rung))}
