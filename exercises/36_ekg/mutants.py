"""Plausible wrong answers for filters along the time of an electrocardiogram."""

import numpy as np
from solution import filter_bank, find_beats

from nnscratch.learn import wrong

# -- filter_bank ----------------------------------------------------------------------------------


@wrong("filter_bank", hint=1)
def channels_first(recordings, filters):
    """The result has its channels before the moments.

    (N, F, T') is the layout of the engine. Return moments first, (N, T', F): swap the last two
    axes.
    """
    return filter_bank(recordings, filters).swapaxes(1, 2)


@wrong("filter_bank", hint=2)
def result_reshaped(recordings, filters):
    """The result is reshaped instead of transposed.

    The shape is right, but reshape keeps the numbers in their order, which was (N, F, T').
    transpose or swapaxes moves the axis.
    """
    y = filter_bank(recordings, filters)
    return y.swapaxes(1, 2).reshape(y.shape)


@wrong("filter_bank", hint=2)
def recordings_reshaped(recordings, filters):
    """The recordings are reshaped instead of transposed.

    reshape(N, L, T) reads the leads of one moment as if they were consecutive moments. transpose or
    swapaxes moves the axis.
    """
    n, moments, leads = recordings.shape
    return filter_bank(recordings.reshape(n, leads, moments).swapaxes(1, 2), filters)


@wrong("filter_bank", hint=1)
def leads_averaged(recordings, filters):
    """The leads are averaged.

    The sum runs over the leads, as over the colours of a picture. You divide by the number of
    leads.
    """
    return filter_bank(recordings, filters) / recordings.shape[2]


@wrong("filter_bank", hint=1)
def first_lead_only(recordings, filters):
    """Only the first lead is used.

    Each filter has K numbers for every lead; sum over the leads too.
    """
    return filter_bank(recordings[:, :, :1], filters[:, :1])


@wrong("filter_bank", hint=2)
def bank_flipped(recordings, filters):
    """The filters are flipped in time.

    This is the mathematical convolution, as in np.convolve. Here recordings[i+k] is multiplied by
    filters[k]; use np.correlate, or no flip.
    """
    return filter_bank(recordings, filters[:, :, ::-1])


@wrong("filter_bank", hint=1)
def as_long_as_before(recordings, filters):
    """The result is as long as the recording.

    You padded the recording with zeros. Without padding T - K + 1 moments remain: 14 moments and a
    filter of 5 give 10.
    """
    width = filters.shape[2]
    before = (width - 1) // 2
    padded = ((0, 0), (before, width - 1 - before), (0, 0))
    return filter_bank(np.pad(recordings, padded), filters)


