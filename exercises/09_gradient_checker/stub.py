"""A claimed gradient compared with measured slopes."""

import numpy as np


def gradient_check(function, gradient, x, g):
    """function(x) -> y, gradient(x, g) -> dx; x (any shape), g (shape of y) -> error, a float."""
    raise NotImplementedError
