"""Plausible wrong answers for distances and a shared tower."""

import numpy as np
from solution import distances, tower_gradient, unit_rows

from nnscratch.learn import wrong

# -- distances ------------------------------------------------------------------------------------


@wrong("distances", hint=2)
def squared(f):
    """The distances are squared.

    The sum of the squares is the squared distance. The plain one is its root, and the two must not
    be mixed: a margin of 0.2 means something else for each.
    """
    return distances(f) ** 2


@wrong("distances", hint=2)
def norm_over_rows(f):
    """The norm is taken over the batch axis.

    f[:, None] - f[None] has the axes (row, other row, feature). The distance of two rows sums over
    the features, the last axis; you sum over the other rows.
    """
    apart = f[:, None] - f[None]
    return np.sqrt((apart * apart).sum(axis=1))


@wrong("distances", hint=2)
def root_of_products(f):
    """The root is taken of a difference of large numbers.

    |a|^2 + |b|^2 - 2ab is right on paper. For rows that lie close together, far from 0, it leaves
    nothing but rounding, which may fall below 0: the root is NaN. Subtract the rows, then square.
    """
    squares = (f * f).sum(1)
    return np.sqrt(squares[:, None] + squares - 2 * f @ f.T)


@wrong("distances", hint=2)
def clipped_products(f):
    """Large numbers are subtracted, though NaN is kept away.

    |f_i|^2 + |f_j|^2 - 2 f_i*f_j, clipped at 0 or without its sign, has a root. But the digits are
    lost all the same: near rows get distances of pure rounding, or 0. Subtract first, then square.
    """
    squares = (f * f).sum(1)
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * f @ f.T, 0.0))


@wrong("distances", hint=2)
def something_under_root(f):
    """Something is added under the root.

    sqrt(x + 1e-6) is never 0: equal rows are a thousandth apart. The root of 0 is harmless; it is
    its gradient that needs care, and that is not computed here.
    """
    return np.sqrt(distances(f) ** 2 + 1e-6)


@wrong("distances", hint=2)
def absolute_sum(f):
    """The differences are summed without squares.

    The sum of |f[i,k] - f[j,k]| is the way round the corner. Asked is the straight one: the root of
    the sum of squares.
    """
    return np.abs(f[:, None] - f[None]).sum(axis=2)


@wrong("distances", hint=2)
def mean_of_squares(f):
    """The squares are averaged, not summed.

    A distance grows with the number of features that differ; with .mean() in the place of .sum() it
    is too small by the root of K.
    """
    return distances(f) / np.sqrt(f.shape[1])


# -- rows of length 1 -----------------------------------------------------------------------------


@wrong("unit_rows", hint=1)
def columns_instead(f):
    """The columns have length 1, not the rows.

    An item of the batch is a row. Its length sums over axis 1, and with keepdims=True it divides
    that row.
    """
    return unit_rows(f.T).T


@wrong("unit_rows", hint=1)
def one_length_for_all(f):
    """All rows are divided by one length.

    Without an axis the sum runs over the whole batch. Each row has its own length.
    """
    return f / np.sqrt((f * f).sum())


@wrong("unit_rows", hint=1)
def not_a_number_for_zeros(f):
    """A row of zeros becomes NaN.

    Its length is 0, and 0/0 is NaN. Divide by 1 where the length is 0, so that it stays zeros.
    """
    return f / np.sqrt((f * f).sum(axis=1, keepdims=True))


@wrong("unit_rows", hint=1)
def something_added(f):
    """Something is added to every length.

    f / (length + 1e-8) keeps NaN away, but makes rows too short, short ones visibly so. Only
    a length of 0 needs care: put 1 in its place.
    """
    return f / (np.sqrt((f * f).sum(axis=1, keepdims=True)) + 1e-8)


@wrong("unit_rows", hint=1)
def squared_length(f):
    """The rows are divided by their squared length.

    The length is the root of the sum of squares; a long row is too short now, and a short one too
    long.
    """
    total = (f * f).sum(axis=1, keepdims=True)
    return f / np.where(total == 0, 1.0, total)


@wrong("unit_rows", hint=1)
def sum_of_absolutes(f):
    """The rows are divided by the sum of their absolute values.

    Then |f[i]| adds up to 1, but the length, the root of the sum of squares, is less than 1.
    """
    total = np.abs(f).sum(axis=1, keepdims=True)
    return f / np.where(total == 0, 1.0, total)


# -- the tower ------------------------------------------------------------------------------------


@wrong("tower_gradient", hint=3)
def first_branch_only(x1, x2, w, g):
    """The second branch gives nothing to w.

    The same w made both encodings. What comes back through the second branch, x2^T times dL/db, is
    added to what comes through the first, as if there were two copies and both belonged to you.
    """
    return x1.T @ (g[:, None] * unit_rows(x1 @ w - x2 @ w))


@wrong("tower_gradient", hint=3)
def second_branch_only(x1, x2, w, g):
    """The first branch gives nothing to w.

    The gradient of the second branch replaces that of the first. They are added: dw is the sum of
    x1^T times dL/da and x2^T times dL/db.
    """
    return x2.T @ (g[:, None] * unit_rows(x2 @ w - x1 @ w))


