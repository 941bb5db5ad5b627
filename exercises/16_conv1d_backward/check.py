"""Claims about the gradients of a 1-D convolution."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("conv1d_backward",)
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


def _inputs(rng, rung, stride=1, padding=0, spare=0):
    """x, w, g, more general at each rung; spare: places at the end that no output uses."""
    if rung == 0:
        x, w = np.array([[[1.0, 2.0, 4.0, 7.0]]]), np.array([[[1.0, 2.0, 3.0]]])
    else:
        batch, channels, out, kernel = (2, 1, 2, 3) if rung == 1 else (3, 2, 4, 3)
        x = rng.standard_normal((batch, channels, 4 * stride + kernel - 2 * padding + spare))
        w = rng.standard_normal((out, channels, kernel))
    length = (x.shape[2] + 2 * padding - w.shape[2]) // stride + 1
    shape = (len(x), len(w), length)
    g = rng.standard_normal(shape)
    if rung == 0:
        g = np.resize([0.5, -1.25, 0.75, 2.0], shape)
    return x, w, g


def _forward(x, w, stride, padding):
    """By loops, independent of the solution."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    length = (x.shape[2] - w.shape[2]) // stride + 1
    y = np.zeros((len(x), len(w), length))
    for i in range(length):
        for k in range(w.shape[2]):
            y[:, :, i] += x[:, :, i * stride + k] @ w[:, :, k].T
    return y


def _slopes(loss, array, step=1e-6):
    """Central differences of loss() by each element of array."""
    slopes = np.zeros_like(array)
    for at in np.ndindex(array.shape):
        old = array[at]
        array[at] = old + step
        high = loss()
        array[at] = old - step
        slopes[at] = (high - loss()) / (2 * step)
        array[at] = old
    return slopes


def _numeric(stride_and_spare, padding):
    def numeric(f, rng, rung):
        stride, spare = stride_and_spare(rung)
        x, w, g = _inputs(rng, rung, stride, padding, spare)

        def loss():
            return (g * _forward(x, w, stride, padding)).sum()

        return {"dx": _slopes(loss, x), "dw": _slopes(loss, w), "db": g.sum(axis=0).sum(axis=1)}

    return numeric


@claim(
    "dx, dw and db, at strides 1 and 2",
    by_hand="dw[0,0,0] = g[0]*x[0] + g[1]*x[1] = 0.5*1 - 1.25*2 = -2",
    oracle=_numeric(lambda rung: (1, 0) if rung == 0 else (2, 1), 0),
)
def strides(f, rng, rung):
    stride, spare = (1, 0) if rung == 0 else (2, 1)  # spare: places that no output uses
    x, w, g = _inputs(rng, rung, stride, spare=spare)
    dx, dw, db = f.conv1d_backward(x, w, g, stride)
    return {"dx": dx, "dw": dw, "db": db}


@claim("dx and dw with padding 1", oracle=_numeric(lambda rung: (1, 0), 1))
def padded(f, rng, rung):
    x, w, g = _inputs(rng, rung, padding=1)
    dx, dw, db = f.conv1d_backward(x, w, g, padding=1)
    return {"dx": dx, "dw": dw, "db": db}
