"""Learning to tell faces apart: what a batch is, how pictures are varied, how long it takes.

Stands on `encoder`, `trainer`, `sampling`, `losses`, `monitor` and `model`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.data.augment import Augment
from nnscratch.data.generated_faces import generated_people
from nnscratch.data.people import People, folds, split_people
from nnscratch.faces import evaluate
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.encoder import Encoder
from nnscratch.faces.losses import LOSSES
from nnscratch.faces.metrics import eer
from nnscratch.faces.model import FaceModel, check_shown, grey, standardised
from nnscratch.faces.monitor import Monitor, Reading
from nnscratch.faces.pairs import pair_distances
from nnscratch.faces.sampling import PKSampler
from nnscratch.faces.trainer import Schedule, train
from nnscratch.faces.whitening import Whitening
from nnscratch.files import open_arrays, write_npz

SIZE = (40, 32)  # height and width that the network sees

# chosen on people held out of training
AUGMENT = Augment(
    rotation=0.12,
    shear=0.05,
    scale=0.08,
    shift=0.06,
    elastic=0.03,
    flip=0.5,
    plane=0.2,
    gamma=0.25,
    gain=0.15,
    square=10,
)


STARTS = ("drawn", "random")
START_FILE = Path(__file__).with_name("drawn.npz")  # what `pretrain` has learnt


@dataclass(frozen=True)
class Recipe:
    """How a network for faces is trained; people, pictures: of a batch, at most.

    start: "drawn", with the weights that `pretrain` has learnt on drawn faces, or "random"
    """

    loss: str = "n-pair"
    people: int = 15
    pictures: int = 5
    size: tuple[int, int] = SIZE
    widths: tuple[int, ...] = (24, 48, 64, 96)
    dropout: float = 0.2
    augment: Augment = AUGMENT
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=500, lr=1e-3))
    start: str = STARTS[0]

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise ValueError(f"Recipe: expected start in {STARTS}, got {self.start!r}")


DEFAULT = Recipe()


def learn(
    people: People, recipe: Recipe, seed: Any = 0, on_step: Callable[[Reading], None] | None = None
) -> FaceModel:
    """A model of the people's pictures, whitened, not calibrated. on_step(reading) after each step.

    Raises ValueError when the encodings have collapsed in the end, and says what to do.
    """
    if len(people.names) < 2 or people.counts.max() < 2:
        raise ValueError(
            "learn: expected at least 2 people, and 2 pictures of one of them, got "
            f"{len(people)} pictures of {len(people.names)} people"
        )
    rng = np.random.default_rng(seed)
    images = grey(people.images, recipe.size)
    check_shown(images, people.sources)
    network = Encoder(1, recipe.size, recipe.widths, dropout=recipe.dropout, rng=rng)
    if recipe.start == "drawn":
        _start(network)
    sampler = PKSampler(
        people.labels, min(recipe.people, len(people.names)), recipe.pictures, seed=rng
    )
    batches, monitor = iter(sampler), Monitor(recipe.loss)

    def sample(step: int) -> tuple[np.ndarray, np.ndarray]:
        rows = next(batches)
        return standardised(recipe.augment(images[rows], rng)), people.labels[rows]

    def watch(step: int, loss: float, encodings: np.ndarray, labels: np.ndarray) -> None:
        reading = monitor.update(encodings, labels, loss)
        if reading.collapsed and step == recipe.schedule.steps:  # before, it may still recover
            raise ValueError(f"learn: {reading.collapsed}")
        if on_step is not None:
            on_step(reading)

    train(network, sample, LOSSES[recipe.loss], recipe.schedule, watch)
    model = FaceModel(network)
    return FaceModel(network, Whitening.fit(model.encode(people.images), people.labels))


def _start(network: Encoder) -> None:
    """Give the network the weights that `pretrain` has learnt."""
    weights = {name: array.astype(np.float32) for name, array in open_arrays(START_FILE).items()}
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    if shapes != {name: value.shape for name, value in weights.items()}:
        raise ValueError(
            'learn: the start "drawn" is there for the usual size and widths only; '
            'expected them, or start="random"'
        )
    network.load_state_dict(weights)


# faces vary by themselves when they are drawn, and there are as many people as one likes
PRETRAINING = Recipe(
    people=32,
    pictures=3,
    augment=Augment(
        rotation=0.08,
        shear=0.04,
        scale=0.06,
        shift=0.05,
        elastic=0.02,
        flip=0.5,
        plane=0.1,
        gamma=0.15,
        gain=0.1,
    ),
    schedule=Schedule(steps=1300),
    start="random",
)


def pretrain(
    recipe: Recipe = PRETRAINING,
    people: int = 1200,
    seed: int = 7,
    on_step: Callable[[Reading], None] | None = None,
) -> Encoder:
    """The network to start from: learnt on drawn people, cut to the shape of portraits."""
    drawn = generated_people(people, 12, seed=seed)
    cut = np.ascontiguousarray(drawn.images[:, :, 1:47, 5:43])  # 48 × 48 -> 46 × 38
    return learn(People(cut, drawn.labels, drawn.names), recipe, 0, on_step).network


def save_start(network: Encoder, path: str | os.PathLike = START_FILE) -> None:
    """Write the weights in half precision, which changes encodings by less than 1 %."""
    weights = {name: v.numpy().astype(np.float16) for name, v in network.state_dict().items()}
    write_npz(path, weights, compress=True)


def learn_calibrated(
    people: People,
    recipe: Recipe,
    far: float = 0.01,
    held_out: float = 0.2,
    seed: Any = 0,
    on_step: Callable[[Reading], None] | None = None,
) -> FaceModel:
    """`learn`, with a share of the people held out: they decide on whitening, and give a threshold.

    The threshold is that at which a share `far` of different people's pairs would be accepted.

    Raises ValueError if fewer than 2 people with 2 pictures would be left on either side.
    """
    if not (0 < held_out < 1 and 0 < far < 1):
        raise ValueError(
            f"learn: expected the share held out and far between 0 and 1, got {held_out} and {far}"
        )
    pairs = np.flatnonzero(people.counts > 1)
    count = max(2, round(held_out * len(people.names)))
    if len(pairs) < 4:
        raise ValueError(
            "learn: expected at least 4 people with 2 pictures or more, 2 of them to hold out, "
            f"got {len(pairs)}; add people or pictures"
        )
    learnt, held = split_people(people, min(count, len(people.names) - 2), seed)
    whitened = learn(learnt, recipe, seed, on_step)
    models = [calibrated(model, held, far) for model in (whitened, FaceModel(whitened.network))]
    return min(models, key=lambda model: error(model, held))


def error(model: FaceModel, people: People) -> float:
    """The equal error rate of all pairs of the people's pictures, 0 to 1."""
    pairs = pair_distances(model.encode(people.images), people.labels)
    return eer(pairs.distances, pairs.same)


