"""Distances of encodings: against loops, with all their digits, and of encodings that are none."""

import math

import numpy as np
import pytest
from face_encodings import distance_by_loops

from nnscratch import Tensor, gradcheck
from nnscratch.faces.distances import (
    METRICS,
    CollapsedError,
    distance_matrix,
    distances,
    pair_distances,
    row_distances,
)


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
        with pytest.raises(CollapsedError, match="all 5 encodings are equal"):
            pair_distances(constant, [0, 0, 1, 1, 2])
    assert len(pair_distances(x + 1e4 * noise, [0, 0, 1, 1, 2]).distances) == 10


def test_wrong_embeddings_are_refused():
    with pytest.raises(ValueError, match="expected encodings .N, D. of floats, got int64"):
        pair_distances(np.eye(3, dtype=int), [0, 1, 2])
    with pytest.raises(ValueError, match="expected metric in .*got 'manhattan'"):
        pair_distances(np.eye(3), [0, 1, 2], "manhattan")
    with pytest.raises(ValueError, match="a row of zeros"):
        pair_distances(np.zeros((3, 2)), [0, 1, 2], "cosine")
    with pytest.raises(ValueError, match="finite encodings"):
        distance_matrix(np.full((2, 2), np.nan), np.eye(2))
    with pytest.raises(ValueError, match="expected rows .N, D. and .M, D."):
        distance_matrix(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match="N of at least 2"):
        pair_distances(np.eye(3), [0, 1])


# -- differentiable --------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_the_loops(rng, metric):
    a, b = rng.standard_normal((4, 3)), rng.standard_normal((5, 3))
    expected = [[distance_by_loops(x, y, metric) for y in b.tolist()] for x in a.tolist()]
    np.testing.assert_allclose(distances(a, b, metric).numpy(), expected, rtol=1e-12)
    found = row_distances(a, b[:4], metric).numpy()
    np.testing.assert_allclose(found, np.diag(np.array(expected)[:, :4]), rtol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("size", [1, 7, 300])
def test_distances_to_oneself_are_exactly_zero_and_symmetric(rng, metric, size):
    f = rng.standard_normal((size, 40)).astype(np.float32)
    f[-1] = f[0]
    d = distances(f, metric=metric).numpy()
    assert d.dtype == np.float32
    assert np.diag(d).tolist() == [0.0] * size
    assert d[0, -1] == 0
    np.testing.assert_array_equal(d, d.T)


def test_near_duplicates_of_tensors_keep_their_digits(rng):
    """In float32, where |a|² + |b|² − 2ab has none left."""
    a = rng.standard_normal(128)
    a = (a / np.linalg.norm(a)).astype(np.float32)
    b = a + (1e-4 * rng.standard_normal(128) / 128**0.5).astype(np.float32)
    exact = ((a.astype(float) - b.astype(float)) ** 2).sum()
    assert distances(np.stack([a, b])).numpy()[0, 1] == pytest.approx(exact, rel=1e-5)
    gram = a @ a + b @ b - 2 * (a @ b)
    assert abs(gram - exact) > 0.1 * exact


def test_gradients_far_from_the_origin_keep_their_digits(rng):
    x = (100 + 0.01 * rng.standard_normal((6, 4))).astype(np.float32)
    upstream = rng.standard_normal((6, 6))
    found = []
    for dtype in (np.float32, np.float64):
        f = Tensor(x.astype(dtype), requires_grad=True)
        distances(f).backward(upstream.astype(dtype))
        found.append(f.grad.numpy())
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-4 * np.abs(found[1]).max())


@pytest.mark.parametrize("metric", METRICS)
def test_distances_have_their_gradients(rng, metric):
    a, b = rng.standard_normal((4, 3)), rng.standard_normal((5, 3))
    assert gradcheck(lambda a, b: distances(a, b, metric), [a, b])
    assert gradcheck(lambda a: distances(a, metric=metric)[[0, 1, 2], [1, 2, 3]], [a])
    assert gradcheck(lambda a, b: row_distances(a, b[:4], metric), [a, b])


@pytest.mark.parametrize("metric", METRICS)
def test_gradients_at_distance_zero_are_zero(rng, metric):
    f = Tensor(np.repeat(rng.standard_normal((1, 3)), 4, axis=0), requires_grad=True)
    distances(f, metric=metric).sum().backward()
    assert np.abs(f.grad.numpy()).max() < 1e-15


def test_duplicates_take_no_part_in_the_gradient_of_others(rng):
    """Two equal rows among others, Euclidean: against the sum of the unit vectors, by hand."""
    x = rng.standard_normal((5, 3))
    x[4] = x[0]
    f = Tensor(x, requires_grad=True)
    distances(f, metric="euclidean").sum().backward()
    difference = x[:, None] - x[None]
    length = np.linalg.norm(difference, axis=2, keepdims=True)
    units = np.divide(difference, length, out=np.zeros_like(difference), where=length > 0)
    np.testing.assert_allclose(f.grad.numpy(), 2 * units.sum(1), rtol=1e-12)


def test_wrong_rows_are_refused(rng):
    f = rng.standard_normal((4, 3))
    with pytest.raises(ValueError, match="distances: expected metric in"):
        distances(f, metric="manhattan")
    with pytest.raises(ValueError, match=r"distances: expected rows \(N, D\) and \(M, D\)"):
        distances(f, f[:, :2])
    with pytest.raises(ValueError, match="row_distances: expected two of one shape"):
        row_distances(f, f[:2])
