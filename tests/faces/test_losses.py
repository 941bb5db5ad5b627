"""Losses on encodings against loops over all triplets, and what they do at distance 0."""

import math

import numpy as np
import pytest
from device import DeviceArray
from face_encodings import distance_by_loops
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nnscratch.functional as F
from nnscratch import Tensor, gradcheck
from nnscratch.faces.distances import METRICS, distances
from nnscratch.faces.losses import (
    LOSSES,
    batch_all,
    batch_hard,
    contrastive,
    n_pair,
    prototypical,
    semi_hard,
    triplet,
)
from nnscratch.faces.mining import all_active, valid_triplets

MINED = {"batch-all": batch_all, "batch-hard": batch_hard, "semi-hard": semi_hard}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# -- oracles: one loop for each letter of the formula ---------------------------------------------


def mean(values):
    return sum(values) / max(len(values), 1)


def hinge(gap, margin):
    return math.log1p(math.exp(gap)) if margin == "soft" else max(0.0, gap + margin)


def batch_all_by_loops(d, y, margin):
    rows = range(len(y))
    losses = []
    for a in rows:
        for p in rows:
            for n in rows:
                if a != p and y[a] == y[p] and y[a] != y[n]:
                    losses.append(hinge(d[a][p] - d[a][n], margin))
    return mean([loss for loss in losses if loss > 0])


def batch_hard_by_loops(d, y, margin):
    losses = []
    for a in range(len(y)):
        near = [d[a][p] for p in range(len(y)) if p != a and y[p] == y[a]]
        far = [d[a][n] for n in range(len(y)) if y[n] != y[a]]
        if near and far:
            losses.append(hinge(max(near) - min(far), margin))
    return mean(losses)


def semi_hard_by_loops(d, y, margin):
    losses = []
    for a in range(len(y)):
        far = [d[a][n] for n in range(len(y)) if y[n] != y[a]]
        for p in range(len(y)):
            if p != a and y[p] == y[a] and far:
                an = min((x for x in far if x > d[a][p]), default=max(far))
                if margin == "soft" or an < d[a][p] + margin:
                    losses.append(hinge(d[a][p] - an, margin))
    return mean(losses)


def contrastive_by_loops(d, y, margin):
    losses = []
    for i in range(len(y)):
        for j in range(i):
            apart = max(0.0, margin - d[i][j]) ** 2
            losses.append(0.5 * (d[i][j] ** 2 if y[i] == y[j] else apart))
    return mean(losses)


def episode_by_loops(f, y, support, score):
    """The cross-entropy of all rows but the first `support` of a class, by loops."""
    members = {c: [f[i] for i in range(len(y)) if y[i] == c][:support] for c in sorted(set(y))}
    means = {
        c: [sum(x) / len(rows) for x in zip(*rows, strict=True)] for c, rows in members.items()
    }
    seen, losses = dict.fromkeys(members, 0), []
    for row, label in zip(f, y, strict=True):
        seen[label] += 1
        if seen[label] > support:
            scores = {c: score(row, m) for c, m in means.items()}
            top = max(scores.values())
            total = math.fsum(math.exp(s - top) for s in scores.values())
            losses.append(top + math.log(total) - scores[label])
    return mean(losses)


def random_batch(number):
    """Batches of many kinds; one in seven each: one class, all single, duplicates, a lattice."""
    rng = np.random.default_rng(number)
    size = int(rng.integers(1, 9))
    f = rng.standard_normal((size, 3))
    y = rng.integers(0, 3, size)
    kind = number % 7
    if kind == 0:
        y[:] = 5
    elif kind == 1:
        y = rng.permutation(size)
    elif kind == 2:
        f = f[rng.integers(0, size, size)]
    elif kind == 3:
        f = rng.integers(1, 4, (size, 3)).astype(float)
    elif kind == 4:
        y[-1] = 7
    return f, y


METRIC_AND_MARGIN = [(metric, margin) for metric in METRICS for margin in (0.2, "soft", 1.5)]


