"""Other right answers for max pooling and its gradient."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnscratch.learn import right


@right("max_pool")
def by_loops(x, g, size, stride, padding=0, dilation=1):
    """One window at a time; places outside of the image are skipped."""
    y, dx = np.full(g.shape, -np.inf), np.zeros(x.shape)
    for n, c, i, j in np.ndindex(g.shape):
        best = None
        for k in range(size[0]):
            for m in range(size[1]):
                row = i * stride + k * dilation - padding
                column = j * stride + m * dilation - padding
                if not (0 <= row < x.shape[2] and 0 <= column < x.shape[3]):
                    continue
                if x[n, c, row, column] > y[n, c, i, j]:
                    y[n, c, i, j], best = x[n, c, row, column], (n, c, row, column)
        dx[best] += g[n, c, i, j]
    return y, dx


@right("max_pool")
def by_index(x, g, size, stride, padding=0, dilation=1):
    """A view of all windows, and one np.add.at with computed places."""
    batch, channels, height, width = x.shape
    padded = np.full(
        (batch, channels, height + 2 * padding, width + 2 * padding), np.finfo(x.dtype).min
    )
    padded[:, :, padding : padding + height, padding : padding + width] = x
    spans = [dilation * (k - 1) + 1 for k in size]
    windows = sliding_window_view(padded, spans, axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride, ::dilation, ::dilation]
    flat = windows.reshape(*windows.shape[:4], -1)
    k, m = np.divmod(flat.argmax(-1), size[1])
    items, planes, rows, columns = np.indices(g.shape)
    dpadded = np.zeros_like(padded)
    place = (items, planes, rows * stride + k * dilation, columns * stride + m * dilation)
    np.add.at(dpadded, place, g)
    return flat.max(-1), dpadded[:, :, padding : padding + height, padding : padding + width]


@right("max_pool")
def ties_share(x, g, size, stride, padding=0, dilation=1):
    """Equal maxima share the gradient."""
    p = padding
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=-np.inf)
    dpadded, y = np.zeros(padded.shape), np.zeros(g.shape)
    for i, j in np.ndindex(g.shape[2:]):
        rows = np.arange(size[0]) * dilation + i * stride
        columns = np.arange(size[1]) * dilation + j * stride
        view = (slice(None), slice(None), rows[:, None], columns)
        best = padded[view].max((2, 3), keepdims=True)
        mask = padded[view] == best
        dpadded[view] += g[:, :, i, j, None, None] * mask / mask.sum((2, 3), keepdims=True)
        y[:, :, i, j] = best[:, :, 0, 0]
    return y, dpadded[:, :, p : p + x.shape[2], p : p + x.shape[3]]


@right("max_pool")
def last_tie(x, g, size, stride, padding=0, dilation=1):
    """The last of equal maxima gets the gradient."""
    p = padding
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=-np.inf)
    dpadded, y = np.zeros(padded.shape), np.zeros(g.shape)
    for n, c, i, j in np.ndindex(g.shape):
        places = [
            (n, c, i * stride + k * dilation, j * stride + m * dilation)
            for k, m in np.ndindex(*size)
        ]
        winner = max(reversed(places), key=lambda place: padded[place])
        y[n, c, i, j] = padded[winner]
        dpadded[winner] += g[n, c, i, j]
    return y, dpadded[:, :, p : p + x.shape[2], p : p + x.shape[3]]
