"""The elements of textures, for whole batches: filtered noise, waves and lattices of cells.

Stands on NumPy, and on SciPy's Fourier transform for noise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft

Number = float | np.ndarray  # one for all pictures, or (n, 1, 1)


@dataclass(frozen=True)
class TextureBatch:
    """Pictures of one family: period (n,) in pixels, angle (n,) of the lines in radians."""

    rng: np.random.Generator
    size: int
    period: np.ndarray
    angle: np.ndarray

    @property
    def count(self) -> int:
        """The number n of pictures."""
        return len(self.period)

    @property
    def wide(self) -> np.ndarray:
        """The period as (n, 1, 1)."""
        return self.period[:, None, None]

    def uniform(self, low: float, high: float) -> np.ndarray:
        """A random number for each picture: (n, 1, 1)."""
        return self.rng.uniform(low, high, (self.count, 1, 1)).astype(np.float32)

    def band_pass(self, width: float, narrow: Number | None = None) -> np.ndarray:
        """Noise of about one cycle a period, in all directions or only nearly across the lines.

        width: relative bandwidth; narrow: sine of the largest angle to the lines' normal
        """
        frequency = np.sqrt(_cycles(self.size, self.period))
        response = np.exp(-(((frequency - 1) / width) ** 2))
        if narrow is not None:
            across, down = _frequencies(self.size)
            angle = self.angle[:, None, None]
            along = (across * np.cos(angle) + down * np.sin(angle)) * self.wide / (frequency + 1e-6)
            response = response * np.exp(-((along / narrow) ** 2))
        return _noise(self.rng, self.count, self.size, response)

    def plane(self, low=0.0, high=1.0) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates along and across the lines, in periods: two times (n, size, size).

        The origin lies at random between low and high, as parts of the sides.
        """
        start = self.size * self.rng.uniform(low, high, (2, self.count, 1, 1)).astype(np.float32)
        at = np.arange(self.size, dtype=np.float32)
        x, y = at - start[0], at[:, None] - start[1]
        cosine, sine = (f(self.angle)[:, None, None] / self.wide for f in (np.cos, np.sin))
        return x * cosine + y * sine, y * cosine - x * sine

    def edge(self, distance: np.ndarray) -> np.ndarray:
        """1 where the distance (in periods) is negative, else 0, with an edge of one pixel."""
        return np.clip(0.5 - distance * self.wide, 0, 1)

    def table(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """A function from columns and rows (n, size, size) to random numbers, periodic in 64."""
        numbers = self.rng.random(self.count * 4096, dtype=np.float32)
        base = np.arange(self.count)[:, None, None] * 4096

        def look_up(column, row):
            i, j = (cell.astype(np.int32) & 63 for cell in (column, row))
            return numbers.take(base + i * 64 + j)

        return look_up

    def voronoi(self, jitter: Number) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distances to the two nearest points of a jittered lattice; a number of the nearest."""
        column, row, x, y = cells(*self.plane())
        first, second, third = (self.table() for _ in range(3))
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


# -- noise ----------------------------------------------------------------------------------------


def smooth(rng: np.random.Generator, count: int, size: int, period: Number) -> np.ndarray:
    """Noise with little detail below one period: (n, size, size), deviation 1."""
    return _noise(rng, count, size, np.exp(-2 * _cycles(size, period)))


def fractal(rng, count: int, size: int, period: Number, power: Number) -> np.ndarray:
    """Noise whose spectrum falls with frequency to the power, and is flat above the period."""
    return _noise(rng, count, size, (1 + _cycles(size, period)) ** (-power / 2))


def unit(noise: np.ndarray) -> np.ndarray:
    """Noise scaled to 0..1, which are two deviations from the mean."""
    return np.clip(0.5 + 0.25 * noise, 0, 1)


def _frequencies(size):
    """Cycles a pixel, across and down, for irfft2: (1, size // 2 + 1), (size, 1)."""
    across, down = np.fft.rfftfreq(size)[None], np.fft.fftfreq(size)[:, None]
    return across.astype(np.float32), down.astype(np.float32)


def _cycles(size, period):
    """Squared frequencies, in cycles a period: (n or 1, size, size // 2 + 1)."""
    across, down = _frequencies(size)
    return (across**2 + down**2) * np.reshape(period, (-1, 1, 1)) ** 2


def _noise(rng, count, size, response):
    """Noise of mean 0 and deviation 1; response (n or 1, size, size // 2 + 1)."""
    real, imaginary = rng.standard_normal((2, count, size, size // 2 + 1), dtype=np.float32)
    spectrum = (real + np.complex64(1j) * imaginary) * response.astype(np.float32)
    spectrum[:, 0, 0] = 0
    field = fft.irfft2(spectrum, s=(size, size))
    return field / (field.std((1, 2), keepdims=True) + 1e-12)


# -- waves and cells ------------------------------------------------------------------------------


def wave(phase: np.ndarray, hardness: Number) -> np.ndarray:
    """A wave in 0..1 with a period of 1; hardness 0.5 gives a sine, 5 nearly a square wave."""
    return np.clip(0.5 + hardness * np.sin(2 * np.pi * phase), 0, 1)


def cells(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Column, row and the position within the cell, -0.5..0.5."""
    column, row = np.floor(u), np.floor(v)
    return column, row, u - column - 0.5, v - row - 0.5
