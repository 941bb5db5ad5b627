"""One-shot learning: errors with ties, two opinions as one, turned classes, a tiny training."""

from dataclasses import replace

import numpy as np
import pytest
from drawings import SIDE, drawing
from hypothesis import given
from hypothesis import strategies as st

from nnscratch.faces.encoder import Encoder
from nnscratch.faces.losses import n_pair, semi_hard
from nnscratch.faces.oneshot import task
from nnscratch.faces.oneshot.omniglot import Background, Run, centred
from nnscratch.faces.oneshot.task import SETTINGS, combined_costs, error_rate, mean_error
from nnscratch.faces.training import Schedule


def small_background(characters=6, drawers=3):
    """Characters of two alphabets, as many of the one as of the other."""
    numbers = np.repeat(np.arange(characters), drawers)
    hands = np.tile(np.arange(1, drawers + 1), characters)
    ink = [drawing(number, hand) for number, hand in zip(numbers, hands, strict=True)]
    alphabets = np.arange(characters) * 2 // characters
    return Background(np.stack(ink), numbers, hands, alphabets, ("One", "Two"))


def small_recipe(steps=3, **settings):
    return replace(
        SETTINGS["n-pair"],
        classes=5,
        drawings=2,
        widths=(4, 6, 8),
        schedule=Schedule(steps=steps, warmup=1),
        **settings,
    )


def small_run(ways=5):
    order = np.roll(np.arange(ways), 2)
    classes = np.stack([drawing(50 + i, 1) for i in range(ways)])
    items = np.stack([drawing(50 + i, 2) for i in order])
    return Run("run01", classes, items, order)


def nothing(*_):
    """Watch no step."""


# -- errors ---------------------------------------------------------------------------------------


def test_the_error_by_hand():
    costs = np.array([[1, 2, 3], [3, 1, 2], [1, 2, 3], [9, 9, 1.0]])
    assert error_rate(costs, np.array([0, 1, 2, 2])) == pytest.approx(1 / 4)
    assert error_rate(costs, np.array([0, 1, 0, 2])) == 0
    assert error_rate(costs, np.array([1, 0, 1, 0])) == 1


def test_of_k_equal_costs_one_would_be_guessed():
    answers = np.random.default_rng(0).permutation(20)
    assert error_rate(np.zeros((20, 20)), answers) == pytest.approx(0.95)
    costs = np.array([[1, 1, 2, 3], [0, 5, 0, 0.0]])
    assert error_rate(costs, np.array([1, 2])) == pytest.approx(1 - (1 / 2 + 1 / 3) / 2)
    assert error_rate(costs, np.array([2, 1])) == 1


@given(st.integers(0, 2**32 - 1))
def test_the_error_equals_the_mean_of_many_guesses(seed):
    """Ties broken at random, on average; also in [0, 1], and no matter how costs are scaled."""
    rng = np.random.default_rng(seed)
    costs, answers = rng.integers(0, 3, (4, 5)).astype(float), rng.integers(0, 5, 4)
    expected = 0.0
    for row, answer in zip(costs, answers, strict=True):
        best = [i for i in range(5) if row[i] == min(row)]
        expected += (answer not in best) + (answer in best) * (1 - 1 / len(best))
    assert error_rate(costs, answers) == pytest.approx(expected / 4)
    assert error_rate(7 * costs - 3, answers) == error_rate(costs, answers)


def test_the_mean_error_of_runs():
    runs = [
        replace(small_run(), answers=np.arange(5)),
        replace(small_run(), answers=np.zeros(5, int)),
    ]
    costs = np.stack([1 - np.eye(5)] * 2)
    assert mean_error(costs, runs) == pytest.approx((0 + 4 / 5) / 2)
    with pytest.raises(ValueError, match="argument 2 is longer"):
        mean_error(costs[:1], runs)


# -- two opinions ---------------------------------------------------------------------------------


def test_combined_costs_by_hand():
    one, other = np.array([[1, 2, 3.0]]), np.array([[30, 10, 20.0]])
    unit = np.sqrt(1.5)
    expected = unit * (np.array([-1, 0, 1]) + task.CHAMFER_WEIGHT * np.array([1, -1, 0]))
    np.testing.assert_allclose(combined_costs(one, other), expected[None])


def test_units_and_offsets_of_either_opinion_do_not_matter():
    one, other = np.random.default_rng(0).random((2, 3, 4, 5))  # runs, items, classes
    found = combined_costs(one, other)
    assert found.shape == (3, 4, 5)
    np.testing.assert_allclose(combined_costs(100 * one + 7, 0.01 * other - 1), found)
    np.testing.assert_allclose(found[1], combined_costs(one[1], other[1]))


def test_an_opinion_that_tells_nothing_leaves_the_other():
    costs = np.random.default_rng(0).random((4, 5))
    for found in (combined_costs(costs, np.ones((4, 5))), combined_costs(np.ones((4, 5)), costs)):
        np.testing.assert_array_equal(found.argsort(1), costs.argsort(1))
        assert np.isfinite(found).all()


