"""The steerable pyramid: a picture decomposed by scale and orientation, in the frequency domain.

Stands on NumPy's FFT. Pictures may have any height and width.
Source: Portilla and Simoncelli 2000, "A Parametric Texture Model Based on Joint Statistics of
Complex Wavelet Coefficients", section 2.1; Simoncelli and Freeman 1995.
"""

import math
from dataclasses import dataclass

import numpy as np

Size = tuple[int, int]


@dataclass(frozen=True)
class Pyramid:
    """The parts of a picture; level s = 0, 1, ... is sampled at ⌈H / 2^s⌉, ⌈W / 2^s⌉.

    high: (H, W) the high-pass residual
    bands[s]: (orientations, h, w) complex: even phase in the real part, odd in the imaginary
    lows[s]: (h, w) the input of level s; one more than bands, the last is the low-pass residual
    """

    high: np.ndarray
    bands: list[np.ndarray]
    lows: list[np.ndarray]


def steerable_pyramid(image: np.ndarray, levels: int = 4, orientations: int = 4) -> Pyramid:
    """Decompose a picture (H, W); band k of level s responds to frequencies around π / 2^(s + 1).

    Filters are H_s(r) · α · cos^(K−1)(θ − πk / K), one octave wide, and 0 where the cosine is
    negative. Energy is kept: mean(image²) = mean(high²) + Σ mean(|bands|²) / 2 + mean(low²).
    The picture is assumed periodic: `periodic_part` makes it so.

    Raises ValueError if the picture is no matrix, or smaller than 2^levels on a side, or there are
    fewer than 2 orientations.
    """
    if orientations < 2:
        raise ValueError(f"steerable_pyramid: expected 2 orientations or more, got {orientations}")
    if image.ndim != 2 or min(image.shape) < 2**levels:
        raise ValueError(
            f"steerable_pyramid: expected image (H, W) with sides of at least {2**levels} for "
            f"{levels} levels, got shape {image.shape}; take fewer levels"
        )
    spectrum = np.fft.fft2(image, norm="forward")
    radius, angle = _polar(image.shape, image.shape)
    low, high = _crossover(radius, math.pi)
    pyramid = Pyramid(_samples(spectrum * high).real, [], [])
    for level in range(levels + 1):
        spectrum = spectrum * low
        size = _halved(image.shape, level)
        spectrum, radius, angle = (_crop(x, size) for x in (spectrum, radius, angle))
        pyramid.lows.append(_samples(spectrum).real)
        if level < levels:
            low, high = _crossover(radius, math.pi / 2 ** (level + 1))
            pyramid.bands.append(_samples(spectrum * high * _fans(angle, orientations)))
    return pyramid


def periodic_part(image: np.ndarray) -> np.ndarray:
    """The picture (H, W) minus the smooth picture that accounts for the jump at its borders.

    Otherwise the jump would show as a cross of strong edges.
    Source: Moisan 2011, "Periodic plus Smooth Image Decomposition", equations 9 to 11.
    """
    jump = np.zeros(image.shape)
    for axis in (0, 1):
        first, last = np.moveaxis(jump, axis, 0)[[0, -1]], np.moveaxis(image, axis, 0)[[0, -1]]
        np.moveaxis(jump, axis, 0)[[0, -1]] = first + last[::-1] - last
    down, across = (2 * np.cos(2 * np.pi * np.fft.fftfreq(n)) for n in image.shape)
    laplacian = down[:, None] + across - 4
    laplacian[0, 0] = 1  # the smooth part has mean 0
    smooth = np.fft.fft2(jump) / laplacian
    smooth[0, 0] = 0
    return image - np.fft.ifft2(smooth).real


def shrink(image: np.ndarray, size: Size) -> np.ndarray:
    """Resample to a smaller size by dropping high frequencies: (..., H, W) -> (..., *size)."""
    return _samples(_crop(np.fft.fft2(image, norm="forward"), size)).real


def _halved(shape: Size, times: int) -> Size:
    height, width = (-(-n // 2**times) for n in shape)
    return height, width


def _frequencies(n: int) -> np.ndarray:
    """Cycles per picture, in the FFT's order; negative ones index an array from its end."""
    return np.rint(np.fft.fftfreq(n, 1 / n)).astype(int)


def _polar(size: Size, full: Size) -> tuple[np.ndarray, np.ndarray]:
    """Radius, in radians per pixel of the full picture, and angle of each frequency."""
    down, across = (2 * np.pi * _frequencies(n) / m for n, m in zip(size, full, strict=True))
    return np.hypot(down[:, None], across), np.arctan2(down[:, None], across)


def _crossover(radius: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Low-pass and high-pass that cross over in the octave below `end`; their squares sum to 1."""
    share = np.log2(np.maximum(radius, 1e-9) / end) + 1
    turn = np.pi / 2 * np.clip(share, 0, 1)
    return np.cos(turn), np.sin(turn)


def _fans(angle: np.ndarray, orientations: int) -> np.ndarray:
    """Angles (h, w) -> filters (orientations, h, w) that pass one of each two frequencies ±f."""
    order = orientations - 1
    scale = 2**order / math.sqrt(orientations * math.comb(2 * order, order))
    turns = np.arange(orientations)[:, None, None] * np.pi / orientations
    return 2 * scale * np.cos(angle - turns).clip(0) ** order


def _crop(spectrum: np.ndarray, size: Size) -> np.ndarray:
    """Keep the low frequencies: (..., H, W) -> (..., *size)."""
    down, across = map(_frequencies, size)
    return spectrum[..., down[:, None], across]


def _samples(spectrum: np.ndarray) -> np.ndarray:
    return np.fft.ifft2(spectrum, norm="forward")
