"""What textures are made of: filtered noise, waves and lattices of cells, for whole batches.

Stands on NumPy, and on SciPy's Fourier transform for noise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft

Number = float | np.ndarray  # the same for all pictures, or one each that meets (n, size, size)


@dataclass(frozen=True)
class TextureBatch:
    """One family's pictures to draw: period (n,) pixels, angle (n,) of the lines, radians."""

    rng: np.random.Generator
    size: int
    period: np.ndarray
    angle: np.ndarray

    @property
    def count(self) -> int:
        return len(self.period)

    @property
    def wide(self) -> np.ndarray:
        """The period, ready to meet (n, size, size)."""
        return self.period[:, None, None]

    def uniform(self, low: float, high: float) -> np.ndarray:
        """One number a picture, ready to meet (n, size, size)."""
        return self.rng.uniform(low, high, (self.count, 1, 1)).astype(np.float32)


# -- noise ----------------------------------------------------------------------------------------


def smooth(rng: np.random.Generator, count: int, size: int, period: Number) -> np.ndarray:
    """Noise without detail below about a period: (n, size, size), deviation 1."""
    return _noise(rng, count, size, np.exp(-2 * _cycles(size, period)))


def fractal(
    rng: np.random.Generator, count: int, size: int, period: Number, power: Number
) -> np.ndarray:
    """Noise whose amplitude falls as frequency to the power, flat above the period."""
    return _noise(rng, count, size, (1 + _cycles(size, period)) ** (-power / 2))


def band_pass(job: TextureBatch, width: float, narrow: Number | None = None) -> np.ndarray:
    """Noise of about a cycle a period, in all directions or within narrow (sine) of across."""
    far = np.sqrt(_cycles(job.size, job.period))
    response = np.exp(-(((far - 1) / width) ** 2))
    if narrow is not None:
        across, down = _frequencies(job.size)
        angle = job.angle[:, None, None]
        along = (across * np.cos(angle) + down * np.sin(angle)) * job.wide / (far + 1e-6)
        response = response * np.exp(-((along / narrow) ** 2))
    return _noise(job.rng, job.count, job.size, response)


def unit(noise: np.ndarray) -> np.ndarray:
    """Noise brought to 0..1, where two deviations reach."""
    return np.clip(0.5 + 0.25 * noise, 0, 1)


def _frequencies(size):
    """Cycles a pixel across and down, as irfft2 wants them: (1, size // 2 + 1), (size, 1)."""
    across, down = np.fft.rfftfreq(size)[None], np.fft.fftfreq(size)[:, None]
    return across.astype(np.float32), down.astype(np.float32)


def _cycles(size, period):
    """Frequencies in cycles a period, squared: (n or 1, size, size // 2 + 1)."""
    across, down = _frequencies(size)
    return (across**2 + down**2) * np.reshape(period, (-1, 1, 1)) ** 2


def _noise(rng, count, size, response):
    """Noise of mean 0 and deviation 1; response (n or 1, size, size // 2 + 1)."""
    real, imaginary = rng.standard_normal((2, count, size, size // 2 + 1), dtype=np.float32)
    spectrum = (real + np.complex64(1j) * imaginary) * response.astype(np.float32)
    spectrum[:, 0, 0] = 0
    field = fft.irfft2(spectrum, s=(size, size))
    return field / (field.std((1, 2), keepdims=True) + 1e-12)


# -- waves and edges ------------------------------------------------------------------------------


def plane(job: TextureBatch, low: float = 0.0, high: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along and across the lines, in periods: two times (n, size, size).

    The origin lies at random between the shares low and high of the sides.
    """
    start = job.size * job.rng.uniform(low, high, (2, job.count, 1, 1)).astype(np.float32)
    at = np.arange(job.size, dtype=np.float32)
    x, y = at - start[0], at[:, None] - start[1]
    cosine, sine = (f(job.angle)[:, None, None] / job.wide for f in (np.cos, np.sin))
    return x * cosine + y * sine, y * cosine - x * sine


def wave(phase: np.ndarray, hardness: Number) -> np.ndarray:
    """A wave between 0 and 1, one a unit of phase; hardness 0.5 is a sine, 5 nearly square."""
    return np.clip(0.5 + hardness * np.sin(2 * np.pi * phase), 0, 1)


def edge(job: TextureBatch, distance: np.ndarray) -> np.ndarray:
    """Cover of what lies at a negative distance (periods), with an edge one pixel wide."""
    return np.clip(0.5 - distance * job.wide, 0, 1)


# -- cells ----------------------------------------------------------------------------------------


def cells(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Column, row and the place in the cell, -0.5..0.5."""
    column, row = np.floor(u), np.floor(v)
    return column, row, u - column - 0.5, v - row - 0.5


def table(job: TextureBatch) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function of columns and rows (n, size, size) to random numbers, the same every 64."""
    numbers = job.rng.random(job.count * 4096, dtype=np.float32)
    base = np.arange(job.count)[:, None, None] * 4096

    def look(column, row):
        i, j = (cell.astype(np.int32) & 63 for cell in (column, row))
        return numbers.take(base + i * 64 + j)

    return look


def voronoi(job: TextureBatch, jitter: Number) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances to the nearest two points of a jittered lattice, and the nearest one's number."""
    column, row, x, y = cells(*plane(job))
    first, second, third = (table(job) for _ in range(3))
    near = np.full(x.shape, 9, np.float32)
    following, number = near, near
    for i, j in np.ndindex(3, 3):
        cell = column + (i - 1), row + (j - 1)
        dx = x - (i - 1) - jitter * (first(*cell) - 0.5)
        dy = y - (j - 1) - jitter * (second(*cell) - 0.5)
        square = dx * dx + dy * dy
        number = np.where(square < near, third(*cell), number)
        following = np.minimum(following, np.maximum(near, square))
        near = np.minimum(near, square)
    return np.sqrt(near), np.sqrt(following), number
