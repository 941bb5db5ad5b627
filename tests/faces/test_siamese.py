"""The page: its loss and triplets against `losses` and `mining`, and a training on clusters."""

import numpy as np
import pytest

from nnscratch import Tensor, gradcheck
from nnscratch.faces import losses, mining
from nnscratch.faces.distances import distances, pair_distances
from nnscratch.faces.drawn.people import generated_people
from nnscratch.faces.encoder import encode
from nnscratch.faces.metrics import eer
from nnscratch.faces.siamese import (
    SiameseNet,
    batch_hard_triplets,
    same_person,
    semi_hard_triplets,
    train,
    triplet_loss,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def unit(rng, *shape):
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_the_page_is_an_oracle_for_losses(seed, alpha):
    """The triplet loss of given triplets, and batch-hard as a whole, in value and gradient."""
    rng = np.random.default_rng(seed)
    x, labels = unit(rng, 12, 4), rng.permutation(np.repeat(np.arange(4), 3))
    hard = batch_hard_triplets(distances(x).numpy(), labels)
    np.testing.assert_array_equal(hard, mining.hardest(distances(x).numpy(), labels))
    values, gradients = [], []
    for loss in (
        lambda f: triplet_loss(f[hard[:, 0]], f[hard[:, 1]], f[hard[:, 2]], alpha),
        lambda f: losses.triplet(f, hard, alpha),
        lambda f: losses.batch_hard(f, labels, alpha),
    ):
        f = Tensor(x, requires_grad=True)
        value = loss(f)
        value.backward()
        values.append(value.item())
        gradients.append(f.grad.numpy())
    assert values[0] > 0
    np.testing.assert_allclose(values[1:], values[0], rtol=1e-12)
    for gradient in gradients[1:]:
        np.testing.assert_allclose(gradient, gradients[0], atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_semi_hard_triplets_are_those_that_mining_finds_beyond_the_positive(seed):
    """`mining.semi_hard` gives every other pair its farthest negative, a hard one."""
    rng = np.random.default_rng(seed)
    d, labels = distances(unit(rng, 12, 4)).numpy(), rng.permutation(np.repeat(np.arange(4), 3))
    mined = mining.semi_hard(d, labels, 0.2)
    kinds = mining.kinds(d, mined, 0.2)
    expected = mined[kinds == mining.KINDS.index("semi-hard")]
    assert len(expected)
    np.testing.assert_array_equal(semi_hard_triplets(d, labels, 0.2), expected)


def test_no_semi_hard_negative_gives_no_triplet():
    x, labels = np.array([[0.0], [0.1], [5.0], [5.1]]), np.array([0, 0, 1, 1])
    assert semi_hard_triplets(distances(x).numpy(), labels).shape == (0, 3)


def test_the_loss_has_its_gradient(rng):
    assert gradcheck(lambda *f: triplet_loss(*f, alpha=5.0), list(rng.standard_normal((3, 4, 2))))


def test_encodings_are_unit_vectors(rng):
    f = SiameseNet(3, (8, 12), embedding=5, rng=0)(rng.random((4, 3, 8, 12), np.float32)).numpy()
    assert f.shape == (4, 5)
    np.testing.assert_allclose(np.linalg.norm(f, axis=1), 1, rtol=1e-6)


def test_it_tells_drawn_faces_apart_that_it_has_not_seen():
    seen, unseen = (generated_people(n, 6, 16, seed, 0.7) for n, seed in ((40, 0), (10, 1)))
    network = SiameseNet(1, (16, 16), rng=0)
    before = equal_error_rate(network, unseen)
    history = train(network, seen.images, seen.labels, steps=80, lr=3e-3, rng=0)
    assert len(history) == 80
    after = equal_error_rate(network, unseen)
    assert after < 0.15 < 0.2 < before, (before, after)


def equal_error_rate(network, people):
    pairs = pair_distances(encode(network, people.images), people.labels)
    return eer(pairs.distances, pairs.same)


def test_a_threshold_decides(rng):
    network, (a, b) = SiameseNet(1, (8, 8), rng=0), rng.random((2, 5, 1, 8, 8)).astype(np.float32)
    squared = ((encode(network, a) - encode(network, b)) ** 2).sum(1)
    limit = np.median(squared)
    np.testing.assert_array_equal(same_person(network, a, b, limit), squared <= limit)
    assert same_person(network, a, a, 0.0).all()


def test_the_seed_decides_the_training():
    people = generated_people(8, 4, 8, seed=0)
    a, b, c = (
        train(SiameseNet(1, (8, 8), rng=0), people.images, people.labels, 3, people=4, rng=seed)
        for seed in (0, 0, 1)
    )
    assert a == b != c
