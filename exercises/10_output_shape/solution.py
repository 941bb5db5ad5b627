"""How many outputs a sliding window has along one axis."""


def output_size(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Integers, padding also as (before, after) -> how many windows there are, an int."""
    before, after = (padding, padding) if isinstance(padding, int) else padding
    room = size + before + after - (dilation * (kernel - 1) + 1)
    if room < 0:
        raise ValueError("the window is longer than the padded input")
    steps, rest = divmod(room, stride)
    hangs_over = ceil_mode and rest > 0 and (steps + 1) * stride < size + before
    return steps + 1 + hangs_over
