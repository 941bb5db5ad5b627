"""Plausible wrong answers for the costs of style transfer and the loop."""

import numpy as np
from solution import costs, stylise

from nnscratch.learn import wrong


def _gram(features):
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / rows.shape[1]


def _parts(generated, content, style):
    """Both costs and both slopes, without weights."""
    content_cost, _, _, content_slope = costs(generated, content, style, 1.0, 0.0)
    _, style_cost, _, style_slope = costs(generated, content, style, 0.0, 1.0)
    return content_cost, style_cost, content_slope, style_slope


def _joined(parts, alpha, beta):
    content_cost, style_cost, content_slope, style_slope = parts
    total = alpha * content_cost + beta * style_cost
    return content_cost, style_cost, total, alpha * content_slope + beta * style_slope


# -- the content cost -----------------------------------------------------------------------------


@wrong("costs", hint=2)
def content_not_halved(generated, content, style, alpha, beta):
    """The content cost lacks its 1/2, and so does its slope.

    The cost is half the sum of squares, so that its slope is F - R, without a factor.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((2 * c, s, 2 * dc, ds), alpha, beta)


@wrong("costs", hint=2)
def content_slope_doubled(generated, content, style, alpha, beta):
    """The slope of the content cost is twice too large.

    The square gives a factor 2, and the 1/2 of the cost cancels it: F - R.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, 2 * dc, ds), alpha, beta)


@wrong("costs", hint=2)
def content_without_its_half(generated, content, style, alpha, beta):
    """The content cost lacks its 1/2.

    The slope is right. The cost is half the sum of squares; the slope of the whole sum would be 2
    (F - R).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((2 * c, s, dc, ds), alpha, beta)


@wrong("costs", hint=2)
def content_averaged(generated, content, style, alpha, beta):
    """The content cost is a mean.

    You have the mean of the squares, np.mean. Here it is half their sum.
    """
    c, s, dc, ds = _parts(generated, content, style)
    share = 2 / generated.size
    return _joined((c * share, s, dc * share, ds), alpha, beta)


@wrong("costs", hint=2)
def content_backwards(generated, content, style, alpha, beta):
    """The slope of the content cost has the wrong sign.

    It is F - R, the generated features minus the target. The cost is right in either case, as it
    squares the difference.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, -dc, ds), alpha, beta)


# -- the style cost -------------------------------------------------------------------------------


@wrong("costs", hint=2)
def style_only_summed(generated, content, style, alpha, beta):
    """The style cost lacks its 1/(4 C^2), and so does its slope.

    C is the number of channels. The factor makes layers of different width comparable.
    """
    c, s, dc, ds = _parts(generated, content, style)
    factor = 4 * len(generated) ** 2
    return _joined((c, s * factor, dc, ds * factor), alpha, beta)


@wrong("costs", hint=2)
def places_divided_twice(generated, content, style, alpha, beta):
    """The style cost is divided by the places once more.

    1/(4 C^2 P^2) is right for Gram matrices that are sums. Yours are already divided by P: 1/(4
    C^2).
    """
    c, s, dc, ds = _parts(generated, content, style)
    places = generated[0].size
    return _joined((c, s / places**2, dc, ds / places**2), alpha, beta)


@wrong("costs", hint=2)
def style_without_its_factor(generated, content, style, alpha, beta):
    """The style cost lacks its 1/(4 C^2).

    The slope is right. The cost is the sum of squares divided by 4 C^2, where C is the number of
    channels.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s * 4 * len(generated) ** 2, dc, ds), alpha, beta)


@wrong("costs", hint=2)
def style_by_the_old_factor(generated, content, style, alpha, beta):
    """The style cost is divided by the square of the places.

    The slope is right. 1/(4 C^2 P^2) belongs to Gram matrices that are sums; here they are already
    divided by P.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s / generated[0].size ** 2, dc, ds), alpha, beta)


