"""Other right answers for stride, padding and dilation."""

import numpy as np

from nnscratch.learn import right


@right("conv1d")
def without_padding(x, w, stride=1, padding=0, dilation=1):
    """By loops; places outside the signal are skipped."""
    (items, channels, size), (out, _, kernel) = x.shape, w.shape
    length = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    y = np.zeros((items, out, length))
    for n, o, i in np.ndindex(y.shape):
        for k in range(kernel):
            place = i * stride + k * dilation - padding
            if 0 <= place < size:
                for c in range(channels):
                    y[n, o, i] += x[n, c, place] * w[o, c, k]
    return y


@right("conv1d")
def by_indices(x, w, stride=1, padding=0, dilation=1):
    """All windows at once, then one einsum."""
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding))
    padded[:, :, padding : padding + x.shape[2]] = x
    starts = np.arange(0, padded.shape[2] - dilation * (w.shape[2] - 1), stride)
    windows = padded[:, :, starts[:, None] + dilation * np.arange(w.shape[2])]
    return np.einsum("ncik,ock->noi", windows, w)


@right("conv1d")
def every_window_then_some(x, w, stride=1, padding=0, dilation=1):
    """A wide kernel with zeros in its gaps at every place; of the results every stride-th one."""
    x = np.concatenate([np.zeros((*x.shape[:2], padding)), x, np.zeros((*x.shape[:2], padding))], 2)
    wide = np.zeros((*w.shape[:2], dilation * (w.shape[2] - 1) + 1))
    wide[:, :, ::dilation] = w
    ends = range(wide.shape[2], x.shape[2] + 1, stride)
    return np.stack(
        [np.einsum("nck,ock->no", x[:, :, e - wide.shape[2] : e], wide) for e in ends], axis=-1
    )
