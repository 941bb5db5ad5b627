"""Four ways to weights: what each promises, the same bytes for a seed, a loss that falls."""

from dataclasses import replace

import numpy as np
import pytest

from nnscratch import nn
from nnscratch.style import vgg
from nnscratch.style.backbone import train
from nnscratch.style.backbone.scenes import scenes
from nnscratch.style.backbone.textures import FAMILIES, NONE, textures
from nnscratch.style.backbone.train import BackboneRecipe, make, with_levels
from nnscratch.weights.vgg_weights import CAFFE

SMALL = BackboneRecipe(steps=30, batch=4, size=24, config=(4, "M", 6), seed=3)
RELUS = ["relu1_1", "relu2_1"]


@pytest.fixture(scope="module")
def samples():
    return scenes(12, np.random.default_rng(0), 32)


@pytest.fixture(scope="module")
def teacher(samples):
    return vgg.random((7, "M", 9), samples, seed=1)


def recipe(kind, **changes):
    return replace(SMALL, kind=kind, **changes)


def weights_of(network):
    return [p.numpy() for p in network.parameters()]


@pytest.mark.parametrize("kind", train.KINDS)
def test_one_seed_one_network_frozen(kind, teacher):
    given = teacher if kind == "distilled" else None
    first, again = (make(recipe(kind, steps=3), given) for _ in range(2))
    other = make(recipe(kind, steps=3, seed=4), given)
    for a, b in zip(weights_of(first), weights_of(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(*map(weights_of, (first, other)), strict=1))
    assert not any(p.requires_grad for p in first.parameters())
    assert list(first.convs) == ["conv1_1", "conv2_1"]
    assert first.preprocess == CAFFE
    assert first.padding == "edge"


def test_gabor_weights_are_one_wave_for_each_output():
    weight = train.gabor((5, 3, 3, 3), np.random.default_rng(0))
    assert weight.dtype == np.float32
    for filters in weight.reshape(5, 3, 9):  # one wave times a share of each input: rank 1
        assert np.linalg.svd(filters)[1][1] < 1e-5 * np.linalg.svd(filters)[1][0]
    assert train.gabor((2, 1, 5), np.random.default_rng(0)).shape == (2, 1, 5)


# -- levels ---------------------------------------------------------------------------------------


def test_levels_scale_channels_and_nothing_else(samples):
    rng = np.random.default_rng(1)
    network = vgg.VGG((5, 6, "M", 7), pooling="avg", padding="edge", rng=rng)
    layers = ["relu1_1", "relu1_2", "relu2_1"]
    before = {n: x.numpy() for n, x in network.features(samples, layers).items()}
    levels = {"conv1_2": 12.0}
    after = with_levels(network, samples, levels).features(samples, layers)
    for name in layers:
        found, was = after[name].numpy(), before[name]
        level = levels.get(name.replace("relu", "conv"), 1.0)
        means = was.mean((0, 2, 3))
        faint = means < train.FAINTEST * np.median(means[means > 0])
        np.testing.assert_allclose(found.mean((0, 2, 3))[~faint], level, rtol=2e-3)
        assert (found.mean((0, 2, 3))[faint] < level).all()
        factor = found.mean((0, 2, 3)) / np.where(means > 0, means, 1)
        expected = was * factor[None, :, None, None]
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3 * level)


def test_silent_and_faint_channels_are_not_made_loud():
    factors = train._factors(np.array([2.0, 4.0, 0.0, 1e-6, 3.0]), 6.0)
    np.testing.assert_allclose(factors, [3, 1.5, 24, 24, 2])  # the median of 2, 4, 1e-6, 3 is 2.5
    np.testing.assert_array_equal(train._factors(np.zeros(3), 6.0), 1)


# -- a teacher's features -------------------------------------------------------------------------


def test_what_the_student_leaves_unexplained_falls(teacher):
    losses = []
    large = recipe("distilled", steps=100, lr=1e-2, config=(12, "M", 16))  # more than the teacher's
    made = make(large, teacher, lambda step, loss, note: losses.append(loss))
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:5])
    assert np.mean(losses[:3]) == pytest.approx(1, abs=0.5)  # projections of zeros explain nothing
    images = scenes(64, np.random.default_rng(SMALL.seed), 24)  # the levels' own samples
    for relu in RELUS:
        levels = [n.features(images, [relu])[relu].numpy().mean() for n in (made, teacher)]
        assert levels[0] == pytest.approx(levels[1], rel=0.35), relu


