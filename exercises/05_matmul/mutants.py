"""Plausible wrong answers for the gradients of a matrix product."""

import numpy as np
from solution import _unbroadcast, matmul_backward

from nnscratch.learn import wrong


def _turned(x):
    return np.swapaxes(x, -1, -2)


@wrong("matmul_backward", hint=1)
def roles_swapped(a, b, g):
    """The two gradients are returned in the wrong order.

    da belongs to a and has its shape. You return (db, da).
    """
    return matmul_backward(a, b, g)[::-1]


@wrong("matmul_backward", hint=1)
def factors_swapped(a, b, g):
    """Each gradient uses its own factor instead of the other.

    In a product the slope by one factor is the other factor. da needs b, and db needs a; you have g
    a^T for da and b^T g for db.
    """
    return g @ _turned(a), _turned(b) @ g


@wrong("matmul_backward", hint=1)
def b_not_transposed(a, b, g):
    """b is not transposed in da.

    a[m,k] is multiplied by row k of b, so row m of g is multiplied by row k of b: da = g b^T. g b
    uses a column of b.
    """
    return _unbroadcast(g @ b, a.shape), matmul_backward(a, b, g)[1]


@wrong("matmul_backward", hint=1)
def a_not_transposed(a, b, g):
    """a is not transposed in db.

    b[k,n] is multiplied by column k of a, so db = a^T g sums over the rows of a and g. a g sums
    along a row of a.
    """
    return matmul_backward(a, b, g)[0], _unbroadcast(a @ g, b.shape)


@wrong("matmul_backward", hint=1)
def order_swapped_in_da(a, b, g):
    """The factors of da are in the wrong order.

    Matrix products do not commute. g b^T has the shape of a; b^T g, where it exists, is another
    matrix.
    """
    return _unbroadcast(_turned(b) @ g, a.shape), matmul_backward(a, b, g)[1]


@wrong("matmul_backward", hint=1)
def order_swapped_in_db(a, b, g):
    """The factors of db are in the wrong order.

    Matrix products do not commute. a^T g has the shape of b; g a^T, where it exists, is another
    matrix.
    """
    return matmul_backward(a, b, g)[0], _unbroadcast(g @ _turned(a), b.shape)


@wrong("matmul_backward", hint=1)
def db_transposed(a, b, g):
    """db is transposed.

    g^T a is the transpose of a^T g: the right numbers with rows and columns exchanged.
    """
    da, db = matmul_backward(a, b, g)
    return da, _turned(db).copy()


@wrong("matmul_backward", hint=1)
def da_transposed(a, b, g):
    """da is transposed.

    b g^T is the transpose of g b^T: the right numbers with rows and columns exchanged.
    """
    da, db = matmul_backward(a, b, g)
    return _turned(da).copy(), db


@wrong("matmul_backward", hint=1)
def elementwise(a, b, g):
    """Numbers are multiplied element by element, as for a * b.

    For a * b the gradients are g * b and g * a. A matrix product sums over an axis, and so do its
    gradients: g b^T and a^T g.
    """
    return _unbroadcast(g * b, a.shape), _unbroadcast(g * a, b.shape)


@wrong("matmul_backward", hint=2)
def all_axes_turned(a, b, g):
    """.T reverses the batch axes as well.

    For three or more axes .T reverses all of them. Only the last two belong to the matrix:
    np.swapaxes(b, -1, -2).
    """
    return _unbroadcast(g @ b.T, a.shape), _unbroadcast(a.T @ g, b.shape)


@wrong("matmul_backward", hint=2)
def first_axes_turned(a, b, g):
    """The transpose exchanges the first two axes.

    np.swapaxes(b, 0, 1) is the transpose of a plain matrix only. In a batch the axes of the matrix
    are the last two: -1 and -2.
    """
    da, db = g @ np.swapaxes(b, 0, 1), np.swapaxes(a, 0, 1) @ g
    return _unbroadcast(da, a.shape), _unbroadcast(db, b.shape)


