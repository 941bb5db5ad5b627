"""The steerable pyramid against filters written out from the paper, and what it promises."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.style.pyramid import periodic_part, shrink, steerable_pyramid


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def paper_filter(shape, radial, angular=None):
    """A mask on the whole frequency plane, one frequency at a time."""
    mask = np.zeros(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            v = 2 * math.pi * ((i + shape[0] // 2) % shape[0] - shape[0] // 2) / shape[0]
            u = 2 * math.pi * ((j + shape[1] // 2) % shape[1] - shape[1] // 2) / shape[1]
            mask[i, j] = radial(math.hypot(u, v))
            if angular:
                mask[i, j] *= angular(math.atan2(v, u))
    return mask


def low(r):  # Portilla and Simoncelli, section 2.1: L(r) / 2
    if r <= math.pi / 4:
        return 1.0
    return math.cos(math.pi / 2 * math.log2(4 * r / math.pi)) if r < math.pi / 2 else 0.0


def high(r):  # H(r)
    if r >= math.pi / 2:
        return 1.0
    return math.cos(math.pi / 2 * math.log2(2 * r / math.pi)) if r > math.pi / 4 else 0.0


def fan(k, orientations):
    """α cos^(K−1)(θ − πk / K) on its half of the plane, twice."""
    K = orientations
    alpha = 2 ** (K - 1) * math.factorial(K - 1) / math.sqrt(K * math.factorial(2 * (K - 1)))

    def gain(theta):
        cosine = math.cos(theta - math.pi * k / K)
        return 2 * alpha * cosine ** (K - 1) if cosine > 0 else 0.0

    return gain


def test_bands_are_those_of_the_paper():
    x = noise(32, 48)
    spectrum = np.fft.fft2(x)
    pyramid = steerable_pyramid(x, 2)
    outer = paper_filter(x.shape, lambda r: low(r / 2))
    np.testing.assert_allclose(
        pyramid.high, np.fft.ifft2(spectrum * paper_filter(x.shape, lambda r: high(r / 2))).real
    )
    for level in range(2):
        step, radial = 2**level, outer
        for s in range(level):
            radial = radial * paper_filter(x.shape, lambda r, s=s: low(r * 2**s))
        np.testing.assert_allclose(
            pyramid.lows[level], np.fft.ifft2(spectrum * radial).real[::step, ::step], atol=1e-12
        )
        for k in range(4):
            mask = radial * paper_filter(x.shape, lambda r, s=level: high(r * 2**s), fan(k, 4))
            expected = np.fft.ifft2(spectrum * mask)[::step, ::step]
            np.testing.assert_allclose(pyramid.bands[level][k], expected, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(8, 40), st.integers(8, 40), st.integers(1, 3), st.integers(2, 6), st.integers(0, 9)
)
def test_no_energy_is_lost(height, width, levels, orientations, seed):
    x = noise(height, width, seed=seed) + 0.3
    pyramid = steerable_pyramid(x, levels, orientations)
    energy = (pyramid.high**2).mean() + (pyramid.lows[-1] ** 2).mean()
    energy += sum((np.abs(band) ** 2).mean((1, 2)).sum() / 2 for band in pyramid.bands)
    assert energy == pytest.approx((x**2).mean(), rel=1e-12)
    sizes = [(-(-height // 2**s), -(-width // 2**s)) for s in range(levels + 1)]
    assert [low.shape for low in pyramid.lows] == sizes
    assert [band.shape for band in pyramid.bands] == [(orientations, *s) for s in sizes[:-1]]


@pytest.mark.parametrize("k", range(4))
@pytest.mark.parametrize("level", range(3))
def test_a_grating_answers_in_its_band(k, level):
    y, x = np.mgrid[:64, :64]
    u, v = ((1, 0), (1, 1), (0, 1), (-1, 1))[k]
    waves = 16 / 2**level / math.hypot(u, v)
    grating = np.cos(2 * np.pi * round(waves) * (u * x + v * y) / 64)
    energies = [(np.abs(band) ** 2).mean((1, 2)) for band in steerable_pyramid(grating, 3).bands]
    assert np.unravel_index(np.argmax(energies), (3, 4)) == (level, k)


def test_magnitudes_move_with_the_picture():
    x = noise(32, 32)
    still, moved = (steerable_pyramid(image, 3) for image in (x, np.roll(x, (8, -4), (0, 1))))
    for level, (a, b) in enumerate(zip(still.bands, moved.bands, strict=True)):
        steps = 8 >> level, -(4 >> level)
        np.testing.assert_allclose(np.roll(np.abs(a), steps, (1, 2)), np.abs(b), atol=1e-12)


def test_what_cannot_be_taken_apart():
    with pytest.raises(ValueError, match="sides of at least 16 for 4 levels"):
        steerable_pyramid(noise(15, 40))
    with pytest.raises(ValueError, match="expected image"):
        steerable_pyramid(noise(3, 40, 40))
    with pytest.raises(ValueError, match="2 orientations"):
        steerable_pyramid(noise(16, 16), 2, 1)


def test_the_smooth_part_has_a_laplacian_at_the_borders_only():
    x = noise(9, 14)
    smooth = x - periodic_part(x)
    laplacian = sum(np.roll(smooth, s, a) for a in (0, 1) for s in (1, -1)) - 4 * smooth
    jump = np.zeros(x.shape)
    for i in range(9):
        jump[i, 0] += x[i, -1] - x[i, 0]
        jump[i, -1] += x[i, 0] - x[i, -1]
    for j in range(14):
        jump[0, j] += x[-1, j] - x[0, j]
        jump[-1, j] += x[0, j] - x[-1, j]
    np.testing.assert_allclose(laplacian, jump, atol=1e-12)
    assert smooth.mean() == pytest.approx(0, abs=1e-12)


def test_a_slope_goes_and_what_repeats_stays():
    y, x = np.mgrid[:40, :30].astype(float)
    slope = 3 * y + x
    assert periodic_part(slope).std() < slope.std() / 29
    closed = noise(12, 12)
    closed[-1], closed[:, -1] = closed[0], closed[:, 0]
    closed[-1, -1] = closed[0, 0]
    np.testing.assert_allclose(periodic_part(closed), closed, atol=1e-12)


def test_shrinking_keeps_low_frequencies_and_drops_high_ones():
    y, x = np.mgrid[:24, :36]
    wave = 0.5 + np.cos(2 * np.pi * (2 * y / 24 + 3 * x / 36))
    np.testing.assert_allclose(shrink(wave, (12, 18)), wave[::2, ::2], atol=1e-12)
    fine = np.cos(2 * np.pi * 10 * x / 36)
    np.testing.assert_allclose(shrink(np.stack([fine, wave]), (12, 18))[0], 0, atol=1e-12)
