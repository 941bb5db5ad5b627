"""Plausible wrong answers for collapse."""

import numpy as np
from solution import loss_at_collapse, spread, verdict

from nnscratch.learn import wrong

# -- the number -----------------------------------------------------------------------------------


@wrong("loss_at_collapse", hint=1)
def nothing_left(kind, margin):
    """The loss at collapse is said to be 0.

    All distances are 0, but the loss is not: the maximum still contains the margin, and the soft
    loss is the logarithm of 1 + exp(0).
    """
    return 0.0


@wrong("loss_at_collapse", hint=1)
def margin_for_all(kind, margin):
    """The soft loss is given a margin.

    It has no margin. log(1 + exp(0 - 0)) is the same number for every training.
    """
    return margin


@wrong("loss_at_collapse", hint=1)
def margin_squared(kind, margin):
    """The margin is squared along with the distances.

    max(0, 0 - 0 + margin) is the margin, whether the distances are squared or not.
    """
    return margin**2 if kind == "squared" else loss_at_collapse(kind, margin)


@wrong("loss_at_collapse", hint=1)
def root_of_margin(kind, margin):
    """The root of the margin is taken for plain distances.

    The roots are in the distances, and these are 0. The margin is added without a root.
    """
    return np.sqrt(margin) if kind == "plain" else loss_at_collapse(kind, margin)


@wrong("loss_at_collapse", hint=1)
def soft_is_zero(kind, margin):
    """The soft loss is said to be 0 at collapse.

    log(1 + exp(x)) goes to 0 only where x goes to -infinity. Here x = 0 - 0 = 0, and exp(0) is 1.
    """
    return 0.0 if kind == "soft" else margin


@wrong("loss_at_collapse", hint=1)
def soft_is_half(kind, margin):
    """The soft loss is computed as a probability.

    1 / (1 + exp(0)) is one half. The loss is the logarithm log(1 + exp(0)).
    """
    return 0.5 if kind == "soft" else margin


@wrong("loss_at_collapse", hint=1)
def soft_with_margin(kind, margin):
    """The margin is added in the exponent of the soft loss.

    The soft loss has no margin: its exponent is the difference of the distances alone, and that is
    0.
    """
    return float(np.log1p(np.exp(margin))) if kind == "soft" else margin


@wrong("loss_at_collapse", hint=1)
def soft_is_one(kind, margin):
    """The soft loss is said to be 1 at collapse.

    exp(0) is 1, but the loss is log(1 + exp(0)) = log(2), with the natural logarithm np.log; to
    base 2 it would be 1.
    """
    return 1.0 if kind == "soft" else margin


# -- the spread -----------------------------------------------------------------------------------


def _length(f):
    return np.sqrt((f**2).sum(axis=1).mean())


def _over(distance, length):
    return distance / length if length else 0.0


@wrong("spread", hint=2)
def mean_of_all_numbers(f):
    """The mean is taken over everything, features too.

    f.mean() is one number, and equal rows such as [1, 2, 3] differ from it. The mean is a row: axis
    0. (f.std() has the same fault.)
    """
    return _over(f.std(), np.sqrt((f**2).mean()))


@wrong("spread", hint=2)
def mean_of_features(f):
    """The mean is taken along the rows.

    axis=1 compares the features of one encoding with each other. The spread compares the encodings
    with each other: axis 0.
    """
    distance = np.sqrt(((f - f.mean(axis=1, keepdims=True)) ** 2).sum(axis=1).mean())
    return _over(distance, _length(f))


@wrong("spread", hint=3)
def not_beside_length(f):
    """The spread is not divided by the length.

    Then short encodings look collapsed when they are not, and collapsed long ones do not. Divide by
    the root of the mean of |f_i|^2.
    """
    return spread(f) * _length(f)


