"""Plausible wrong answers for the gradient checker."""

import numpy as np
from solution import gradient_check

from nnscratch.learn import wrong


def _measured(function, x, g, step=1e-6):
    """Central differences of sum(function(x) * g)."""
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + step
        high = np.sum(function(x) * g)
        x[at] = kept - step
        slopes[at] = (high - np.sum(function(x) * g)) / (2 * step)
        x[at] = kept
    return slopes


def _claimed(gradient, x, g):
    return gradient(np.array(x, dtype=np.float64), g)


def _error(a, n):
    largest = max(np.abs(a).max(), np.abs(n).max())
    return float(np.abs(a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=3)
def forward_difference(function, gradient, x, g):
    """Only one side is looked at: a forward difference.

    (L(x + h) - L(x)) / h is wrong by about h/2 times the second derivative, and a steep function
    has a large one. Go to both sides, and divide by 2h.
    """
    x = np.array(x, dtype=np.float64)
    slopes, start = np.zeros_like(x), np.sum(function(x) * g)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + 1e-6
        slopes[at] = (np.sum(function(x) * g) - start) / 1e-6
        x[at] = kept
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=3)
def divided_by_h(function, gradient, x, g):
    """The difference over both sides is divided by h.

    From x - h to x + h it is 2h. Divided by h alone, every slope comes out doubled.
    """
    return _error(_claimed(gradient, x, g), 2 * _measured(function, x, g))


@wrong("gradient_check", hint=3)
def step_too_short(function, gradient, x, g):
    """The step is too short: rounding drowns the difference.

    L is known to about 16 digits. At h = 1e-12 the two values agree in 12 of them, and only a few
    digits of the difference mean anything. Take h = 1e-6.
    """
    return _error(_claimed(gradient, x, g), _measured(function, x, g, 1e-12))


@wrong("gradient_check", hint=3)
def step_too_long(function, gradient, x, g):
    """The step is too long: the function bends within it.

    The error of a central difference grows with h^2 times the third derivative, and a steep
    function has a large one. Take h = 1e-6.
    """
    return _error(_claimed(gradient, x, g), _measured(function, x, g, 1e-3))


@wrong("gradient_check", hint=2)
def in_float32(function, gradient, x, g):
    """Everything is computed in float32.

    float32 has 7 digits: x + 1e-6 is hardly another number than x, and the difference is nothing
    but rounding. Gradients are checked in float64, whatever they are used in later.
    """
    x = x.astype(np.float32)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + 1e-6
        high = np.sum(function(x) * g)
        x[at] = kept - 1e-6
        slopes[at] = (high - np.sum(function(x) * g)) / 2e-6
        x[at] = kept
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=2)
def type_kept(function, gradient, x, g):
    """float32 stays float32, which has no room for the step.

    float32 has 7 digits: x + 1e-6 is hardly another number than x, and the difference is nothing
    but rounding. Convert x to float64 before anything else.
    """
    if x.dtype == np.float64:
        return gradient_check(function, gradient, x, g)
    slopes = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[at] += 1e-6
        down[at] -= 1e-6
        slopes[at] = (np.sum(function(up) * g) - np.sum(function(down) * g)) / 2e-6
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=3)
def x_not_restored(function, gradient, x, g):
    """x is not put back after it was moved.

    Every element stays at x[i] - h. The next slopes are measured at another place, and whoever
    gave you x has another x afterwards. Keep the old number and put it back.
    """
    claimed, slopes = _claimed(gradient, x, g), np.zeros(x.shape)
    moved = x if x.dtype == np.float64 else x.astype(np.float64)
    for at in np.ndindex(x.shape):
        kept = moved[at]
        moved[at] = kept + 1e-6
        high = np.sum(function(moved) * g)
        moved[at] = kept - 1e-6
        slopes[at] = (high - np.sum(function(moved) * g)) / 2e-6
    return _error(claimed, slopes)


