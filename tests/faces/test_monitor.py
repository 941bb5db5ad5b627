"""The monitor on real small trainings: twenty forced to collapse, twenty that are well."""

import math
from functools import partial

import numpy as np
import pytest

from nnscratch import Tensor, nn, optim
from nnscratch.faces.losses import LOSSES
from nnscratch.faces.mining import all_active, valid_triplets
from nnscratch.faces.monitor import Monitor, effective_rank, plateau

STEPS = 50
MARGINS = {"batch-hard", "batch-all", "semi-hard"}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# -- small trainings ------------------------------------------------------------------------------


def clusters(seed, classes=8, each=4, width=8, noise=0.3, offset=0.0):
    """Draws batches of points around one centre for each class."""
    rng = np.random.default_rng((seed, 1))
    centres, y = rng.standard_normal((classes, width)), np.repeat(np.arange(classes), each)

    def draw():
        return centres[y] + noise * rng.standard_normal((len(y), width)) + offset, y

    return draw


def without_meaning(seed):
    """The same points with labels drawn anew: there is nothing to learn but to be constant."""
    draw, rng = clusters(seed), np.random.default_rng((seed, 2))
    return lambda: (draw()[0], rng.permutation(np.repeat(np.arange(8), 4)))


def network(seed, hidden=(32,), width=8, out=8, unit=True, last=None, bias=True):
    rng = np.random.default_rng((seed, 3))
    layers = []
    for n in hidden:
        layers += [nn.Linear(width, n, bias=bias, rng=rng), nn.ReLU()]
        width = n
    layers.append(nn.Linear(width, out, bias=bias, rng=rng))
    layers += [last] if last else []
    return nn.Sequential(*layers, *([nn.L2Normalize()] if unit else []))


def changed(net, weight=1.0, bias=0.0):
    """The network with the weights of its last dense layer scaled and its bias moved."""
    dense = [layer for layer in net if isinstance(layer, nn.Linear)][-1]
    dense.weight.data = dense.weight.data * weight
    dense.bias.data = dense.bias.data + bias
    return net


def narrow(seed):
    """All encodings on one line: a layer of one number in the middle."""
    first, last = (nn.Linear(*size, bias=False, rng=(seed, 3)) for size in [(8, 1), (1, 8)])
    return nn.Sequential(first, last, nn.L2Normalize())


def train(
    net, draw, loss="batch-hard", margin=0.2, metric="squared", kind="adam", lr=1e-3, decay=0
):
    """The readings of a training."""
    optimizer = {"adam": optim.Adam, "sgd": optim.SGD}[kind](
        list(net.parameters()), lr, weight_decay=decay
    )
    options = (margin, metric) if loss in MARGINS else ()
    monitor = Monitor(loss, margin, metric)
    readings = []
    for _ in range(STEPS):
        x, y = draw()
        optimizer.zero_grad()
        f = net(Tensor(x.astype(np.float32)))
        value = LOSSES[loss](f, y, *options)
        value.backward()
        optimizer.step()
        readings.append(monitor.update(f, y, value.item()))
    return readings


HUGE = {"kind": "sgd", "lr": 100.0}
DECAY = {"kind": "sgd", "lr": 0.1, "decay": 5.0}
DEEP = (32,) * 6


def meaningless(seed, margin, metric):
    return train(network(seed), without_meaning(seed), margin=margin, metric=metric, lr=0.1)


def too_fast(seed, margin):
    return train(network(seed, DEEP), clusters(seed), margin=margin, **HUGE)


def decayed(loss, margin):
    return train(network(0, unit=False), clusters(0), loss, margin, **DECAY)


def dead(seed, loss):
    return train(changed(network(seed, last=nn.ReLU()), bias=-100.0), clusters(seed), loss)


FORCED = {
    "no meaning 0": partial(meaningless, 0, 0.2, "squared"),
    "no meaning 1": partial(meaningless, 1, 0.2, "squared"),
    "no meaning, soft margin 0": partial(meaningless, 0, "soft", "squared"),
    "no meaning, soft margin 1": partial(meaningless, 1, "soft", "squared"),
    "no meaning, Euclidean 0": partial(meaningless, 0, "soft", "euclidean"),
    "no meaning, Euclidean 1": partial(meaningless, 1, "soft", "euclidean"),
    "huge learning rate 0": partial(too_fast, 0, 0.2),
    "huge learning rate 1": partial(too_fast, 1, 0.2),
    "huge learning rate, soft margin 2": partial(too_fast, 2, "soft"),
    "huge learning rate, soft margin 3": partial(too_fast, 3, "soft"),
    "decay, batch-hard": partial(decayed, "batch-hard", 0.2),
    "decay, batch-all": partial(decayed, "batch-all", "soft"),
    "decay, contrastive": partial(decayed, "contrastive", 1.0),
    "decay, prototypical": partial(decayed, "prototypical", 0.2),
    "constant": lambda: train(changed(network(0), 0.0, 1.0), clusters(0), lr=1e-7),
    "constant but for rounding": lambda: train(changed(network(1), 1e-6, 1.0), clusters(1), lr=0),
    "dead ReLU": partial(dead, 0, "batch-hard"),
    "dead ReLU, n-pair": partial(dead, 1, "n-pair"),
    "one line": lambda: train(narrow(0), clusters(0)),
    "one line, n-pair": lambda: train(narrow(1), clusters(1), "n-pair"),
}
CAUSES = {"dead ReLU": "are 0", "one line": "on one line", "constant": "at one point"}


