"""Other right answers for the transposed convolution."""

import numpy as np

from nnscratch.learn import right


@right("conv_transpose1d")
def by_loops(y, w, stride=1, padding=0, output_padding=0):
    """Each product is added to its place unless the place is cut off."""
    (items, out, count), (_, channels, kernel) = y.shape, w.shape
    x = np.zeros((items, channels, (count - 1) * stride + kernel + output_padding - 2 * padding))
    for n, o, i in np.ndindex(items, out, count):
        for c, k in np.ndindex(channels, kernel):
            j = i * stride + k - padding
            if 0 <= j < x.shape[2]:
                x[n, c, j] += y[n, o, i] * w[o, c, k]
    return x


@right("conv_transpose1d")
def by_columns(y, w, stride=1, padding=0, output_padding=0):
    """All windows by one matrix product, then added up (col2im)."""
    items, out, count = y.shape
    columns = y.swapaxes(1, 2) @ w.reshape(out, -1)  # (N, L', C K)
    columns = columns.reshape(items, count, *w.shape[1:]).swapaxes(1, 2)  # (N, C, L', K)
    places = np.arange(count)[:, None] * stride + np.arange(w.shape[2])
    total = np.zeros((items, w.shape[1], places.max() + 1 + output_padding))
    np.add.at(total, (slice(None), slice(None), places), columns)
    return total[..., padding : total.shape[2] - padding].copy()


@right("conv_transpose1d")
def as_a_sliding_sum(y, w, stride=1, padding=0, output_padding=0):
    """Zeros between the numbers of y and around them; the flipped kernel slides over it."""
    items, out, count = y.shape
    kernel = w.shape[2]
    length = (count - 1) * stride + kernel + output_padding - 2 * padding
    wide = np.zeros((items, out, (count - 1) * stride + 2 * kernel - 1 + output_padding))
    wide[:, :, kernel - 1 : kernel + (count - 1) * stride : stride] = y
    flipped = w[:, :, ::-1]
    return np.stack(
        [
            np.einsum("nok,ock->nc", wide[:, :, j : j + kernel], flipped)
            for j in range(padding, padding + length)
        ],
        axis=2,
    )