@wrong("tower_gradient", hint=3)
def branches_averaged(x1, x2, w, g):
    """The two branches are averaged.

    Contributions to one parameter are added, as those of the items of a batch are. Nothing is
    divided by 2.
    """
    return 0.5 * tower_gradient(x1, x2, w, g)


@wrong("tower_gradient", hint=3)
def branches_same_sign(x1, x2, w, g):
    """Both branches are pushed the same way.

    When a moves away from b the distance grows; when b moves the same way it shrinks. dL/db is the
    negative of dL/da.
    """
    da = g[:, None] * unit_rows(x1 @ w - x2 @ w)
    return x1.T @ da + x2.T @ da


@wrong("tower_gradient", hint=3)
def branches_cancel(x1, x2, w, g):
    """The two branches cancel: dw is 0 everywhere.

    So it is if both branches use one input: a tower that keeps "its" x keeps only the last one, and
    the second pass overwrites x1. Each branch needs the x it was given. (Or was nothing ever added
    to dw?)
    """
    da = g[:, None] * unit_rows(x1 @ w - x2 @ w)
    return x2.T @ da - x2.T @ da


@wrong("tower_gradient", hint=3)
def not_a_number_at_zero(x1, x2, w, g):
    """A pair at distance 0 makes everything NaN.

    The slope of a root at 0 is infinite, and here it is 0/0. One such pair spoils the whole sum.
    Where d is 0 divide by 1, so that this pair gives 0.
    """
    apart = x1 @ w - x2 @ w
    da = g[:, None] * apart / np.sqrt((apart * apart).sum(axis=1, keepdims=True))
    return x1.T @ da - x2.T @ da


@wrong("tower_gradient", hint=3)
def gradient_of_the_square(x1, x2, w, g):
    """The gradient is that of the squared distance.

    2*(a - b) is the slope of d^2. The plain distance has (a - b)/d, a row of length 1.
    """
    da = 2 * g[:, None] * (x1 @ w - x2 @ w)
    return x1.T @ da - x2.T @ da


@wrong("tower_gradient", hint=3)
def upstream_forgotten(x1, x2, w, g):
    """The upstream factor is forgotten.

    g says how much the loss changes with each distance. Every pair's row is multiplied by its g[n].
    """
    return tower_gradient(x1, x2, w, np.ones_like(g))


@wrong("tower_gradient", hint=3)
def averaged_over_pairs(x1, x2, w, g):
    """The gradient is averaged over the pairs.

    If the loss is a mean, g already holds the 1/N. Here the pairs are summed.
    """
    return tower_gradient(x1, x2, w, g) / len(g)


@wrong("tower_gradient", hint=3)
def gradient_of_half_the_square(x1, x2, w, g):
    """The division by d is missing.

    (a - b) alone is the slope of d^2 / 2. The plain distance has (a - b)/d, a row of length 1.
    """
    da = g[:, None] * (x1 @ w - x2 @ w)
    return x1.T @ da - x2.T @ da


@wrong("tower_gradient", hint=3)
def branches_exchanged(x1, x2, w, g):
    """dw has the wrong sign.

    With d = |a - b|, the gradient by a is g*(a - b)/d and the one by b its negative. With b - a in
    the place of a - b both turn round.
    """
    return -tower_gradient(x1, x2, w, g)


@wrong("tower_gradient", hint=3)
def divided_twice(x1, x2, w, g):
    """The difference is divided by the squared distance.

    (a - b)/d has length 1. (a - b)/d^2 is a root that has been left out.
    """
    apart = x1 @ w - x2 @ w
    squares = (apart**2).sum(1)
    da = (g / np.where(squares == 0, 1.0, squares))[:, None] * apart
    return x1.T @ da - x2.T @ da


@wrong("distances", hint=2)
def little_under_root(f):
    """A little something is added under the root.

    Equal rows are at exactly 0, and the root of 1e-12 is 1e-6. The root of 0 is 0; there is nothing
    to be guarded against.
    """
    return np.sqrt(distances(f) ** 2 + 1e-12)


@wrong("distances", hint=2)
def hundred_millionth_under_root(f):
    """Something small is added under the root.

    Equal rows are at exactly 0, and the root of 1e-8 is 1e-4. The root of 0 is 0; there is nothing
    to be guarded against.
    """
    return np.sqrt(distances(f) ** 2 + 1e-8)


@wrong("tower_gradient", hint=3)
def something_added_to_distance(x1, x2, w, g):
    """Something is added to d before the division.

    It keeps NaN away, but close pairs get shorter gradients than they should. Where d is 0 the
    gradient is 0; elsewhere divide by d as it is.
    """
    apart = x1 @ w - x2 @ w
    da = (g / (np.sqrt((apart**2).sum(1)) + 1e-8))[:, None] * apart
    return x1.T @ da - x2.T @ da


@wrong("unit_rows", hint=1)
def short_rows_left_short(f):
    """A row that is short, but not 0, does not get length 1.

    A length is kept from being less than some small number, np.maximum(length, 1e-6) or the like,
    or a small one is taken for 0. Only a length of exactly 0 needs care.
    """
    return f / np.maximum(np.sqrt((f * f).sum(1, keepdims=True)), 1e-6)
