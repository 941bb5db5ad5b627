"""Claims about batch normalisation."""

import math

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("batch_norm", "batch_norm_backward")
READS = "nnscratch/functional/norm.py"


def _inputs(rng, rung):
    """x, gamma, beta, mean, var and the options."""
    if rung == 0:
        x = np.array([[[[0.0, 0]]], [[[4, 0]]]])
        one = (np.array([value]) for value in (2.0, 10.0, 5.0, 8.0))
        return x, *one, {"momentum": 0.25, "eps": 1.0}
    channels = int(rng.integers(2, 4))
    x = rng.standard_normal((rng.integers(2, 4), channels, *rng.permutation([3, 4, 5])[:2]))
    x = x * rng.uniform(0.5, 3, (channels, 1, 1)) + rng.uniform(-3, 3, (channels, 1, 1))
    gamma, beta, mean = rng.standard_normal((3, channels))
    var = rng.uniform(0.5, 3, channels)
    options = {} if rung == 1 else {"momentum": rng.uniform(0.1, 0.4), "eps": rng.uniform(0.01, 1)}
    return x, gamma, beta, mean, var, options


def _results(result):
    """The three results; None for a missing one."""
    parts = result if isinstance(result, (tuple, list)) else (result,)
    return (*parts, None, None, None)[:3]


def _loops(training):
    """Channel by channel, in lists of numbers."""

    def loops(f, rng, rung):
        x, gamma, beta, mean, var, options = _inputs(rng, rung)
        momentum, eps = options.get("momentum", 0.1), options.get("eps", 1e-5)
        y = np.empty_like(x)
        for c in range(len(gamma)):
            numbers = x[:, c].ravel().tolist()
            centre, variance = mean[c], var[c]
            if training:
                centre = math.fsum(numbers) / len(numbers)
                squares = math.fsum((number - centre) ** 2 for number in numbers)
                variance = squares / len(numbers)
                mean[c] += momentum * (centre - mean[c])
                var[c] += momentum * (squares / (len(numbers) - 1) - var[c])
            y[:, c] = (x[:, c] - centre) * gamma[c] / math.sqrt(variance + eps) + beta[c]
        return {"y": y, "mean": mean, "var": var}

    return loops


@claim(
    "training: y and the running statistics",
    rungs=4,
    by_hand="y[1,0,0,0] = gamma * (x - 1) / sqrt(v + eps) + beta = 2 * 3 / sqrt(3 + 1) + 10 = 13",
    oracle=_loops(True),
)
def trained(f, rng, rung):
    *arrays, options = _inputs(rng, rung)
    y, mean, var = _results(f.batch_norm(*arrays, True, **options))
    return {"y": y, "mean": mean, "var": var}


@claim(
    "evaluation: y and the running statistics",
    rungs=2,
    by_hand="y[1,0,0,0] = 2 * (x - mean) / sqrt(var + eps) + 10 = 2 * (4 - 5) / sqrt(8 + 1) + 10"
    " = 9.3333",
    oracle=_loops(False),
)
def used(f, rng, rung):
    *arrays, options = _inputs(rng, rung)
    y, mean, var = _results(f.batch_norm(*arrays, False, **options))
    return {"y": y, "mean": mean, "var": var}


def _slopes(rng, rung):
    """x, g, gamma, beta and eps."""
    x, gamma, beta, _, _, options = _inputs(rng, rung)
    if rung == 0:
        g = np.array([[[[4.0, 0]]], [[[0, 0]]]])
    else:
        x = x[:, :, :2, :3]
        g = rng.standard_normal(x.shape)
    return x, g, gamma, beta, options.get("eps", 1e-5)


def _stored(x, eps):
    """normal and root, as stored in the forward pass."""
    root = np.array([math.sqrt(np.var(channel) + eps) for channel in x.swapaxes(0, 1)])
    normal = np.empty_like(x)
    for c, channel in enumerate(x.swapaxes(0, 1)):
        normal[:, c] = (channel - np.mean(channel)) / root[c]
    return normal, root


def numeric(f, rng, rung):
    x, g, gamma, beta, eps = _slopes(rng, rung)

    def loss():
        normal, _ = _stored(x, eps)
        return sum((g[:, c] * (gamma[c] * normal[:, c] + beta[c])).sum() for c in range(len(gamma)))

    slopes = []
    for array in (x, gamma, beta):
        slope, step = np.zeros_like(array), 1e-6
        for at in np.ndindex(array.shape):
            old = array[at]
            array[at] = old + step
            high = loss()
            array[at] = old - step
            slope[at] = (high - loss()) / (2 * step)
            array[at] = old
        slopes.append(slope)
    return dict(zip(("dx", "dgamma", "dbeta"), slopes, strict=True))


@claim(
    "the gradients",
    by_hand="dx[0,0,0,0] = gamma / root * (g - mean(g) - normal * mean(g * normal))"
    " = 2 / 2 * (4 - 1 - 0.5 * 0.5) = 2.75",
    oracle=numeric,
)
def backwards(f, rng, rung):
    x, g, gamma, _, eps = _slopes(rng, rung)
    normal, root = _stored(x, eps)
    dx, dgamma, dbeta = _results(f.batch_norm_backward(g, normal, gamma, root))
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
