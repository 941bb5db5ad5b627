"""Finding the nearest rows: by one matrix product, or by a graph.

Stands on NumPy and, for galleries of millions, on faiss.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np


class Index(Protocol):
    """Finds the rows (N, D) most like queries (Q, D): their numbers (Q, count), best first.

    Between two searches rows may only have been appended; for others a new index is made. A
    place that it cannot fill is −1.
    """

    def search(self, rows: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray: ...


class ExactIndex:
    """One matrix product and a partial sort; it keeps nothing."""

    def search(self, rows: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray:
        """Rows of length 1: the largest cosine is the smallest distance."""
        cosines = queries @ rows.T  # (Q, D) (D, N) -> (Q, N)
        if count == len(rows):
            return np.argsort(-cosines, axis=1, kind="stable")
        found = np.argpartition(cosines, -count, axis=1)[:, -count:]
        order = np.argsort(-np.take_along_axis(cosines, found, axis=1), axis=1, kind="stable")
        return np.take_along_axis(found, order, axis=1)


class FaissIndex:
    """A graph of near neighbours, by faiss: many times faster, and now and then not the best.

    Source: Malkov and Yashunin 2018, hierarchical navigable small worlds; 32 neighbours a row.
    """

    def __init__(self, embedding_size: int) -> None:
        try:
            import faiss
        except ImportError as error:
            raise ValueError(
                'Gallery: index "faiss" needs the library faiss, which is not installed; '
                'install it with pip install faiss-cpu, or take index "exact"'
            ) from error
        self.graph = faiss.IndexHNSWFlat(embedding_size, 32, faiss.METRIC_INNER_PRODUCT)

    def search(self, rows: np.ndarray, queries: np.ndarray, count: int) -> np.ndarray:
        """Take in what has been appended, then walk the graph."""
        if len(rows) > self.graph.ntotal:
            self.graph.add(rows[self.graph.ntotal :])
        self.graph.hnsw.efSearch = max(128, 2 * count)
        return self.graph.search(queries, count)[1]


# by name; given the length of the rows
INDEXES: dict[str, Callable[[int], Index]] = {
    "exact": lambda embedding_size: ExactIndex(),
    "faiss": FaissIndex,
}


def rows_of_people(
    index: Index, rows: np.ndarray, owners: np.ndarray, queries: np.ndarray, people: int
) -> list[np.ndarray]:
    """For each query (Q, D) enough of the nearest rows (N, D) to name that many people.

    owners (N,): whose the rows are, of so many people at least.
    """
    count = 16 * people
    while count < len(rows):
        found = [places[places >= 0] for places in index.search(rows, queries, count)]
        if all(len(set(owners[places].tolist())) >= people for places in found):
            return found
        count *= 8
    return list(ExactIndex().search(rows, queries, len(rows)))
