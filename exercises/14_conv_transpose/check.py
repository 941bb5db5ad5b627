"""Claims about the transposed convolution."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("conv_transpose1d",)
READS = "nnscratch/functional/conv.py"
FORBIDDEN = {
    f"{library}.{name}": "add up the windows yourself"
    for library, names in (
        ("numpy", ("convolve", "correlate")),
        ("scipy.signal", ("convolve", "correlate", "fftconvolve", "oaconvolve", "lfilter")),
        ("scipy.signal", ("convolve2d", "correlate2d", "upfirdn")),
        ("scipy.ndimage", ("convolve", "correlate", "convolve1d", "correlate1d")),
    )
    for name in names
}


def _smallest(rng, rung):
    """y, w, stride, padding, output_padding with output_padding 0."""
    if rung < 2:
        y = np.array([[[1.0, 2.0]]]) if rung == 0 else _digits(rng, 1, 1, 2)
        return y, np.array([[[1.0, 10.0, 100.0]]]), 2, rung, 0
    if rung == 2:
        return _digits(rng, 1, 2, 2), _digits(rng, 2, 2, 2), 1, 0, 0
    stride, channels, kernel = map(int, rng.integers((1, 2, 2), (4, 4, 5)))
    return *_random(rng, channels, channels, kernel), stride, int(rng.integers(1, kernel)), 0


def _digits(rng, *shape):
    return rng.integers(1, 10, shape).astype(float)


def _larger(rng, rung):
    """y, w, stride, padding, output_padding with output_padding above 0."""
    if rung == 0:
        return np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0, 100.0]]]), 2, 1, 1
    channels = int(rng.integers(2, 4))
    if rung == 1:  # less than the padding
        stride, padding = 3, 2
        extra, out = 1, channels
    else:
        stride, padding = int(rng.integers(3, 5)), 1
        extra, out = int(rng.integers(2, stride)), channels + 1
    return *_random(rng, out, channels, int(rng.integers(2, 5))), stride, padding, extra


def _random(rng, out, channels, kernel):
    y = rng.standard_normal((rng.integers(2, 4), out, rng.integers(4, 7)))
    return y, rng.standard_normal((out, channels, kernel))


def _length(y, w, stride, padding, extra):
    return (y.shape[2] - 1) * stride + w.shape[2] - 2 * padding + extra


def _forward_matrix(y, w, stride, padding, extra):
    """A[o, i, c, j]: the weight of place j of channel c in output i of channel o."""
    (out, channels, kernel), places = w.shape, y.shape[2]
    matrix = np.zeros((out, places, channels, _length(y, w, stride, padding, extra)))
    for i in range(places):
        for k in range(kernel):
            j = i * stride + k - padding
            if 0 <= j < matrix.shape[3]:
                matrix[:, i, :, j] = w[:, :, k]
    return matrix


def _ramp(y, w, *sizes):
    """An array of the shape of the convolution's input, all numbers different."""
    shape = (len(y), w.shape[1], _length(y, w, *sizes))
    return 1.0 + np.arange(np.prod(shape)).reshape(shape)


def _matrix_of(inputs):
    def matrix(f, rng, rung):
        y, w, *sizes = inputs(rng, rung)
        a = _forward_matrix(y, w, *sizes)
        forward = np.einsum("oicj,ncj->noi", a, _ramp(y, w, *sizes))
        return {"A'y": np.einsum("oicj,noi->ncj", a, y), "<x, A'y>": (forward * y).sum()}

    return matrix


@claim(
    "stride and padding",
    rungs=4,
    by_hand="A'y[0,0,2] = y[0]*w[2] + y[1]*w[0] = 1*100 + 2*1 = 102",
    oracle=_matrix_of(_smallest),
)
def smallest(f, rng, rung):
    y, w, stride, padding, _ = _smallest(rng, rung)
    back = f.conv_transpose1d(y, w, stride, padding)
    x = _ramp(y, w, stride, padding, 0)
    return {"A'y": back, "<x, A'y>": (x * back).sum() if np.shape(back) == x.shape else np.nan}


@claim(
    "output_padding, so that <x, A'y> = <Ax, y>",
    by_hand="<x, A'y> = x[0]*10 + x[1]*102 + ... = 1*10 + 2*102 + 3*20 + 4*200 = 1074",
    oracle=_matrix_of(_larger),
)
def larger(f, rng, rung):
    y, w, *sizes = _larger(rng, rung)
    stride, padding, extra = sizes
    back = f.conv_transpose1d(y, w, stride=stride, padding=padding, output_padding=extra)
    x = _ramp(y, w, *sizes)
    return {"A'y": back, "<x, A'y>": (x * back).sum() if np.shape(back) == x.shape else np.nan}
