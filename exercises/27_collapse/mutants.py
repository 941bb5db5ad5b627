"""Plausible wrong answers about collapse."""

import numpy as np
from solution import loss_at_collapse, spread, verdict

from nnscratch.learn import wrong

# -- the number -----------------------------------------------------------------------------------


@wrong("loss_at_collapse", hint=1)
def nothing_left(kind, margin):
    """The loss is taken to be 0 at collapse.

    All distances are 0, but the loss is not: what is left under the maximum is the margin, and the
    soft loss has exp(0) = 1 in its logarithm. A collapsed network does pay.
    """
    return 0.0


@wrong("loss_at_collapse", hint=1)
def margin_for_all(kind, margin):
    """The soft loss is given a margin.

    There is none in it. log(1 + exp(0 - 0)) is the same number for every training.
    """
    return margin


@wrong("loss_at_collapse", hint=1)
def margin_squared(kind, margin):
    """The margin is squared along with the distances.

    max(0, 0 - 0 + margin) is the margin, whatever was done to the distances before.
    """
    return margin**2 if kind == "squared" else loss_at_collapse(kind, margin)


@wrong("loss_at_collapse", hint=1)
def root_of_margin(kind, margin):
    """The root of the margin is taken for plain distances.

    The roots are in the distances, and these are 0. The margin is added to them as it is.
    """
    return np.sqrt(margin) if kind == "plain" else loss_at_collapse(kind, margin)


@wrong("loss_at_collapse", hint=1)
def soft_is_zero(kind, margin):
    """The soft loss is taken to be 0 at collapse.

    log(1 + exp(x)) is 0 only where x goes to -infinity. Here x = 0 - 0 = 0, and exp(0) is 1.
    """
    return 0.0 if kind == "soft" else margin


@wrong("loss_at_collapse", hint=1)
def soft_is_half(kind, margin):
    """The soft loss is taken for a probability.

    1 / (1 + exp(0)) is one half. The loss is the logarithm log(1 + exp(0)).
    """
    return 0.5 if kind == "soft" else margin


@wrong("loss_at_collapse", hint=1)
def soft_with_margin(kind, margin):
    """The margin is put into the exponent of the soft loss.

    The soft loss has no margin: its exponent is the difference of the distances alone, and that is
    0.
    """
    return float(np.log1p(np.exp(margin))) if kind == "soft" else margin


@wrong("loss_at_collapse", hint=1)
def soft_is_one(kind, margin):
    """The soft loss is taken to be 1 at collapse.

    exp(0) is 1, but the loss is log(1 + exp(0)) = log(2). And log is the natural logarithm, as
    np.log is; to base 2 it would be 1.
    """
    return 1.0 if kind == "soft" else margin


# -- the spread -----------------------------------------------------------------------------------


def _length(f):
    return np.sqrt((f**2).sum(axis=1).mean())


def _over(apart, length):
    return apart / length if length else 0.0


@wrong("spread", hint=2)
def mean_of_all_numbers(f):
    """The mean is taken over everything, features too.

    f.mean() is one number, and equal rows such as [1, 2, 3] are away from it. The mean is a row:
    axis 0. (f.std() has the same fault.)
    """
    return _over(f.std(), np.sqrt((f**2).mean()))


@wrong("spread", hint=2)
def mean_of_features(f):
    """The mean is taken along the rows.

    axis=1 compares the features of one encoding with each other. What is asked is how the encodings
    differ from each other: axis 0.
    """
    apart = np.sqrt(((f - f.mean(axis=1, keepdims=True)) ** 2).sum(axis=1).mean())
    return _over(apart, _length(f))


@wrong("spread", hint=3)
def not_beside_length(f):
    """The spread is not divided by the length.

    Short encodings then look collapsed when they are not, and long ones alive when they are not.
    Divide by the root of the mean of |f_i|^2.
    """
    return spread(f) * _length(f)


