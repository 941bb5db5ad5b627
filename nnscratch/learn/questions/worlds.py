"""Questions on signals and volumes: one axis, or three.

Stands on `functional`.
"""

import numpy as np

import nnscratch.functional as F
from nnscratch.learn.questions.words import size
from nnscratch.learn.quiz import Computed, Option, Question, predicts

TOPIC = "signals and volumes"


def _signal() -> Computed:
    x, first, second = np.ones((1, 1, 14)), np.ones((16, 1, 5)), np.ones((32, 16, 5))
    y = F.conv1d(x, first)
    z = F.conv1d(y, second)
    return {
        "first": [y.shape[2], y.shape[1]],
        "second": [z.shape[2], z.shape[1]],
        "weights": second[0].size,
    }


SIGNAL = Question(
    TOPIC,
    "An EKG of 14 numbers goes to 16 filters of length 5, and what comes out to 32 filters of "
    "length 5 (no padding). What is there in the end, places x channels?",
    tuple(
        Option(size(wanted), predicts("second", wanted))
        for wanted in ([6, 32], [10, 32], [6, 512], [5, 32])
    ),
    _signal,
    lambda c: [
        f"14 x 1 -> {size(c['first'])} -> {size(c['second'])}",
        f"a filter of the second layer: 5 x 16 = {c['weights']} weights",
    ],
    "14 - 5 + 1 = 10 and 10 - 5 + 1 = 6 places. A filter reaches through all 16 channels, so each "
    "makes one new channel, not 16.",
)


def _volume() -> Computed:
    ct = np.ones((8, 14, 14))
    solid = F.conv3d(ct[None, None], np.ones((16, 1, 5, 5, 5)))
    flat = F.conv3d(ct[None, None], np.ones((16, 1, 1, 5, 5)))
    as_channels = F.conv2d(ct[None], np.ones((16, 8, 5, 5)))
    return {
        "conv3d": [*solid.shape[2:], solid.shape[1]],
        "conv3d, 1 x 5 x 5": [*flat.shape[2:], flat.shape[1]],
        "conv2d, slices as channels": [*as_channels.shape[2:], as_channels.shape[1]],
    }


VOLUME = Question(
    TOPIC,
    "A CT of 8 slices of 14 x 14, one channel, goes to 16 filters of 5 x 5 x 5 (no padding). What "
    "comes out, channels last?",
    tuple(
        Option(text, predicts("conv3d", wanted))
        for text, wanted in (
            ("10 x 10 x 16: a filter sees all slices at once", [10, 10, 16]),
            ("8 x 10 x 10 x 16: each slice for itself", [8, 10, 10, 16]),
            ("4 x 10 x 10 x 1: the filters' answers are added", [4, 10, 10, 1]),
            ("4 x 10 x 10 x 16: the filters slide along the depth too", [4, 10, 10, 16]),
        )
    ),
    _volume,
    lambda c: [f"{name:<26}  {size(shape)}" for name, shape in c.items()],
    "Depth is an axis like height and width: 8 - 5 + 1 = 4. Channels are summed over, axes are "
    "slid along.",
)

QUESTIONS = (SIGNAL, VOLUME)