@wrong("costs", hint=2)
def quarter_forgotten(generated, content, style, alpha, beta):
    """The style cost is four times too large.

    The slope is right. The mean of the squares is 1/C^2 of their sum; multiply it by 1/4.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s * 4, dc, ds), alpha, beta)


def _with_gram(gram, generated, content, style, alpha, beta):
    """Another Gram matrix in the right formulas."""
    c, _, dc, _ = _parts(generated, content, style)
    difference, channels = gram(generated) - gram(style), len(generated)
    ds = (difference @ generated.reshape(channels, -1)).reshape(generated.shape)
    s, ds = (difference**2).sum() / (4 * channels**2), ds / (channels**2 * generated[0].size)
    return _joined((c, s, dc, ds), alpha, beta)


@wrong("costs", hint=1)
def gram_not_divided(generated, content, style, alpha, beta):
    """The Gram matrices are sums, not means over places.

    The style may have another number of places, so sums are not comparable: divide each Gram matrix
    by its own P.
    """

    def gram(x):
        return x[0].size * _gram(x)

    return _with_gram(gram, generated, content, style, alpha, beta)


@wrong("costs", hint=1)
def gram_divided_by_all(generated, content, style, alpha, beta):
    """The Gram matrices are divided by the channels as well.

    x.size is C * P. The sum runs over the places; divide by P, the length of a row.
    """

    def gram(x):
        return _gram(x) / len(x)

    return _with_gram(gram, generated, content, style, alpha, beta)


@wrong("costs", hint=1)
def gram_of_deviations(generated, content, style, alpha, beta):
    """The means of the channels are subtracted in the Gram matrices.

    Those are covariances. Use the features themselves.
    """

    def gram(x):
        return _gram(x - x.mean((1, 2), keepdims=True))

    return _with_gram(gram, generated, content, style, alpha, beta)


@wrong("costs", hint=1)
def gram_of_misread_rows(generated, content, style, alpha, beta):
    """The features of different channels are in one row.

    reshape(-1, C) only splits the same sequence differently. The rows of the Gram matrix are
    channels: reshape(C, -1).
    """

    def gram(x):
        rows = x.reshape(-1, len(x))
        return rows.T @ rows / len(rows)

    return _with_gram(gram, generated, content, style, alpha, beta)


@wrong("costs", hint=1)
def places_of_the_other(generated, content, style, alpha, beta):
    """Both Gram matrices are divided by the places of F.

    Divide the Gram matrix of the style by its own number of places.
    """
    return costs(
        generated, content, style * np.sqrt(style[0].size / generated[0].size), alpha, beta
    )


@wrong("costs", hint=2)
def style_slope_halved(generated, content, style, alpha, beta):
    """The slope of the style cost is half of what it should be.

    F occurs twice in F F^T, and both count: 1/(C^2 P), not 1/(2 C^2 P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, ds / 2), alpha, beta)


@wrong("costs", hint=2)
def style_slope_not_divided(generated, content, style, alpha, beta):
    """The slope of the style cost is not divided by the places.

    The Gram matrix contains the factor 1/P, and so does its derivative: (G(F) - G(S)) F / (C^2 P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, ds * generated[0].size), alpha, beta)


@wrong("costs", hint=2)
def style_backwards(generated, content, style, alpha, beta):
    """The slope of the style cost has the wrong sign.

    It is G(F) - G(S), generated minus target. The cost is right in either case, as it squares the
    difference.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, -ds), alpha, beta)


# -- the total ------------------------------------------------------------------------------------


@wrong("costs", hint=2)
def weights_swapped(generated, content, style, alpha, beta):
    """alpha and beta are swapped.

    alpha belongs to the content and beta to the style.
    """
    return costs(generated, content, style, beta, alpha)


@wrong("costs", hint=2)
def weights_ignored(generated, content, style, alpha, beta):
    """alpha and beta are not used.

    The total is alpha * content + beta * style, and the slope has the same weights.
    """
    return costs(generated, content, style, 1.0, 1.0)


@wrong("costs", hint=2)
def slope_without_weights(generated, content, style, alpha, beta):
    """The slope lacks alpha and beta.

    The total is right. Its slope is the slope of each part times the weight of this part.
    """
    c, s, total, _ = costs(generated, content, style, alpha, beta)
    return c, s, total, costs(generated, content, style, 1.0, 1.0)[3]


