"""Plausible wrong answers for batch normalisation."""

import numpy as np
from solution import AXES, batch_norm, batch_norm_backward, expand

from nnscratch.learn import wrong


def _moved(old, now, momentum):
    return (1 - momentum) * old + momentum * now


def _normalised(x, gamma, beta, centre, root):
    return expand(gamma) * (x - centre) / root + expand(beta)


@wrong("batch_norm", hint=1)
def unbiased_in_y(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """y is normalised with the unbiased variance.

    In training x is divided by the root of the biased variance, the sum of squares over M. Only the
    running variance uses M - 1.
    """
    y, new_mean, new_var = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    if training:
        root = np.sqrt(expand(x.var(AXES, ddof=1)) + eps)
        y = _normalised(x, gamma, beta, expand(x.mean(AXES)), root)
    return y, new_mean, new_var


@wrong("batch_norm", hint=2)
def running_biased(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The running variance uses the biased variance.

    It estimates the variance over all images, so it uses M - 1: v * M / (M - 1).
    """
    y, new_mean, new_var = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    return y, new_mean, _moved(var, x.var(AXES), momentum) if training else new_var


@wrong("batch_norm", hint=2)
def running_deviation(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The standard deviation goes into the running variance.

    The running value is a variance, without the root; the root is taken when it is used.
    """
    y, new_mean, new_var = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    return y, new_mean, _moved(var, x.std(AXES, ddof=1), momentum) if training else new_var


@wrong("batch_norm", hint=1)
def eps_outside(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """eps is added to the root, not under it.

    It is sqrt(v + eps), not sqrt(v) + eps.
    """
    _, new_mean, new_var = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    centre, variance = (x.mean(AXES), x.var(AXES)) if training else (mean, var)
    root = np.sqrt(expand(variance)) + eps
    return _normalised(x, gamma, beta, expand(centre), root), new_mean, new_var


@wrong("batch_norm", hint=1)
def eps_forgotten(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """eps is not used.

    The root is that of v + eps. Without it a constant channel gives 0/0.
    """
    y, _, _ = batch_norm(x, gamma, beta, mean, var, training, momentum, 0)
    return y, *batch_norm(x, gamma, beta, mean, var, training, momentum, eps)[1:]


@wrong("batch_norm", hint=1)
def root_forgotten(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """x is divided by the variance, without the root.

    The variance has the unit of x squared. Divide by its root, sqrt(v + eps).
    """
    _, new_mean, new_var = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    centre, variance = (x.mean(AXES), x.var(AXES)) if training else (mean, var)
    return (_normalised(x, gamma, beta, expand(centre), expand(variance) + eps), new_mean, new_var)


@wrong("batch_norm", hint=2)
def momentum_inverted(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The momentum is the weight of the old value.

    Here it is the weight of the new value: (1 - m) * old + m * new. Both conventions exist; m = 0.1
    in one is 0.9 in the other.
    """
    return batch_norm(x, gamma, beta, mean, var, training, 1 - momentum, eps)


@wrong("batch_norm", hint=2)
def not_kept(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The running statistics do not change in training.

    Each training step moves them by the fraction m towards those of the batch.
    """
    y = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)[0]
    return y, mean.copy(), var.copy()


@wrong("batch_norm", hint=2)
def moved_afterwards(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The running statistics change in evaluation as well.

    Only training steps change them.
    """
    y = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)[0]
    return y, *batch_norm(x, gamma, beta, mean, var, True, momentum, eps)[1:]


@wrong("batch_norm", hint=2)
def batch_used_afterwards(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The batch's own statistics are used in evaluation.

    Then the answer for an image depends on the others in its batch. With training=False x is
    normalised by the running mean and variance.
    """
    y = batch_norm(x, gamma, beta, mean, var, True, momentum, eps)[0]
    return y, *batch_norm(x, gamma, beta, mean, var, training, momentum, eps)[1:]


@wrong("batch_norm", hint=2)
def running_used_in_training(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The running statistics are used in training.

    In training x is normalised by the mean and the variance of its own batch; the running ones are
    only updated.
    """
    y, new_mean, new_var = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    if training:
        y = batch_norm(x, gamma, beta, new_mean, new_var, False, momentum, eps)[0]
    return y, new_mean, new_var


@wrong("batch_norm", hint=1)
def statistics_per_pixel(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """Each pixel has its own mean and variance.

    You take them over the batch only, axis 0. Take them over all pixels of a channel as well: axes
    0, 2 and 3.
    """
    if not training:
        return batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    centre, variance = x.mean(0), x.var(0)
    y = _normalised(x, gamma, beta, centre, np.sqrt(variance + eps))
    unbiased = variance * len(x) / (len(x) - 1)
    return (y, _moved(expand(mean), centre, momentum), _moved(expand(var), unbiased, momentum))


@wrong("batch_norm", hint=1)
def statistics_per_item(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """Each item of the batch has its own mean and variance.

    You take them over the pixels only, axes 2 and 3; that is instance normalisation. Take them over
    the batch as well: axes 0, 2 and 3.
    """
    if not training:
        return batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    centre, variance = x.mean((2, 3)), x.var((2, 3))
    root = np.sqrt(variance + eps)[:, :, None, None]
    y = _normalised(x, gamma, beta, centre[:, :, None, None], root)
    count = x.shape[2] * x.shape[3]
    unbiased = variance * count / (count - 1)
    return y, _moved(mean, centre, momentum), _moved(var, unbiased, momentum)


@wrong("batch_norm", hint=1)
def statistics_of_all(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """All channels share one mean and one variance.

    Each channel has its own: take them over axes 0, 2 and 3, but not over axis 1.
    """
    if not training:
        return batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    y = _normalised(x, gamma, beta, x.mean(), np.sqrt(x.var() + eps))
    return y, _moved(mean, x.mean(), momentum), _moved(var, x.var(ddof=1), momentum)


@wrong("batch_norm", hint=1)
def shifted_before_scaled(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """beta is added before gamma multiplies.

    The order is gamma * normal + beta, not gamma * (normal + beta).
    """
    return batch_norm(x, gamma, gamma * beta, mean, var, training, momentum, eps)


@wrong("batch_norm", hint=1)
def scale_and_shift_forgotten(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """gamma and beta are not used.

    After normalising, multiply each channel by its gamma and add its beta.
    """
    ones = np.ones_like(gamma)
    return batch_norm(x, ones, np.zeros_like(beta), mean, var, training, momentum, eps)


@wrong("batch_norm_backward", hint=3)
def statistics_constant(g, normal, gamma, root):
    """dx treats the mean and the variance as constants.

    They are computed from x, so L depends on x through them as well. Two terms are missing: -
    mean(g) for the mean, - normal * mean(g * normal) for the variance.
    """
    return expand(gamma / root) * g, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def variance_constant(g, normal, gamma, root):
    """dx treats the variance as a constant.

    The variance is computed from x as well. Its term is missing: - normal * mean(g * normal).
    """
    dx = expand(gamma / root) * (g - g.mean(AXES, keepdims=True))
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def mean_constant(g, normal, gamma, root):
    """dx treats the mean as a constant.

    The mean is computed from x as well. Its term is missing: - mean(g).
    """
    dx = expand(gamma / root) * (g - normal * (g * normal).mean(AXES, keepdims=True))
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def sums_for_means(g, normal, gamma, root):
    """dx has sums in place of means.

    mean(g) and mean(g * normal) are divided by M, the number of values in a channel.
    """
    total, projection = (array.sum(AXES, keepdims=True) for array in (g, g * normal))
    dx = expand(gamma / root) * (g - total - normal * projection)
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def gamma_forgotten(g, normal, gamma, root):
    """dx lacks the factor gamma.

    y = gamma * normal + beta, so the gradient of normal is g * gamma, not g.
    """
    dx = batch_norm_backward(g, normal, np.ones_like(gamma), root)[0]
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def root_not_divided(g, normal, gamma, root):
    """dx is not divided by the root.

    normal = (x - mean) / root: the slope by x has the factor 1 / root.
    """
    dx = batch_norm_backward(g, normal, gamma, np.ones_like(root))[0]
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def root_taken_for_variance(g, normal, gamma, root):
    """dx takes the root of the root.

    root is already sqrt(v + eps); divide by it directly.
    """
    dx = batch_norm_backward(g, normal, gamma, np.sqrt(root))[0]
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def dgamma_without_normal(g, normal, gamma, root):
    """dgamma is the sum of g alone.

    gamma multiplies normal, so its gradient is the sum of g * normal. The sum of g is dbeta.
    """
    dx, _, dbeta = batch_norm_backward(g, normal, gamma, root)
    return dx, dbeta.copy(), dbeta


@wrong("batch_norm_backward", hint=3)
def parameters_swapped(g, normal, gamma, root):
    """dgamma and dbeta are exchanged.

    Return dx, then dgamma, the sum of g * normal, then dbeta, the sum of g.
    """
    dx, dgamma, dbeta = batch_norm_backward(g, normal, gamma, root)
    return dx, dbeta, dgamma


@wrong("batch_norm_backward", hint=3)
def parameters_averaged(g, normal, gamma, root):
    """dgamma and dbeta are means, not sums.

    All M values of a channel use the same gamma and beta; their contributions add up.
    """
    dx, dgamma, dbeta = batch_norm_backward(g, normal, gamma, root)
    count = g.size // g.shape[1]
    return dx, dgamma / count, dbeta / count


@wrong("batch_norm_backward", hint=3)
def parameters_per_pixel(g, normal, gamma, root):
    """dgamma and dbeta are summed over the batch only.

    There is one gamma and one beta for each channel and all its pixels: sum over axes 0, 2 and 3.
    """
    dx = batch_norm_backward(g, normal, gamma, root)[0]
    return dx, (g * normal).sum(0), g.sum(0)


@wrong("batch_norm_backward", hint=3)
def means_per_item(g, normal, gamma, root):
    """In dx, the means are taken for each item separately.

    The statistics belong to the whole batch, so the means of g and of g * normal run over axes 0, 2
    and 3.
    """
    mean_g, projection = (array.mean((2, 3), keepdims=True) for array in (g, g * normal))
    dx = expand(gamma / root) * (g - mean_g - normal * projection)
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm", hint=2)
def training_ignored(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """It always behaves as in training.

    `training` is False in evaluation: then x is normalised by the running statistics, and these do
    not change.
    """
    return batch_norm(x, gamma, beta, mean, var, True, momentum, eps)


@wrong("batch_norm", hint=2)
def never_training(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """It never behaves as in training.

    With `training` True, x is normalised by its own mean and variance, and the running statistics
    move a little towards these.
    """
    return batch_norm(x, gamma, beta, mean, var, False, momentum, eps)


@wrong("batch_norm", hint=2)
def training_inverted(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The two cases are exchanged.

    You do the steps of training when `training` is False, and the other way round.
    """
    return batch_norm(x, gamma, beta, mean, var, not training, momentum, eps)


@wrong("batch_norm", hint=2)
def counts_items_only(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """M is computed as the number of items.

    In M / (M - 1), M counts all numbers of a channel, N*H*W. You have N.
    """
    y, new_mean, new_var = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    if training:
        new_var = _moved(var, x.var(AXES) * len(x) / (len(x) - 1), momentum)
    return y, new_mean, new_var


@wrong("batch_norm", hint=2)
def unbiased_twice(x, gamma, beta, mean, var, training, momentum=0.1, eps=1e-5):
    """The variance is corrected twice.

    The variance you compute is already divided by M - 1. You use it in y, where the biased one
    belongs, and M / (M - 1) corrects it a second time in the running variance.
    """
    y, new_mean, new_var = unbiased_in_y(x, gamma, beta, mean, var, training, momentum, eps)
    count = x.size // x.shape[1]
    if training:
        new_var = _moved(var, x.var(AXES, ddof=1) * count / (count - 1), momentum)
    return y, new_mean, new_var


@wrong("batch_norm_backward", hint=3)
def normal_forgotten(g, normal, gamma, root):
    """In dx, the last mean is not multiplied by normal.

    The last term is x_hat * mean(g * x_hat): the mean is one number for each channel, and x_hat
    differs at every place. You have the mean alone.
    """
    mean_g, projection = (array.mean(AXES, keepdims=True) for array in (g, g * normal))
    dx = expand(gamma / root) * (g - mean_g - projection)
    return dx, *batch_norm_backward(g, normal, gamma, root)[1:]


@wrong("batch_norm_backward", hint=3)
def parameters_keep_axes(g, normal, gamma, root):
    """dgamma and dbeta have axes of size 1 too many.

    Each has one number for each channel, shape (C,), like gamma. With keepdims=True the sums have
    the shape (1, C, 1, 1).
    """
    dx, *sums = batch_norm_backward(g, normal, gamma, root)
    return dx, *(values.reshape(1, -1, 1, 1) for values in sums)