@wrong("spread", hint=3)
def beside_the_mean(f):
    """The spread is divided by the length of the mean.

    If the rows point in all directions their mean is near 0, and the quotient is unbounded. The
    divisor uses the lengths of the rows, the root of the mean of |f_i|^2.
    """
    return _over(spread(f) * _length(f), np.sqrt((f.mean(axis=0) ** 2).sum()))


@wrong("spread", hint=2)
def lengths_only(f):
    """Only the lengths of the rows are compared.

    Rows of equal length may point in all directions and be far apart; your result is 0 for them.
    Subtract the mean row first, then take the length.
    """
    return _over(np.sqrt((f**2).sum(axis=1)).std(), _length(f))


@wrong("spread", hint=3)
def nothing_by_nothing(f):
    """Rows of zeros have a spread of 0/0.

    If all encodings are 0 they are all equal, and the spread is 0. NaN compares as False, also in
    the test for collapse.
    """
    return spread(f) if f.any() else np.nan


@wrong("spread", hint=2)
def roots_forgotten(f):
    """The roots are missing.

    You have the squares of both, so the result is the square of the spread: 0.03 becomes 0.001.
    """
    return spread(f) ** 2


@wrong("spread", hint=2)
def means_of_lengths(f):
    """The roots are taken before the means.

    The mean of the distances is not the root of the mean of their squares. In both places: square,
    mean over the batch, root.
    """
    distance = np.sqrt(((f - f.mean(axis=0)) ** 2).sum(axis=1)).mean()
    return _over(distance, np.sqrt((f**2).sum(axis=1)).mean())


@wrong("spread", hint=2)
def features_averaged_above(f):
    """The features are averaged in one place and summed in the other.

    |f_i - mean|^2 sums over the features, as |f_i|^2 does. With .mean() in the numerator only, the
    spread is too small by the factor sqrt(D).
    """
    return spread(f) / np.sqrt(f.shape[1])


@wrong("spread", hint=2)
def beside_one_less(f):
    """The mean in the numerator is divided by B - 1.

    Both means are over the B rows; with ddof=1, or B - 1, in one of them they do not fit.
    """
    return spread(f) * np.sqrt(len(f) / (len(f) - 1))


@wrong("spread", hint=2)
def distance_of_pairs(f):
    """The rows are compared with each other, not with their mean.

    The mean over all pairs is another measure, larger by a factor of about sqrt(2). Here each row
    is compared with the mean row.
    """
    pairs = ((f[:, None] - f) ** 2).sum(axis=2)
    return _over(np.sqrt(pairs.mean()), _length(f))


@wrong("spread", hint=3)
def small_number_below(f):
    """A small number is added to the denominator.

    It avoids 0/0, but encodings may be small themselves: then the result depends on their length.
    Test whether the length is 0.
    """
    mean = f.mean(axis=0)
    return _length(f - mean) / (_length(f) + 1e-8)


@wrong("spread", hint=3)
def upside_down(f):
    """The quotient is inverted.

    The distance of the rows from their mean is the numerator, their length the denominator.
    """
    return _over(_length(f), _length(f - f.mean(axis=0)))


@wrong("spread", hint=2)
def far_from_the_first(f):
    """The rows are compared with the first row, not with their mean.

    Take the mean over the batch, f.mean(axis=0).
    """
    return _over(_length(f - f[0]), _length(f))


@wrong("spread", hint=3)
def root_below_missing(f):
    """The denominator is a square.

    Both are roots of a mean of squares. Without the second root, encodings that are ten times as
    long have another spread.
    """
    return _over(_length(f - f.mean(axis=0)), _length(f) ** 2)


# -- the verdict ----------------------------------------------------------------------------------


@wrong("verdict", hint=4)
def success_by_loss(losses, spread):
    """A collapse is called learning because the loss fell.

    It fell to the margin and stays there, which is typical of a collapse. Test the spread first,
    whatever the loss did.
    """
    return "learning" if losses[-1] < losses[0] else "not learning"


