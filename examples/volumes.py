"""Convolution in three dimensions: is it a ball or a piece of a tube?

In a scan of the lung a nodule is a ball and a vessel is a tube. Cut across, both are a bright disc,
so one slice does not tell. A network that slides its filters along the depth as well can tell:
14 x 14 x 14 x 1 -> 10 x 10 x 10 x 16 -> 6 x 6 x 6 x 32, then a score for each kind.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from nnscratch import nn
from nnscratch.training import Model

data = np.load(Path(__file__).parent.parent / "data" / "volume.npz")
voxels = data["voxels"].astype(np.float32) / 255  # depth, height, width
around = [tuple(slice(c - 7, c + 7) for c in centre) for centre in data["centres"]]
cubes = np.stack([voxels[box] for box in around])
cubes = cubes[:, None] - cubes.mean()  # (72, 1, 14, 14, 14)
balls = data["balls"].astype(int)
slices = cubes[:, :, 7]  # the middle of each: (72, 1, 14, 14)
seen, new = slice(0, 36), slice(36, 72)


def answers(name, conv, inputs):
    """Learn from the first half, answer for the second; 2-D and 3-D differ in `conv` alone."""
    ndim = inputs.ndim - 2
    network = nn.Sequential(
        conv(1, 16, 5, rng=1),
        nn.ReLU(),
        conv(16, 32, 5, rng=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 6**ndim, 2, rng=3),
    )
    model = Model(network).compile("adam", "cross_entropy")
    model.fit(inputs[seen], balls[seen], batch_size=12, epochs=15, verbose=False)
    found = model.predict(inputs[new]).argmax(axis=1)
    print(f"{name}: {np.mean(found == balls[new]):.0%} of 36 new ones are right")
    return found


by_slice = answers("a slice through the middle, 2-D", nn.Conv2d, slices)
by_cube = answers("the whole cube, 3-D", nn.Conv3d, cubes)

# Above: the slice that the 2-D network sees. Below: the cut along the depth, and the 3-D answer.
path = sys.argv[1] if len(sys.argv) > 1 else "volumes.png"
shown = [*np.flatnonzero(balls[new])[:4], *np.flatnonzero(balls[new] == 0)[:4]]
figure, axes = plt.subplots(2, 8, figsize=(10, 3.2), layout="constrained")
for number, (above, below) in zip(shown, axes.T, strict=True):
    cube, truth = cubes[new][number, 0], balls[new][number]
    for ax, cut, found in ((above, cube[7], by_slice), (below, cube[:, 7], by_cube)):
        ax.imshow(cut, cmap="gray")
        ax.axis("off")
        colour = "black" if found[number] == truth else "red"
        ax.set_title(("tube", "ball")[found[number]], color=colour, size=10)
figure.savefig(path, dpi=100)
print(f"wrote {path}")
