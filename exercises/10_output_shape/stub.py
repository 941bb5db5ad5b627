"""How many outputs a sliding window has along one axis."""


def output_size(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Integers, padding also as (before, after) -> how many windows there are, an int."""
    raise NotImplementedError
