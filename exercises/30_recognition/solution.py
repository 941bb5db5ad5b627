"""Recognition: which of the people in a database, or none of them."""

import numpy as np


def person_distances(queries, encodings, people, count):
    """queries (Q, D), encodings (N, D), people (N,), count = K -> distances (Q, K)."""
    apart = np.linalg.norm(queries[:, None] - encodings, axis=2)  # (Q, N)
    nearest = np.full((count, len(queries)), np.inf)
    np.minimum.at(nearest, people, apart.T)
    return nearest.T


def recognise(distances, threshold):
    """distances (Q, K) -> person numbers (Q,), -1 for those not recognised."""
    if distances.shape[1] == 0:
        return np.full(len(distances), -1)
    nearest = distances.argmin(1)
    return np.where(distances.min(1) <= threshold, nearest, -1)
