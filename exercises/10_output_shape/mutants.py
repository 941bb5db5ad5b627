"""Plausible wrong answers for the arithmetic of output sizes."""

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

    (n - span) / stride says how often the window can be moved on. It lay somewhere before the
    first move as well: one window more than there are moves.
    """
    return output_size(size, kernel, stride, padding, dilation, ceil_mode) - 1


@wrong("output_size", hint=3)
def one_added_too_early(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The 1 is added before the division by the stride.

    n - span + 1 is the count at stride 1. With a stride, divide first and then add 1 for the first
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
    """The padding is left out.

    The windows lie on the padded input, which is longer: size + before + after.
    """
    return output_size(size, kernel, stride, 0, dilation, ceil_mode)


@wrong("output_size", hint=2)
def start_padding_at_both_ends(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Of a pair of paddings, the first is used at both ends.

    (before, after) need not be equal. The input grows by before + after, not by 2 * before.
    """
    return output_size(size, kernel, stride, _ends(padding)[0], dilation, ceil_mode)


@wrong("output_size", hint=2)
def uneven_padding_halved(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """An uneven pair of paddings is evened out, and a place is lost.

    (before + after) // 2 at each end is one place short if the sum is odd. Do not look for one
    number p; add the two.
    """
    half = sum(_ends(padding)) // 2
    return output_size(size, kernel, stride, half, dilation, ceil_mode)


@wrong("output_size", hint=2)
def dilation_times_kernel(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The span of a dilated window is taken as dilation * kernel.

    k places have k - 1 gaps between them. The span is dilation * (kernel - 1) + 1: behind the last
    place there is no gap any more.
    """
    return output_size(size, dilation * kernel, stride, padding, 1, ceil_mode)


@wrong("output_size", hint=2)
def dilation_ignored(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The dilation is left out.

    A window with gaps covers more of the input than its number of places says: it spans
    dilation * (kernel - 1) + 1.
    """
    return output_size(size, kernel, stride, padding, 1, ceil_mode)


@wrong("output_size", hint=2)
def dilation_counts_from_zero(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Dilation 1 is taken as a gap of one empty place.

    Here dilation is the distance from one place to the next, and 1 means no gap. You have the span
    (dilation + 1) * (kernel - 1) + 1, as if it were the number of empty places in between.
    """
    return output_size(size, kernel, stride, padding, dilation + 1, ceil_mode)


@wrong("output_size", hint=3)
def stride_ignored(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The stride is left out.

    You count the windows of stride 1. With stride s only every s-th of them is used: divide by s,
    round down, then add 1.
    """
    return output_size(size, kernel, 1, padding, dilation, ceil_mode)


@wrong("output_size", hint=4)
def always_rounded_up(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The division is rounded up although ceil mode is off.

    The last window would hang over the end of the input. Without ceil mode only whole windows
    count, so the division is rounded down.
    """
    return output_size(size, kernel, stride, padding, dilation, True)


@wrong("output_size", hint=3)
def rounded_to_nearest(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The division is rounded to the nearest integer.

    round() sometimes goes up. A window that does not fit as a whole does not count: use //, which
    rounds down.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    return right if ceil_mode else round(room / stride) + 1


@wrong("output_size", hint=3)
def not_rounded(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The result is a float, with whatever / left behind the point.

    / always gives a float in Python, and here often a fraction. There is no half window: use //,
    which rounds down and keeps integers.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    return float(right) if ceil_mode else room / stride + 1


@wrong("output_size", hint=3)
def whole_float(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The result is a whole number, but of type float.

    np.floor and np.ceil give floats, and an array cannot be made with a shape of 4.0. Use //, or
    math.floor, or put int(...) around it.
    """
    return float(output_size(size, kernel, stride, padding, dilation, ceil_mode))


@wrong("output_size", hint=4)
def ceil_mode_ignored(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """ceil_mode makes no difference.

    If something is left over behind the last window, ceil mode adds one window that hangs over the
    end.
    """
    return output_size(size, kernel, stride, padding, dilation, False)


@wrong("output_size", hint=4)
def ceil_always_adds_one(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Ceil mode adds a window even where nothing is left over.

    Rounding up changes a number only if it is no integer. Where the last whole window ends exactly
    at the end, there is nothing to add.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    steps, rest = divmod(size + sum(_ends(padding)) - _span(kernel, dilation), stride)
    inside = (steps + 1) * stride < size + _ends(padding)[0]
    return right + (ceil_mode and rest == 0 and inside)


@wrong("output_size", hint=4)
def ceil_window_behind_input(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode a window begins behind the input.

    The window that rounding up adds may begin at size + before or later. It sees nothing of the
    input, only padding, and is left out.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    return ceil(room / stride) + 1 if ceil_mode else right


@wrong("output_size", hint=4)
def ceil_window_just_behind(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode a window begins at the first place behind the input.

    Places are counted from 0, so the input ends at size + before - 1. A window that begins at
    size + before is behind it already: < is meant, not <=.
    """
    right = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    steps, rest = divmod(size + sum(_ends(padding)) - _span(kernel, dilation), stride)
    at_end = (steps + 1) * stride == size + _ends(padding)[0]
    return right + (ceil_mode and rest > 0 and at_end)


@wrong("output_size", hint=4)
def ceil_start_without_before(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Ceil mode forgets that the input begins behind the first padding.

    Starts are counted in the padded input, where the input ends at before + size, not at size. You
    leave out a window that still sees the last places.
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
    """A window that does not fit is not refused.

    Something comes back as if it were an answer (the formula itself gives 0 or less), and the
    trouble shows up much later. Raise ValueError where the span is longer than the padded input.
    """
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    if room >= 0:
        return output_size(size, kernel, stride, padding, dilation, ceil_mode)
    return room // stride + 1


@wrong("output_size", hint=3)
def refused_by_the_result(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """A window that does not fit is refused only if the result is negative.

    At stride 1, one place too few gives exactly 0, and with a large stride so do several. Test
    the lengths, span > n, and not the result of the formula.
    """
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    if room < 0 and room // stride + 1 == 0:
        return 0
    return output_size(size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def exact_fit_refused(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """A window exactly as long as the padded input is refused.

    It fits once, without any room to move. Refuse only where the span is longer: >, not >=.
    """
    if size + sum(_ends(padding)) == _span(kernel, dilation):
        raise ValueError("the window is longer than the padded input")
    return output_size(size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def refused_without_padding(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Whether the window fits is asked before the padding is added.

    The padding counts: a kernel of 5 fits an input of 3 with one place of padding at each end.
    """
    if size < _span(kernel, dilation):
        raise ValueError("the window is longer than the input")
    return output_size(size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def refused_without_dilation(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Whether the window fits is asked without its dilation.

    You compare the padded input with kernel. A dilated window needs its whole span,
    dilation * (kernel - 1) + 1.
    """
    room = size + sum(_ends(padding)) - _span(kernel, dilation)
    if room >= 0 or size + sum(_ends(padding)) < kernel:
        return output_size(size, kernel, stride, padding, dilation, ceil_mode)
    return room // stride + 1


@wrong("output_size", hint=2)
def span_one_short(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """The span is d * (k - 1), one place short.

    From the first place of the window to the last there are k - 1 steps of d. The first place
    itself counts too: d * (k - 1) + 1. A window of one place spans 1, not 0.
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
    """In ceil mode the input is taken to end at size, not size + before.

    Windows begin at 0 in the padded input, where the first padding comes first. A last window that
    begins at size or later, but before size + before, still sees something of the input.
    """
    return _left_out_from(size, size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=4)
def ceil_wrong_padding(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode the input is taken to end at size + after.

    Windows begin at 0 in the padded input. What stands in front of the input is `before`, the first
    of the pair, so the input ends at size + before.
    """
    end = size + _ends(padding)[1]
    return _left_out_from(end, size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=4)
def ceil_window_in_the_padding(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """In ceil mode a window may begin in the padding at the end.

    A last window is left out already if it begins at size + before or later, where it sees only
    padding, and not from size + before + after on.
    """
    end = size + sum(_ends(padding))
    return _left_out_from(end, size, kernel, stride, padding, dilation, ceil_mode)


@wrong("output_size", hint=3)
def refused_by_the_count(size, kernel, stride=1, padding=0, dilation=1, ceil_mode=False):
    """Whether a window fits is seen from the count, and in ceil mode 1 is left.

    Rounding up (n - span) / stride gives 0 where only a few places are missing, and with the + 1
    there is a window that does not fit. Test the lengths, span > n, before you divide.
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
