"""Other right answers for a convolution over any number of axes."""

import itertools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnscratch.learn import right


@right("conv_nd")
def by_loops(x, w, strides, pads):
    """One output at a time, one product at a time."""
    rank = x.ndim - 2
    size, kernel = x.shape[2:], w.shape[2:]
    out = [(size[d] + pads[d] + pads[d + rank] - kernel[d]) // strides[d] + 1 for d in range(rank)]
    y = np.zeros((x.shape[0], w.shape[0], *out))
    for at in itertools.product(*map(range, out)):
        for place in itertools.product(*map(range, kernel)):
            source = tuple(at[d] * strides[d] + place[d] - pads[d] for d in range(rank))
            if all(0 <= source[d] < size[d] for d in range(rank)):
                y[(..., *at)] += x[(..., *source)] @ w[(..., *place)].T
    return y


@right("conv_nd")
def with_windows(x, w, strides, pads):
    """A view of all windows, every s-th of them, times the kernels."""
    rank = x.ndim - 2
    padded = np.zeros(
        [*x.shape[:2], *(n + pads[d] + pads[rank + d] for d, n in enumerate(x.shape[2:]))]
    )
    inside = tuple(slice(pads[d], pads[d] + n) for d, n in enumerate(x.shape[2:]))
    padded[(..., *inside)] = x
    axes = tuple(range(2, 2 + rank))
    windows = sliding_window_view(padded, w.shape[2:], axis=axes)
    windows = windows[(slice(None), slice(None), *(slice(None, None, s) for s in strides))]
    # (N, C, *out, *kernel) and (O, C, *kernel): summed over C and the kernel
    summed = [1, *range(2 + rank, 2 + 2 * rank)]
    return np.moveaxis(np.tensordot(windows, w, (summed, [1, *axes])), -1, 1)


@right("conv_nd")
def always_in_three(x, w, strides, pads):
    """Missing axes are added with size 1, and removed at the end."""
    rank = x.ndim - 2
    begin, end = pads[:rank], pads[rank:]
    missing = (1,) * (3 - rank)
    volume = x.reshape(*x.shape[:2], *missing, *x.shape[2:])
    kernels = w.reshape(*w.shape[:2], *missing, *w.shape[2:])
    pairs = [(0, 0)] * (5 - rank) + list(zip(begin, end, strict=True))
    volume = np.pad(volume, pairs)
    a, b, c = *missing, *strides
    depth, height, width = (
        n - k + 1 for n, k in zip(volume.shape[2:], kernels.shape[2:], strict=True)
    )
    y = 0
    for i, j, k in np.ndindex(kernels.shape[2:]):
        view = volume[:, :, i : i + depth : a, j : j + height : b, k : k + width : c]
        y = y + np.einsum("ncijk,oc->noijk", view, kernels[:, :, i, j, k])
    return y.reshape(*y.shape[:2], *y.shape[5 - rank :])
