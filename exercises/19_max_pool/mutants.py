"""Plausible wrong answers for max pooling and its gradient."""

import numpy as np
from solution import max_pool

from nnscratch.learn import wrong


def _windows(padded, g, size, stride, dilation=1):
    """For each output: its index, the numbers of the window, and their places."""
    for at in np.ndindex(g.shape):
        n, c, i, j = at
        places = [
            (n, c, i * stride + k * dilation, j * stride + m * dilation)
            for k, m in np.ndindex(*size)
        ]
        places = [p for p in places if p[2] < padded.shape[2] and p[3] < padded.shape[3]]
        yield at, np.array([padded[place] for place in places]), places


def _padded(x, padding, value=-np.inf):
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return np.pad(x, border, constant_values=value)


def _cut(padded, x, padding):
    height, width = x.shape[2:]
    return padded[:, :, padding : padding + height, padding : padding + width]


def _pooled(padded, g, size, stride, dilation):
    y, dpadded = np.zeros(g.shape), np.zeros_like(padded)
    for at, window, places in _windows(padded, g, size, stride, dilation):
        y[at] = window.max()
        dpadded[places[window.argmax()]] += g[at]
    return y, dpadded


@wrong("max_pool", hint=1)
def border_of_zeros(x, g, size, stride, padding=0, dilation=1):
    """The border is zeros.

    Where all numbers of a window are negative, a zero of the border is the maximum: y is 0 there,
    and the gradient goes to the border and is lost. Use minus infinity for the border.
    """
    y, dpadded = _pooled(_padded(x, padding, 0), g, size, stride, dilation)
    return y, _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def every_tie_is_paid(x, g, size, stride, padding=0, dilation=1):
    """Each of several equal maxima gets the full gradient.

    The mask `window == maximum` is true at all of them, so more than g is added (paid is the sum of
    dx over each window). Give all of g to one of them, or divide it among them.
    """
    dpadded = _padded(np.zeros_like(x), padding, 0)
    for at, window, places in _windows(_padded(x, padding), g, size, stride, dilation):
        for place, value in zip(places, window, strict=True):
            dpadded[place] += g[at] * (value == window.max())
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def overwritten(x, g, size, stride, padding=0, dilation=1):
    """dx keeps only the last window of which a place is the maximum.

    Where windows overlap, one place may be the maximum of several. You assign dx (=); add to it
    (+=). With an array of indices, dx[index] += g still keeps one of equal indices; np.add.at adds
    all.
    """
    dpadded = _padded(np.zeros_like(x), padding, 0)
    for at, window, places in _windows(_padded(x, padding), g, size, stride, dilation):
        dpadded[places[window.argmax()]] = g[at]
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def window_overwritten(x, g, size, stride, padding=0, dilation=1):
    """Each window overwrites the values of dx.

    `dx[window] = g * mask` also writes zeros over gradients of earlier windows at the same places.
    Windows overlap, so add (+=).
    """
    dpadded = _padded(np.zeros_like(x), padding, 0)
    for at, window, places in _windows(_padded(x, padding), g, size, stride, dilation):
        for number, place in enumerate(places):
            dpadded[place] = g[at] * (number == window.argmax())
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def slice_overwritten(x, g, size, stride, padding=0, dilation=1):
    """Each place of the window overwrites the values of dx in its slice.

    The slices of two places of the window have elements in common. `dx[slice] = ...` loses the
    gradients of earlier places; add them (+=).
    """
    padded = _padded(x, padding)
    won = np.empty(g.shape, int)
    for at, window, _ in _windows(padded, g, size, stride, dilation):
        won[at] = window.argmax()
    dpadded = np.zeros_like(padded)
    for number, (k, m) in enumerate(np.ndindex(*size)):
        for n, c, i, j in np.ndindex(g.shape):
            place = (n, c, i * stride + k * dilation, j * stride + m * dilation)
            dpadded[place] = g[n, c, i, j] * (won[n, c, i, j] == number)
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def corner_forgotten(x, g, size, stride, padding=0, dilation=1):
    """dx is written at the place within the window.

    Row and column of the maximum count from the start of the window. In the image, add the start:
    i*s and j*s.
    """
    dpadded = _padded(np.zeros_like(x), padding, 0)
    for (n, c, *at), window, _ in _windows(_padded(x, padding), g, size, stride, dilation):
        k, m = divmod(int(window.argmax()), size[1])
        dpadded[n, c, k * dilation, m * dilation] += g[(n, c, *at)]
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def number_in_window(x, g, size, stride, padding=0, dilation=1):
    """argmax of a window is used as an index of the image.

    argmax numbers the places of the window, row by row. In the image the place is row i*s + k*d and
    column j*s + l*d, where k and l are its row and column in the window.
    """
    dx = np.zeros_like(x)
    for (n, c, *at), window, _ in _windows(_padded(x, padding), g, size, stride, dilation):
        dx[n, c].reshape(-1)[window.argmax()] += g[(n, c, *at)]
    return max_pool(x, g, size, stride, padding, dilation)[0], dx


@wrong("max_pool", hint=2)
def dilation_ignored(x, g, size, stride, padding=0, dilation=1):
    """The windows have no gaps.

    With dilation d the window has every d-th row and column: i*s + k*d, not i*s + k.
    """
    y, dpadded = _pooled(_padded(x, padding), g, size, stride, 1)
    return y, _cut(dpadded, x, padding)


@wrong("max_pool", hint=2)
def stride_ignored(x, g, size, stride, padding=0, dilation=1):
    """The windows begin at i, j.

    The window of output i, j begins at row i*s and column j*s of the padded image.
    """
    y, dpadded = _pooled(_padded(x, padding), g, size, 1, dilation)
    return y, _cut(dpadded, x, padding)


