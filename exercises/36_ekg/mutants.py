"""Plausible wrong answers for filters along the time of an electrocardiogram."""

import numpy as np
from solution import filter_bank, find_beats

from nnscratch.learn import wrong

# -- filter_bank ----------------------------------------------------------------------------------


@wrong("filter_bank", hint=1)
def channels_first(recordings, filters):
    """The result has its channels before the moments.

    (N, F, T') is how an engine lays it out. The recorder's order was asked for: moments first,
    (N, T', F). Swap the last two axes.
    """
    return filter_bank(recordings, filters).swapaxes(1, 2)


@wrong("filter_bank", hint=2)
def result_reshaped(recordings, filters):
    """The result was reshaped where an axis had to be moved.

    The shape is right, but reshape leaves the numbers in their order, and that was (N, F, T').
    transpose or swapaxes moves the axis.
    """
    y = filter_bank(recordings, filters)
    return y.swapaxes(1, 2).reshape(y.shape)


@wrong("filter_bank", hint=2)
def recordings_reshaped(recordings, filters):
    """The recordings were reshaped where an axis had to be moved.

    reshape(N, L, T) reads the leads of one moment as if they came one after the other in time.
    transpose or swapaxes moves the axis.
    """
    n, moments, leads = recordings.shape
    return filter_bank(recordings.reshape(n, leads, moments).swapaxes(1, 2), filters)


@wrong("filter_bank", hint=1)
def leads_averaged(recordings, filters):
    """The leads are averaged.

    What the leads give is added up, as the colours of a picture are. You divide by the number of
    leads.
    """
    return filter_bank(recordings, filters) / recordings.shape[2]


@wrong("filter_bank", hint=1)
def first_lead_only(recordings, filters):
    """Only the first lead is seen.

    Each filter has K numbers for every lead; sum over the leads too.
    """
    return filter_bank(recordings[:, :, :1], filters[:, :1])


@wrong("filter_bank", hint=2)
def bank_flipped(recordings, filters):
    """The filters are turned round in time.

    This is a convolution as mathematicians have it, and as np.convolve does it. Here
    recordings[i+k] meets filters[k]; use np.correlate, or no flip.
    """
    return filter_bank(recordings, filters[:, :, ::-1])


@wrong("filter_bank", hint=1)
def as_long_as_before(recordings, filters):
    """The result is as long as the recording.

    Zeros were put around the recording. Without padding T - K + 1 moments are left: 14 moments and
    a filter of 5 give 10.
    """
    width = filters.shape[2]
    before = (width - 1) // 2
    around = ((0, 0), (before, width - 1 - before), (0, 0))
    return filter_bank(np.pad(recordings, around), filters)


@wrong("filter_bank", hint=2)
def last_moment_missing(recordings, filters):
    """The last moment is missing.

    The last window begins at T - K and is as good as the others; there are T - K + 1 of them.
    """
    return filter_bank(recordings, filters)[:, :-1]


@wrong("filter_bank", hint=2)
def last_moment_zero(recordings, filters):
    """The last moment stays 0.

    Your loop ends one window too early: range(T - K + 1) goes up to T - K, where the last window
    begins.
    """
    y = filter_bank(recordings, filters)
    y[:, -1] = 0
    return y


@wrong("filter_bank", hint=2)
def filters_reshaped(recordings, filters):
    """The filters were reshaped where an axis had to be moved.

    A reshape from (F, L, K) to (F, K, L) does not move a number. Use transpose or swapaxes.
    """
    count, leads, width = filters.shape
    return filter_bank(recordings, filters.reshape(count, width, leads).swapaxes(1, 2))


@wrong("filter_bank", hint=1)
def divided_by_width(recordings, filters):
    """The sum is divided by the length of the filter.

    A filter is a sum of products, not a mean. Nothing is divided.
    """
    return filter_bank(recordings, filters) / filters.shape[2]


@wrong("filter_bank", hint=1)
def leads_kept(recordings, filters):
    """The leads are not summed over.

    Each filter looks at all leads at once and adds up what it finds: L is no axis of the result.
    """
    windows = np.lib.stride_tricks.sliding_window_view(recordings, filters.shape[2], axis=1)
    return np.einsum("nilk,flk->nifl", windows, filters)


@wrong("filter_bank", hint=1)
def filters_added(recordings, filters):
    """The filters are added up.

    Each filter gives a channel of its own: the result is (N, T - K + 1, F).
    """
    return filter_bank(recordings, filters).sum(2)


# -- find_beats: the scores -----------------------------------------------------------------------


