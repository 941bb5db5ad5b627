"""Plausible wrong answers for the gradient checker."""

import numpy as np
from solution import gradient_check

from nnscratch.learn import wrong


def _measured(function, x, g, step=1e-6):
    """Central differences of sum(function(x) * g)."""
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        old = x[at]
        x[at] = old + step
        high = np.sum(function(x) * g)
        x[at] = old - step
        slopes[at] = (high - np.sum(function(x) * g)) / (2 * step)
        x[at] = old
    return slopes


def _claimed(gradient, x, g):
    return gradient(np.array(x, dtype=np.float64), g)


def _error(a, n):
    largest = max(np.abs(a).max(), np.abs(n).max())
    return float(np.abs(a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=3)
def forward_difference(function, gradient, x, g):
    """Only one side is used: a forward difference.

    (L(x + h) - L(x)) / h is wrong by about h/2 times the second derivative, which is large for a
    steep function. Use both sides, and divide by 2h.
    """
    x = np.array(x, dtype=np.float64)
    slopes, start = np.zeros_like(x), np.sum(function(x) * g)
    for at in np.ndindex(x.shape):
        old = x[at]
        x[at] = old + 1e-6
        slopes[at] = (np.sum(function(x) * g) - start) / 1e-6
        x[at] = old
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=3)
def divided_by_h(function, gradient, x, g):
    """The difference over both sides is divided by h.

    The distance from x - h to x + h is 2h. Divided by h, every slope is doubled.
    """
    return _error(_claimed(gradient, x, g), 2 * _measured(function, x, g))


@wrong("gradient_check", hint=3)
def step_too_short(function, gradient, x, g):
    """The step is too short: the difference is mostly rounding.

    L has about 16 digits. At h = 1e-12 the two values agree in 12 of them, and only a few digits of
    the difference are right. Use h = 1e-6.
    """
    return _error(_claimed(gradient, x, g), _measured(function, x, g, 1e-12))


@wrong("gradient_check", hint=3)
def step_too_long(function, gradient, x, g):
    """The step is too long: the function curves within it.

    The error of a central difference grows with h^2 times the third derivative, which is large for
    a steep function. Use h = 1e-6.
    """
    return _error(_claimed(gradient, x, g), _measured(function, x, g, 1e-3))


