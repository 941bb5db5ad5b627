"""Claims about indexing and its gradient."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("gather",)
READS = "nnscratch/tensor.py"


def _numbers(rng, size, shape):
    """Whole numbers below size, some of them repeated."""
    flat = rng.integers(0, size, int(np.prod(shape)))
    flat[rng.permutation(len(flat))[:2]] = flat[0]
    return flat.reshape(shape)


def _repeated(rng, rung):
    """x, index and g; some elements are taken several times."""
    if rung == 0:
        return np.array([10.0, 20.0, 30.0]), np.array([2, 0, 2]), np.array([1.0, 2.0, 4.0])
    n, m, k = (int(size) for size in rng.permutation([3, 4, 5]))
    x = rng.standard_normal((n, 2) if rung == 1 else (n, m))
    if rung == 1:
        index = _numbers(rng, n, (4,))
    elif rung == 2:
        index = _numbers(rng, n, (2, k))
    elif rung == 3:  # some counted from the end
        index = _numbers(rng, n, (k,))
        index = index - n * rng.permutation(np.arange(k) % 2)
    elif rung == 4:
        index = (_numbers(rng, n, (k,)), np.zeros(k, dtype=int) + rng.integers(m))
    else:
        index = (slice(None), _numbers(rng, m, (k,)))
    return x, index, rng.standard_normal(x[index].shape)


def _once(rng, rung):
    """x, index and g; no element is taken twice."""
    if rung == 0:
        return np.array([1.0, 2.0, 3.0, 4.0]), slice(1, 3), np.array([5.0, 6.0])
    n, m = (int(size) for size in rng.permutation([3, 4, 5])[:2])
    x = rng.standard_normal((n, m))
    i, j = int(rng.integers(n)), int(rng.integers(m))
    index = (
        i - n,
        (i, j - m),
        x > np.median(x),
        (slice(None, None, -1), slice(j % 2, None, 2)),
        rng.permutation(n)[:2],
        (..., j),
    )[rung - 1]
    return x, index, rng.standard_normal(x[index].shape)


def _numeric(case):
    """Central differences of sum(g * x[index]), which is linear in x."""

    def numeric(f, rng, rung, step=1e-3):
        x, index, g = case(rng, rung)
        dx = np.zeros_like(x)
        for at in np.ndindex(x.shape):
            moved = np.zeros_like(x)
            moved[at] = step
            dx[at] = (g * ((x + moved)[index] - (x - moved)[index])).sum() / (2 * step)
        return {"dx": dx}

    return numeric


def _named(results, x):
    """y and dx by name; anything but a pair unchanged."""
    if not isinstance(results, (tuple, list)) or len(results) != 2:
        results = results, results
    y, dx = results
    own = not isinstance(y, np.ndarray) or not np.shares_memory(y, x)
    return {"y": y, "dx": dx, "y in its own memory": own}


@claim(
    "elements that are taken several times",
    rungs=6,
    by_hand="dx[2] = g[0] + g[2] = 1 + 4 = 5",
    oracle=_numeric(_repeated),
)
def repeated(f, rng, rung):
    x, index, g = _repeated(rng, rung)
    return _named(f.gather(x, index, g), x)


@claim(
    "single places, slices and masks",
    rungs=7,
    by_hand="dx[1] = g[0] * 1 = 5 * 1 = 5",
    oracle=_numeric(_once),
)
def once(f, rng, rung):
    x, index, g = _once(rng, rung)
    return _named(f.gather(x, index, g), x)
