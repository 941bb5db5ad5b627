"""Claims about the four activations."""

import math

import numpy as np

from nnscratch.learn import Kink, claim

FUNCTIONS = ("activation",)
READS = "nnscratch/functional/activation.py"
FORBIDDEN = {
    f"scipy.special.{name}": "the exercise is to write it with np.exp"
    for name in ("expit", "logit", "log_expit")
} | {
    f"numpy.{name}": "avoid the overflow instead of hiding the warning"
    for name in ("errstate", "seterr")
}
CURVES = {
    "relu": lambda x, slope: x if x > 0 else 0.0,
    "leaky": lambda x, slope: x if x > 0 else slope * x,
    "sigmoid": lambda x, slope: 1 / (1 + math.exp(-x)),
    "tanh": lambda x, slope: math.sinh(x) / math.cosh(x),
}
BY_HAND = {
    "relu": ([-2.0, -1.0, 1.0, 2.0], [3.0, -4.0, 5.0, -6.0]),
    "leaky": ([-2.0, -1.0, 1.0, 2.0], [3.0, -4.0, 5.0, -6.0]),
    "sigmoid": ([0.0, 2.0, -1.0], [8.0, -4.0, 5.0]),
    "tanh": ([0.0, math.log(2), -1.0], [8.0, 25.0, -4.0]),
}


def _inputs(kind, rng, rung):
    """x, g and the options; x is never 0, where relu has its corner."""
    if rung == 0:
        x, g = (np.array(numbers) for numbers in BY_HAND[kind])
        return x, g, {"slope": 0.1} if kind == "leaky" else {}
    shape = tuple(int(n) for n in rng.integers(2, 4, rung))
    x = rng.uniform(0.1, 3, shape) * np.where(rng.random(shape) < 0.5, -1, 1)
    x.flat[:2] = -0.7, 1.3  # both signs in every case
    return (
        x,
        rng.standard_normal(shape),
        {"slope": rng.uniform(0.1, 0.5)} if kind == "leaky" else {},
    )


def _numeric(kind):
    """Values by Python's math functions, gradients by central differences of them."""

    def numeric(f, rng, rung, step=1e-5):
        x, g, options = _inputs(kind, rng, rung)
        curve = np.vectorize(lambda at: CURVES[kind](at, options.get("slope")))
        slopes = (curve(x + step) - curve(x - step)) / (2 * step)
        return {"y": curve(x), "dx": g * slopes + 0.0}  # + 0.0 makes 0 of -0

    return numeric


def _pair(results):
    """y and dx by name; anything but a pair unchanged."""
    if not isinstance(results, (tuple, list)) or len(results) != 2:
        return results, results
    return results


def _of(kind, f, rng, rung):
    x, g, options = _inputs(kind, rng, rung)
    y, dx = _pair(f.activation(kind, x, g, **options))
    return {"y": y, "dx": dx}


@claim("relu", by_hand="dx[2] = g * 1 = 5 * 1 = 5", oracle=_numeric("relu"))
def relu(f, rng, rung):
    return _of("relu", f, rng, rung)


@claim("leaky relu", by_hand="dx[0] = g * slope = 3 * 0.1 = 0.3", oracle=_numeric("leaky"))
def leaky(f, rng, rung):
    return _of("leaky", f, rng, rung)


@claim(
    "sigmoid",
    by_hand="dx[0] = g * y * (1 - y) = 8 * 0.5 * (1 - 0.5) = 2",
    oracle=_numeric("sigmoid"),
)
def sigmoid(f, rng, rung):
    return _of("sigmoid", f, rng, rung)


@claim(
    "tanh",
    by_hand="dx[1] = g * (1 - ((2 - 1/2) / (2 + 1/2))**2) = 25 * (1 - 0.6**2) = 16",
    oracle=_numeric("tanh"),
)
def tanh(f, rng, rung):
    return _of("tanh", f, rng, rung)


@claim("relu and leaky relu at 0", rungs=2, by_hand="y[0] = max(0, 0) = 0")
def at_zero(f, rng, rung):
    """relu, then leaky relu; any slope between left and right is accepted at the corner."""
    kind, left = (("relu", 0.0), ("leaky", 0.1))[rung]
    x, g = np.zeros(2), np.array([5.0, -2.0]) if rung == 0 else rng.standard_normal(2)
    y, dx = _pair(f.activation(kind, x, g, **({"slope": left} if rung else {})))
    low, high = np.minimum(g, left * g), np.maximum(g, left * g)
    why = f'the slope of "{kind}" at x = 0; anything from {left:g} to 1 is right'
    return {"y": y, "dx": Kink(dx, x == 0, low, high, why)}


@claim(
    "sigmoid and tanh at -1000 and 1000, without overflow",
    by_hand="y[0] = exp(-1000) / (1 + exp(-1000)) = 0",
)
def far(f, rng, rung):
    kind, x = (("sigmoid", [-1000.0]), ("sigmoid", [1000.0]), ("tanh", [-1000.0, 1000.0]))[rung]
    g = np.array([2.0]) if rung == 0 else rng.standard_normal(len(x))
    overflows = []
    with np.errstate(over="call", call=lambda kind, flag: overflows.append(kind)):
        y, dx = _pair(f.activation(kind, np.array(x), g))
    return {"y": y, "dx": dx, "overflow": "yes" if overflows else "no"}
