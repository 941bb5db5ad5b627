"""Claims about a gradient checker; it is tried on five right and seven wrong gradients."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("gradient_check",)
READS = "nnscratch/gradcheck/idea.py"

# -- functions; their gradients; and wrong gradients of them --------------------------------------


def square(x):
    return x**2


def square_gradient(x, g):
    return 2 * x * g


def doubled(x, g):
    return 4 * x * g


def cube(x):
    return x**3


def cube_gradient(x, g):
    return 3 * x**2 * g


def last_left_out(x, g):
    dx = cube_gradient(x, g)
    dx.flat[-1] = 0
    return dx


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_gradient(x, g):
    y = softmax(x)
    return y * (g - (y * g).sum(axis=-1, keepdims=True))


def softmax_by_mean(x, g):
    return softmax(x) * (g - g.mean(axis=-1, keepdims=True))


def relu(x):
    return np.maximum(x, 0)


def relu_gradient(x, g):
    return g * (x > 0)


def sum_of_squares(x):
    return (x**2).sum()


def sine(x):
    return np.sin(x)


def sine_gradient(x, g):
    return np.cos(x) * g


def g_forgotten(x, g):
    return np.cos(x)


def tiny(x):
    return 1e-8 * x**2


def tiny_gradient(x, g):
    return 2e-8 * x * g


def halved(x, g):
    return 1e-8 * x * g


def turned(x):
    return x[::-1].copy()


def turned_gradient(x, g):
    return g[::-1].copy()


def not_turned_back(x, g):
    return g.copy()


def tanh(x):
    return np.tanh(x)


def tanh_gradient(x, g):
    return (1 - np.tanh(x) ** 2) * g


def tanh_negative(x, g):
    return (np.tanh(x) ** 2 - 1) * g


CASES = (  # function, claimed gradient, right gradient
    (square, doubled, square_gradient),
    (cube, cube_gradient, cube_gradient),
    (softmax, softmax_gradient, softmax_gradient),
    (relu, relu_gradient, relu_gradient),
    (sum_of_squares, square_gradient, square_gradient),
    (sine, g_forgotten, sine_gradient),
    (cube, last_left_out, cube_gradient),
    (tiny, halved, tiny_gradient),
    (turned, not_turned_back, turned_gradient),
    (tanh, tanh_negative, tanh_gradient),
    (softmax, softmax_by_mean, softmax_gradient),
)

# -- what is looked at ----------------------------------------------------------------------------


def _inputs(function, rng, rung):
    if rung == 0:
        return np.array([3.0, 1.0]), np.array([2.0, -1.0])
    shape = tuple(int(n) for n in rng.integers(2, 4, int(rng.integers(1, 3))))
    x = rng.uniform(0.5, 2, shape)
    if function is relu:
        x = -x  # relu is 0 everywhere
    elif function is sum_of_squares:
        x.flat[0], x.flat[1] = 100 * x.flat[0], 1e-4 * x.flat[1]
    else:
        x *= np.where(rng.random(shape) < 0.5, -1, 1)
    g = rng.uniform(0.5, 2, np.shape(function(x)))
    return x, np.asarray(
        g * np.where(rng.random(g.shape) < 0.5, -1, 1) if function is not relu else g
    )


def _word(true):
    return "yes" if true else "no"


def _rounded(error):
    """The error to three places, and whether it is small enough for a right gradient."""
    try:
        error = float(error)
    except (TypeError, ValueError):  # not a number, but a pair, an array or None
        return {"error": error, "at most 1e-5": "no"}
    return {"error": float(np.round(error, 3)) + 0.0, "at most 1e-5": _word(error <= 1e-5)}


def _exact(f, rng, rung):
    """The error computed from the right gradient."""
    function, claimed, gradient = CASES[rung]
    x, g = _inputs(function, rng, rung)
    a, n = claimed(x, g), gradient(x, g)
    largest = max(np.abs(a).max(), np.abs(n).max())
    return _rounded(np.abs(a - n).max() / largest if largest else 0.0)


@claim(
    "errors of right and wrong gradients",
    rungs=len(CASES),
    by_hand="error = max|a - n| / max(max|a|, max|n|) = max(24 - 12, 4 - 2) / max(24, 12) = 0.5",
    oracle=_exact,
)
def errors(f, rng, rung):
    function, claimed, _ = CASES[rung]
    return _rounded(f.gradient_check(function, claimed, *_inputs(function, rng, rung)))


class Steep:
    """exp(300 x); records every x that it is called with."""

    __name__ = "steep"

    def __init__(self, x):
        self.start = x.astype(np.float64)
        self.moves, self.types = [np.zeros_like(self.start)], set()

    def __call__(self, x):
        self.types.add(str(x.dtype))
        self.moves.append(np.asarray(x, dtype=np.float64) - self.start)
        return np.exp(300 * x)

    def steep_gradient(self, x, g):
        self.types.add(str(x.dtype))
        return 300 * np.exp(300 * x) * g

    def __repr__(self):
        return "steep"

    def summary(self):
        moves = np.array([move.ravel() for move in self.moves])
        step = np.abs(moves).max()
        moved = np.abs(moves) > step / 10  # less is rounding
        together = moved.sum(axis=1)[moved.any(axis=1)]
        return {
            "sides of x[i]": int((moves[moved] > 0).any()) + int((moves[moved] < 0).any()),
            "step": "too long" if step > 2e-5 else "too short" if step < 5e-9 else "good",
            "elements moved": int(moved.any(axis=0).sum()),
            "moved at once": _at_once(together, moves.shape[1]),
            "float64": _word(self.types == {"float64"}),
        }


def _at_once(together, size):
    """In words, how many elements were changed at a time."""
    if (together == 1).all():
        return "one"
    return "all" if (together == size).all() else "ever more"


@claim("both sides, one element at a time, a good step, float64")
def manner(f, rng, rung):
    """Two numbers; several; several in float32."""
    shape = (2,) if rung == 0 else tuple(int(n) for n in rng.integers(2, 4, rung))
    x = np.array([0.001, 0.004]) if rung == 0 else rng.uniform(0.001, 0.005, shape)
    g = np.array([2.0, -1.0]) if rung == 0 else rng.standard_normal(shape)
    x = x.astype(np.float32) if rung == 2 else x
    steep = Steep(x)
    error = f.gradient_check(steep, steep.steep_gradient, x, g)
    return {"at most 1e-5": _rounded(error)["at most 1e-5"]} | steep.summary()
