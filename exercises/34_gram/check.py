"""Claims about the Gram matrix and its gradient."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("gram",)
READS = "nnscratch/style/losses.py"


def _inputs(rng, rung):
    """At size 0 the digits encode channel and place: 13 is the third place of channel 1."""
    if rung == 0:
        features = np.array([[[[1.0, 2.0], [3.0, 4.0]], [[11.0, 12.0], [13.0, 14.0]]]])
        return features, np.array([[[1.0, 4.0], [0.0, 2.0]]])
    sizes = rng.permutation([2, 3, 4, 5])  # all different, so that no two axes can be mixed up
    return rng.standard_normal(sizes) + 0.3, rng.standard_normal((sizes[0], *[sizes[1]] * 2))


def _products(features):
    """By loops over pictures, pairs of channels, and places."""
    n, c, height, width = features.shape
    grams = np.zeros((n, c, c))
    for at in np.ndindex(n, c, c, height, width):
        k, i, j, y, x = at
        grams[k, i, j] += features[k, i, y, x] * features[k, j, y, x] / (height * width)
    return grams


def _loops(f, rng, rung):
    return {"G": _products(_inputs(rng, rung)[0])}


def _numeric(f, rng, rung, step=1e-6):
    features, g = _inputs(rng, rung)
    slope = np.zeros(features.shape)
    for at in np.ndindex(features.shape):
        old = features[at]
        cost = []
        for features[at] in (old + step, old - step):
            rows = features[at[0]].reshape(features.shape[1], -1)
            cost.append((g[at[0]] * (rows @ rows.T)).sum() / rows.shape[1])
        features[at] = old
        slope[at] = (cost[0] - cost[1]) / (2 * step)
    return {"slope": slope}


@claim(
    "the Gram matrix of each picture",
    by_hand="G[0,0,1] = (1*11 + 2*12 + 3*13 + 4*14) / 4 = 32.5",
    oracle=_loops,
)
def values(f, rng, rung):
    return {"G": f.gram(*_inputs(rng, rung))[0]}


@claim(
    "the gradient by the features",
    by_hand="slope[0,0,0,0] = (2*1*F[0,0] + 4*F[1,0]) / 4 = (2*1*1 + 4*11) / 4 = 11.5",
    oracle=_numeric,
)
def way_back(f, rng, rung):
    return {"slope": f.gram(*_inputs(rng, rung))[1]}
