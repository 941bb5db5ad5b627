"""Plausible wrong answers for average pooling, global pooling and LP pooling."""

import numpy as np
from solution import avg_pool, global_avg_pool, lp_pool, window_count

from nnscratch.learn import wrong


def _sums(x, size, stride, padding, out):
    """The sum of each window, for `out` windows; places outside add nothing."""
    y = np.zeros((*x.shape[:2], *out))
    for i, j in np.ndindex(*out):
        top, left = i * stride - padding, j * stride - padding
        rows = slice(max(top, 0), max(top + size[0], 0))
        columns = slice(max(left, 0), max(left + size[1], 0))
        y[:, :, i, j] = x[:, :, rows, columns].sum((2, 3))
    return y


def _out(x, size, stride, padding, ceil_mode):
    lengths = zip(x.shape[2:], size, strict=True)
    return [window_count(n, k, stride, padding, ceil_mode) for n, k in lengths]


@wrong("avg_pool", hint=2)
def padding_the_other_way(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """count_padding is inverted.

    count_padding=True divides by the places in the padded image, False by the pixels only. You have
    it the other way round.
    """
    return avg_pool(x, size, stride, padding, ceil_mode, not count_padding)


@wrong("avg_pool", hint=2)
def padding_always_counted(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The padding always counts.

    With count_padding=False only pixels of the image count, so windows at the border have a smaller
    divisor.
    """
    return avg_pool(x, size, stride, padding, ceil_mode, True)


@wrong("avg_pool", hint=2)
def padding_never_counted(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The padding never counts.

    With count_padding=True, the default, rows and columns of the padding count in the divisor, like
    pixels of value 0.
    """
    return avg_pool(x, size, stride, padding, ceil_mode, False)


@wrong("avg_pool", hint=1)
def padding_ignored(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """There is no padding.

    The first window begins at row -p and column -p, and the length grows by p at the end as well: H
    + 2p - K.
    """
    return avg_pool(x, size, stride, 0, ceil_mode, count_padding)


@wrong("avg_pool", hint=2)
def full_window_always(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """Every window is divided by KH*KW.

    At the border fewer places of a window count: without the padding only its pixels, with the
    padding only places of the padded image.
    """
    out = _out(x, size, stride, padding, ceil_mode)
    return _sums(x, size, stride, padding, out) / (size[0] * size[1])


@wrong("avg_pool", hint=2)
def overhang_counted(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """In ceil mode, places after the padded image count.

    With count_padding=True the divisor counts places in the padded image, from -p to H + p. Places
    of a window after that do not count.
    """
    if count_padding:
        return full_window_always(x, size, stride, padding, ceil_mode)
    return avg_pool(x, size, stride, padding, ceil_mode, count_padding)


@wrong("avg_pool", hint=2)
def not_divided(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The sums are not divided.

    A mean is a sum divided by the number of its terms.
    """
    return _sums(x, size, stride, padding, _out(x, size, stride, padding, ceil_mode))


@wrong("avg_pool", hint=1)
def ceil_ignored(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """ceil_mode has no effect.

    In ceil mode (H + 2p - K) / s is rounded up, so that there is one more window where pixels would
    be left over.
    """
    return avg_pool(x, size, stride, padding, False, count_padding)


@wrong("avg_pool", hint=1)
def always_rounded_up(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The number of windows is always rounded up.

    That is ceil mode, which is off by default. Without it (H + 2p - K) / s is rounded down, and
    places that are left over are not used.
    """
    return avg_pool(x, size, stride, padding, True, count_padding)


@wrong("avg_pool", hint=1)
def last_window_in_padding(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """A window that begins in the padding at the end is kept.

    It covers no pixel. In ceil mode, if the last window begins at H + p or later, counted in the
    padded image, leave it out.
    """
    if not ceil_mode:
        return avg_pool(x, size, stride, padding, ceil_mode, count_padding)
    border = padding if count_padding else 0
    rooms = (n + 2 * padding - k for n, k in zip(x.shape[2:], size, strict=True))
    out = [-(-room // stride) + 1 for room in rooms]
    counts = []
    for n, k, m in zip(x.shape[2:], size, out, strict=True):
        starts = np.arange(m) * stride - padding
        reach = np.minimum(starts + k, n + border) - np.maximum(starts, -border)
        counts.append(np.maximum(reach, 0))
    return _sums(x, size, stride, padding, out) / np.multiply.outer(*counts)


@wrong("avg_pool", hint=2)
def size_swapped(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """Height and width of the window are swapped.

    size is (KH, KW): rows first. With square windows the shapes do not show this.
    """
    return avg_pool(x, size[::-1], stride, padding, ceil_mode, count_padding)


@wrong("avg_pool", hint=2)
def stride_is_one(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The stride is ignored.

    Window (i, j) begins at row i*s - p and column j*s - p, so there are fewer windows.
    """
    return avg_pool(x, size, 1, padding, ceil_mode, count_padding)


@wrong("global_avg_pool", hint=3)
def global_over_batch(x):
    """The global mean runs over the batch as well.

    Each item has its own mean in each channel: average over axes 2 and 3, not over 0.
    """
    return x.mean((0, 2, 3))


@wrong("global_avg_pool", hint=3)
def global_over_channels(x):
    """The global mean runs over the channels as well.

    Each channel has its own mean: average over axes 2 and 3, not over 1.
    """
    return x.mean((1, 2, 3))


@wrong("global_avg_pool", hint=3)
def global_along_width(x):
    """The mean is taken along the width only.

    Global means all pixels: rows and columns, axes 2 and 3.
    """
    return x.mean(-1)


@wrong("global_avg_pool", hint=3)
def global_axes_kept(x):
    """The result has two axes of size 1 too many.

    The numbers are right. The result has the shape (N, C), so do not keep the averaged axes.
    """
    return global_avg_pool(x)[:, :, None, None]


@wrong("global_avg_pool", hint=3)
def global_sum(x):
    """The global sum is taken, not the mean.

    Divide by the number of pixels, H*W.
    """
    return x.sum((2, 3))


@wrong("lp_pool", hint=3)
def lp_without_root(x, p, size, stride):
    """The p-th root is missing.

    After the sum of |x|^p take the power 1/p.
    """
    return lp_pool(x, p, size, stride) ** p


@wrong("lp_pool", hint=3)
def lp_of_mean(x, p, size, stride):
    """The powers are averaged, not summed.

    LP pooling is the p-norm of the window: the root of a sum. Do not divide by KH*KW.
    """
    return avg_pool(abs(x) ** p, size, stride) ** (1 / p)


@wrong("lp_pool", hint=3)
def lp_with_sign(x, p, size, stride):
    """Negative numbers keep their sign under the power.

    For an odd p they cancel positive ones, and the root of a negative sum is NaN. Use |x|^p.
    """
    return (avg_pool(x**p, size, stride) * size[0] * size[1]) ** (1 / p)


@wrong("lp_pool", hint=3)
def lp_square_root(x, p, size, stride):
    """The root is always the square root.

    The root must invert the power: the power 1/p, which is a square root for p = 2 only.
    """
    return np.sqrt(lp_pool(x, p, size, stride) ** p)


@wrong("lp_pool", hint=3)
def lp_always_two(x, p, size, stride):
    """p is not used, it is always 2.

    Squares and a square root are the case p = 2; take the power p and the power 1/p.
    """
    return lp_pool(x, 2, size, stride)


@wrong("avg_pool", hint=1)
def windows_begin_at_zero(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """The windows begin at i*s, without the -p.

    Their number is right. Window 0 begins p places before the image, so window i begins at i*s - p.
    """
    out = _out(x, size, stride, padding, ceil_mode)
    border = padding if count_padding else 0
    counts = []
    for n, k, m in zip(x.shape[2:], size, out, strict=True):
        counts.append(np.minimum(np.arange(m) * stride + k, n + border) - np.arange(m) * stride)
    return _sums(x, size, stride, 0, out) / np.multiply.outer(*counts)


@wrong("avg_pool", hint=1)
def negative_start(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """A slice begins below 0.

    x[-1:1] does not begin one place before the array: in Python -1 counts from the end. Let slices
    begin at max(start, 0), or add a border of zeros first.
    """
    y = np.empty((*x.shape[:2], *_out(x, size, stride, padding, ceil_mode)))
    border = padding if count_padding else 0
    for at in np.ndindex(*y.shape[2:]):
        starts = [i * stride - padding for i in at]
        pixels = [slice(a, a + k) for a, k in zip(starts, size, strict=True)]
        count = 1
        for a, n, k in zip(starts, x.shape[2:], size, strict=True):
            count *= min(a + k, n + border) - max(a, -border)
        y[:, :, *at] = x[:, :, *pixels].sum((2, 3)) / count
    return y


@wrong("avg_pool", hint=2)
def empty_window_kept(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """A window that begins after the image is kept.

    In ceil mode, if (H' - 1)*s >= H + p, there is one window less; the same holds for the width.
    The window you keep covers no pixel, and its count of rows or columns is 0 or less.
    """
    if not ceil_mode:
        return avg_pool(x, size, stride, padding, ceil_mode, count_padding)
    border = padding if count_padding else 0
    rooms = (n + 2 * padding - k for n, k in zip(x.shape[2:], size, strict=True))
    out = [-(-room // stride) + 1 for room in rooms]
    counts = []
    for n, k, m in zip(x.shape[2:], size, out, strict=True):
        starts = np.arange(m) * stride - padding
        counts.append(np.minimum(starts + k, n + border) - np.maximum(starts, -border))
    return _sums(x, size, stride, padding, out) / np.multiply.outer(*counts)


@wrong("global_avg_pool", hint=3)
def global_along_height(x):
    """The mean is taken along the height only.

    The width is still there. The mean is over all pixels of a channel: average over axes 2 and 3.
    """
    return x.mean(2)


@wrong("global_avg_pool", hint=3)
def global_over_everything(x):
    """One mean is taken of all numbers.

    Each item and each channel has its own mean: average over axes 2 and 3, not over 0 and 1.
    """
    return x.mean()


@wrong("global_avg_pool", hint=3)
def global_maximum(x):
    """The largest pixel is taken, not the mean.

    That is global max pooling. Here the result is the sum over all pixels, divided by their number.
    """
    return x.max((2, 3))


@wrong("lp_pool", hint=3)
def lp_precedence(x, p, size, stride):
    """The sum is divided by p.

    `s ** 1 / p` means (s ** 1) / p, since ** binds more tightly than the division. The root is s **
    (1 / p).
    """
    return lp_pool(x, p, size, stride) ** p / p


@wrong("lp_pool", hint=3)
def lp_absolute_too_late(x, p, size, stride):
    """The absolute value is taken of the sum, not of x.

    In the sum, an odd power of a negative number is negative and cancels positive ones. First |x|,
    then the power, then the sum.
    """
    return abs(avg_pool(x**p, size, stride) * size[0] * size[1]) ** (1 / p)


@wrong("lp_pool", hint=3)
def lp_maximum(x, p, size, stride):
    """The largest absolute value is taken.

    The p-norm is near it for large p, but all numbers of the window count.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return abs(windows[:, :, ::stride, ::stride]).max((4, 5))


@wrong("lp_pool", hint=3)
def lp_stride_ignored(x, p, size, stride):
    """The stride of LP pooling is ignored.

    Window i begins at row i*s, as in average pooling, so there are fewer windows.
    """
    return lp_pool(x, p, size, 1)


def _with_counts(x, size, stride, padding, count_padding, out):
    """`out` windows, each divided by the number of its places, at least 1."""
    border = padding if count_padding else 0
    counts = []
    for n, k, m in zip(x.shape[2:], size, out, strict=True):
        starts = np.arange(m) * stride - padding
        reach = np.minimum(starts + k, n + border) - np.maximum(starts, -border)
        counts.append(np.maximum(reach, 1))
    return _sums(x, size, stride, padding, out) / np.multiply.outer(*counts)


@wrong("avg_pool", hint=1)
def one_more_in_any_case(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """In ceil mode there is one more window even where nothing is left over.

    Rounding up is not rounding down and adding 1: where (H + 2p - K) / s is a whole number, both
    give that number.
    """
    if not ceil_mode:
        return avg_pool(x, size, stride, padding, ceil_mode, count_padding)
    out = []
    for n, k in zip(x.shape[2:], size, strict=True):
        last = (n + 2 * padding - k) // stride + 1
        out.append(last if last * stride >= n + padding else last + 1)
    return _with_counts(x, size, stride, padding, count_padding, out)


@wrong("avg_pool", hint=1)
def last_window_left_out_too_early(x, size, stride, padding=0, ceil_mode=False, count_padding=True):
    """A last window that still covers pixels is left out.

    (H' - 1)*s is counted in the padded image, where the pixels end at H + p, not at H. Leave a
    window out only if it begins at H + p or later.
    """
    if not ceil_mode:
        return avg_pool(x, size, stride, padding, ceil_mode, count_padding)
    out = []
    for n, k in zip(x.shape[2:], size, strict=True):
        last = -(-(n + 2 * padding - k) // stride)
        out.append(last if last * stride >= n else last + 1)
    return _with_counts(x, size, stride, padding, count_padding, out)


@wrong("lp_pool", hint=3)
def lp_whole_power(x, p, size, stride):
    """A p that is not a whole number is rounded.

    p is any number from 1 on, for example 2.5. Python and NumPy compute such powers of |x|.
    """
    return (avg_pool(abs(x) ** int(p), size, stride) * size[0] * size[1]) ** (1 / p)
