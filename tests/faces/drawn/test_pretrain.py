"""Pre-training on drawn faces: repeatable, and written in half precision."""

from dataclasses import replace

import numpy as np

from nnscratch.faces.drawn import pretrain
from nnscratch.faces.training import Schedule


def test_a_start_is_written_and_repeatable(tmp_path):
    short = replace(pretrain.PRETRAINING, people=4, schedule=Schedule(steps=2))
    networks = [pretrain.pretrain(short, people=6) for _ in range(2)]
    for network, name in zip(networks, "ab", strict=True):
        pretrain.save_start(network, tmp_path / f"{name}.npz")
    a, b = (np.load(tmp_path / f"{name}.npz") for name in "ab")
    assert a.files == list(networks[0].state_dict())
    for name in a.files:
        np.testing.assert_array_equal(a[name], b[name])
        assert a[name].dtype == np.float16