@wrong("filter_bank", hint=2)
def last_moment_missing(recordings, filters):
    """The last moment is missing.

    The last window begins at T - K; there are T - K + 1 windows.
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
    """The filters are reshaped instead of transposed.

    A reshape from (F, L, K) to (F, K, L) does not exchange axes. Use transpose or swapaxes.
    """
    count, leads, width = filters.shape
    return filter_bank(recordings, filters.reshape(count, width, leads).swapaxes(1, 2))


@wrong("filter_bank", hint=1)
def divided_by_width(recordings, filters):
    """The sum is divided by the length of the filter.

    A filter is a sum of products, not a mean. Do not divide.
    """
    return filter_bank(recordings, filters) / filters.shape[2]


@wrong("filter_bank", hint=1)
def leads_kept(recordings, filters):
    """The leads are not summed over.

    Each filter sums over all leads: L is no axis of the result.
    """
    windows = np.lib.stride_tricks.sliding_window_view(recordings, filters.shape[2], axis=1)
    return np.einsum("nilk,flk->nifl", windows, filters)


@wrong("filter_bank", hint=1)
def filters_added(recordings, filters):
    """The filters are summed.

    Each filter gives its own channel: the result is (N, T - K + 1, F).
    """
    return filter_bank(recordings, filters).sum(2)


# -- find_beats: the scores -----------------------------------------------------------------------


def _windows(signal, template):
    return np.lib.stride_tricks.sliding_window_view(signal, len(template))


def _beats(scores, least):
    padded = np.pad(scores, 1, constant_values=-np.inf)
    return scores, (scores >= least) & (scores > padded[:-2]) & (scores > padded[2:])


def _cosines(windows, template):
    lengths = np.linalg.norm(windows, axis=1) * np.linalg.norm(template)
    return windows @ template / np.where(lengths > 0, lengths, 1)


@wrong("find_beats", hint=3)
def baseline_left_in(signal, template, least):
    """The means are not subtracted.

    Then a window on a high baseline resembles any template: nearly all scores are close to 1.
    Subtract from the window its own mean, and from the template its own.
    """
    return _beats(_cosines(_windows(signal, template), template), least)


@wrong("find_beats", hint=3)
def mean_of_template_only(signal, template, least):
    """The mean is subtracted from the template only.

    The sum of products is right even so, but the length of the window is not: on a high baseline it
    is far too large. Subtract the mean of each window too.
    """
    return _beats(_cosines(_windows(signal, template), template - template.mean()), least)


@wrong("find_beats", hint=3)
def mean_of_whole_signal(signal, template, least):
    """The mean of the whole signal is subtracted.

    The baseline varies; subtract the mean of the K moments of each window.
    """
    windows = _windows(signal - signal.mean(), template)
    return _beats(_cosines(windows, template - template.mean()), least)


@wrong("find_beats", hint=3)
def not_normalised(signal, template, least):
    """The sum of products is not divided by the lengths.

    Then a large disturbance scores higher than a weak pulse. Divide by the length of the window and
    by that of the template, both without their means.
    """
    return _beats(_windows(signal, template) @ (template - template.mean()), least)


@wrong("find_beats", hint=3)
def window_length_forgotten(signal, template, least):
    """The sum is divided by the length of the template only.

    Then the score still grows with the amplitude of the signal. Divide by the length of the window,
    without its mean, as well.
    """
    template = template - template.mean()
    return _beats(_windows(signal, template) @ template / np.linalg.norm(template), least)


@wrong("find_beats", hint=3)
def squares_below(signal, template, least):
    """The sum is divided by the squares of the lengths.

    You divide by sums of squares, without the root. The length is the root of the sum of squares.
    """
    windows = _windows(signal, template)
    windows = windows - windows.mean(1, keepdims=True)
    template = template - template.mean()
    squares = (windows**2).sum(1) * (template**2).sum()
    return _beats(windows @ template / np.where(squares > 0, squares, 1), least)


@wrong("find_beats", hint=3)
def perfect_is_less_than_one(signal, template, least):
    """A perfect match scores (K-1)/K, not 1.

    You average the products over K, and divide by deviations with K - 1 (ddof=1). Use the same for
    both, or plain sums.
    """
    scores, _ = find_beats(signal, template, least)
    return _beats(scores * (len(template) - 1) / len(template), least)


@wrong("find_beats", hint=3)
def perfect_is_more_than_one(signal, template, least):
    """A perfect match scores K/(K-1), not 1.

    You average the products over K - 1, as np.cov does, and divide by deviations with K. Use the
    same for both, or plain sums.
    """
    scores, _ = find_beats(signal, template, least)
    return _beats(scores * len(template) / (len(template) - 1), least)


@wrong("find_beats", hint=3)
def template_flipped(signal, template, least):
    """The template is flipped in time.

    np.convolve flips it before it multiplies. A matched filter multiplies signal[i+k] by
    template[k].
    """
    return find_beats(signal, template[::-1], least)


@wrong("find_beats", hint=3)
def flat_is_nan(signal, template, least):
    """A flat window gives NaN.

    Its length is 0 without its mean, and 0/0 is NaN. The score is 0 there.
    """
    scores, _ = find_beats(signal, template, least)
    flat = np.ptp(_windows(signal, template), axis=1) == 0
    return _beats(np.where(flat, np.nan, scores), least)


# -- find_beats: the beats ------------------------------------------------------------------------


@wrong("find_beats", hint=4)
def all_above(signal, template, least):
    """Every score above the threshold is called a beat.

    A pulse also scores high in windows shifted by a little. Only the peak counts: the score must be
    greater than the one before and the one after.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, scores >= least


@wrong("find_beats", hint=4)
def all_peaks(signal, template, least):
    """The threshold is not used.

    Every small disturbance gives a peak. A beat is a peak of at least `least`.
    """
    return find_beats(signal, template, -np.inf)