def test_every_loss_is_its_loops_on_1000_batches():
    worst, seen = dict.fromkeys(LOSSES, 0.0), dict.fromkeys(LOSSES, 0)

    def compare(name, found, expected):
        worst[name] = max(worst[name], abs(found.item() - expected))
        seen[name] += expected > 0

    for number in range(1000):
        x, y = random_batch(number)
        f, rows, labels = Tensor(x), x.tolist(), y.tolist()
        metric, margin = METRIC_AND_MARGIN[number % 9]
        if number % 7 == 3 and metric == "cosine":
            metric = "squared"  # equal angles on the lattice: whose rounding decides the tie?
        d = [[distance_by_loops(a, b, metric) for b in rows] for a in rows]
        euclidean = [[distance_by_loops(a, b, "euclidean") for b in rows] for a in rows]
        oracles = (batch_all_by_loops, batch_hard_by_loops, semi_hard_by_loops)
        for (name, loss), oracle in zip(MINED.items(), oracles, strict=True):
            compare(name, loss(f, y, margin, metric), oracle(d, labels, margin))
        compare("contrastive", contrastive(f, y), contrastive_by_loops(euclidean, labels, 1.0))
        cosine = episode_by_loops(
            rows, labels, 1, lambda q, s: 15 * (1 - distance_by_loops(q, s, "cosine"))
        )
        compare("n-pair", n_pair(f, y), cosine)
        support = 1 + number % 2
        near = episode_by_loops(
            rows, labels, support, lambda q, s: -0.5 * distance_by_loops(q, s, "squared")
        )
        compare("prototypical", prototypical(f, y, support, scale=0.5), near)
    assert max(worst.values()) < 1e-10, worst
    assert min(seen.values()) > 200, seen  # the rest may be 0 = 0


def test_the_loops_tell_wrong_losses_from_right(rng):
    """A mean over all triplets, the hardest for semi-hard ones, squares for roots: all differ."""
    f, y = rng.standard_normal((8, 3)), np.repeat(np.arange(4), 2)
    d = distances(f).numpy()
    found = batch_all(f, y, 0.2).item()
    everything = valid_triplets(y)
    assert abs(triplet(f, everything, 0.2).item() - found) > 1e-3
    assert abs(batch_hard_by_loops(d, y, 0.2) - semi_hard_by_loops(d, y, 0.2)) > 1e-3
    assert abs(batch_hard(f, y, 0.2, "euclidean").item() - batch_hard_by_loops(d, y, 0.2)) > 1e-3


def test_labels_in_any_order_and_of_any_number(rng):
    f, y = rng.standard_normal((9, 4)), np.repeat([-7, 3, 10**12], 3)
    order = rng.permutation(9)
    for name in MINED:
        straight, shuffled = LOSSES[name](f, y), LOSSES[name](f[order], y[order])
        assert straight.item() == pytest.approx(shuffled.item(), abs=1e-12)


def test_rounding_does_not_become_a_gradient(rng):
    """Rows 1e-18 apart: 1 / 2d would lift the rounding of everything else by 5e17."""
    x = rng.standard_normal((7, 3)).astype(np.float32)
    x[1] = x[2] = x[0]
    x[:3, 2] = 0
    equal, near = x.astype(np.float64), x.copy()
    near[:3, 2] = [0, 1e-18, 2.3e-18]
    labels = [0, 1, 0, 1, 2, 2, 1]
    for loss in (
        lambda f: distances(f, metric="euclidean").sum(),
        lambda f: contrastive(f, labels),
        lambda f: batch_all(f, labels, 0.3, "euclidean"),
    ):
        found, expected = Tensor(near, requires_grad=True), Tensor(equal, requires_grad=True)
        loss(found).backward()
        loss(expected).backward()
        np.testing.assert_allclose(found.grad.numpy(), expected.grad.numpy(), atol=1e-5)


