"""Recognition: one of the people in a database, or none of them."""

import numpy as np


def person_distances(queries, encodings, people, count):
    """queries (Q, D), encodings (N, D), people (N,), count = K -> distances (Q, K)."""
    raise NotImplementedError


def recognise(distances, threshold):
    """distances (Q, K) -> person numbers (Q,) from 0 to K - 1, or -1 for not recognised."""
    raise NotImplementedError
