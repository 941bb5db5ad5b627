"""Claims about a 1-D convolution with stride, padding and dilation."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("conv1d",)
READS = "nnscratch/kernels/window.py"
FORBIDDEN = {
    f"{library}.{name}": "write the sum over the places of the kernel yourself"
    for library, names in (
        ("numpy", ("convolve", "correlate")),
        ("scipy.signal", ("convolve", "correlate", "fftconvolve", "oaconvolve", "lfilter")),
        ("scipy.signal", ("convolve2d", "correlate2d", "upfirdn")),
        ("scipy.ndimage", ("convolve", "correlate", "convolve1d", "correlate1d")),
    )
    for name in names
}


def _bare(rng, rung):
    """x, w, stride, padding, dilation; at rung 0 one place is left over at the end."""
    if rung == 0:
        x = np.array([[[1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0]]])
        return x, np.array([[[1.0, 10.0]]]), 2, 0, 3
    return _random(rng, rung, 0)


def _padded(rng, rung):
    if rung == 0:
        return np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, 10.0, 100.0]]]), 1, 1, 1
    return _random(rng, rung, int(rng.integers(1, 4)))


def _random(rng, rung, padding):
    stride, dilation = map(int, rng.permutation([1, 2, 3])[:2])  # always different
    kernel = int(rng.integers(2, 4)) + rung - 1
    span = dilation * (kernel - 1) + 1
    length = max((dilation + 1) * kernel, stride * span) + int(rng.integers(0, 4))
    items, channels, out = (1, 1, 2) if rung == 1 else rng.integers(2, 4, 3)
    x = rng.standard_normal((items, channels, length))
    return x, rng.standard_normal((out, channels, kernel)), stride, padding, dilation


def _by_numpy(x, w, stride, padding, dilation):
    """np.correlate with zeros in the gaps of the kernel; of the results every stride-th one."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    wide = np.zeros((*w.shape[:2], dilation * (w.shape[2] - 1) + 1))
    wide[:, :, ::dilation] = w
    y = [
        [sum(map(np.correlate, item, kernel, ["valid"] * len(item))) for kernel in wide]
        for item in x
    ]
    return np.array(y)[:, :, ::stride]


def _oracle(inputs):
    def numpy(f, rng, rung):
        return {"y": _by_numpy(*inputs(rng, rung))}

    return numpy


@claim(
    "stride and dilation, without padding",
    by_hand="y[0,0,1] = x[2]*w[0] + x[2+3]*w[1] = 4*1 + 16*10 = 164",
    oracle=_oracle(_bare),
)
def bare(f, rng, rung):
    x, w, stride, _, dilation = _bare(rng, rung)
    return {"y": f.conv1d(x, w, stride=stride, dilation=dilation)}


@claim(
    "with padding",
    by_hand="y[0,0,0] = 0*w[0] + x[0]*w[1] + x[1]*w[2] = 0*1 + 1*10 + 2*100 = 210",
    oracle=_oracle(_padded),
)
def padded(f, rng, rung):
    x, w, stride, padding, dilation = _padded(rng, rung)
    if rung == 0:
        return {"y": f.conv1d(x, w, padding=padding)}
    return {"y": f.conv1d(x, w, stride, padding, dilation)}
