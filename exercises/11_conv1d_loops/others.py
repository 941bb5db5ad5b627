"""Other right answers for a 1-D convolution by loops."""

import numpy as np

from nnscratch.learn import right


@right("conv1d")
def five_loops(x, w, b):
    """One product at a time, in lists."""
    (items, channels, length), (out, _, kernel) = x.shape, w.shape
    y = []
    for n in range(items):
        rows = []
        for o in range(out):
            row = []
            for i in range(length - kernel + 1):
                total = 0.0
                for c in range(channels):
                    for k in range(kernel):
                        total += x[n, c, i + k] * w[o, c, k]
                row.append(total + b[o])
            rows.append(row)
        y.append(rows)
    return np.array(y)


@right("conv1d")
def over_the_kernel(x, w, b):
    """One matrix product for each place of the kernel."""
    length = x.shape[2] - w.shape[2] + 1
    return b[:, None] + sum(w[:, :, k] @ x[:, :, k : k + length] for k in range(w.shape[2]))


@right("conv1d")
def over_the_places(x, w, b):
    """One tensordot for each place of the result."""
    kernel = w.shape[2]
    starts = range(x.shape[2] - kernel + 1)
    windows = [x[:, :, i : i + kernel] for i in starts]
    return np.stack([np.tensordot(v, w, ((1, 2), (1, 2))) + b for v in windows], axis=2)
