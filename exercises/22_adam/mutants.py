"""Plausible wrong answers for momentum and Adam."""

import numpy as np
from solution import adam_step

from nnscratch.learn import wrong

# -- momentum -------------------------------------------------------------------------------------


@wrong("momentum_step", hint=1)
def velocity_averaged(p, g, v, lr, beta):
    """The velocity is a running mean, with a factor 1 - beta.

    That is Adam's m. Momentum adds the whole gradient: v = beta*v + g. With your factor every step
    is 1 - beta times as long.
    """
    v = beta * v + (1 - beta) * g
    return p - lr * v, v


@wrong("momentum_step", hint=1)
def rate_in_velocity(p, g, v, lr, beta):
    """The learning rate is inside the velocity.

    You have v = beta*v + lr*g and p - v. p is the same while lr is constant, but the velocity
    differs, and old gradients keep their old rate when lr changes. Here v = beta*v + g, and p
    changes by lr*v.
    """
    v = beta * v + lr * g
    return p - v, v


@wrong("momentum_step", hint=1)
def old_velocity(p, g, v, lr, beta):
    """The step uses the old velocity.

    First update v with the new gradient, then change p by the new v. You use the old v, which is 0
    at the first step.
    """
    return p - lr * v, beta * v + g


@wrong("momentum_step", hint=1)
def velocity_unused(p, g, v, lr, beta):
    """p changes by the gradient alone.

    You compute and return the velocity, but p - lr*g is plain gradient descent. Use v.
    """
    return p - lr * g, beta * v + g


@wrong("momentum_step", hint=1)
def velocity_not_kept(p, g, v, lr, beta):
    """The old velocity is returned.

    p is right at the first step, but you return the old v. Return the new one as the second value,
    for the next step.
    """
    return p - lr * (beta * v + g), v


@wrong("momentum_step", hint=1)
def looks_ahead(p, g, v, lr, beta):
    """The step is Nesterov's.

    p - lr*(g + beta*v), with the new v, is Nesterov's form: it counts g once more. The exercise
    asks for the plain form, p - lr*v.
    """
    v = beta * v + g
    return p - lr * (g + beta * v), v


@wrong("momentum_step", hint=1)
def goes_uphill(p, g, v, lr, beta):
    """p moves up the slope.

    The gradient points to where the loss grows. To reduce the loss subtract: p - lr*v.
    """
    v = beta * v + g
    return p + lr * v, v


@wrong("momentum_step", hint=1)
def velocity_is_parameter(p, g, v, lr, beta):
    """The step is returned in place of p.

    You return -lr*v, the change of p. The new p is p - lr*v.
    """
    v = beta * v + g
    return -lr * v, v


# -- Adam -----------------------------------------------------------------------------------------


def _adam(p, g, state, lr, beta1, beta2, eps, decay, square=None, time=None, move=None):
    """Adam with other means, another time or another update of p."""
    m, v, t = state
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g**2 if square is None else square(g, m))
    t, used = (t + 1, t + 1) if time is None else time(t)
    mean = m / (np.float64(1) - beta1**used)
    root = v / (np.float64(1) - beta2**used)
    step = mean / (np.sqrt(root) + eps) if move is None else move(mean, root)
    return p - lr * decay * p - lr * step, (m, v, t)


