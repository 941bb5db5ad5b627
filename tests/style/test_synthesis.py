"""Textures in one, two and three dimensions: liker to their samples than noise is, and than chance.

How like two textures are is measured without a network: by the power in bands of frequency, and by
correlations with themselves some places on.
"""

from dataclasses import replace

import numpy as np
import pytest

from nnscratch.style import Objective, synthesis, synthesize, vgg
from nnscratch.style.synthesis import FROM_NOISE

QUICK = replace(FROM_NOISE, iterations=40, scales=2)


def pulses(length, seed=0):
    """Chirps that fade, at somewhat irregular distances, in a little noise: (1, length)."""
    rng, t = np.random.default_rng(seed), np.arange(48)
    signal, start = 0.03 * rng.standard_normal(length), 0
    while start < length - len(t):
        signal[start : start + len(t)] += np.sin(t * (0.4 + t / 180)) * np.exp(-t / 14)
        start += rng.integers(55, 75)
    return (0.5 + 0.35 * signal).clip(0, 1)[None].astype(np.float32)


def balls(*size, seed=0):
    """Bright balls on dark ground, which wraps: (1, *size), of any dimensions."""
    rng = np.random.default_rng(seed)
    places, sides = np.indices(size), np.reshape(size, (-1, *(1,) * len(size)))
    picture = np.full(size, 0.2)
    for _ in range(np.prod(size) // 12 ** len(size) * 2):
        centre, radius = rng.uniform(0, 1, sides.shape) * sides, rng.uniform(2.5, 4.5)
        apart = np.abs((places - centre + sides / 2) % sides - sides / 2)
        distance = np.sqrt((apart**2).sum(0))
        picture = np.maximum(picture, 0.9 / (1 + np.exp(2 * (distance - radius))))
    return picture[None].astype(np.float32)


SAMPLES = {"signal": pulses(1024), "picture": balls(48, 48), "volume": balls(24, 24, 24)}
LAGS = {"signal": 24, "picture": 8, "volume": 6}


# -- how like two textures are --------------------------------------------------------------------


def band_powers(x, bands=8):
    """Log power in bands of frequency, the same in all directions: (1, *size) -> (bands,)."""
    power = np.abs(np.fft.fftn(x[0] - x.mean(), norm="forward")) ** 2
    grids = np.meshgrid(*map(np.fft.fftfreq, power.shape), indexing="ij")
    frequency = np.sqrt(sum(grid**2 for grid in grids))
    edges = np.linspace(0, 0.5, bands + 1)
    rings = [(low <= frequency) & (frequency < up) for low, up in zip(edges, edges[1:], strict=0)]
    return np.log10([power[ring].mean() for ring in rings])


def correlations(x, lags):
    """With itself, 1 to `lags` places on along each axis: (1, *size) -> (axes · lags,)."""
    apart = x[0] - x.mean()
    moved = [np.roll(apart, lag, axis) for axis in range(apart.ndim) for lag in range(1, lags + 1)]
    return np.array([(apart * y).mean() for y in moved]) / apart.var()


def unlikeness(x, sample, lags):
    """The mean differences of both."""
    pairs = [(band_powers(v), correlations(v, lags)) for v in (x, sample)]
    return np.array([np.abs(a - b).mean() for a, b in zip(*pairs, strict=True)])


@pytest.fixture(scope="module", params=SAMPLES)
def made(request):
    """A sample, its texture, and how far correlations reach."""
    sample = SAMPLES[request.param]
    steps = []
    result = synthesize(sample, settings=QUICK, on_step=steps.append)
    assert len(steps) == len(result.history) <= 80
    return sample, result, LAGS[request.param]


def test_a_texture_is_like_its_sample(made):
    """Than noise, and than the sample's own values in disorder, at least three times nearer."""
    sample, result, lags = made
    found = result.image
    rng = np.random.default_rng(1)
    noise = rng.uniform(0.3, 0.7, sample.shape).astype(np.float32)
    disorder = rng.permutation(sample.ravel()).reshape(sample.shape)
    for other in (noise, disorder):
        assert (3 * unlikeness(found, sample, lags) < unlikeness(other, sample, lags)).all()
    assert found.mean() == pytest.approx(sample.mean(), abs=0.03)
    assert found.std() == pytest.approx(sample.std(), rel=0.15)


def test_a_texture_is_new(made):
    """No copy, moved or not."""
    sample, result, _ = made
    spectra = [np.fft.fftn(x[0] - x.mean()) for x in (result.image, sample)]
    product = np.fft.ifftn(spectra[0] * spectra[1].conj()).real
    most = product.max() / (result.image.std() * sample.std() * sample.size)
    assert most < 0.6


def test_a_texture_is_a_result_in_range(made):
    sample, result, _ = made
    assert result.image.shape == sample.shape and result.image.dtype == np.float32
    assert 0 <= result.image.min() <= result.image.max() <= 1
    assert result.loss < 0.2 * result.history[0]["loss"]
    assert all(step["content"] == step["tv"] == 0 for step in result.history)


# -- what can be chosen ---------------------------------------------------------------------------


BRIEF = replace(FROM_NOISE, iterations=2, scales=1)


@pytest.mark.parametrize("size", [(90,), (40,)])
def test_any_size(size):
    found = synthesize(pulses(64), size, settings=BRIEF).image
    assert found.shape == (1, *size)


def test_a_seed_repeats_and_another_differs():
    sample = pulses(64)
    seeds = [synthesize(sample, settings=replace(BRIEF, seed=seed)).image for seed in (1, 1, 2)]
    np.testing.assert_array_equal(seeds[0], seeds[1])
    assert np.abs(seeds[0] - seeds[2]).max() > 0.01


def test_a_content_weight_counts_as_0():
    sample = balls(16, 16)
    with_content, without = (
        synthesize(sample, objective=Objective(weight, tv_weight=2.0), settings=BRIEF)
        for weight in (50.0, 0.0)
    )
    np.testing.assert_array_equal(with_content.image, without.image)
    assert with_content.history[0]["tv"] > 0


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 16, 16), (3, 32), (2, 16, 16, 16)])
def test_the_network_is_for_the_sample(shape, monkeypatch):
    """The built-in one for RGB; else a random one of as many channels and dimensions."""
    seen = []
    monkeypatch.setattr(synthesis, "stylize", lambda network, *rest: seen.append(network))
    synthesize(np.random.default_rng(0).random(shape).astype(np.float32))
    (network,) = seen
    assert (network.channels, network.ndim) == (shape[0], len(shape) - 1)
    channels = [len(conv.weight) for conv in network.convs.values()]
    builtin = [item for item in vgg.CONFIGS["builtin"] if item != "M"]
    assert (channels == builtin) == (shape == (3, 16, 16))


