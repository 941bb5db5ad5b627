"""Training a face model: the loop, its settings, held-out people, cross-validation.

Stands on `encoder`, `sampling`, `losses`, `monitor`, `model` and `evaluate`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nnscratch import nn
from nnscratch.data.augment import Augment
from nnscratch.faces import evaluate
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.distances import pair_distances
from nnscratch.faces.encoder import Encoder
from nnscratch.faces.folders import People, folds, split_people
from nnscratch.faces.losses import LOSSES
from nnscratch.faces.metrics import eer
from nnscratch.faces.model import FaceModel, Whitening, check_shown, grey, standardised
from nnscratch.faces.monitor import Monitor
from nnscratch.faces.sampling import PKSampler
from nnscratch.files import open_arrays
from nnscratch.optim import Adam, cosine_rate
from nnscratch.tensor import Tensor

SIZE = (40, 32)  # height and width of the network's input

# chosen on people held out of training
AUGMENT = Augment(
    rotation=0.12, shear=0.05, scale=0.08, shift=0.06, elastic=0.03,
    flip=0.5, plane=0.2, gamma=0.25, gain=0.15, square=10,
)  # fmt: skip
STARTS = ("drawn", "random")
START_FILE = Path(__file__).with_name("drawn.npz")  # made by drawn.pretrain

Sample = Callable[[int], tuple[np.ndarray, np.ndarray]]  # step -> images (B, ...), labels (B,)
Loss = Callable[[Tensor, np.ndarray], Tensor]
OnStep = Callable[[int, float, np.ndarray, np.ndarray], None]


# -- the loop -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Schedule:
    """Steps, and Adam's learning rate, which falls from lr to last_lr along half a cosine."""

    steps: int = 3000
    lr: float = 2e-3
    last_lr: float = 2e-5
    warmup: int = 50
    weight_decay: float = 1e-4

    def rate(self, step: int) -> float:
        return cosine_rate(step, self.steps, self.lr, self.last_lr, self.warmup)


def train(network: nn.Module, sample: Sample, loss: Loss, schedule: Schedule, on_step: OnStep):
    """Train in place. on_step(step, loss, encodings, labels) is called after each step.

    It may raise to stop. Raises ValueError if the loss becomes NaN or infinite.
    """
    optimizer = Adam(network.parameters(), schedule.lr, weight_decay=schedule.weight_decay)
    network.train()
    for step in range(schedule.steps):
        optimizer.lr = schedule.rate(step)
        images, labels = sample(step)
        optimizer.zero_grad()
        encodings = network(Tensor(images))
        value = loss(encodings, labels)
        if not np.isfinite(value.item()):
            raise ValueError(
                f"train: the loss became {value.item()} at step {step + 1}; lower the learning rate"
            )
        value.backward()
        optimizer.step()
        on_step(step + 1, value.item(), encodings.numpy(), labels)
    network.eval()


