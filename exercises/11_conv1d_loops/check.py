"""Claims about a 1-D convolution by loops."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("conv1d",)
READS = "nnscratch/kernels/conv.py"
FORBIDDEN = {
    f"{library}.{name}": "write the sum over the places of the kernel yourself"
    for library, names in (
        ("numpy", ("convolve", "correlate")),
        ("scipy.signal", ("convolve", "correlate", "fftconvolve", "oaconvolve", "lfilter")),
        ("scipy.signal", ("convolve2d", "correlate2d")),
        ("scipy.ndimage", ("convolve", "correlate", "convolve1d", "correlate1d")),
    )
    for name in names
}


def _random(rng, items, channels, out, length, kernel):
    x = rng.standard_normal((items, channels, length + kernel - 1))
    w = rng.standard_normal((out, channels, kernel))
    return x, w, rng.standard_normal(out)


def _one_item(rng, rung):
    if rung == 0:
        x = np.array([[[1.0, 2.0, 4.0], [3.0, 5.0, 1.0]]])
        w = np.array([[[1.0, 2.0], [3.0, 1.0]], [[2.0, 0.0], [1.0, 4.0]]])
        return x, w, np.array([10.0, 20.0])
    kernel = rng.integers(2, 5)
    if rung == 1:  # equal numbers of channels, kernels and places: shapes do not show a mix-up
        n = rng.integers(2, 5)
        return _random(rng, 1, n, n, n, kernel)
    channels = rng.integers(2, 4)
    out = channels + rng.integers(1, 3)
    return _random(rng, 1, channels, out, out + rng.integers(1, 4), kernel)


def _several_items(rng, rung):
    if rung == 0:
        return (
            np.array([[[1.0, 2.0, 4.0]], [[3.0, 5.0, 1.0]]]),
            np.array([[[1.0, 2.0]]]),
            np.zeros(1),
        )
    items, channels, kernel = rng.integers((2, 2, 2), (5, 4, 5))
    length = 1 if rung == 1 else rng.integers(3, 6)  # 1: a kernel as long as the signal
    x, w, b = _random(rng, items, channels, channels, length, kernel)
    return x, w, np.zeros_like(b)


def _by_numpy(x, w, b):
    """np.correlate channel by channel, summed over the channels."""
    return np.array(
        [
            [
                bias + sum(np.correlate(a, v, "valid") for a, v in zip(item, kernel, strict=True))
                for kernel, bias in zip(w, b, strict=True)
            ]
            for item in x
        ]
    )


def _oracle(inputs):
    def numpy(f, rng, rung):
        return {"y": _by_numpy(*inputs(rng, rung))}

    return numpy


@claim(
    "one item, with a bias",
    by_hand="y[0,0,0] = window * kernel + bias = 1*1 + 2*2 + 3*3 + 5*1 + 10 = 29",
    oracle=_oracle(_one_item),
)
def one_item(f, rng, rung):
    return {"y": f.conv1d(*_one_item(rng, rung))}


@claim(
    "several items, without a bias",
    by_hand="y[1,0,0] = x[1,0,0]*w[0,0,0] + x[1,0,1]*w[0,0,1] = 3*1 + 5*2 = 13",
    oracle=_oracle(_several_items),
)
def several_items(f, rng, rung):
    return {"y": f.conv1d(*_several_items(rng, rung))}
