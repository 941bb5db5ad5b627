"""Filters along the time of an electrocardiogram, and a matched filter for beats."""

import numpy as np


def filter_bank(recordings, filters):
    """recordings (N, T, L), filters (F, L, K) -> (N, T - K + 1, F)."""
    raise NotImplementedError


def find_beats(signal, template, least):
    """signal (T,), template (K,) -> scores (T - K + 1,), beats (T - K + 1,) of bool."""
    raise NotImplementedError
