"""Claims about the gradients of a matrix product."""

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("matmul_backward",)
READS = "nnscratch/tensor.py"


def _random(rng, shape_a, shape_b):
    a, b = rng.standard_normal(shape_a), rng.standard_normal(shape_b)
    return a, b, rng.standard_normal((a @ b).shape)


def _sizes(rng):
    """M, K and N, all different."""
    return [int(size) for size in rng.permutation([2, 3, 4])]


def _matrices(rng, rung):
    """a, b and g without a batch."""
    if rung == 0:
        a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
        return a, b, np.array([[1.0, 2.0], [0.0, -1.0]])
    m, k, n = [int(rng.integers(2, 4))] * 3 if rung == 1 else _sizes(rng)
    return _random(rng, (m, k), (k, n))


def _batches(rng, rung):
    """a, b and g; square matrices at rung 0, so that most wrong answers have the right shapes."""
    if rung == 0:  # one b for two products
        a = np.array([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
        g = np.array([[[1.0, 2.0], [0.0, -1.0]], [[1.0, 0.0], [0.0, 2.0]]])
        return a, np.array([[1.0, 2.0], [3.0, 5.0]]), g
    m, k, n = [int(rng.integers(2, 4))] * 3 if rung <= 3 else _sizes(rng)
    p, q = (int(size) for size in rng.integers(2, 5, 2))
    first, second = (
        ((m,), (m,)),  # a cube: wrong axes do not change the shape
        ((), (2,)),  # one a for all
        (((1,), (2,)), ((2,), (1,)))[rng.integers(2)],
        ((p,), (p,)),
        (((p,), ()), ((), (p,)))[rng.integers(2)],
        ((p, q), (p, q)),
        ((p, 1), (q,)),
        ((p, q), (1, q)),
        ((q,), (p, q)),
        ((p, q), ()),  # two axes that b lacks
    )[rung - 1]
    return _random(rng, (*first, m, k), (*second, k, n))


def _slopes(loss, array, step=1e-3):
    """Central differences of loss() by each number of array; the loss is linear in each."""
    slopes = np.zeros_like(array)
    for at in np.ndindex(array.shape):
        old = array[at]
        array[at] = old + step
        high = loss()
        array[at] = old - step
        slopes[at] = (high - loss()) / (2 * step)
        array[at] = old
    return slopes


def _numeric(case):
    def numeric(f, rng, rung):
        a, b, g = case(rng, rung)
        return {
            "da": _slopes(lambda: (g * (a @ b)).sum(), a),
            "db": _slopes(lambda: (g * (a @ b)).sum(), b),
        }

    return numeric


def _named(gradients):
    """da and db by name; anything but a pair unchanged."""
    if not isinstance(gradients, (tuple, list)) or len(gradients) != 2:
        gradients = gradients, gradients
    return dict(zip(("da", "db"), gradients, strict=True))


@claim(
    "matrices",
    by_hand="da[0,0] = g[0,0]*b[0,0] + g[0,1]*b[0,1] = 1*5 + 2*6 = 17",
    oracle=_numeric(_matrices),
)
def matrices(f, rng, rung):
    return _named(f.matmul_backward(*_matrices(rng, rung)))


@claim(
    "batches of matrices, and factors shared by a batch",
    rungs=11,
    by_hand="db[0,1] = column 0 of each a times column 1 of its g = 1*2 + 3*(-1) + 5*0 + 7*2 = 13",
    oracle=_numeric(_batches),
)
def batches(f, rng, rung):
    return _named(f.matmul_backward(*_batches(rng, rung)))