@wrong("costs", hint=2)
def parts_weighted(generated, content, style, alpha, beta):
    """The two costs are returned with their weights.

    Total and slope are right. The first two results are the costs without alpha and beta.
    """
    c, s, total, slope = costs(generated, content, style, alpha, beta)
    return alpha * c, beta * s, total, slope


@wrong("costs", hint=2)
def slope_of_content_only(generated, content, style, alpha, beta):
    """The slope lacks the style.

    Add beta times the slope of the style cost.
    """
    c, s, total, _ = costs(generated, content, style, alpha, beta)
    return c, s, total, costs(generated, content, style, alpha, 0.0)[3]


@wrong("costs", hint=2)
def content_quartered(generated, content, style, alpha, beta):
    """The content cost has 1/4 instead of 1/2.

    The 1/4 belongs to the style. The content cost is half the sum of squares.
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    return c / 2, s, alpha * c / 2 + beta * s, slope


@wrong("costs", hint=2)
def one_factor_of_channels(generated, content, style, alpha, beta):
    """The style cost is divided by 4 C, not by 4 C^2.

    The slope is right. A Gram matrix has C^2 numbers.
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    s = s * len(generated)
    return c, s, alpha * c + beta * s, slope


@wrong("costs", hint=2)
def style_half(generated, content, style, alpha, beta):
    """The style cost has 1/2 instead of 1/4.

    The 1/2 belongs to the content. In the style the square gives 2, and F occurs twice: 1/(4 C^2).
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    return c, 2 * s, alpha * c + 2 * beta * s, slope


@wrong("costs", hint=2)
def style_slope_doubled(generated, content, style, alpha, beta):
    """The slope of the style cost is twice too large.

    The square gives 2 and the two places of F give 2; the 1/4 cancels both: (G(F) - G(S)) F / (C^2
    P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, 2 * ds), alpha, beta)


@wrong("costs", hint=2)
def style_slope_four_times(generated, content, style, alpha, beta):
    """The slope of the style cost is four times too large.

    The square gives 2 and the two places of F give 2; the 1/4 cancels both: (G(F) - G(S)) F / (C^2
    P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, 4 * ds), alpha, beta)


@wrong("costs", hint=2)
def total_without_weights(generated, content, style, alpha, beta):
    """The total is the sum of the two costs without weights.

    The slope is right; the total needs the weights too: alpha * content + beta * style.
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    return c, s, c + s, slope


@wrong("costs", hint=2)
def slope_of_style_only(generated, content, style, alpha, beta):
    """The slope lacks the content.

    The total has two parts, and the slope contains alpha * (F - R).
    """
    c, s, total, slope = costs(generated, content, style, alpha, beta)
    return c, s, total, slope - alpha * (generated - content)


# -- the loop -------------------------------------------------------------------------------------


def _loop(image, content, style, features, pull, cost, rate, steps, step):
    """The loop with another step: step(k, image, targets) -> (total, image)."""
    targets, totals = (features(content), features(style)), []
    for k in range(steps):
        total, image = step(k, image, targets)
        totals.append(total)
    return image, totals


@wrong("stylise", hint=3)
def style_follows(image, content, style, features, pull, cost, rate, steps):
    """The style target is computed from the generated picture.

    Each step compares the picture with its own style, so this cost is always 0. Compute the target
    from the style picture, once.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), targets[0], features(x))
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def content_follows(image, content, style, features, pull, cost, rate, steps):
    """The content target is computed from the generated picture.

    Each step compares the picture with itself, so the content is lost. Compute the target from the
    content picture, once.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), features(x), targets[1])
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def content_from_the_start(image, content, style, features, pull, cost, rate, steps):
    """The content target is computed from the first picture.

    The first picture may be noise. The target is features(content).
    """
    return stylise(image, image, style, features, pull, cost, rate, steps)


