"""The binary head: the same answer in both orders, and logistic regression against SciPy's."""

import time

import numpy as np
import pytest
from scipy.optimize import minimize

import nnscratch.functional as F
from nnscratch import Tensor, gradcheck
from nnscratch.faces.head import KINDS, BinaryHead, balanced_pairs, fit_logistic

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def people(rng, classes=40, each=6, width=16, noise=0.5):
    """Encodings (N, D) of unit length and their labels."""
    labels = np.repeat(np.arange(classes), each)
    f = rng.standard_normal((classes, width))[labels]
    f = f + noise * rng.standard_normal(f.shape)
    return f / np.linalg.norm(f, axis=1, keepdims=True), labels


# -- what is compared -----------------------------------------------------------------------------


def test_features_by_hand():
    a, b = Tensor([[1.0, -2.0, 0.0]]), Tensor([[3.0, 1.0, 0.0]])
    assert KINDS["absolute"](a, b).numpy().tolist() == [[2, 3, 0]]
    assert KINDS["chi-square"](a, b).numpy().tolist() == [[1, 3, 0]]
    assert KINDS["concatenation"](a, b).numpy().tolist() == [[2, 3, 0, 3, -2, 0, 4, -1, 0]]


def test_chi_square_is_the_paper_s_where_encodings_are_not_negative(rng):
    a, b = rng.random((2, 5, 4)) + 0.01
    found = KINDS["chi-square"](Tensor(a), Tensor(b)).numpy()
    np.testing.assert_allclose(found, (a - b) ** 2 / (a + b), rtol=1e-13)


@kinds
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_order_changes_not_one_bit(rng, kind, dtype):
    head = BinaryHead(32, kind, rng=0)
    a, b = rng.standard_normal((2, 200, 32)).astype(dtype)
    b[::3] = a[::3]
    forward, backward = head(a, b).numpy(), head(b, a).numpy()
    np.testing.assert_array_equal(forward, backward)
    assert forward.shape == (200,)
    assert forward.dtype == dtype
    assert len(set(forward.tolist())) > 100


def test_plain_concatenation_would_depend_on_the_order(rng):
    a, b, w = rng.standard_normal((3, 8))
    assert np.append(a, b) @ np.append(w, 2 * w) != np.append(b, a) @ np.append(w, 2 * w)


@kinds
def test_gradients(rng, kind):
    head = BinaryHead(4, kind, rng=1).to(np.float64)
    assert gradcheck(lambda a, b: head(a, b), list(rng.standard_normal((2, 3, 4))))


@kinds
def test_extremes_stay_numbers(kind):
    a = np.array([[0, 0, 1e-45, 1e18], [0, 1e-30, 1e-45, -1e18]], np.float32)
    left, right = Tensor(a, requires_grad=True), Tensor(a[::-1].copy(), requires_grad=True)
    found = BinaryHead(4, kind, rng=0)(left, right)
    found.sum().backward()
    for values in (found, left.grad, right.grad):
        assert np.isfinite(values.numpy()).all()


# -- logistic regression --------------------------------------------------------------------------


def test_it_is_the_logistic_regression_that_scipy_finds(rng):
    a, b = rng.random((2, 300, 3))
    same = np.abs(a - b).sum(1) + 0.3 * rng.standard_normal(300) < 0.7
    head = BinaryHead(3, "absolute", rng=0)
    loss = fit_logistic(head, a, b, same, decay=0.01, iterations=500)
    x = np.abs(a - b)
    x = x / x.std(0)
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())

    def oracle(w):
        z = x @ w[:3] + w[3]
        each = np.where(same, np.logaddexp(0, -z), np.logaddexp(0, z))
        return weight @ each + 0.01 * (w[:3] ** 2).sum()

    best = minimize(oracle, np.zeros(4), tol=1e-12)
    assert loss == pytest.approx(best.fun, abs=1e-9)
    logits = head(a, b).numpy()
    np.testing.assert_allclose(logits, x @ best.x[:3] + best.x[3], atol=1e-3)
    assert all(p.dtype == np.float32 for p in head.parameters())


