"""Questions on comparing people: triplets, distances, thresholds, adding a person.

Stands on `faces`.
"""

import numpy as np

import nnscratch.functional as F
from nnscratch import Tensor, grad, nn
from nnscratch.faces import losses, metrics, mining
from nnscratch.faces.distances import METRICS, distances, pair_distances
from nnscratch.faces.gallery import Gallery
from nnscratch.faces.model import state_hash
from nnscratch.learn.questions.words import row, small
from nnscratch.learn.quiz import Computed, Option, Question, predicts
from nnscratch.nn.init import orthogonal
from nnscratch.optim import Adam

TOPIC = "faces"
MARGIN = 0.2
LIMIT = 1.0  # squared distance at which a face is recognised


# -- triplets -------------------------------------------------------------------------------------


def _collapsed() -> Computed:
    labels = np.repeat(np.arange(4), 3)
    f = Tensor(np.tile([0.6, 0.0, 0.8], (12, 1)), requires_grad=True)
    values = {
        name: losses.LOSSES[name](f, labels) for name in ("batch-all", "batch-hard", "semi-hard")
    }
    gradients = [np.abs(grad(v, [f])[0].numpy()).max() for v in values.values()]
    return {
        **{name: value.item() for name, value in values.items()},
        "gradient": float(max(gradients)),
        "active": len(mining.all_active(distances(f).numpy(), labels, MARGIN)),
        "triplets": len(mining.valid_triplets(labels)),
    }


COLLAPSE = Question(
    TOPIC,
    "A network gives the same encoding to every face. The margin is 0.2, distances are squared. "
    "What does the triplet loss say?",
    (
        Option("0: everybody is at the right place", predicts("batch-all", 0.0)),
        Option(
            "0.2, and the gradient is 0",
            lambda c: abs(c["batch-all"] - MARGIN) < 1e-9 and c["gradient"] < 1e-9,
        ),
        Option(
            "0.2, and a gradient that draws the people apart",
            lambda c: abs(c["batch-all"] - MARGIN) < 1e-9 < c["gradient"],
        ),
        Option("4, the most there is on a unit sphere", predicts("batch-all", 4.0)),
    ),
    _collapsed,
    lambda c: [
        f"batch-all {c['batch-all']:.3f}, batch-hard {c['batch-hard']:.3f}, "
        f"semi-hard {c['semi-hard']:.3f}",
        f"largest gradient: {small(c['gradient'])}",
        f"active triplets: {c['active']} of {c['triplets']}",
    ],
    "Both distances are 0, the margin is what is left, and at squared distance 0 there is no "
    "slope to leave by. Where a loss rests at its margin, look at the encodings, not at the loss.",
)


def _mined() -> Computed:
    # anchor, positive and three strangers on a line
    f, labels = np.array([[0.0], [1.0], [-0.9], [-1.05], [-1.3]]), np.array([0, 0, 1, 2, 3])
    d = distances(f).numpy()
    triplets = np.array([[0, 1, n] for n in (2, 3, 4)])
    semi, hard = mining.semi_hard(d, labels, MARGIN), mining.hardest(d, labels, MARGIN)
    return {
        "positive": d[0, 1].item(),
        "negatives": d[0, 2:].tolist(),
        "kinds": [mining.KINDS[k] for k in mining.kinds(d, triplets, MARGIN)],
        "losses": [losses.triplet(f, triplets[i : i + 1], MARGIN).item() for i in range(3)],
        "semi-hard": [int(n) - 2 for a, _, n in semi if a == 0],
        "hardest": [int(n) - 2 for a, _, n in hard if a == 0],
    }


