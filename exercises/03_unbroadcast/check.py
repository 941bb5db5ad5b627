"""Claims about the gradient of broadcasting."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("unbroadcast",)
READS = "nnscratch/autograd.py"


def _slopes(g, shape, step=1e-4):
    """Slopes of sum(g * b) by each b, with b broadcast; it is linear in b, so any step is exact."""
    b, slopes = np.zeros(shape), np.zeros(shape)
    for at in np.ndindex(shape):
        b[at] = step
        high = (g * b).sum()
        b[at] = -step
        slopes[at] = (high - (g * b).sum()) / (2 * step)
        b[at] = 0.0
    return slopes


def _level(rng, rung):
    """g and a shape with as many axes; at the last size the shape of g itself."""
    if rung == 0:
        return np.array([[1.0, 2.0], [3.0, 4.0]]), (2, 1)
    full = [int(n) for n in rng.integers(2, 5, (2, 3, 4, 2)[rung - 1])]
    own = list(full)
    for axis in ((0,), (1,), (0, 1, 3), ())[rung - 1]:
        own[axis] = 1
    return rng.standard_normal(full), tuple(own)


def _leading(rng, rung):
    """g and a shape with fewer axes; from rung 3 on some of its own axes have size 1."""
    if rung == 0:
        return np.array([[1.0, 2.0], [3.0, 4.0]]), (2,)
    front = rng.integers(2, 4, (1, 2, 1, 2)[rung - 1])
    own = [int(n) for n in rng.integers(2, 4, 3 if rung == 4 else 2)]
    g = rng.standard_normal((*front, *own))
    if rung == 3:
        own[rng.integers(2)] = 1
    if rung == 4:
        own[0] = own[2] = 1
    return g, tuple(own)


def _numeric(case):
    def numeric(f, rng, rung):
        return {"b": _slopes(*case(rng, rung))}

    return numeric


@claim(
    "as many axes as g, some of size 1",
    rungs=5,
    by_hand="b[0,0] = g[0,0] + g[0,1] = 1 + 2 = 3",
    oracle=_numeric(_level),
)
def level(f, rng, rung):
    g, shape = _level(rng, rung)
    return {"b": f.unbroadcast(g, shape)}


@claim(
    "fewer axes than g",
    rungs=5,
    by_hand="b[0] = g[0,0] + g[1,0] = 1 + 3 = 4",
    oracle=_numeric(_leading),
)
def leading(f, rng, rung):
    g, shape = _leading(rng, rung)
    return {"b": f.unbroadcast(g, shape)}


@claim("the shape ()", rungs=3, by_hand="b = 1 + 2 + 4 = 7")
def number(f, rng, rung):
    g = np.array([1.0, 2.0, 4.0]) if rung == 0 else rng.standard_normal((2, 3, 4)[: rung + 1])
    return {"b": f.unbroadcast(g, ())}
