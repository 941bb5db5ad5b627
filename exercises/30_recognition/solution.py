"""Recognition: one of the people in a database, or none of them."""

import numpy as np


def person_distances(queries, encodings, people, count):
    """queries (Q, D), encodings (N, D), people (N,), count = K -> distances (Q, K)."""
    distances = np.linalg.norm(queries[:, None] - encodings, axis=2)  # (Q, N)
    nearest = np.full((count, len(queries)), np.inf)
    np.minimum.at(nearest, people, distances.T)
    return nearest.T


def recognise(distances, threshold):
    """distances (Q, K) -> person numbers (Q,) from 0 to K - 1, or -1 for not recognised."""
    if distances.shape[1] == 0:
        return np.full(len(distances), -1)
    nearest = distances.argmin(1)
    return np.where(distances.min(1) <= threshold, nearest, -1)
