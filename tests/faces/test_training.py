"""Short trainings on drawn people: repeatable, held-out people, errors; the loop by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from small_faces import people, recipe

from nnscratch import Tensor, nn, optim
from nnscratch.data.augment import Augment
from nnscratch.faces import training
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.distances import pair_distances
from nnscratch.faces.drawn.people import generated_people
from nnscratch.faces.encoder import Encoder
from nnscratch.faces.folders import People
from nnscratch.faces.losses import LOSSES
from nnscratch.faces.metrics import eer
from nnscratch.faces.model import FLAT, FaceModel, grey
from nnscratch.faces.training import (
    Schedule,
    calibrated,
    cross_validated,
    equal_error_rate,
    learn,
    learn_calibrated,
    train,
)


def without(everyone, rows):
    """People with some of their pictures left out."""
    keep = np.setdiff1d(np.arange(len(everyone)), rows)
    return People(everyone.images[keep], everyone.labels[keep], everyone.names)


def with_images(everyone, images, sources=()):
    return People(images, everyone.labels, everyone.names, sources)


# -- learn -----------------------------------------------------------------------------------------


def test_a_training_gives_a_model_and_a_reading_each_step():
    readings = []
    model = learn(people(), recipe(5), on_step=readings.append)
    assert [reading.step for reading in readings] == [1, 2, 3, 4, 5]
    assert all(np.isfinite(reading.loss) for reading in readings)
    assert model.calibration is None
    assert model.whitening.matrix.shape == (128, 128)
    assert model.size == (16, 12)
    assert not model.network.training
    encodings = model.encode(people().images)
    np.testing.assert_allclose(np.linalg.norm(encodings, axis=1), 1, rtol=1e-5)


def test_the_seed_decides_everything():
    a, b, c = (learn(people(), recipe(3), seed).fingerprint for seed in (0, 0, 1))
    assert a == b != c
    assert learn(people(), recipe(3), np.random.default_rng(0)).fingerprint == a


def test_it_learns():
    """After 100 steps pictures of one person are nearer beside others', by the network alone."""

    def share(model):
        encodings = FaceModel(model.network).encode(people().images)
        pairs = pair_distances(encodings, people().labels)
        return pairs.distances[pairs.same].mean() / pairs.distances[~pairs.same].mean()

    settings = {"dropout": 0.0, "augment": Augment()}
    short, long = (learn(people(), recipe(steps, **settings)) for steps in (1, 100))
    assert share(long) < 0.7 * share(short)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(loss):
    assert np.isfinite(learn(people(), recipe(2, loss=loss)).whitening.matrix).all()


def test_batches_hold_as_many_people_as_there_are():
    seen = []

    class Watched(Encoder):
        def forward(self, x):
            seen.append(x.shape)
            return super().forward(x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "Encoder", Watched)
        learn(people(), recipe(1))
        learn(people().only([3, 1]), recipe(1))
    assert seen[0] == (15, 1, 16, 12)
    assert (6, 1, 16, 12) in seen


def test_pictures_that_augmentation_made_blank_do_not_end_it():
    """A faint picture, darkened, is none any more; the training must not end there."""
    faint, darken = 0.02 * people().images, Augment(gain=2.0)
    assert darken(faint, np.random.default_rng(0)).std((1, 2, 3)).min() < FLAT
    model = learn(with_images(people(), faint), recipe(3, augment=darken))
    assert np.isfinite(model.whitening.matrix).all()


# -- collapse --------------------------------------------------------------------------------------


def flat_for(calls):
    """An encoder that gives one answer to everything, for so many calls in training."""

    class Flat(Encoder):
        calls = 0

        def forward(self, x):
            f = super().forward(x)
            Flat.calls += self.training
            return f * 0.0 + 128**-0.5 if self.training and Flat.calls <= limit else f

    limit = calls
    return Flat


def test_a_collapse_in_the_end_is_told(monkeypatch):
    monkeypatch.setattr(training, "Encoder", flat_for(100))
    seen = []
    with pytest.raises(ValueError, match="learn: collapsed: .*one point; start again with a tenth"):
        learn(people(), recipe(12), on_step=seen.append)
    assert [bool(reading.collapsed) for reading in seen] == [False] * 9 + [True] * 2