SEMI_HARD = Question(
    TOPIC,
    "The positive is at squared distance 1.00 from the anchor, three negatives are at 0.81, 1.10 "
    "and 1.69. The margin is 0.2. Which one does semi-hard mining take?",
    (
        Option("0.81: the nearest teaches most", predicts("semi-hard", [0])),
        Option("1.10: farther than the positive, but not enough", predicts("semi-hard", [1])),
        Option("1.69: the farthest is the safest", predicts("semi-hard", [2])),
        Option("1.10 and 1.69: all that are farther", predicts("semi-hard", [1, 2])),
    ),
    _mined,
    lambda c: [
        *(
            f"negative at {d:.2f}: {kind:<9}  loss {loss:.2f}"
            for d, kind, loss in zip(c["negatives"], c["kinds"], c["losses"], strict=True)
        ),
        f"semi-hard mining takes {_places(c, 'semi-hard')}, "
        f"batch-hard mining {_places(c, 'hardest')}",
    ],
    "Hard negatives may drive a young network to collapse, easy ones cost nothing and teach "
    "nothing. Semi-hard ones are in the right order, yet within the margin.",
)


def _places(c: Computed, which: str) -> str:
    return ", ".join(f"{c['negatives'][i]:.2f}" for i in c[which])


# -- distances ------------------------------------------------------------------------------------


def _scaled() -> Computed:
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(20), 3)
    f = 0.35 * rng.standard_normal((20, 8))[labels] + 0.15 * rng.standard_normal((60, 8))
    before, after = (pair_distances(x, labels) for x in (f, 3 * f))
    accepted = before.distances <= 0.5
    cosines = [pair_distances(x, labels, "cosine").distances for x in (f, 3 * f)]
    changed = {
        f"changed at {t:g}": int(np.count_nonzero((after.distances <= t) != accepted))
        for t in (0.5, 1.5, 4.5)
    }
    return {
        "pairs": len(accepted),
        "accepted": int(accepted.sum()),
        **changed,
        "auc before": metrics.auc(before.distances, before.same),
        "auc after": metrics.auc(after.distances, after.same),
        "cosine change": float(np.abs(cosines[0] - cosines[1]).max()),
    }


THRESHOLD_AND_SCALE = Question(
    TOPIC,
    "All encodings of a network become 3 times as long. Which threshold on squared distances "
    "gives the decisions that 0.5 gave before?",
    (
        Option("0.5, as before", predicts("changed at 0.5", 0)),
        Option("1.5", predicts("changed at 1.5", 0)),
        Option("4.5", predicts("changed at 4.5", 0)),
        Option(
            "none: the network must be trained anew",
            lambda c: min(c[f"changed at {t}"] for t in ("0.5", "1.5", "4.5")) > 0,
        ),
    ),
    _scaled,
    lambda c: [
        f"{c['accepted']} of {c['pairs']} pairs were accepted; decisions that change:",
        *(f"  threshold {t}: {c[f'changed at {t}']}" for t in ("0.5", "1.5", "4.5")),
        f"area under the ROC: {c['auc before']:.4f} and {c['auc after']:.4f}; "
        f"cosines change by {small(c['cosine change'])}",
    ],
    "Squared distances grow with the square of the scale. The order of pairs stays, so the ROC "
    "does, but a threshold belongs to one scale; encodings of length 1 have no scale.",
)


def _unit() -> Computed:
    a, b = np.array([[1.0, 0.0]]), np.array([[0.6, 0.8]])
    x = F.normalize(np.random.default_rng(8).standard_normal((40, 6)))
    squared, cosines = distances(x).numpy(), (x @ x.T).numpy()
    return {
        "a * b": float((a @ b.T).item()),
        **{m: distances(a, b, m).item() for m in METRICS},
        "2 - 2 cos": float(np.abs(squared - (2 - 2 * cosines)).max()),
        "order": float(np.mean(squared[0].argsort() == (-cosines[0]).argsort())),
    }


SQUARED_AND_COSINE = Question(
    TOPIC,
    "Two encodings of length 1 have the cosine 0.6. What is their squared distance?",
    tuple(
        Option(text, predicts("squared", x))
        for text, x in (
            ("0.36: the cosine, squared", 0.36),
            ("0.4: 1 less the cosine", 0.4),
            ("0.64: 1 less its square", 0.64),
            ("0.8: 2 less twice the cosine", 0.8),
        )
    ),
    _unit,
    lambda c: [
        f"a = (1, 0), b = (0.6, 0.8): a * b = {c['a * b']:.2f}",
        f"squared {c['squared']:.2f}, euclidean {c['euclidean']:.2f}, cosine distance "
        f"{c['cosine']:.2f}",
        f"40 random unit rows: |squared - (2 - 2 cos)| at most {small(c['2 - 2 cos'])}",
        f"neighbours in the same order by both: {100 * c['order']:.0f} %",
    ],
    "|a - b|^2 = 1 + 1 - 2 ab. For encodings of length 1 all three distances put pairs in the "
    "same order; only their thresholds differ.",
)