@wrong("spread", hint=3)
def beside_the_mean(f):
    """The spread is divided by the length of the mean.

    If the rows point everywhere alike their mean is near 0, and the fraction has no bound. The
    divisor is made of the lengths of the rows, the root of the mean of |f_i|^2.
    """
    return _over(spread(f) * _length(f), np.sqrt((f.mean(axis=0) ** 2).sum()))


@wrong("spread", hint=2)
def lengths_only(f):
    """Only the lengths of the rows are compared.

    Rows of one length may point in all directions: they are as far apart as can be, and you see
    nothing of it. Take the mean row off first, then the length.
    """
    return _over(np.sqrt((f**2).sum(axis=1)).std(), _length(f))


@wrong("spread", hint=3)
def nothing_by_nothing(f):
    """Rows of zeros have a spread of 0/0.

    If all encodings are 0 they are all equal, and the spread is 0. NaN would answer no to every
    question, the one for collapse included.
    """
    return spread(f) if f.any() else np.nan


@wrong("spread", hint=2)
def roots_forgotten(f):
    """The roots are missing.

    You have the squares of both, so the result is the square of the spread: 0.03 looks like 0.001.
    """
    return spread(f) ** 2


@wrong("spread", hint=2)
def means_of_lengths(f):
    """The roots are taken before the means.

    The mean of the distances is not the root of the mean of their squares. Asked is the latter, in
    both places: square, mean over the batch, root.
    """
    apart = np.sqrt(((f - f.mean(axis=0)) ** 2).sum(axis=1)).mean()
    return _over(apart, np.sqrt((f**2).sum(axis=1)).mean())


@wrong("spread", hint=2)
def features_averaged_above(f):
    """The features are averaged in one place and summed in the other.

    |f_i - mean|^2 sums over the features, as |f_i|^2 does. With .mean() in the upper one alone the
    spread is too small by the root of D.
    """
    return spread(f) / np.sqrt(f.shape[1])


@wrong("spread", hint=2)
def beside_one_less(f):
    """The upper mean is divided by B - 1.

    Both means are over the B rows; with ddof=1, or B - 1, in one of them they do not fit.
    """
    return spread(f) * np.sqrt(len(f) / (len(f) - 1))


@wrong("spread", hint=2)
def distance_of_pairs(f):
    """The rows are compared with each other, not with their mean.

    The mean over all pairs is another measure, and larger by about the root of 2. Here each row is
    compared with the mean row.
    """
    pairs = ((f[:, None] - f) ** 2).sum(axis=2)
    return _over(np.sqrt(pairs.mean()), _length(f))


@wrong("spread", hint=3)
def small_number_below(f):
    """A small number is added below the line.

    It saves 0/0, but encodings may be small themselves: then the result changes with their length.
    Ask whether the length is 0.
    """
    mean = f.mean(axis=0)
    return _length(f - mean) / (_length(f) + 1e-8)


@wrong("spread", hint=3)
def upside_down(f):
    """The fraction is upside down.

    How far the rows are apart is above the line, how long they are below it.
    """
    return _over(_length(f), _length(f - f.mean(axis=0)))


@wrong("spread", hint=2)
def far_from_the_first(f):
    """The rows are compared with the first row, not with their mean.

    The first row is one of many. Take the mean over the batch, f.mean(axis=0).
    """
    return _over(_length(f - f[0]), _length(f))


@wrong("spread", hint=3)
def root_below_missing(f):
    """The length below the line is a square.

    Both are roots of a mean of squares. Without the lower root, ten times longer encodings have
    another spread.
    """
    return _over(_length(f - f.mean(axis=0)), _length(f) ** 2)


# -- the verdict ----------------------------------------------------------------------------------


@wrong("verdict", hint=4)
def success_by_loss(losses, spread):
    """A collapse is called learning, because the loss fell.

    It fell to the margin, and there it stays: that is what a collapse looks like. Ask the spread
    first, whatever the loss did.
    """
    return "learning" if losses[-1] < losses[0] else "not learning"


@wrong("verdict", hint=4)
def collapse_by_loss(losses, spread):
    """Collapse is read off a loss that has come to rest.

    A loss may rest because all is learnt, or nothing is, and it may pass the margin on its way.
    Only the encodings tell: the spread is below 1/1000.
    """
    if abs(losses[-1] - losses[-2]) < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] < losses[0] else "not learning"