@wrong("max_pool", hint=2)
def size_swapped(x, g, size, stride, padding=0, dilation=1):
    """Height and width of the window are swapped.

    size is (KH, KW): rows first. With square windows the shapes do not show this.
    """
    y, dpadded = _pooled(_padded(x, padding), g, size[::-1], stride, dilation)
    return y, _cut(dpadded, x, padding)


@wrong("max_pool", hint=2)
def largest_absolute(x, g, size, stride, padding=0, dilation=1):
    """The number with the largest absolute value is taken.

    The maximum is the largest number with its sign: 1 is larger than -2.
    """
    padded = _padded(x, padding, 0)
    y, dpadded = np.zeros(g.shape), np.zeros_like(padded)
    for at, window, places in _windows(padded, g, size, stride, dilation):
        best = abs(window).argmax()
        y[at] = window[best]
        dpadded[places[best]] += g[at]
    return y, _cut(dpadded, x, padding)


@wrong("max_pool", hint=2)
def channels_together(x, g, size, stride, padding=0, dilation=1):
    """y has one maximum for the whole batch and all channels.

    .max() of a window of the whole array takes the largest over items and channels too. Each item
    and each channel has its own maximum: .max(axis=(2, 3)).
    """
    y, dx = max_pool(x, g, size, stride, padding, dilation)
    return np.broadcast_to(y.max((0, 1)), y.shape).copy(), dx


@wrong("max_pool", hint=3)
def spread_evenly(x, g, size, stride, padding=0, dilation=1):
    """The gradient is divided over the whole window.

    That is the gradient of the average. Only the place of the maximum changes the output, so it
    gets all of g.
    """
    dpadded = _padded(np.zeros_like(x), padding, 0)
    for at, window, places in _windows(_padded(x, padding), g, size, stride, dilation):
        for place in places:
            dpadded[place] += g[at] / len(window)
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def upstream_forgotten(x, g, size, stride, padding=0, dilation=1):
    """dx counts the maxima, without g.

    The slope of y by its maximum is 1; the chain rule multiplies it by g, the gradient of the loss
    by that output.
    """
    return max_pool(x, np.ones_like(g), size, stride, padding, dilation)


@wrong("max_pool", hint=1)
def border_kept_in_dx(x, g, size, stride, padding=0, dilation=1):
    """dx still has the border.

    The border is not part of x. Cut p rows and columns off on all four sides.
    """
    return _pooled(_padded(x, padding), g, size, stride, dilation)


@wrong("max_pool", hint=1)
def cut_at_wrong_corner(x, g, size, stride, padding=0, dilation=1):
    """dx is cut out at the wrong corner.

    The border is on all four sides, so x begins at row p and column p of the padded array. You take
    its first H rows and W columns.
    """
    y, dpadded = _pooled(_padded(x, padding), g, size, stride, dilation)
    return y, dpadded[:, :, : x.shape[2], : x.shape[3]]


@wrong("max_pool", hint=3)
def minus_zero(x, g, size, stride, padding=0, dilation=1):
    """With padding 0 the slice p:-p is empty.

    -0 is 0, so 0:-0 is 0:0, which is empty. Use p : p + H, and the same for the width.
    """
    y, dx = max_pool(x, g, size, stride, padding, dilation)
    return y, dx if padding else dx[:, :, :0, :0]


@wrong("max_pool", hint=3)
def equal_anywhere_is_paid(x, g, size, stride, padding=0, dilation=1):
    """Equal numbers outside of the window get gradients as well.

    You compare x == maximum over the whole channel. An equal number in another window does not
    change this output: compare inside of the window only.
    """
    y, _ = max_pool(x, g, size, stride, padding, dilation)
    dx = np.zeros_like(x)
    for n, c, *at in np.ndindex(g.shape):
        dx[n, c][x[n, c] == y[(n, c, *at)]] += g[(n, c, *at)]
    return y, dx


@wrong("max_pool", hint=3)
def dilation_missing_in_dx(x, g, size, stride, padding=0, dilation=1):
    """The backward pass ignores the dilation.

    y is right. The place of the maximum is row i*s + k*d and column j*s + l*d, and you omit the
    factor d.
    """
    dpadded = _padded(np.zeros_like(x), padding, 0)
    for (n, c, i, j), window, _ in _windows(_padded(x, padding), g, size, stride, dilation):
        k, m = divmod(int(window.argmax()), size[1])
        dpadded[n, c, i * stride + k, j * stride + m] += g[n, c, i, j]
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=3)
def stride_missing_in_dx(x, g, size, stride, padding=0, dilation=1):
    """The backward pass ignores the stride.

    y is right. The place of the maximum is row i*s + k*d and column j*s + l*d, and you omit the
    factor s.
    """
    dpadded = _padded(np.zeros_like(x), padding, 0)
    for (n, c, i, j), window, _ in _windows(_padded(x, padding), g, size, stride, dilation):
        k, m = divmod(int(window.argmax()), size[1])
        dpadded[n, c, i + k * dilation, j + m * dilation] += g[n, c, i, j]
    return max_pool(x, g, size, stride, padding, dilation)[0], _cut(dpadded, x, padding)


@wrong("max_pool", hint=2)
def smallest_wins(x, g, size, stride, padding=0, dilation=1):
    """The smallest number of each window is taken.

    Use argmax, not argmin. (A border of minus infinity is always the smallest.)
    """
    y, dpadded = _pooled(-_padded(x, padding), g, size, stride, dilation)
    return -y, _cut(dpadded, x, padding)
