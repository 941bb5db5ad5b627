"""Texture statistics: moments and correlations of a picture and its steerable pyramid.

Stands on `pyramid` and NumPy.
Source: Portilla and Simoncelli 2000, "A Parametric Texture Model Based on Joint Statistics of
Complex Wavelet Coefficients", section 2.2.
"""

import itertools

import numpy as np

from nnscratch.style.colour import LUMA
from nnscratch.style.pyramid import Pyramid, periodic_part, shrink, steerable_pyramid

ORIENTATIONS = 4
LAGS = 2  # pixels of a level, each way
QUANTUM = 1 / 255  # a step of 8 bits, added to deviations so that weaker signals count little


def luma(image: np.ndarray) -> np.ndarray:
    """Luma in float64: RGB (3, H, W) -> (H, W). Source: ITU-R BT.601."""
    return np.tensordot(LUMA, image.astype(np.float64), 1)


def statistics(image: np.ndarray, levels: int) -> dict[str, np.ndarray]:
    """RGB (3, H, W) in [0, 1] -> groups of statistics, (n,) each, without units.

    moments: mean, deviation, skewness, kurtosis, minimum and maximum of luma, R − Y and B − Y
    low moments: the first four, of the low-pass of each level
    energies: log deviation of each band of luma, of its high-pass and of its low-passes
    tint energies: the same of R − Y and of B − Y
    low correlations: autocorrelation of each low-pass, at lags of up to 2 pixels
    magnitude correlations: the same of the magnitude of each band
    across orientations, across scales: of magnitudes, within a level and with the next one

    Differs from the paper: correlations are divided by the variances, moments are compressed by
    asinh and log, there are no statistics of phase, and colour enters moments and energies only.
    """
    grey = luma(image)
    tints = image[0] - grey, image[2] - grey
    planes = [periodic_part(x) for x in (grey, *tints)]
    pyramid, *tinted = (steerable_pyramid(x, levels, ORIENTATIONS) for x in planes)
    magnitudes = [np.abs(band) for band in pyramid.bands]
    lows = pyramid.lows[:levels]  # the residual is too small for correlations
    pairs = itertools.pairwise(magnitudes)
    groups = {
        "moments": [_channel_moments(x) for x in (grey, *tints)],
        "low moments": [_moments(low) for low in lows],
        "energies": _energies(pyramid),
        "tint energies": [x for tint in tinted for x in _energies(tint)],
        "low correlations": [_autocorrelation(low) for low in lows],
        "magnitude correlations": [_autocorrelation(x) for x in magnitudes],
        "across orientations": [_correlations(x, x) for x in magnitudes],
        "across scales": [_correlations(shrink(a, b.shape[1:]), b) for a, b in pairs],
    }
    return {name: np.concatenate([x.ravel() for x in group]) for name, group in groups.items()}


def _channel_moments(channel: np.ndarray) -> np.ndarray:
    return np.array([*_moments(channel), channel.min(), channel.max()])


def _moments(x: np.ndarray) -> np.ndarray:
    """Mean, standard deviation, asinh of the skewness, log of 1 + the kurtosis: (h, w) -> (4,)."""
    mean, apart = x.mean(), x - x.mean()
    spread = np.sqrt((apart**2).mean() + QUANTUM**2)
    skewness, kurtosis = ((apart / spread) ** 3).mean(), ((apart / spread) ** 4).mean()
    return np.array([mean, x.std(), np.arcsinh(skewness), np.log1p(kurtosis)])


def _energies(pyramid: Pyramid) -> list[np.ndarray]:
    real = [pyramid.high[None], *(low[None] for low in pyramid.lows)]
    deviations = [x.std((1, 2)) for x in (*pyramid.bands, *real)]
    return [np.log(x + QUANTUM) for x in deviations]


def _autocorrelation(x: np.ndarray) -> np.ndarray:
    """Autocorrelation at lags of −2 to 2, wrapped: (..., h, w) -> (..., 5, 5)."""
    apart = x - x.mean((-2, -1), keepdims=True)
    power = np.abs(np.fft.fft2(apart, norm="forward")) ** 2
    covariance = np.fft.ifft2(power, norm="forward").real
    variance = covariance[..., :1, :1] + QUANTUM**2
    lags = np.arange(-LAGS, LAGS + 1)
    return covariance[..., lags[:, None], lags] / variance


def _correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlations of each pair of bands: (K, h, w), (K, h, w) -> (K, K)."""
    rows = [x.reshape(len(x), -1) for x in (a, b)]
    rows = [x - x.mean(1, keepdims=True) for x in rows]
    spreads = [np.sqrt((x**2).mean(1) + QUANTUM**2) for x in rows]
    return rows[0] @ rows[1].T / rows[0].shape[1] / np.outer(*spreads)