def test_a_collapse_that_passes_is_none(monkeypatch):
    monkeypatch.setattr(training, "Encoder", flat_for(11))
    seen = []
    learn(people(), recipe(13), on_step=seen.append)
    assert [reading.step for reading in seen if reading.collapsed] == [10, 11]


# -- calibration -----------------------------------------------------------------------------------


def test_who_calibrates_has_not_been_learnt(monkeypatch):
    learnt, judged = [], []
    plain, adjusted = training.learn, training.calibrated

    def watched_learn(people, *rest):
        learnt.append(people.names)
        return plain(people, *rest)

    def watched_calibrated(model, people, far):
        judged.append(people.names)
        return adjusted(model, people, far)

    monkeypatch.setattr(training, "learn", watched_learn)
    monkeypatch.setattr(training, "calibrated", watched_calibrated)
    for share, count in ((0.2, 2), (0.01, 2), (0.5, 6), (0.99, 10)):
        model = learn_calibrated(people(), recipe(1), far=0.1, held_out=share, seed=3)
        first, second = set(learnt.pop()), set(judged.pop())
        assert not first & second
        assert first | second == set(people().names)
        assert len(second) == count
        assert model.calibration.far == 0.1


def test_calibrated_keeps_the_network():
    model = learn(people(), recipe(1))
    found = calibrated(model, people(seed=1), 0.2)
    assert found.fingerprint == model.fingerprint
    pairs = pair_distances(found.encode(people(seed=1).images), people(seed=1).labels)
    assert found.calibration == Calibration.fit(pairs.distances, pairs.same, 0.2)
    false = pairs.distances[~pairs.same] <= found.calibration.threshold
    assert 0 < false.mean() <= 0.2


# -- cross-validation ------------------------------------------------------------------------------


def test_held_out_people_are_never_learnt(monkeypatch):
    groups, notes = [], []
    plain = training.learn

    def watched(rest, settings, seed):
        groups.append(set(rest.names))
        return plain(rest, settings, seed)

    monkeypatch.setattr(training, "learn", watched)
    everyone = people(6, 4)
    trials = cross_validated(everyone, 3, recipe(1), seed=2, advance=notes.append)
    held = [set(everyone.names) - group for group in groups]
    assert [len(group) for group in held] == [2, 2, 2]
    assert set.union(*held) == set(everyone.names)
    for found in trials:
        assert len(found.pairs.distances) == 8 * 7 / 2  # of the held out alone
    assert len(notes) == 3 and all(note.startswith("EER 0.") for note in notes)


def test_what_the_held_out_look_like_changes_no_model(monkeypatch):
    """Each fold's network is the same whatever is on the pictures that it must not see."""
    everyone, marks = people(6, 4), []
    plain = training.learn

    def watched(*args):
        marks.append(plain(*args).fingerprint)
        return plain(*args)

    monkeypatch.setattr(training, "learn", watched)
    cross_validated(everyone, 3, recipe(1))
    other = everyone.images.copy()
    other[everyone.labels < 2] = np.random.default_rng(0).random(other[:8].shape)  # the first fold
    cross_validated(with_images(everyone, other), 3, recipe(1))
    assert marks[0] == marks[3]
    assert marks[1] != marks[4] and marks[2] != marks[5]


