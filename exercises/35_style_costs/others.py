"""Other right answers for the costs of style transfer and the loop."""

import numpy as np

from nnscratch.learn import right


@right("costs")
def by_einsum(generated, content, style, alpha, beta):
    """The formulas directly."""
    c, h, w = generated.shape
    g = np.einsum("ihw,jhw->ij", generated, generated) / (h * w)
    a = np.einsum("ihw,jhw->ij", style, style) / (style.shape[1] * style.shape[2])
    content_cost = 0.5 * np.sum((generated - content) ** 2)
    style_cost = np.mean((g - a) ** 2) / 4
    slope = np.einsum("ij,jhw->ihw", g - a, generated) * beta / (c * c * h * w)
    return (
        content_cost,
        style_cost,
        alpha * content_cost + beta * style_cost,
        slope + alpha * (generated - content),
    )


@right("costs")
def by_chain_rule(generated, content, style, alpha, beta):
    """Step by step back through the Gram matrix, every factor separate."""

    def flat(x):
        return x.reshape(x.shape[0], x.shape[1] * x.shape[2])

    f, s = flat(generated), flat(style)
    difference = f @ f.T / f.shape[1] - s @ s.T / s.shape[1]
    by_gram = beta * 2 * difference / (4 * len(f) ** 2)
    by_features = (by_gram @ f + by_gram.T @ f) / f.shape[1]
    by_features += alpha * (f - flat(content))
    halves = [np.linalg.norm(f - flat(content)) ** 2 / 2]
    halves.append(np.linalg.norm(difference) ** 2 / (2 * len(f)) ** 2)
    return *halves, alpha * halves[0] + beta * halves[1], by_features.reshape(generated.shape)


@right("stylise")
def in_a_copy(image, content, style, features, pull, cost, rate, steps):
    """One copy that is changed in place."""
    x, targets = image.copy(), (features(content), features(style))
    totals = np.zeros(steps)
    for k in range(steps):
        totals[k], slope = cost(features(x), *targets)
        x -= rate * pull(x, slope)
        x[x < 0] = 0
        x[x > 1] = 1
    return x, totals


@right("stylise")
def by_recursion(image, content, style, features, pull, cost, rate, steps):
    """One step, then the rest by recursion; the targets are computed again in each step."""
    if steps == 0:
        return image, []
    total, slope = cost(features(image), features(content), features(style))
    moved = np.minimum(1, np.maximum(0, image - rate * pull(image, slope)))
    last, later = by_recursion(moved, content, style, features, pull, cost, rate, steps - 1)
    return last, [total, *later]