# -- one picture is enough ------------------------------------------------------------------------


def _newcomer() -> Computed:
    rng = np.random.default_rng(9)
    people = np.repeat(np.arange(5), 10)  # number 4 comes later
    pictures = np.eye(5, 16)[people] + 0.1 * rng.standard_normal((50, 16))
    network = nn.Sequential(nn.Linear(16, 16, bias=False, rng=0), nn.L2Normalize())
    network[0].weight = nn.Parameter(orthogonal((16, 16), rng))
    f, known = network(Tensor(pictures)).numpy(), people < 4
    classifier = _classifier(f[known], people[known])
    before = state_hash(network.state_dict())

    gallery = Gallery(16, before)
    for person in range(4):
        gallery.enrol(str(person), f[person * 10])
    first = [answer.name for answer in gallery.identify(f, LIMIT)]
    gallery.enrol("4", f[40])
    then = [answer.name for answer in gallery.identify(f, LIMIT)]
    said = classifier(Tensor(f)).numpy().argmax(1)
    return {
        "classifier, known": int((said == people)[known].sum()),
        "classifier, new": int((said == people)[41:].sum()),
        "classifier says": np.bincount(said[41:], minlength=4).tolist(),
        "gallery, known": sum(n == str(p) for n, p in zip(then, people, strict=True) if p < 4),
        "gallery, new": sum(name == "4" for name in then[41:]),
        "not recognised before": sum(name is None for name in first[41:]),
        "changed answers": sum(a != b for a, b in zip(first[:40], then[:40], strict=True)),
        "same network": state_hash(network.state_dict()) == before,
    }


def _classifier(f: np.ndarray, people: np.ndarray) -> nn.Linear:
    """Four people by softmax."""
    layer = nn.Linear(16, 4, rng=0)
    optimizer = Adam(layer.parameters(), lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(layer(Tensor(f)), people).backward()
        optimizer.step()
    return layer


ONE_SHOT = Question(
    TOPIC,
    "Four people are known to a softmax classifier, and to a gallery of encodings. A fifth comes "
    "and shows one picture, which the gallery stores. Nothing is trained. Who knows the fifth?",
    (
        Option("the gallery, and it knows the others as before", lambda c: _knows(c) == (0, 1, 1)),
        Option("the gallery, but it forgets some others", lambda c: _knows(c) == (0, 1, 0)),
        Option("both: a classifier adapts as well", lambda c: _knows(c)[:2] == (1, 1)),
        Option("neither: the network has not seen the fifth", lambda c: _knows(c)[:2] == (0, 0)),
    ),
    _newcomer,
    lambda c: [
        f"classifier right: {c['classifier, known']} of 40 pictures of the four, "
        f"{c['classifier, new']} of 9 others of the fifth",
        f"  it takes the fifth for one of the four: {row(c['classifier says'])} times",
        f"gallery right:    {c['gallery, known']} of 40, {c['gallery, new']} of 9 "
        f"(before: {c['not recognised before']} of 9 not recognised)",
        f"  answers about the four that changed: {c['changed answers']}; "
        f"weights that changed: {'none' if c['same network'] else 'some'}",
        "pictures here are rows of 16 numbers, those of a person near one direction",
    ],
    "A softmax has one output for each person, so a newcomer needs new weights and training. A "
    "network that learnt to compare needs one more encoding; that is one-shot learning.",
)


def _knows(c: Computed) -> tuple[int, int, int]:
    """Whether the classifier, and the gallery, know the fifth; whether the gallery is steady."""
    return (
        int(c["classifier, new"] >= 5),
        int(c["gallery, new"] >= 5),
        int(c["changed answers"] == 0),
    )


QUESTIONS = (COLLAPSE, SEMI_HARD, THRESHOLD_AND_SCALE, SQUARED_AND_COSINE, ONE_SHOT)
