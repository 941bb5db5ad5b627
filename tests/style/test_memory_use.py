"""What a step takes, from shapes: against sums by hand, and against what Python counts."""

import tracemalloc

import numpy as np
import pytest

from nnscratch.engines.numpy import free
from nnscratch.style import KINDS, Objective, Style, memory_use, vgg
from nnscratch.style.costs import Costs
from nnscratch.style.memory_use import extents, kept_bytes, step_bytes
from nnscratch.style.settings import OPTIMIZERS

OBJECTIVE = Objective(content_layers=("relu2_1",), style_layers={"relu1_1": 1.0, "relu2_1": 0.0})


def test_receptive_fields_are_vggs():
    """Against the table for VGG-19: pixels a unit sees, and from one unit to the next."""
    shapes = extents(vgg.VGG(vgg.CONFIGS["vgg19"], rng=0), ["relu5_1"], 3, (64, 96))
    table = {"conv1_1": (3, 1), "pool1": (6, 2), "conv3_1": (24, 4), "relu4_2": (84, 8)}
    table["relu5_1"] = (156, 16)
    for name, (field, jump) in table.items():
        assert shapes[name].field == (field, field)
        assert shapes[name].jump == (jump, jump)
    assert shapes["relu4_2"].shape == (1, 512, 8, 12)


def test_kept_is_three_times_the_content_layer():
    net = vgg.VGG((4, "M", 6), rng=0)
    assert kept_bytes(net, OBJECTIVE, (3, 20, 30)) == 3 * 6 * 10 * 15 * 4


@pytest.mark.parametrize("padding", ["constant", "edge"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_peak_of_a_step_is_what_was_worked_out(padding, kind):
    """Within 30 in 100 of what Python counts, scratch and all."""
    net = vgg.VGG((16, 16, "M", 32, 32, "M", 48), pooling="avg", padding=padding, rng=0).freeze()
    content, style = np.random.default_rng(0).random((2, 3, 192, 160)).astype(np.float32)
    objective = Objective(style_kind=kind)
    costs = Costs(net, content, [Style(style)], objective)
    free()
    tracemalloc.start()
    for _ in range(2):
        costs.gradient(content[None])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert step_bytes(net, objective, content.shape) == pytest.approx(peak, rel=0.3)


def test_a_layer_that_sees_all_is_refused():
    class Global:
        layers = {"mean": None}

        def features(self, images, layers):
            return {"mean": images.mean((2, 3), keepdims=True)}

    with pytest.raises(ValueError, match="expected local layers, got mean"):
        extents(Global(), ["mean"], 3, (8, 8))


def test_every_optimizer_and_kind_has_a_factor():
    assert tuple(memory_use.ARRAYS) == OPTIMIZERS
    assert set(memory_use.COPIES) == set(KINDS)