def test_a_network_that_wraps_gives_a_texture_without_a_seam():
    """At the border neighbours differ no more than elsewhere."""
    sample = balls(32, 32)
    for padding, seam in (("wrap", False), ("edge", True)):
        network = vgg.random((16, "M", 24), sample[None], padding=padding)
        picture = synthesize(sample, network=network, settings=QUICK).image[0]
        inside = np.abs(np.diff(picture, axis=0)).mean()
        across = np.abs(picture[0] - picture[-1]).mean()
        assert (across > 2 * inside) == seam


@pytest.mark.parametrize(
    ("sample", "options", "told"),
    [
        (np.zeros((3, 4, 4), np.uint8), {}, "a sample of floats, .* of uint8"),
        (np.zeros(5), {}, r"got shape \(5,\)"),
        (np.zeros((1, 2, 2, 2, 2)), {}, "got shape"),
        (np.zeros((1, 0)), {}, "got shape"),
        (np.array([[-0.5, 1.0]]), {}, r"in \[0, 1\], got -0.5 to 1; scale it"),
        (np.array([[np.nan, 1.0]]), {}, "got nan"),
        (pulses(64), {"size": (4, 4)}, r"a size such as the sample's \(64,\), got \(4, 4\)"),
        (pulses(64), {"size": (0,)}, r"got \(0,\)"),
        (pulses(64), {"settings": replace(BRIEF, init="content")}, "no content to begin with"),
        (pulses(8), {}, "too small for conv5_1, which needs 16"),
    ],
)
def test_what_cannot_be_done(sample, options, told):
    with pytest.raises(ValueError, match=told):
        synthesize(sample, **options)
