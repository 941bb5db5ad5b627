"""Plausible wrong answers for the output size of a sliding window."""

from math import ceil

from solution import output_size

from nnscratch.learn import wrong


def _ends(padding):
    return (padding, padding) if isinstance(padding, int) else padding


def _span(kernel, dilation):
    return dilation * (kernel - 1) + 1


@wrong("output_size", hint=3)
def no_plus_one(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Steps are counted, not windows.

    (n - span) / stride is the number of steps. There is a window before the first step too: one
    window more than steps.
    """
    return output_size(size, kernel, stride, padding, dilation, ceil_mode) - 1


@wrong("output_size", hint=3)
def one_added_too_early(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The 1 is added before the division by the stride.

    n - span + 1 is the count for stride 1. With a stride, divide first and then add 1 for the first
    window: (n - span) // stride + 1.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    return right if ceil_mode else (room + 1) // stride


@wrong("output_size", hint=2)
def padding_once(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """A single padding number is added once, not at both ends.

    padding=2 means 2 places at the start and 2 at the end, so the input grows by 4.
    """
    ends = (padding, 0) if isinstance(padding, int) else padding
    return output_size(size, kernel, stride, ends, dilation, ceil_mode)


@wrong("output_size", hint=2)
def padding_ignored(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The padding is ignored.

    The windows lie on the padded input, which has size + before + after places.
    """
    return output_size(size, kernel, stride, 0, dilation, ceil_mode)


@wrong("output_size", hint=2)
def start_padding_at_both_ends(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Of a pair of paddings, the first is used at both ends.

    before and after may differ. The input grows by before + after, not by 2 * before.
    """
    return output_size(size, kernel, stride, _ends(padding)[0], dilation, ceil_mode)


@wrong("output_size", hint=2)
def uneven_padding_halved(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """A pair of paddings is averaged, and a place is lost.

    (before + after) // 2 at each end is one place short if the sum is odd. Add the two numbers.
    """
    half = sum(_ends(padding)) // 2
    return output_size(size, kernel, stride, half, dilation, ceil_mode)


@wrong("output_size", hint=2)
def dilation_times_kernel(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The span of a dilated window is computed as dilation * kernel.

    k places have k - 1 steps between them. The span is dilation * (kernel - 1) + 1: there is no gap
    after the last place.
    """
    return output_size(size, dilation * kernel, stride, padding, 1, ceil_mode)


@wrong("output_size", hint=2)
def dilation_ignored(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The dilation is ignored.

    A window with gaps covers more of the input than kernel places: it spans dilation * (kernel - 1)
    + 1.
    """
    return output_size(size, kernel, stride, padding, 1, ceil_mode)


@wrong("output_size", hint=2)
def dilation_counts_from_zero(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Dilation 1 is treated as a gap of one empty place.

    Here dilation is the distance from one place to the next, and 1 means no gap. You have the span
    (dilation + 1) * (kernel - 1) + 1, as if dilation were the number of empty places in between.
    """
    return output_size(size, kernel, stride, padding, dilation + 1, ceil_mode)


@wrong("output_size", hint=3)
def stride_ignored(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The stride is ignored.

    You count the windows of stride 1. With stride s only every s-th of them is used: divide by s,
    round down, then add 1.
    """
    return output_size(size, kernel, 1, padding, dilation, ceil_mode)


@wrong("output_size", hint=4)
def always_rounded_up(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The division is rounded up although ceil mode is off.

    The last window would extend past the end of the input. Without ceil mode only whole windows
    count, so the division is rounded down.
    """
    return output_size(size, kernel, stride, padding, dilation, True)


@wrong("output_size", hint=3)
def rounded_to_nearest(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The division is rounded to the nearest integer.

    round() sometimes rounds up. A window that does not fit as a whole does not count: use //, which
    rounds down.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    return right if ceil_mode else round(room / stride) + 1


@wrong("output_size", hint=3)
def not_rounded(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The result is a float, because / keeps the fraction.

    / always gives a float in Python, and here often a fraction. There is no half window: use //,
    which rounds down and keeps integers.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    return float(right) if ceil_mode else room / stride + 1


@wrong("output_size", hint=3)
def whole_float(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The result is a whole number, but of type float.

    np.floor and np.ceil return floats, and 4.0 cannot be used in the shape of an array. Use //,
    math.floor, or int(...).
    """
    return float(output_size(size, kernel, stride, padding, dilation, ceil_mode))


@wrong("output_size", hint=4)
def ceil_mode_ignored(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """ceil_mode has no effect.

    If places are left over after the last window, ceil mode adds one window that extends past the
    end.
    """
    return output_size(size, kernel, stride, padding, dilation, False)


@wrong("output_size", hint=4)
def ceil_always_adds_one(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Ceil mode adds a window even where nothing is left over.

    Rounding up changes a number only if it is not an integer. Where the last whole window ends
    exactly at the end, there is nothing to add.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    steps, rest = divmod(size + sum(_ends(padding)) - _span(kernel, dilation), stride)
    inside = (steps + 1) * stride < size + _ends(padding)[0]
    return right + (ceil_mode and rest == 0 and inside)


@wrong("output_size", hint=4)
def ceil_window_behind_input(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode a window begins after the input.

    The window that rounding up adds may begin at size + before or later. Then it covers only
    padding, and must be left out.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    return ceil(room / stride) + 1 if ceil_mode else right


@wrong("output_size", hint=4)
def ceil_window_just_behind(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode a window begins at the first place after the input.

    Places are counted from 0, so the input ends at size + before - 1. A window that begins at size
    + before begins after the input: use <, not <=.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    steps, rest = divmod(size + sum(_ends(padding)) - _span(kernel, dilation), stride)
    at_end = (steps + 1) * stride == size + _ends(padding)[0]
    return right + (ceil_mode and rest > 0 and at_end)


@wrong("output_size", hint=4)
def ceil_start_without_before(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Ceil mode ignores the padding before the input.

    Windows start in the padded input, where the input ends at before + size, not at size. You leave
    out a window that still covers the last places.
    """
    before, after = _ends(padding)
    if not ceil_mode or size < before + 1:
        return output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + before + after - _span(kernel, dilation)
    if room < 0:
        raise ValueError("the window is longer than the padded input")
    steps, rest = divmod(room, stride)
    return steps + 1 + (rest > 0 and (steps + 1) * stride < size)


@wrong("output_size", hint=3)
def not_refused(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """A window that does not fit raises no error.

    You return a number (the formula itself gives 0 or less), and the error appears much later.
    Raise ValueError where the span is longer than the padded input.
    """
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    if room >= 0:
        return output_size(size, kernel, stride, padding, dilation, ceil_mode)
    return room // stride + 1


@wrong("output_size", hint=3)
def refused_by_the_result(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """A window that does not fit raises an error only if the result is negative.

    At stride 1, one place too few gives exactly 0; with a large stride so do several. Compare the
    lengths, span > n, not the result of the formula.
    """
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    if room < 0 and room // stride + 1 == 0:
        return 0
    return output_size(size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def exact_fit_refused(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """A window exactly as long as the padded input raises an error.

    It fits once. Raise ValueError only where the span is longer: >, not >=.
    """
    if size + sum(_ends(padding)) == _span(kernel, dilation):
        raise ValueError("the window is longer than the padded input")
    return output_size(size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def refused_without_padding(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The test whether the window fits ignores the padding.

    The padding counts: a kernel of 5 fits an input of 3 with one place of padding at each end.
    """
    if size < _span(kernel, dilation):
        raise ValueError("the window is longer than the input")
    return output_size(size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def refused_without_dilation(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The test whether the window fits ignores the dilation.

    You compare the padded input with kernel. A dilated window needs its whole span, dilation *
    (kernel - 1) + 1.
    """
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    if room >= 0 or size + sum(_ends(padding)) < kernel:
        return output_size(size, kernel, stride, padding, dilation, ceil_mode)
    return room // stride + 1


@wrong("output_size", hint=2)
def span_one_short(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The span is d * (k - 1), one place short.

    From the first place of the window to the last there are k - 1 steps of d. The first place
    counts too: d * (k - 1) + 1. A window of one place spans 1, not 0.
    """
    before, after = _ends(padding)
    room = size + before + after - dilation * (kernel - 1)
    if room < 0:
        raise ValueError("the window is longer than the padded input")
    if not ceil_mode:
        return room // stride + 1
    steps = ceil(room / stride)
    return steps if steps * stride >= size + before else steps + 1


def _left_out_from(end, size, kernel, stride, padding, dilation, ceil_mode):
    """In ceil mode the last window is left out if it begins at `end` or later."""
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    steps = ceil((size + sum(_ends(padding)) - _span(kernel, dilation)) / stride)
    return (steps if steps * stride >= end else steps + 1) if ceil_mode else right


@wrong("output_size", hint=4)
def ceil_end_of_input_at_size(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode the input is assumed to end at size, not size + before.

    Window positions count from the start of the padded input, where the first padding lies. A last
    window that begins at size or later, but before size + before, still covers a part of the input.
    """
    return _left_out_from(size, size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=4)
def ceil_wrong_padding(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode the input is assumed to end at size + after.

    Window positions count from the start of the padded input. The padding in front of the input is
    `before`, the first of the pair, so the input ends at size + before.
    """
    end = size + _ends(padding)[1]
    return _left_out_from(end, size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=4)
def ceil_window_in_the_padding(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode a window may begin in the padding at the end.

    A last window is left out if it begins at size + before or later, where it covers only padding;
    you leave it out only from size + before + after on.
    """
    end = size + sum(_ends(padding))
    return _left_out_from(end, size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def refused_by_the_count(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The test whether a window fits uses the count, and in ceil mode 1 is left.

    Rounding up (n - span) / stride gives 0 where only a few places are missing, and the + 1 then
    counts a window that does not fit. Test the lengths, span > n, before you divide.
    """
    before, after = _ends(padding)
    room = size + before + after - _span(kernel, dilation)
    if not ceil_mode or ceil(room / stride) + 1 <= 0 or room >= 0:
        return output_size(size, kernel, stride, padding, dilation, ceil_mode)
    count = ceil(room / stride) + 1
    count -= (count - 1) * stride >= size + before
    if count <= 0:
        raise ValueError("no window fits")
    return count
