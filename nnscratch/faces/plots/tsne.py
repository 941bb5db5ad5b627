"""Encodings as points in the plane: principal components, and t-SNE without approximations.

Stands on NumPy and `distances`.

t-SNE (van der Maaten and Hinton 2008) turns distances into probabilities, among the encodings x
and among their places y in the plane, and moves the places until the two agree:

    p(j|i) ∝ exp(−β_i |x_i − x_j|²),   p_ij = (p(j|i) + p(i|j)) / 2N      neighbours of encodings
    w_ij = 1 / (1 + |y_i − y_j|²),     q_ij = w_ij / Z,  Z = Σ w          neighbours in the plane
    C = Σ p_ij log(p_ij / q_ij)                                           the cost to minimise

The sums run over all ordered pairs i ≠ j. Each β_i makes the entropy of p(·|i) the logarithm of
the perplexity, a number of neighbours that is the same for all points.

The gradient: as Σ p = 1, C = const − Σ p_ij log w_ij + log Z. For d_ij = |y_i − y_j|² we have
∂w/∂d = −w² and ∂log w/∂d = −w, so

    ∂C/∂d_ij = p_ij w_ij − w_ij² / Z = (p_ij − q_ij) w_ij.

y_i is in d_ij and in d_ji, each with the derivative 2 (y_i − y_j), hence

    ∂C/∂y_i = 4 Σ_j (p_ij − q_ij) w_ij (y_i − y_j):

two points that are too far apart attract each other, two that are too near repel each other.
"""

import numpy as np

from nnscratch.faces.distances import check_finite, check_rows, distance_matrix

BETA = (-20.0, 70.0)  # bounds of log β, for distances of mean 1
HALVINGS = 60  # of that interval
START = 1e-4  # deviation of the initial map: small, so that points can rearrange
NOISE = 0.01  # of that: without it points on one line, or at one place, would stay there
EARLY = 0.25  # the part of the steps with exaggeration and little momentum
EXAGGERATION = 4.0
MOMENTUM = (0.5, 0.8)  # early and later
RATE = 50.0  # at twice that, maps of 30 points do not converge
LEAST_GAIN = 0.01


def pca(x, components: int = 2) -> np.ndarray:
    """Coordinates along the directions of largest variance: x (N, D) -> (N, components).

    The largest entry of each direction is positive, so that all machines agree on the sign.
    Raises ValueError if x is no finite (N, D), or components is not between 1 and min(N, D).
    """
    x = _points("pca", x)
    if not 1 <= components <= min(x.shape):
        raise ValueError(
            f"pca: expected components from 1 to {min(x.shape)}, the smaller side of x, "
            f"got {components}"
        )
    x = x - x.mean(0)
    directions = np.linalg.svd(x, full_matrices=False)[2][:components]  # (components, D)
    largest = np.abs(directions).argmax(1)[:, None]
    signs = np.sign(np.take_along_axis(directions, largest, 1))
    return x @ (signs * directions).T


def tsne(x, perplexity: float = 30.0, steps: int = 500, seed=0) -> np.ndarray:
    """A map that keeps near points near: x (N, D) -> (N, 2), with mean 0.

    perplexity: the effective number of neighbours, above 1 and at most (N − 1) / 3. Distances
    between far groups and sizes of groups mean nothing. Time and memory grow as N².
    seed: or a Generator.
    Raises ValueError if x is not finite (N, D), all its rows are equal, or N is too small.
    Source: van der Maaten and Hinton 2008, JMLR 9.
    Differs from the paper: it starts from principal components (Kobak and Berens 2019) with little
    noise, takes 500 steps instead of 1000, at a rate of 50 instead of 100, and uses exaggeration
    and low momentum in the first quarter of them.
    """
    x = _points("tsne", x)
    limit = (len(x) - 1) / 3
    if not 1 < perplexity <= limit:
        raise ValueError(
            f"tsne: expected a perplexity above 1 and at most (N − 1) / 3 = {limit:.4g} "
            f"for {len(x)} points, got {perplexity:g}; add points, or use pca"
        )
    if steps < 1:
        raise ValueError(f"tsne: expected at least 1 step, got {steps}")
    wide = x.astype(np.float64)
    squared = distance_matrix(wide, wide)
    if not squared.any():
        raise ValueError(f"tsne: expected rows that differ, got {len(x)} equal ones")
    p = conditional(squared, perplexity)
    return _descend((p + p.T) / (2 * len(p)), _start(wide, seed), steps).astype(x.dtype)


