"""Indexes of rows: whichever finds the nearest, the answers are the same."""

import sys

import numpy as np
import pytest
from face_encodings import NETWORK, unit

from nnscratch.faces.gallery import SCORES, Gallery
from nnscratch.faces.indexes import INDEXES


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class Careless:
    """Stands in for faiss: an index that keeps its own copy and fills no more than 20 places."""

    def __init__(self, embedding_size):
        self.rows, self.added = np.empty((0, embedding_size), np.float32), []

    def search(self, rows, queries, count):
        if len(rows) > len(self.rows):
            self.added.append(len(rows) - len(self.rows))
            self.rows = np.concatenate([self.rows, rows[len(self.rows) :]])
        order = np.argsort(-(queries @ self.rows.T), axis=1)[:, :count]
        order[:, 20:] = -1
        return order


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setitem(INDEXES, "faiss", Careless)


def check_index(made, exact, rng):
    """The same answers as the exact gallery, through enrolling, removing and both scores."""
    for i in range(40):
        rows = unit(rng, 3, 8)
        for g in (made, exact):
            g.enrol(f"p{i}", rows)
    for change in (
        lambda g: None,
        lambda g: g.enrol("new", -g.encodings("p3")),
        lambda g: g.remove("p5"),
        lambda g: g.remove("p6", 1),
        lambda g: g.rename("p7", "Ann"),
    ):
        change(made), change(exact)
        queries = unit(rng, 10, 8)
        for score in SCORES:
            found, expected = (g.identify(queries, 0.5, score=score) for g in (made, exact))
            assert [a.candidates for a in found] == [a.candidates for a in expected]


def test_an_index_with_a_copy_stays_in_step(stand_in, rng):
    made = Gallery(8, NETWORK, index="faiss")
    check_index(made, Gallery(8, NETWORK), rng)


def test_appended_rows_are_added_not_indexed_anew(stand_in, rng):
    made = Gallery(8, NETWORK, index="faiss")
    made.enrol("Ann", unit(rng, 40, 8))
    made.enrol("Bob", unit(rng, 40, 8))
    made.identify(unit(rng, 8), 1)
    index = made._searchers["nearest"]
    made.enrol("Cid", unit(rng, 5, 8))
    made.identify(unit(rng, 8), 1)
    assert made._searchers["nearest"] is index and index.added == [80, 5]
    made.remove("Bob")
    made.identify(unit(rng, 8), 1)
    assert made._searchers["nearest"].added == [45]


def test_a_missing_faiss_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ValueError, match="faiss, which is not installed; .*pip install faiss-cpu"):
        Gallery(8, NETWORK, index="faiss")
    assert len(Gallery(8, NETWORK)) == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the classes that faiss wraps
def test_faiss_finds_what_the_exact_search_finds(rng):
    pytest.importorskip("faiss", reason="install faiss-cpu to test galleries of millions")
    check_index(Gallery(8, NETWORK, index="faiss"), Gallery(8, NETWORK), rng)