@wrong("stylise", hint=3)
def targets_swapped(image, content, style, features, pull, cost, rate, steps):
    """Content and style are swapped in the call of cost.

    cost(generated, content, style): the features of the content come second. Where the two pictures
    have different sizes this is an error.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets[::-1])
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def features_moved(image, content, style, features, pull, cost, rate, steps):
    """The features are changed, not the pixels.

    The result is an array of features, and there may be no picture that has them. Pull the slope
    back to the pixels and change these.
    """

    def step(k, x, targets):
        total, slope = cost(x, *targets)
        return total, np.clip(x - rate * slope, 0, 1)

    return _loop(features(image), content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def not_pulled_back(image, content, style, features, pull, cost, rate, steps):
    """The slope is not pulled back to the pixels.

    cost gives the slope by the features. The step needs the slope by the pixels, pull(image,
    slope); where there are more features than colours even the shapes differ.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.clip(x - rate * slope, 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def begins_with_the_content(image, content, style, features, pull, cost, rate, steps):
    """The loop begins with the content picture.

    If the caller wants this, it passes the content as `image`. Begin with `image`.
    """
    return stylise(content, content, style, features, pull, cost, rate, steps)


@wrong("stylise", hint=4)
def uphill(image, content, style, features, pull, cost, rate, steps):
    """The pixels move up the slope.

    The slope points to where the cost grows. Subtract it.
    """
    return stylise(image, content, style, features, pull, cost, -rate, steps)


@wrong("stylise", hint=4)
def rate_forgotten(image, content, style, features, pull, cost, rate, steps):
    """The rate is not used.

    The step is rate times the slope; the slope alone is far too long a step.
    """
    return stylise(image, content, style, features, pull, cost, 1.0, steps)


@wrong("stylise", hint=4)
def nothing_moves(image, content, style, features, pull, cost, rate, steps):
    """The picture does not change.

    You compute the new pixels, but the next step does not use them: assign them to the variable of
    the loop.
    """

    def step(k, x, targets):
        return cost(features(x), *targets)[0], x.copy()

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def features_of_the_start(image, content, style, features, pull, cost, rate, steps):
    """The features are computed once, before the loop.

    The pixels change with each step, and so do their features. Compute features(image) in the loop.
    """

    def step(k, x, targets):
        total, slope = cost(features(image), *targets)
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def pulled_at_the_start(image, content, style, features, pull, cost, rate, steps):
    """The slope is pulled back at the first picture.

    The backward pass depends on the forward pass: call pull with the picture of this step, not with
    the first one.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.clip(x - rate * pull(image, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def pulled_at_the_content(image, content, style, features, pull, cost, rate, steps):
    """The slope is pulled back at the content picture.

    The backward pass depends on the forward pass: call pull with the picture of this step.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.clip(x - rate * pull(content, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def slopes_pile_up(image, content, style, features, pull, cost, rate, steps):
    """The slopes of earlier steps are added.

    Each step uses the sum of all slopes so far. Use the slope of this step alone.
    """
    gathered = np.zeros_like(image)

    def step(k, x, targets):
        nonlocal gathered
        total, slope = cost(features(x), *targets)
        gathered = gathered + pull(x, slope)
        return total, np.clip(x - rate * gathered, 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def never_clipped(image, content, style, features, pull, cost, rate, steps):
    """Pixels leave [0, 1].

    A pixel below 0 or above 1 cannot be shown. Clip the picture after each step.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, x - rate * pull(x, slope)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def not_kept_below_one(image, content, style, features, pull, cost, rate, steps):
    """Pixels may grow above 1.

    They are clipped at 0, but above at 255, the limit of uint8 files, or not at all. Here a pixel
    is between 0 and 1.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.maximum(x - rate * pull(x, slope), 0)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def not_kept_above_zero(image, content, style, features, pull, cost, rate, steps):
    """Pixels may fall below 0.

    They are clipped at 1 only. Clip at 0 as well.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.minimum(x - rate * pull(x, slope), 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def clipped_at_the_end(image, content, style, features, pull, cost, rate, steps):
    """Pixels are clipped only after the last step.

    In between, the network gets pixels that no picture has. Clip after each step.
    """
    last, totals = never_clipped(image, content, style, features, pull, cost, rate, steps)
    return np.clip(last, 0, 1), totals


@wrong("stylise", hint=4)
def totals_after_the_step(image, content, style, features, pull, cost, rate, steps):
    """The totals are appended after the step.

    The picture is right. The total of a step is the cost before the step.
    """
    _, totals = stylise(image, content, style, features, pull, cost, rate, steps + 1)
    return stylise(image, content, style, features, pull, cost, rate, steps)[0], totals[1:]


@wrong("stylise", hint=4)
def last_total_only(image, content, style, features, pull, cost, rate, steps):
    """Only the last total is returned.

    Return a list with one number for each step.
    """
    last, totals = stylise(image, content, style, features, pull, cost, rate, steps)
    return last, totals[-1]


@wrong("stylise", hint=4)
def one_step_more(image, content, style, features, pull, cost, rate, steps):
    """There is one step too many.

    range(steps) has exactly `steps` rounds.
    """
    return stylise(image, content, style, features, pull, cost, rate, steps + 1)


@wrong("stylise", hint=4)
def last_step_lost(image, content, style, features, pull, cost, rate, steps):
    """The picture returned is the one before the last step.

    The totals are right; the last one belongs to the picture before the last step. Return the
    picture after this step.
    """
    last, _ = stylise(image, content, style, features, pull, cost, rate, steps - 1)
    return last.copy(), stylise(image, content, style, features, pull, cost, rate, steps)[1]


@wrong("stylise", hint=4)
def returned_in_the_loop(image, content, style, features, pull, cost, rate, steps):
    """The loop ends after its first step.

    Only one step is made, whatever `steps` is. Is the `return` inside the loop? It belongs after
    it, with the indentation of the `for`.
    """
    return stylise(image, content, style, features, pull, cost, rate, min(steps, 1))


@wrong("stylise", hint=4)
def one_total_more(image, content, style, features, pull, cost, rate, steps):
    """There is one total too many.

    The picture is right. Return the totals before each step, not the one after the last.
    """
    last, _ = stylise(image, content, style, features, pull, cost, rate, steps)
    return last, stylise(image, content, style, features, pull, cost, rate, steps + 1)[1]


@wrong("stylise", hint=4)
def one_step_less(image, content, style, features, pull, cost, rate, steps):
    """There is one step too few.

    There are `steps` steps, with as many totals: range(steps), not range(1, steps) or range(steps -
    1).
    """
    return stylise(image, content, style, features, pull, cost, rate, steps - 1)


@wrong("stylise", hint=3)
def begins_with_zeros(image, content, style, features, pull, cost, rate, steps):
    """The loop begins with a black picture.

    Begin with the given `image`. It may be noise, or the content.
    """
    return stylise(np.zeros_like(image), content, style, features, pull, cost, rate, steps)


@wrong("stylise", hint=4)
def signs_only(image, content, style, features, pull, cost, rate, steps):
    """Only the sign of the slope is used.

    Then all pixels change by the same amount. A step is rate times the slope itself.
    """

    def sign(image, slope):
        return np.sign(pull(image, slope))

    return stylise(image, content, style, features, sign, cost, rate, steps)


@wrong("stylise", hint=3)
def without_the_network(image, content, style, features, pull, cost, rate, steps):
    """The pictures are compared, not their features.

    The cost compares features: pass features(...) of all three, and pull the slope back to the
    pixels.
    """

    def itself(image):
        return image

    def same(image, slope):
        return slope

    return stylise(image, content, style, itself, same, cost, rate, steps)


@wrong("stylise", hint=4)
def stops_when_it_rises(image, content, style, features, pull, cost, rate, steps):
    """The loop stops as soon as the total rises.

    A total may rise and fall again. Always make `steps` steps.
    """
    images, totals = [image], []
    for k in range(1, steps + 1):
        moved, totals = stylise(image, content, style, features, pull, cost, rate, k)
        if k > 1 and totals[-1] > totals[-2]:
            return images[-1], totals[:-1]
        images.append(moved)
    return images[-1], totals
