"""Plausible wrong answers for the costs of style transfer, and for the loop."""

import numpy as np
from solution import costs, stylise

from nnscratch.learn import wrong


def _gram(features):
    rows = features.reshape(len(features), -1)
    return rows @ rows.T / rows.shape[1]


def _parts(generated, content, style):
    """Both costs, and both slopes, without weights."""
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

    The square gives a factor 2, and the 1/2 in front of the cost takes it away: F - R.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, 2 * dc, ds), alpha, beta)


@wrong("costs", hint=2)
def content_without_its_half(generated, content, style, alpha, beta):
    """The content cost lacks its 1/2.

    The slope is right. The cost is half the sum of squares; with the whole sum the slope would be
    2 (F - R).
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
    """The slope of the content cost points away from the content.

    The sign: F - R, the features that are moved minus those that stay. The cost does not show it,
    as it squares the difference.
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

    1/(4 C^2 P^2) is right for Gram matrices that are sums. Yours are divided by P already:
    1/(4 C^2).
    """
    c, s, dc, ds = _parts(generated, content, style)
    places = generated[0].size
    return _joined((c, s / places**2, dc, ds / places**2), alpha, beta)


@wrong("costs", hint=2)
def style_without_its_factor(generated, content, style, alpha, beta):
    """The style cost lacks its 1/(4 C^2).

    The slope is right. The cost is the sum of squares over 4 C^2, where C is the number of
    channels.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s * 4 * len(generated) ** 2, dc, ds), alpha, beta)


@wrong("costs", hint=2)
def style_by_the_old_factor(generated, content, style, alpha, beta):
    """The style cost is divided by the square of the places.

    The slope is right. 1/(4 C^2 P^2) belongs to Gram matrices that are sums; here they are divided
    by P already.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s / generated[0].size ** 2, dc, ds), alpha, beta)


@wrong("costs", hint=2)
def quarter_forgotten(generated, content, style, alpha, beta):
    """The style cost is four times too large.

    The slope is right. The mean of the squares is 1/C^2 of their sum; there is a 1/4 besides.
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s * 4, dc, ds), alpha, beta)


def _with_gram(gram, generated, content, style, alpha, beta):
    """Another Gram matrix in the right formulas."""
    c, _, dc, _ = _parts(generated, content, style)
    apart, channels = gram(generated) - gram(style), len(generated)
    ds = (apart @ generated.reshape(channels, -1)).reshape(generated.shape)
    s, ds = (apart**2).sum() / (4 * channels**2), ds / (channels**2 * generated[0].size)
    return _joined((c, s, dc, ds), alpha, beta)


@wrong("costs", hint=1)
def gram_not_divided(generated, content, style, alpha, beta):
    """The Gram matrices are sums, not means over places.

    The style may have another number of places, so sums cannot be compared: divide each Gram
    matrix by its own P.
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
    """The Gram matrices are made without the means of the channels.

    Those are covariances. Take the features as they are.
    """

    def gram(x):
        return _gram(x - x.mean((1, 2), keepdims=True))

    return _with_gram(gram, generated, content, style, alpha, beta)


@wrong("costs", hint=1)
def gram_of_misread_rows(generated, content, style, alpha, beta):
    """The features of different channels stand in one row.

    reshape(-1, C) puts other brackets around the same sequence, it moves nothing. The rows of the
    Gram matrix are channels: reshape(C, -1).
    """

    def gram(x):
        rows = x.reshape(-1, len(x))
        return rows.T @ rows / len(rows)

    return _with_gram(gram, generated, content, style, alpha, beta)


@wrong("costs", hint=1)
def places_of_the_other(generated, content, style, alpha, beta):
    """Both Gram matrices are divided by the places of F.

    The style's Gram matrix is a mean over the style's own places, and these may be more or fewer.
    """
    return costs(
        generated, content, style * np.sqrt(style[0].size / generated[0].size), alpha, beta
    )


@wrong("costs", hint=2)
def style_slope_halved(generated, content, style, alpha, beta):
    """The slope of the style cost is half of what it should be.

    F occurs twice in F F^T, and both occurrences count: 1/(C^2 P), not 1/(2 C^2 P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, ds / 2), alpha, beta)


