"""All windows of a signal as a view."""

from numpy.lib.stride_tricks import as_strided


def windows(x, size, stride=1, dilation=1):
    """x (N, C, L) -> read-only view (N, L', C, size); ValueError if no window fits."""
    span = dilation * (size - 1) + 1
    if span > x.shape[2]:
        raise ValueError(f"windows: expected at least {span} places, got {x.shape[2]}")
    item, channel, place = x.strides
    shape = (len(x), (x.shape[2] - span) // stride + 1, x.shape[1], size)
    strides = (item, place * stride, channel, place * dilation)
    return as_strided(x, shape, strides, writeable=False)
