"""Initialisers: their spread, what an activation keeps of it, orthogonality, repeatability."""

import math

import numpy as np
import pytest

from nnscratch import Tensor
from nnscratch import functional as F
from nnscratch.nn import init

NAMES = ["kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "orthogonal"]
SHAPE = (64, 16, 3, 5)
FAN_IN, FAN_OUT = 16 * 15, 64 * 15


@pytest.mark.parametrize("name", NAMES)
def test_form_and_repeatability(name):
    draw = getattr(init, name)
    w = draw(SHAPE, 0)
    assert w.shape == SHAPE and w.dtype == np.float32
    np.testing.assert_array_equal(w, draw(SHAPE, np.random.default_rng(0)))
    rng = np.random.default_rng(0)
    assert (draw(SHAPE, rng) != draw(SHAPE, rng)).any()
    np.testing.assert_allclose(draw(SHAPE, 0, gain=3.0), 3 * draw(SHAPE, 0, gain=1.0), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("kaiming_normal", math.sqrt(2 / FAN_IN)),
        ("kaiming_uniform", math.sqrt(2 / FAN_IN)),
        ("xavier_normal", math.sqrt(2 / (FAN_IN + FAN_OUT))),
        ("xavier_uniform", math.sqrt(2 / (FAN_IN + FAN_OUT))),
    ],
)
def test_spread(name, deviation):
    w = getattr(init, name)(SHAPE, 0)
    np.testing.assert_allclose(w.std(), deviation, rtol=0.02)
    assert abs(w.mean()) < 0.02 * deviation
    largest = abs(w).max() / deviation
    assert largest < math.sqrt(3) + 1e-3 if "uniform" in name else largest > 3.5


def test_kaiming_keeps_the_signal_through_relu():
    """Mean square 1 in, about 1 out, ten layers deep."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((64, 256)).astype(np.float32))
    for _ in range(10):
        x = F.relu(F.linear(x, Tensor(init.kaiming_normal((256, 256), rng))))
    assert 0.3 < (x.numpy() ** 2).mean() < 3


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 2, 3), (64, 8, 3, 3), (5, 5)])
def test_orthogonal(shape):
    w = init.orthogonal(shape, 0, gain=2.0).reshape(shape[0], -1).astype(np.float64)
    rows, columns = w.shape
    product = w @ w.T if rows <= columns else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(min(rows, columns)), atol=1e-5)


def test_orthogonal_is_not_biased_by_the_decomposition():
    """Without the correction of signs the first entries would all have one sign."""
    signs = [np.sign(init.orthogonal((3, 3), seed)[0, 0]) for seed in range(200)]
    assert abs(np.mean(signs)) < 0.25


@pytest.mark.parametrize("name", NAMES[:4])
def test_a_vector_has_no_fans(name):
    with pytest.raises(ValueError, match=r"initialiser: expected a weight of rank 2 or more, got"):
        getattr(init, name)((3,))
