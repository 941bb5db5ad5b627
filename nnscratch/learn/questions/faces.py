"""Questions on comparing faces: triplets, distances, thresholds, adding a person.

Stands on `faces`.
"""

import numpy as np

import nnscratch.functional as F
from nnscratch import Tensor, grad, nn
from nnscratch.faces import losses, metrics, mining
from nnscratch.faces.distances import METRICS, distances, pair_distances
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.model import state_hash
from nnscratch.learn.quiz import predictions, predicts, question, row, small
from nnscratch.nn.init import orthogonal
from nnscratch.optim import Adam

TOPIC = "faces"
MARGIN = 0.2
LIMIT = 1.0  # squared distance up to which a face is recognised


# -- triplets -------------------------------------------------------------------------------------


@question(
    TOPIC,
    predicts("batch-all", 0.0),
    lambda c: abs(c["batch-all"] - MARGIN) < 1e-9 and c["gradient"] < 1e-9,
    lambda c: abs(c["batch-all"] - MARGIN) < 1e-9 < c["gradient"],
    predicts("batch-all", 4.0),
)
def collapse():
    """A network gives every face the same encoding. The margin is 0.2, distances are squared. What
    is the triplet loss?

    - 0: every face is in the right place
    - 0.2, and the gradient is 0
    - 0.2, and a gradient that moves the people apart
    - 4, the largest value on a unit sphere

    Both distances are 0, so only the margin is left, and at squared distance 0 the slope is 0.
    If a loss stays at its margin, look at the encodings, not at the loss.
    """
    labels = np.repeat(np.arange(4), 3)
    f = Tensor(np.tile([0.6, 0.0, 0.8], (12, 1)), requires_grad=True)
    values = {n: losses.LOSSES[n](f, labels) for n in ("batch-all", "batch-hard", "semi-hard")}
    numbers = {name: value.item() for name, value in values.items()}
    gradient = max(float(np.abs(grad(v, [f])[0].numpy()).max()) for v in values.values())
    active = len(mining.all_active(distances(f).numpy(), labels, MARGIN))
    return {**numbers, "gradient": gradient}, [
        ", ".join(f"{name} {number:.3f}" for name, number in numbers.items()),
        f"largest gradient: {small(gradient)}",
        f"active triplets: {active} of {len(mining.valid_triplets(labels))}",
    ]


@question(TOPIC, *predictions("semi-hard", [0], [1], [2], [1, 2]))
def semi_hard():
    """The positive is at squared distance 1.00 from the anchor, three negatives are at 0.81, 1.10
    and 1.69. The margin is 0.2. Which of them does semi-hard mining choose?

    - 0.81: the nearest teaches most
    - 1.10: farther than the positive, but within the margin
    - 1.69: the farthest is the safest
    - 1.10 and 1.69: all that are farther

    Hard negatives may make a young network collapse, easy ones have no loss and teach nothing.
    Semi-hard ones are in the right order, but within the margin.
    """
    # anchor, positive and three other people on a line
    f, labels = np.array([[0.0], [1.0], [-0.9], [-1.05], [-1.3]]), np.array([0, 0, 1, 2, 3])
    d = distances(f).numpy()
    triplets = np.array([[0, 1, n] for n in (2, 3, 4)])
    kinds = [mining.KINDS[k] for k in mining.kinds(d, triplets, MARGIN)]
    costs = [losses.triplet(f, triplets[i : i + 1], MARGIN).item() for i in range(3)]
    chosen = {
        name: [int(n) - 2 for a, _, n in mine(d, labels, MARGIN) if a == 0]
        for name, mine in (("semi-hard", mining.semi_hard), ("batch-hard", mining.hardest))
    }
    lines = [
        f"negative at {negative:.2f}: {kind:<9}  loss {cost:.2f}"
        for negative, kind, cost in zip(d[0, 2:], kinds, costs, strict=True)
    ]
    words = (f"{name} mining chooses {row(d[0, 2:][c])}" for name, c in chosen.items())
    return chosen, [*lines, ", ".join(words)]


# -- distances ------------------------------------------------------------------------------------


@question(
    TOPIC,
    *(predicts(t, 0) for t in ("0.5", "1.5", "4.5")),
    lambda c: min(c[t] for t in ("0.5", "1.5", "4.5")) > 0,
)
def threshold_and_scale():
    """All encodings of a network become 3 times as long. Which threshold on squared distances
    gives the same decisions as 0.5 before?

    - 0.5, as before
    - 1.5
    - 4.5
    - none: the network must be trained again

    Squared distances grow with the square of the scale. The order of the pairs stays, and so
    does the ROC, but a threshold belongs to one scale. Encodings of length 1 have no scale.
    """
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(20), 3)
    f = 0.35 * rng.standard_normal((20, 8))[labels] + 0.15 * rng.standard_normal((60, 8))
    before, after = (pair_distances(x, labels) for x in (f, 3 * f))
    cosines = [pair_distances(x, labels, "cosine").distances for x in (f, 3 * f)]
    accepted = before.distances <= 0.5
    changed = {
        str(t): int(np.count_nonzero((after.distances <= t) != accepted)) for t in (0.5, 1.5, 4.5)
    }
    areas = [metrics.auc(pairs.distances, pairs.same) for pairs in (before, after)]
    return {**changed, "auc": areas}, [
        f"{accepted.sum()} of {len(accepted)} pairs were accepted; decisions that change:",
        *(f"  threshold {t}: {count}" for t, count in changed.items()),
        f"area under the ROC: {areas[0]:.4f} and {areas[1]:.4f}; "
        f"cosines change by {small(float(np.abs(cosines[0] - cosines[1]).max()))}",
    ]