def test_the_teacher_stays_as_it_was(teacher):
    before = [w.copy() for w in weights_of(teacher)]
    make(recipe("distilled", steps=2), teacher)
    for a, b in zip(before, weights_of(teacher), strict=True):
        np.testing.assert_array_equal(a, b)


def test_losses_are_parts_of_the_teachers_variance(teacher, samples):
    mean, deviation = train._moments(teacher, RELUS, samples)
    for relu in RELUS:
        values = teacher.features(samples, [relu])[relu].numpy()
        standard = (values - mean[relu]) / deviation[relu]
        np.testing.assert_allclose(standard.mean((0, 2, 3)), 0, atol=1e-4)
        np.testing.assert_allclose(standard.std((0, 2, 3)), 1, atol=0.02)


# -- labels ---------------------------------------------------------------------------------------


def test_labels_are_learnt():
    losses = []
    make(
        recipe("labels", steps=60, batch=8, lr=1e-2),
        None,
        lambda step, loss, note: losses.append(loss),
    )
    assert np.mean(losses[-10:]) < np.mean(losses[:5]) - 0.5


def test_the_folded_network_is_the_reader_in_evaluation():
    rng = np.random.default_rng(0)
    network = vgg.VGG((4, 5, "M", 6), train.PIXELS, "avg", "edge", rng)
    reader = train.LabelClassifier(network, rng).train()
    images, _ = textures(6, rng, 24)
    for _ in range(3):
        reader(images)
    for norm in reader.norms.values():  # away from 1 and 0
        norm.weight = nn.Parameter(rng.uniform(0.5, 2, norm.weight.shape).astype(np.float32))
        norm.bias = nn.Parameter(rng.normal(size=norm.bias.shape).astype(np.float32))
    relus = ["relu1_1", "relu1_2", "relu2_1"]
    expected = {n: x.numpy() for n, x in reader.eval().network.features(images, relus).items()}
    folded = reader.folded()
    assert not any(name.startswith("norm") for name in folded.layers)
    for name, found in folded.features(images, relus).items():
        np.testing.assert_allclose(found.numpy(), expected[name], rtol=1e-4, atol=1e-4)


def test_the_label_loss_is_the_sum_of_its_parts_and_skips_what_is_not_known():
    from nnscratch.tensor import Tensor

    images, labels = textures(5, np.random.default_rng(2), 24)
    labels = replace(labels, orientation=np.array([3, NONE, NONE, 0, 11]))
    width = sum(train.HEADS.values()) + train.PALETTE
    output = np.random.default_rng(0).standard_normal((5, width))
    expected, at = 0.0, 0
    for name, classes in train.HEADS.items():
        target, rows = getattr(labels, name), []
        for i, wanted in enumerate(target):
            if wanted != NONE:
                logits = output[i, at : at + classes]
                rows.append(np.log(np.exp(logits).sum()) - logits[wanted])
        expected, at = expected + np.mean(rows), at + classes
    palette = labels.palette.reshape(5, 6)
    expected += train.PALETTE_WEIGHT * np.mean((output[:, at:] - palette) ** 2)
    loss, right = train._label_loss(Tensor(output), labels)
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    assert right == np.mean(output[:, : len(FAMILIES)].argmax(1) == labels.family)


# -- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "trained"}, "expected kind in"),
        ({"steps": 0}, "at least 1 step"),
        ({"batch": 1}, "a batch of 2"),
        ({"size": 8}, "a size of 16 pixels"),
        ({"lr": 0.0}, "lr above 0"),
        ({"lr": float("nan")}, "lr above 0"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        replace(SMALL, **changes)


def test_a_teacher_is_for_distillation_and_must_hold_the_layers(teacher):
    with pytest.raises(ValueError, match="'distilled' needs a teacher, a VGG file"):
        make(recipe("distilled"))
    with pytest.raises(ValueError, match="'labels' takes no teacher"):
        make(recipe("labels"), teacher)
    with pytest.raises(ValueError, match="got one without conv1_2; take VGG-19"):
        make(recipe("distilled", config=(4, 4, "M", 6)), teacher)


def test_a_loss_that_runs_away_is_said(teacher):
    with (
        pytest.raises(ValueError, match=r"the loss became (nan|inf) at step \d+; lower"),
        np.errstate(all="ignore"),
    ):
        make(recipe("distilled", lr=1e30), teacher)
