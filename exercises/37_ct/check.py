"""Claims about volumes."""

import math

import numpy as np
from scipy import signal

from nnscratch.learn import claim

FUNCTIONS = ("conv3d", "measure")
READS = "nnscratch/kernels/conv.py"
FORBIDDEN = {
    f"scipy.{name}": "write the sum over the places of the filter yourself"
    for name in (
        *(f"signal.{name}" for name in ("convolve", "correlate", "fftconvolve", "oaconvolve")),
        *(f"ndimage.{name}" for name in ("convolve", "correlate")),
    )
}


def _layer(rng, rung):
    """x, filters and stride; all axes differ, and places may be left over at the end."""
    if rung == 0:
        x = np.arange(1.0, 13).reshape(1, 3, 2, 2)
        return x, np.array([[[[[1.0], [2.0]], [[3.0], [4.0]]]]]), (1, 1, 1)
    kernel = rng.permutation([1, 2, 3])
    stride = rng.permutation([1, 2, 3]) if rung == 2 else np.ones(3, int)
    places = rng.permutation([1, 2, 3]) + 1
    size = kernel + (places - 1) * stride + (rng.integers(0, stride) if rung == 2 else 0)
    size = np.maximum(size, 3)  # room for the filter in any order of its axes
    channels, count = (1, 2) if rung == 1 else rng.permutation([2, 3])
    x = rng.standard_normal((channels, *size))
    return x, rng.standard_normal((count, channels, *kernel)), tuple(int(s) for s in stride)


def _scan(rng, rung):
    """ct, level and spacing; some voxels are exactly at the level."""
    if rung == 0:
        slices, rows = np.array([0.0, 30]), np.array([0.0, 6])
        ct = slices[:, None, None] + rows[:, None] + np.array([0.0, 2.5, 10])
        return ct, 36.0, (5.0, 2.0, 1.25)
    size = rng.permutation([4, 5, 6]) if rung == 1 else rng.permutation([2, 4, 7])
    places = np.meshgrid(*(np.linspace(-1, 1, n) for n in size), indexing="ij")
    blob = 400 * np.exp(
        -2 * sum((p - c) ** 2 for p, c in zip(places, rng.uniform(-1, 1, 3), strict=True))
    )
    ct = np.round(blob + 40 * rng.standard_normal(size))
    level = float(rng.choice(ct[ct > 0]))
    spacing = rng.permutation([rng.uniform(2, 6), rng.uniform(1, 1.5), rng.uniform(0.3, 0.8)])
    return ct, level, tuple(float(mm) for mm in spacing)


def _scipy(f, rng, rung):
    x, filters, stride = _layer(rng, rung)
    y = np.stack([signal.correlate(x, one, "valid", method="direct")[0] for one in filters])
    return {"y": y[(slice(None), *(slice(None, None, s) for s in stride))]}


def _loops(f, rng, rung):
    """Voxel by voxel."""
    ct, level, spacing = _scan(rng, rung)
    steepness, volume = np.zeros(ct.shape), 0.0
    for at in np.ndindex(ct.shape):
        slopes = []
        for axis, mm in enumerate(spacing):
            low, high = list(at), list(at)
            low[axis] = max(at[axis] - 1, 0)
            high[axis] = min(at[axis] + 1, ct.shape[axis] - 1)
            rise = ct[tuple(high)] - ct[tuple(low)]
            slopes.append(rise / ((high[axis] - low[axis]) * mm))
        steepness[at] = math.hypot(*slopes)
        volume += (ct[at] >= level) * spacing[0] * spacing[1] * spacing[2]
    return {"millilitres": volume / 1000, "steepness": steepness}


@claim(
    "filters through a volume", by_hand="y[0,0,0,0] = (1*1 + 3*2) + (5*3 + 7*4) = 50", oracle=_scipy
)
def filters(f, rng, rung):
    return {"y": f.conv3d(*_layer(rng, rung))}


@claim(
    "millilitres, and HU per mm",
    by_hand="steepness[0,0,0] = sqrt((30/5)**2 + (6/2)**2 + (2.5/1.25)**2) = 7",
    oracle=_loops,
    image=("steepness",),
)
def millimetres(f, rng, rung):
    millilitres, steepness = f.measure(*_scan(rng, rung))
    return {"millilitres": millilitres, "steepness": steepness}