@wrong("adam_step", hint=3)
def no_bias_correction(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The means are not corrected for their start at 0.

    m and v start at 0 and are too small for many steps. Divide them by 1 - beta1^t and 1 - beta2^t
    before use; without this the first steps have a wrong length.
    """
    m, v, t = state
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return p - lr * decay * p - lr * m / (np.sqrt(v) + eps), (m, v, t + 1)


@wrong("adam_step", hint=3)
def only_mean_corrected(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """Only m is corrected, v is not.

    Both means start at 0, so both are too small at first: v_hat = v / (1 - beta2^t) as well.
    """
    m, v, t = state
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    step = m / (1 - beta1 ** (t + 1)) / (np.sqrt(v) + eps)
    return p - lr * decay * p - lr * step, (m, v, t + 1)


@wrong("adam_step", hint=3)
def time_starts_at_zero(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """t is used before it is increased.

    At the first step t is still 0, and you divide by 1 - beta^0, which is 0. Increase t first, then
    correct the means.
    """
    return _adam(p, g, state, lr, beta1, beta2, eps, decay, time=lambda t: (t + 1, t))


@wrong("adam_step", hint=2)
def time_stands_still(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The old t is returned.

    Then every call is treated as the first step and corrects the means far too much. The returned
    state must contain t + 1.
    """
    return _adam(p, g, state, lr, beta1, beta2, eps, decay, time=lambda t: (t, t + 1))


@wrong("adam_step", hint=2)
def corrected_means_kept(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The corrected means are stored in the state.

    The running means continue from m and v before the correction. Use m_hat and v_hat for this step
    only; otherwise they are corrected again and again.
    """
    p, (m, v, t) = adam_step(p, g, state, lr, beta1, beta2, eps, decay)
    return p, (m / (1 - beta1**t), v / (1 - beta2**t), t)


@wrong("adam_step", hint=3)
def eps_inside_root(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """eps is added under the root.

    sqrt(v_hat + eps) is not sqrt(v_hat) + eps: where v_hat is 0, the root of 1e-8 is 1e-4, ten
    thousand times as much. Take the root first.
    """
    return _adam(p, g, state, lr, beta1, beta2, eps, decay, move=lambda m, v: m / np.sqrt(v + eps))


@wrong("adam_step", hint=3)
def eps_before_correction(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """eps is added before v is corrected.

    You divide sqrt(v) + eps by the root of 1 - beta2^t, eps included. In the rule eps is added to
    sqrt(v_hat), after the correction.
    """
    t = state[2] + 1
    larger = eps / np.sqrt(1 - beta2**t)
    return adam_step(p, g, state, lr, beta1, beta2, larger, decay)


@wrong("adam_step", hint=3)
def root_forgotten(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The step is divided by v_hat, not by its root.

    v_hat is a mean of squares; its root has the size of a gradient, so that the length of the step
    depends on lr alone.
    """
    return _adam(p, g, state, lr, beta1, beta2, eps, decay, move=lambda m, v: m / (v + eps))


@wrong("adam_step", hint=2)
def gradient_not_squared(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """v is a mean of |g|, not of g^2.

    Update the second mean with the square of the gradient, element by element; the root comes
    later.
    """
    return _adam(p, g, state, lr, beta1, beta2, eps, decay, square=lambda g, m: np.abs(g))


@wrong("adam_step", hint=2)
def mean_squared(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """v is updated with m^2, not g^2.

    Where gradients change their sign m is near 0, but their squares are not. v is the mean of g^2.
    """
    return _adam(p, g, state, lr, beta1, beta2, eps, decay, square=lambda g, m: m**2)


@wrong("adam_step", hint=2)
def betas_swapped(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """beta1 and beta2 are exchanged.

    beta1 belongs to m, the mean of the gradients, beta2 to v, the mean of their squares.
    """
    return adam_step(p, g, state, lr, beta2, beta1, eps, decay)


@wrong("adam_step", hint=2)
def factors_swapped(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """beta and 1 - beta are exchanged in the means.

    A running mean is beta times the old mean plus 1 - beta times the new value.
    """
    m, v, t = state
    m, v, t = (1 - beta1) * m + beta1 * g, (1 - beta2) * v + beta2 * g**2, t + 1
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return p - lr * decay * p - lr * step, (m, v, t)


@wrong("adam_step", hint=1)
def step_is_parameter(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The step is returned in place of p.

    You return the change of p. Subtract the step from p.
    """
    moved, state = adam_step(p, g, state, lr, beta1, beta2, eps, decay)
    return moved - p, state


# -- decay ----------------------------------------------------------------------------------------


@wrong("adam_step", hint=4)
def coupled_decay(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The decay is added to the gradient.

    g + decay*p is the coupled form: the decay enters m and v and is divided by the root like any
    gradient, so parameters with large gradients hardly decay. Decoupled: subtract lr*decay*p from p
    alone.
    """
    return adam_step(p, g + decay * p, state, lr, beta1, beta2, eps)


@wrong("adam_step", hint=4)
def decay_without_rate(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The decay is not multiplied by lr.

    p shrinks by lr*decay*p at each step, so a smaller rate also decays less.
    """
    moved, state = adam_step(p, g, state, lr, beta1, beta2, eps)
    return moved - decay * p, state


@wrong("adam_step", hint=4)
def new_parameter_decays(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The decay uses the new p.

    You make the step first and then shrink the result, the step included. Use the old p:
    lr*decay*p.
    """
    moved, state = adam_step(p, g, state, lr, beta1, beta2, eps)
    return moved * (1 - lr * decay), state


@wrong("adam_step", hint=4)
def decay_ignored(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The decay has no effect.

    `decay` is an argument, but p does not shrink: subtract lr*decay*p.
    """
    return adam_step(p, g, state, lr, beta1, beta2, eps)


# -- more that is easily written ------------------------------------------------------------------


@wrong("momentum_step", hint=1)
def velocity_downhill(p, g, v, lr, beta):
    """The velocity has the opposite sign, and lr is inside it.

    You have v = beta*v - lr*g and p + v, as some libraries do. p is the same while lr is constant,
    but here the state is v = beta*v + g, and p changes by -lr*v.
    """
    v = beta * v - lr * g
    return p + v, v


@wrong("momentum_step", hint=1)
def rate_forgotten(p, g, v, lr, beta):
    """p changes by the whole velocity.

    The learning rate is missing: p - lr*v.
    """
    v = beta * v + g
    return p - v, v


@wrong("adam_step", hint=2)
def only_square_corrected(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """Only v is corrected, m is not.

    Both means start at 0, so both are too small at first: m_hat = m / (1 - beta1^t) as well.
    """
    m, v, t = state
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    step = m / (np.sqrt(v / (1 - beta2 ** (t + 1))) + eps)
    return p - lr * decay * p - lr * step, (m, v, t + 1)


@wrong("adam_step", hint=2)
def corrected_without_time(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The means are divided by 1 - beta, at every step.

    That is right at the first step only. The correction gets smaller with the steps: divide by 1 -
    beta^t.
    """
    m, v, t = state
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    step = m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + eps)
    return p - lr * decay * p - lr * step, (m, v, t + 1)


@wrong("adam_step", hint=2)
def time_never_raised(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """t is never increased.

    It is 0 in every step, and the corrected means are divided by 1 - beta^0, which is 0. Increase t
    by 1 before you use it, and return the new one.
    """
    m, v, t = state
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = (a / np.float64(1 - b**t) for a, b in ((m, beta1), (v, beta2)))
    return p - lr * decay * p - lr * m_hat / (np.sqrt(v_hat) + eps), (m, v, t)


@wrong("adam_step", hint=3)
def eps_forgotten(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """eps is not used.

    Add it to the root of v_hat; it keeps the step finite where all gradients were 0.
    """
    return adam_step(p, g, state, lr, beta1, beta2, 0.0, decay)


@wrong("adam_step", hint=2)
def sums_for_means(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """m and v are sums, as in momentum.

    A running mean adds (1 - beta) times the new value: beta*m + (1 - beta)*g, and likewise for v.
    """
    m, v, t = state
    m, v, t = beta1 * m + g, beta2 * v + g**2, t + 1
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return p - lr * decay * p - lr * step, (m, v, t)


@wrong("adam_step", hint=3)
def steps_uphill(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """Adam's step goes up the slope.

    The gradient points to where the loss grows; p changes by -lr * m_hat / (sqrt(v_hat) + eps).
    """
    moved, state = adam_step(p, g, state, lr, beta1, beta2, eps)
    return p - lr * decay * p + (p - moved), state


@wrong("adam_step", hint=3)
def decay_grows(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The decay makes p grow.

    You add it instead of subtracting it: p - lr*decay*p moves p towards 0.
    """
    return adam_step(p, g, state, lr, beta1, beta2, eps, -decay)


@wrong("adam_step", hint=3)
def decay_divided(p, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """The decay is divided by the root.

    You have lr * (m_hat + decay*p) / (sqrt(v_hat) + eps). Decoupled decay is not divided: only
    m_hat is, and lr*decay*p is subtracted separately.
    """
    moved, state = adam_step(p, g, state, lr, beta1, beta2, eps)
    root = np.sqrt(state[1] / (1 - beta2 ** state[2])) + eps
    return moved - lr * decay * p / root, state
