"""How much memory a convolution of the NumPy engine takes."""

import json
import subprocess
import sys
import tracemalloc
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import nnscratch.functional as F
from nnscratch import Tensor


@pytest.mark.parametrize(("stride", "direction"), list(product((1, 2), ("forward", "backward"))))
def test_no_buffer_of_a_whole_unrolled_image(stride, direction):
    """16→16 on 384×384 with 5×5: the columns of the whole image alone would be 25 times x."""
    x = Tensor(np.ones((1, 16, 384, 384), np.float32), requires_grad=True)
    weight = Tensor(np.ones((16, 16, 5, 5), np.float32), requires_grad=True)
    F.conv2d(x[:, :, :8, :8], weight, padding=2, stride=stride).sum().backward()  # warm
    tracemalloc.start()
    try:
        y = F.conv2d(x, weight, padding=2, stride=stride)
        if direction == "backward":
            tracemalloc.reset_peak()
            y.sum().backward()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # forward: x with channels last (kept for the weights' gradient), padded input, output, blocks;
    # backward: also the gradients and g with channels last
    assert peak < (4 if direction == "forward" else 6) * x.data.nbytes


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc, which Linux has")
@pytest.mark.parametrize(("limit", "code"), [("300", 0), ("-1", 1)])
def test_the_benchmark_measures_and_judges(tmp_path, limit, code):
    script = Path(__file__).parents[3] / "benchmarks" / "conv_memory.py"
    out = tmp_path / "figures.json"
    command = [sys.executable, script, "--channels", "4", "--size", "256", "--limit", limit]
    done = subprocess.run([*command, "--json", out], capture_output=True, text=True, timeout=100)
    assert done.returncode == code, done.stderr
    figures = json.loads(out.read_text())
    # at least the output, with the weights' gradients and more on the way back
    assert 1 <= figures["forward"]["extra_mib"] <= figures["forward+backward"]["extra_mib"] < 40
