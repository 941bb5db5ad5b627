"""One-shot learning of handwritten characters: Omniglot's 20-way task.

Stands on `encoder`, `training`, `sampling`, `losses` and `chamfer`. A network learns from a few
alphabets which drawings show the same character; then it sees each character of new alphabets once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nnscratch.data.augment import Augment
from nnscratch.faces import losses
from nnscratch.faces.encoder import Encoder, encode
from nnscratch.faces.oneshot import chamfer
from nnscratch.faces.oneshot.omniglot import Background, Run, centred
from nnscratch.faces.sampling import PKSampler
from nnscratch.faces.training import OnStep, Schedule, train
from nnscratch.tensor import Tensor

TURNS = 4  # quarter turns; with mirror images each character becomes 8 classes
SIZE = 28

# chosen on runs from background alphabets held out of training
AUGMENT = Augment(rotation=0.13, shear=0.15, scale=0.1, shift=0.05, elastic=0.045)
CHAMFER_WEIGHT = 0.3
TRIPLETS = 3.0  # weight of the triplet loss beside that of N-pair


@dataclass(frozen=True)
class OneShotSettings:
    """How the network is trained; `loss` takes encodings and labels.

    classes, drawings: of a batch; within: the share of batches of one alphabet in one orientation
    """

    loss: losses.Loss
    classes: int = 20
    drawings: int = 6
    within: float = 2 / 3
    widths: tuple[int, ...] = (32, 64, 64, 128)
    dropout: float = 0.2
    augment: Augment = AUGMENT
    schedule: Schedule = field(default_factory=Schedule)


def n_pair_semi_hard(f, labels) -> Tensor:
    """N-pair, which cannot collapse, plus triplets, which still train when its softmax is sure."""
    return losses.n_pair(f, labels) + TRIPLETS * losses.semi_hard(f, labels)


SETTINGS = {
    "n-pair+semi-hard": OneShotSettings(loss=n_pair_semi_hard),
    "n-pair": OneShotSettings(loss=losses.n_pair),
    "semi-hard": OneShotSettings(loss=losses.semi_hard),
    "batch-all": OneShotSettings(loss=losses.batch_all),
    "batch-hard": OneShotSettings(loss=losses.batch_hard),
}


def learn(background: Background, settings: OneShotSettings, seed: int, on_step: OnStep) -> Encoder:
    """An encoder of drawings (N, 1, 28, 28), trained on a background set."""
    images, labels, groups = _oriented(background)
    rng = np.random.default_rng(seed)
    network = Encoder(1, (SIZE, SIZE), settings.widths, dropout=settings.dropout, rng=rng)
    shape = settings.classes, settings.drawings
    batches = PKSampler(labels, *shape, groups, settings.within, seed=rng)

    def sample(step):
        rows = next(batches)
        return settings.augment(images[rows], rng), labels[rows]

    train(network, sample, settings.loss, settings.schedule, on_step)
    return network


def _oriented(background: Background) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each drawing in 8 orientations, as separate classes: images, labels, groups (8·N, ...).

    A group is one alphabet in one orientation. Source: rotated classes as in Santoro et al. 2016.
    """
    upright = centred(background.ink, SIZE)
    sides = (upright, upright[..., ::-1])
    images = [np.rot90(side, turn, axes=(2, 3)) for side in sides for turn in range(TURNS)]
    characters, alphabets = len(background.alphabets), len(background.alphabet_names)
    alphabet = background.alphabets[background.characters]
    offsets = np.arange(len(images))[:, None]
    labels = background.characters + characters * offsets  # (8, N)
    groups = alphabet + alphabets * offsets
    return np.concatenate(images), labels.ravel(), groups.ravel()


# -- the test -------------------------------------------------------------------------------------


def error_rate(costs: np.ndarray, answers: np.ndarray) -> float:
    """The share of items whose lowest cost is not at the answer: (M, K), (M,) -> 0 to 1.

    In a tie of k lowest costs, a guess is right with probability 1/k.
    """
    best = costs == costs.min(axis=1, keepdims=True)
    hit = best[np.arange(len(answers)), answers] / best.sum(axis=1)
    return float(1 - hit.mean())


def mean_error(costs: np.ndarray, runs: Sequence[Run]) -> float:
    """The mean of `error_rate` over runs: costs (runs, M, K)."""
    return float(np.mean([error_rate(c, run.answers) for c, run in zip(costs, runs, strict=True)]))


def embedding_costs(network: Encoder, run: Run) -> np.ndarray:
    """Squared distances of encodings: items (M) and classes (K) of a run -> (M, K)."""
    items, classes = (encode(network, centred(ink, SIZE)) for ink in (run.items, run.classes))
    return 2 - 2 * (items @ classes.T)


def combined_costs(embedding: np.ndarray, chamfer: np.ndarray) -> np.ndarray:
    """The weighted sum of two costs (..., M, K), each with mean 0 and deviation 1 in every row."""
    return _standard(embedding) + CHAMFER_WEIGHT * _standard(chamfer)


def _standard(costs: np.ndarray) -> np.ndarray:
    centre, spread = costs.mean(axis=-1, keepdims=True), costs.std(axis=-1, keepdims=True)
    return (costs - centre) / np.where(spread == 0, 1, spread)


def baselines(runs: Sequence[Run]) -> dict[str, np.ndarray]:
    """Costs (runs, M, K) without learning: modified Hausdorff and oriented chamfer distance."""
    kinds = {"hausdorff": chamfer.modified_hausdorff, "chamfer": chamfer.oriented_chamfer}
    return {name: np.stack([f(r.items, r.classes) for r in runs]) for name, f in kinds.items()}
