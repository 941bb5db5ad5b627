"""Plausible wrong answers for distances and a shared tower."""

import numpy as np
from solution import distances, tower_gradient, unit_rows

from nnscratch.learn import wrong

# -- distances ------------------------------------------------------------------------------------


@wrong("distances", hint=2)
def squared(f):
    """The distances are squared.

    The sum of the squares is the squared distance. The distance is its root. The same margin has
    another meaning for each.
    """
    return distances(f) ** 2


@wrong("distances", hint=2)
def norm_over_rows(f):
    """The norm is taken over the batch axis.

    f[:, None] - f[None] has the axes (row, other row, feature). The distance of two rows sums over
    the features, the last axis; you sum over the other rows.
    """
    difference = f[:, None] - f[None]
    return np.sqrt((difference * difference).sum(axis=1))


@wrong("distances", hint=2)
def root_of_products(f):
    """The root is taken of a difference of large numbers.

    |a|^2 + |b|^2 - 2ab is right without rounding. For rows that lie close together, far from 0, the
    result is mostly rounding and may be below 0: the root is NaN. Subtract the rows, then square.
    """
    squares = (f * f).sum(1)
    return np.sqrt(squares[:, None] + squares - 2 * f @ f.T)


@wrong("distances", hint=2)
def clipped_products(f):
    """Large numbers are subtracted, and NaN is only avoided.

    |f_i|^2 + |f_j|^2 - 2 f_i*f_j, clipped at 0 or in absolute value, has a root. But the digits are
    lost: distances of near rows are pure rounding, or 0. Subtract first, then square.
    """
    squares = (f * f).sum(1)
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * f @ f.T, 0.0))


@wrong("distances", hint=2)
def something_under_root(f):
    """A small number is added under the root.

    sqrt(x + 1e-6) is never 0: equal rows get the distance 0.001. The root of 0 is 0; only its
    gradient needs care, and this function computes no gradient.
    """
    return np.sqrt(distances(f) ** 2 + 1e-6)


@wrong("distances", hint=2)
def absolute_sum(f):
    """The differences are summed without squares.

    The sum of |f[i,k] - f[j,k]| is another distance. Here it is the root of the sum of squares.
    """
    return np.abs(f[:, None] - f[None]).sum(axis=2)


@wrong("distances", hint=2)
def mean_of_squares(f):
    """The squares are averaged, not summed.

    With .mean() in place of .sum() the distance is too small by the factor sqrt(K).
    """
    return distances(f) / np.sqrt(f.shape[1])


# -- rows of length 1 -----------------------------------------------------------------------------


@wrong("unit_rows", hint=1)
def columns_instead(f):
    """The columns have length 1, not the rows.

    An item of the batch is a row. Its length is a sum over axis 1; with keepdims=True it divides
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

    Its length is 0, and 0/0 is NaN. Divide by 1 where the length is 0, so that the row stays zeros.
    """
    return f / np.sqrt((f * f).sum(axis=1, keepdims=True))


@wrong("unit_rows", hint=1)
def something_added(f):
    """A small number is added to every length.

    f / (length + 1e-8) avoids NaN, but makes rows too short, short rows noticeably so. Only a
    length of 0 needs care: replace it by 1.
    """
    return f / (np.sqrt((f * f).sum(axis=1, keepdims=True)) + 1e-8)


@wrong("unit_rows", hint=1)
def squared_length(f):
    """The rows are divided by their squared length.

    The length is the root of the sum of squares. In your result long rows are too short, and short
    rows too long.
    """
    total = (f * f).sum(axis=1, keepdims=True)
    return f / np.where(total == 0, 1.0, total)


@wrong("unit_rows", hint=1)
def sum_of_absolutes(f):
    """The rows are divided by the sum of their absolute values.

    Then the absolute values add up to 1, but the length, the root of the sum of squares, is less
    than 1.
    """
    total = np.abs(f).sum(axis=1, keepdims=True)
    return f / np.where(total == 0, 1.0, total)


# -- the tower ------------------------------------------------------------------------------------


@wrong("tower_gradient", hint=3)
def first_branch_only(x1, x2, w, g):
    """The second branch contributes nothing to w.

    The same w computes both encodings. Add the gradient through the second branch, x2^T times
    dL/db, to the one through the first.
    """
    return x1.T @ (g[:, None] * unit_rows(x1 @ w - x2 @ w))


