"""Other right answers for volumes."""

import numpy as np

from nnscratch.learn import right


@right("conv3d")
def by_places_of_the_filter(x, filters, stride):
    """One matrix product for each place of the filter."""
    kernel = filters.shape[2:]
    places = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:], kernel, stride, strict=True)]
    y = np.zeros((len(filters), *places))
    for at in np.ndindex(*kernel):
        voxels = tuple(
            slice(i, i + (n - 1) * s + 1, s) for i, n, s in zip(at, places, stride, strict=True)
        )
        y += np.tensordot(filters[(..., *at)], x[(slice(None), *voxels)], axes=1)
    return y


@right("conv3d")
def by_pictures(x, filters, stride):
    """Loops over the outputs; each is a sum over one window."""
    (_, depth, height, width), (count, _, k0, k1, k2) = x.shape, filters.shape
    volume = []
    for d in range(0, depth - k0 + 1, stride[0]):
        picture = []
        for h in range(0, height - k1 + 1, stride[1]):
            row = []
            for w in range(0, width - k2 + 1, stride[2]):
                window = x[:, d : d + k0, h : h + k1, w : w + k2]
                row.append([(window * filters[o]).sum() for o in range(count)])
            picture.append(row)
        volume.append(picture)
    return np.array(volume).transpose(3, 0, 1, 2)


@right("measure")
def by_differences(ct, level, spacing):
    """Differences of neighbours; inside, the mean of the two."""
    squares = np.zeros(ct.shape)
    for axis, mm in enumerate(spacing):
        steps = np.diff(np.moveaxis(ct, axis, 0), axis=0) / mm
        slope = np.concatenate((steps[:1], (steps[1:] + steps[:-1]) / 2, steps[-1:]))
        squares += np.moveaxis(slope, 0, axis) ** 2
    dz, dy, dx = spacing
    return float((ct >= level).sum() * (dz * dy * dx) * 1e-3), squares**0.5


@right("measure")
def by_positions(ct, level, spacing):
    """Every voxel has a position in mm; slopes are differences divided by distances."""
    where = [mm * np.arange(n) for n, mm in zip(ct.shape, spacing, strict=True)]
    slopes = []
    for axis, mm in enumerate(where):
        after = np.minimum(np.arange(len(mm)) + 1, len(mm) - 1)
        before = np.maximum(np.arange(len(mm)) - 1, 0)
        run = (mm[after] - mm[before]).reshape([-1 if a == axis else 1 for a in range(3)])
        slopes.append((ct.take(after, axis) - ct.take(before, axis)) / run)
    voxel = np.prod([mm / 10 for mm in spacing])  # in cubic centimetres
    return np.sum(ct >= level) * voxel, np.linalg.norm(slopes, axis=0)
