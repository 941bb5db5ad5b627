"""Create, compile, fit, evaluate, save: a network that reads digits.

The digits are drawn by program, each with its own slant, pen and noise. No network has seen the
ones it is judged on.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

from nnscratch import nn
from nnscratch.data import digits
from nnscratch.training import Model

images, labels = digits(3000, np.random.default_rng(0))  # (N, 1, 28, 28) and (N,)
test_images, test_labels = digits(1000, np.random.default_rng(1))

# Convolutions look for small patterns, poolings halve the picture, a dense layer decides.
network = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1, rng=1),  # 28 x 28 of 8 channels
    nn.ReLU(),
    nn.MaxPool2d(2),  # 14 x 14
    nn.Conv2d(8, 16, 3, padding=1, rng=2),  # 14 x 14 of 16 channels
    nn.ReLU(),
    nn.MaxPool2d(2),  # 7 x 7
    nn.Flatten(),  # 784 numbers
    nn.Linear(784, 10, rng=3),  # a score for each digit
)
model = Model(network).compile("adam", "cross_entropy", ["accuracy"], lr=3e-3)
print(model.summary((1, 1, 28, 28)))

before = model.evaluate(test_images, test_labels)
model.fit(images, labels, epochs=4, seed=0)
after = model.evaluate(test_images, test_labels)
print(f"right before training: {before['accuracy']:.1%}, after: {after['accuracy']:.1%}")

# The weights in one file; Model.load takes them back.
model.save("digits.npz")
answers = model.predict(test_images).argmax(axis=1)
wrong = np.flatnonzero(answers != test_labels)
print(f"wrote digits.npz; wrong: {len(wrong)} of {len(answers)} test digits")

# The first 24 test digits, then 8 of the mistakes.
path = sys.argv[1] if len(sys.argv) > 1 else "digits.png"
shown = [*range(24), *wrong[:8]]
figure, axes = plt.subplots(4, 8, figsize=(8, 4.6))
for ax in axes.flat:
    ax.axis("off")
for ax, number in zip(axes.flat, shown, strict=False):
    ax.imshow(test_images[number, 0], cmap="gray")
    right = answers[number] == test_labels[number]
    ax.set_title(answers[number] if right else f"{answers[number]} ({test_labels[number]})", size=9)
    ax.title.set_color("black" if right else "red")
figure.savefig(path, dpi=100)
print(f"wrote {path}")
