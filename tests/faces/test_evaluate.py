"""Trials of unseen people: angles on a circle worked out by hand, searches by loops."""

import numpy as np
import pytest

from nnscratch.faces import evaluate, metrics
from nnscratch.faces.distances import CollapsedError
from nnscratch.faces.evaluate import NOBODY, evaluation, pooled, trial


def at(*degrees):
    """Unit vectors at angles."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def apart(degrees):
    """The squared distance of two unit vectors so far apart."""
    return 2 - 2 * np.cos(np.radians(degrees))


# Three people of two pictures: A and B 10° apart, C 50°, its second picture nearest to B.
# Different people (12 pairs): 30 40 80 80 90 90 90 100 120 130 170 180.
CIRCLE, WHO = at(0, 10, 90, 100, 180, 130), np.array([0, 0, 1, 1, 2, 2])


# -- by hand --------------------------------------------------------------------------------------


def test_pairs_and_searches_on_a_circle():
    found = trial(CIRCLE, WHO)
    assert len(found.pairs.distances) == 15
    np.testing.assert_array_equal(found.first == found.second, found.pairs.same)
    same = np.sort(found.pairs.distances[found.pairs.same])
    np.testing.assert_allclose(same, [apart(10), apart(10), apart(50)])
    # first pictures are enrolled, second ones ask: own, nearest other
    expected = [(10, 80), (10, 80), (50, 40)]
    np.testing.assert_allclose(found.closed, apart(expected))
    # galleries of {A, B}, {C, A} and {B, C}, as everybody is a stranger in turn
    own, other = found.open.T
    np.testing.assert_array_equal(
        own == NOBODY, [False, False, True, False, True, False, True, False, False]
    )
    np.testing.assert_allclose(own[own < NOBODY], apart([10, 10, 10, 50, 10, 50]))
    np.testing.assert_allclose(other, apart([80, 100, 40, 170, 80, 130, 80, 80, 40]))


def test_figures_of_the_circle():
    figures = evaluation(trial(CIRCLE, WHO))
    assert figures.eer.value == pytest.approx(2 / 12)  # below 50° and above: FAR 2/12
    assert figures.auc.value == pytest.approx((12 + 12 + 10) / 36)
    assert figures.tar_at_far_1 == pytest.approx(2 / 3)  # nobody below 30°
    assert figures.rank1.value == pytest.approx(2 / 3)
    assert figures.dir_at_far_1.value == pytest.approx(4 / 6)  # strangers come to 40°
    assert figures.far_of_dir.value == 0
    assert (figures.people, figures.pairs) == (3, 15)
    assert (figures.searches, figures.strangers) == (6, 3)
    assert len(figures.warnings) == 2
    assert "12 impostor pairs" in figures.warnings[0]
    assert "3 strangers" in figures.warnings[1]
    for name in ("eer", "auc", "rank1", "dir_at_far_1", "far_of_dir"):
        low, value, high = (getattr(figures, name)[i] for i in (1, 0, 2))
        assert 0 <= low <= value <= high <= 1, name


def test_people_whose_pictures_are_all_alike_are_told_apart():
    figures = evaluation(trial(np.repeat(np.eye(6), 4, axis=0), np.repeat(np.arange(6), 4)))
    assert figures.eer.value == 0
    assert figures.auc.value == figures.rank1.value == figures.dir_at_far_1.value == 1
    assert figures.tar_at_far_1 == 1


def test_chance():
    """Encodings that know nothing."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 16))
    figures = evaluation(
        trial(x / np.linalg.norm(x, axis=1, keepdims=True), np.arange(300) // 6), repeats=50
    )
    assert figures.eer.low - 0.03 < 0.5 < figures.eer.high + 0.03
    assert figures.auc.value == pytest.approx(0.5, abs=0.05)
    assert figures.rank1.value < 0.1
    assert figures.dir_at_far_1.value < 0.1


# -- by loops -------------------------------------------------------------------------------------


def random_people(seed, dtype=np.float64):
    """Encodings and labels: 7 people of 1 to 6 pictures, in any order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(7), [1, 2, 3, 4, 5, 6, 2]))
    x = rng.standard_normal((7, 4))[labels] + 0.7 * rng.standard_normal((len(labels), 4))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(dtype), labels


@pytest.mark.parametrize("seed", range(4))
def test_searches_equal_loops(seed):
    x, labels = random_people(seed)
    found, closed, mated = trial(x, labels), [], []
    stored, asking = [], []
    for p in range(7):
        rows = np.flatnonzero(labels == p)
        stored += list(rows[: max(1, len(rows) // 2)])
    asking = [i for i in range(len(x)) if i not in stored]

    def search(gallery):
        for i in asking:
            near = {True: [NOBODY], False: [NOBODY]}
            for j in gallery:
                near[bool(labels[i] == labels[j])].append(((x[i] - x[j]) ** 2).sum())
            yield min(near[True]), min(near[False])

    closed = list(search(stored))
    np.testing.assert_allclose(found.closed, closed)
    assert evaluation(found, repeats=10).rank1.value == pytest.approx(
        np.mean([own < other for own, other in closed])
    )
    for turn in range(7):
        known = [(p - turn) % 7 for p in range(4)]  # 0.6 of 7 people
        mated += search([j for j in stored if labels[j] in known])
    np.testing.assert_allclose(found.open, mated)


def test_who_has_one_picture_is_enrolled_and_never_asks():
    x, labels = random_people(0)
    found = trial(x, labels)
    assert len(found.closed) == 1 + 2 + 2 + 3 + 3 + 1
    assert (found.closed < NOBODY).all()


def test_everybody_is_a_stranger_and_enrolled_in_turn():
    x, labels = random_people(1)
    found = trial(x, labels)
    own = found.open[:, 0].reshape(7, -1)
    assert ((own < NOBODY).sum(0) == 4).all()


def test_many_people_take_turns_in_steps():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5))
    found = trial(x / np.linalg.norm(x, axis=1, keepdims=True), np.arange(200) // 2)
    assert len(found.open) == evaluate.MOST_TURNS * 100
    own = found.open[:, 0].reshape(evaluate.MOST_TURNS, 100) < NOBODY
    assert own.any(0).all() and not own.all(0).any()


@pytest.mark.parametrize("enrolled", [0.01, 0.5, 1.0])
def test_the_share_that_is_enrolled(enrolled):
    """At least one person, and never all of them."""
    x, labels = random_people(0)
    found = trial(x, labels, enrolled)
    known = {0.01: 1, 0.5: 4, 1.0: 6}[enrolled]
    own = found.open[:, 0].reshape(7, -1) < NOBODY
    assert (own.sum(0) == known).all()


def test_float32_and_other_labels_give_the_same():
    x, labels = random_people(2)
    plain = evaluation(trial(x, labels), repeats=10)
    single = evaluation(trial(*random_people(2, np.float32)), repeats=10)
    for name in ("eer", "auc", "rank1", "dir_at_far_1"):
        assert getattr(single, name) == pytest.approx(getattr(plain, name), abs=1e-6)
    moved = evaluation(trial(x, 10 * labels + 5), repeats=10)
    assert moved.eer.value == plain.eer.value and moved.rank1 == plain.rank1


def test_the_seed_is_that_of_the_bootstrap():
    made = trial(*random_people(0))
    a, b, c = (evaluation(made, seed, repeats=30) for seed in (0, 0, 1))
    assert a == b
    assert a.eer.value == c.eer.value and a.eer != c.eer


# -- pooled ---------------------------------------------------------------------------------------


def test_pooled_trials_are_judged_by_one_threshold():
    near, far = trial(CIRCLE, WHO), trial(at(0, 20, 90, 110, 180, 200), WHO)
    both = pooled([near, far])
    assert len(both.pairs.distances) == 30
    expected = np.concatenate([near.pairs.distances, far.pairs.distances])
    np.testing.assert_array_equal(both.pairs.distances, expected)
    np.testing.assert_array_equal(both.first == both.second, both.pairs.same)
    np.testing.assert_array_equal(both.open, np.concatenate([near.open, far.open]))
    figures = evaluation(both, repeats=20)
    assert figures.people == 6 and figures.pairs == 30 and figures.strangers == 6
    assert figures.rank1.value == pytest.approx(5 / 6)
    assert figures.eer.value == metrics.eer(expected, both.pairs.same)


def test_pooled_people_stay_apart():
    """The same labels in two trials are different people, whatever the labels are."""
    one = trial(CIRCLE, WHO)
    for labels in (WHO, WHO + 7, 3 * WHO):
        both = pooled([one, trial(CIRCLE, labels), one])
        assert evaluation(both, repeats=5).people == 9


def test_one_trial_pooled_is_itself():
    one = trial(CIRCLE, WHO)
    assert evaluation(pooled([one])) == evaluation(one)


# -- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[0, 0, 0, 0, 0, 0], [0, 0, 1, 2, 3, 4], range(6)])
def test_too_few_people_are_refused(labels):
    with pytest.raises(ValueError, match="trial: expected at least 2 people with 2 pictures"):
        trial(CIRCLE, np.array(labels))


def test_collapsed_and_broken_encodings_are_refused():
    with pytest.raises(CollapsedError, match="collapsed"):
        trial(np.ones((6, 3)) / np.sqrt(3), WHO)
    broken = CIRCLE.copy()
    broken[2] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity in 2 of 12"):
        trial(broken, WHO)
    with pytest.raises(ValueError, match="labels"):
        trial(CIRCLE, WHO[:5])