def conditional(squared: np.ndarray, perplexity: float) -> np.ndarray:
    """p(j|i) of squared distances (N, N): rows sum to 1, the diagonal is 0.

    All rows have this perplexity, except those with more points than that at their smallest
    distance, which share the probability.
    """
    count, others = len(squared), ~np.eye(len(squared), dtype=bool)
    gaps = squared[others].reshape(count, count - 1) / squared.mean()
    gaps -= gaps.min(1, keepdims=True)  # leaves p unchanged, and no row underflows to 0
    low, high = (np.full((count, 1), end) for end in BETA)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_wide = _entropy(gaps, np.exp(middle)) > np.log(perplexity)
        low, high = np.where(too_wide, middle, low), np.where(too_wide, high, middle)
    weights = np.exp(-np.exp(low) * gaps)
    p = np.zeros_like(squared)
    p[others] = (weights / weights.sum(1, keepdims=True)).ravel()
    return p


def _entropy(gaps: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Of p ∝ exp(−β gap): log Σ exp(−β gap) + β E[gap], (N, N − 1), (N, 1) -> (N, 1)."""
    weights = np.exp(-beta * gaps)
    sums = weights.sum(1, keepdims=True)
    return np.log(sums) + beta * (weights * gaps).sum(1, keepdims=True) / sums


def cost(p: np.ndarray, y: np.ndarray) -> float:
    """C = Σ p log(p / q): p (N, N), y (N, 2) -> at least 0."""
    w = _nearness(y)
    positive = p > 0
    return float((p[positive] * np.log(p[positive] * w.sum() / w[positive])).sum())


def gradient(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """∂C/∂y_i = 4 Σ_j (p_ij − w_ij/Z) w_ij (y_i − y_j): p (N, N), y (N, 2) -> (N, 2)."""
    w = _nearness(y)
    pull = (p - w / w.sum()) * w  # (N, N)
    return 4 * (pull.sum(1, keepdims=True) * y - pull @ y)


def _nearness(y: np.ndarray) -> np.ndarray:
    """w = 1 / (1 + |y_i − y_j|²), 0 on the diagonal: (N, 2) -> (N, N)."""
    across, up = (axis[:, None] - axis for axis in y.T)
    w = 1 / (1 + across * across + up * up)
    np.fill_diagonal(w, 0)
    return w


def _start(x: np.ndarray, seed) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = pca(x, 2)
    return START * (y / y.std(0).max() + NOISE * rng.standard_normal(y.shape))


def _descend(p: np.ndarray, y: np.ndarray, steps: int) -> np.ndarray:
    """Gradient descent with momentum, and a gain for each coordinate.

    Gains grow while steps keep their direction, and shrink when it reverses (Jacobs 1988).
    """
    step, gains = np.zeros_like(y), np.ones_like(y)
    for k in range(steps):
        early = k < EARLY * steps
        slope = gradient(EXAGGERATION * p if early else p, y)
        onward = slope * step < 0
        gains = np.maximum(np.where(onward, gains + 0.2, 0.8 * gains), LEAST_GAIN)
        step = MOMENTUM[not early] * step - RATE * gains * slope
        y = y + step
    return y - y.mean(0)


def _points(caller: str, x) -> np.ndarray:
    """x as finite floats (N, D), not empty. Raises ValueError on others."""
    x = check_rows(caller, x).numpy()
    if not x.size:
        raise ValueError(f"{caller}: expected rows, got none: {x.shape}")
    check_finite(caller, x, "rows")
    return x
