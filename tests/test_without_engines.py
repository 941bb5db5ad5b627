"""Tensor, functional, nn, optim, gradcheck and training pass their tests without any engine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SUITE = ["test_tensor.py", "test_ops.py", "test_functional.py", "test_optim.py"]
# It takes a minute, and counts the objects of a graph that no engine touches.
SLOW = "test_tensor.py::test_training_makes_no_reference_cycles"
SUITE += ["test_gradcheck.py", "training", "nn", "summary", "kernels"]


@pytest.mark.timeout(900)
def test_the_floors_below_the_applications_need_no_engine():
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(str(TESTS / name) for name in SUITE), "--deselect", f"tests/{SLOW}"],
        env={**os.environ, "NNSCRATCH_TEST_WITHOUT_ENGINES": "1"},
        capture_output=True,
        text=True,
        cwd=TESTS.parent,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 1500
    assert "engines are hidden" in done.stdout