@wrong("verdict", hint=4)
def only_exactly_equal(losses, spread):
    """Only a spread of exactly 0 counts as a collapse.

    Encodings are seldom equal to the last digit. Below 1/1000 they are all one for any use.
    """
    return verdict(losses, 1.0) if spread > 0 else "collapsed"


@wrong("verdict", hint=4)
def loss_asked_first(losses, spread):
    """A loss that fell is called learning before the spread is asked.

    In a collapse the loss falls to the margin, and rests there. Put the question about the spread
    first; the loss matters only if it is not small.
    """
    return "learning" if losses[-1] < losses[0] else verdict(losses, spread)


@wrong("verdict", hint=4)
def first_step_only(losses, spread):
    """The second loss is compared with the first.

    losses[1] is the loss of the second step, when the training had hardly begun. The last one is
    losses[-1].
    """
    return verdict(losses[:2], spread)


@wrong("verdict", hint=4)
def too_easily_collapsed(losses, spread):
    """A small spread is called a collapse too early.

    The bound is 1/1000. Above it rows can still be told apart, and a training may get going.
    """
    return verdict(losses, spread / 10)


@wrong("verdict", hint=4)
def comparison_reversed(losses, spread):
    """The spread is compared the wrong way round.

    A large spread is a sign of life. Collapsed is a spread below 1/1000.
    """
    return verdict(losses, 0.0 if spread > 1e-3 else 1.0)


@wrong("verdict", hint=4)
def collapse_needs_falling(losses, spread):
    """A collapse is seen only if the loss fell.

    Starting below the margin, a loss rises to it when the encodings collapse. The spread decides,
    whatever the loss did.
    """
    return verdict(losses, spread) if losses[-1] < losses[0] else "not learning"


@wrong("verdict", hint=4)
def last_two_losses(losses, spread):
    """The last two losses are compared.

    A loss goes up and down from step to step. Asked is whether the last is below the first.
    """
    return verdict(losses[-2:], spread)


@wrong("verdict", hint=4)
def lowest_loss(losses, spread):
    """The lowest loss is compared with the first.

    That it was lower once is no progress if it is higher now. Asked is the last one.
    """
    return verdict([losses[0], min(losses)], spread)


@wrong("verdict", hint=4)
def standing_still_is_learning(losses, spread):
    """A loss that is where it began counts as learning.

    Below means less than the first; with <= a training that gets nowhere passes.
    """
    if spread < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] <= losses[0] else "not learning"


@wrong("verdict", hint=4)
def must_fall_each_time(losses, spread):
    """One step up, or one without a change, and it is not learning.

    A loss goes up and down from step to step. Asked is only whether the last is below the first.
    """
    falls = all(after < before for before, after in zip(losses, losses[1:], strict=False))
    return verdict([1.0, 0.0 if falls else 1.0], spread)


@wrong("verdict", hint=4)
def below_the_highest(losses, spread):
    """The last loss is compared with the highest.

    A loss that rose and came back has got nowhere. Asked is whether the last is below the first.
    """
    return verdict([max(losses), losses[-1]], spread)


@wrong("verdict", hint=4)
def never_not_learning(losses, spread):
    """Whatever has not collapsed is called learning.

    It may be alive and get nowhere. It is learning if the last loss is below the first.
    """
    return "collapsed" if spread < 1e-3 else "learning"


@wrong("verdict", hint=4)
def bound_counts_as_collapse(losses, spread):
    """A spread of exactly 1/1000 is called a collapse.

    Below 1/1000 was asked: <, not <=.
    """
    return "collapsed" if spread <= 1 / 1000 else verdict(losses, spread)


@wrong("verdict", hint=4)
def rise_is_learning(losses, spread):
    """A loss that rose counts as learning.

    A training goes downhill: it is learning if the last loss is below the first.
    """
    if spread < 1e-3:
        return "collapsed"
    return "learning" if losses[-1] > losses[0] else "not learning"
