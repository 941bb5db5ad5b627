"""A Siamese network learns to compare people, not to name them.

A triplet is an anchor, another picture of that person (the positive) and one of somebody else (the
negative). The positive must become nearer. The test people are not those it has learnt from.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import nnscratch.functional as F
from nnscratch import Tensor, nn, optim
from nnscratch.faces.drawn.people import generated_people

known = generated_people(people=200, images=6, size=32, seed=0)  # images (1200, 1, 32, 32)
unseen = generated_people(people=20, images=8, size=32, seed=1)
layers = []
for i, (channels, width) in enumerate([(1, 12), (12, 24), (24, 48)]):
    layers += [nn.Conv2d(channels, width, 3, padding=1, rng=i), nn.BatchNorm2d(width)]
    layers += [nn.ReLU(), nn.MaxPool2d(2)]
encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(48 * 4 * 4, 64, rng=3), nn.L2Normalize())


def judge(ax, title):
    """Draw the distances of unseen pairs; print how many pairs of one person are verified."""
    encoder.eval()
    distances = F.pairwise_distances(encoder(Tensor(unseen.images)).detach()).numpy()
    i, j = np.triu_indices(len(distances), 1)  # each pair once
    same, distances = unseen.labels[i] == unseen.labels[j], distances[i, j]
    one, two = distances[same], distances[~same]  # pairs of one person, pairs of two
    limit = np.quantile(two, 0.05)  # 5 % of different people's pairs pass
    print(f"{title}: {np.mean(one <= limit):.1%} of one person's pairs are verified")
    ax.hist([one, two], 40, density=True, histtype="step", label=["one person", "two people"])
    ax.axvline(limit, color="black", label="limit")
    ax.set(title=f"{title}: {np.mean(one <= limit):.1%} verified", xlabel="distance")
    ax.legend()


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
judge(left, "before training")
rng = np.random.default_rng(0)
optimizer = optim.Adam(encoder.parameters(), lr=3e-3)
encoder.train()
for _ in range(120):
    people = rng.choice(200, 24, replace=False)
    rows = np.concatenate([6 * p + rng.choice(6, 2, replace=False) for p in people])
    codes = encoder(Tensor(known.images[rows]))  # (48, 64): two rows for each person
    distances = F.pairwise_distances(codes.detach()).numpy()
    distances[known.labels[rows][:, None] == known.labels[rows]] = np.inf
    negative = distances.argmin(axis=1)  # a hard one: the nearest of all others
    positive = np.arange(48) ^ 1  # row 0 has row 1, and row 1 has row 0
    loss = F.triplet_margin_loss(codes, codes[positive], codes[negative], margin=0.3)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
judge(right, "after training")
path = sys.argv[1] if len(sys.argv) > 1 else "siamese.png"
figure.savefig(path, dpi=100)
print(f"wrote {path}")
