"""Other right answers for the receptive field."""

import numpy as np

from nnscratch.learn import right


@right("receptive_field")
def by_cumulative_sums(kinds, kernels, strides, paddings, dilations):
    """All layers at once."""
    after = np.cumprod(strides)
    before = np.append(1, after[:-1])
    reach = (np.asarray(kernels) - 1) * dilations
    return 1 + np.cumsum(reach * before), after, -np.cumsum(np.multiply(paddings, before))


@right("receptive_field")
def by_following_two_places(kinds, kernels, strides, paddings, dilations):
    """The ends of place 0, and the start of place 1, traced back to the input."""
    layers = list(zip(kernels, strides, paddings, dilations, strict=True))
    field, jump, start = [], [], []
    for depth in range(1, len(layers) + 1):
        low, high, following = 0, 0, 1
        for k, s, p, d in reversed(layers[:depth]):
            low, high, following = low * s - p, high * s - p + (k - 1) * d, following * s - p
        field.append(high - low + 1)
        jump.append(following - low)
        start.append(low)
    return field, jump, start


@right("seen")
def by_looking_at_each(field, jump, start, places, size):
    """Test each pixel of the input."""
    first, last = [], []
    for place in places:
        begin = start + jump * place
        pixels = [pixel for pixel in range(size) if begin <= pixel <= begin + field - 1]
        first.append(pixels[0])
        last.append(pixels[-1])
    return first, last


@right("seen")
def by_clipping(field, jump, start, places, size):
    """Both ends, clipped to the input."""
    ends = np.add.outer([0, field - 1], start + places * jump)
    return tuple(np.clip(ends, 0, size - 1))