@wrong("costs", hint=2)
def style_slope_not_divided(generated, content, style, alpha, beta):
    """The slope of the style cost is not divided by the places.

    The Gram matrix has a 1/P in it, and so has its derivative: (G(F) - G(S)) F / (C^2 P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, ds * generated[0].size), alpha, beta)


@wrong("costs", hint=2)
def style_backwards(generated, content, style, alpha, beta):
    """The slope of the style cost points away from the style.

    The sign: G(F) - G(S), what is moved minus what stays. The cost does not show it, as it squares
    the difference.
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

    The total is right. Its slope is the slope of each part times the weight of that part.
    """
    c, s, total, _ = costs(generated, content, style, alpha, beta)
    return c, s, total, costs(generated, content, style, 1.0, 1.0)[3]


@wrong("costs", hint=2)
def parts_weighted(generated, content, style, alpha, beta):
    """The two costs are returned with their weights.

    Total and slope are right. The first two results are the plain costs, before alpha and beta.
    """
    c, s, total, slope = costs(generated, content, style, alpha, beta)
    return alpha * c, beta * s, total, slope


@wrong("costs", hint=2)
def slope_of_content_only(generated, content, style, alpha, beta):
    """The slope leaves out the style.

    The picture would be drawn to its content only. Add beta times the slope of the style cost.
    """
    c, s, total, _ = costs(generated, content, style, alpha, beta)
    return c, s, total, costs(generated, content, style, alpha, 0.0)[3]


@wrong("costs", hint=2)
def content_quartered(generated, content, style, alpha, beta):
    """The content cost has 1/4 instead of 1/2.

    The 1/4 is the style's. The content cost is half the sum of squares.
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    return c / 2, s, alpha * c / 2 + beta * s, slope


@wrong("costs", hint=2)
def one_factor_of_channels(generated, content, style, alpha, beta):
    """The style cost is divided by 4 C, not by 4 C^2.

    A Gram matrix has C^2 numbers; the slope is right already.
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    s = s * len(generated)
    return c, s, alpha * c + beta * s, slope


@wrong("costs", hint=2)
def style_half(generated, content, style, alpha, beta):
    """The style cost has 1/2 instead of 1/4.

    The 1/2 is the content's. In the style a square gives 2, and F occurs twice: 1/(4 C^2).
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    return c, 2 * s, alpha * c + 2 * beta * s, slope


@wrong("costs", hint=2)
def style_slope_doubled(generated, content, style, alpha, beta):
    """The slope of the style cost is twice too large.

    2 for the square and 2 for the two places of F are 4, and that is taken away by the 1/4:
    (G(F) - G(S)) F / (C^2 P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, 2 * ds), alpha, beta)


@wrong("costs", hint=2)
def style_slope_four_times(generated, content, style, alpha, beta):
    """The slope of the style cost is four times too large.

    2 for the square and 2 for the two places of F are 4, and that is taken away by the 1/4:
    (G(F) - G(S)) F / (C^2 P).
    """
    c, s, dc, ds = _parts(generated, content, style)
    return _joined((c, s, dc, 4 * ds), alpha, beta)


@wrong("costs", hint=2)
def total_without_weights(generated, content, style, alpha, beta):
    """The total is the plain sum of the two costs.

    The slope has its weights already; the total wants them too: alpha * content + beta * style.
    """
    c, s, _, slope = costs(generated, content, style, alpha, beta)
    return c, s, c + s, slope


@wrong("costs", hint=2)
def slope_of_style_only(generated, content, style, alpha, beta):
    """The slope leaves out the content.

    The total has two parts, and the slope has alpha * (F - R) in it.
    """
    c, s, total, slope = costs(generated, content, style, alpha, beta)
    return c, s, total, slope - alpha * (generated - content)


# -- the loop -------------------------------------------------------------------------------------


def _loop(image, content, style, features, pull, cost, rate, steps, step):
    """A loop with a step of one's own: step(k, image, targets) -> (total, image)."""
    targets, totals = (features(content), features(style)), []
    for k in range(steps):
        total, image = step(k, image, targets)
        totals.append(total)
    return image, totals


