"""The costs of style transfer, and gradient descent on the pixels."""

import numpy as np


def costs(generated, content, style, alpha, beta):
    """Features (C, H, W), style (C, H', W') -> content cost, style cost, total, slope (C, H, W)."""
    raise NotImplementedError


def stylise(image, content, style, features, pull, cost, rate, steps):
    """Pictures (K, H, W) -> the picture after `steps` steps, list of totals before each step."""
    raise NotImplementedError