def test_folds_and_seeds_differ():
    everyone = people(6, 4)
    a, b, c = (cross_validated(everyone, 2, recipe(1), seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a[1].pairs.distances, b[1].pairs.distances)
    assert not np.array_equal(a[0].pairs.distances, c[0].pairs.distances)


# -- refused ---------------------------------------------------------------------------------------


def test_too_few_people_are_refused_before_the_training(monkeypatch):
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it was trained"))
    one = people().only([0])
    with pytest.raises(ValueError, match="learn: expected at least 2 people.* 4 pictures of 1 peo"):
        learn(one, recipe())
    single = without(people(), np.setdiff1d(np.arange(48), np.arange(0, 48, 4)))
    with pytest.raises(ValueError, match="2 pictures of one of them, got 12 pictures of 12 people"):
        learn(single, recipe())
    with pytest.raises(ValueError, match="expected at least 4 people with 2 pictures or more, .*0"):
        learn_calibrated(single, recipe())
    with pytest.raises(ValueError, match="at least 4 people .* got 3; add people or pictures"):
        learn_calibrated(people().only([0, 1, 2]), recipe())
    for settings in ({"held_out": 0}, {"held_out": 1}, {"held_out": -1}, {"far": 0}, {"far": 2}):
        with pytest.raises(ValueError, match="share held out and far between 0 and 1, got"):
            learn_calibrated(people(), recipe(), **settings)
    with pytest.raises(ValueError, match="expected at most 6 folds for 12 people, .*, got 7"):
        cross_validated(people(), 7, recipe())
    with pytest.raises(ValueError, match="expected 2 to 12 folds"):
        cross_validated(people(), 1, recipe())
    with pytest.raises(ValueError, match=r"expected loss in \('contrastive', .*got 'hinge'"):
        learn(people(), recipe(loss="hinge"))


def test_a_blank_picture_is_named_before_the_training(monkeypatch):
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it was trained"))
    images = people().images.copy()
    images[7] = 0.5
    with pytest.raises(ValueError, match="picture 8 of 48 is blank"):
        learn(with_images(people(), images), recipe())
    names = tuple(f"s{at}/1.png" for at in range(48))
    with pytest.raises(ValueError, match="FaceModel: 's7/1.png' is blank"):
        learn(with_images(people(), images, names), recipe())


# -- where a training starts -----------------------------------------------------------------------


def test_the_drawn_start_is_what_the_network_begins_with():
    drawn, random = (
        replace(training.DEFAULT, start=start, schedule=Schedule(steps=1, lr=0.0, last_lr=0.0))
        for start in training.STARTS
    )
    a, b, c = (
        learn(people(), r, seed).network for r, seed in ((drawn, 0), (drawn, 1), (random, 0))
    )
    for name, weight in a.named_parameters():
        np.testing.assert_array_equal(weight.numpy(), dict(b.named_parameters())[name].numpy())
    first = [next(iter(net.parameters())).numpy() for net in (a, c)]
    assert not np.allclose(*first)


def test_the_drawn_start_tells_unseen_drawn_people_apart():
    """Better than pixels, and than a network that has learnt nothing."""
    unseen = generated_people(20, 6, seed=99)
    start = Encoder(1, training.SIZE, training.DEFAULT.widths, rng=0)
    errors = [equal_error_rate(FaceModel(start), unseen)]
    training._load_start(start)
    errors.append(equal_error_rate(FaceModel(start), unseen))
    pixels = grey(unseen.images, training.SIZE).reshape(len(unseen), -1)
    pairs = pair_distances(pixels, unseen.labels)
    assert errors[1] < 0.1 < min(errors[0], eer(pairs.distances, pairs.same))


def test_the_start_of_another_size_is_refused():
    with pytest.raises(ValueError, match='start="random"'):
        learn(people(), recipe(2, start="drawn"))
    with pytest.raises(ValueError, match="expected start in"):
        recipe(2, start="anywhere")


# -- the loop --------------------------------------------------------------------------------------


def test_the_rate_rises_then_falls_along_half_a_cosine():
    schedule = Schedule(steps=110, lr=0.4, last_lr=0.1, warmup=10)
    rates = [schedule.rate(step) for step in range(110)]
    np.testing.assert_allclose(rates[:10], 0.04 * np.arange(1, 11))
    assert rates[10] == pytest.approx(0.4)
    assert rates[60] == pytest.approx(0.25)  # half way
    assert rates[35] == pytest.approx(0.1 + 0.15 * (1 + math.sqrt(0.5)))
    assert schedule.rate(110) == pytest.approx(0.1)
    assert rates[109] == pytest.approx(0.1, abs=1e-3)
    assert (np.diff(rates[10:]) < 0).all()


def test_short_schedules_and_no_warm_up():
    assert Schedule(steps=5, lr=1.0, warmup=0).rate(0) == 1.0
    rates = [Schedule(steps=5, lr=1.0, warmup=50).rate(step) for step in range(5)]
    np.testing.assert_allclose(rates, np.arange(1, 6) / 50)
    assert math.isfinite(Schedule(steps=50, warmup=50).rate(50))


class Line(nn.Module):
    """One weight, and a note of the modes in which it was called."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(np.zeros(1, np.float32))
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return x * self.weight


def sample(step):
    return np.full((4, 1), step, np.float32), np.arange(4) % 2


def towards(target):
    return lambda f, labels: ((f - target) ** 2).mean()


def test_what_a_step_does():
    """Each step takes its own sample, and passes on the encodings from before the update."""
    network, seen = Line().eval(), []
    train(
        network,
        lambda step: sample(step + 1),
        towards(1.0),
        Schedule(steps=5, lr=0.1, warmup=0),
        lambda *args: seen.append(args),
    )
    assert network.modes == [True] * 5
    assert not network.training
    assert [step for step, *_ in seen] == [1, 2, 3, 4, 5]
    for step, loss, encodings, labels in seen:
        assert isinstance(loss, float)
        assert isinstance(encodings, np.ndarray)
        assert loss == pytest.approx(float(((encodings - 1) ** 2).mean()))
        np.testing.assert_array_equal(labels, [0, 1, 0, 1])
        assert len(encodings) == 4 and step > 0
    np.testing.assert_array_equal(seen[0][2], np.zeros((4, 1)))
    np.testing.assert_allclose(seen[1][2], np.full((4, 1), 2 * 0.1), rtol=1e-3)  # Adam: lr a step


def test_the_optimiser_gets_the_schedule(monkeypatch):
    made = []

    class Watched(optim.Adam):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            self.settings, self.rates = settings, []
            made.append(self)

        def step(self):
            self.rates.append(self.lr)
            super().step()

    monkeypatch.setattr(training, "Adam", Watched)
    schedule = Schedule(steps=6, lr=0.1, warmup=2, weight_decay=0.03)
    train(Line(), sample, towards(1.0), schedule, lambda *args: None)
    (adam,) = made
    assert adam.settings == {"weight_decay": 0.03}
    assert adam.rates == [schedule.rate(step) for step in range(6)]


def test_the_loop_learns():
    network, losses = Line(), []
    rng = np.random.default_rng(0)

    def draw(step):
        return rng.uniform(1, 2, (8, 1)).astype(np.float32), np.arange(8)

    train(
        network,
        draw,
        lambda f, labels: ((f - 0.5) ** 2).mean(),
        Schedule(steps=150, lr=0.05, warmup=5),
        lambda step, loss, *_: losses.append(loss),
    )
    assert losses[-1] < 0.1 * losses[0]
    assert network.weight.item() == pytest.approx(1 / 3, abs=0.05)  # of x in [1, 2]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_it(value):
    network, steps = Line(), []

    def loss(f, labels):
        return f.sum() * 0.0 + (value if len(steps) == 2 else 1.0)

    with pytest.raises(ValueError, match=f"the loss became {value} at step 3; lower the learning"):
        train(network, sample, loss, Schedule(steps=9), lambda step, *_: steps.append(step))
    assert steps == [1, 2]
    assert np.isfinite(network.weight.numpy()).all()


def test_on_step_may_end_it():
    def stop(step, *_):
        if step == 3:
            raise KeyboardInterrupt

    network = Line()
    with pytest.raises(KeyboardInterrupt):
        train(network, sample, towards(1.0), Schedule(steps=9), stop)
    assert len(network.modes) == 3


def test_gradients_do_not_add_up_over_steps():
    network, found = Line(), []

    def loss(f, labels):
        return (f * Tensor(np.ones((4, 1), np.float32))).sum()

    def look(*_):
        found.append(network.weight.grad.item())

    train(network, lambda step: sample(1), loss, Schedule(steps=3), look)
    assert found == [4, 4, 4]
