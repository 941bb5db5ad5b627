"""Other right answers for the output size of a sliding window."""

from math import ceil, floor

from nnscratch.learn import right


@right("output_size")
def by_laying_windows(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Windows are placed one after the other and counted."""
    try:
        before, after = padding
    except TypeError:
        before = after = padding
    end = before + size + after
    covered = 0  # end of the last window
    count = start = 0
    while start + (kernel - 1) * dilation < end:
        covered = start + (kernel - 1) * dilation + 1
        count += 1
        start += stride
    if count == 0:
        raise ValueError("no window fits")
    if ceil_mode and covered < end and start < before + size:
        count += 1
    return count


@right("output_size")
def by_range(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The starts as a range."""
    before, after = padding if isinstance(padding, (tuple, list)) else (padding,) * 2
    span = kernel + (kernel - 1) * (dilation - 1)
    if span > size + before + after:
        raise ValueError(f"a window of {span} in {size + before + after} places")
    past = size + before + after - span + 1
    if ceil_mode:
        past = min(past + stride - 1, before + size)
        return max(len(range(0, past, stride)), 1)
    return len(range(0, past, stride))


@right("output_size")
def by_fractions(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """floor and ceil of a quotient."""
    if isinstance(padding, int):
        padding = (padding, padding)
    moves = (size + sum(padding) - dilation * (kernel - 1) - 1) / stride
    if moves < 0:
        raise ValueError("no window fits")
    if ceil_mode:
        starts = ceil(moves) * stride
        return ceil(moves) + 1 if starts < size + padding[0] else ceil(moves)
    return floor(moves) + 1
