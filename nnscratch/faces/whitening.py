"""Encodings with the directions made short in which pictures of one person differ.

Stands on NumPy. Light and pose move the encodings of one person along some directions more than
along others; dividing by that spread lets the others speak. Known as within-class covariance
normalisation. Source: Hatch, Kajarekar and Stolcke 2006, Interspeech.
"""

from typing import Any, NamedTuple

import numpy as np

SHRINK = 0.3  # of the mean variance, added to each: the spread is known from few people


class Whitening(NamedTuple):
    """Subtract `mean` (D,), multiply by `matrix` (D, D), make unit rows."""

    mean: np.ndarray
    matrix: np.ndarray

    @classmethod
    def fit(cls, encodings: Any, labels: Any, shrink: float = SHRINK) -> "Whitening":
        """encodings (N, D), labels (N,) -> what makes the spread within a label the same all round.

        With W the covariance within labels plus shrink · its mean variance, matrix · matrixᵀ = W⁻¹.
        Raises ValueError if no label has two rows.
        """
        x, labels = np.asarray(encodings, np.float64), np.asarray(labels)
        if x.ndim != 2 or labels.shape != x.shape[:1]:
            raise ValueError(
                f"Whitening: expected encodings (N, D) and labels (N,), got {x.shape} and "
                f"{labels.shape}"
            )
        if not np.isfinite(x).all():
            raise ValueError("Whitening: expected finite encodings, got NaN or infinity")
        _, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if counts.max(initial=0) < 2:
            raise ValueError("Whitening: expected a label with 2 rows or more, got none")
        sums = np.zeros((len(counts), x.shape[1]))
        np.add.at(sums, numbers, x)
        apart = x - (sums / counts[:, None])[numbers]
        within = apart.T @ apart / len(x)
        within += np.eye(len(within)) * (shrink * np.trace(within) / len(within) + 1e-12)
        matrix = np.linalg.cholesky(np.linalg.inv(within))
        return cls(x.mean(axis=0).astype(np.float32), matrix.astype(np.float32))

    def __call__(self, encodings: np.ndarray) -> np.ndarray:
        """Unit rows (N, D) -> unit rows (N, D)."""
        turned = (encodings - self.mean) @ self.matrix
        lengths = np.linalg.norm(turned, axis=1, keepdims=True)
        return turned / np.maximum(lengths, np.finfo(turned.dtype).tiny)
