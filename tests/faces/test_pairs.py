"""Distances of encodings: against loops, with all their digits, and of encodings that are none."""

import math

import numpy as np
import pytest

from nnscratch.faces.checks import CollapsedError
from nnscratch.faces.pairs import METRICS, distance_matrix, pair_distances


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", METRICS)
def test_distances_equal_loops(rng, metric, dtype):
    a, b = (rng.standard_normal((n, 5)).astype(dtype) for n in (4, 3))
    found = distance_matrix(a, b, metric)
    assert found.dtype == dtype
    for i, u in enumerate(a.astype(float)):
        for j, v in enumerate(b.astype(float)):
            expected = {
                "squared": sum((u - v) ** 2),
                "euclidean": math.sqrt(sum((u - v) ** 2)),
                "cosine": 1 - u @ v / math.sqrt(u @ u * (v @ v)),
            }[metric]
            assert found[i, j] == pytest.approx(
                expected, rel=1e-5 if dtype is np.float32 else 1e-12
            )


@pytest.mark.parametrize("metric", METRICS)
def test_every_pair_comes_once(rng, metric):
    x, labels = rng.standard_normal((6, 4)), np.array([0, 1, 0, 2, 1, 0])
    pairs = pair_distances(x, labels, metric)
    expected = [(i, j) for i in range(6) for j in range(i + 1, 6)]
    assert list(zip(pairs.i, pairs.j, strict=True)) == expected
    assert pairs.same.tolist() == [labels[i] == labels[j] for i, j in expected]
    matrix = distance_matrix(x, x, metric)
    np.testing.assert_allclose(pairs.distances, matrix[pairs.i, pairs.j], rtol=1e-12)


def test_near_duplicates_keep_their_digits(rng):
    """|a|² + |b|² − 2ab in float32 would be wrong by its whole size here."""
    a = rng.standard_normal((1, 128)).astype(np.float32)
    a /= np.linalg.norm(a)
    b = a + np.float32(1e-4) * rng.standard_normal((1, 128)).astype(np.float32)
    exact = ((a.astype(float) - b) ** 2).sum()
    assert distance_matrix(a, b)[0, 0] == pytest.approx(exact, rel=1e-6)


def test_a_constant_embedding_is_called_collapsed(rng):
    x = np.tile(rng.standard_normal(8), (5, 1)).astype(np.float32)
    noise = 1e-8 * rng.standard_normal(x.shape).astype(np.float32)
    for constant in (x, x + noise, np.zeros((5, 8))):
        with pytest.raises(CollapsedError, match="all 5 embeddings are equal"):
            pair_distances(constant, [0, 0, 1, 1, 2])
    assert len(pair_distances(x + 1e4 * noise, [0, 0, 1, 1, 2]).distances) == 10


def test_wrong_embeddings_are_refused():
    with pytest.raises(ValueError, match="expected embeddings .N, D. of floats, got int64"):
        pair_distances(np.eye(3, dtype=int), [0, 1, 2])
    with pytest.raises(ValueError, match="expected metric in .*got 'manhattan'"):
        pair_distances(np.eye(3), [0, 1, 2], "manhattan")
    with pytest.raises(ValueError, match="a row of zeros"):
        pair_distances(np.zeros((3, 2)), [0, 1, 2], "cosine")
    with pytest.raises(ValueError, match="finite embeddings"):
        distance_matrix(np.full((2, 2), np.nan), np.eye(2))
    with pytest.raises(ValueError, match="rows of one length"):
        distance_matrix(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match="N of at least 2"):
        pair_distances(np.eye(3), [0, 1])
