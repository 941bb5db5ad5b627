"""Max pooling, forward and backward."""

import numpy as np


def max_pool(x, g, size, stride, padding=0, dilation=1):
    """x (N, C, H, W), g = dL/dy (N, C, H', W'), size (KH, KW) -> y (N, C, H', W'), dx like x."""
    height, width = x.shape[2:]
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded = np.pad(x, border, constant_values=-np.inf)
    views = []  # for each place of the window, its slice over all outputs
    for k, m in np.ndindex(*size):
        corner = (k * dilation, m * dilation)
        ends = (start + stride * n for start, n in zip(corner, g.shape[2:], strict=True))
        steps = (slice(start, end, stride) for start, end in zip(corner, ends, strict=True))
        views.append((..., *steps))
    values = np.stack([padded[view] for view in views])
    winner = values.argmax(0)  # the first of equal ones
    dpadded = np.zeros_like(padded)
    for number, view in enumerate(views):
        dpadded[view] += np.where(winner == number, g, 0)
    return values.max(0), dpadded[:, :, padding : padding + height, padding : padding + width]
