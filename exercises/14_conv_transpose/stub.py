"""The transposed convolution."""

import numpy as np


def conv_transpose1d(y, w, stride=1, padding=0, output_padding=0):
    """y (N, O, L'), w (O, C, K) -> (N, C, (L' - 1)*stride + K + output_padding - 2*padding)."""
    raise NotImplementedError
