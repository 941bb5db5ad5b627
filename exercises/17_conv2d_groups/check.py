"""Claims about a 2-D convolution with groups."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("conv2d",)
READS = "nnscratch/kernels/conv.py"
FORBIDDEN = {
    f"{library}.{name}": "write the sum over the places of the kernel yourself"
    for library, names in (
        ("numpy", ("convolve", "correlate")),
        ("scipy.signal", ("convolve", "correlate", "fftconvolve", "convolve2d", "correlate2d")),
        ("scipy.ndimage", ("convolve", "correlate", "convolve1d", "correlate1d")),
    )
    for name in names
}


def _random(rng, stride=1, padding=0, groups=1):
    """x, w, b of a random case: never square, and as many columns in y as it has channels."""
    per_in = rng.integers(2, 4)
    per_out = rng.integers(2, 4) if groups > 1 else rng.integers(3, 5)
    out = groups * per_out
    kernel = rng.permutation([2, 3])
    sizes = (
        (n - 1) * stride + k - 2 * padding + rng.integers(stride)
        for n, k in zip((out - 1, out), kernel, strict=True)
    )
    x = rng.standard_normal((rng.integers(2, 4), groups * per_in, *sizes))
    return x, rng.standard_normal((out, per_in, *kernel)), rng.standard_normal(out)


def _plain(rng, rung):
    if rung == 0:
        x = np.array([[1.0, 2, 0], [3, 1, 4], [0, 2, 5], [6, 1, 2]])[None, None]
        w = np.array([[[[1.0, 2], [3, 4]]], [[[0, 1], [-1, 2]]]])
        return x, w, np.array([10.0, 20.0]), {}
    if rung == 1:
        x = rng.permutation(np.arange(8.0)).reshape(1, 1, 2, 4)
        w = np.array([[1.0, 2], [3, 4]])[None, None]
        return x, w, np.array([10.0]), {"stride": 2, "padding": 1}
    options = {"stride": 1, "padding": 1} if rung == 2 else {"stride": 2, "padding": 2}
    return *_random(rng, **options), options


def _grouped(rng, rung):
    if rung == 0:
        x = np.array([1.0, 10, 100, 1000]).reshape(1, 4, 1, 1)
        w = np.arange(1.0, 9).reshape(4, 2, 1, 1)
        return x, w, np.zeros(4), {"groups": 2}
    groups = int(rng.integers(2, 4))
    options = {"groups": groups} if rung == 1 else {"stride": 2, "groups": groups}
    return *_random(rng, **options), options


def _loops(inputs):
    def loops(f, rng, rung):
        x, w, b, options = inputs(rng, rung)
        stride, padding = options.get("stride", 1), options.get("padding", 0)
        out, per_in, kh, kw = w.shape
        per_out = out // options.get("groups", 1)
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        rows, columns = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
        y = np.zeros((len(x), out, rows, columns))
        for n, o, i, j in np.ndindex(y.shape):
            first, top, left = o // per_out * per_in, i * stride, j * stride
            window = x[n, first : first + per_in, top : top + kh, left : left + kw]
            y[n, o, i, j] = b[o] + (window * w[o]).sum()
        return {"y": y}

    return loops


@claim(
    "one group: kernel, bias, stride and padding",
    rungs=4,
    by_hand="y[0,0,0,0] = 10 + top row + second row = 10 + 1*1 + 2*2 + 3*3 + 1*4 = 28",
    oracle=_loops(_plain),
    image=("y",),
)
def plain(f, rng, rung):
    x, w, b, options = _plain(rng, rung)
    return {"y": f.conv2d(x, w, b, **options)}


@claim(
    "several groups",
    by_hand="y[0,1,0,0] = x[0]*w[1,0] + x[1]*w[1,1] = 1*3 + 10*4 = 43",
    oracle=_loops(_grouped),
    image=("y",),
)
def grouped(f, rng, rung):
    x, w, b, options = _grouped(rng, rung)
    return {"y": f.conv2d(x, w, b, **options)}
