"""Claims about a convolution over any number of axes."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("conv_nd",)
READS = "nnscratch/kernels/window.py"
FORBIDDEN = {
    f"{library}.{name}": "write the sum over the places of the kernel yourself"
    for library, names in (
        ("numpy", ("convolve", "correlate")),
        ("scipy.signal", ("convolve", "correlate", "fftconvolve", "convolve2d", "correlate2d")),
        ("scipy.ndimage", ("convolve", "correlate", "convolve1d", "correlate1d")),
    )
    for name in names
}
RANKS = (2, 1, 2, 3)  # of the sizes of a case; the first is done by hand


def _random(rng, rank, strides, pads):
    """x and w of a random case; the lengths of the kernel differ between axes."""
    kernel = rng.permutation([2, 3, 2])[:rank]
    if rank == 2:
        kernel = rng.permutation([2, 3])
    axes = zip(kernel, strides, pads[:rank], pads[rank:], strict=True)
    size = [
        max(1, rng.integers(1, 4) * s + k - begin - end + rng.integers(s))
        for k, s, begin, end in axes
    ]
    x = rng.standard_normal((2, rng.integers(1, 4), *size))
    return x, rng.standard_normal((rng.integers(2, 4), x.shape[1], *kernel))


def _strided(rng, rung):
    if rung == 0:
        x = np.array([[1.0, 2, 0, 3], [4, 1, 5, 2], [0, 6, 1, 3]])[None, None]
        return x, np.array([[[[1.0, 2], [3, 4]]]]), (1, 2), (0, 0, 0, 0)
    rank = RANKS[rung]
    strides = tuple(rng.permutation([1, 2, 3])[:rank].tolist())
    pads = (0,) * 2 * rank
    return *_random(rng, rank, strides, pads), strides, pads


def _padded(rng, rung):
    if rung == 0:
        x = np.array([[[[1.0, 2], [3, 4]]]])
        return x, np.array([[[[1.0, 2], [3, 5]]]]), (1, 1), (0, 1, 2, 3)
    rank = RANKS[rung]
    strides = (int(rng.integers(1, 3)),) * rank
    pads = tuple(rng.permutation([0, 1, 2, 3, 1, 2][: 2 * rank]).tolist())
    return *_random(rng, rank, strides, pads), strides, pads


def _loops(inputs):
    def loops(f, rng, rung):
        x, w, strides, pads = inputs(rng, rung)
        rank, kernel = x.ndim - 2, w.shape[2:]
        for axis in range(rank):
            pairs = [(0, 0)] * x.ndim
            pairs[axis + 2] = (pads[axis], pads[axis + rank])
            x = np.pad(x, pairs)
        out = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], kernel, strides, strict=True)]
        y = np.zeros((len(x), len(w), *out))
        for n, o, *at in np.ndindex(y.shape):
            corner = [i * s for i, s in zip(at, strides, strict=True)]
            window = tuple(slice(a, a + k) for a, k in zip(corner, kernel, strict=True))
            y[(n, o, *at)] = (x[(n, slice(None), *window)] * w[o]).sum()
        return {"y": y}

    return loops


@claim(
    "a stride for each axis, in 1, 2 and 3 dimensions",
    rungs=len(RANKS),
    by_hand="y[0,0,0,1] = x[0:2, 2:4] times w = 0*1 + 3*2 + 5*3 + 2*4 = 29",
    oracle=_loops(_strided),
)
def strided(f, rng, rung):
    x, w, strides, pads = _strided(rng, rung)
    return {"y": f.conv_nd(x, w, strides, pads)}


@claim(
    "pads at the beginnings and at the ends",
    rungs=len(RANKS),
    by_hand="y[0,0,0,0] = [[0, 1], [0, 3]] times w = 0*1 + 1*2 + 0*3 + 3*5 = 17",
    oracle=_loops(_padded),
)
def padded(f, rng, rung):
    x, w, strides, pads = _padded(rng, rung)
    return {"y": f.conv_nd(x, w, strides, pads)}
