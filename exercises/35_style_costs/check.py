"""Claims about the costs of style transfer and the loop."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("costs", "stylise")
READS = "nnscratch/style/losses.py"


# -- costs ----------------------------------------------------------------------------------------


def _features_given(rng, rung):
    """generated, content, style, alpha, beta; the style has another size, all axes differ."""
    if rung == 0:
        generated, style = np.array([[[1.0, 3.0]], [[2.0, 0.0]]]), np.array([[[1.0]], [[2.0]]])
        return generated, np.ones((2, 1, 2)), style, 2.0, 8.0
    channels, *size, height, width = rng.permutation([2, 3, 4, 5, 6])
    generated, content = rng.standard_normal((2, channels, *size)) + 0.5
    style = rng.standard_normal((channels, height, width)) + 0.2
    return generated, content, style, *rng.uniform(1, 4, 2)


def _cost_values(generated, content, style, alpha, beta):
    """From the definition, without any slope."""

    def gram(x):
        return np.einsum("ihw,jhw->ij", x, x) / x[0].size

    content_cost = 0.5 * ((generated - content) ** 2).sum()
    style_cost = np.mean((gram(generated) - gram(style)) ** 2) / 4
    return content_cost, style_cost, alpha * content_cost + beta * style_cost


def _slopes(function, array, step=1e-6):
    """Central differences of function(array) by each element."""
    array = array.copy()
    slopes = np.zeros(array.shape)
    for at in np.ndindex(array.shape):
        old = array[at]
        array[at] = old + step
        high = function(array)
        array[at] = old - step
        slopes[at] = (high - function(array)) / (2 * step)
        array[at] = old
    return slopes


def _numeric(f, rng, rung):
    generated, *others = _features_given(rng, rung)
    content, style, total = _cost_values(generated, *others)
    slope = _slopes(lambda x: _cost_values(x, *others)[2], generated)
    return {"content": content, "style": style, "total": total, "slope": slope}


@claim(
    "the costs and their slope",
    by_hand="total = alpha*content + beta*style = 2*6/2 + 8*22/16 = 17",
    oracle=_numeric,
)
def values(f, rng, rung):
    content, style, total, slope = f.costs(*_features_given(rng, rung))
    return {"content": content, "style": style, "total": total, "slope": slope}


# -- the loop -------------------------------------------------------------------------------------

MIX = {
    1: np.array([[2.0]]),
    3: np.array([[1.1, -0.6, 0.4], [-0.3, 0.9, 0.8], [0.5, 0.7, -1.2], [0.2, 1.0, 0.6]]),
}


def features(image):
    """A layer of the given network: channels are mixed, then a mild nonlinearity."""
    mixed = np.einsum("ck,khw->chw", MIX[len(image)], image)
    return mixed if len(image) == 1 else mixed + mixed**2 / 2


def pull(image, slope):
    """∂/∂features at an image -> ∂/∂image."""
    mixed = np.einsum("ck,khw->chw", MIX[len(image)], image)
    slope = slope if len(image) == 1 else slope * (1 + mixed)
    return np.einsum("ck,chw->khw", MIX[len(image)], slope)


def cost(generated, content, style):
    """Content and style with weights 1 and 2, for one channel 1 and 1."""
    beta = 1.0 if len(generated) == 1 else 2.0
    rows = [x.reshape(len(x), -1) for x in (generated, style)]
    generated_gram, style_gram = (x @ x.T / x.shape[1] for x in rows)
    difference, gram_difference = generated - content, generated_gram - style_gram
    total = (difference**2).sum() / 2 + beta * (gram_difference**2).mean() / 4
    slope = gram_difference @ rows[0] / (len(generated) ** 2 * rows[0].shape[1])
    return total, difference + beta * slope.reshape(generated.shape)


def _pictures(rng, rung):
    """image, content, style, rate and number of steps; some pixels reach a border."""
    if rung == 0:
        content = np.array([[[1.0, 0.5], [0.5, 0.5]]])
        return np.full((1, 2, 2), 0.5), content, np.ones((1, 1, 2)), 0.25, 1
    height, width, other, another = rng.permutation([2, 3, 4, 5])
    image, content = rng.uniform(0, 1, (2, 3, height, width))
    style = rng.uniform(0, 1, (3, other, another))
    if rung == 3:  # steps far too long: the total sometimes rises
        return image, content, style, float(rng.uniform(1, 2)), 6
    return image, content, style, float(rng.uniform(0.05, 0.1)), 2 + rung


def _of_the_loop():
    def numeric(f, rng, rung):
        image, content, style, rate, steps = _pictures(rng, rung)

        targets, beta = (features(content), features(style)), 1.0 if len(image) == 1 else 2.0

        def total(x):
            return _cost_values(features(x), *targets, 1.0, beta)[2]

        totals = []
        for _ in range(steps):
            totals.append(total(image))
            image = np.minimum(np.maximum(image - rate * _slopes(total, image), 0), 1)
        return {"image": image, "totals": totals}

    return numeric


@claim(
    "gradient descent on the pixels",
    rungs=4,
    by_hand="image[0,0,1] = x - rate*2*slope = 0.5 - 0.25*2*((1-1) + (1-4)*1/4) = 0.875",
    oracle=_of_the_loop(),
    image=("image",),
)
def descent(f, rng, rung):
    image, content, style, rate, steps = _pictures(rng, rung)
    image, totals = f.stylise(image, content, style, features, pull, cost, rate, steps)
    return {"image": image, "totals": totals}
