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
    """Each gradient is made with its own factor instead of the other.

    In a product each factor is the slope of the other one. da needs b, and db needs a; you have
    g a^T for da and b^T g for db.
    """
    return g @ _turned(a), _turned(b) @ g


@wrong("matmul_backward", hint=1)
def b_not_transposed(a, b, g):
    """b is not transposed in da.

    a[m,k] met row k of b, so row m of g is multiplied with row k of b: da = g b^T. In g b it is a
    column.
    """
    return _unbroadcast(g @ b, a.shape), matmul_backward(a, b, g)[1]


@wrong("matmul_backward", hint=1)
def a_not_transposed(a, b, g):
    """a is not transposed in db.

    b[k,n] met column k of a, so db = a^T g sums over the rows of a and g. In a g the sum runs along
    a row of a.
    """
    return matmul_backward(a, b, g)[0], _unbroadcast(a @ g, b.shape)


@wrong("matmul_backward", hint=1)
def order_swapped_in_da(a, b, g):
    """The factors of da stand in the wrong order.

    Matrices do not commute. g b^T has the shape of a; b^T g, where it exists at all, is another
    matrix.
    """
    return _unbroadcast(_turned(b) @ g, a.shape), matmul_backward(a, b, g)[1]


@wrong("matmul_backward", hint=1)
def order_swapped_in_db(a, b, g):
    """The factors of db stand in the wrong order.

    Matrices do not commute. a^T g has the shape of b; g a^T, where it exists at all, is another
    matrix.
    """
    return matmul_backward(a, b, g)[0], _unbroadcast(g @ _turned(a), b.shape)


@wrong("matmul_backward", hint=1)
def db_transposed(a, b, g):
    """db comes out transposed.

    g^T a is the transpose of a^T g: right numbers, rows and columns exchanged.
    """
    da, db = matmul_backward(a, b, g)
    return da, _turned(db).copy()


@wrong("matmul_backward", hint=1)
def da_transposed(a, b, g):
    """da comes out transposed.

    b g^T is the transpose of g b^T: right numbers, rows and columns exchanged.
    """
    da, db = matmul_backward(a, b, g)
    return _turned(da).copy(), db


@wrong("matmul_backward", hint=1)
def elementwise(a, b, g):
    """Numbers are multiplied place by place, as for a * b.

    For a * b the gradients are g * b and g * a. A matrix product sums over an axis, and so do its
    gradients: g b^T and a^T g.
    """
    return _unbroadcast(g * b, a.shape), _unbroadcast(g * a, b.shape)


@wrong("matmul_backward", hint=2)
def all_axes_turned(a, b, g):
    """.T turns the batch axes round as well.

    For three axes and more .T reverses them all. Only the last two belong to the matrix:
    np.swapaxes(b, -1, -2).
    """
    return _unbroadcast(g @ b.T, a.shape), _unbroadcast(a.T @ g, b.shape)


@wrong("matmul_backward", hint=2)
def first_axes_turned(a, b, g):
    """The transpose exchanges the first two axes.

    np.swapaxes(b, 0, 1) is the transpose of a plain matrix only. In a batch the matrix is in the
    last two axes: -1 and -2.
    """
    da, db = g @ np.swapaxes(b, 0, 1), np.swapaxes(a, 0, 1) @ g
    return _unbroadcast(da, a.shape), _unbroadcast(db, b.shape)


@wrong("matmul_backward", hint=3)
def repeated_not_summed(a, b, g):
    """Gradients of a repeated factor are not summed.

    One matrix that served the whole batch has one gradient, the sum over all the products it was
    in. Yours still has one for each.
    """
    return g @ _turned(b), _turned(a) @ g


@wrong("matmul_backward", hint=3)
def size_one_not_summed(a, b, g):
    """A batch axis of size 1 is not summed.

    You sum over batch axes that the factor lacks. One that it has with size 1 was repeated just
    the same; sum there too, and keep the axis.
    """
    da, db = g @ _turned(b), _turned(a) @ g
    da = da.sum(axis=tuple(range(da.ndim - a.ndim)))
    return da, db.sum(axis=tuple(range(db.ndim - b.ndim)))


@wrong("matmul_backward", hint=3)
def b_not_summed(a, b, g):
    """Only da is brought to the shape of its factor.

    b is broadcast against a just as a is against b. Where b lacks a batch axis, or has it with
    size 1, db must be summed.
    """
    return matmul_backward(a, b, g)[0], _turned(a) @ g


@wrong("matmul_backward", hint=3)
def b_always_summed(a, b, g):
    """db is summed over the batch even where each product has a b of its own.

    Only a matrix that was repeated collects from several products. If b has the batch axis with
    its full size, each of its matrices keeps its own gradient.
    """
    da, db = matmul_backward(a, b, g)
    return da, db.sum(axis=tuple(range(db.ndim - 2)))


@wrong("matmul_backward", hint=3)
def matrix_always_shared(a, b, g):
    """A plain matrix b is always taken to serve a batch.

    If b has two axes you sum db over the first axis there is. Where a has two axes as well there
    is no batch, and you sum over the rows of the gradient itself. Compare the numbers of axes.
    """
    da, db = matmul_backward(a, b, g)
    return da, db.sum(axis=0) if a.ndim == b.ndim == 2 else db


@wrong("matmul_backward", hint=3)
def averaged(a, b, g):
    """Over the batch the mean is taken instead of the sum.

    Each use of a matrix adds to its gradient. If the loss is a mean, g already holds the 1/B.
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

    Where a factor has the batch axis with size 1, you sum. Where it does not have that axis at all,
    it served in all the products just the same.
    """

    def brought(d, like):
        return _unbroadcast(d, like.shape) if d.ndim == like.ndim else d

    return brought(g @ _turned(b), a), brought(_turned(a) @ g, b)


@wrong("matmul_backward", hint=3)
def a_not_summed(a, b, g):
    """Only db is brought to the shape of its factor.

    a is broadcast against b just as b is against a. Where a lacks a batch axis, or has it with
    size 1, da must be summed.
    """
    return g @ _turned(b), matmul_backward(a, b, g)[1]


@wrong("matmul_backward", hint=2)
def upstream_forgotten(a, b, g):
    """Ones stand in the place of g.

    That is the gradient of the sum of all of y. Here each element of y has a gradient of its own,
    and g holds them.
    """
    return matmul_backward(a, b, np.ones_like(g))


@wrong("matmul_backward", hint=3)
def first_of_batch_only(a, b, g):
    """Where one matrix served many products, only the first counts.

    Taking the first of the batch gives the right shape, but all of the products have a say in that
    matrix. Sum over them.
    """

    def first(d, like):
        d = d[(0,) * (d.ndim - like.ndim)]
        return d[tuple(slice(0, size) for size in like.shape)]

    return first(g @ _turned(b), a), first(_turned(a) @ g, b)