@wrong("stylise", hint=3)
def style_follows(image, content, style, features, pull, cost, rate, steps):
    """The style target is made from the picture itself.

    Each step compares the picture with its own style, so that cost is always 0. The target comes
    from the style picture, once.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), targets[0], features(x))
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def content_follows(image, content, style, features, pull, cost, rate, steps):
    """The content target is made from the picture itself.

    Each step compares the picture with itself, so nothing holds it to its content. The target
    comes from the content picture, once.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), features(x), targets[1])
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def content_from_the_start(image, content, style, features, pull, cost, rate, steps):
    """The content target is made from the first picture.

    What you begin with may be noise. The target is features(content).
    """
    return stylise(image, image, style, features, pull, cost, rate, steps)


@wrong("stylise", hint=3)
def targets_swapped(image, content, style, features, pull, cost, rate, steps):
    """Content and style are swapped in the call of cost.

    cost(generated, content, style): the content's features come second. Where the two pictures
    have different sizes this cannot even be computed.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets[::-1])
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def features_moved(image, content, style, features, pull, cost, rate, steps):
    """The features are moved, not the pixels.

    What comes out are features, and no picture may have them. Pull the slope back to the pixels
    and move these; the features follow.
    """

    def step(k, x, targets):
        total, slope = cost(x, *targets)
        return total, np.clip(x - rate * slope, 0, 1)

    return _loop(features(image), content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def not_pulled_back(image, content, style, features, pull, cost, rate, steps):
    """The slope is not pulled back to the pixels.

    cost gives the slope by the features. The pixels need the slope by the pixels, which is
    pull(image, slope); where there are more features than colours even the shapes differ.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.clip(x - rate * slope, 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def begins_with_the_content(image, content, style, features, pull, cost, rate, steps):
    """It begins with the content picture.

    That is often done, and then the caller passes it as `image`. Begin with what you are given.
    """
    return stylise(content, content, style, features, pull, cost, rate, steps)


@wrong("stylise", hint=4)
def uphill(image, content, style, features, pull, cost, rate, steps):
    """The pixels go uphill.

    The slope points where the cost grows. Subtract it.
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
    """The picture stays as it was.

    The new pixels are computed, but the next step does not see them: give them to the name that
    the loop reads.
    """

    def step(k, x, targets):
        return cost(features(x), *targets)[0], x.copy()

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def features_of_the_start(image, content, style, features, pull, cost, rate, steps):
    """The features are computed once, before the loop.

    The pixels change with each step and their features with them. Ask for features(image) in the
    loop.
    """

    def step(k, x, targets):
        total, slope = cost(features(image), *targets)
        return total, np.clip(x - rate * pull(x, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def pulled_at_the_start(image, content, style, features, pull, cost, rate, steps):
    """The slope is pulled back at another picture.

    The way back depends on where the forward pass was: pull wants the picture as it is in this
    step, not the one you began with.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.clip(x - rate * pull(image, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=3)
def pulled_at_the_content(image, content, style, features, pull, cost, rate, steps):
    """The slope is pulled back at the content picture.

    The way back depends on where the forward pass was: pull wants the picture as it is in this
    step.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.clip(x - rate * pull(content, slope), 0, 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def slopes_pile_up(image, content, style, features, pull, cost, rate, steps):
    """The slopes of earlier steps are not cleared.

    Each step adds its slope to the sum of all before. Begin every step with a slope of its own.
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

    A pixel below 0 or above 1 cannot be shown. After each step clip the picture.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, x - rate * pull(x, slope)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def not_kept_below_one(image, content, style, features, pull, cost, rate, steps):
    """Pixels may grow beyond 1.

    They are clipped at 0, but above at 255, the limit of whole numbers in a file, or not at all.
    Here a pixel is between 0 and 1.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.maximum(x - rate * pull(x, slope), 0)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def not_kept_above_zero(image, content, style, features, pull, cost, rate, steps):
    """Pixels may fall below 0.

    They are clipped at 1 only. Light cannot be negative: clip at 0 as well.
    """

    def step(k, x, targets):
        total, slope = cost(features(x), *targets)
        return total, np.minimum(x - rate * pull(x, slope), 1)

    return _loop(image, content, style, features, pull, cost, rate, steps, step)


@wrong("stylise", hint=4)
def clipped_at_the_end(image, content, style, features, pull, cost, rate, steps):
    """Pixels are clipped only at the very end.

    In between, the network sees pixels that no picture has. Clip after each step.
    """
    found, totals = never_clipped(image, content, style, features, pull, cost, rate, steps)
    return np.clip(found, 0, 1), totals


@wrong("stylise", hint=4)
def totals_after_the_step(image, content, style, features, pull, cost, rate, steps):
    """The totals are noted after the step.

    The picture is right. The number that belongs to a step is the cost that the step began with.
    """
    _, totals = stylise(image, content, style, features, pull, cost, rate, steps + 1)
    return stylise(image, content, style, features, pull, cost, rate, steps)[0], totals[1:]


@wrong("stylise", hint=4)
def last_total_only(image, content, style, features, pull, cost, rate, steps):
    """Only the last total is returned.

    A whole history is wanted: a list with one number for each step.
    """
    found, totals = stylise(image, content, style, features, pull, cost, rate, steps)
    return found, totals[-1]


@wrong("stylise", hint=4)
def one_step_more(image, content, style, features, pull, cost, rate, steps):
    """There is one step too many.

    range(steps) has as many rounds as steps were asked for.
    """
    return stylise(image, content, style, features, pull, cost, rate, steps + 1)


@wrong("stylise", hint=4)
def last_step_lost(image, content, style, features, pull, cost, rate, steps):
    """The picture returned is the one before the last step.

    The totals are right, but the last total belongs to the picture before the last step. Return the
    picture that this step made, whatever its total may be.
    """
    found, _ = stylise(image, content, style, features, pull, cost, rate, steps - 1)
    return found.copy(), stylise(image, content, style, features, pull, cost, rate, steps)[1]


@wrong("stylise", hint=4)
def returned_in_the_loop(image, content, style, features, pull, cost, rate, steps):
    """The loop ends after its first step.

    One step is made, however many were asked for. Is the `return` inside the loop? It belongs after
    it, as far to the left as the `for`.
    """
    return stylise(image, content, style, features, pull, cost, rate, min(steps, 1))


@wrong("stylise", hint=4)
def one_total_more(image, content, style, features, pull, cost, rate, steps):
    """There is one total too many.

    The picture is right. The totals are those before each step; the one after the last is not
    asked for.
    """
    found, _ = stylise(image, content, style, features, pull, cost, rate, steps)
    return found, stylise(image, content, style, features, pull, cost, rate, steps + 1)[1]


@wrong("stylise", hint=4)
def one_step_less(image, content, style, features, pull, cost, rate, steps):
    """There is one step too few.

    `steps` steps, with as many totals: range(steps), not range(1, steps) or range(steps - 1).
    """
    return stylise(image, content, style, features, pull, cost, rate, steps - 1)


@wrong("stylise", hint=3)
def begins_with_zeros(image, content, style, features, pull, cost, rate, steps):
    """It begins with a black picture.

    The picture to begin with is given: image. It may be noise, or the content.
    """
    return stylise(np.zeros_like(image), content, style, features, pull, cost, rate, steps)


@wrong("stylise", hint=4)
def signs_only(image, content, style, features, pull, cost, rate, steps):
    """Only the sign of the slope is used.

    All pixels move by the same amount then. A step is rate times the slope itself.
    """

    def sign(image, slope):
        return np.sign(pull(image, slope))

    return stylise(image, content, style, features, sign, cost, rate, steps)


@wrong("stylise", hint=3)
def without_the_network(image, content, style, features, pull, cost, rate, steps):
    """The pictures are compared, not their features.

    The cost compares what the network sees: give it features(...) of all three, and pull the slope
    back to the pixels.
    """

    def itself(image):
        return image

    def same(image, slope):
        return slope

    return stylise(image, content, style, itself, same, cost, rate, steps)


@wrong("stylise", hint=4)
def stops_when_it_rises(image, content, style, features, pull, cost, rate, steps):
    """It stops as soon as the total goes up.

    A total may rise and fall again. As many steps were asked for as `steps` says.
    """
    images, totals = [image], []
    for k in range(1, steps + 1):
        moved, totals = stylise(image, content, style, features, pull, cost, rate, k)
        if k > 1 and totals[-1] > totals[-2]:
            return images[-1], totals[:-1]
        images.append(moved)
    return images[-1], totals
