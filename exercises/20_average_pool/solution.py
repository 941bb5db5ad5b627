"""Average pooling, local and global, and LP pooling."""

import numpy as np


def avg_pool(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The mean of each window: x (N, C, H, W), size (KH, KW) -> (N, C, H', W')."""
    lengths = zip(x.shape[2:], size, strict=True)
    out = [window_count(n, k, stride, padding, ceil_mode) for n, k in lengths]
    border = padding if count_padding else 0
    y = np.empty((*x.shape[:2], *out))
    for at in np.ndindex(*out):
        pixels, count = [], 1
        for i, n, k in zip(at, x.shape[2:], size, strict=True):
            start = i * stride - padding
            pixels.append(slice(max(start, 0), start + k))
            count *= min(start + k, n + border) - max(start, -border)
        y[:, :, *at] = x[:, :, *pixels].sum((2, 3)) / count
    return y


def window_count(n, k, stride, padding, ceil_mode):
    """The number of windows of length k along an axis of length n."""
    room = n + 2 * padding - k
    if not ceil_mode:
        return room // stride + 1
    last = -(-room // stride)  # rounded up
    return last if last * stride >= n + padding else last + 1


def global_avg_pool(x):
    """The mean of each channel of each item: x (N, C, H, W) -> (N, C)."""
    return x.mean((2, 3))


def lp_pool(x, p, size, stride):
    """The p-norm of each window: x (N, C, H, W), size (KH, KW) -> (N, C, H', W')."""
    return (avg_pool(abs(x) ** p, size, stride) * size[0] * size[1]) ** (1 / p)
