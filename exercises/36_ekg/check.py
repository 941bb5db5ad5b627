"""Claims about filters along the time of an electrocardiogram."""

import math

import numpy as np

from nnscratch.learn import claim

FUNCTIONS = ("filter_bank", "find_beats")
READS = "nnscratch/functional/conv.py"


def _recordings(rng, rung):
    """By-hand numbers at rung 0; then 14 moments, 16 filters of length 5; then several leads."""
    if rung == 0:
        recordings = np.array([[[1.0, 10], [2, 20], [4, 30], [7, 50], [8, 20]]])
        return recordings, np.array([[[1.0, 2, 3], [1, 0, 0]], [[0, 0, 1], [0, 2, -1]]])
    if rung == 1:
        return rng.standard_normal((1, 14, 1)), rng.standard_normal((16, 1, 5))
    batch, leads, count, width = rng.permutation([2, 3, 4, 5])
    moments = width + int(rng.integers(4, 7))
    return rng.standard_normal((batch, moments, leads)), rng.standard_normal((count, leads, width))


def _heart(rng, rung):
    """A signal of whole numbers, as a recorder stores it, its template, and a threshold.

    Beats large and small, one at either end; one upside down; a varying baseline, a loose
    contact, and a piece without any signal.
    """
    if rung == 0:
        return np.array([0.0, 40, 60, 40, 40, 40, 30, 60, 60]), np.array([10.0, 40, 40]), 0.4
    width = int(rng.integers(5, 8))
    middle = int(rng.integers(2, width - 2))
    template = 9.0 - 4 * np.abs(np.arange(width) - middle) + rng.integers(0, 3, width)
    sizes = [*rng.integers(2, 6, 4), -3]
    sizes[1:] = rng.permutation(sizes[1:])
    if sizes[-1] < 0:  # the last is a beat too
        sizes[-2:] = sizes[:-3:-1]
    parts = []
    for size in sizes:
        parts += [np.zeros(int(rng.integers(1, width))), size * template]
    signal = np.concatenate(parts[1:])
    signal += rng.integers(-1, 2, len(signal)) + np.arange(len(signal)) // 3 + 20.0
    signal[len(signal) // 2 :] += 60
    flat = np.full(width + int(rng.integers(1, 3)), signal[width])
    signal = np.concatenate((signal[:width], flat, signal[width:]))
    return 10 * signal, 10 * template, float(rng.uniform(0.3, 0.5))


def _loops(f, rng, rung):
    recordings, filters = _recordings(rng, rung)
    (batch, moments, leads), (count, _, width) = recordings.shape, filters.shape
    y = np.zeros((batch, moments - width + 1, count))
    for n, i, f_ in np.ndindex(y.shape):
        for lead in range(leads):
            for k in range(width):
                y[n, i, f_] += recordings[n, i + k, lead] * filters[f_, lead, k]
    return {"y": y}


def _integers(f, rng, rung):
    """Whole numbers until the root: K times each deviation."""
    signal, template, least = _heart(rng, rung)
    k = len(template)
    scores = []
    for i in range(len(signal) - k + 1):
        window = [int(v) for v in signal[i : i + k]]
        window = [k * w - sum(window) for w in window]
        pulse = [k * t - sum(template) for t in template]
        both = sum(w * t for w, t in zip(window, pulse, strict=True))
        length = math.sqrt(sum(w * w for w in window) * sum(t * t for t in pulse))
        scores.append(both / length if length else 0.0)
    beats = []
    for i, score in enumerate(scores):
        near = scores[max(0, i - 1) : i] + scores[i + 1 : i + 2]
        beats.append(score >= least and all(score > other for other in near))
    return {"scores": np.array(scores), "beats": np.array(beats)}


@claim(
    "a bank of filters",
    by_hand="y[0,0,0] = (1*1 + 2*2 + 4*3) + (10*1 + 20*0 + 30*0) = 27",
    oracle=_loops,
)
def bank(f, rng, rung):
    return {"y": f.filter_bank(*_recordings(rng, rung))}


@claim(
    "scores of a matched filter, and beats",
    by_hand="scores[1] = (-20*-20/3 + 10*40/3 + 10*-20/3) / (sqrt(600)*sqrt(800/3)) = 0.5",
    oracle=_integers,
)
def beats(f, rng, rung):
    scores, beats = f.find_beats(*_heart(rng, rung))
    return {"scores": scores, "beats": beats, "beats are bool": np.asarray(beats).dtype == bool}
