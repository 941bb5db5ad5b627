"""A Siamese network learns to tell drawn faces apart, with the learner's loss, mining and metrics.

Stands on `learner_ops`, `data` and `nn`; the layers are the engine's.
"""

import numpy as np

import nnscratch.functional as F
from nnscratch import nn, optim
from nnscratch.faces.drawn.people import generated_people
from nnscratch.faces.encoder import encode
from nnscratch.faces.sampling import PKSampler
from nnscratch.learn.course_programs.measurement import Measurement
from nnscratch.learn.learner_ops import Fault, LearnerFunctions, triplet_loss
from nnscratch.tensor import Tensor

PEOPLE, IMAGES, PIXELS, NUISANCE = 60, 8, 24, 0.5
VALIDATION, TEST = 16, 24  # people
ENROLLED, SHOWN = 4, 4  # people in the database, and their pictures in it
P, K, MARGIN, RATE = 10, 4, 0.3, 3e-3
AREA = 0.9  # below the ROC, at least


def verify_faces(
    functions: LearnerFunctions, seed: int, steps: int, widths, most: float, least: float
) -> list[Measurement]:
    """Train a Siamese network with batch-hard triplets; test it on people it has not seen.

    The threshold is chosen on other people than those of the test.
    """
    rng = np.random.default_rng(seed)
    network = _network(widths, rng)
    _train(functions, network, steps, seed, rng)
    _, validation = _test(functions, network, VALIDATION, 3 * seed + 1, rng)
    rows, test = _test(functions, network, TEST, 3 * seed + 2, rng)
    at_best, auc = functions.get(29, "at_best"), functions.get(29, "auc")
    threshold, far, frr = map(float, at_best.arrays(((), (), ()), validation, test))
    (area,) = auc.arrays(((),), test)
    return [
        Measurement("EER", _equal_error(test), "at most", most),
        Measurement("AUC", float(area), "at least", AREA),
        Measurement("false accepts", far),
        Measurement("false rejects", frr),
        Measurement("recognised", _recognised(functions, rows, threshold), "at least", least),
    ]


def _network(widths: tuple[int, ...], rng: np.random.Generator) -> nn.Sequential:
    """x (N, 1, PIXELS, PIXELS) -> encodings (N, 32), not normalised."""
    layers: list[nn.Module] = []
    for before, width in zip((1, *widths), widths, strict=False):
        conv = nn.Conv2d(before, width, 3, padding=1, bias=False, rng=rng)
        layers += [conv, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
    places = (PIXELS // 2 ** len(widths)) ** 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * places, 32, rng=rng))


def _train(functions: LearnerFunctions, network: nn.Module, steps: int, seed: int, rng) -> None:
    """Batches of P people × K pictures; for each picture its hardest triplet."""
    people = generated_people(PEOPLE, IMAGES, PIXELS, 3 * seed, NUISANCE)
    batches = PKSampler(people.labels, P, K, seed=rng)
    adam = optim.Adam(network.parameters(), RATE)
    for step, batch in zip(range(steps), batches, strict=False):
        adam.lr = optim.cosine_rate(step, steps, RATE, RATE / 50, warmup=10)
        f = F.normalize(network(Tensor(people.images[batch])))
        triplets = _hardest(functions, f, people.labels[batch])
        adam.zero_grad()
        triplet_loss(functions, [f[rows] for rows in triplets.T], MARGIN).backward()
        adam.step()


def _hardest(functions: LearnerFunctions, f: Tensor, labels: np.ndarray) -> np.ndarray:
    """Exercise 26: f (B, D), labels (B,) -> (T, 3) rows of f."""
    hardest = functions.get(26, "hardest")
    (rows,) = hardest.arrays((None,), f.numpy().astype(np.float64), labels)
    if rows.ndim != 2 or rows.shape[1] != 3 or not np.isin(rows, np.arange(len(f))).all():
        raise Fault(f"your hardest did not return rows (T, 3) of {len(f)} encodings")
    return rows.astype(int)


def _test(
    functions: LearnerFunctions, network: nn.Module, count: int, seed: int, rng
) -> tuple[np.ndarray, np.ndarray]:
    """Encodings (N, D) of `count` new people, and their error curve (3, T) by exercise 29.

    The pairs: all of one person, and as many of two.
    """
    people = generated_people(count, IMAGES, PIXELS, seed, NUISANCE)
    raw = encode(network, people.images).astype(np.float64)
    (rows,) = functions.get(23, "unit_rows").arrays((raw.shape,), raw)
    (apart,) = functions.get(23, "distances").arrays(((len(rows), len(rows)),), rows)
    i, j = np.triu_indices(len(rows), 1)
    same = people.labels[i] == people.labels[j]
    one, two = np.flatnonzero(same), np.flatnonzero(~same)
    pairs = np.sort(np.append(one, rng.choice(two, len(one), replace=False)))
    distances = apart[i, j][pairs]
    shape = (3, len(np.unique(distances)) + 1)
    error_curve = functions.get(29, "error_curve")
    return rows, error_curve.arrays((shape,), distances, same[pairs].astype(int))[0]


def _equal_error(curve: np.ndarray) -> float:
    """The mean of FAR and FRR at the threshold where they are closest."""
    far, frr = curve[1] / curve[1, -1], curve[2] / curve[2, 0]
    place = int(np.argmin(np.abs(far - frr)))
    return float(far[place] + frr[place]) / 2


def _recognised(functions: LearnerFunctions, rows: np.ndarray, threshold: float) -> float:
    """Exercise 30: the mean of two rates, right answers to known people and to strangers.

    Naming somebody always, or never, gives one half.
    """
    who, number = np.divmod(np.arange(len(rows)), IMAGES)
    gallery, asked = (who < ENROLLED) & (number < SHOWN), number >= SHOWN
    shape = (int(asked.sum()), ENROLLED)
    person_distances = functions.get(30, "person_distances")
    arguments = rows[asked], rows[gallery], who[gallery], ENROLLED
    (apart,) = person_distances.arrays((shape,), *arguments)
    (answers,) = functions.get(30, "recognise").arrays((shape[:1],), apart, threshold)
    known = who[asked] < ENROLLED
    right = answers == np.where(known, who[asked], -1)
    return float(right[known].mean() + right[~known].mean()) / 2
