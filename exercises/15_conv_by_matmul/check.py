"""Claims about a convolution as one matrix product."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("conv1d_by_matmul",)
READS = "nnscratch/engines/numpy/im2col.py"
FORBIDDEN = {
    f"{library}.{name}": "compute the sum as a product of two matrices"
    for library, names in (
        ("numpy", ("convolve", "correlate")),
        ("scipy.signal", ("convolve", "correlate", "fftconvolve", "oaconvolve", "lfilter")),
        ("scipy.signal", ("convolve2d", "correlate2d", "upfirdn")),
        ("scipy.ndimage", ("convolve", "correlate", "convolve1d", "correlate1d")),
    )
    for name in names
}


def _coded(*shape):
    """a[i, j, k] = 100 i + 10 j + k."""
    i, j, k = np.indices(shape)
    return 100.0 * i + 10.0 * j + k


def _larger(rng, rung):
    """Index-coded or random numbers, of various sizes."""
    items, channels, out, kernel, stride = map(int, rng.integers((2, 2, 2, 2, 1), (5, 4, 5, 4, 4)))
    length = kernel + stride * int(rng.integers(1, 3)) + int(rng.integers(0, stride))
    length = min(length, 10)  # one digit for each index
    if rung == 1:
        return _coded(items, channels, length), _coded(out, channels, kernel), stride
    x = rng.standard_normal((items, channels, length))
    return x, rng.standard_normal((out, channels, kernel)), stride


def _for_columns(rng, rung):
    return (_coded(2, 2, 3), np.ones((1, 2, 2)), 1) if rung == 0 else _larger(rng, rung)


def _for_matrix(rng, rung):
    return (np.ones((1, 2, 3)), _coded(2, 2, 2), 1) if rung == 0 else _larger(rng, rung)


def _for_y(rng, rung):
    if rung == 0:
        x = np.array([[[1.0, 2.0, 4.0]], [[3.0, 5.0, 1.0]]])
        return x, np.array([[[1.0, 10.0]], [[2.0, 0.0]]]), 1
    return _larger(rng, rung)


def _by_loops(x, w, stride):
    (items, channels, length), (out, _, kernel) = x.shape, w.shape
    count = (length - kernel) // stride + 1
    columns = np.zeros((items * count, channels * kernel))
    matrix = np.zeros((channels * kernel, out))
    y = np.zeros((items, out, count))
    for c in range(channels):
        for k in range(kernel):
            for o in range(out):
                matrix[c * kernel + k, o] = w[o, c, k]
            for n in range(items):
                for i in range(count):
                    columns[n * count + i, c * kernel + k] = x[n, c, i * stride + k]
                    y[n, :, i] += w[:, c, k] * x[n, c, i * stride + k]
    return {"columns": columns, "matrix": matrix, "y": y}


def _oracle(inputs, name):
    def loops(f, rng, rung):
        return {name: _by_loops(*inputs(rng, rung))[name]}

    return loops


@claim(
    "columns, a row for each window",
    by_hand="columns[3,2] = item 1, channel 1, place 1 = 100*1 + 10*1 + 1 = 111",
    oracle=_oracle(_for_columns, "columns"),
)
def windows_in_rows(f, rng, rung):
    columns, _, _ = f.conv1d_by_matmul(*_for_columns(rng, rung))
    return {"columns": columns}


@claim(
    "matrix, a column for each kernel",
    by_hand="matrix[1,1] = kernel 1, channel 0, place 1 = 100*1 + 10*0 + 1 = 101",
    oracle=_oracle(_for_matrix, "matrix"),
)
def kernels_in_columns(f, rng, rung):
    _, matrix, _ = f.conv1d_by_matmul(*_for_matrix(rng, rung))
    return {"matrix": matrix}


@claim(
    "y, the product with its axes in order",
    by_hand="y[1,0,1] = x[1,0,1]*w[0,0,0] + x[1,0,2]*w[0,0,1] = 5*1 + 1*10 = 15",
    oracle=_oracle(_for_y, "y"),
)
def product_in_order(f, rng, rung):
    _, _, y = f.conv1d_by_matmul(*_for_y(rng, rung))
    return {"y": y}