# -- what is learnt from --------------------------------------------------------------------------


def test_each_drawing_in_eight_orientations_with_its_own_class():
    background = small_background()
    images, labels, groups = task._oriented(background)
    upright = centred(background.ink, task.SIZE)
    assert images.shape == (8 * 18, 1, 28, 28)
    assert images.dtype == np.float32
    orientations = {}
    for number in range(8):
        part = slice(18 * number, 18 * (number + 1))
        mirrored, turns = divmod(number, 4)
        expected = np.flip(upright, -1) if mirrored else upright
        for _ in range(turns):  # a quarter turn: transpose, then upside down
            expected = np.flip(expected.swapaxes(2, 3), 2)
        np.testing.assert_array_equal(images[part], expected)
        np.testing.assert_array_equal(labels[part], background.characters + 6 * number)
        alphabets = background.alphabets[background.characters]
        np.testing.assert_array_equal(groups[part], alphabets + 2 * number)
        orientations[images[18 * number].tobytes()] = number
    assert len(orientations) == 8
    assert len(set(labels)) == 48 and len(set(groups)) == 16
    of_class = {label: set(groups[labels == label]) for label in labels}
    assert all(len(found) == 1 for found in of_class.values())


# -- a tiny training ------------------------------------------------------------------------------


def test_a_training_of_few_steps():
    background, steps = small_background(), []
    network = task.learn(background, small_recipe(4), 0, lambda *args: steps.append(args))
    assert [step for step, *_ in steps] == [1, 2, 3, 4]
    assert steps[0][2].shape == (10, 128) and steps[0][3].shape == (10,)
    assert network.input_shape == (1, 28, 28)
    assert not network.training
    costs = task.embedding_costs(network, small_run())
    assert costs.shape == (5, 5)
    assert (costs > -1e-5).all() and (costs < 4).all()


def test_the_seed_decides_everything():
    def weights(seed):
        network = task.learn(small_background(), small_recipe(), seed, nothing)
        return np.concatenate([p.numpy().ravel() for p in network.parameters()])

    a, b, c = (weights(seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_it_learns():
    losses = []
    task.learn(
        small_background(),
        small_recipe(60, dropout=0.0),
        0,
        lambda step, loss, *_: losses.append(loss),
    )
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])


def test_batches_are_of_one_alphabet_in_one_orientation_when_asked():
    background, seen = small_background(12), []
    task.learn(background, small_recipe(8, within=1.0), 0, lambda *args: seen.append(args[3]))
    assert len(seen) == 8
    for labels in seen:  # 12 · orientation + character
        assert len(set(labels // 12)) == 1
        assert len(set(background.alphabets[labels % 12])) == 1


@pytest.mark.parametrize("name", SETTINGS)
def test_every_recipe_learns_with_its_loss(name):
    recipe = replace(small_recipe(2), loss=SETTINGS[name].loss)
    network = task.learn(small_background(), recipe, 0, nothing)
    assert all(np.isfinite(p.numpy()).all() for p in network.parameters())


def test_the_default_loss_is_the_sum_of_two():
    rng = np.random.default_rng(0)
    f, labels = rng.standard_normal((12, 4)), np.arange(12) // 3
    f /= np.linalg.norm(f, axis=1, keepdims=True)
    expected = n_pair(f, labels).item() + task.TRIPLETS * semi_hard(f, labels).item()
    assert task.n_pair_semi_hard(f, labels).item() == pytest.approx(expected)
    assert next(iter(SETTINGS.values())).loss is task.n_pair_semi_hard


def test_a_background_of_too_few_characters_is_refused():
    with pytest.raises(ValueError, match="PKSampler: expected .* 16"):
        task.learn(small_background(2), replace(small_recipe(), classes=20), 0, nothing)


# -- the test -------------------------------------------------------------------------------------


def test_embedding_costs_are_squared_distances():
    network, run = Encoder(1, (28, 28), (4, 6, 8), rng=0), small_run()
    network.eval()
    items, classes = (network(centred(ink)).numpy() for ink in (run.items, run.classes))
    expected = ((items[:, None] - classes[None]) ** 2).sum(-1)
    np.testing.assert_allclose(task.embedding_costs(network, run), expected, atol=1e-5)
    same = replace(run, items=run.classes, answers=np.arange(5))
    assert error_rate(task.embedding_costs(network, same), same.answers) == 0


def test_yardsticks_know_drawings_of_one_hand_from_others():
    runs = [small_run(), replace(small_run(), items=small_run().classes, answers=np.arange(5))]
    costs = task.baselines(runs)
    assert set(costs) == {"hausdorff", "chamfer"}
    for found in costs.values():
        assert found.shape == (2, 5, 5)
        assert mean_error(found, runs) == 0
    blank = replace(small_run(), items=np.zeros((5, SIDE, SIDE), bool))
    assert 0 <= mean_error(task.baselines([blank])["hausdorff"], [blank]) <= 1
