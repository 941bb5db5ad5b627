"""The number of outputs of a sliding window along one axis."""


def output_size(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """ints, padding also (before, after) -> number of windows, an int; ValueError if none fits."""
    before, after = (padding, padding) if isinstance(padding, int) else padding
    room = size + before + after - (dilation * (kernel - 1) + 1)
    if room < 0:
        raise ValueError("the window is longer than the padded input")
    steps, rest = divmod(room, stride)
    extra = ceil_mode and rest > 0 and (steps + 1) * stride < size + before
    return steps + 1 + extra