def test_a_soft_margin_counts_triplets_that_round_to_nothing():
    """log(1 + exp(−200)) is 0 in float32, and yet one of the losses in the mean."""
    f = np.array([[0], [0], [1], [15]], np.float32)
    d, labels = (f - f.T).astype(float) ** 2, [0, 0, 1, 2]
    with np.errstate(under="ignore"):
        rounded = [
            np.logaddexp(0, np.float32(d[a, p] - d[a, n])) for a, p, n in valid_triplets(labels)
        ]
        assert 0 in rounded
        assert batch_all(f, labels, "soft").item() == pytest.approx(np.mean(rounded))


# -- gradients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("margin", [0.7, "soft"])
@pytest.mark.parametrize("name", MINED)
def test_triplet_losses_have_their_gradients(rng, name, margin, metric):
    y = np.array([0, 1, 0, 1, 2, 2, 3])
    assert gradcheck(lambda f: MINED[name](f, y, margin, metric), [rng.standard_normal((7, 3))])


@pytest.mark.parametrize("name", ["contrastive", "n-pair", "prototypical"])
def test_the_other_losses_have_their_gradients(rng, name):
    y = np.array([0, 1, 0, 1, 2, 2, 0])
    assert gradcheck(lambda f: LOSSES[name](f, y), [0.5 * rng.standard_normal((7, 3))])


def test_a_given_list_of_triplets(rng):
    x, y = rng.standard_normal((6, 3)), np.array([0, 0, 1, 1, 2, 2])
    rows = np.array([[0, 1, 4], [5, 4, 2], [0, 1, 2]])
    expected = mean(
        [
            hinge(((x[a] - x[p]) ** 2).sum() - ((x[a] - x[n]) ** 2).sum(), 0.3)
            for a, p, n in rows.tolist()
        ]
    )
    assert triplet(x, rows, 0.3).item() == pytest.approx(expected, abs=1e-12)
    assert gradcheck(lambda f: triplet(f, rows, 5.0, "euclidean"), [x])
    active = all_active(distances(x).numpy(), y, 0.3)
    assert triplet(x, active, 0.3).item() == pytest.approx(batch_all(x, y, 0.3).item())


def test_soft_margin_of_a_collapsed_batch_is_ln_2():
    f, y = np.ones((6, 4)), np.repeat(np.arange(3), 2)
    for loss in MINED.values():
        assert loss(f, y, "soft").item() == pytest.approx(math.log(2))
        assert loss(f, y, 0.2).item() == pytest.approx(0.2)
    assert n_pair(f, y).item() == pytest.approx(math.log(3))


# -- nothing to compare, and nothing but numbers --------------------------------------------------


@pytest.mark.parametrize("labels", [[4, 4, 4, 4], [0, 1, 2, 3]])
@pytest.mark.parametrize("name", [name for name in LOSSES if name != "contrastive"])
def test_nothing_to_compare_costs_nothing_and_reaches_f(rng, name, labels):
    f = Tensor(rng.standard_normal((4, 3)).astype(np.float32), requires_grad=True)
    loss = LOSSES[name](f * 2.0, labels)
    assert (loss.item(), loss.shape, loss.dtype) == (0.0, (), np.float32)
    loss.backward()
    np.testing.assert_array_equal(f.grad.numpy(), np.zeros((4, 3)))


def test_no_triplets_cost_nothing(rng):
    f = Tensor(rng.standard_normal((4, 3)), requires_grad=True)
    triplet(f, np.zeros((0, 3), int)).backward()
    assert not f.grad.numpy().any()
    contrastive(f[:1], [0]).backward()
    assert not f.grad.numpy().any()


def test_plain_sqrt_would_be_nan():
    """What the guard is for."""
    f = Tensor(np.ones((2, 3)), requires_grad=True)
    with np.errstate(all="ignore"):
        (((f[0] - f[1]) ** 2).sum().sqrt() * 0.0).backward()
    assert np.isnan(f.grad.numpy()).all()


