"""The number of outputs of a sliding window along one axis."""


def output_size(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """ints, padding also (before, after) -> number of windows, an int; ValueError if none fits."""
    raise NotImplementedError
