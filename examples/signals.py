"""Convolution along time: which heartbeats of an EKG are premature?

A premature beat comes from the wrong place in the heart: its wave is wide, and nothing announces
it. The network sees 14 moments around each beat, without knowing what came before or after, and
slides filters of length 5 along them: 14 x 1 -> 10 x 16 -> 6 x 32, then a score for each kind.
"""

import csv
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from nnscratch import nn
from nnscratch.training import Model

with open(Path(__file__).parent.parent / "data" / "ekg.csv", newline="") as file:
    rows = list(csv.DictReader(file))
signal = np.array([float(row["millivolts"]) for row in rows], np.float32)  # 100 a second
peaks = np.array([i for i, row in enumerate(rows) if row["beat"]])
premature = np.array([int(rows[i]["beat"] == "V") for i in peaks])

# 0.56 seconds around each beat, as 14 means of 4 values, free of the slow waves of breathing.
beats = np.stack([signal[i - 28 : i + 28].reshape(14, 4).mean(axis=1) for i in peaks])
beats = (beats - beats.mean(axis=1, keepdims=True))[:, None]  # (N, 1, 14)

network = nn.Sequential(
    nn.Conv1d(1, 16, 5, rng=1),
    nn.ReLU(),
    nn.Conv1d(16, 32, 5, rng=2),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(6 * 32, 2, rng=3),
)
model = Model(network).compile("adam", "cross_entropy", ["accuracy"], lr=3e-3)
print(model.summary((1, 1, 14)))

# Learn from the first two minutes, then listen to the third.
seen = peaks < 120 * 100
model.fit(beats[seen], premature[seen], epochs=15, seed=0, verbose=False)
found = model.predict(beats[~seen]).argmax(axis=1)
truth, hits = premature[~seen], (found == 1) & (premature[~seen] == 1)
print(f"learnt from {seen.sum()} beats, {premature[seen].sum()} of them premature")
print(f"of {truth.sum()} premature beats in {len(truth)} new ones: found {hits.sum()}")
print(f"normal beats called premature: {np.sum(found > truth)}")

path = sys.argv[1] if len(sys.argv) > 1 else "signals.png"
figure, axes = plt.subplots(3, 1, figsize=(10, 5), sharey=True, layout="constrained")
for number, ax in enumerate(axes):
    start = 12000 + 2000 * number  # 20 seconds a row
    ax.plot(np.arange(start, start + 2000) / 100, signal[start : start + 2000], lw=0.8)
    for at in peaks[~seen][found == 1]:
        if start <= at < start + 2000:
            ax.axvspan(at / 100 - 0.28, at / 100 + 0.28, color="red", alpha=0.25)
axes[0].set_title("the third minute; red: the network says premature")
axes[-1].set_xlabel("seconds")
figure.savefig(path, dpi=100)
print(f"wrote {path}")
