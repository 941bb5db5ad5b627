"""Within-class covariance: the identity afterwards, turned axes, what is refused."""

import numpy as np
import pytest

from nnscratch.faces.whitening import SHRINK, Whitening


def drawn(people=60, pictures=6, width=5, seed=0, spread=(3.0, 1.0, 0.5, 0.2, 0.1)):
    """Encodings (N, width) whose people differ as a unit normal, pictures along `spread`."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), pictures)
    turn = np.linalg.qr(rng.standard_normal((width, width)))[0]
    within = rng.standard_normal((len(labels), width)) * spread @ turn
    return rng.standard_normal((people, width))[labels] + within + 2.0, labels


def within(x, labels):
    """Σ (x − mean of its label)ᵀ(x − mean of its label) / N, by loops."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for label in np.unique(labels):
        rows = x[labels == label]
        apart = rows - rows.mean(0)
        total += apart.T @ apart
    return total / len(x)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def distances(x):
    return ((x[:, None] - x[None]) ** 2).sum(-1)


def test_the_spread_within_a_person_becomes_the_same_all_round():
    x, labels = drawn()
    found = Whitening.fit(x, labels, shrink=0)
    before = within(x, labels)
    assert np.linalg.cond(before) > 100
    after = within((x - found.mean) @ found.matrix, labels)
    np.testing.assert_allclose(after, np.eye(5), atol=1e-4)  # the matrix is float32


@pytest.mark.parametrize("shrink", [0.0, 0.3, 2.0])
def test_the_matrix_is_a_root_of_the_inverse(shrink):
    x, labels = drawn()
    matrix = Whitening.fit(x, labels, shrink).matrix.astype(np.float64)
    covariance = within(x, labels)
    covariance += shrink * np.trace(covariance) / 5 * np.eye(5)
    np.testing.assert_allclose(matrix @ matrix.T @ covariance, np.eye(5), atol=1e-4)


def test_rows_are_of_length_one_and_keep_their_dtype():
    x, labels = drawn()
    whiten = Whitening.fit(unit(x), labels)
    for dtype in (np.float32, np.float64):
        turned = whiten(unit(x).astype(dtype))
        assert turned.dtype == dtype
        np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, rtol=1e-6)
    assert whiten.mean.dtype == whiten.matrix.dtype == np.float32
    assert whiten(unit(x)[:0]).shape == (0, 5)


def test_turned_encodings_are_as_far_apart_as_before():
    """Axes mean nothing: a rotation before fitting changes no distance afterwards."""
    x, labels = drawn()
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    plain, turned = (Whitening.fit(y, labels)(y) for y in (x, x @ turn))
    np.testing.assert_allclose(distances(turned), distances(plain), atol=1e-4)
    assert not np.allclose(turned, plain, atol=0.1)


def test_people_are_told_apart_better():
    """Of people who were not fitted, where the spread is far from round."""
    x, labels = drawn()
    known = labels < 30
    whiten = Whitening.fit(x[known], labels[known])
    new, owners = x[~known], labels[~known]
    same = owners[:, None] == owners[None]

    def share(y):
        """The mean distance of one person's pictures beside that of different people's."""
        d = distances(y)
        return d[same].mean() / d[~same].mean()

    assert share(whiten(new)) < 0.7 * share(unit(new))


def test_people_of_one_picture_say_nothing_about_the_spread():
    x, labels = drawn(people=20)
    lone = np.random.default_rng(3).standard_normal((30, 5)) * 100
    both = Whitening.fit(np.concatenate([x, lone]), np.append(labels, 100 + np.arange(30)), 0)
    alone = Whitening.fit(x, labels, 0)
    # the covariance is divided by all rows, which scales the matrix
    scale = np.sqrt((len(x) + 30) / len(x))
    np.testing.assert_allclose(both.matrix, scale * alone.matrix, rtol=1e-4)


def test_fewer_rows_than_numbers_in_an_encoding():
    """A spread that is not known along some directions is filled up by the share of the mean."""
    rng = np.random.default_rng(0)
    whiten = Whitening.fit(rng.standard_normal((6, 50)), [0, 0, 1, 1, 2, 2])
    assert np.isfinite(whiten.matrix).all()
    turned = whiten(unit(rng.standard_normal((9, 50))))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, rtol=1e-6)
    assert SHRINK > 0


def test_encodings_that_are_all_equal_stay_finite():
    whiten = Whitening.fit(np.ones((6, 3)), [0, 0, 0, 1, 1, 1])
    assert np.isfinite(whiten(np.ones((2, 3), np.float32))).all()


def test_labels_may_be_names():
    x, labels = drawn()
    names = np.array([f"person {label}" for label in labels])
    np.testing.assert_array_equal(Whitening.fit(x, names).matrix, Whitening.fit(x, labels).matrix)


@pytest.mark.parametrize(
    ("x", "labels", "words"),
    [
        (np.ones(4), np.ones(4), r"expected encodings \(N, D\) and labels \(N,\), got \(4,\)"),
        (np.ones((4, 2)), np.ones(3), r"got \(4, 2\) and \(3,\)"),
        (np.ones((4, 2)), np.arange(4), "expected a label with 2 rows or more, got none"),
        (np.ones((0, 2)), np.arange(0), "expected a label with 2 rows or more, got none"),
        (np.full((4, 2), np.nan), np.zeros(4), "expected finite encodings, got NaN or infinity"),
    ],
)
def test_refused(x, labels, words):
    with pytest.raises(ValueError, match=f"Whitening: .*{words}"):
        Whitening.fit(x, labels)
