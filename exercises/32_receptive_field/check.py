"""Claims about receptive fields."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("receptive_field", "seen")
READS = "nnscratch/summary/shapes.py"
PIXELS = 1500  # of the input on which footprints are measured


def _layers(rng, rung):
    """kinds, kernels, strides, paddings, dilations."""
    if rung == 0:
        kinds = np.array(["conv", "conv", "pool"])
        return kinds, *np.array([[3, 3, 2], [2, 1, 2], [1, 1, 0], [1, 2, 1]])
    count = int(rng.integers(3, 6))
    kinds = np.where(rng.random(count) < 0.5, "conv", "pool")
    kinds[0], kinds[rng.integers(1, count)] = "conv", "pool"
    kernels, strides = rng.integers(2, 5, count), rng.integers(1, 4, count)
    strides[3:] = 1
    paddings, dilations = rng.integers(0, 3, count), rng.integers(1, 4, count)
    paddings[1], dilations[1], strides[0] = 1, 2, 2
    if rung == 1:
        dilations[kinds == "pool"] = 1
    else:
        dilations[kinds == "pool"] += 1
    return kinds, kernels, strides, paddings, dilations


def _footprint(layers, place, lengths):
    """The pixels that a gradient reaches from one place, back through windows of ones."""
    g = np.zeros(lengths[-1])
    g[place] = 1
    for (k, s, p, d), length in zip(layers[::-1], lengths[-2::-1], strict=True):
        padded = np.zeros(length + 2 * p)
        for i in range(k):
            padded[i * d : i * d + s * (len(g) - 1) + 1 : s] += g
        g = padded[p : p + length]
    return np.flatnonzero(g)


def _measured_fields(f, rng, rung):
    layers = list(zip(*(array.tolist() for array in _layers(rng, rung)[1:]), strict=True))
    lengths, rows = [PIXELS], []
    for depth, (k, s, p, d) in enumerate(layers, 1):
        lengths.append((lengths[-1] + 2 * p - (k - 1) * d - 1) // s + 1)
        middle = lengths[-1] // 2  # far from both borders
        here, there = (_footprint(layers[:depth], middle + i, lengths) for i in (0, 1))
        jump = there[0] - here[0]
        rows.append((here[-1] - here[0] + 1, jump, here[0] - middle * jump))
    return dict(zip(("field", "jump", "start"), np.array(rows).T, strict=True))


def _places(rng, rung):
    """field, jump, start, places at either end and between, and the size of the input."""
    if rung == 0:
        return 5, 2, -3, np.array([0, 2, 4]), 8
    field, jump = int(rng.integers(6, 12)), int(rng.integers(2, 6))
    start, size = -int(rng.integers(1, 5)), int(rng.integers(28, 36))
    last = (size - 1 - start) // jump
    return field, jump, start, np.array([0, 1, last // 2, last - 1, last]), size


def _measured_places(f, rng, rung):
    """Mark the window on a strip that is longer than the input."""
    field, jump, start, places, size = _places(rng, rung)
    rows = []
    for place in places:
        strip = np.zeros(3 * size)
        strip[size + start + place * jump :][:field] = 1
        rows.append(np.flatnonzero(strip[size : 2 * size])[[0, -1]])
    return dict(zip(("first", "last"), np.array(rows).T, strict=True))


_measured_fields.__name__ = _measured_places.__name__ = "measured"  # the heading of a column


@claim(
    "field, jump and start after each layer",
    by_hand="field[1] = 3 + (k - 1)*d*jump = 3 + (3 - 1)*2*2 = 11",
    oracle=_measured_fields,
)
def fields(f, rng, rung):
    field, jump, start = f.receptive_field(*_layers(rng, rung))
    return {"field": field, "jump": jump, "start": start}


@claim(
    "the pixels that places see",
    by_hand="last[1] = start + 2*jump + field - 1 = -3 + 2*2 + 5 - 1 = 5",
    oracle=_measured_places,
)
def pixels(f, rng, rung):
    first, last = f.seen(*_places(rng, rung))
    return {"first": first, "last": last}