@wrong("verdict", hint=4)
def collapse_by_loss(losses, spread):
    """Collapse is derived from a loss that no longer changes.

    A loss may stop because everything is learnt, or nothing is, and it may pass the margin on its
    way. Only the encodings show a collapse: the spread is below 1/1000.
    """
    if abs(losses[-1] - losses[-2]) < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] < losses[0] else "not learning"


@wrong("verdict", hint=4)
def only_exactly_equal(losses, spread):
    """Only a spread of exactly 0 counts as a collapse.

    Collapsed encodings are seldom equal to the last digit. The bound is 1/1000.
    """
    return verdict(losses, 1.0) if spread > 0 else "collapsed"


@wrong("verdict", hint=4)
def loss_asked_first(losses, spread):
    """A loss that fell is called learning before the spread is tested.

    In a collapse the loss falls to the margin and stays there. Test the spread first; the loss
    matters only if the spread is not small.
    """
    return "learning" if losses[-1] < losses[0] else verdict(losses, spread)


@wrong("verdict", hint=4)
def first_step_only(losses, spread):
    """The second loss is compared with the first.

    losses[1] is the loss of the second step. The last one is losses[-1].
    """
    return verdict(losses[:2], spread)


@wrong("verdict", hint=4)
def too_easily_collapsed(losses, spread):
    """The bound of the spread is too large.

    The bound is 1/1000. Above it the rows can still be told apart, and training may continue.
    """
    return verdict(losses, spread / 10)


@wrong("verdict", hint=4)
def comparison_reversed(losses, spread):
    """The spread is compared the wrong way round.

    A collapse has a small spread: below 1/1000.
    """
    return verdict(losses, 0.0 if spread > 1e-3 else 1.0)


@wrong("verdict", hint=4)
def collapse_needs_falling(losses, spread):
    """A collapse is reported only if the loss fell.

    If it starts below the margin, the loss rises to it when the encodings collapse. The spread
    decides, whatever the loss did.
    """
    return verdict(losses, spread) if losses[-1] < losses[0] else "not learning"


@wrong("verdict", hint=4)
def last_two_losses(losses, spread):
    """The last two losses are compared.

    A loss goes up and down from step to step. Compare the last loss with the first.
    """
    return verdict(losses[-2:], spread)


@wrong("verdict", hint=4)
def lowest_loss(losses, spread):
    """The lowest loss is compared with the first.

    An earlier low loss is no progress if the loss is higher now. Compare the last one.
    """
    return verdict([losses[0], min(losses)], spread)


@wrong("verdict", hint=4)
def standing_still_is_learning(losses, spread):
    """A last loss equal to the first counts as learning.

    Below means less than the first; with <= a training without progress passes.
    """
    if spread < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] <= losses[0] else "not learning"


@wrong("verdict", hint=4)
def must_fall_each_time(losses, spread):
    """One step up, or one without a change, counts as not learning.

    A loss goes up and down from step to step. Compare only the last loss with the first.
    """
    falls = all(after < before for before, after in zip(losses, losses[1:], strict=False))
    return verdict([1.0, 0.0 if falls else 1.0], spread)


@wrong("verdict", hint=4)
def below_the_highest(losses, spread):
    """The last loss is compared with the highest.

    A loss that rose and came back made no progress. Compare the last loss with the first.
    """
    return verdict([max(losses), losses[-1]], spread)


@wrong("verdict", hint=4)
def never_not_learning(losses, spread):
    """Every training that has not collapsed is called learning.

    It is learning only if the last loss is below the first.
    """
    return "collapsed" if spread < 1e-3 else "learning"


@wrong("verdict", hint=4)
def bound_counts_as_collapse(losses, spread):
    """A spread of exactly 1/1000 is called a collapse.

    The rule is below 1/1000: <, not <=.
    """
    return "collapsed" if spread <= 1 / 1000 else verdict(losses, spread)


@wrong("verdict", hint=4)
def rise_is_learning(losses, spread):
    """A loss that rose counts as learning.

    It is learning if the last loss is below the first.
    """
    if spread < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] > losses[0] else "not learning"