@wrong("gradient_check", hint=2)
def in_float32(function, gradient, x, g):
    """Everything is computed in float32.

    float32 has 7 digits: x + 1e-6 hardly differs from x, and the difference is only rounding. Check
    gradients in float64, whatever the dtype of training.
    """
    x = x.astype(np.float32)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        old = x[at]
        x[at] = old + 1e-6
        high = np.sum(function(x) * g)
        x[at] = old - 1e-6
        slopes[at] = (high - np.sum(function(x) * g)) / 2e-6
        x[at] = old
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=2)
def type_kept(function, gradient, x, g):
    """float32 stays float32, which is too coarse for the step.

    float32 has 7 digits: x + 1e-6 hardly differs from x, and the difference is only rounding.
    Convert x to float64 first.
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
    """x is not restored after a step.

    Every element stays at x[i] - h. The next slopes are measured at another place, and the caller's
    x has changed. Save the old number and restore it.
    """
    claimed, slopes = _claimed(gradient, x, g), np.zeros(x.shape)
    x64 = x if x.dtype == np.float64 else x.astype(np.float64)
    for at in np.ndindex(x.shape):
        old = x64[at]
        x64[at] = old + 1e-6
        high = np.sum(function(x64) * g)
        x64[at] = old - 1e-6
        slopes[at] = (high - np.sum(function(x64) * g)) / 2e-6
    return _error(claimed, slopes)


@wrong("gradient_check", hint=3)
def copy_not_restored(function, gradient, x, g):
    """An element is not restored before the next one is changed.

    The caller's x is safe, as you work on a copy, but in the copy every element stays at x[i] - h,
    and the next slopes are measured at another place. Save the old number and restore it.
    """
    return x_not_restored(function, gradient, x.copy(), g)


@wrong("gradient_check", hint=3)
def restored_by_arithmetic(function, gradient, x, g):
    """x is not restored exactly: + h - 2h + h rounds.

    In floats these steps do not always cancel; the last digit may differ. Save the old number in a
    variable and restore that, or work on a copy.
    """
    claimed, slopes = _claimed(gradient, x, g), np.zeros(x.shape)
    x64 = x if x.dtype == np.float64 else x.astype(np.float64)
    for at in np.ndindex(x.shape):
        x64[at] += 1e-6
        high = np.sum(function(x64) * g)
        x64[at] -= 2e-6
        slopes[at] = (high - np.sum(function(x64) * g)) / 2e-6
        x64[at] += 1e-6
    return _error(claimed, slopes)


@wrong("gradient_check", hint=3)
def first_element_only(function, gradient, x, g):
    """Only the first element is measured.

    A gradient may be right there and wrong elsewhere, for example at a border. Measure all
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

    One slope is measured; all others are still 0 when they are compared. Look for a return inside
    the loop (it belongs after it), or a break.
    """
    x = x.astype(np.float64)
    slopes, up, down = np.zeros_like(x), x.copy(), x.copy()
    up.flat[0] += 1e-6
    down.flat[0] -= 1e-6
    slopes.flat[0] = (np.sum(function(up) * g) - np.sum(function(down) * g)) / 2e-6
    return _error(gradient(x, g), slopes)


@wrong("gradient_check", hint=3)
def all_moved_at_once(function, gradient, x, g):
    """All elements are changed at the same time.

    x + h changes the whole array. That is right only where y[i] depends on x[i] alone; a softmax,
    for example, does not change if all elements change by h, so the slopes are 0. Change one
    element at a time.
    """
    x = x.astype(np.float64)
    return _error(gradient(x, g), (function(x + 1e-6) - function(x - 1e-6)) / 2e-6 * g)


@wrong("gradient_check", hint=1)
def own_output_only(function, gradient, x, g):
    """For each changed x[i] only y[i] is used.

    x[i] may change every output, and y may have another shape than x. Sum y * g over all outputs,
    then take the difference.
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
    """Ones are used in place of g.

    The outputs of a softmax add up to 1 whatever x is, so with ones the slope is 0 and even very
    wrong gradients pass. Use the given g, both in L and in the call of gradient.
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
    """gradient is called with ones, the slopes are measured with g.

    Both must belong to the same L = sum(y * g). Pass g to gradient.
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

    Divide by the larger of max|a| and max|n|, so that gradients that are too large and too small
    are measured alike.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = np.abs(n).max()
    return float(np.abs(a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def relative_to_claimed(function, gradient, x, g):
    """The error is divided by the largest claimed value alone.

    Divide by the larger of max|a| and max|n|, so that gradients that are too large and too small
    are measured alike.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = np.abs(a).max()
    return float(np.abs(a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def relative_to_sum(function, gradient, x, g):
    """The error is divided by max|a| + max|n|.

    This definition is in use too, but its errors are about half as large. Divide by the larger of
    the two, not by their sum.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    total = np.abs(a).max() + np.abs(n).max()
    return float(np.abs(a - n).max() / total) if total else 0.0


@wrong("gradient_check", hint=4)
def norms_compared(function, gradient, x, g):
    """The error is computed from norms of the whole arrays.

    |a - n| / (|a| + |n|) with Euclidean norms is a common definition, but a single wrong element
    among a million hardly changes it. Use the largest elements.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    total = np.linalg.norm(a) + np.linalg.norm(n)
    return float(np.linalg.norm(a - n) / total) if total else 0.0


@wrong("gradient_check", hint=4)
def element_by_element(function, gradient, x, g):
    """The quotient is computed for each element.

    Next to an element of 200, an element of 0.0001 has the rounding error of the large one, so its
    own relative error is large although the gradient is right. Divide by the largest element of
    all.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    larger = np.maximum(np.abs(a), np.abs(n))
    return float((np.abs(a - n) / np.where(larger > 0, larger, 1)).max())


@wrong("gradient_check", hint=4)
def zero_over_zero(function, gradient, x, g):
    """Where both gradients are 0 everywhere, the error is 0 / 0.

    That is NaN, and NaN <= 1e-5 is False: a right gradient is rejected. If the largest value is 0,
    the error is 0.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    return float(np.abs(a - n).max() / np.maximum(np.abs(a).max(), np.abs(n).max()))


@wrong("gradient_check", hint=4)
def error_averaged(function, gradient, x, g):
    """The error is the mean over the elements, not the largest.

    A mean hardly shows one wrong element among many. Take the largest |a - n|.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = max(np.abs(a).max(), np.abs(n).max())
    return float(np.abs(a - n).mean() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def sign_of_error_kept(function, gradient, x, g):
    """The absolute value is missing: max(a - n).

    Where a is too small the difference is negative, and the maximum ignores it. Take the absolute
    value of a - n first.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    largest = max(np.abs(a).max(), np.abs(n).max())
    return float((a - n).max() / largest) if largest else 0.0


@wrong("gradient_check", hint=4)
def sizes_compared(function, gradient, x, g):
    """|a| and |n| are compared, which hides a wrong sign.

    A gradient with the opposite sign has the same absolute value. Take the difference first, then
    the absolute value.
    """
    return _error(np.abs(_claimed(gradient, x, g)), np.abs(_measured(function, x, g)))


@wrong("gradient_check", hint=4)
def sums_compared(function, gradient, x, g):
    """The sums of both gradients are compared.

    Errors of different elements cancel in a sum: a gradient in the wrong order passes. Compare
    element by element, and take the largest.
    """
    a, n = _claimed(gradient, x, g), _measured(function, x, g)
    return _error(a.sum(keepdims=True), n.sum(keepdims=True))


@wrong("gradient_check", hint=4)
def verdict_returned(function, gradient, x, g):
    """True or False is returned instead of the error.

    Return the error itself; do not compare it with a bound.
    """
    return gradient_check(function, gradient, x, g) <= 1e-5