@pytest.mark.parametrize("name", FORCED)
def test_a_forced_collapse_is_recognised_within_50_steps(name):
    readings = FORCED[name]()
    found = [reading for reading in readings if reading.collapsed]
    assert found
    assert found[0].step >= 10  # not before the patience is over
    assert "learning rate" in found[0].collapsed
    for start, cause in CAUSES.items():
        assert not name.startswith(start) or cause in found[-1].collapsed


def test_there_are_twenty_of_each():
    assert (len(FORCED), len(HEALTHY)) == (20, 20)


def two_on_a_line(seed):
    """Two classes, told apart by one number: rank 1, and nothing wrong with it."""
    return train(narrow(seed), clusters(seed, classes=2, each=8))


def well(loss, margin):
    return train(network(0), clusters(0), loss, margin)


HEALTHY = {
    **{name: partial(well, name, 1.0 if name == "contrastive" else 0.2) for name in LOSSES},
    **{f"{name}, soft margin": partial(well, name, "soft") for name in sorted(MARGINS)},
    "Euclidean": lambda: train(network(2), clusters(2), metric="euclidean", lr=1e-2),
    "not normalised": lambda: train(network(3, unit=False), clusters(3), lr=1e-2),
    "tiny learning rate": lambda: train(network(4), clusters(4), lr=1e-8),
    "tiny learning rate, n-pair": lambda: train(network(5), clusters(5), "n-pair", lr=1e-8),
    "solved before it starts": lambda: train(network(6), clusters(6, noise=1e-3), lr=1e-3),
    "solved, no learning": lambda: train(network(6), clusters(6, noise=0.0), "semi-hard", lr=0),
    "slow start, small contrast": lambda: train(
        changed(network(7), 0.05, 1.0), clusters(7), "n-pair", lr=1e-3
    ),
    "slow start, far from the origin": lambda: train(network(8), clusters(8, offset=20.0), lr=1e-4),
    "two classes on a line": lambda: two_on_a_line(9),
    "lengths that do not matter shrink": lambda: train(
        network(10, unit=False, bias=False), clusters(10), "n-pair", **DECAY
    ),
    "one class at a time": lambda: train(network(11), clusters(11, classes=1), "batch-all"),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_raises_no_alarm(name):
    assert [reading.line() for reading in HEALTHY[name]() if reading.collapsed] == []


def test_the_healthy_ones_are_what_they_say():
    solved, slow = HEALTHY["solved, no learning"](), HEALTHY["slow start, small contrast"]()
    assert [solved[-1].loss, solved[-1].active] == [0, 0]
    assert slow[0].negative < 0.05
    assert two_on_a_line(9)[-1].rank < 1.001
    assert HEALTHY["batch-hard"]()[-1].loss < 0.5 * HEALTHY["batch-hard"]()[0].loss


# -- the verdict ----------------------------------------------------------------------------------


def at_one_point(rng, size):
    return np.ones((8, 4)) + size * rng.standard_normal((8, 4))


LABELS = np.repeat(np.arange(4), 2)


def test_an_alarm_needs_all_steps_of_the_patience_and_ends_with_the_collapse(rng):
    monitor = Monitor(patience=3)
    alarms = [
        bool(monitor.update(at_one_point(rng, size), LABELS, 0.2).collapsed)
        for size in [1, 0, 0, 1, 0, 0, 0, 0, 1]
    ]
    assert alarms == [False] * 6 + [True, True, False]


def test_a_spread_that_grows_is_a_slow_start():
    """From 1e-6 of the length, by 20 % a step."""
    still, growing = Monitor(), Monitor()
    for step in range(20):
        seen = [np.random.default_rng(0)] * 2
        small, larger = at_one_point(seen[0], 1e-6), at_one_point(seen[1], 1e-6 * 1.2**step)
        alarms = [still.update(small, LABELS, 0.2), growing.update(larger, LABELS, 0.2)]
    assert alarms[0].collapsed
    assert not alarms[1].collapsed


def test_one_row_that_lives_hides_nothing(rng):
    monitor, f = Monitor("batch-hard"), np.ones((32, 4))
    f[0] = [1, -1, 1, -1]
    labels = np.repeat(np.arange(8), 4)
    assert "at one point" in [monitor.update(f, labels, 0.2) for _ in range(10)][-1].collapsed


@pytest.mark.parametrize(("classes", "expected"), [(2, ""), (4, "on one line")])
def test_two_classes_on_a_line_may_yet_be_told_apart(classes, expected):
    """Half of each class is on the wrong side: bad, but a matter of a line for four classes."""
    f, labels = (
        np.tile([[1.0, 1.0], [-1.0, -1.0]], (4, 1)),
        np.repeat(np.arange(classes), 8 // classes),
    )
    monitor = Monitor()
    readings = [monitor.update(f, labels, 0.5) for _ in range(10)]
    assert readings[-1].active > 0.2
    assert expected in readings[-1].collapsed
    assert bool(expected) == bool(readings[-1].collapsed)


def test_shrunk_encodings_count_only_at_the_plateau(rng):
    """Half a percent of the first spread, not of the length: with a loss at its plateau or not."""
    large = rng.standard_normal((8, 4))
    for loss, expected in [(0.2, True), (0.05, False)]:
        monitor = Monitor("batch-hard", margin=0.2)
        monitor.update(large, LABELS, 1.0)
        readings = [monitor.update(0.005 * large, LABELS, loss) for _ in range(10)]
        assert bool(readings[-1].collapsed) == expected


def test_what_is_no_number_is_said_at_once():
    reading = Monitor().update(np.full((4, 2), np.nan), [0, 0, 1, 1], math.nan)
    assert "NaN or infinite" in reading.collapsed
    assert "learning rate" in reading.line()


# -- the figures ----------------------------------------------------------------------------------


def test_figures_of_a_batch(rng):
    f, lengths = rng.standard_normal((8, 4)), rng.uniform(1, 3, 8)
    reading = Monitor(margin=0.7).update(Tensor(f, requires_grad=True), LABELS, 0.5, lengths)
    d = ((f[:, None] - f[None]) ** 2).sum(2)
    same = [d[i, j] for i in range(8) for j in range(8) if i != j and LABELS[i] == LABELS[j]]
    other = [d[i, j] for i in range(8) for j in range(8) if LABELS[i] != LABELS[j]]
    active = len(all_active(d, LABELS, 0.7)) / len(valid_triplets(LABELS))
    assert 0 < active < 1
    assert reading.active == pytest.approx(active)
    assert reading.positive == pytest.approx(np.mean(same))
    assert reading.negative == pytest.approx(np.mean(other))
    assert reading.length == pytest.approx(lengths.mean())
    assert reading.rank == pytest.approx(effective_rank(f))
    assert (reading.step, reading.loss, reading.collapsed) == (1, 0.5, "")
    assert reading.line() == (
        f"loss 0.5000, active {100 * active:.0f} %, same {np.mean(same):.3f}, "
        f"other {np.mean(other):.3f}, rank {reading.rank:.1f}, length {lengths.mean():.1f}"
    )


def test_effective_rank(rng):
    """r equal eigenvalues have rank r; two in the ratio 3 : 1 that of their entropy, by hand."""
    q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    assert effective_rank(q[:, :4]) == pytest.approx(4)
    assert effective_rank(q[:3]) == pytest.approx(3)
    assert effective_rank(np.ones((5, 3))) == pytest.approx(1)
    uneven = np.diag([3**0.5, 1.0])
    assert effective_rank(uneven) == pytest.approx(4 / 3**0.75)
    assert effective_rank(np.zeros((3, 2))) == 1


@pytest.mark.parametrize("margin", [0.3, "soft"])
@pytest.mark.parametrize("name", LOSSES)
def test_the_plateau_is_the_loss_of_equal_encodings(name, margin):
    labels = np.array([0, 0, 0, 1, 1, 2, 2])
    if name == "contrastive" and margin == "soft":
        return
    options = (margin,) if name in MARGINS | {"contrastive"} else ()
    loss = LOSSES[name](np.ones((7, 3)), labels, *options).item()
    assert plateau(name, labels, margin) == pytest.approx(loss)


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="Monitor: expected loss in"):
        Monitor("triplet")
    with pytest.raises(ValueError, match="Monitor: expected patience"):
        Monitor(patience=0)
    with pytest.raises(ValueError, match="Monitor: expected labels as integers"):
        Monitor().update(np.ones((2, 2)), ["a", "b"], 0.1)
    with pytest.raises(ValueError, match=r"Monitor: expected encodings \(B, D\)"):
        Monitor().update(np.ones((3, 2)), [0, 1], 0.1)