# -- a model --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FaceSettings:
    """How a network for faces is trained; people, pictures: of a batch, at most.

    start: "drawn", the weights pre-trained on drawn faces, or "random"
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
            raise ValueError(f"FaceSettings: expected start in {STARTS}, got {self.start!r}")


DEFAULT = FaceSettings()


def learn(people: People, settings: FaceSettings, seed=0, on_step=None) -> FaceModel:
    """A model of the people's pictures, whitened, not calibrated.

    on_step(reading: Reading) is called after each step. Raises ValueError, with advice, if the
    encodings have collapsed at the end.
    """
    if len(people.names) < 2 or people.counts.max() < 2:
        raise ValueError(
            "learn: expected at least 2 people, and 2 pictures of one of them, got "
            f"{len(people)} pictures of {len(people.names)} people"
        )
    rng = np.random.default_rng(seed)
    images = grey(people.images, settings.size)
    check_shown(images, people.sources)
    network = Encoder(1, settings.size, settings.widths, dropout=settings.dropout, rng=rng)
    if settings.start == "drawn":
        _load_start(network)
    people_per_batch = min(settings.people, len(people.names))
    batches = PKSampler(people.labels, people_per_batch, settings.pictures, seed=rng)
    monitor = Monitor(settings.loss)

    def sample(step):
        rows = next(batches)
        return standardised(settings.augment(images[rows], rng)), people.labels[rows]

    def watch(step, loss, encodings, labels):
        reading = monitor.update(encodings, labels, loss)
        if reading.collapsed and step == settings.schedule.steps:  # earlier, it may still recover
            raise ValueError(f"learn: {reading.collapsed}")
        if on_step is not None:
            on_step(reading)

    train(network, sample, LOSSES[settings.loss], settings.schedule, watch)
    encodings = FaceModel(network).encode(people.images)
    return FaceModel(network, Whitening.fit(encodings, people.labels))


def _load_start(network: Encoder) -> None:
    """Load the pre-trained weights of the shipped file."""
    weights = {name: array.astype(np.float32) for name, array in open_arrays(START_FILE).items()}
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    if shapes != {name: value.shape for name, value in weights.items()}:
        raise ValueError(
            'learn: the start "drawn" exists for the default size and widths only; '
            'expected them, or start="random"'
        )
    network.load_state_dict(weights)


def learn_calibrated(
    people: People, settings: FaceSettings, far=0.01, held_out=0.2, seed=0, on_step=None
) -> FaceModel:
    """`learn` with a share of the people held out, who decide on whitening and the threshold.

    At the threshold a share `far` of the pairs of different people would be accepted.

    Raises ValueError if fewer than 2 people with 2 pictures would be left on either side.
    """
    if not (0 < held_out < 1 and 0 < far < 1):
        raise ValueError(
            f"learn: expected the share held out and far between 0 and 1, got {held_out} and {far}"
        )
    pairs = np.count_nonzero(people.counts > 1)
    count = max(2, round(held_out * len(people.names)))
    if pairs < 4:
        raise ValueError(
            "learn: expected at least 4 people with 2 pictures or more, 2 of them to hold out, "
            f"got {pairs}; add people or pictures"
        )
    rest, held = split_people(people, min(count, len(people.names) - 2), seed)
    whitened = learn(rest, settings, seed, on_step)
    models = [calibrated(model, held, far) for model in (whitened, FaceModel(whitened.network))]
    return min(models, key=lambda model: equal_error_rate(model, held))


def equal_error_rate(model: FaceModel, people: People) -> float:
    """The equal error rate of all pairs of the people's pictures, 0 to 1."""
    pairs = pair_distances(model.encode(people.images), people.labels)
    return eer(pairs.distances, pairs.same)


def calibrated(model: FaceModel, people: People, far: float) -> FaceModel:
    """The model with the threshold that accepts a share `far` of the pairs of different people."""
    pairs = pair_distances(model.encode(people.images, people.sources), people.labels)
    calibration = Calibration.fit(pairs.distances, pairs.same, far)
    return FaceModel(model.network, model.whitening, calibration)


def cross_validated(
    people: People, count: int, settings: FaceSettings, seed: int = 0, advance=None
) -> list[evaluate.Trial]:
    """Each group of people evaluated by a model trained on all others: `count` trials.

    advance(note) is called after each. Raises ValueError if a group would be a single person.
    """
    if len(people.names) < 2 * count:
        raise ValueError(
            f"cross_validated: expected at most {len(people.names) // 2} folds for "
            f"{len(people.names)} people, so that each holds 2 or more, got {count}"
        )
    trials: list[evaluate.Trial] = []
    for rest, held in folds(people, count):
        model = learn(rest, settings, np.random.default_rng([seed, len(trials)]))
        trials.append(evaluate.trial(model.encode(held.images, held.sources), held.labels))
        if advance is not None:
            pairs = trials[-1].pairs
            advance(f"EER {eer(pairs.distances, pairs.same):.3f}")
    return trials