SIZES = st.tuples(st.integers(1, 8), st.integers(1, 4))
NUMBERS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, 1e-30, -1e-22, 1.0])


@settings(max_examples=60, deadline=None)
@given(st.data(), hnp.arrays(np.float32, SIZES, elements=NUMBERS))
def test_never_nan_or_infinite(data, x):
    y = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(x), max_size=len(x))))
    metric = data.draw(st.sampled_from(METRICS))
    margin = data.draw(st.sampled_from([0.0, 0.2, "soft"]))
    losses = [lambda f, loss=loss: loss(f, y, margin, metric) for loss in MINED.values()]
    losses += [lambda f, name=name: LOSSES[name](f, y) for name in LOSSES if name not in MINED]
    for loss in losses:
        f = Tensor(x, requires_grad=True)
        value = loss(f)
        value.backward()
        assert np.isfinite(value.item())
        assert value.item() >= 0
        assert value.dtype == np.float32
        assert np.isfinite(f.grad.numpy()).all()


def test_nan_is_not_swept_under_the_mask():
    f, y = np.ones((4, 2)), [0, 0, 1, 1]
    f[1] = np.nan
    for loss in LOSSES.values():
        assert math.isnan(loss(f, y).item())


def test_losses_on_a_device_are_those_on_the_host(rng):
    x, y = rng.standard_normal((7, 3)), np.array([0, 0, 1, 1, 2, 2, 3])
    losses = [lambda f, name=name: LOSSES[name](f, y) for name in LOSSES]
    losses.append(lambda f: triplet(f, [[0, 1, 2], [3, 2, 6]], "soft", "euclidean"))
    for loss in losses:
        host, there = Tensor(x, requires_grad=True), Tensor(DeviceArray(x), requires_grad=True)
        values = [loss(host), loss(there)]
        for value in values:
            value.backward()
        assert values[0].item() == pytest.approx(values[1].item(), abs=1e-12)
        np.testing.assert_allclose(host.grad.numpy(), there.grad.numpy(), atol=1e-12)


# -- bad input ------------------------------------------------------------------------------------


def test_wrong_input_is_refused(rng):
    f = rng.standard_normal((4, 3))
    with pytest.raises(ValueError, match="batch_hard: expected one label for each encoding"):
        batch_hard(f, [0, 1])
    with pytest.raises(ValueError, match="n_pair: expected labels as integers"):
        n_pair(f, [[0], [1], [0], [1]])
    with pytest.raises(ValueError, match="semi_hard: expected labels as integers"):
        semi_hard(f, ["a", "b", "a", "b"])
    with pytest.raises(ValueError, match=r"batch_all: expected encodings \(N, D\) of floats"):
        batch_all(f[0], [0])
    with pytest.raises(ValueError, match='margin of at least 0 or "soft", got -1'):
        batch_hard(f, [0, 0, 1, 1], margin=-1)
    with pytest.raises(ValueError, match="or \"soft\", got 'hard'"):
        semi_hard(f, [0, 0, 1, 1], margin="hard")
    with pytest.raises(ValueError, match=r"triplet: expected rows \(T, 3\)"):
        triplet(f, [[0, 1]])
    with pytest.raises(ValueError, match="prototypical: expected support"):
        prototypical(f, [0, 0, 1, 1], support=0)
    with pytest.raises(ValueError, match="contrastive: expected margin"):
        contrastive(f, [0, 0, 1, 1], margin=float("nan"))


def test_pairs_by_hand_agree_with_the_engine(rng):
    """contrastive is functional.contrastive_loss of all pairs."""
    x, y = rng.standard_normal((6, 3)), np.array([0, 0, 1, 1, 2, 2])
    i, j = np.triu_indices(6, 1)
    expected = F.contrastive_loss(Tensor(x[i]), Tensor(x[j]), y[i] == y[j]).item()
    assert contrastive(x, y).item() == pytest.approx(expected, rel=1e-12)