@wrong("gradient_check", hint=3)
def copy_not_restored(function, gradient, x, g):
    """An element is not put back before the next one is moved.

    x itself is safe, as you work on a copy, but there every element stays at x[i] - h, and the
    next slopes are measured at another place. Keep the old number and put it back.
    """
    return x_not_restored(function, gradient, x.copy(), g)


@wrong("gradient_check", hint=3)
def restored_by_arithmetic(function, gradient, x, g):
    """x is not quite what it was: + h - 2h + h rounds.

    In floats these do not always cancel, the last digit may differ. Keep the old number in a
    variable and put that back, or work on a copy.
    """
    claimed, slopes = _claimed(gradient, x, g), np.zeros(x.shape)
    moved = x if x.dtype == np.float64 else x.astype(np.float64)
    for at in np.ndindex(x.shape):
        moved[at] += 1e-6
        high = np.sum(function(moved) * g)
        moved[at] -= 2e-6
        slopes[at] = (high - np.sum(function(moved) * g)) / 2e-6
        moved[at] += 1e-6
    return _error(claimed, slopes)


@wrong("gradient_check", hint=3)
def first_element_only(function, gradient, x, g):
    """Only the first element is measured.

    A gradient may be right there and wrong elsewhere, at a border for instance. Go through all
    elements; is there a return inside the loop?
    """
    first = x.astype(np.float64)
    up, down = first.copy(), first.copy()
    up.flat[0] += 1e-6
    down.flat[0] -= 1e-6
    slope = (np.sum(function(up) * g) - np.sum(function(down) * g)) / 2e-6
    return _error(gradient(first, g).ravel()[:1], np.array([slope]))


@wrong("gradient_check", hint=3)
def returns_in_the_loop(function, gradient, x, g):
    """The loop ends after its first round.

    One slope is measured, all the others are still 0 when they are compared. Look for a
    return that stands inside the loop (move it to the left), or a break.
    """
    x = x.astype(np.float64)
    slopes, up, down = np.zeros_like(x), x.copy(), x.copy()
    up.flat[0] += 1e-6
    down.flat[0] -= 1e-6
    slopes.flat[0] = (np.sum(function(up) * g) - np.sum(function(down) * g)) / 2e-6
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=3)
def all_moved_at_once(function, gradient, x, g):
    """All elements are moved at the same time.

    x + h moves the whole array. That is right only where y[i] depends on x[i] and nothing else;
    in a softmax, which stays the same if all are moved, it measures 0. Move one at a time.
    """
    x = x.astype(np.float64)
    return _error(gradient(x, g), (function(x + 1e-6) - function(x - 1e-6)) / 2e-6 * g)


@wrong("gradient_check", hint=1)
def own_output_only(function, gradient, x, g):
    """Of each moved x[i] only y[i] is looked at.

    x[i] may change every output, and in general y has another shape than x. Add up y * g over all
    outputs, then take the difference.
    """
    x = x.astype(np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[at] += 1e-6
        down[at] -= 1e-6
        slopes[at] = (function(up)[at] - function(down)[at]) / 2e-6 * g[at]
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=1)
def upstream_of_ones(function, gradient, x, g):
    """g is not used: ones stand in its place.

    The outputs of a softmax add up to 1 whatever x is, so with ones the slope is 0 and the most
    wrong gradients pass. Use the g that is given, in both L and the gradient.
    """
    return gradient_check(function, gradient, x, np.ones_like(g))


@wrong("gradient_check", hint=1)
def upstream_not_in_slopes(function, gradient, x, g):
    """The slopes are those of sum(y), without g.

    The claimed gradient is that of L = sum(y * g). Measure the same L.
    """
    return _error(_claimed(gradient, x, g), _measured(function, x, np.ones_like(g)))


@wrong("gradient_check", hint=1)
def upstream_not_in_gradient(function, gradient, x, g):
    """The gradient is asked with ones, the slopes are measured with g.

    Both must belong to the same L = sum(y * g). Hand g to gradient.
    """
    return _error(_claimed(gradient, x, np.ones_like(g)), _measured(function, x, g))


