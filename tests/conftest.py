"""What several tests share: the folder of real data, and a small VGG in files."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

WITHOUT_ENGINES = bool(os.environ.get("NNSCRATCH_TEST_WITHOUT_ENGINES"))
if WITHOUT_ENGINES:
    sys.modules["nnscratch.engines"] = None  # importing it raises ModuleNotFoundError


def pytest_report_header() -> str:
    """Say so where the engines are hidden."""
    return "the engines are hidden" if WITHOUT_ENGINES else ""


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that NNSCRATCH_REAL_DATA names; without it the test says so and is skipped."""
    folder = Path(os.environ.get("NNSCRATCH_REAL_DATA", ""))
    if not os.environ.get("NNSCRATCH_REAL_DATA") or not folder.is_dir():
        pytest.skip("set NNSCRATCH_REAL_DATA to the folder of real data to run this test")
    return folder


@pytest.fixture
def small_vgg() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """conv1_1, conv1_2, conv2_1 as (weight (C_out, C_in, 3, 3) for RGB, bias)."""
    rng = np.random.default_rng(0)
    layers, channels = {}, 3
    for name, count in (("conv1_1", 4), ("conv1_2", 4), ("conv2_1", 8)):
        weight = (0.2 * rng.standard_normal((count, channels, 3, 3))).astype(np.float32)
        layers[name] = (weight, rng.standard_normal(count).astype(np.float32))
        channels = count
    return layers


@pytest.fixture
def keras_file(tmp_path: Path, small_vgg: dict) -> Path:
    """small_vgg as Keras would lay it out: (kH, kW, C_in, C_out), the first taking BGR."""
    arrays = {}
    for name, (weight, bias) in small_vgg.items():
        key = f"block{name[4]}_conv{name[6]}"
        given = weight[:, ::-1] if name == "conv1_1" else weight
        arrays[f"{key}/kernel"] = given.transpose(2, 3, 1, 0)
        arrays[f"{key}/bias"] = bias
    path = tmp_path / "small.npz"
    np.savez(path, **arrays)
    return path