@wrong("tower_gradient", hint=3)
def second_branch_only(x1, x2, w, g):
    """The first branch contributes nothing to w.

    The gradient of the second branch replaces that of the first. Add them: dw is the sum of x1^T
    times dL/da and x2^T times dL/db.
    """
    return x2.T @ (g[:, None] * unit_rows(x2 @ w - x1 @ w))


@wrong("tower_gradient", hint=3)
def branches_averaged(x1, x2, w, g):
    """The two branches are averaged.

    Contributions to one parameter add up, like those of the items of a batch. Do not divide by 2.
    """
    return 0.5 * tower_gradient(x1, x2, w, g)


@wrong("tower_gradient", hint=3)
def branches_same_sign(x1, x2, w, g):
    """Both branches have the same sign.

    When a moves away from b the distance grows; when b moves in the same direction it shrinks.
    dL/db is the negative of dL/da.
    """
    da = g[:, None] * unit_rows(x1 @ w - x2 @ w)
    return x1.T @ da + x2.T @ da


@wrong("tower_gradient", hint=3)
def branches_cancel(x1, x2, w, g):
    """The two branches cancel: dw is 0 everywhere.

    This happens if both branches use the same input: if the tower stores its input, the second call
    overwrites x1. Each branch needs its own input. (Or is nothing ever added to dw?)
    """
    da = g[:, None] * unit_rows(x1 @ w - x2 @ w)
    return x2.T @ da - x2.T @ da


@wrong("tower_gradient", hint=3)
def not_a_number_at_zero(x1, x2, w, g):
    """A pair at distance 0 makes all of dw NaN.

    The slope of a root at 0 is infinite, and here it is 0/0. One such pair makes the whole sum NaN.
    Where d is 0 divide by 1, so that this pair contributes 0.
    """
    difference = x1 @ w - x2 @ w
    da = g[:, None] * difference / np.sqrt((difference * difference).sum(axis=1, keepdims=True))
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
    """The upstream gradient is missing.

    g[n] is the derivative of the loss by the distance of pair n. Multiply the row of each pair by
    its g[n].
    """
    return tower_gradient(x1, x2, w, np.ones_like(g))


@wrong("tower_gradient", hint=3)
def averaged_over_pairs(x1, x2, w, g):
    """The gradient is averaged over the pairs.

    If the loss is a mean, g already contains the factor 1/N. Here the pairs are summed.
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

    With d = |a - b|, the gradient by a is g*(a - b)/d and the one by b its negative. b - a in place
    of a - b changes both signs.
    """
    return -tower_gradient(x1, x2, w, g)


@wrong("tower_gradient", hint=3)
def divided_twice(x1, x2, w, g):
    """The difference is divided by the squared distance.

    (a - b)/d has length 1. You have (a - b)/d^2: take the root of the sum of squares.
    """
    difference = x1 @ w - x2 @ w
    squares = (difference**2).sum(1)
    da = (g / np.where(squares == 0, 1.0, squares))[:, None] * difference
    return x1.T @ da - x2.T @ da


@wrong("distances", hint=2)
def little_under_root(f):
    """A small number is added under the root.

    Equal rows have distance exactly 0, and the root of 1e-12 is 1e-6. The root of 0 is 0 and needs
    no protection.
    """
    return np.sqrt(distances(f) ** 2 + 1e-12)


@wrong("distances", hint=2)
def hundred_millionth_under_root(f):
    """A small number is added under the root.

    Equal rows have distance exactly 0, and the root of 1e-8 is 1e-4. The root of 0 is 0 and needs
    no protection.
    """
    return np.sqrt(distances(f) ** 2 + 1e-8)


@wrong("tower_gradient", hint=3)
def something_added_to_distance(x1, x2, w, g):
    """A small number is added to d before the division.

    It avoids NaN, but close pairs get shorter gradients than they should. Where d is 0 the gradient
    is 0; elsewhere divide by d itself.
    """
    difference = x1 @ w - x2 @ w
    da = (g / (np.sqrt((difference**2).sum(1)) + 1e-8))[:, None] * difference
    return x1.T @ da - x2.T @ da


@wrong("unit_rows", hint=1)
def short_rows_left_short(f):
    """A row that is short, but not 0, does not get length 1.

    You bound the length from below, np.maximum(length, 1e-6) or similar, or treat a small length as
    0. Only a length of exactly 0 needs care.
    """
    return f / np.maximum(np.sqrt((f * f).sum(1, keepdims=True)), 1e-6)