def _windows(signal, template):
    return np.lib.stride_tricks.sliding_window_view(signal, len(template))


def _beats(scores, least):
    around = np.pad(scores, 1, constant_values=-np.inf)
    return scores, (scores >= least) & (scores > around[:-2]) & (scores > around[2:])


def _cosines(windows, template):
    lengths = np.linalg.norm(windows, axis=1) * np.linalg.norm(template)
    return windows @ template / np.where(lengths > 0, lengths, 1)


@wrong("find_beats", hint=3)
def baseline_left_in(signal, template, least):
    """The means are left in.

    A window on a high baseline resembles anything then: nearly all scores are close to 1. Subtract
    from the window its own mean, and from the template its own.
    """
    return _beats(_cosines(_windows(signal, template), template), least)


@wrong("find_beats", hint=3)
def mean_of_template_only(signal, template, least):
    """Only the template is freed of its mean.

    The sum of products comes out right even so, but the length of the window does not: on a high
    baseline it is far too large. Take each window's mean out too.
    """
    return _beats(_cosines(_windows(signal, template), template - template.mean()), least)


@wrong("find_beats", hint=3)
def mean_of_whole_signal(signal, template, least):
    """The mean of the whole signal is taken out.

    The baseline wanders; what counts is the mean of the K moments of each window.
    """
    windows = _windows(signal - signal.mean(), template)
    return _beats(_cosines(windows, template - template.mean()), least)


@wrong("find_beats", hint=3)
def not_normalised(signal, template, least):
    """The sum of products is not divided by the lengths.

    A loud disturbance beats a faint pulse that way. Divide by the length of the window and by that
    of the template, both without their means.
    """
    return _beats(_windows(signal, template) @ (template - template.mean()), least)


@wrong("find_beats", hint=3)
def window_length_forgotten(signal, template, least):
    """Divided by the length of the template only.

    Then the score still grows with the amplitude of the signal. The length of the window,
    without its mean, belongs below as well.
    """
    template = template - template.mean()
    return _beats(_windows(signal, template) @ template / np.linalg.norm(template), least)


@wrong("find_beats", hint=3)
def squares_below(signal, template, least):
    """Divided by the squares of the lengths.

    Sums of squares stand below the fraction, without the root. The length is the root of the sum
    of squares.
    """
    windows = _windows(signal, template)
    windows = windows - windows.mean(1, keepdims=True)
    template = template - template.mean()
    squares = (windows**2).sum(1) * (template**2).sum()
    return _beats(windows @ template / np.where(squares > 0, squares, 1), least)


@wrong("find_beats", hint=3)
def perfect_is_less_than_one(signal, template, least):
    """A perfect pulse scores (K-1)/K, not 1.

    You average the products over K, and divide by deviations with K - 1 (ddof=1). Take the same
    for both, or plain sums.
    """
    scores, _ = find_beats(signal, template, least)
    return _beats(scores * (len(template) - 1) / len(template), least)


@wrong("find_beats", hint=3)
def perfect_is_more_than_one(signal, template, least):
    """A perfect pulse scores K/(K-1), not 1.

    You average the products over K - 1, as np.cov does, and divide by deviations with K. Take the
    same for both, or plain sums.
    """
    scores, _ = find_beats(signal, template, least)
    return _beats(scores * len(template) / (len(template) - 1), least)


@wrong("find_beats", hint=3)
def template_flipped(signal, template, least):
    """The template is turned round in time.

    np.convolve turns it round before it multiplies. A matched filter compares as it stands:
    signal[i+k] with template[k].
    """
    return find_beats(signal, template[::-1], least)


@wrong("find_beats", hint=3)
def flat_is_nan(signal, template, least):
    """A flat window gives NaN.

    Its length is 0 once the mean is out, and 0/0 is NaN. There is nothing to compare there: the
    score is 0.
    """
    scores, _ = find_beats(signal, template, least)
    flat = np.ptp(_windows(signal, template), axis=1) == 0
    return _beats(np.where(flat, np.nan, scores), least)


# -- find_beats: the beats ------------------------------------------------------------------------


@wrong("find_beats", hint=4)
def all_above(signal, template, least):
    """Every score above the threshold is called a beat.

    A pulse is found again when it is shifted a little. Only the peak counts: the score must be
    greater than the one before and the one after.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, scores >= least


@wrong("find_beats", hint=4)
def all_peaks(signal, template, least):
    """The threshold is not used.

    Any little bump has a peak of its score. A beat is a peak of at least `least`.
    """
    return find_beats(signal, template, -np.inf)


@wrong("find_beats", hint=4)
def one_beat_only(signal, template, least):
    """Only the best match is called a beat.

    argmax finds one place. A heart beats more often: every peak of at least `least` counts.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, np.arange(len(scores)) == scores.argmax()


