"""Other right answers for filters along the time of an electrocardiogram."""

import numpy as np

from nnscratch.learn import right


@right("filter_bank")
def by_correlate(recordings, filters):
    """One lead and one filter at a time."""
    batch, moments, leads = recordings.shape
    count, _, width = filters.shape
    y = np.zeros((batch, moments - width + 1, count))
    for n in range(batch):
        for c in range(count):
            for lead in range(leads):
                y[n, :, c] += np.correlate(recordings[n, :, lead], filters[c, lead], "valid")
    return y


@right("filter_bank")
def one_product_for_each_k(recordings, filters):
    """Channels first inside, as in the engine; the axes are moved, not reshaped."""
    x = recordings.transpose(0, 2, 1)  # (N, L, T)
    length = x.shape[2] - filters.shape[2] + 1
    y = sum(filters[:, :, k] @ x[:, :, k : k + length] for k in range(filters.shape[2]))
    return y.transpose(0, 2, 1).copy()


@right("find_beats")
def by_corrcoef(signal, template, least):
    """The score is Pearson's correlation, which NumPy has."""
    k = len(template)
    scores = np.zeros(len(signal) - k + 1)
    for i in range(len(scores)):
        window = signal[i : i + k]
        if window.max() > window.min():
            scores[i] = np.corrcoef(window, template)[0, 1]
    beats = scores >= least
    beats[1:] &= scores[1:] > scores[:-1]
    beats[:-1] &= scores[:-1] > scores[1:]
    return scores, beats


@right("find_beats")
def by_deviations(signal, template, least):
    """Means, and standard deviations over K; the beats by a loop."""
    scores = []
    for i in range(len(signal) - len(template) + 1):
        window = signal[i : i + len(template)]
        spread = window.std() * template.std()
        both = np.mean((window - window.mean()) * (template - template.mean()))
        scores.append(both / spread if spread else 0.0)
    beats = []
    for i, score in enumerate(scores):
        before = scores[i - 1] if i else -2
        after = scores[i + 1] if i + 1 < len(scores) else -2
        beats.append(bool(score >= least and before < score > after))
    return np.array(scores), np.array(beats)
