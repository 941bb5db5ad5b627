"""Claims about the windows of a signal."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("windows",)
READS = "nnscratch/engines/numpy/im2col.py"
FORBIDDEN = {
    "numpy.lib.stride_tricks.sliding_window_view": "compute shape and strides, for as_strided"
}


def _inside(rng, array):
    """`array` in the middle of a larger block, so that reading past its ends is harmless."""
    room = 4 * array.size
    block = rng.standard_normal(array.size + 2 * room).astype(array.dtype)
    block[room:-room] = array.ravel()
    return block[room:-room].reshape(array.shape)


def _case(rng, rung):
    """x, size, stride, dilation; the memory layout of x differs from rung to rung."""
    coded = np.arange(6.0) + 10 * np.arange(2.0)[None, :, None]  # x[0, c, j] = 10 c + j
    if rung == 0:
        return _inside(rng, coded), 2, 2, 3
    stride, dilation = map(int, rng.permutation([1, 2, 3])[:2])  # always different
    if rung == 1:  # channels last
        x = coded.swapaxes(1, 2) + 100 * rng.integers(1, 10)
        return _inside(rng, x).swapaxes(1, 2), 2, stride, dilation
    size = int(rng.integers(2, 5))
    length = dilation * (size - 1) + 1 + int(rng.integers(2, 7))
    items, channels = rng.integers(2, 4, 2)
    if rung == 2:  # numbers of 4 bytes; integers, since parts of floats may be NaN
        x = _inside(rng, rng.integers(1, 100, (items, channels, length)).astype(np.float32))
    else:  # every second place of another array
        x = _inside(rng, rng.standard_normal((items, channels, 2 * length)))[..., ::2]
    return x, size, stride, dilation


def _numbers(v):
    """v, or words where it reads outside of its memory."""
    owner = v
    while getattr(owner, "base", None) is not None:
        owner = owner.base
    if not isinstance(v, np.ndarray) or not isinstance(owner, np.ndarray):
        return v
    (low, high), (first, end) = map(np.lib.array_utils.byte_bounds, (v, owner))
    return v if first <= low and high <= end else "memory that is not of the array"


def _loops(f, rng, rung):
    x, size, stride, dilation = _case(rng, rung)
    starts = range(0, x.shape[2] - dilation * (size - 1), stride)
    v = [[[[c[i + k * dilation] for k in range(size)] for c in item] for i in starts] for item in x]
    return {"v": np.array(v)}


@claim(
    "the values of the windows, for any memory layout of x",
    rungs=4,
    by_hand="v[0,1,0,1] = x[0, 0, i*s + k*d] = 1*2 + 1*3 = 5",
    oracle=_loops,
)
def values(f, rng, rung):
    x, size, stride, dilation = _case(rng, rung)
    return {"v": _numbers(f.windows(x, size, stride=stride, dilation=dilation))}


@claim("a view of x that is read-only")
def view(f, rng, rung):
    x, size, stride, dilation = _case(rng, rung)
    x = x.astype(np.int64)  # the values do not matter
    v = f.windows(x, size, stride, dilation)
    is_array = isinstance(v, np.ndarray)
    return {
        "shares memory": is_array and np.shares_memory(v, x),
        "is read-only": is_array and not v.flags.writeable,
    }


@claim("ValueError for a window that does not fit")
def refused(f, rng, rung):
    size, dilation = (2, 2) if rung == 0 else map(int, rng.integers(2, 5, 2))
    if rung == 1:
        dilation = 1
    stride = 1 if rung == 0 else int(rng.integers(1, 4))
    span = dilation * (size - 1) + 1

    def raises(length):
        try:
            f.windows(_inside(rng, np.arange(length)[None, None] + 1.0), size, stride, dilation)
        except ValueError:
            return True
        return False

    return {"one place too short": raises(span - 1), "just long enough": raises(span)}