@wrong("matmul_backward", hint=3)
def repeated_not_summed(a, b, g):
    """Gradients of a repeated factor are not summed.

    One matrix that the whole batch uses has one gradient, the sum over all its products. You return
    one for each product.
    """
    return g @ _turned(b), _turned(a) @ g


@wrong("matmul_backward", hint=3)
def size_one_not_summed(a, b, g):
    """A batch axis of size 1 is not summed.

    You sum over batch axes that the factor lacks. An axis of size 1 was repeated as well; sum there
    too, and keep the axis.
    """
    da, db = g @ _turned(b), _turned(a) @ g
    da = da.sum(axis=tuple(range(da.ndim - a.ndim)))
    return da, db.sum(axis=tuple(range(db.ndim - b.ndim)))


@wrong("matmul_backward", hint=3)
def b_not_summed(a, b, g):
    """Only da is reduced to the shape of its factor.

    b is broadcast against a as a is against b. Where b lacks a batch axis, or has it with size 1,
    sum db over it.
    """
    return matmul_backward(a, b, g)[0], _turned(a) @ g


@wrong("matmul_backward", hint=3)
def b_always_summed(a, b, g):
    """db is summed over the batch even where each product has its own b.

    Only a matrix that was repeated sums over several products. If b has the batch axis with its
    full size, each of its matrices has its own gradient.
    """
    da, db = matmul_backward(a, b, g)
    return da, db.sum(axis=tuple(range(db.ndim - 2)))


@wrong("matmul_backward", hint=3)
def matrix_always_shared(a, b, g):
    """A plain matrix b is always treated as shared by a batch.

    If b has two axes you sum db over its first axis. Where a has two axes as well there is no
    batch, and you sum over the rows of the gradient itself. Compare the numbers of axes.
    """
    da, db = matmul_backward(a, b, g)
    return da, db.sum(axis=0) if a.ndim == b.ndim == 2 else db


@wrong("matmul_backward", hint=3)
def averaged(a, b, g):
    """Over the batch the mean is taken instead of the sum.

    Each use of a matrix adds to its gradient. If the loss is a mean, g already contains the factor
    1/B.
    """
    da, db = matmul_backward(a, b, g)
    return da * da.size / (g @ _turned(b)).size, db * db.size / (_turned(a) @ g).size


@wrong("matmul_backward", hint=1)
def nothing_transposed(a, b, g):
    """Neither factor is transposed.

    da[m,k] sums over n, the last axis of g, and n is the last axis of b too: da = g b^T, and
    likewise db = a^T g. You have g b and a g.
    """
    return _unbroadcast(g @ b, a.shape), _unbroadcast(a @ g, b.shape)


@wrong("matmul_backward", hint=3)
def front_not_summed(a, b, g):
    """Batch axes that a factor lacks are not summed.

    Where a factor has the batch axis with size 1, you sum. Where it lacks the axis, it was used in
    all products as well.
    """

    def brought(d, like):
        return _unbroadcast(d, like.shape) if d.ndim == like.ndim else d

    return brought(g @ _turned(b), a), brought(_turned(a) @ g, b)


@wrong("matmul_backward", hint=3)
def a_not_summed(a, b, g):
    """Only db is reduced to the shape of its factor.

    a is broadcast against b as b is against a. Where a lacks a batch axis, or has it with size 1,
    sum da over it.
    """
    return g @ _turned(b), matmul_backward(a, b, g)[1]


@wrong("matmul_backward", hint=2)
def upstream_forgotten(a, b, g):
    """Ones are used in place of g.

    That is the gradient of the sum of all of y. Here g holds a gradient for each element of y.
    """
    return matmul_backward(a, b, np.ones_like(g))


@wrong("matmul_backward", hint=3)
def first_of_batch_only(a, b, g):
    """Where many products share one matrix, only the first counts.

    The first product of the batch gives the right shape, but the matrix affects all products. Sum
    over them.
    """

    def first(d, like):
        d = d[(0,) * (d.ndim - like.ndim)]
        return d[tuple(slice(0, size) for size in like.shape)]

    return first(g @ _turned(b), a), first(_turned(a) @ g, b)
