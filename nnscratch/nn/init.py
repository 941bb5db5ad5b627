"""Initial weights of a layer, as arrays of float32.

Stands on NumPy. Everywhere, shape is that of a weight (out, in, *kernel), and rng is a
numpy.random.Generator or a seed for one.
"""

import math

import numpy as np


def kaiming_normal(shape, rng=None, gain: float = math.sqrt(2)) -> np.ndarray:
    """Normal numbers of standard deviation gain / sqrt(fan_in); the default gain suits ReLU.

    Source: He et al. 2015 (arXiv:1502.01852).
    """
    fan_in, _ = _fans(shape)
    return _normal(shape, gain / math.sqrt(fan_in), rng)


def kaiming_uniform(shape, rng=None, gain: float = math.sqrt(2)) -> np.ndarray:
    """Uniform numbers with the standard deviation of `kaiming_normal`."""
    fan_in, _ = _fans(shape)
    return _uniform(shape, gain * math.sqrt(3 / fan_in), rng)


def xavier_normal(shape, rng=None, gain=1.0) -> np.ndarray:
    """Normal numbers of standard deviation gain · sqrt(2 / (fan_in + fan_out)).

    Source: Glorot and Bengio 2010.
    """
    return _normal(shape, gain * math.sqrt(2 / sum(_fans(shape))), rng)


def xavier_uniform(shape, rng=None, gain=1.0) -> np.ndarray:
    """Uniform numbers with the standard deviation of `xavier_normal`."""
    return _uniform(shape, gain * math.sqrt(6 / sum(_fans(shape))), rng)


def orthogonal(shape, rng=None, gain=1.0) -> np.ndarray:
    """Weights with orthonormal rows (flattened), or columns if there are fewer columns.

    Source: Saxe et al. 2014 (arXiv:1312.6120).
    """
    rows, columns = shape[0], math.prod(shape[1:])
    draw = np.random.default_rng(rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draw)
    q = q * np.sign(np.diag(r))  # otherwise the distribution would not be uniform
    return (gain * (q if rows > columns else q.T)).reshape(shape).astype(np.float32)


def _fans(shape) -> tuple[int, int]:
    """fan_in, the inputs that an output sees, and fan_out, the outputs that see an input."""
    if len(shape) < 2:
        raise ValueError(f"initialiser: expected a weight of rank 2 or more, got shape {shape}")
    return math.prod(shape[1:]), shape[0] * math.prod(shape[2:])


def _normal(shape, deviation: float, rng) -> np.ndarray:
    return (deviation * np.random.default_rng(rng).standard_normal(shape)).astype(np.float32)


def _uniform(shape, bound: float, rng) -> np.ndarray:
    return np.random.default_rng(rng).uniform(-bound, bound, shape).astype(np.float32)