@kinds
def test_it_tells_unseen_people_apart_in_seconds(rng, kind):
    f, labels = people(rng)
    seen, unseen = labels < 25, labels >= 25
    head = BinaryHead(16, kind, rng=0)
    start = time.perf_counter()
    i, j, same = balanced_pairs(labels[seen], rng=0)
    fit_logistic(head, f[seen][i], f[seen][j], same)
    assert time.perf_counter() - start < 5
    i, j, same = balanced_pairs(labels[unseen], rng=0)
    accuracy = np.mean((head(f[unseen][i], f[unseen][j]).numpy() > 0) == same)
    assert accuracy > 0.85
    shuffled = np.random.default_rng(0).permutation(same)
    assert np.mean((head(f[unseen][i], f[unseen][j]).numpy() > 0) == shuffled) < 0.65


def test_answers_weigh_the_same_however_many_there_are(rng):
    """1 pair in 30 is the same: the answer to an average pair is still undecided."""
    d = np.concatenate([rng.normal(1, 0.3, 20), rng.normal(3, 0.3, 600)])[:, None]
    head = BinaryHead(1, rng=0)
    fit_logistic(head, d, np.zeros_like(d), np.arange(620) < 20, decay=1e-2)
    middle = F.sigmoid(head(np.array([[2.0]]), np.array([[0.0]]))).item()
    assert middle == pytest.approx(0.5, abs=0.1)


def test_constant_features_do_no_harm(rng):
    a, b = rng.random((2, 50, 3))
    a[:, 1] = b[:, 1] = 4
    head = BinaryHead(3, rng=0)
    assert np.isfinite(fit_logistic(head, a, b, np.abs(a - b)[:, 0] < 0.3))
    assert np.isfinite(head(a, b).numpy()).all()
    fit_logistic(head, a, a, np.arange(50) < 25)
    assert np.isfinite(head(a, b).numpy()).all()


def test_a_head_is_saved_and_loaded_with_its_scale(rng):
    a, b = rng.random((2, 50, 3))
    first, second = BinaryHead(3, rng=0), BinaryHead(3, rng=1)
    fit_logistic(first, a, b, np.abs(a - b)[:, 0] < 0.3)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(first(a, b).numpy(), second(a, b).numpy())


def test_wrong_input_is_refused(rng):
    a = rng.random((4, 3))
    with pytest.raises(ValueError, match="BinaryHead: expected kind in"):
        BinaryHead(3, "cosine")
    with pytest.raises(ValueError, match=r"BinaryHead: expected two arrays \(N, 3\)"):
        BinaryHead(3)(a, a[:2])
    with pytest.raises(ValueError, match="fit_logistic: expected one answer for each of 4 pairs"):
        fit_logistic(BinaryHead(3), a, a, [1, 0])
    with pytest.raises(ValueError, match="and both kinds, got shape"):
        fit_logistic(BinaryHead(3), a, a, [1, 1, 1, 1])
    with pytest.raises(ValueError, match="fit_logistic: expected decay"):
        fit_logistic(BinaryHead(3), a, a, [1, 1, 0, 0], decay=-1)


# -- pairs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_class", [None, 3])
@pytest.mark.parametrize("sizes", [[4, 4, 4], [1, 1, 5], [7, 1], [30] * 12])
def test_pairs_are_balanced_true_and_never_twice(rng, sizes, per_class):
    labels = rng.permutation(np.repeat(np.arange(len(sizes)) - 1, sizes))
    i, j, same = balanced_pairs(labels, per_class, rng=3)
    assert same.sum() * 2 == len(same) > 0
    np.testing.assert_array_equal(labels[i] == labels[j], same)
    assert (i != j).all()
    assert len({tuple(sorted(pair)) for pair in zip(i.tolist(), j.tolist(), strict=True)}) == len(i)
    if per_class:
        assert np.bincount(labels[i[same]] + 1).max() <= per_class
    again = balanced_pairs(labels, per_class, rng=3)
    np.testing.assert_array_equal(np.stack([i, j]), np.stack(again[:2]))


def test_all_pairs_of_one_label_are_there():
    i, j, same = balanced_pairs(np.repeat(np.arange(5), 4))
    assert (same.sum(), len(i)) == (5 * 6, 2 * 5 * 6)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_labels_without_both_kinds_of_pairs_are_refused(labels):
    with pytest.raises(ValueError, match="balanced_pairs: expected a label with two rows"):
        balanced_pairs(labels)