@wrong("find_beats", hint=4)
def ends_left_out(signal, template, least):
    """The first and the last place are never a beat.

    A place at the end has one neighbour, and must be greater than that one. You look only at
    places that have two.
    """
    scores, beats = find_beats(signal, template, least)
    beats[[0, -1]] = False
    return scores, beats


@wrong("find_beats", hint=4)
def ends_are_neighbours(signal, template, least):
    """The first and the last place are compared with each other.

    np.roll moves the end of the signal to its beginning. Time is no circle: beyond the ends there
    is nothing to compare with.
    """
    scores, _ = find_beats(signal, template, least)
    before, after = np.roll(scores, 1), np.roll(scores, -1)
    return scores, (scores >= least) & (scores > before) & (scores > after)


@wrong("find_beats", hint=4)
def upside_down_too(signal, template, least):
    """A pulse upside down is called a beat as well.

    You compare the absolute value of the score. A score of -1 is the opposite of the template;
    compare the score itself.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, _beats(np.abs(scores), least)[1]


@wrong("find_beats", hint=4)
def before_only(signal, template, least):
    """Only the score before is looked at, not the one after.

    Every place on the way up is a beat then. It must be greater than both neighbours.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, (scores >= least) & (scores > np.append(-np.inf, scores[:-1]))


@wrong("find_beats", hint=4)
def after_only(signal, template, least):
    """Only the score after is looked at, not the one before.

    Every place on the way down is a beat then. It must be greater than both neighbours.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, (scores >= least) & (scores > np.append(scores[1:], -np.inf))


@wrong("find_beats", hint=4)
def beats_by_number(signal, template, least):
    """The places of the beats are returned, not a mask.

    `beats` is as long as the scores and says of each whether it is a beat. Leave out the
    np.flatnonzero, or make a mask of the places.
    """
    scores, beats = find_beats(signal, template, least)
    return scores, np.flatnonzero(beats)


@wrong("find_beats", hint=3)
def mean_of_window_only(signal, template, least):
    """Only the window is freed of its mean.

    The template has a length of its own below the line, and with its mean that is too long.
    Subtract its mean as well.
    """
    windows = _windows(signal, template)
    return _beats(_cosines(windows - windows.mean(1, keepdims=True), template), least)


@wrong("find_beats", hint=3)
def flat_is_one(signal, template, least):
    """A flat window scores 1.

    Nothing is found in it: the score is 0, and 1 is a perfect pulse.
    """
    scores, _ = find_beats(signal, template, least)
    scores = np.where(np.ptp(_windows(signal, template), axis=1) == 0, 1.0, scores)
    return _beats(scores, least)


@wrong("find_beats", hint=3)
def divided_by_length_too(signal, template, least):
    """The score is divided by the number of moments as well.

    The lengths are roots of sums, not of means: with them a perfect pulse is 1 already.
    """
    return _beats(find_beats(signal, template, least)[0] / len(template), least)


@wrong("find_beats", hint=3)
def never_negative(signal, template, least):
    """Negative scores are set to 0.

    A pulse upside down scores -1, and that is worth knowing. Scores lie between -1 and 1.
    """
    return _beats(np.maximum(find_beats(signal, template, least)[0], 0.0), least)


@wrong("find_beats", hint=3)
def never_signed(signal, template, least):
    """The scores have lost their sign.

    A pulse upside down scores -1, and is no beat. Leave out the absolute value.
    """
    return _beats(np.abs(find_beats(signal, template, least)[0]), least)


@wrong("find_beats", hint=4)
def first_left_out(signal, template, least):
    """The first place is never a beat.

    It has no neighbour before it, and needs only be greater than the one after.
    """
    scores, beats = find_beats(signal, template, least)
    beats[0] = False
    return scores, beats


@wrong("find_beats", hint=4)
def last_left_out(signal, template, least):
    """The last place is never a beat.

    It has no neighbour after it, and needs only be greater than the one before.
    """
    scores, beats = find_beats(signal, template, least)
    beats[-1] = False
    return scores, beats


@wrong("find_beats", hint=4)
def beats_as_numbers(signal, template, least):
    """The beats are 0 and 1, not False and True.

    scores[beats] would then look up the places 0 and 1, and ~beats would be -1 and -2. A comparison
    gives bools; np.zeros needs dtype=bool.
    """
    scores, beats = find_beats(signal, template, least)
    return scores, beats.astype(int)
