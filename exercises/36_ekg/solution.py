"""Filters along the time of an electrocardiogram, and a matched filter for beats."""

import numpy as np


def filter_bank(recordings, filters):
    """recordings (N, T, L), filters (F, L, K) -> (N, T - K + 1, F)."""
    windows = np.lib.stride_tricks.sliding_window_view(recordings, filters.shape[2], axis=1)
    return np.einsum("nilk,flk->nif", windows, filters)


def find_beats(signal, template, least):
    """signal (T,), template (K,) -> scores (T - K + 1,), beats (T - K + 1,) of bool."""
    windows = np.lib.stride_tricks.sliding_window_view(signal, len(template))
    windows = windows - windows.mean(axis=1, keepdims=True)
    template = template - template.mean()
    lengths = np.linalg.norm(windows, axis=1) * np.linalg.norm(template)
    scores = windows @ template / np.where(lengths > 0, lengths, 1)

    padded = np.pad(scores, 1, constant_values=-np.inf)
    beats = (scores >= least) & (scores > padded[:-2]) & (scores > padded[2:])
    return scores, beats