def calibrated(model: FaceModel, people: People, far: float) -> FaceModel:
    """The model with the threshold that takes a share `far` of other people's pairs for same."""
    encodings = model.encode(people.images, people.sources)
    pairs = pair_distances(encodings, people.labels)
    return FaceModel(
        model.network, model.whitening, Calibration.fit(pairs.distances, pairs.same, far)
    )


def cross_validated(
    people: People,
    count: int,
    recipe: Recipe,
    seed: int = 0,
    advance: Callable[[str], None] | None = None,
) -> list[evaluate.Trial]:
    """Each group of people judged by a model that learnt from all others: `count` trials.

    advance(note) after each of them. Raises ValueError where a group would be a single person.
    """
    if len(people.names) < 2 * count:
        raise ValueError(
            f"cross_validated: expected at most {len(people.names) // 2} folds for "
            f"{len(people.names)} people, so that each holds 2 or more, got {count}"
        )
    trials: list[evaluate.Trial] = []
    for rest, held in folds(people, count):
        model = learn(rest, recipe, np.random.default_rng([seed, len(trials)]))
        trials.append(evaluate.trial(model.encode(held.images, held.sources), held.labels))
        if advance is not None:
            pairs = trials[-1].pairs
            advance(f"EER {eer(pairs.distances, pairs.same):.3f}")
    return trials
