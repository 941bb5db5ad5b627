"""Other right answers for a convolution as a matrix product."""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnscratch.learn import right


@right("conv1d_by_matmul")
def row_by_row(x, w, stride=1):
    """Lists of windows and kernels."""
    (items, _, length), (out, _, kernel) = x.shape, w.shape
    starts = range(0, length - kernel + 1, stride)
    columns = np.array([item[:, i : i + kernel].ravel() for item in x for i in starts])
    matrix = np.stack([one.ravel() for one in w], axis=1)
    product = columns @ matrix
    y = np.empty((items, out, len(starts)))
    for n in range(items):
        y[n] = product[n * len(starts) : (n + 1) * len(starts)].T
    return columns, matrix, y


@right("conv1d_by_matmul")
def from_a_view(x, w, stride=1):
    """Windows as a view; einsum for the product."""
    (items, channels, length), (out, _, kernel) = x.shape, w.shape
    a, b, c = x.strides
    count = (length - kernel) // stride + 1
    view = as_strided(x, (items, count, channels, kernel), (a, c * stride, b, c), writeable=False)
    columns = view.reshape(items * count, channels * kernel)
    matrix = w.transpose(1, 2, 0).reshape(-1, out)
    y = np.einsum("nij,jo->noi", columns.reshape(items, count, -1), matrix)
    return columns, matrix, y