@question(TOPIC, *predictions("squared", 0.36, 0.4, 0.64, 0.8))
def squared_and_cosine():
    """Two encodings of length 1 have the cosine 0.6. What is their squared distance?

    - 0.36: the square of the cosine
    - 0.4: 1 minus the cosine
    - 0.64: 1 minus its square
    - 0.8: 2 minus twice the cosine

    |a - b|^2 = 1 + 1 - 2 ab. For encodings of length 1 all three distances put pairs in the
    same order; only the thresholds differ.
    """
    a, b = np.array([[1.0, 0.0]]), np.array([[0.6, 0.8]])
    x = F.normalize(np.random.default_rng(8).standard_normal((40, 6)))
    squared, cosines = distances(x).numpy(), (x @ x.T).numpy()
    same_order = float(np.mean(squared[0].argsort() == (-cosines[0]).argsort()))
    by_metric = {metric: distances(a, b, metric).item() for metric in METRICS}
    return by_metric, [
        f"a = (1, 0), b = (0.6, 0.8): a * b = {(a @ b.T).item():.2f}",
        "distances: " + ", ".join(f"{metric} {d:.2f}" for metric, d in by_metric.items()),
        "40 random unit vectors: |squared - (2 - 2 cos)| at most "
        + small(float(np.abs(squared - (2 - 2 * cosines)).max())),
        f"neighbours in the same order by both: {100 * same_order:.0f} %",
    ]


# -- one picture is enough ------------------------------------------------------------------------


@question(
    TOPIC,
    predicts("knows", [0, 1, 1]),
    predicts("knows", [0, 1, 0]),
    lambda c: c["knows"][:2] == [1, 1],
    lambda c: c["knows"][:2] == [0, 0],
)
def one_shot():
    """A softmax classifier and a gallery of encodings know four people. A fifth comes and shows
    one picture, which the gallery stores. Nothing is trained. Which of them recognises the
    fifth?

    - the gallery, and it recognises the others as before
    - the gallery, but it forgets some of the others
    - both: a classifier adapts as well
    - neither: the network has not seen the fifth

    A softmax has one output for each person, so a newcomer needs new weights and training. A
    network that learned to compare needs one more encoding: this is one-shot learning.
    """
    rng = np.random.default_rng(9)
    people = np.repeat(np.arange(5), 10)  # number 4 is the newcomer
    pictures = np.eye(5, 16)[people] + 0.1 * rng.standard_normal((50, 16))
    pictures = pictures.astype(np.float32)
    network = nn.Sequential(nn.Linear(16, 16, bias=False, rng=0), nn.L2Normalize())
    network[0].weight = nn.Parameter(orthogonal((16, 16), rng))
    weights = state_hash(network.state_dict())
    f, known = network(Tensor(pictures)).numpy(), people < 4
    said = _classifier(f[known], people[known])(Tensor(f)).numpy().argmax(1)

    gallery = Gallery(16, weights)
    for person in range(4):
        gallery.enrol(str(person), f[person * 10])
    before = [answer.name for answer in gallery.identify(f, LIMIT)]
    gallery.enrol("4", f[40])
    after = [answer.name for answer in gallery.identify(f, LIMIT)]

    by_classifier, by_gallery = said == people, np.array(after) == people.astype(str)
    new = slice(41, 50)  # picture 40 is in the gallery
    taken_for = np.bincount(said[new], minlength=4)
    changed = sum(a != b for a, b in zip(before[:40], after[:40], strict=True))
    same_weights = state_hash(network.state_dict()) == weights
    knows = [by_classifier[new].sum() >= 5, by_gallery[new].sum() >= 5, changed == 0]
    return {"knows": [int(known) for known in knows], "changed answers": changed}, [
        f"classifier right: {by_classifier[known].sum()} of 40 pictures of the four, "
        f"{by_classifier[new].sum()} of 9 others of the fifth",
        f"  it takes the fifth for one of the four: {row(taken_for)} times",
        f"gallery right:    {by_gallery[known].sum()} of 40, {by_gallery[new].sum()} of 9 "
        f"(before: {sum(name is None for name in before[new])} of 9 not recognised)",
        f"  changed answers about the four: {changed}; "
        f"changed weights: {'none' if same_weights else 'some'}",
        "pictures here are rows of 16 numbers, those of a person near one direction",
    ]


def _classifier(f, people):
    """Four people by softmax."""
    layer = nn.Linear(16, 4, rng=0)
    optimizer = Adam(layer.parameters(), lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(layer(Tensor(f)), people).backward()
        optimizer.step()
    return layer
