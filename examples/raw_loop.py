"""A network and its training without layers, optimiser or Model: everything on one screen.

Three spirals of points, two numbers each. Which spiral does a place belong to?
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import nnscratch as nns
import nnscratch.functional as F
from nnscratch import Tensor

# 100 points on each of 3 spirals: the radius grows while the angle turns.
rng = np.random.default_rng(0)
labels = np.repeat([0, 1, 2], 100)
radius = np.tile(np.linspace(0.05, 1, 100), 3)
angle = 4 * radius + labels * 2 * np.pi / 3 + rng.normal(0, 0.15, 300)
points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # (300, 2)
points = points.astype(np.float32)

# Two layers of weights. He's rule keeps the size of the numbers from layer to layer.
w1 = Tensor(rng.normal(0, np.sqrt(2 / 2), (2, 64)).astype(np.float32), requires_grad=True)
b1 = Tensor(np.zeros(64, np.float32), requires_grad=True)
w2 = Tensor(rng.normal(0, np.sqrt(2 / 64), (64, 3)).astype(np.float32), requires_grad=True)
b2 = Tensor(np.zeros(3, np.float32), requires_grad=True)
parameters = [w1, b1, w2, b2]
velocities = [np.zeros(p.shape, np.float32) for p in parameters]


def scores(x):
    """x (N, 2) -> (N, 3), the largest where the net believes x to belong."""
    return F.relu(x @ w1 + b1) @ w2 + b2


for step in range(1, 1001):
    loss = F.cross_entropy(scores(Tensor(points)), labels)
    for p in parameters:
        p.grad = None  # backward adds to what is there
    loss.backward()
    for p, v in zip(parameters, velocities, strict=True):
        v *= 0.9  # momentum: keep most of the last step,
        v -= 0.1 * p.grad.numpy()  # and go downhill
        p.data = p.data + v
    if step in (1, 10, 100, 1000):
        right = np.mean(scores(Tensor(points)).numpy().argmax(axis=1) == labels)
        print(f"step {step:4}: loss {loss.item():.4f}, right {right:.1%}")

# The answer for every place of a square.
path = sys.argv[1] if len(sys.argv) > 1 else "raw_loop.png"
x, y = np.meshgrid(*[np.linspace(-1.2, 1.2, 200, dtype=np.float32)] * 2)
with nns.no_grad():
    answers = scores(Tensor(np.stack([x.ravel(), y.ravel()], axis=1))).numpy().argmax(axis=1)
plt.figure(figsize=(5, 5))
plt.contourf(x, y, answers.reshape(x.shape), levels=[-0.5, 0.5, 1.5, 2.5], alpha=0.3)
plt.scatter(*points.T, c=labels, s=12)
plt.savefig(path, dpi=100)
print(f"wrote {path}")
