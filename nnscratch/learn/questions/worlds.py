"""Questions on signals and volumes: one axis, or three.

Stands on `functional`.
"""

import numpy as np

import nnscratch.functional as F
from nnscratch.learn.quiz import predictions, question, size

TOPIC = "signals and volumes"


def _shape(y):
    """y (1, C, *size) -> [*size, C]."""
    return [*y.shape[2:], y.shape[1]]


@question(TOPIC, *predictions("second", [6, 32], [10, 32], [6, 512], [5, 32]))
def signal():
    """An EKG of 14 numbers goes through 16 filters of length 5, and their output through 32
    filters of length 5 (no padding). What is the size of the result, length x channels?

    - 6 x 32
    - 10 x 32
    - 6 x 512
    - 5 x 32

    The lengths are 14 - 5 + 1 = 10 and 10 - 5 + 1 = 6. A filter covers all 16 channels, so each
    filter gives one new channel, not 16.
    """
    x, first, second = np.ones((1, 1, 14)), np.ones((16, 1, 5)), np.ones((32, 16, 5))
    y = F.conv1d(x, first)
    z = F.conv1d(y, second)
    return {"first": _shape(y), "second": _shape(z)}, [
        f"14 x 1 -> {size(_shape(y))} -> {size(_shape(z))}",
        f"a filter of the second layer: 5 x 16 = {second[0].size} weights",
    ]


@question(
    TOPIC, *predictions("conv3d", [10, 10, 16], [8, 10, 10, 16], [4, 10, 10, 1], [4, 10, 10, 16])
)
def volume():
    """A CT of 8 slices of 14 x 14, with one channel, goes through 16 filters of 5 x 5 x 5 (no
    padding). What is the size of the result, channels last?

    - 10 x 10 x 16: a filter covers all slices at once
    - 8 x 10 x 10 x 16: each slice is filtered separately
    - 4 x 10 x 10 x 1: the results of the filters are added
    - 4 x 10 x 10 x 16: the filters slide along the depth, too

    Depth is an axis like height and width: 8 - 5 + 1 = 4. A filter sums over channels and
    slides along axes.
    """
    ct = np.ones((8, 14, 14))
    shapes = {
        "conv3d": _shape(F.conv3d(ct[None, None], np.ones((16, 1, 5, 5, 5)))),
        "conv3d, 1 x 5 x 5": _shape(F.conv3d(ct[None, None], np.ones((16, 1, 1, 5, 5)))),
        "conv2d, slices as channels": _shape(F.conv2d(ct[None], np.ones((16, 8, 5, 5)))),
    }
    return shapes, [f"{name:<26}  {size(shape)}" for name, shape in shapes.items()]