@wrong("gradient_check", hint=4)
def absolute_error(function, gradient, x, g):
    """The error is absolute.

    max|a - n| alone is small for every small gradient, right or wrong, and large for large ones.
    Divide by the largest of |a| and |n|.
    """
    return float(np.abs(_claimed(gradient, x, g) - _measured(function, x, g)).max())


@wrong("gradient_check", hint=4)
def relative_to_slopes(function, gradient, x, g):
    """The error is divided by the largest slope alone.

    What is asked is the larger of max|a| and max|n|; so the error of a gradient that is too large
    and of one that is too small are measured alike.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = np.abs(n).max()
    return float(np.abs(a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def relative_to_claimed(function, gradient, x, g):
    """The error is divided by the largest claimed value alone.

    What is asked is the larger of max|a| and max|n|; so the error of a gradient that is too large
    and of one that is too small are measured alike.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = np.abs(a).max()
    return float(np.abs(a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def relative_to_sum(function, gradient, x, g):
    """The error is divided by max|a| + max|n|.

    A usual definition too, but half as large. Asked is the larger of the two, not their sum.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    total = np.abs(a).max() + np.abs(n).max()
    return float(np.abs(a - n).max() / total) if total else 0.0


@wrong("gradient_check", hint=4)
def norms_compared(function, gradient, x, g):
    """The error is made of norms of the whole arrays.

    |a - n| / (|a| + |n|) with Euclidean norms is a usual definition, but among a million elements
    it hardly sees a single wrong one. Asked are the largest elements.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    total = np.linalg.norm(a) + np.linalg.norm(n)
    return float(np.linalg.norm(a - n) / total) if total else 0.0


@wrong("gradient_check", hint=4)
def element_by_element(function, gradient, x, g):
    """The quotient is taken element by element.

    Beside an element of 200 one of 0.0001 is measured with the rounding of the large one, so its
    own relative error is large although the gradient is right. Divide by the largest of all.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    larger = np.maximum(np.abs(a), np.abs(n))
    return float((np.abs(a - n) / np.where(larger > 0, larger, 1)).max())


@wrong("gradient_check", hint=4)
def zero_over_zero(function, gradient, x, g):
    """Where both gradients are 0 everywhere, the error is 0 / 0.

    That is NaN, and NaN <= 1e-5 is False: a right gradient is refused. If the largest value is 0,
    the error is 0.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    return float(np.abs(a - n).max() / np.maximum(np.abs(a).max(), np.abs(n).max()))


@wrong("gradient_check", hint=4)
def error_averaged(function, gradient, x, g):
    """The error is the mean over the elements, not the worst.

    One wrong element among many hardly shows in a mean. Take the largest |a - n|.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = max(np.abs(a).max(), np.abs(n).max())
    return float(np.abs(a - n).mean() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def sign_of_error_kept(function, gradient, x, g):
    """The absolute value is missing: max(a - n).

    Where a is too small the difference is negative, and the maximum does not see it. Take the
    absolute value of a - n first.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = max(np.abs(a).max(), np.abs(n).max())
    return float((a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def sizes_compared(function, gradient, x, g):
    """|a| and |n| are compared, which hides a wrong sign.

    A gradient with the opposite sign leads uphill, but has the same size. Take the difference
    first and the absolute value then.
    """
    return _error(np.abs(_claimed(gradient, x, g)), np.abs(_measured(function, x, g)))


@wrong("gradient_check", hint=4)
def sums_compared(function, gradient, x, g):
    """The sums of both gradients are compared.

    Errors of different elements cancel in a sum: a gradient in the wrong order passes. Compare
    element by element, and take the worst.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    return _error(a.sum(keepdims=True), n.sum(keepdims=True))


@wrong("gradient_check", hint=4)
def verdict_returned(function, gradient, x, g):
    """True or False is returned instead of the error.

    A number says more: how wrong it is. Return the error itself, without comparing it with a bound.
    """
    return gradient_check(function, gradient, x, g) <= 1e-5
