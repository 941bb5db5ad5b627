"""The costs of style transfer, and gradient descent on the pixels."""

import numpy as np


def costs(generated, content, style, alpha, beta):
    """Features (C, H, W), style (C, H', W') -> content cost, style cost, total, slope (C, H, W)."""
    channels = len(generated)
    rows = generated.reshape(channels, -1)
    difference = generated - content
    gram_difference = _gram(generated) - _gram(style)

    content_cost = (difference**2).sum() / 2
    style_cost = (gram_difference**2).sum() / (4 * channels**2)
    style_slope = (gram_difference @ rows).reshape(generated.shape) / (channels**2 * rows.shape[1])
    total = alpha * content_cost + beta * style_cost
    return content_cost, style_cost, total, alpha * difference + beta * style_slope


def _gram(features):
    """(C, H, W) -> (C, C)."""
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / rows.shape[1]


def stylise(image, content, style, features, pull, cost, rate, steps):
    """Pictures (K, H, W) -> the picture after `steps` steps, list of totals before each step."""
    content_target, style_target = features(content), features(style)
    totals = []
    for _ in range(steps):
        total, slope = cost(features(image), content_target, style_target)
        totals.append(total)
        image = np.clip(image - rate * pull(image, slope), 0, 1)
    return image, totals
