"""A Siamese network with the triplet loss, as in FaceNet, on one page.

Stands on `nn`, `functional` and `optim`; the rest of `faces` does the same with more options.

A network f maps a picture to a unit vector. It is trained so that two pictures of one person lie
closer together than pictures of two people, and then tells people apart that it has never seen.
"Siamese" means that both pictures go through the same network with the same weights.

Source: Schroff, Kalenichenko and Philbin 2015, "FaceNet" (arXiv:1503.03832).
Differs from the paper: a small network, and Adam instead of AdaGrad.
"""

import numpy as np

import nnscratch.functional as F
from nnscratch import Tensor, nn, no_grad
from nnscratch.optim import Adam


class SiameseNet(nn.Module):
    """x (N, C, H, W) -> f (N, D) with |f| = 1. H and W are multiples of 4."""

    def __init__(self, channels, size, embedding=32, rng=None):
        rng = np.random.default_rng(rng)
        features = 32 * (size[0] // 4) * (size[1] // 4)
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(features, embedding, rng=rng), nn.L2Normalize()),
        )

    def forward(self, x):
        return self.layers(x)


def triplet_loss(anchor, positive, negative, alpha=0.2):
    """Mean of max(0, |a - p|² - |a - n|² + alpha): three encodings (T, D) -> (), equation 3.

    It is 0 when every triplet satisfies |a - p|² + alpha < |a - n|², equation 1.
    """
    near = ((anchor - positive) ** 2).sum(1)
    far = ((anchor - negative) ** 2).sum(1)
    return F.relu(near - far + alpha).mean()


def semi_hard_triplets(d, labels, alpha=0.2):
    """Squared distances d (B, B), labels (B,) -> rows (T, 3) of anchor, positive and negative.

    For every anchor and positive: the nearest negative with d(a, p) < d(a, n) < d(a, p) + alpha.
    Pairs without such a negative are left out. Source: equation 4.
    """
    triplets = []
    for a, p in np.argwhere(labels[:, None] == labels):
        semi_hard = (labels != labels[a]) & (d[a, p] < d[a]) & (d[a] < d[a, p] + alpha)
        if a != p and semi_hard.any():
            triplets.append((a, p, np.where(semi_hard, d[a], np.inf).argmin()))
    return np.array(triplets, int).reshape(-1, 3)


def batch_hard_triplets(d, labels):
    """The farthest positive and the nearest negative of each row: (B, B), (B,) -> (B, 3).

    Every label needs two rows. Source: Hermans, Beyer and Leibe 2017 (arXiv:1703.07737), eq. 5.
    """
    same = labels[:, None] == labels
    positive = np.where(same, d, -np.inf).argmax(1)
    negative = np.where(same, np.inf, d).argmin(1)
    return np.stack([np.arange(len(labels)), positive, negative], axis=1)


def train(network, images, labels, steps, people=8, pictures=4, alpha=0.2, lr=1e-3, rng=None):
    """Train on images (N, C, H, W), labels (N,); returns the loss of each step.

    Each batch holds several pictures of several people: without them it has no positives.
    """
    rng, optimizer, losses = np.random.default_rng(rng), Adam(network.parameters(), lr), []
    for _ in range(steps):
        drawn = rng.choice(np.unique(labels), people, replace=False)
        batch = np.concatenate([rng.choice(np.flatnonzero(labels == n), pictures) for n in drawn])
        f = network(Tensor(images[batch]))
        d = F.pairwise_distances(f.detach(), squared=True).numpy()  # no gradient for the choice
        triplets = semi_hard_triplets(d, labels[batch], alpha)
        if len(triplets) == 0:
            triplets = batch_hard_triplets(d, labels[batch])
        a, p, n = triplets.T
        loss = triplet_loss(f[a], f[p], f[n], alpha)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def same_person(network, a, b, threshold):
    """Whether each two pictures show one person: a, b (N, C, H, W) -> (N,) booleans.

    threshold: the largest squared distance to accept, 0 to 4. Source: section 4, D(x, y) <= d.
    """
    with no_grad():
        return ((network(Tensor(a)) - network(Tensor(b))) ** 2).sum(1).numpy() <= threshold