@wrong("find_beats", hint=4)
def one_beat_only(signal, template, least):
    """Only the best match is called a beat.

    argmax finds one place. There are several beats: every peak of at least `least` counts.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, np.arange(len(scores)) == scores.argmax()


@wrong("find_beats", hint=4)
def ends_left_out(signal, template, least):
    """The first and the last place are never a beat.

    A place at the end has one neighbour, and must be greater than that one. You use only places
    that have two.
    """
    scores, beats = find_beats(signal, template, least)
    beats[[0, -1]] = False
    return scores, beats


@wrong("find_beats", hint=4)
def ends_are_neighbours(signal, template, least):
    """The first and the last place are compared with each other.

    np.roll moves the end of the signal to its beginning. The two ends are no neighbours: beyond
    them there is nothing to compare with.
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
    """Only the score before is compared, not the one after.

    Then every place on a rising edge is a beat. It must be greater than both neighbours.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, (scores >= least) & (scores > np.append(-np.inf, scores[:-1]))


@wrong("find_beats", hint=4)
def after_only(signal, template, least):
    """Only the score after is compared, not the one before.

    Then every place on a falling edge is a beat. It must be greater than both neighbours.
    """
    scores, _ = find_beats(signal, template, least)
    return scores, (scores >= least) & (scores > np.append(scores[1:], -np.inf))


@wrong("find_beats", hint=4)
def beats_by_number(signal, template, least):
    """The places of the beats are returned, not a mask.

    `beats` is as long as the scores, with one bool for each. Remove the np.flatnonzero, or make a
    mask of the places.
    """
    scores, beats = find_beats(signal, template, least)
    return scores, np.flatnonzero(beats)


@wrong("find_beats", hint=3)
def mean_of_window_only(signal, template, least):
    """The mean is subtracted from the window only.

    You divide by the length of the template, which is too large with its mean. Subtract its mean as
    well.
    """
    windows = _windows(signal, template)
    return _beats(_cosines(windows - windows.mean(1, keepdims=True), template), least)


@wrong("find_beats", hint=3)
def flat_is_one(signal, template, least):
    """A flat window scores 1.

    It contains no pulse: the score is 0, and 1 is a perfect match.
    """
    scores, _ = find_beats(signal, template, least)
    scores = np.where(np.ptp(_windows(signal, template), axis=1) == 0, 1.0, scores)
    return _beats(scores, least)


@wrong("find_beats", hint=3)
def divided_by_length_too(signal, template, least):
    """The score is divided by the number of moments as well.

    The lengths are roots of sums, not of means: with them a perfect match is already 1.
    """
    return _beats(find_beats(signal, template, least)[0] / len(template), least)


@wrong("find_beats", hint=3)
def never_negative(signal, template, least):
    """Negative scores are set to 0.

    A pulse upside down scores -1. Scores lie between -1 and 1.
    """
    return _beats(np.maximum(find_beats(signal, template, least)[0], 0.0), least)


@wrong("find_beats", hint=3)
def never_signed(signal, template, least):
    """The scores have lost their sign.

    A pulse upside down scores -1, and is no beat. Remove the absolute value.
    """
    return _beats(np.abs(find_beats(signal, template, least)[0]), least)


@wrong("find_beats", hint=4)
def first_left_out(signal, template, least):
    """The first place is never a beat.

    It has no neighbour before it, and need only be greater than the one after.
    """
    scores, beats = find_beats(signal, template, least)
    beats[0] = False
    return scores, beats


@wrong("find_beats", hint=4)
def last_left_out(signal, template, least):
    """The last place is never a beat.

    It has no neighbour after it, and need only be greater than the one before.
    """
    scores, beats = find_beats(signal, template, least)
    beats[-1] = False
    return scores, beats


@wrong("find_beats", hint=4)
def beats_as_numbers(signal, template, least):
    """The beats are 0 and 1, not False and True.

    Then scores[beats] would read the places 0 and 1, and ~beats would be -1 and -2. A comparison
    gives bools; np.zeros needs dtype=bool.
    """
    scores, beats = find_beats(signal, template, least)
    return scores, beats.astype(int)
